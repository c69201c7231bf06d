#include <cmath>

#include <doctest/doctest.h>

#include <sigmahat/landscape/critical_point.hpp>
#include <sigmahat/landscape/precise_point.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../optimize/talk_problem.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

const Freedom unit_rows{Constraint::sphere, false};
const Freedom free_rows{Constraint::free, false};

/// G of one neuron on the circle, μ = 1: -(cos⁴θ + sin⁴θ) = -(3 + cos 4θ)/4.
TalkProblem on_the_circle() {
  return TalkProblem("G:mu=1", 2, 1, unit_rows, 1, "relu", 1, 1);
}

Weights<double> at_angle(const TalkProblem& talk, double angle) {
  Weights<double> x = talk.start();
  x.B << std::cos(angle), std::sin(angle);
  return x;
}

}  // namespace

TEST_CASE("Newton's method goes to the critical point that is near, whatever its index") {
  const TalkProblem talk = on_the_circle();
  const double quarter = std::acos(-1.0) / 4;
  for (int k = 0; k < 8; ++k) {
    CAPTURE(k);
    const Refinement refined =
        refine_critical_point(*talk.objective, at_angle(talk, k * quarter + 0.05), unit_rows);
    CHECK(refined.converged);
    CHECK(refined.contraction < 0.25);
    const auto b = refined.point.x.B.row(0);
    CHECK(std::abs(std::remainder(std::atan2(b[1], b[0]) - k * quarter, 8 * quarter)) <= 1e-12);
    const bool minimum = k % 2 == 0;
    CHECK(refined.positive_definite == minimum);
    CHECK(refined.point.value == doctest::Approx(minimum ? -1 : -0.5).epsilon(1e-14));
    // g'' = 4 cos 4θ
    const Curvature bend =
        curvature(hessian_eigensystem(*talk.objective, refined.point.x, unit_rows).values);
    CHECK(bend.smallest == doctest::Approx(minimum ? 4 : -4).epsilon(1e-12));
    CHECK(bend.negative == (minimum ? 0 : 1));
    CHECK(bend.zero == 0);
  }
}

TEST_CASE("a spurious minimum that was published is one, to all the digits that were given") {
  // Safran, Yehudai and Shamir, COLT 2021, their results for seven neurons; columns of their
  // matrix are neurons, their objective is half of ours.
  const TalkProblem talk("f", 7, 1, free_rows);
  Weights<double> x = talk.start();
  x.B = -0.0350801559 * Matrix<double>::Ones(7, 7);
  x.B.diagonal().setConstant(0.9969227988);
  x.B.row(0).setConstant(0.1859910463);
  x.B.col(0).setConstant(0.2616910758);
  x.B(0, 0) = -0.6327039049;
  const Refinement refined = refine_critical_point(*talk.objective, x, free_rows);
  CHECK(refined.converged);
  CHECK((refined.point.x.B - x.B).cwiseAbs().maxCoeff() <= 0.51e-10);
  const Curvature bend =
      curvature(hessian_eigensystem(*talk.objective, refined.point.x, free_rows).values);
  CHECK(std::abs(bend.smallest / 2 - 0.014059013182514) <= 1e-9);
  CHECK(bend.negative == 0);
}

TEST_CASE("a search for minima alone takes no step where the Hessian is not positive definite") {
  const TalkProblem talk = on_the_circle();
  const double quarter = std::acos(-1.0) / 4;
  const Refinement refined = refine_critical_point(*talk.objective, at_angle(talk, quarter + 0.05),
                                                   unit_rows, 1e-12, Refine::minima);
  CHECK(refined.steps == 0);
  CHECK_FALSE(refined.converged);
  CHECK_FALSE(refined.positive_definite);
}

TEST_CASE("conjugate gradients lead where Cholesky's factors do") {
  // 17² > 256 dimensions; near the teacher, where the Hessian is positive definite.
  for (const int d : {4, 17}) {
    CAPTURE(d);
    const TalkProblem talk("f", d, 1, free_rows);
    Weights<double> x = talk.start();
    x.B = Matrix<double>::Identity(d, d) + 0.02 * x.B;
    const Refinement refined =
        refine_critical_point(*talk.objective, x, free_rows, 1e-13, Refine::minima);
    CHECK(refined.converged);
    CHECK((refined.point.x.B - Matrix<double>::Identity(d, d)).norm() <= 1e-12);
  }
}

TEST_CASE("flat directions of a homogeneous student are left alone") {
  // (a, b) and (a/t, t b) are one ReLU: one flat direction a neuron.
  const Freedom all{Constraint::free, true};
  const TalkProblem talk("f", 3, 1, all);
  Weights<double> x = talk.start();
  x.a << 0.5, 2, 1;
  x.B = x.a.cwiseInverse().asDiagonal() * Matrix<double>::Identity(3, 3);
  x.B(0, 1) += 1e-3;
  const Refinement refined = refine_critical_point(*talk.objective, x, all);
  CHECK(refined.converged);
  // The neurons a_i relu(b_i·x) = relu(a_i b_i·x) are the teacher's, wherever on their orbits.
  const Matrix<double> neurons = refined.point.x.a.asDiagonal() * refined.point.x.B;
  CHECK((neurons - Matrix<double>::Identity(3, 3)).norm() <= 1e-11);
  const Curvature bend =
      curvature(hessian_eigensystem(*talk.objective, refined.point.x, all).values);
  CHECK(bend.zero == 3);
  CHECK(bend.negative == 0);
}

TEST_CASE("a critical point is found to any number of digits") {
  const TalkProblem talk = on_the_circle();
  const double quarter = std::acos(-1.0) / 4;
  const ObjectiveChoice G = parse_objective("G:mu=1");
  for (const int digits : {30, 200})
    for (const int k : {1, 2}) {  // a maximum, a minimum
      CAPTURE(digits);
      CAPTURE(k);
      const PrecisePoint point =
          refine_precisely(talk.problem, G, unit_rows, at_angle(talk, k * quarter + 1e-3), digits);
      const PrecisionScope precision(digits + 20);
      const Real reach = pow(Real(10), -digits);
      // cos θ = √(1/2), or 0
      const Real cosine = k == 1 ? Real(sqrt(Real(1) / 2)) : Real(0);
      CHECK(abs(Real(Real(point.x.B(0, 0)) - cosine)) <= 10 * reach);
      CHECK(abs(Real(Real(point.value) + (k == 1 ? Real(1) / 2 : Real(1)))) <= 10 * reach);
    }
}

TEST_CASE("what is no critical point is refused") {
  const TalkProblem talk("f", 3, 4, unit_rows);
  CHECK_THROWS_AS(
      refine_precisely(talk.problem, FullLoss{}, {Constraint::free, false}, talk.start(), 30),
      NumericalError);
}

TEST_CASE("a precise evaluation sees the rounding of a point in double") {
  const TalkProblem talk("f", 4, 1, free_rows);
  Weights<double> x = talk.start();
  x.B = Matrix<double>::Identity(4, 4);
  CHECK(evaluate_precisely(talk.problem, FullLoss{}, free_rows, x, 34).gradient_norm <= 1e-40);
  x.B(1, 2) = 1e-15;
  const Real norm = evaluate_precisely(talk.problem, FullLoss{}, free_rows, x, 34).gradient_norm;
  // H e_12 of the teacher's Hessian, to first order: entries of the order of one.
  CHECK(norm > 1e-16);
  CHECK(norm < 1e-14);
}
