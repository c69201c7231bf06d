#pragma once

#include <concepts>

#include <boost/multiprecision/gmp.hpp>
#include <boost/multiprecision/mpfi.hpp>
#include <boost/multiprecision/mpfr.hpp>

namespace sigmahat {

/// MPFR number; the precision is the value's own, new values take that of the PrecisionScope.
using Real = boost::multiprecision::number<boost::multiprecision::mpfr_float_backend<0>,
                                           boost::multiprecision::et_off>;
/// MPFI interval: every operation encloses the exact result (outward rounding).
using Interval = boost::multiprecision::number<boost::multiprecision::mpfi_float_backend<0>,
                                               boost::multiprecision::et_off>;
using Rational = boost::multiprecision::number<boost::multiprecision::gmp_rational,
                                               boost::multiprecision::et_off>;
using Integer =
    boost::multiprecision::number<boost::multiprecision::gmp_int, boost::multiprecision::et_off>;

/// The scalars that every formula of the library is written for.
template <class T>
concept Scalar = std::same_as<T, double> || std::same_as<T, Real> || std::same_as<T, Interval>;

/// The number that x is, exactly; x is finite.
Rational exact_rational(const Real& x);

/// Nearest double or Real, tightest Interval at the precision in force. A double is infinite where
/// it would overflow: whoever knows what the number stands for refuses it by name.
template <Scalar T>
T from_rational(const Rational& value);

template <Scalar T>
T pi();

/// x² as one operation: for an Interval [-1,1] the square is [0,1], not [-1,1].
template <Scalar T>
T square(const T& x);

/// x^n, n >= 0; tight for intervals that hold zero.
template <Scalar T>
T power(const T& x, int n);

/// The error function; tight for an Interval of any width.
template <Scalar T>
T error_function(const T& x);

/// Lower and upper end of what `x` may be; `x` itself unless T is Interval.
Real lower(const Interval& x);
Real upper(const Interval& x);
/// The interval [lo, hi]; throws DomainError unless lo <= hi.
Interval make_interval(const Real& lo, const Real& hi);
/// The smallest interval holding both.
Interval hull(const Interval& x, const Interval& y);
/// x cut to [lo, hi], for a quantity known to lie there; throws NumericalError if they are
/// disjoint.
Interval intersect(const Interval& x, const Interval& y);

/// What is certain: for an Interval, what holds for every number in it.
template <Scalar T>
bool certainly_positive(const T& x) {
  if constexpr (std::same_as<T, Interval>)
    return lower(x) > 0;
  else
    return x > 0;
}
template <Scalar T>
bool certainly_zero(const T& x) {
  if constexpr (std::same_as<T, Interval>)
    return lower(x) == 0 && upper(x) == 0;
  else
    return x == 0;
}
template <Scalar T>
bool certainly_less(const T& x, const T& y) {
  if constexpr (std::same_as<T, Interval>)
    return upper(x) < lower(y);
  else
    return x < y;
}

/// x cut to [lo, hi] where the exact value is known to lie there and rounding may have left it.
template <Scalar T>
T known_within(const T& x, const T& lo, const T& hi);

}  // namespace sigmahat
