#include <cmath>

#include <doctest/doctest.h>

#include <sigmahat/landscape/direction.hpp>
#include <sigmahat/landscape/geodesic.hpp>
#include <sigmahat/landscape/line.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

#include "../optimize/talk_problem.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

TEST_CASE("slope and curvature are the derivatives of the values") {
  struct Setting {
    std::string objective;
    Freedom freedom;
  };
  for (const Setting& setting :
       {Setting{"f", {Constraint::sphere, false}}, Setting{"f", {Constraint::free, true}},
        Setting{"f_gamma:2,4", {Constraint::sphere, true}},
        Setting{"G:mu=0.05", {Constraint::sphere, false}}}) {
    CAPTURE(setting.objective);
    const TalkProblem talk(setting.objective, 4, 3, setting.freedom);
    const Weights<double> x = talk.start();
    const Weights<double> v = random_direction(x, talk.freedom, 1);
    const double h = 1e-3;
    const auto line = along_line(*talk.objective, x, v, {0.4 - h, 0.4, 0.4 + h}, talk.freedom, 1);
    const double slope = (line[2].value - line[0].value) / (2 * h);
    const double curvature = (line[2].value - 2 * line[1].value + line[0].value) / (h * h);
    const double fourth =
        (*line[2].curvature - 2 * *line[1].curvature + *line[0].curvature) / (h * h);
    const double third = (*line[2].curvature - *line[0].curvature) / (2 * h);
    // The next terms of Taylor's series, twice, and the rounding of the values.
    const double rounding = 1e-14 * (1 + std::abs(line[1].value));
    CHECK(std::abs(*line[1].slope - slope) < std::abs(third) * h * h / 3 + rounding / h);
    CHECK(std::abs(*line[1].curvature - curvature) <
          std::abs(fourth) * h * h / 6 + 4 * rounding / (h * h));
  }
}

TEST_CASE("f_1 of one neuron on the circle is a cosine of the angle") {
  // |b* - b|² = 2 - 2 cos t
  const TalkProblem talk("degree:1", 2, 1, {Constraint::sphere, false}, 1, "relu", 1, 1);
  Problem problem = talk.problem;
  problem.teacher = {parse_activation("relu"), {Rational(1)}, {WeightMatrix::Identity{2}}};
  Matrix<Rational> row(1, 2);
  row << Rational(1), Rational(0);
  problem.teacher.B = {WeightMatrix::Entries{row}};
  const auto objective = make_fast_objective(parse_objective("degree:1"),
                                             at_precision<double>(problem), Constraint::sphere, 1);
  const Weights<double> x{Vector<double>::Ones(1), Matrix<double>{{1, 0}}};
  const Weights<double> v{Vector<double>::Zero(1), Matrix<double>{{0, 1}}};
  const auto line =
      along_line(*objective, x, v, equally_spaced(-3, 3, 25), {Constraint::sphere, false}, 1);
  for (const LinePoint& point : line) {
    CHECK(point.value == doctest::Approx(2 - 2 * std::cos(point.t)).epsilon(1e-14));
    CHECK(*point.slope == doctest::Approx(2 * std::sin(point.t)).epsilon(1e-14));
    CHECK(*point.curvature == doctest::Approx(2 * std::cos(point.t)).epsilon(1e-14));
  }
}

TEST_CASE("the points are the same for every number of threads") {
  const TalkProblem talk("f", 5, 1);
  const Weights<double> x = talk.start(), v = random_direction(x, talk.freedom, 1);
  const auto times = equally_spaced(-1, 1, 21);
  const auto one = along_line(*talk.objective, x, v, times, talk.freedom, 1);
  for (const int threads : {2, 3}) {
    const auto many = along_line(*talk.objective, x, v, times, talk.freedom, threads);
    for (std::size_t i = 0; i < one.size(); ++i) {
      CHECK(many[i].value == one[i].value);
      CHECK(many[i].slope == one[i].slope);
      CHECK(many[i].curvature == one[i].curvature);
    }
  }
}

TEST_CASE("where there is no gradient the value is still given") {
  // step: κ' is infinite where a row is on the teacher's
  const TalkProblem talk("f", 3, 1, {Constraint::sphere, false});
  Problem problem = talk.problem;
  problem.teacher.activation = problem.student.activation = parse_activation("step");
  const ProblemValues<double> values = at_precision<double>(problem);
  const auto objective = make_fast_objective(FullLoss{}, values, Constraint::sphere, 1);
  Weights<double> x = student_weights<double>(problem, Constraint::sphere);
  const Weights<double> v = random_direction(x, talk.freedom, 1);
  x.B = values.teacher.B;
  const auto line =
      along_line(*objective, x, tangential(x, v, talk.freedom), {0, 0.5}, talk.freedom, 1);
  CHECK(line[0].value == doctest::Approx(0).epsilon(1e-14));
  CHECK(!line[0].slope);
  CHECK(!line[0].curvature);
  CHECK(line[1].slope);
}

TEST_CASE("a progress callback ends the work") {
  const TalkProblem talk("f", 3, 1);
  const Weights<double> x = talk.start(), v = random_direction(x, talk.freedom, 1);
  CHECK_THROWS_AS(along_line(*talk.objective, x, v, equally_spaced(0, 1, 10), talk.freedom, 2,
                             [](std::uint64_t done) { return done < 3; }),
                  Interrupted);
}
