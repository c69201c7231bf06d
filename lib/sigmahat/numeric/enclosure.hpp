#pragma once

#include <string>
#include <string_view>

#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// Where an error bound comes from (MATH.md 2.2).
enum class Status {
  exact,      ///< a closed form, evaluated with proven rounding
  certified,  ///< a numerical method with a proven bound
  estimated,  ///< a convergence estimate: not proven
};
std::string_view to_string(Status status);
/// The weaker of two claims: what a result that uses both may claim.
Status weaker(Status a, Status b);

/// A number known to lie within `error_bound` of `value`.
struct Enclosure {
  Real value;
  Real error_bound;  ///< >= 0
  Status status = Status::certified;
};

/// Midpoint and radius of an interval; the radius covers the rounding of the midpoint.
Enclosure to_enclosure(const Interval& x, Status status);
Interval to_interval(const Enclosure& x);

/// For T = Interval the whole enclosure, otherwise its value, at the precision in force: a value of
/// lower precision would lower that of what is computed from it.
template <Scalar T>
T from_enclosure(const Enclosure& x);

bool contains(const Enclosure& x, const Real& value);
bool contains_zero(const Enclosure& x);
/// Whether the two can be the same number.
bool overlap(const Enclosure& x, const Enclosure& y);

}  // namespace sigmahat
