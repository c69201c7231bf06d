#include <random>

#include <doctest/doctest.h>

#include <sigmahat/numeric/bivariate_normal.hpp>
#include <sigmahat/numeric/enclosure.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

namespace {

Enclosure certified(const Interval& x) {
  return to_enclosure(x, Status::certified);
}

template <Scalar T>
T tail(const Rational& h, const Rational& k, const Rational& rho) {
  return bivariate_normal_tail(from_rational<T>(h), from_rational<T>(k), from_rational<T>(1 - rho),
                               from_rational<T>(1 + rho));
}

/// Rationals on a grid that holds zero, equal and opposite ones.
class RandomCorner {
 public:
  explicit RandomCorner(std::uint64_t seed) : random_(seed) {}
  Rational threshold() { return Rational(std::uniform_int_distribution<int>(-12, 12)(random_), 4); }
  Rational correlation() {
    // Also very near ±1.
    const int scale = std::uniform_int_distribution<int>(0, 12)(random_);
    const Rational gap(std::uniform_int_distribution<int>(1, 10)(random_),
                       10 * Integer(pow(Integer(10), static_cast<unsigned>(scale))));
    return std::bernoulli_distribution(0.5)(random_) ? Rational(1 - gap) : Rational(gap - 1);
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("Corner probabilities have the values that are known in closed form") {
  const PrecisionScope precision(40);
  for (const Rational& rho : {Rational(-99, 100), Rational(-1, 2), Rational(0), Rational(3, 5)}) {
    CAPTURE(rho);
    // Sheppard: 1/4 + arcsin(ρ)/(2π).
    const Interval quadrant =
        Interval(1) / 4 + asin(from_rational<Interval>(rho)) / (2 * pi<Interval>());
    CHECK(overlap(certified(tail<Interval>(0, 0, rho)), certified(quadrant)));
  }
  const Rational h(3, 4), k(-5, 3);
  const Interval P = normal_tail(from_rational<Interval>(h)),
                 Q = normal_tail(from_rational<Interval>(k));
  CHECK(overlap(certified(tail<Interval>(h, k, 0)), certified(Interval(P * Q))));
  CHECK(overlap(certified(tail<Interval>(h, k, 1)), certified(P)));
  CHECK(overlap(certified(tail<Interval>(h, k, -1)), certified(Interval(P + Q - 1))));
  CHECK(overlap(certified(tail<Interval>(h, -h, -1)), certified(Interval(0))));
}

TEST_CASE("Corner probabilities are symmetric, and add up to those of half planes") {
  RandomCorner random(5);
  for (int trial = 0; trial < 150; ++trial) {
    const PrecisionScope precision(trial % 3 == 0 ? 60 : 25);
    const Rational h = random.threshold(), k = random.threshold(), rho = random.correlation();
    CAPTURE(h);
    CAPTURE(k);
    CAPTURE(rho);
    const Interval p = tail<Interval>(h, k, rho);
    CHECK(overlap(certified(p), certified(tail<Interval>(k, h, rho))));
    const Interval half = p + tail<Interval>(h, Rational(-k), Rational(-rho));
    CHECK(overlap(certified(half), certified(normal_tail(from_rational<Interval>(h)))));
    CHECK(upper(p) - lower(p) < pow(Real(10), trial % 3 == 0 ? -55 : -20));
    CHECK(contains(certified(p), tail<Real>(h, k, rho)));
    CHECK(tail<double>(h, k, rho) == doctest::Approx(static_cast<double>(lower(p))).epsilon(1e-13));
  }
}

TEST_CASE("The slope of a corner probability in the correlation is the density at the corner") {
  const PrecisionScope precision(60);
  const Rational step = Rational(1) / Rational(Integer(pow(Integer(10), 15)));
  RandomCorner random(6);
  for (int trial = 0; trial < 20; ++trial) {
    const Rational h = random.threshold(), k = random.threshold();
    const Rational rho(trial - 10, 12);
    CAPTURE(h);
    CAPTURE(k);
    CAPTURE(rho);
    const Real slope =
        (tail<Real>(h, k, Rational(rho + step)) - tail<Real>(h, k, Rational(rho - step))) /
        (2 * from_rational<Real>(step));
    const Real square = from_rational<Real>(1 - rho * rho);
    const Real density =
        exp(Real(-from_rational<Real>(h * h - 2 * h * k * rho + k * k) / (2 * square))) /
        (2 * pi<Real>() * sqrt(square));
    CHECK(abs(Real(slope - density)) < Real("1e-27"));
  }
}

TEST_CASE("Wide intervals hold the corner probabilities of what is in them") {
  const PrecisionScope precision(25);
  RandomCorner random(7);
  for (int trial = 0; trial < 60; ++trial) {
    const Rational h = random.threshold(), k = random.threshold(), rho = random.correlation();
    const Rational width(1, trial % 2 == 0 ? 50 : 1'000'000'000);
    CAPTURE(h);
    CAPTURE(k);
    CAPTURE(rho);
    const auto wide = [&](const Rational& x) {
      return hull(from_rational<Interval>(x), from_rational<Interval>(x + width));
    };
    const Interval box = bivariate_normal_tail(wide(h), wide(k), from_rational<Interval>(1 - rho),
                                               from_rational<Interval>(1 + rho));
    for (const Rational& x : {h, Rational(h + width / 3), Rational(h + width)})
      for (const Rational& y : {k, Rational(k + width / 2), Rational(k + width)})
        CHECK(overlap(certified(box), certified(tail<Interval>(x, y, rho))));
  }
}
