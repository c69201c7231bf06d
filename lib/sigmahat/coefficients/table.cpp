#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/coefficients/closed_form.hpp>
#include <sigmahat/coefficients/expression_quadrature.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/coefficients/trapezoidal.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

/// The precision in force, and what rounding to it may cost.
constexpr slong spare_bits = 4;

bool suits_trapezoidal(const Logistic& f) {
  return abs(f.rate) >= lowest_trapezoidal_rate && abs(f.rate) <= highest_trapezoidal_rate;
}

CoefficientTable integrated(const Activation& activation, const Logistic& f, int max_degree,
                            int digits) {
  // E[σ²] is at least about min(1, rate²), and its radius that of the coefficients over the rate.
  const double slowness = -std::log2(std::min(std::abs(f.rate.convert_to<double>()), 1.0));
  const slong bits =
      PrecisionScope::bits() + spare_bits + static_cast<slong>(std::ceil(3 * slowness));
  const QuadratureTable quadrature = logistic_coefficients(f, max_degree, bits);
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

Status status_of(const QuadratureTable& table) {
  return table.estimated_because.empty() ? Status::certified : Status::estimated;
}

/// In the closed form, or else on panels.
Enclosure second_moment(const Activation& activation, const ClosedForm& form) {
  if (form.second_moment) return to_enclosure(*form.second_moment, Status::exact);
  const auto& f = std::get<Expression>(activation.structure());
  const QuadratureTable table =
      expression_coefficients(activation, f, 0, PrecisionScope::bits() + spare_bits);
  return to_enclosure(table.second_moment, status_of(table));
}

CoefficientTable evaluated(const Activation& activation, int digits, ClosedForm form) {
  CoefficientTable table{activation, digits, {}, second_moment(activation, form)};
  table.coefficients.reserve(form.coefficients.size());
  const std::vector<Interval> values = to_intervals(form.coefficients);
  for (std::size_t k = 0; k < values.size(); ++k)
    table.coefficients.push_back(
        {to_enclosure(values[k], Status::exact), std::move(form.coefficients[k])});
  return table;
}

CoefficientTable integrated(const Activation& activation, const Expression& f, int max_degree,
                            int digits) {
  const QuadratureTable quadrature =
      expression_coefficients(activation, f, max_degree, PrecisionScope::bits() + spare_bits);
  const Status status = status_of(quadrature);
  CoefficientTable table{activation,
                         digits,
                         {},
                         to_enclosure(quadrature.second_moment, status),
                         quadrature.estimated_because};
  const Parity parity = activation.parity();
  for (int k = 0; k <= max_degree; ++k) {
    if (parity != Parity::none && (k % 2 == 0) != (parity == Parity::even))
      table.coefficients.push_back({{Real(0), Real(0), Status::exact}, ExactValue::rational(0)});
    else
      table.coefficients.push_back(
          {to_enclosure(quadrature.coefficients[static_cast<std::size_t>(k)], status), {}});
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
  // An estimate need not respect what is known of the true defect.
  if (status == Status::estimated) return to_enclosure(defect, status);
  const Interval whole = to_interval(second_moment);
  return to_enclosure(known_within(defect, Interval(0), whole), status);
}

CoefficientTable hermite_coefficients(const Activation& activation, int max_degree, int digits,
                                      Symbols symbols) {
  if (max_degree < 0 || max_degree > max_supported_degree)
    throw DomainError(fmt::format("the highest degree must be between 0 and {}, not {}",
                                  max_supported_degree, max_degree));
  constexpr int guard_digits = 3;
  const PrecisionScope precision(digits, guard_digits);
  if (symbols == Symbols::where_known)
    if (auto form = closed_form(activation, max_degree); form && form->second_moment)
      return evaluated(activation, digits, std::move(*form));
  if (const auto* f = std::get_if<Logistic>(&activation.structure()))
    return suits_trapezoidal(*f) ? integrated(activation, *f, max_degree, digits)
                                 : integrated(activation, to_expression(*f), max_degree, digits);
  return integrated(activation, to_expression(activation), max_degree, digits);
}

}  // namespace sigmahat
