#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/coefficients/nearest_double.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

/// The double that every number of the enclosure rounds to, if they all agree.
std::optional<double> nearest_double(const Enclosure& x) {
  const Interval range = to_interval(x);
  const double lo = lower(range).convert_to<double>(), hi = upper(range).convert_to<double>();
  if (lo != hi) return {};
  return lo == 0 ? 0 : lo;
}

}  // namespace

std::vector<double> nearest_doubles(const CoefficientTable& table) {
  // Beyond these digits everything rounds alike, what is below the least double to zero; but for a
  // coefficient right between two doubles, and such a one is known exactly.
  constexpr int most_digits = 1500;
  const PrecisionScope precision(table.digits, 10);
  std::vector<double> values;
  for (const HermiteCoefficient& c : table.coefficients) {
    const std::optional<double> value = nearest_double(c.enclosure);
    if (value && !std::isfinite(*value))
      throw NumericalError(fmt::format("coefficient {} of {} is beyond the range of double",
                                       values.size(), table.activation.name()));
    if (value) {
      values.push_back(*value);
      continue;
    }
    if (table.digits >= most_digits)
      throw NumericalError(fmt::format("the double nearest to coefficient {} of {} was not found",
                                       values.size(), table.activation.name()));
    return nearest_doubles(
        hermite_coefficients(table.activation, table.max_degree(), std::max(2 * table.digits, 40)));
  }
  return values;
}

}  // namespace sigmahat
