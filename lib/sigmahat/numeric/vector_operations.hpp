#pragma once

#include <sigmahat/numeric/matrix.hpp>

namespace sigmahat {

/// sum += x·y in place. The product lies in room that is kept from one call to the next, where
/// Boost's operators would allocate a number for each. Not mpfr_fma: it needs the whole product,
/// which at a thousand digits takes twice as long as the upper half.
template <Scalar T>
class MultiplyAdd {
 public:
  void operator()(T& sum, const T& x, const T& y) {
    if constexpr (std::same_as<T, double>) {
      sum += x * y;
    } else {
      auto* s = sum.backend().data();
      auto* p = product_.backend().data();
      if constexpr (std::same_as<T, Real>) {
        mpfr_mul(p, x.backend().data(), y.backend().data(), MPFR_RNDN);
        mpfr_add(s, s, p, MPFR_RNDN);
      } else {
        mpfi_mul(p, x.backend().data(), y.backend().data());
        mpfi_add(s, s, p);
      }
    }
  }

 private:
  T product_{};
};

/// ⟨x, y⟩
template <Scalar T>
T dot(const Vector<T>& x, const Vector<T>& y) {
  T sum(0);
  MultiplyAdd<T> add_product;
  for (Eigen::Index k = 0; k < x.size(); ++k) add_product(sum, x[k], y[k]);
  return sum;
}

/// y += factor·x
template <Scalar T>
void add(Vector<T>& y, const T& factor, const Vector<T>& x) {
  MultiplyAdd<T> add_product;
  for (Eigen::Index k = 0; k < x.size(); ++k) add_product(y[k], factor, x[k]);
}

/// |x - y|²
template <Scalar T>
T squared_distance(const Vector<T>& x, const Vector<T>& y) {
  T sum(0);
  for (Eigen::Index k = 0; k < x.size(); ++k) sum += square(T(x[k] - y[k]));
  return sum;
}

/// |x + y|²
template <Scalar T>
T squared_norm_of_sum(const Vector<T>& x, const Vector<T>& y) {
  T sum(0);
  for (Eigen::Index k = 0; k < x.size(); ++k) sum += square(T(x[k] + y[k]));
  return sum;
}

}  // namespace sigmahat
