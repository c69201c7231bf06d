#pragma once

#include <cmath>
#include <concepts>

#include <sigmahat/kernel/dual_kernel.hpp>
#include <sigmahat/numeric/matrix.hpp>

namespace sigmahat {

/// w/|w|, |w| = sqrt(1-ρ²). Parallel rows have no such direction; what it is then multiplied with
/// is zero. Internal: not installed.
template <Scalar T>
Vector<T> unit_tangent(Vector<T> w, const Correlation<T>& angle) {
  using std::sqrt;
  const T squared = angle.one_minus * angle.one_plus;
  const bool positive = certainly_positive(squared);
  const T length = positive ? T(sqrt(squared)) : T(1);
  for (T& x : w) {
    if constexpr (std::same_as<T, Interval>) {
      const Interval all = make_interval(Real(-1), Real(1));
      x = positive ? intersect(Interval(x / length), all) : all;
    } else {
      x = positive ? T(x / length) : T(0);
    }
  }
  return w;
}

}  // namespace sigmahat
