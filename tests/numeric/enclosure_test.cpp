#include <doctest/doctest.h>

#include <sigmahat/numeric/enclosure.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;
using test::exact;
using test::RandomNumbers;

namespace {

/// Exact ends value ± error_bound.
Rational exact_lower(const Enclosure& x) {
  return exact(x.value) - exact(x.error_bound);
}
Rational exact_upper(const Enclosure& x) {
  return exact(x.value) + exact(x.error_bound);
}

Enclosure random_enclosure(RandomNumbers& random) {
  return {random.real(-20, 20), abs(random.real(-40, 10)), Status::certified};
}

}  // namespace

TEST_CASE("A result that rests on two claims makes the weaker one") {
  CHECK(weaker(Status::exact, Status::certified) == Status::certified);
  CHECK(weaker(Status::certified, Status::exact) == Status::certified);
  CHECK(weaker(Status::estimated, Status::exact) == Status::estimated);
  CHECK(weaker(Status::certified, Status::estimated) == Status::estimated);
  CHECK(weaker(Status::exact, Status::exact) == Status::exact);
  CHECK(to_string(Status::exact) == "exact");
  CHECK(to_string(Status::certified) == "certified");
  CHECK(to_string(Status::estimated) == "estimated");
}

TEST_CASE("The enclosure of an interval covers it and is not much wider") {
  RandomNumbers random(11);
  for (const int digits : {1, 17, 50}) {
    const PrecisionScope scope(digits);
    for (int trial = 0; trial < 300; ++trial) {
      Real x = random.real(-20, 20), y = random.real(-20, 20);
      if (trial % 3 == 0) y = x;
      const Interval range = hull(Interval(x), Interval(y));
      const Enclosure result = to_enclosure(range, Status::estimated);
      CAPTURE(digits);
      CAPTURE(range);
      CHECK(exact_lower(result) <= exact(lower(range)));
      CHECK(exact_upper(result) >= exact(upper(range)));
      CHECK(result.status == Status::estimated);
      const Rational radius = (exact(upper(range)) - exact(lower(range))) / 2;
      const Real largest = std::max(abs(lower(range)), abs(upper(range)));
      CHECK(exact(result.error_bound) <= radius + 2 * test::unit_of_rounding(largest));
    }
  }
}

TEST_CASE("The enclosure of a single number has an error bound of zero") {
  const PrecisionScope scope(30);
  const Enclosure result =
      to_enclosure(Interval(from_rational<Real>(Rational(1, 3))), Status::exact);
  CHECK(result.error_bound == 0);
  CHECK(result.value == from_rational<Real>(Rational(1, 3)));
}

TEST_CASE("The interval of an enclosure covers it and is not much wider") {
  RandomNumbers random(12);
  for (const int digits : {1, 17, 50}) {
    const PrecisionScope scope(digits);
    for (int trial = 0; trial < 300; ++trial) {
      const Enclosure x = random_enclosure(random);
      CAPTURE(digits);
      CAPTURE(x.value);
      CAPTURE(x.error_bound);
      const Interval range = to_interval(x);
      CHECK(exact(lower(range)) <= exact_lower(x));
      CHECK(exact(upper(range)) >= exact_upper(x));
      const Rational slack = 2 * test::unit_of_rounding(Real(abs(x.value) + x.error_bound));
      CHECK(exact(lower(range)) >= exact_lower(x) - slack);
      CHECK(exact(upper(range)) <= exact_upper(x) + slack);
    }
  }
}

TEST_CASE("An interval from an enclosure keeps covering it at a lower precision") {
  RandomNumbers random(13);
  for (int trial = 0; trial < 100; ++trial) {
    const PrecisionScope fine(60);
    const Enclosure x = random_enclosure(random);
    const PrecisionScope coarse(10);
    const Interval range = to_interval(x);
    CHECK(exact(lower(range)) <= exact_lower(x));
    CHECK(exact(upper(range)) >= exact_upper(x));
  }
}

TEST_CASE("What exact arithmetic finds inside an enclosure, it contains") {
  RandomNumbers random(14);
  const PrecisionScope scope(30);
  for (int trial = 0; trial < 300; ++trial) {
    const Enclosure x = random_enclosure(random);
    const Rational share(random.integer(-1000, 1000), 1000);
    const Real inside = from_rational<Real>(exact(x.value) + share * exact(x.error_bound));
    CAPTURE(x.value);
    CAPTURE(x.error_bound);
    CAPTURE(inside);
    const bool truly_inside = exact_lower(x) <= exact(inside) && exact(inside) <= exact_upper(x);
    if (truly_inside) CHECK(contains(x, inside));
    const Rational margin = 2 * exact(x.error_bound) + test::unit_of_rounding(abs(x.value)) * 4;
    CHECK_FALSE(contains(x, from_rational<Real>(exact(x.value) + margin)));
    CHECK_FALSE(contains(x, from_rational<Real>(exact(x.value) - margin)));
  }
}

TEST_CASE("Whether an enclosure contains zero is decided exactly") {
  const PrecisionScope scope(30);
  Real just_above(1);
  mpfr_nextabove(just_above.backend().data());
  CHECK(contains_zero({Real(1), Real(1)}));
  CHECK(contains_zero({Real(-1), Real(1)}));
  CHECK(contains_zero({Real(0), Real(0)}));
  CHECK_FALSE(contains_zero({just_above, Real(1)}));
  CHECK_FALSE(contains_zero({Real(-just_above), Real(1)}));
}

TEST_CASE("Two enclosures of one number overlap, and separate ones do not") {
  RandomNumbers random(15);
  const PrecisionScope scope(30);
  for (int trial = 0; trial < 300; ++trial) {
    Enclosure x = random_enclosure(random), y = random_enclosure(random);
    const bool separate = exact_upper(x) < exact_lower(y) || exact_upper(y) < exact_lower(x);
    CAPTURE(x.value);
    CAPTURE(x.error_bound);
    CAPTURE(y.value);
    CAPTURE(y.error_bound);
    if (!separate) CHECK(overlap(x, y));
    CHECK(overlap(x, y) == overlap(y, x));
    // Moved clear of x by more than the outward rounding.
    y.value = x.value + 2 * (x.error_bound + y.error_bound) + Real("1e-20") * (1 + abs(x.value));
    CHECK_FALSE(overlap(x, y));
  }
}

TEST_CASE("A scalar taken from an enclosure is its value, an Interval all of it") {
  const PrecisionScope scope(30);
  const Enclosure x{from_rational<Real>(Rational(1, 3)), Real("1e-10"), Status::certified};
  CHECK(from_enclosure<double>(x) == 1.0 / 3);
  CHECK(from_enclosure<Real>(x) == x.value);
  const Interval range = from_enclosure<Interval>(x);
  CHECK(exact(lower(range)) <= exact_lower(x));
  CHECK(exact(upper(range)) >= exact_upper(x));
}
