#pragma once

#include <array>
#include <cmath>

#include <sigmahat/numeric/elementary.hpp>

namespace sigmahat {

/// A function of three variables at one point, with its first and second derivatives there:
/// arithmetic on jets is forward differentiation, so a closed form is written once for its value
/// and for all of its derivatives.
template <Scalar T>
struct Jet {
  T value;
  std::array<T, 3> first;
  std::array<T, 6> second;  ///< 00 01 02 11 12 22

  static constexpr std::size_t place(std::size_t i, std::size_t j) { return i * (5 - i) / 2 + j; }
};

/// The constant `value`.
template <Scalar T>
Jet<T> constant_jet(const T& value) {
  const T zero(0);
  return {value, {zero, zero, zero}, {zero, zero, zero, zero, zero, zero}};
}

/// f(x), given f, f' and f'' at the value of x.
template <Scalar T>
Jet<T> compose(const Jet<T>& x, const T& f, const T& slope, const T& curvature) {
  Jet<T> y = constant_jet(f);
  for (std::size_t i = 0; i < 3; ++i) {
    y.first[i] = slope * x.first[i];
    for (std::size_t j = i; j < 3; ++j) {
      const std::size_t ij = Jet<T>::place(i, j);
      y.second[ij] = slope * x.second[ij] + curvature * x.first[i] * x.first[j];
    }
  }
  return y;
}

template <Scalar T>
Jet<T> operator+(const Jet<T>& x, const Jet<T>& y) {
  Jet<T> sum = x;
  sum.value += y.value;
  for (std::size_t i = 0; i < 3; ++i) sum.first[i] += y.first[i];
  for (std::size_t i = 0; i < 6; ++i) sum.second[i] += y.second[i];
  return sum;
}
template <Scalar T>
Jet<T> operator*(const Jet<T>& x, const Jet<T>& y) {
  Jet<T> product = constant_jet(T(x.value * y.value));
  for (std::size_t i = 0; i < 3; ++i) {
    product.first[i] = x.first[i] * y.value + x.value * y.first[i];
    for (std::size_t j = i; j < 3; ++j) {
      const std::size_t ij = Jet<T>::place(i, j);
      product.second[ij] = x.second[ij] * y.value + x.value * y.second[ij] +
                           x.first[i] * y.first[j] + x.first[j] * y.first[i];
    }
  }
  return product;
}
template <Scalar T>
Jet<T> operator*(const T& factor, const Jet<T>& x) {
  return compose(x, T(factor * x.value), factor, T(0));
}
template <Scalar T>
Jet<T> operator+(const T& constant, const Jet<T>& x) {
  Jet<T> sum = x;
  sum.value += constant;
  return sum;
}

// The functions that closed forms are made of, for jets and, where numeric/elementary.hpp does not
// have them, for plain numbers.

template <Scalar T>
Jet<T> exponential(const Jet<T>& x) {
  const T value = exponential(x.value);
  return compose(x, value, value, value);
}

template <Scalar T>
T hyperbolic_sine(const T& x) {
  using std::sinh;
  return sinh(x);
}
template <Scalar T>
T hyperbolic_cosine(const T& x) {
  using std::cosh;
  return cosh(x);
}
template <Scalar T>
Jet<T> hyperbolic_sine(const Jet<T>& x) {
  const T value = hyperbolic_sine(x.value);
  return compose(x, value, hyperbolic_cosine(x.value), value);
}
template <Scalar T>
Jet<T> hyperbolic_cosine(const Jet<T>& x) {
  const T value = hyperbolic_cosine(x.value);
  return compose(x, value, hyperbolic_sine(x.value), value);
}

template <Scalar T>
T reciprocal(const T& x) {
  return 1 / x;
}
template <Scalar T>
Jet<T> reciprocal(const Jet<T>& x) {
  const T value = 1 / x.value, slope = -square(value);
  return compose(x, value, slope, T(-2 * slope * value));
}

/// x^{-1/2}
template <Scalar T>
T inverse_root(const T& x) {
  using std::sqrt;
  return 1 / sqrt(x);
}
template <Scalar T>
Jet<T> inverse_root(const Jet<T>& x) {
  const T value = inverse_root(x.value), slope = -value / (2 * x.value);
  return compose(x, value, slope, T(-3 * slope / (2 * x.value)));
}

template <Scalar T>
Jet<T> arcsine(const Jet<T>& x) {
  const T slope = inverse_root(T(1 - square(x.value)));
  return compose(x, arcsine(x.value), slope, T(x.value * slope * square(slope)));
}

}  // namespace sigmahat
