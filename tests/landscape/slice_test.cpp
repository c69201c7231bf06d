#include <cmath>

#include <doctest/doctest.h>

#include <sigmahat/landscape/direction.hpp>
#include <sigmahat/landscape/line.hpp>
#include <sigmahat/landscape/slice.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

#include "../optimize/talk_problem.hpp"
#include "random_weights.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

const Freedom sphere{Constraint::sphere, true}, free_rows{Constraint::free, true};

double gap(const Weights<double>& x, const Weights<double>& y) {
  Weights<double> difference = x;
  add(difference, -1, y);
  return norm(difference);
}

/// x⁴/4 - x²/2 + y²: minima at (±1, 0), a saddle at the origin. The weights are B = (x, y).
class DoubleWell final : public Objective<double> {
 public:
  double value(const Weights<double>& w) const override {
    const double x = w.B(0, 0), y = w.B(0, 1);
    return x * x * x * x / 4 - x * x / 2 + y * y;
  }
  Evaluation value_and_gradient(const Weights<double>& w) const override {
    const double x = w.B(0, 0), y = w.B(0, 1);
    Weights<double> g = zeros_like(w);
    g.B << x * x * x - x, 2 * y;
    return {value(w), std::move(g)};
  }
  Weights<double> hessian_product(const Weights<double>& w,
                                  const Weights<double>& v) const override {
    Weights<double> result = zeros_like(w);
    result.B << (3 * w.B(0, 0) * w.B(0, 0) - 1) * v.B(0, 0), 2 * v.B(0, 1);
    return result;
  }
  Matrix<double> hessian(const Weights<double>& w) const override {
    Matrix<double> H = Matrix<double>::Zero(3, 3);
    H(1, 1) = 3 * w.B(0, 0) * w.B(0, 0) - 1;
    H(2, 2) = 2;
    return H;
  }
  double constant() const override { return 0; }
  std::string method() const override { return "by hand"; }
};

}  // namespace

TEST_CASE("a slice through three points holds them") {
  for (const Freedom& freedom : {sphere, free_rows})
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(seed);
      const Weights<double> x = random_weights(3, 4, seed, freedom, true);
      const Weights<double> y = random_weights(3, 4, seed + 10, freedom, true);
      const Weights<double> z = random_weights(3, 4, seed + 20, freedom, true);
      const Slice slice = slice_through(x, y, z, freedom);
      for (const Weights<double>* point : {&x, &y, &z}) {
        const SlicePosition at = plane_position(slice, *point);
        CHECK(gap(point_on(slice, at, freedom).value(), *point) < 1e-13);
        const NearestOnSlice nearest = nearest_on(slice, *point, {at.s + 0.1, at.t - 0.1}, freedom);
        CHECK(nearest.distance < 1e-8);
        CHECK(nearest.position.s == doctest::Approx(at.s).epsilon(1e-7));
      }
      CHECK(plane_position(slice, y).t == doctest::Approx(0).epsilon(1e-13));
      CHECK(plane_position(slice, z).t > 0);
    }
}

TEST_CASE("the nearest point is as near as any of a grid") {
  const Weights<double> x = random_weights(2, 3, 1, sphere);
  const Slice slice =
      slice_along(x, random_direction(x, sphere, 1, 0), random_direction(x, sphere, 1, 1), sphere);
  const Weights<double> far = random_weights(2, 3, 5, sphere);
  const NearestOnSlice nearest = nearest_on(slice, far, {0, 0}, sphere);
  const double reach = 0.5;
  for (const double ds : equally_spaced(-reach, reach, 41))
    for (const double dt : equally_spaced(-reach, reach, 41)) {
      const SlicePosition at{nearest.position.s + ds, nearest.position.t + dt};
      CHECK(gap(point_on(slice, at, sphere).value(), far) >= nearest.distance - 1e-13);
    }
}

TEST_CASE("directions that span no plane are refused") {
  const Weights<double> x = random_weights(2, 3, 1, sphere);
  const Weights<double> v = random_direction(x, sphere, 1);
  CHECK_THROWS_AS(slice_along(x, v, scaled(-2, v), sphere), DomainError);
  const Weights<double> y = random_weights(2, 3, 2, free_rows);
  Weights<double> middle = scaled(0.5, x);
  add(middle, 0.5, y);
  CHECK_THROWS_AS(slice_through(x, y, middle, free_rows), DomainError);
  CHECK_THROWS_AS(slice_through(x, x, y, free_rows), DomainError);
}

TEST_CASE("values on the slice are the objective's, for every number of threads") {
  const TalkProblem talk("f", 4, 2);
  const Weights<double> x = talk.start();
  const Slice slice = slice_along(x, random_direction(x, talk.freedom, 1, 0),
                                  random_direction(x, talk.freedom, 1, 1), talk.freedom);
  const auto s = equally_spaced(-1, 1, 7), t = equally_spaced(-0.5, 0.5, 5);
  const SliceGrid one = slice_values(*talk.objective, slice, s, t, talk.freedom, 1);
  const SliceGrid two = slice_values(*talk.objective, slice, s, t, talk.freedom, 2);
  CHECK(one.values == two.values);
  CHECK(one.values.size() == t.size());
  CHECK(one.values[3][2] ==
        talk.objective->value(point_on(slice, {s[2], t[3]}, talk.freedom).value()));
}

TEST_CASE("a grid of values that is put back half-way ends as if it had not been broken off") {
  const TalkProblem talk("f", 3, 2);
  const Weights<double> x = talk.start();
  const Slice slice = slice_along(x, random_direction(x, talk.freedom, 1, 0),
                                  random_direction(x, talk.freedom, 1, 1), talk.freedom);
  const auto s = equally_spaced(-1, 1, 3), t = equally_spaced(-1, 1, 150);
  const SliceGrid whole = slice_values(*talk.objective, slice, s, t, talk.freedom, 2);
  SliceGrid part{s, t, {}};
  CHECK_FALSE(complete(part, *talk.objective, slice, talk.freedom, 2,
                       {[&] { return part.values.size() < 64; }}));
  Stored<SliceGrid> stored = parse_slice_grid(to_json(part, "settings"));
  CHECK(stored.settings == "settings");
  CHECK(stored.state.values.size() == 64);
  CHECK(complete(stored.state, *talk.objective, slice, talk.freedom, 1, {}));
  CHECK(stored.state.values == whole.values);
  for (const char* text :
       {"", "[1]",
        "{\"sigmahat_slice\":1,\"settings\":\"\",\"state\":{\"s\":[1],\"t\":[1],\"values\":[[]]}}"})
    CHECK_THROWS_AS(parse_slice_grid(text), ParseError);
}

TEST_CASE("where the plane meets no point of the sphere there is no value") {
  const TalkProblem talk("degree:2", 2, 1, {Constraint::sphere, false}, 1, "relu", 1, 1);
  const Freedom freedom{Constraint::sphere, false};
  const Weights<double> x{Vector<double>::Ones(1), Matrix<double>{{1, 0}}};
  Weights<double> y = x, z = x;
  y.B << 0, 1;
  z.B << -1, 0;
  const Slice slice = slice_through(x, y, z, freedom);
  const SlicePosition origin = plane_position(slice, zeros_like(x));
  CHECK(!point_on(slice, origin, freedom));
  const SliceGrid grid = slice_values(*talk.objective, slice, {origin.s, origin.s + 1},
                                      {origin.t, origin.t + 1}, freedom, 1);
  CHECK(!grid.values[0][0]);
  CHECK(grid.values[1][1]);
}

TEST_CASE("the minima and the saddle of a double well are found from a grid that misses them") {
  const DoubleWell well;
  const Freedom freedom{Constraint::free, false};
  const Weights<double> x{Vector<double>::Ones(1), Matrix<double>{{0.13, 0.07}}};
  Weights<double> u = zeros_like(x), v = u;
  u.B << 1, 0;
  v.B << 0, 1;
  const Slice slice = slice_along(x, u, v, freedom);
  const SliceGrid grid =
      slice_values(well, slice, equally_spaced(-2, 2, 31), equally_spaced(-1, 1, 31), freedom, 1);
  CHECK(grid_critical_points(grid).size() == 3);
  const auto found = critical_points_near(well, slice, grid, freedom);
  REQUIRE(found.size() == 3);
  for (const auto& [i, place, value, index, smallest] :
       {std::tuple{0, -1.0, -0.25, 0, 2.0}, {1, 1.0, -0.25, 0, 2.0}, {2, 0.0, 0.0, 1, -1.0}}) {
    // The two minima are of one value: in either order.
    const auto& point = found[static_cast<std::size_t>(i)];
    CHECK(point.point.value == doctest::Approx(value).epsilon(1e-14));
    CHECK(std::abs(point.point.x.B(0, 0)) == doctest::Approx(std::abs(place)).epsilon(1e-12));
    CHECK(point.curvature.negative == index);
    CHECK(point.curvature.smallest == doctest::Approx(smallest).epsilon(1e-12));
    CHECK(point.seen.distance < 1e-12);
    CHECK(point.seen.position.s == doctest::Approx(point.point.x.B(0, 0) - 0.13).epsilon(1e-10));
  }
  CHECK(found[0].point.x.B(0, 0) * found[1].point.x.B(0, 0) < 0);
}
