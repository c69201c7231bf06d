#include <cmath>

#include <doctest/doctest.h>

#include <sigmahat/numeric/fixed_angle.hpp>
#include <sigmahat/numeric/fixed_point.hpp>
#include <sigmahat/numeric/fixed_series.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;
using test::exact;
using test::RandomNumbers;

namespace {

Rational power_of_two(long exponent) {
  const Rational power(Integer(1) << static_cast<unsigned>(std::abs(exponent)));
  return exponent >= 0 ? power : Rational(1 / power);
}

Rational exact(const FixedFormat& format, FixedView x) {
  Integer sum = 0;
  for (std::size_t i = format.limbs; i-- > 0;) sum = (sum << 64) + Integer(x.limbs[i]);
  const Rational size = Rational(sum) * power_of_two(-format.fraction_bits());
  return x.negative ? Rational(-size) : size;
}

/// In units of the last place.
Rational units(const FixedFormat& format, const Rational& difference) {
  return abs(difference) * power_of_two(format.fraction_bits());
}

FixedFormat random_format(RandomNumbers& random) {
  return FixedFormat{static_cast<std::size_t>(random.integer(0, 9) == 0 ? random.integer(2, 64)
                                                                        : random.integer(2, 12))};
}

/// Below 1 in size: of all sizes, now and then 0 or ±1.
void set_random(const FixedFormat& format, FixedRef x, RandomNumbers& random) {
  format.set_zero(x);
  const auto kind = random.integer(0, 19);
  if (kind == 1) format.set_one(x);
  if (kind > 1) {
    for (std::size_t i = 0; i < format.limbs; ++i)
      x.limbs[i] = static_cast<mp_limb_t>(random.integer(0, 0xffffffff)) << 32 |
                   static_cast<mp_limb_t>(random.integer(0, 0xffffffff));
    x.limbs[format.limbs - 1] >>= 1;
    if (kind > 14) format.shift_right(x, random.integer(1, 64 * static_cast<long>(format.limbs)));
  }
  *x.negative = random.integer(0, 1) == 1;
}

constexpr int trials = 400;

}  // namespace

TEST_CASE("Fixed point: products, sums, inverses and roots are off by less than a unit") {
  RandomNumbers random(1);
  for (int trial = 0; trial < trials; ++trial) {
    CAPTURE(trial);
    const FixedFormat format = random_format(random);
    CAPTURE(format.limbs);
    FixedNumber x, y, z;
    set_random(format, x, random);
    set_random(format, y, random);
    const Rational p = exact(format, x), q = exact(format, y);
    CAPTURE(p);
    CAPTURE(q);

    format.multiply(z, x, y);
    CHECK(units(format, exact(format, z) - p * q) < 1);
    format.multiply(z, x, x);
    CHECK(units(format, exact(format, z) - p * p) < 1);
    if (abs(p * q) < Rational(1, 4)) {
      format.multiply(z, x, y, 3);
      CHECK(units(format, exact(format, z) - 8 * p * q) < 1);
    }
    format.add(z, x, y);
    CHECK(exact(format, z) == p + q);
    if (p > Rational(2, 5)) {
      format.half_inverse(z, x);
      CHECK(units(format, exact(format, z) - 1 / (2 * p)) < 1);
    }
    format.copy(z, x);
    const long bits = random.integer(0, 64 * static_cast<long>(format.limbs) + 70);
    format.shift_right(z, bits);
    CHECK(units(format, exact(format, z) - p * power_of_two(-bits)) < 1);
    CHECK(std::abs(format.to_double(x) - static_cast<double>(p)) <=
          0x1p-52 * std::abs(static_cast<double>(p)) + 0x1p-63);

    FixedSum sum(format);
    Rational total = 0;
    for (int terms = 0; terms < 5; ++terms) {
      set_random(format, x, random);
      set_random(format, y, random);
      format.shift_right(x, 3);
      if (random.integer(0, 1) == 0) {
        sum.add(x, y);
        total += exact(format, x) * exact(format, y);
      } else {
        sum.subtract(x, y);
        total -= exact(format, x) * exact(format, y);
      }
    }
    sum.round(z);
    CHECK(units(format, exact(format, z) - total) < 1);
    FixedSum other = sum;
    other.add_one();
    other.add(y);
    other.add(sum);
    other.multiply_by(1);
    other.subtract(sum);
    total += 1 + exact(format, y);
    if (total < 2) {
      other.round(z);
      CHECK(units(format, exact(format, z) - total) < 1);
    }
    other.root(z);
    const Rational root = exact(format, z), unit = power_of_two(-format.fraction_bits());
    if (total >= 0) {
      CHECK(root * root <= total);
      CHECK((root + unit) * (root + unit) > total);
    } else {
      CHECK(root == 0);
    }
  }
}

TEST_CASE("Fixed point: numbers go in and out within the errors that are said") {
  RandomNumbers random(2);
  for (int trial = 0; trial < trials; ++trial) {
    CAPTURE(trial);
    const PrecisionScope precision(static_cast<int>(random.integer(20, 200)));
    const FixedFormat format = random_format(random);
    const long exponent = random.integer(-300, 300);
    const Real x = random.real(exponent - 200, exponent);
    CAPTURE(x);
    CAPTURE(exponent);
    CAPTURE(format.limbs);
    FixedNumber fixed;
    const Rational scale = power_of_two(exponent), unit = power_of_two(-format.fraction_bits());
    const double error = format.set(fixed, x, exponent);
    CHECK(units(format, exact(format, fixed) - exact(x) / scale) <= error);
    CHECK(error <= 1);

    // An interval, now and then around zero.
    const Real width = random.real(exponent - 150, exponent - 100);
    const Interval wide = random.integer(0, 5) == 0
                              ? make_interval(-abs(width), abs(Real(width / 3)))
                              : make_interval(x, Real(x + abs(width)));
    const double radius = format.set(fixed, wide, exponent);
    if (std::isfinite(radius))
      for (const Real& end : {lower(wide), upper(wide)})
        CHECK(units(format, exact(format, fixed) - exact(end) / scale) <= Rational(radius));

    const double off = std::ldexp(1.0 + 1 / 3.0, static_cast<int>(random.integer(-3, 50)));
    const Interval out = format.number<Interval>(fixed, off, exponent);
    CHECK(exact(lower(out)) <= (exact(format, fixed) - Rational(off) * unit) * scale);
    CHECK(exact(upper(out)) >= (exact(format, fixed) + Rational(off) * unit) * scale);
    const Real middle = format.number<Real>(fixed, off, exponent);
    CHECK(abs(exact(middle) - exact(format, fixed) * scale) <= test::unit_of_rounding(middle) / 2);
  }
}

TEST_CASE("Fixed point: the angle of a point on the circle") {
  RandomNumbers random(3);
  for (int trial = 0; trial < trials; ++trial) {
    CAPTURE(trial);
    const FixedFormat format = random_format(random);
    CAPTURE(format.limbs);
    const FixedAngles angles(format);
    const PrecisionScope precision(static_cast<int>(format.fraction_bits() / 3) + 20);
    const auto kind = random.integer(0, 9);
    const Real turn = kind == 0   ? Real(0)
                      : kind == 1 ? Real(Real(1) / 8)
                      : kind == 2 ? Real(abs(random.real(-200, -10)))
                                  : Real(abs(random.real(-3, -3)) * random.integer(1, 1000) / 1000);
    CAPTURE(turn);
    const Real angle = 2 * pi<Real>() * turn;
    FixedNumber c, s, result;
    format.set(c, Real(cos(angle)), 0);
    format.set(s, Real(sin(angle)), 0);
    const double error = angles.turn(c, s, 1.5, result);
    CHECK(error < 20);
    CHECK(units(format, exact(format, result) - exact(turn)) <= Rational(error));
  }
}

TEST_CASE("Fixed point: sums of powers keep to their errors") {
  RandomNumbers random(4);
  for (int trial = 0; trial < trials; ++trial) {
    CAPTURE(trial);
    const FixedFormat format = random_format(random);
    CAPTURE(format.limbs);
    const PrecisionScope precision(static_cast<int>(format.fraction_bits() / 3) + 20);
    const auto count = static_cast<std::size_t>(random.integer(1, 60));
    const double fall = static_cast<double>(random.integer(0, 40));
    std::vector<Ball> coefficients;
    std::vector<Rational> values;
    for (std::size_t j = 0; j < count; ++j) {
      Real c = random.real(0, 0) / static_cast<long>(count);
      mpfr_mul_2si(c.backend().data(), c.backend().data(),
                   -static_cast<long>(fall * std::sqrt(static_cast<double>(j))), MPFR_RNDN);
      values.push_back(random.integer(0, 4) == 0 ? Rational(0) : exact(c));
      Ball ball;
      arf_set_mpfr(arb_midref(ball.get()), from_rational<Real>(values.back()).backend().data());
      coefficients.push_back(std::move(ball));
    }
    const FixedSeries series(format, coefficients);
    FixedNumber y, result;
    do set_random(format, y, random);
    while (exact(format, y) == 1 || exact(format, y) == -1);
    *FixedRef(y).negative = 0;
    const Rational at = exact(format, y);
    CAPTURE(at);
    for (const bool alternating : {false, true}) {
      CAPTURE(alternating);
      Rational sum = 0;
      for (std::size_t j = count; j-- > 0;)
        sum = values[j] + (alternating ? Rational(-at) : at) * sum;
      const std::size_t length = series.length(FixedPowers::shrinkage_of(format, y));
      for (const std::size_t row :
           {std::size_t{1}, FixedSeries::row(length, 1), FixedSeries::row(length, 2)}) {
        CAPTURE(row);
        const FixedPowers powers(format, y, row);
        const double error = series.value(powers, alternating, result);
        CHECK(error < 4000);
        CHECK(units(format, exact(format, result) - sum) <= Rational(error));
      }
      if (!alternating) {
        const auto plan = series.plan(FixedPowers::shrinkage_of(format, y));
        series.horner(plan, y, result);
        CHECK(units(format, exact(format, result) - sum) <= Rational(plan.error));
      }
    }
  }
}
