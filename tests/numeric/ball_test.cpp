#include <utility>

#include <doctest/doctest.h>

#include <sigmahat/numeric/ball.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;
using test::contains;
using test::exact;
using test::RandomNumbers;

namespace {

bool contains(const Ball& ball, const Rational& value) {
  fmpq_t fraction;
  fmpq_init(fraction);
  fmpq_set_mpq(fraction, value.backend().data());
  const bool result = arb_contains_fmpq(ball.get(), fraction) != 0;
  fmpq_clear(fraction);
  return result;
}

}  // namespace

TEST_CASE("The ball of a rational contains it at every precision") {
  RandomNumbers random(21);
  for (int trial = 0; trial < 300; ++trial) {
    const Rational value = random.rational(1000);
    const auto bits = static_cast<slong>(random.integer(2, 300));
    CAPTURE(value);
    CAPTURE(bits);
    const Ball ball(value, bits);
    CHECK(contains(ball, value));
    const PrecisionScope scope(static_cast<int>(random.integer(1, 60)));
    CHECK(test::contains(to_interval(ball), value));
    const Enclosure enclosure = to_enclosure(ball, Status::exact);
    CHECK(exact(enclosure.value) - exact(enclosure.error_bound) <= value);
    CHECK(value <= exact(enclosure.value) + exact(enclosure.error_bound));
    CHECK(enclosure.status == Status::exact);
  }
}

TEST_CASE("The ball of an interval contains both of its ends") {
  RandomNumbers random(22);
  for (int trial = 0; trial < 300; ++trial) {
    const PrecisionScope scope(static_cast<int>(random.integer(1, 60)));
    const Rational x = random.rational(20), y = random.rational(20);
    const Interval range = hull(from_rational<Interval>(x), from_rational<Interval>(y));
    CAPTURE(range);
    const Ball ball(range);
    CHECK(contains(ball, exact(lower(range))));
    CHECK(contains(ball, exact(upper(range))));
    const Interval back = to_interval(ball);
    CHECK(exact(lower(back)) <= exact(lower(range)));
    CHECK(exact(upper(back)) >= exact(upper(range)));
  }
}

TEST_CASE("A ball narrower than the precision in force costs one unit of rounding") {
  const Ball third(Rational(1, 3), 400);
  const PrecisionScope scope(50);
  const Rational unit = test::unit_of_rounding(from_rational<Real>(Rational(1, 3)));
  const Interval range = to_interval(third);
  CHECK(exact(upper(range)) - exact(lower(range)) <= unit);
  const Enclosure enclosure = to_enclosure(third, Status::certified);
  // Arb keeps a radius to 30 bits.
  CHECK(exact(enclosure.error_bound) <= unit * Rational(1001, 1000));
  CHECK(abs(Rational(exact(enclosure.value) - Rational(1, 3))) <= unit);
}

TEST_CASE("A number that is exact in binary keeps an error bound of zero") {
  const PrecisionScope scope(20);
  for (const Rational& value : {Rational(0), Rational(-3, 8), Rational(1024)}) {
    CAPTURE(value);
    const Enclosure enclosure = to_enclosure(Ball(value, 100), Status::exact);
    CHECK(enclosure.error_bound == 0);
    CHECK(exact(enclosure.value) == value);
  }
}

TEST_CASE("Balls are values: copies do not share, moves hand over") {
  Ball original(Rational(1, 3), 100);
  Ball copy = original;
  arb_zero(copy.get());
  CHECK(contains(original, Rational(1, 3)));
  copy = original;
  CHECK(contains(copy, Rational(1, 3)));
  const Ball& alias = copy;
  copy = alias;
  CHECK(contains(copy, Rational(1, 3)));
  const Ball moved = std::move(original);
  CHECK(contains(moved, Rational(1, 3)));
}
