#pragma once

#include <cstdint>

#include <sigmahat/objective/objective.hpp>
#include <sigmahat/optimize/optimizer.hpp>
#include <sigmahat/optimize/step_schedule.hpp>
#include <sigmahat/sampling/stochastic_objective.hpp>

namespace sigmahat {

/// The exact objective as the estimate of itself; its batches are empty.
class ExactGradient final : public StochasticObjective {
 public:
  explicit ExactGradient(const Objective<double>& objective) : objective_(objective) {}
  void evaluate(std::uint64_t iteration, const Weights<double>& x, Evaluation& result) override;
  std::uint64_t batch() const override { return 0; }

 private:
  const Objective<double>& objective_;
};

/// What the methods with step schedules share. What is sampled outlives the optimizer.
class StochasticMethod : public Optimizer {
 public:
  Move advance() final;
  const Weights<double>& weights() const final { return x_; }
  std::uint64_t iteration() const { return iteration_; }
  /// Estimated at the weights before the last step.
  double last_loss() const { return last_loss_; }

 protected:
  /// @param iterations  of the whole run, for the schedule
  StochasticMethod(StochasticObjective& sampled, Weights<double> start, const Freedom& freedom,
                   const StepSchedule& schedule, std::uint64_t iterations);
  /// The direction, tangent at x, that the step is a multiple of.
  virtual Weights<double> direction(const Weights<double>& x, Weights<double> gradient) = 0;
  /// Carries what is remembered to the tangent space at x.
  virtual void transport(const Weights<double>& x) = 0;

  OptimizerState common_state() const;
  void restore_common(const Weights<double>& weights, const OptimizerState& state);

  Freedom freedom_;

 private:
  StochasticObjective& sampled_;
  Weights<double> x_;
  StepSchedule schedule_;
  std::uint64_t iterations_, iteration_ = 0;
  double last_loss_ = 0;
  StochasticObjective::Evaluation evaluation_;  ///< memory kept from step to step
};

/// Stochastic gradient descent with momentum μ: u ← μ u + g, x ← R(x, -h u).
class StochasticDescent final : public StochasticMethod {
 public:
  StochasticDescent(StochasticObjective& sampled, Weights<double> start, const Freedom& freedom,
                    const StepSchedule& schedule, std::uint64_t iterations, double momentum = 0);
  OptimizerState state() const override;
  void restore(const Weights<double>& weights, const OptimizerState& state) override;

 private:
  Weights<double> direction(const Weights<double>& x, Weights<double> gradient) override;
  void transport(const Weights<double>& x) override;

  double momentum_;
  Weights<double> velocity_;
};

/// Adam (Kingma and Ba, ICLR 2015). Rows on the sphere have one second moment each, that of their
/// gradients' lengths, so that a rotation of the inputs rotates the run (Bécigneul and Ganea, ICLR
/// 2019); all else has one for each entry.
class Adam final : public StochasticMethod {
 public:
  struct Decay {
    double first = 0.9, second = 0.999;
  };
  Adam(StochasticObjective& sampled, Weights<double> start, const Freedom& freedom,
       const StepSchedule& schedule, std::uint64_t iterations, const Decay& decay);
  OptimizerState state() const override;
  void restore(const Weights<double>& weights, const OptimizerState& state) override;

 private:
  Weights<double> direction(const Weights<double>& x, Weights<double> gradient) override;
  void transport(const Weights<double>& x) override;

  Decay decay_;
  Weights<double> mean_, square_;
};

}  // namespace sigmahat
