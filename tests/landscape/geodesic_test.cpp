#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include <sigmahat/landscape/direction.hpp>
#include <sigmahat/landscape/geodesic.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

#include "random_weights.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

const std::vector<Freedom> freedoms{{Constraint::sphere, true},
                                    {Constraint::sphere, false},
                                    {Constraint::free, true},
                                    {Constraint::free, false}};

double gap(const Weights<double>& x, const Weights<double>& y) {
  Weights<double> difference = x;
  add(difference, -1, y);
  return norm(difference);
}

}  // namespace

TEST_CASE("the shortest geodesic arrives where it was sent, after its length") {
  for (const Freedom& freedom : freedoms)
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(seed);
      const Weights<double> x = random_weights(3, 4, seed, freedom, true);
      Weights<double> y = random_weights(3, 4, seed + 100, freedom, true);
      if (!freedom.trains_a) y.a = x.a;
      const Weights<double> v = velocity_towards(x, y, freedom);
      CHECK(gap(geodesic_point(x, v, 1, freedom), y) < 1e-14);
      CHECK(gap(tangential(x, v, freedom), v) < 1e-14);
      CHECK(norm(v) == doctest::Approx(geodesic_distance(x, y, freedom)).epsilon(1e-14));
    }
}

TEST_CASE("a geodesic keeps its speed, and its velocity is its derivative") {
  for (const Freedom& freedom : freedoms) {
    const Weights<double> x = random_weights(3, 5, 2, freedom, true);
    const Weights<double> v = scaled(2, random_direction(x, freedom, 3));
    for (const double t : {-0.7, 0.3, 2.0}) {
      const Weights<double> there = geodesic_velocity(x, v, t, freedom);
      CHECK(norm(there) == doctest::Approx(2).epsilon(1e-14));
      const double h = 1e-4;
      Weights<double> difference = geodesic_point(x, v, t + h, freedom);
      add(difference, -1, geodesic_point(x, v, t - h, freedom));
      // The third derivative of a great circle of speed at most 2 is at most 8.
      CHECK(gap(scaled(1 / (2 * h), difference), there) < 8 * h * h / 6 + 1e-11);
    }
  }
}

TEST_CASE("angles of all sizes are accurate") {
  const Freedom freedom{Constraint::sphere, false};
  for (const double angle : {1e-200, 1e-9, 1.0, std::numbers::pi - 1e-7}) {
    Weights<double> x{Vector<double>::Ones(1), Matrix<double>{{1, 0}}}, y = x;
    y.B << std::cos(angle), std::sin(angle);
    CHECK(geodesic_distance(x, y, freedom) == doctest::Approx(angle).epsilon(1e-15));
    const Weights<double> v = velocity_towards(x, y, freedom);
    CHECK(v.B(0, 1) == doctest::Approx(angle).epsilon(1e-9));
  }
}

TEST_CASE("a turn around the sphere comes back") {
  const Freedom freedom{Constraint::sphere, false};
  const Weights<double> x = random_weights(1, 3, 1, freedom);
  const Weights<double> v = random_direction(x, freedom, 1);
  CHECK(gap(geodesic_point(x, v, 2 * std::numbers::pi, freedom), x) < 1e-14);
}

TEST_CASE("opposite rows and other shapes are refused") {
  const Freedom freedom{Constraint::sphere, true};
  const Weights<double> x = random_weights(2, 3, 1, freedom);
  Weights<double> y = x;
  y.B.row(1) *= -1;
  CHECK_THROWS_AS(velocity_towards(x, y, freedom), DomainError);
  CHECK(geodesic_distance(x, y, freedom) == doctest::Approx(std::numbers::pi));
  CHECK_NOTHROW(velocity_towards(x, y, {Constraint::free, true}));
  CHECK_THROWS_AS(velocity_towards(x, random_weights(2, 4, 1, freedom), freedom), DomainError);
  CHECK_THROWS_AS(geodesic_distance(x, random_weights(3, 3, 1, freedom), freedom), DomainError);
}

TEST_CASE("random directions are tangent, unit, and a function of seed and index") {
  for (const Freedom& freedom : freedoms) {
    const Weights<double> x = random_weights(3, 4, 1, freedom, true);
    const Weights<double> v = random_direction(x, freedom, 5, 2);
    CHECK(norm(v) == doctest::Approx(1).epsilon(1e-14));
    CHECK(gap(tangential(x, v, freedom), v) < 1e-14);
    CHECK(gap(random_direction(x, freedom, 5, 2), v) == 0);
    CHECK(std::abs(inner(v, random_direction(x, freedom, 5, 3))) < 0.9);
  }
  const Freedom sphere{Constraint::sphere, false};
  const Weights<double> x = random_weights(2, 3, 1, sphere);
  CHECK_THROWS_AS(unit_tangent(x, x, sphere), DomainError);
}
