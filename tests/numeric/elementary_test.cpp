#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <sigmahat/numeric/elementary.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;
using test::exact;
using test::RandomNumbers;
using test::unit_of_rounding;

namespace {

/// One of the functions, and MPFR's, which rounds correctly.
struct Function {
  const char* name;
  Real (*real)(const Real&);
  Interval (*interval)(const Interval&);
  double (*plain)(const double&);
  double (*standard)(double);
  int (*mpfr)(mpfr_t, mpfr_srcptr, mpfr_rnd_t);
  long largest_exponent;  ///< of the arguments to try
};
const std::vector<Function> functions{
    {"arctangent", arctangent<Real>, arctangent<Interval>, arctangent<double>, std::atan, mpfr_atan,
     300},
    {"arcsine", arcsine<Real>, arcsine<Interval>, arcsine<double>, std::asin, mpfr_asin, 0},
    {"exponential", exponential<Real>, exponential<Interval>, exponential<double>, std::exp,
     mpfr_exp, 20}};

/// f(x) by MPFR at the precision in force.
Real expected(const Function& f, const Real& x, mpfr_rnd_t direction) {
  Real result;
  f.mpfr(result.backend().data(), x.backend().data(), direction);
  return result;
}

/// Exactly ±1 now and then; of any size below 2^largest otherwise.
Real random_argument(RandomNumbers& random, long largest) {
  if (random.integer(0, 19) == 0) return Real(random.integer(0, 1) == 0 ? 1 : -1);
  return random.real(random.integer(0, 1) == 0 ? -400 : largest - 3, largest);
}

}  // namespace

TEST_CASE("A Real is within 17/32 of a unit in its last place of the exact value") {
  RandomNumbers random(31);
  for (const Function& f : functions)
    for (int trial = 0; trial < 400; ++trial) {
      const int digits = static_cast<int>(random.integer(2, 400));
      const PrecisionScope scope(digits);
      const Real x = random_argument(random, f.largest_exponent), y = f.real(x);
      CAPTURE(f.name);
      CAPTURE(digits);
      CAPTURE(x);
      const Rational unit = unit_of_rounding(Real(abs(y)));
      const PrecisionScope finer(2 * digits + 20);
      const Rational error = abs(Rational(exact(y) - exact(expected(f, x, MPFR_RNDN))));
      CHECK(32 * error <= 17 * unit);
    }
}

TEST_CASE("An interval holds the image, and its ends are less than two units outside") {
  RandomNumbers random(32);
  for (const Function& f : functions)
    for (int trial = 0; trial < 400; ++trial) {
      const int digits = static_cast<int>(random.integer(2, 400));
      const PrecisionScope scope(digits);
      const Real a = random_argument(random, f.largest_exponent);
      // Points, neighbours, and ends that know nothing of each other.
      Real b = random_argument(random, f.largest_exponent);
      const auto kind = random.integer(0, 2);
      if (kind == 0) b = a;
      if (kind == 1) {
        b = a;
        mpfr_nexttoward(b.backend().data(), Real(0).backend().data());
      }
      CAPTURE(f.name);
      CAPTURE(digits);
      CAPTURE(a);
      CAPTURE(b);
      const Interval y = f.interval(make_interval(std::min(a, b), std::max(a, b)));
      const Real lowest = expected(f, std::min(a, b), MPFR_RNDD);
      const Real highest = expected(f, std::max(a, b), MPFR_RNDU);
      CHECK(lower(y) <= lowest);
      CHECK(upper(y) >= highest);
      CHECK(exact(lowest) - exact(lower(y)) <= unit_of_rounding(Real(abs(lowest))));
      CHECK(exact(upper(y)) - exact(highest) <= unit_of_rounding(Real(abs(highest))));
    }
}

TEST_CASE("Zeros, infinities, overflow and what is outside are as MPFR has them") {
  const PrecisionScope scope(40);
  const Real infinity(std::numeric_limits<double>::infinity());
  Real huge(1), tiny(1);
  mpfr_mul_2si(huge.backend().data(), huge.backend().data(), 1L << 40, MPFR_RNDN);
  mpfr_mul_2si(tiny.backend().data(), tiny.backend().data(), -(1L << 40), MPFR_RNDN);
  for (const Function& f : functions)
    for (const Real& x : {Real(0), Real(-0.0), Real(1), Real(-1), Real(2), infinity,
                          Real(-infinity), Real(NAN), huge, Real(-huge), tiny, Real(-tiny)}) {
      CAPTURE(f.name);
      CAPTURE(x);
      const Real y = f.real(x), z = expected(f, x, MPFR_RNDN);
      CHECK(((y == z && signbit(y) == signbit(z)) || (isnan(y) && isnan(z))));
    }
}

TEST_CASE("Intervals may reach to infinity, an arcsine's not beyond one") {
  const PrecisionScope scope(40);
  const Real infinity(std::numeric_limits<double>::infinity());
  const Interval all = make_interval(Real(-infinity), infinity);
  const Interval angles = arctangent(all);
  CHECK(lower(angles) <= -lower(Interval(pi<Interval>() / 2)));
  CHECK(upper(angles) >= lower(Interval(pi<Interval>() / 2)));
  CHECK(upper(angles) < Real("1.6"));
  CHECK(lower(exponential(all)) == 0);
  CHECK(upper(exponential(all)) == infinity);
  CHECK(exponential(Interval(0)) == Interval(1));
  const Interval right = arcsine(Interval(1));
  CHECK(lower(right) <= upper(Interval(pi<Interval>() / 2)));
  CHECK(upper(right) >= lower(Interval(pi<Interval>() / 2)));
  CHECK(isnan(upper(arcsine(make_interval(Real(0), Real("1.001"))))));
}

TEST_CASE("In double they are the C library's") {
  RandomNumbers random(33);
  for (const Function& f : functions)
    for (int trial = 0; trial < 100; ++trial) {
      const double x = static_cast<double>(random.integer(-1000, 1000)) / 1000;
      CHECK(f.plain(x) == f.standard(x));
    }
}
