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

/// Whether the bound is what the digits asked for allow: otherwise more of them are of no help.
bool meets_its_digits(const Enclosure& c, const CoefficientTable& table) {
  const Real allowed = sqrt(table.second_moment.value) / pow(Real(10), table.digits - 1);
  return c.error_bound <= allowed;
}

}  // namespace

std::vector<double> nearest_doubles(const CoefficientTable& table) {
  // Beyond these digits everything rounds alike, what is below the least double to zero; but for a
  // coefficient right between two doubles, and such a one is known exactly.
  constexpr int most_digits = 1500;
  const PrecisionScope precision(table.digits, 10);
  std::vector<double> values;
  for (const HermiteCoefficient& c : table.coefficients) {
    const auto fail = [&](const char* why) {
      throw NumericalError(
          fmt::format("coefficient {} of {} {}", values.size(), table.activation.name(), why));
    };
    if (c.enclosure.status == Status::estimated)
      fail("is an estimate: the double nearest to it is not known");
    const std::optional<double> value = nearest_double(c.enclosure);
    if (value && !std::isfinite(*value)) fail("is beyond the range of double");
    if (!value) {
      if (table.digits >= most_digits || !meets_its_digits(c.enclosure, table))
        fail("is not known well enough: its bound leaves several doubles");
      return nearest_doubles(hermite_coefficients(table.activation, table.max_degree(),
                                                  std::max(2 * table.digits, 40)));
    }
    values.push_back(*value);
  }
  return values;
}

}  // namespace sigmahat
