#include <cmath>

#include <fmt/format.h>

#include <sigmahat/coefficients/series.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {

Enclosure truncated_series(const CoefficientTable& table, const Rational& x, int degree) {
  if (degree < 0 || degree > table.max_degree())
    throw DomainError(fmt::format("a series of degree 0 to {} can be evaluated, not {}",
                                  table.max_degree(), degree));
  if (abs(x) > max_series_argument)
    throw DomainError(fmt::format("a series can be evaluated from -{0} to {0}, not at {1}",
                                  max_series_argument, to_text(x)));
  const double nepers_lost = std::abs(from_rational<double>(x)) * std::sqrt(degree);
  constexpr int guard_digits = 5;
  const PrecisionScope precision(static_cast<int>(table.second_moment.value.precision()),
                                 guard_digits + static_cast<int>(nepers_lost * M_LOG10E));
  const std::vector<Interval> h = hermite_polynomials(from_rational<Interval>(x), degree);
  Interval sum(0);
  Status status = Status::exact;
  for (std::size_t k = 0; k < h.size(); ++k) {
    const Enclosure& c = table.coefficients[k].enclosure;
    sum += to_interval(c) * h[k];
    status = weaker(status, c.status);
  }
  return to_enclosure(sum, status);
}

Enclosure truncation_error(const CoefficientTable& table, int degree) {
  const Enclosure defect = table.parseval_defect(degree);
  const PrecisionScope precision(static_cast<int>(defect.value.precision()));
  const Interval range = to_interval(defect);
  // Not negative, whatever the rounding of midpoint and radius says.
  const Real least = std::max(lower(range), Real(0));
  return to_enclosure(sqrt(make_interval(least, upper(range))), defect.status);
}

}  // namespace sigmahat
