#pragma once

#ifndef EIGEN_MAX_ALIGN_BYTES
#error \
    "compile with the flags of sigmahat.pc: matrices cross the library's boundary and need one alignment"
#endif

#include <Eigen/Core>

#include <sigmahat/numeric/scalar.hpp>

namespace Eigen {

/// The numeric traits Eigen asks of a scalar that it stores and multiplies.
template <class T>
struct SigmahatTraits : GenericNumTraits<T> {
  using Real = T;
  using NonInteger = T;
  using Nested = T;
  using Literal = double;
  enum {
    IsInteger = 0,
    IsSigned = 1,
    IsComplex = 0,
    RequireInitialization = 1,
    ReadCost = 10,
    AddCost = 20,
    MulCost = 40
  };
  static int digits10() { return static_cast<int>(T::default_precision()); }
};
template <>
struct NumTraits<sigmahat::Real> : SigmahatTraits<sigmahat::Real> {
  /// At the precision in force: std::numeric_limits keeps that of its first use.
  static sigmahat::Real epsilon() {
    sigmahat::Real result(1);
    mpfr_set_ui_2exp(result.backend().data(), 1, 1 - mpfr_get_prec(result.backend().data()),
                     MPFR_RNDN);
    return result;
  }
};
template <>
struct NumTraits<sigmahat::Interval> : SigmahatTraits<sigmahat::Interval> {};
template <>
struct NumTraits<sigmahat::Rational> : SigmahatTraits<sigmahat::Rational> {
  static int digits10() { return 0; }
};

}  // namespace Eigen

namespace sigmahat {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

}  // namespace sigmahat
