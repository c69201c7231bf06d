#include <cmath>

#include <doctest/doctest.h>

#include <sigmahat/optimize/gradient_flow.hpp>

#include "talk_problem.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

const Freedom free_rows{Constraint::free, false};
const Freedom unit_rows{Constraint::sphere, false};

/// One neuron against one: f_1 = ‖b* - b‖² with b* = e_1.
TalkProblem one_neuron(const Freedom& freedom) {
  TalkProblem talk("degree:1", 2, 1, freedom);
  talk.problem.teacher = {parse_activation("relu"),
                          {1},
                          {WeightMatrix::Entries{Matrix<Rational>{{Rational(1), Rational(0)}}}}};
  talk.problem.student.a = {1};
  talk.problem.student.B = {WeightMatrix::Gaussian{1, 2, 1}};
  talk.values = at_precision<double>(talk.problem);
  talk.objective = make_fast_objective(parse_objective("degree:1"), talk.values, freedom.rows, 1);
  return talk;
}

}  // namespace

TEST_CASE("free rows follow the linear flow of a quadratic objective") {
  const TalkProblem talk = one_neuron(free_rows);
  Weights<double> x = talk.start();
  x.B << -0.8, 1.3;
  const Vector<double> target{{1.0, 0.0}};
  for (const double tolerance : {1e-3, 1e-5}) {
    CAPTURE(tolerance);
    GradientFlow flow(*talk.objective, x, free_rows, tolerance);
    int steps = 0;
    double worst = 0;
    for (; flow.time() < 2; ++steps) {
      REQUIRE(flow.advance() == Move::done);
      // ḃ = -2 (b - b*)
      const Vector<double> exact =
          target + std::exp(-2 * flow.time()) * (x.B.row(0).transpose() - target);
      worst = std::max(worst, (flow.weights().B.row(0).transpose() - exact).norm());
    }
    // The flow is a contraction: errors of the steps at most add up.
    CHECK(worst <= steps * tolerance * x.B.norm());
    CHECK(steps < 200);
  }
}

TEST_CASE("rows on the circle follow the flow on the circle") {
  const TalkProblem talk = one_neuron(unit_rows);
  Weights<double> x = talk.start();
  const double angle = 2.9;
  x.B << std::cos(angle), std::sin(angle);
  const double tolerance = 1e-4;
  GradientFlow flow(*talk.objective, x, unit_rows, tolerance);
  while (flow.time() < 3) {
    REQUIRE(flow.advance() == Move::done);
    // f = 2 - 2 cos θ and θ̇ = -2 sin θ: tan(θ/2) = tan(θ_0/2) e^{-2t}.
    const double exact = 2 * std::atan(std::tan(angle / 2) * std::exp(-2 * flow.time()));
    const auto b = flow.weights().B.row(0);
    CAPTURE(flow.time());
    // On the way down from near the top errors grow as the angle's sensitivity does: up to tenfold.
    CHECK(std::abs(std::atan2(b[1], b[0]) - exact) <= 100 * tolerance);
    CHECK(b.norm() == doctest::Approx(1).epsilon(1e-15));
  }
}

TEST_CASE("a stiff flow costs the root of its stiffness and ends at a gradient of 1e-9") {
  const TalkProblem talk("f", 12, 3, free_rows);
  GradientFlow flow(*talk.objective, talk.start(), free_rows);
  double value = flow.current().value;
  while (flow.gradient_norm() > 1e-9) {
    REQUIRE(flow.advance() == Move::done);
    CHECK(flow.current().value <= value + 1e-9);
    value = flow.current().value;
    REQUIRE(flow.evaluations() < 20'000);
  }
}

TEST_CASE("a flow that is put back goes on with the same bits") {
  const TalkProblem talk("f", 5, 2, unit_rows);
  GradientFlow whole(*talk.objective, talk.start(), unit_rows);
  GradientFlow first(*talk.objective, talk.start(), unit_rows);
  for (int i = 0; i < 13; ++i) {
    whole.advance();
    first.advance();
  }
  GradientFlow second(*talk.objective, talk.start(), unit_rows);
  second.restore(first.weights(), first.state());
  for (int i = 0; i < 40; ++i) {
    whole.advance();
    second.advance();
  }
  CHECK(same_bits(whole.weights(), second.weights()));
  CHECK(whole.time() == second.time());
  CHECK(whole.evaluations() == second.evaluations());
}
