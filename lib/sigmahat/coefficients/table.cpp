#include <fmt/format.h>

#include <sigmahat/coefficients/closed_form.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/coefficients/trapezoidal.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

CoefficientTable evaluated(const Activation& activation, int digits, ClosedForm form) {
  CoefficientTable table{activation, digits, {}, to_enclosure(*form.second_moment, Status::exact)};
  table.coefficients.reserve(form.coefficients.size());
  const std::vector<Interval> values = to_intervals(form.coefficients);
  for (std::size_t k = 0; k < values.size(); ++k)
    table.coefficients.push_back(
        {to_enclosure(values[k], Status::exact), std::move(form.coefficients[k])});
  return table;
}

CoefficientTable integrated(const Activation& activation, Logistic kind, int max_degree,
                            int digits) {
  // Every activation here has 1/2 < E[σ²] < 1 or so: absolute bits are relative ones but for these.
  const slong bits = PrecisionScope::bits() + 4;
  const QuadratureTable quadrature = logistic_coefficients(kind, max_degree, bits);
  CoefficientTable table{
      activation, digits, {}, to_enclosure(quadrature.second_moment, Status::certified)};
  table.coefficients.reserve(quadrature.coefficients.size());
  for (const Ball& ball : quadrature.coefficients) {
    HermiteCoefficient coefficient{to_enclosure(ball, Status::certified), {}};
    if (coefficient.enclosure.error_bound == 0) {
      // Parity makes it a rational number that a ball holds exactly: 0 or 1/2.
      coefficient.enclosure.status = Status::exact;
      coefficient.exact =
          ExactValue::rational(Rational(coefficient.enclosure.value.convert_to<double>()));
    }
    table.coefficients.push_back(std::move(coefficient));
  }
  return table;
}

}  // namespace

Enclosure CoefficientTable::parseval_defect(int degree) const {
  if (degree < -1 || degree > max_degree())
    throw DomainError(fmt::format("the Parseval defect is known for degrees -1 to {}, not {}",
                                  max_degree(), degree));
  const PrecisionScope precision(static_cast<int>(second_moment.value.precision()));
  Interval defect = to_interval(second_moment);
  Status status = second_moment.status;
  for (int k = 0; k <= degree; ++k) {
    const Enclosure& c = coefficients[static_cast<std::size_t>(k)].enclosure;
    defect -= square(to_interval(c));
    status = weaker(status, c.status);
  }
  const Interval whole = to_interval(second_moment);
  return to_enclosure(known_within(defect, Interval(0), whole), status);
}

CoefficientTable hermite_coefficients(const Activation& activation, int max_degree, int digits) {
  if (max_degree < 0 || max_degree > max_supported_degree)
    throw DomainError(fmt::format("the highest degree must be between 0 and {}, not {}",
                                  max_supported_degree, max_degree));
  constexpr int guard_digits = 3;
  const PrecisionScope precision(digits, guard_digits);
  if (auto form = closed_form(activation, max_degree); form && form->second_moment)
    return evaluated(activation, digits, std::move(*form));
  if (const auto* kind = std::get_if<Logistic>(&activation.structure()))
    return integrated(activation, *kind, max_degree, digits);
  throw DomainError(fmt::format("no rule gives proven coefficients of \"{}\"", activation.name()));
}

}  // namespace sigmahat
