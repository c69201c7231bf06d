#pragma once

#include <optional>

#include <sigmahat/optimize/descent.hpp>

namespace sigmahat {

/// Riemannian gradient descent.
///
/// With a fixed step it follows the gradient flow, as far as the step is small against the inverse
/// of the curvature. Without one the trial step is Barzilai and Borwein's, accepted against a
/// moving average of the values (Iannazzo and Porcelli, IMA J. Numer. Anal. 38, 2018; Zhang and
/// Hager, SIAM J. Optim. 14, 2004) and halved otherwise: no monotone descent, but far fewer
/// iterations. Where rounding hides the difference of two values, slopes decide (see wolfe_step).
class GradientDescent final : public DescentMethod {
 public:
  /// @param fixed_step  > 0
  GradientDescent(const Objective<double>& objective, Weights<double> start, const Freedom& freedom,
                  std::optional<double> fixed_step = {});

  Move advance() override;
  OptimizerState state() const override;
  void restore(const Weights<double>& weights, const OptimizerState& state) override;

 private:
  Move advance_by(double step);
  void choose_next_trial(const Weights<double>& moved, const Iterate& next);

  std::optional<double> fixed_step_;
  double trial_;
  double average_, average_weight_ = 1;
};

}  // namespace sigmahat
