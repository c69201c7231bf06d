#include <cmath>

#include <doctest/doctest.h>

#include <sigmahat/landscape/basin.hpp>
#include <sigmahat/landscape/direction.hpp>
#include <sigmahat/landscape/line.hpp>
#include <sigmahat/landscape/point_classes.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

#include "../optimize/talk_problem.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

/// f_2 of one neuron in the plane: 2 - 2 ⟨b*,b⟩², minima at ±b*; a start on the circle goes to the
/// one on its side.
struct OneNeuron {
  TalkProblem talk{"degree:2", 2, 1, {Constraint::sphere, false}, 1, "relu", 1, 1};
  Problem problem = talk.problem;
  std::unique_ptr<Objective<double>> objective;
  Matrix<double> teacher{{1, 0}};
  Weights<double> x{Vector<double>::Ones(1), Matrix<double>{{0, 1}}};

  OneNeuron() {
    Matrix<Rational> row(1, 2);
    row << Rational(1), Rational(0);
    problem.teacher = {parse_activation("relu"), {Rational(1)}, {WeightMatrix::Entries{row}}};
    problem.student.a = {Rational(1)};
    objective = make_fast_objective(parse_objective("degree:2"), at_precision<double>(problem),
                                    Constraint::sphere, 1);
  }
};

BasinMap basin_map(const OneNeuron& one, const Slice& slice, const std::vector<double>& s,
                   const std::vector<double>& t, const SearchOptions& search,
                   const std::optional<Symmetry>& symmetry, int threads) {
  BasinSearch starts(*one.objective, slice, s, t, search, one.teacher, symmetry, threads);
  CHECK(starts.run());
  return starts.map();
}

}  // namespace

TEST_CASE("each start goes to the minimum on its side of the circle") {
  const OneNeuron one;
  SearchOptions search;
  search.freedom = {Constraint::sphere, false};
  // The plane through (0, 1) is the plane itself: u along the circle, v outwards.
  Weights<double> u = zeros_like(one.x), v = u;
  u.B << 1, 0;
  v.B << 0, 1;
  const Slice slice{one.x, u, v};
  const auto s = equally_spaced(-0.95, 0.95, 20), t = equally_spaced(-0.5, 0.5, 3);
  const BasinMap apart = basin_map(one, slice, s, t, search, std::nullopt, 2);
  REQUIRE(apart.minima.size() == 2);
  CHECK(apart.nowhere == 0);
  CHECK(apart.minima[0].count == 30);
  for (std::size_t j = 0; j < t.size(); ++j)
    for (std::size_t i = 0; i < s.size(); ++i) {
      const Weights<double>& end = apart.minima[apart.classes[j][i].value()].point.x;
      CHECK(end.B(0, 0) * s[i] > 0.9 * std::abs(s[i]));
    }
  // Modulo the sign there is one minimum.
  const Symmetry symmetry =
      symmetry_of(parse_objective("degree:2"), at_precision<double>(one.problem));
  const BasinMap together = basin_map(one, slice, s, t, search, symmetry, 1);
  CHECK(together.minima.size() == 1);
  CHECK(together.minima[0].count == 60);
}

TEST_CASE("equal points are one class, mapped ones only modulo symmetry") {
  const TalkProblem talk("f", 3, 1);
  Weights<double> x = talk.start(), y = x;
  y.B.row(0).swap(y.B.row(2));
  PointClasses apart(talk.values.teacher.B, std::nullopt);
  PointClasses together(talk.values.teacher.B, symmetry_of(FullLoss{}, talk.values));
  for (PointClasses* classes : {&apart, &together}) {
    CHECK(classes->classify({x, 1, 0}) == 0);
    CHECK(classes->classify({x, 1, 0}) == 0);
    CHECK(classes->classify({x, 2, 0}) == 1);
  }
  CHECK(apart.classify({y, 1, 0}) == 2);
  CHECK(together.classify({y, 1, 0}) == 0);
}

TEST_CASE("a map that is put back half-way ends as if it had not been broken off") {
  const TalkProblem talk("f", 3, 1);
  SearchOptions search;
  search.freedom = talk.freedom;
  const Weights<double> x = talk.start();
  const Slice slice = slice_along(x, random_direction(x, talk.freedom, 1, 0),
                                  random_direction(x, talk.freedom, 1, 1), talk.freedom);
  const auto grid = equally_spaced(-2, 2, 12);
  const auto begin = [&] {
    return BasinSearch(*talk.objective, slice, grid, grid, search, talk.values.teacher.B,
                       std::nullopt, 2);
  };
  BasinSearch whole = begin();
  CHECK(whole.run());
  CHECK(whole.tally().minima.size() > 1);
  BasinSearch first = begin();
  CHECK_FALSE(first.run({[&] { return first.tally().ends.size() < 64; }}));
  const Stored<BasinTally> stored = parse_basin_tally(to_json(first.tally(), "settings"));
  CHECK(stored.settings == "settings");
  BasinSearch second = begin();
  second.resume(stored.state);
  CHECK(second.run());
  CHECK(to_json(second.tally(), "") == to_json(whole.tally(), ""));
  for (std::size_t k = 0; k < whole.map().minima.size(); ++k)
    CHECK(second.map().minima[k].count == whole.map().minima[k].count);
  for (const char* text :
       {"", "[1]",
        "{\"sigmahat_basin\":1,\"settings\":\"\",\"state\":{\"minima\":[],\"ends\":[0]}}"})
    CHECK_THROWS_AS(parse_basin_tally(text), ParseError);
}
