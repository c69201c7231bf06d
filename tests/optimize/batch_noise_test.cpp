#include <cmath>
#include <random>

#include <doctest/doctest.h>

#include <sigmahat/optimize/batch_noise.hpp>
#include <sigmahat/optimize/stochastic.hpp>

#include "talk_problem.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

/// ½ Σ λ_i b_i² of one row, whose gradients have independent normal errors.
class NoisyBowl final : public StochasticObjective, public Objective<double> {
 public:
  NoisyBowl(Vector<double> curvature, Vector<double> deviation, unsigned seed)
      : curvature_(std::move(curvature)), deviation_(std::move(deviation)), random_(seed) {}

  using Evaluation = StochasticObjective::Evaluation;

  void evaluate(std::uint64_t /*iteration*/, const Weights<double>& x,
                Evaluation& result) override {
    result = value_and_gradient(x);
    for (Eigen::Index i = 0; i < deviation_.size(); ++i)
      result.gradient.B(0, i) += deviation_[i] * normal_(random_);
  }
  std::uint64_t batch() const override { return 1; }

  double value(const Weights<double>& x) const override { return value_and_gradient(x).value; }
  Evaluation value_and_gradient(const Weights<double>& x) const override {
    const Vector<double> row = x.B.row(0).transpose();
    return {curvature_.dot(row.cwiseAbs2()) / 2,
            {Vector<double>::Zero(1), curvature_.cwiseProduct(row).transpose()}};
  }
  Weights<double> hessian_product(const Weights<double>& /*x*/,
                                  const Weights<double>& direction) const override {
    return direction;
  }
  Matrix<double> hessian(const Weights<double>& /*x*/) const override { return {}; }
  double constant() const override { return 0; }
  std::string method() const override { return "closed form"; }

 private:
  Vector<double> curvature_, deviation_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
};

}  // namespace

TEST_CASE("the noise of batches is that of their gradients") {
  const Vector<double> deviation{{0.5, 2.0, 0.1}};
  NoisyBowl bowl(Vector<double>{{1.0, 3.0, 10.0}}, deviation, 3);
  const Weights<double> x{Vector<double>::Ones(1), Matrix<double>::Ones(1, 3)};
  constexpr int batches = 4000;
  const double noise = batch_noise(bowl, bowl, x, {Constraint::free, false}, 0, batches);
  // Mostly of one direction, so a square of the mean square's error is 2/batches; five of them.
  CHECK(std::abs(noise * noise / deviation.squaredNorm() - 1) <= 5 * std::sqrt(2.0 / batches));
}

TEST_CASE("the noise of a sampled loss falls as one over the root of the batch") {
  const TalkProblem talk("f", 6, 4);
  const auto noise = [&](std::uint64_t batch) {
    BatchSampling sampling;
    sampling.batch = batch;
    const auto sampled =
        make_stochastic_objective(FullLoss{}, talk.values, talk.freedom.rows, sampling);
    return batch_noise(*talk.objective, *sampled, talk.start(), talk.freedom, 0, 200);
  };
  // Each mean square is known to √(2/200) = 0.1 or better, their ratio to 0.14; its root, to 0.07.
  CHECK(std::abs(std::log(noise(100) / noise(1600) / 4)) <= 4 * 0.07);
}

TEST_CASE("stochastic descent stays at its noise floor, whatever the curvature") {
  for (const double momentum : {0.0, 0.9})
    for (const Vector<double>& curvature :
         {Vector<double>{{1.0, 1.0, 1.0}}, Vector<double>{{0.3, 2.0, 5.0}}}) {
      const Vector<double> deviation{{0.5, 2.0, 1.0}};
      const double step = momentum > 0 ? 0.0005 : 0.005;
      constexpr std::uint64_t settle = 20'000, blocks = 40, block = 20'000;
      NoisyBowl bowl(curvature, deviation, 7);
      StochasticDescent descent(bowl, {Vector<double>::Ones(1), Matrix<double>::Zero(1, 3)},
                                {Constraint::free, false}, {StepSchedule::Shape::constant, step, 0},
                                settle, momentum);
      for (std::uint64_t i = 0; i < settle; ++i) descent.advance();
      double sum = 0, squares = 0;
      for (std::uint64_t b = 0; b < blocks; ++b) {
        double mean = 0;
        for (std::uint64_t i = 0; i < block; ++i) {
          descent.advance();
          mean += bowl.value(descent.weights()) / block;
        }
        sum += mean;
        squares += mean * mean;
      }
      const double mean = sum / blocks;
      const double error = std::sqrt((squares / blocks - mean * mean) / (blocks - 1));
      const double floor = noise_floor(deviation.norm(), step, momentum);
      CAPTURE(mean);
      CAPTURE(error);
      // Blocks are longer than the memory of 1/(h λ) = 700 iterations. Without momentum the mean
      // along λ is exactly 1/(1 - hλ/2) of its part of the floor, with it a little nearer.
      const double finite_step = step / (1 - momentum) * curvature.maxCoeff();
      CHECK(std::abs(mean - floor) <= 5 * error + finite_step * floor);
    }
}
