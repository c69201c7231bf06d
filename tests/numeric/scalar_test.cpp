#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/numeric/scalar.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;
using test::contains;
using test::exact;
using test::RandomNumbers;

namespace {

/// An interval with random ends and a random rational in it.
struct Sample {
  Interval range;
  Rational point;
};
Sample random_sample(RandomNumbers& random) {
  const Rational x = random.rational(20), y = random.rational(20);
  const Rational share(random.integer(0, 1000), 1000);
  return {hull(from_rational<Interval>(x), from_rational<Interval>(y)), x + share * (y - x)};
}

/// Σ_{n<terms} of an alternating series with falling terms lies between two partial sums.
struct Bracket {
  Rational lo, hi;
};

/// arctan(1/n) by its Taylor series.
Bracket arctan_of_inverse(int n, int terms) {
  Rational sum = 0, power = Rational(1, n), previous;
  for (int j = 0; j <= terms; ++j) {
    previous = sum;
    sum += (j % 2 == 0 ? power : Rational(-power)) / (2 * j + 1);
    power /= n * n;
  }
  return previous < sum ? Bracket{previous, sum} : Bracket{sum, previous};
}

/// √π/2 · erf(x) for |x| <= 1 by its Taylor series.
Bracket scaled_error_function(const Rational& x, int terms) {
  Rational sum = 0, power = x, previous;
  for (int j = 0; j <= terms; ++j) {
    previous = sum;
    sum += power / (2 * j + 1);
    power *= -x * x / (j + 1);
  }
  return previous < sum ? Bracket{previous, sum} : Bracket{sum, previous};
}

}  // namespace

TEST_CASE("A rational becomes the nearest double") {
  RandomNumbers random(1);
  for (int trial = 0; trial < 2000; ++trial) {
    const auto scale = static_cast<unsigned>(random.integer(0, 290));
    const Integer power = pow(Integer(10), scale);
    Rational value = random.rational(1000);
    value *= trial % 2 == 0 ? Rational(power) : Rational(1, power);
    CAPTURE(value);
    const double nearest = from_rational<double>(value);
    const Rational error = abs(Rational(value - Rational(nearest)));
    for (const double direction : {-INFINITY, INFINITY})
      CHECK(error <= abs(Rational(value - Rational(std::nextafter(nearest, direction)))));
  }
}

TEST_CASE("Half-way cases between doubles go to the even one") {
  const Rational ulp(1, Integer(1) << 52);
  CHECK(from_rational<double>(1 + ulp / 2) == 1.0);
  CHECK(from_rational<double>(1 + 3 * ulp / 2) == 1.0 + 2 * std::ldexp(1.0, -52));
  CHECK(from_rational<double>(1 + ulp / 2 + ulp / 1024) == 1.0 + std::ldexp(1.0, -52));
}

TEST_CASE("Subnormal doubles are the nearest ones too, rounded once") {
  const Rational smallest(Integer(1), Integer(1) << 1074);
  // 2^-1074 (1 + 1/2 - tiny): rounding to 53 bits first would make it a tie and then round up.
  const Rational tiny(Integer(1), Integer(1) << 80);
  CHECK(from_rational<double>(smallest * (Rational(3, 2) - tiny)) ==
        std::numeric_limits<double>::denorm_min());
  CHECK(from_rational<double>(smallest * (Rational(1, 2) - tiny)) == 0.0);
}

TEST_CASE("Beyond the range of double a rational becomes an infinity, or zero") {
  CHECK(from_rational<double>(parse_rational("1e400")) == INFINITY);
  CHECK(from_rational<double>(parse_rational("-1e309")) == -INFINITY);
  CHECK(from_rational<double>(parse_rational("1e308")) == 1e308);
  CHECK(from_rational<double>(parse_rational("1e-400")) == 0.0);
}

TEST_CASE("A rational becomes the nearest Real and the tightest Interval") {
  RandomNumbers random(2);
  for (const int digits : {1, 17, 50, 200}) {
    const PrecisionScope scope(digits);
    for (int trial = 0; trial < 200; ++trial) {
      const Rational value = random.rational(1000);
      CAPTURE(digits);
      CAPTURE(value);
      const Interval range = from_rational<Interval>(value);
      CHECK(contains(range, value));
      Real next = lower(range);
      mpfr_nextabove(next.backend().data());
      CHECK(upper(range) <= next);
      const Real nearest = from_rational<Real>(value);
      const Rational error = abs(Rational(value - exact(nearest)));
      CHECK(error <= abs(Rational(value - exact(lower(range)))));
      CHECK(error <= abs(Rational(value - exact(upper(range)))));
    }
  }
}

TEST_CASE("Pi agrees with Machin's formula summed in exact rationals") {
  const Bracket fifth = arctan_of_inverse(5, 150), small = arctan_of_inverse(239, 50);
  const Rational lo = 16 * fifth.lo - 4 * small.hi, hi = 16 * fifth.hi - 4 * small.lo;
  for (const int digits : {1, 17, 50, 200}) {
    CAPTURE(digits);
    const PrecisionScope scope(digits);
    const Interval value = pi<Interval>();
    CHECK(exact(lower(value)) <= lo);
    CHECK(exact(upper(value)) >= hi);
    CHECK(lower(value) <= pi<Real>());
    CHECK(pi<Real>() <= upper(value));
  }
  CHECK(pi<double>() == from_rational<double>(lo));
}

TEST_CASE("Squares and powers of an interval contain those of its points") {
  RandomNumbers random(3);
  for (const int digits : {5, 17, 60}) {
    const PrecisionScope scope(digits);
    for (int trial = 0; trial < 300; ++trial) {
      const Sample sample = random_sample(random);
      const auto n = static_cast<unsigned>(random.integer(0, 12));
      CAPTURE(digits);
      CAPTURE(sample.range);
      CAPTURE(sample.point);
      CAPTURE(n);
      Rational expected = 1;
      for (unsigned i = 0; i < n; ++i) expected *= sample.point;
      CHECK(contains(power(sample.range, static_cast<int>(n)), expected));
      CHECK(contains(square(sample.range), sample.point * sample.point));
    }
  }
}

TEST_CASE("Even powers of an interval around zero start at zero, odd ones keep the sign") {
  const PrecisionScope scope(30);
  const Interval x = make_interval(Real(-2), Real(3));
  CHECK(lower(square(x)) == 0);
  CHECK(upper(square(x)) == 9);
  CHECK(lower(power(x, 4)) == 0);
  CHECK(upper(power(x, 4)) == 81);
  CHECK(lower(power(x, 3)) == -8);
  CHECK(upper(power(x, 3)) == 27);
  const Interval negative = make_interval(Real(-3), Real(-2));
  CHECK(lower(power(negative, 2)) == 4);
  CHECK(upper(power(negative, 2)) == 9);
  CHECK(lower(power(negative, 3)) == -27);
  CHECK(upper(power(negative, 3)) == -8);
  CHECK(power(x, 0) == Interval(1));
}

TEST_CASE("Powers of doubles and Reals are as accurate as their number of roundings allows") {
  RandomNumbers random(4);
  const PrecisionScope scope(40);
  for (int trial = 0; trial < 300; ++trial) {
    const double x = from_rational<double>(random.rational(10));
    const auto n = static_cast<int>(random.integer(0, 40));
    CAPTURE(x);
    CAPTURE(n);
    Rational expected = 1;
    for (int i = 0; i < n; ++i) expected *= Rational(x);
    // Repeated squaring: every rounding of relative size 2^-53 is raised to at most the n-th power.
    const Rational error = abs(Rational(Rational(power(x, n)) - expected));
    CHECK(error <= abs(expected) * (n + 1) / Rational(Integer(1) << 53));
    const Rational real_error = abs(Rational(exact(power(Real(x), n)) - expected));
    CHECK(2 * real_error <= test::unit_of_rounding(abs(from_rational<Real>(expected))));
  }
}

TEST_CASE("The error function agrees with Abramowitz & Stegun, Table 7.1") {
  struct Line {
    double x;
    double value;
  };
  for (const Line& line :
       {Line{0.10, 0.1124629160}, Line{0.50, 0.5204998778}, Line{1.00, 0.8427007929},
        Line{1.50, 0.9661051465}, Line{2.00, 0.9953222650}}) {
    CAPTURE(line.x);
    CHECK(std::abs(error_function(line.x) - line.value) <= 0.5e-10);
    CHECK(std::abs(error_function(-line.x) + line.value) <= 0.5e-10);
    CHECK(abs(Real(error_function(Real(line.x)) - line.value)) <= 0.5e-10);
  }
}

TEST_CASE("The interval error function agrees with the Taylor series in exact rationals") {
  RandomNumbers random(5);
  for (const int digits : {17, 50, 100}) {
    const PrecisionScope scope(digits);
    for (int trial = 0; trial < 20; ++trial) {
      const Rational x(random.integer(-1000, 1000), 1000);
      CAPTURE(digits);
      CAPTURE(x);
      const Bracket series = scaled_error_function(x, 80);
      const Interval expected =
          hull(from_rational<Interval>(series.lo), from_rational<Interval>(series.hi)) * 2 /
          sqrt(pi<Interval>());
      const Interval value = error_function(from_rational<Interval>(x));
      CHECK(test::overlap(value, expected));
      CHECK(upper(value) - lower(value) <= pow(Real(10), 1 - digits));
    }
  }
}

TEST_CASE("The error function of an interval contains that of its points, and is monotone tight") {
  RandomNumbers random(6);
  for (int trial = 0; trial < 100; ++trial) {
    const PrecisionScope scope(30);
    const Sample sample = random_sample(random);
    const Interval value = error_function(sample.range);
    CAPTURE(sample.range);
    CAPTURE(sample.point);
    const PrecisionScope finer(60);
    CHECK(exact(lower(value)) <= exact(error_function(from_rational<Real>(sample.point))));
    CHECK(exact(error_function(from_rational<Real>(sample.point))) <= exact(upper(value)));
    CHECK(lower(value) >= error_function(lower(sample.range)) - Real("1e-29"));
    CHECK(upper(value) <= error_function(upper(sample.range)) + Real("1e-29"));
    CHECK(lower(value) >= -1);
    CHECK(upper(value) <= 1);
  }
}

TEST_CASE("An interval's ends come back as they were put in, and must be in order") {
  const PrecisionScope scope(30);
  const Real lo = from_rational<Real>(Rational(-1, 3)), hi = from_rational<Real>(Rational(2, 7));
  const Interval x = make_interval(lo, hi);
  CHECK(lower(x) == lo);
  CHECK(upper(x) == hi);
  CHECK_THROWS_AS(make_interval(hi, lo), DomainError);
  CHECK_THROWS_AS(make_interval(Real(NAN), hi), DomainError);
  CHECK_THROWS_AS(make_interval(lo, Real(NAN)), DomainError);
}

TEST_CASE("Ends asked for at a lower precision are rounded outwards") {
  const PrecisionScope fine(60);
  const Interval third = from_rational<Interval>(Rational(1, 3));
  const PrecisionScope coarse(10);
  CHECK(exact(lower(third)) < Rational(1, 3));
  CHECK(exact(upper(third)) > Rational(1, 3));
  const Interval again = make_interval(lower(third), upper(third));
  CHECK(contains(again, Rational(1, 3)));
}

TEST_CASE("Hull and intersection are the smallest and the largest") {
  const PrecisionScope scope(20);
  const Interval x = make_interval(Real(0), Real(2)), y = make_interval(Real(1), Real(3));
  CHECK(lower(hull(x, y)) == 0);
  CHECK(upper(hull(x, y)) == 3);
  CHECK(lower(intersect(x, y)) == 1);
  CHECK(upper(intersect(x, y)) == 2);
  const Interval touching = intersect(x, make_interval(Real(2), Real(5)));
  CHECK(lower(touching) == 2);
  CHECK(upper(touching) == 2);
  CHECK_THROWS_AS(intersect(x, make_interval(Real(4), Real(5))), NumericalError);
}

TEST_CASE("A quantity known to lie in a range is cut to it") {
  const PrecisionScope scope(20);
  CHECK(known_within(1.5, 0.0, 1.0) == 1.0);
  CHECK(known_within(-0.5, 0.0, 1.0) == 0.0);
  CHECK(known_within(0.25, 0.0, 1.0) == 0.25);
  CHECK(known_within(Real(2), Real(0), Real(1)) == 1);
  const Interval cut = known_within(make_interval(Real(-1), Real("0.5")), Interval(0), Interval(1));
  CHECK(lower(cut) == 0);
  CHECK(upper(cut) == Real("0.5"));
  CHECK_THROWS_AS(known_within(make_interval(Real(2), Real(3)), Interval(0), Interval(1)),
                  NumericalError);
}
