#include <cmath>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

Rational exact_rational(const Real& x) {
  Rational result;
  mpfr_get_q(result.backend().data(), x.backend().data());
  return result;
}

template <>
double from_rational<double>(const Rational& value) {
  // GMP truncates; MPFR rounds to nearest, once, below the normal range too if it is told where
  // double ends (the range is the thread's; it is put back).
  const mpfr_exp_t lowest = mpfr_get_emin(), highest = mpfr_get_emax();
  mpfr_t nearest;
  mpfr_init2(nearest, 53);
  int inexact = mpfr_set_q(nearest, value.backend().data(), MPFR_RNDN);
  mpfr_set_emin(-1073);
  mpfr_set_emax(1024);
  inexact = mpfr_check_range(nearest, inexact, MPFR_RNDN);
  mpfr_subnormalize(nearest, inexact, MPFR_RNDN);
  mpfr_set_emin(lowest);
  mpfr_set_emax(highest);
  const double result = mpfr_get_d(nearest, MPFR_RNDN);
  mpfr_clear(nearest);
  return result;
}
template <>
Real from_rational<Real>(const Rational& value) {
  Real result;
  mpfr_set_q(result.backend().data(), value.backend().data(), MPFR_RNDN);
  return result;
}
template <>
Interval from_rational<Interval>(const Rational& value) {
  Interval result;
  mpfi_set_q(result.backend().data(), value.backend().data());
  return result;
}

template <>
double pi<double>() {
  return 3.14159265358979323846;
}
template <>
Real pi<Real>() {
  Real result;
  mpfr_const_pi(result.backend().data(), MPFR_RNDN);
  return result;
}
template <>
Interval pi<Interval>() {
  Interval result;
  mpfi_const_pi(result.backend().data());
  return result;
}

template <Scalar T>
T square(const T& x) {
  if constexpr (std::same_as<T, Interval>) {
    Interval result;
    mpfi_sqr(result.backend().data(), x.backend().data());
    return result;
  } else {
    return x * x;
  }
}
template double square(const double&);
template Real square(const Real&);
template Interval square(const Interval&);

template <>
double power<double>(const double& x, int n) {
  double result = 1, base = x;
  for (; n > 0; n >>= 1, base *= base)
    if (n & 1) result *= base;
  return result;
}
template <>
Real power<Real>(const Real& x, int n) {
  Real result;
  mpfr_pow_ui(result.backend().data(), x.backend().data(), static_cast<unsigned long>(n),
              MPFR_RNDN);
  return result;
}
template <>
Interval power<Interval>(const Interval& x, int n) {
  if (n == 0) return Interval(1);
  // x^n is monotone on either side of zero: powers of the ends, rounded outwards, are tight.
  mpfr_srcptr left = x.backend().left_data();
  mpfr_srcptr right = x.backend().right_data();
  const auto exponent = static_cast<unsigned long>(n);
  Real lo, hi;
  if (n % 2 == 0 && mpfr_sgn(left) < 0) {
    if (mpfr_sgn(right) <= 0) {
      mpfr_pow_ui(lo.backend().data(), right, exponent, MPFR_RNDD);
      mpfr_pow_ui(hi.backend().data(), left, exponent, MPFR_RNDU);
    } else {
      lo = 0;
      mpfr_pow_ui(hi.backend().data(), mpfr_cmpabs(left, right) > 0 ? left : right, exponent,
                  MPFR_RNDU);
    }
  } else {
    mpfr_pow_ui(lo.backend().data(), left, exponent, MPFR_RNDD);
    mpfr_pow_ui(hi.backend().data(), right, exponent, MPFR_RNDU);
  }
  return make_interval(lo, hi);
}

template <>
double error_function<double>(const double& x) {
  return std::erf(x);
}
template <>
Real error_function<Real>(const Real& x) {
  Real result;
  mpfr_erf(result.backend().data(), x.backend().data(), MPFR_RNDN);
  return result;
}
template <>
Interval error_function<Interval>(const Interval& x) {
  // Increasing: the ends of the image are the images of the ends.
  Real lo, hi;
  mpfr_erf(lo.backend().data(), x.backend().left_data(), MPFR_RNDD);
  mpfr_erf(hi.backend().data(), x.backend().right_data(), MPFR_RNDU);
  return make_interval(lo, hi);
}

Real lower(const Interval& x) {
  Real result;
  mpfr_set(result.backend().data(), x.backend().left_data(), MPFR_RNDD);
  return result;
}
Real upper(const Interval& x) {
  Real result;
  mpfr_set(result.backend().data(), x.backend().right_data(), MPFR_RNDU);
  return result;
}

Interval make_interval(const Real& lo, const Real& hi) {
  if (!(lo <= hi)) throw DomainError("an interval's lower end must not exceed its upper end");
  Interval result;
  mpfi_interv_fr(result.backend().data(), lo.backend().data(), hi.backend().data());
  return result;
}

Interval hull(const Interval& x, const Interval& y) {
  Interval result;
  mpfi_union(result.backend().data(), x.backend().data(), y.backend().data());
  return result;
}

Interval intersect(const Interval& x, const Interval& y) {
  Interval result;
  mpfi_intersect(result.backend().data(), x.backend().data(), y.backend().data());
  if (mpfi_is_empty(result.backend().data()) > 0)
    throw NumericalError("two enclosures of one quantity are disjoint");
  return result;
}

template <Scalar T>
T known_within(const T& x, const T& lo, const T& hi) {
  if constexpr (std::same_as<T, Interval>) {
    return intersect(x, hull(lo, hi));
  } else {
    return x < lo ? lo : hi < x ? hi : x;
  }
}
template double known_within(const double&, const double&, const double&);
template Real known_within(const Real&, const Real&, const Real&);
template Interval known_within(const Interval&, const Interval&, const Interval&);

}  // namespace sigmahat
