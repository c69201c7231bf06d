#include <doctest/doctest.h>

#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/objective/piecewise_linear_loss.hpp>

#include "random_student.hpp"

using namespace sigmahat;
using test::RandomStudent;

namespace {

struct Case {
  const char *teacher, *student;
  test::Shape shape;
};
const std::vector<Case> cases{{"relu", "relu", {3, 4, 5}},   {"relu", "relu", {1, 1, 1}},
                              {"relu", "abs", {4, 2, 3}},    {"abs", "leaky_relu(1/3)", {2, 6, 2}},
                              {"linear", "relu", {3, 3, 4}}, {"relu", "linear", {2, 3, 3}}};

Matrix<double> rounded(const Matrix<Real>& exact) {
  return exact.unaryExpr([](const Real& x) { return x.convert_to<double>(); });
}

/// The Hessian from dual kernels, in forty digits.
Matrix<double> hessian_by_kernels(const Problem& problem, const Weights<Real>& x) {
  return rounded(make_objective<Real>(FullLoss{}, at_precision<Real>(problem), Constraint::free, 40)
                     ->hessian(x));
}

PiecewiseLinearLoss loss_of(const Problem& problem) {
  const auto values = at_precision<double>(problem);
  return {values.teacher, values.student.activation, values.noise_variance, 1};
}

}  // namespace

TEST_CASE("the Hessian is that of the dual kernels") {
  const PrecisionScope precision(40);
  for (const Case& c : cases)
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
      CAPTURE(c.teacher);
      CAPTURE(c.student);
      CAPTURE(seed);
      const RandomStudent random(c.teacher, c.student, c.shape, seed);
      const Matrix<double> exact =
          hessian_by_kernels(random.problem(), random.free_weights<Real>());
      const Matrix<double> H = loss_of(random.problem()).hessian(random.free_weights<double>());
      REQUIRE(H.rows() == exact.rows());
      CHECK((H - exact).norm() <= 1e-13 * exact.norm());
      CHECK(H == H.transpose());
    }
}

TEST_CASE("the Hessian times a direction is that of the matrix") {
  for (const Case& c : cases) {
    CAPTURE(c.teacher);
    CAPTURE(c.student);
    RandomStudent random(c.teacher, c.student, c.shape, 7);
    const PiecewiseLinearLoss loss = loss_of(random.problem());
    const Weights<double> x = random.free_weights<double>();
    const Matrix<double> H = loss.hessian(x);
    for (int i = 0; i < 3; ++i) {
      const Weights<double> v = random.random_direction<double>();
      const Vector<double> expected = H * flattened(v);
      CHECK((flattened(loss.hessian_product(x, v)) - expected).norm() <=
            1e-14 * H.norm() * flattened(v).norm());
    }
  }
}

TEST_CASE("the Hessian keeps its digits where rows are nearly parallel or opposite") {
  const PrecisionScope precision(60);
  for (const double gap : {1e-3, 1e-6, 1e-9})
    for (const double sign : {1.0, -1.0}) {
      CAPTURE(gap);
      CAPTURE(sign);
      RandomStudent random("relu", "relu", {2, 3, 4}, 5);
      Problem& problem = random.problem();
      // The student's rows are given in double: the same point for both.
      const Matrix<double> teacher = at_precision<double>(problem).teacher.B;
      Weights<double> x = random.free_weights<double>();
      x.B.row(0) = sign * 2 * teacher.row(0);
      x.B(0, 1) += gap;
      x.B.row(2) = sign * x.B.row(1) / 2;
      x.B(2, 3) += gap;
      const Weights<Real> exact_x{x.a.cast<Real>(), x.B.cast<Real>(), {}};
      const Matrix<double> exact = hessian_by_kernels(problem, exact_x);
      const Matrix<double> H = loss_of(problem).hessian(x);
      // An entry is s times a unit matrix of what is near to parallel; the teacher's rounding turns
      // that matrix by 1e-16/gap.
      CHECK((H - exact).norm() <= 1e-14 * exact.norm());
    }
}

TEST_CASE("rows that are parallel to the last bit leave the terms that have a limit") {
  const Problem problem{{parse_activation("relu"), {1}, {WeightMatrix::Identity{1}}},
                        {parse_activation("relu"), {1}, {WeightMatrix::Identity{1}}},
                        Rational(0)};
  // f = (a b - 1)²/2 for a one-dimensional ReLU with b > 0.
  const Matrix<double> H = loss_of(problem).hessian(
      {Vector<double>::Constant(1, 3), Matrix<double>::Constant(1, 1, 2), {}});
  CHECK(H(0, 0) == doctest::Approx(4).epsilon(1e-15));
  CHECK(H(0, 1) == doctest::Approx(2 * 3 * 2 - 1).epsilon(1e-15));
  CHECK(H(1, 1) == doctest::Approx(9).epsilon(1e-15));
}
