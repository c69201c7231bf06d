#include <cmath>

#include <Eigen/Eigenvalues>
#include <doctest/doctest.h>

#include <sigmahat/objective/evaluation.hpp>
#include <sigmahat/optimize/gradient_descent.hpp>
#include <sigmahat/optimize/lbfgs.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/trust_region.hpp>

#include "talk_problem.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

/// The gradient's norm by interval arithmetic: another algorithm, with a proven bound.
double certified_gradient_norm(const TalkProblem& talk, const std::string& objective,
                               const Weights<double>& x) {
  EvaluationOptions options;
  options.objective = parse_objective(objective);
  options.freedom = talk.freedom;
  options.gradient = true;
  options.digits = 30;
  const PointEvaluation at = evaluate(with_student(talk.problem, x, talk.freedom.rows), options);
  return static_cast<double>(Real(at.gradient.value().norm.value));
}

/// The least eigenvalue of the Hessian at the teacher.
double least_curvature_at_teacher(const std::string& objective, const std::string& student,
                                  const Rational& a, int d) {
  const TalkProblem talk(objective, d, 1, {Constraint::sphere, false}, 1, student, a);
  Weights<double> x = talk.start();
  x.B = talk.values.teacher.B;
  const Matrix<double> hessian = hessian_on_basis(x, talk.objective->value_and_gradient(x).gradient,
                                                  talk.objective->hessian(x), talk.freedom);
  return Eigen::SelfAdjointEigenSolver<Matrix<double>>(hessian, Eigen::EigenvaluesOnly)
      .eigenvalues()
      .minCoeff();
}

const std::vector<Method> descents{Method::gradient_descent, Method::lbfgs, Method::trust_region};

}  // namespace

TEST_CASE("every method reaches a gradient of 1e-9 with its defaults") {
  struct Setting {
    std::string objective, student;
    Freedom freedom;
    int width;
  };
  const std::vector<Setting> settings{
      {"f", "relu", {Constraint::sphere, false}, 0},
      {"f", "relu", {Constraint::sphere, true}, 4},
      {"f", "erf", {Constraint::sphere, true}, 4},
      {"f", "abs", {Constraint::sphere, false}, 0},
      {"f_gamma:2,4", "relu", {Constraint::sphere, false}, 0},
      {"f_gamma:2,4", "relu", {Constraint::free, true}, 3},
      {"weights:2=1,4=1/2", "relu", {Constraint::sphere, false}, 0},
      {"G:mu=0.05", "relu", {Constraint::sphere, false}, 0},
      {"penalty:mu=2,lambda=1", "relu", {Constraint::free, false}, 0}};
  for (const Setting& setting : settings)
    for (const Method method : descents)
      for (const std::uint64_t seed : {1, 2}) {
        const TalkProblem talk(setting.objective, 6, seed, setting.freedom, 1, setting.student,
                               Rational(1, 2), setting.width);
        TrainingOptions options;
        options.method = method;
        options.iterations = 100'000;
        options.record_every = 1000;
        Training training = talk.training(options);
        const Outcome outcome = training.run();
        CAPTURE(setting.objective);
        CAPTURE(setting.student);
        CAPTURE(to_string(method));
        CAPTURE(seed);
        CHECK(to_string(outcome) == "converged");
        // What double precision adds is far below: 12 N u L² |a| S < 1e-12 here.
        CHECK(certified_gradient_norm(talk, setting.objective, training.weights()) <= 1.01e-9);
      }
}

TEST_CASE("f stops at a positive loss where f_gamma and |x| find the teacher") {
  constexpr int d = 20;
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto end_of = [&](const std::string& objective, const std::string& student,
                            const Rational& a) {
      const TalkProblem talk(objective, d, seed, {Constraint::sphere, false}, 1, student, a);
      Training training = talk.training({});
      CHECK(to_string(training.run()) == "converged");
      TrajectoryPoint end = training.trajectory().back();
      end.loss -= talk.objective->constant();
      return end;
    };
    CAPTURE(seed);
    for (const auto& [objective, student, a] :
         {std::tuple{"f_gamma:2,4", "relu", Rational(1)}, std::tuple{"f", "abs", Rational(1, 2)}}) {
      const TrajectoryPoint end = end_of(objective, student, a);
      CAPTURE(objective);
      // Near the minimum a distance is the gradient over the least curvature, to first order.
      const double bound = 1.1e-9 / least_curvature_at_teacher(objective, student, a, d);
      CHECK(bound < 1e-7);
      CHECK(end.distance->modulo_permutation <= bound);
      CHECK(std::abs(end.loss) < 1e-12);
    }
    const TrajectoryPoint end = end_of("f", "relu", Rational(1));
    CHECK(end.gradient_norm <= 1e-9);
    CHECK(end.loss > 0.01);
    CHECK(end.distance->surrogate > 0.01);
    CHECK(end.distance->spectral > 0.5);
  }
}

TEST_CASE("the slope along a retraction is the derivative of the value") {
  const TalkProblem talk("G:mu=0.05", 5, 3);
  const Iterate from = evaluate_at(*talk.objective, talk.start(), talk.freedom);
  const Weights<double>& v = from.gradient;
  for (const double t : {0.0, 0.3, -0.7}) {
    const auto value_at = [&](double s) {
      Weights<double> sv = v;
      sv.B *= s;
      return evaluate_at(*talk.objective, retracted(from.x, sv, talk.freedom), talk.freedom);
    };
    const double slope = slope_along(from.x, v, t, value_at(t).gradient, talk.freedom);
    constexpr double h = 1e-4;
    const double quotient = (value_at(t + h).value - value_at(t - h).value) / (2 * h);
    // h² times a third derivative of some hundreds, and 1e-16/h.
    CHECK(std::abs(slope - quotient) <= 1e-5);
    CHECK(std::abs(slope) > 0.1);
    CHECK((value_at(t).x.B.rowwise().norm().array() - 1).abs().maxCoeff() <= 1e-15);
  }
}

TEST_CASE("the trust region converges quadratically") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const TalkProblem talk("f_gamma:2,4", 8, seed);
    TrainingOptions options;
    options.method = Method::trust_region;
    Training training = talk.training(options);
    CHECK(to_string(training.run()) == "converged");
    const Trajectory& path = training.trajectory();
    int seen = 0;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      const double g = path[i].gradient_norm, next = path[i + 1].gradient_norm;
      if (g > 1e-2 || g < 1e-7) continue;
      CAPTURE(seed);
      CAPTURE(g);
      // ‖g⁺‖ <= C ‖g‖²; the conjugate gradients' residual alone adds ‖g‖². Rounding: 1e-14.
      CHECK(next <= 30 * g * g + 1e-13);
      ++seen;
    }
    CHECK(seen >= 1);
  }
}

TEST_CASE("L-BFGS and the trust region never go up") {
  for (const Method method : {Method::lbfgs, Method::trust_region}) {
    const TalkProblem talk("f", 10, 4);
    TrainingOptions options;
    options.method = method;
    Training training = talk.training(options);
    training.run();
    const Trajectory& path = training.trajectory();
    for (std::size_t i = 0; i + 1 < path.size(); ++i)
      CHECK(path[i + 1].loss <= path[i].loss + 1e-10 * path[0].loss);
  }
}

TEST_CASE("small steps follow the gradient flow to first order") {
  const TalkProblem talk("f", 4, 5, {Constraint::sphere, true});
  const auto end_of_flow = [&](int steps) {
    GradientDescent descent(*talk.objective, talk.start(), talk.freedom, 0.5 / steps);
    for (int i = 0; i < steps; ++i) CHECK(descent.advance() == Move::done);
    return flattened(descent.weights());
  };
  const double coarse = (end_of_flow(200) - end_of_flow(400)).norm();
  const double fine = (end_of_flow(400) - end_of_flow(800)).norm();
  // Euler's error is c h + O(h²): halved steps halve the differences.
  CHECK(coarse / fine > 1.9);
  CHECK(coarse / fine < 2.1);
}

TEST_CASE("a run from the teacher ends where it begins") {
  TalkProblem talk("f_gamma:2,4", 5, 1);
  Weights<double> x = talk.start();
  x.B = talk.values.teacher.B;
  for (const Method method : descents) {
    TrainingOptions options;
    options.method = method;
    options.freedom = talk.freedom;
    Training training(*talk.objective, x, talk.values.teacher.B, options);
    CHECK(to_string(training.run()) == "converged");
    CHECK(training.iteration() == 0);
    CHECK(same_bits(training.weights(), x));
  }
}
