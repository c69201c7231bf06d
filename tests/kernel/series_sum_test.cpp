#include <doctest/doctest.h>

#include <sigmahat/kernel/series_sum.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;
using test::exact;
using test::RandomNumbers;

namespace {

/// Degrees lowest, lowest + step, ... up to `highest`; positive or of both signs; falling like
/// 2^(-fall sqrt k).
struct Shape {
  int lowest, step, highest;
  double fall;
  bool positive;
};

std::vector<Real> random_coefficients(RandomNumbers& random, const Shape& shape) {
  std::vector<Real> list(static_cast<std::size_t>(shape.highest) + 1, Real(0));
  for (int k = shape.lowest; k <= shape.highest; k += shape.step) {
    const Real c = random.real(0, 0) * pow(Real(2), Real(-shape.fall * std::sqrt(k)));
    list[static_cast<std::size_t>(k)] = shape.positive ? Real(abs(c)) : c;
  }
  return list;
}

Ball ball(const Real& x) {
  Ball result;
  arf_set_mpfr(arb_midref(result.get()), x.backend().data());
  return result;
}
SeriesSum series(const std::vector<Real>& coefficients) {
  std::vector<Ball> list;
  for (const Real& c : coefficients) list.push_back(ball(c));
  return SeriesSum(list);
}

/// Horner's rule in intervals, at the precision in force.
Interval horner(const std::vector<Real>& coefficients, int order, const Real& rho) {
  Interval sum(0);
  for (int k = static_cast<int>(coefficients.size()) - 1; k >= order; --k) {
    Interval term(coefficients[static_cast<std::size_t>(k)]);
    for (int i = 0; i < order; ++i) term *= k - i;
    sum = sum * Interval(rho) + term;
  }
  return sum;
}

const std::vector<Shape> shapes{
    {0, 1, 0, 0, true},    {0, 1, 5, 0, false},   {1, 2, 301, 1, true},
    {0, 2, 300, 1, true},  {3, 1, 250, 0, false}, {1, 1, 700, 3, false},
    {2, 2, 600, 2, false}, {7, 4, 91, 0, true},   {1, 2, 901, 0.5, true}};

Real random_correlation(RandomNumbers& random) {
  switch (random.integer(0, 4)) {
    case 0:
      return Real(random.integer(-1, 1));
    case 1:
      return random.real(-200, -1);
    default:
      return random.real(0, 0);
  }
}

}  // namespace

TEST_CASE("Sums of series overlap with Horner's rule in intervals, at any precision") {
  RandomNumbers random(51);
  for (const Shape& shape : shapes)
    for (int trial = 0; trial < 12; ++trial) {
      const int digits = static_cast<int>(random.integer(5, 250));
      const PrecisionScope scope(digits);
      const std::vector<Real> c = random_coefficients(random, shape);
      const Real rho = random_correlation(random);
      CAPTURE(shape.lowest);
      CAPTURE(shape.step);
      CAPTURE(shape.highest);
      CAPTURE(digits);
      CAPTURE(rho);
      const SeriesSum sum = series(c);
      const SeriesSum::Argument at(sum, ball(rho), PrecisionScope::bits());
      const int bits = PrecisionScope::bits();
      const PrecisionScope finer(digits + 400);
      for (int order = 0; order < 3; ++order) {
        CAPTURE(order);
        const Ball value = sum.value(order, at);
        CHECK(test::overlap(to_interval(value), horner(c, order, rho)));
        // No cancellation: relative accuracy, of as many bits as were asked for.
        if (shape.positive && (rho > 0 || shape.step == 2) && !arb_is_zero(value.get()))
          CHECK(arb_rel_accuracy_bits(value.get()) >= bits);
      }
    }
}

TEST_CASE("Sums of series at a ball hold those at its points") {
  RandomNumbers random(52);
  for (const Shape& shape : shapes)
    for (int trial = 0; trial < 6; ++trial) {
      const PrecisionScope scope(40);
      const std::vector<Real> c = random_coefficients(random, shape);
      const Real a = random_correlation(random), b = random_correlation(random);
      const Real point = a + (b - a) * static_cast<int>(random.integer(0, 10)) / 10;
      CAPTURE(a);
      CAPTURE(b);
      const SeriesSum sum = series(c);
      const SeriesSum::Argument at(sum, Ball(make_interval(std::min(a, b), std::max(a, b))),
                                   PrecisionScope::bits());
      for (int order = 0; order < 3; ++order) {
        CAPTURE(order);
        const Ball value = sum.value(order, at);
        const PrecisionScope finer(400);
        CHECK(test::overlap(to_interval(value), horner(c, order, point)));
      }
    }
}

TEST_CASE("A series of nothing is zero") {
  const PrecisionScope scope(20);
  const SeriesSum nothing(std::vector<Ball>(5)), none(std::vector<Ball>{});
  for (const SeriesSum* sum : {&nothing, &none})
    for (int order = 0; order < 3; ++order)
      CHECK(arb_is_zero(sum->value(order, SeriesSum::Argument(*sum, ball(Real(1)), 60)).get()));
}
