#pragma once

#include <deque>

#include <sigmahat/optimize/descent.hpp>

namespace sigmahat {

/// L-BFGS on the manifold: the two-loop recursion over the last pairs of steps and changes of the
/// gradient, carried from one tangent space to the next by projection (Huang, Absil and Gallivan,
/// SIAM J. Optim. 28, 2018), with the line search of wolfe_step.
///
/// Our own, for what LBFGSpp and its like do not give: steps one at a time, a state that can be put
/// back bit for bit, and a manifold (docs/design/optimizers.md).
class LimitedMemoryBfgs final : public DescentMethod {
 public:
  /// @param memory  pairs that are kept, >= 1
  LimitedMemoryBfgs(const Objective<double>& objective, Weights<double> start,
                    const Freedom& freedom, int memory = 10);

  Move advance() override;
  OptimizerState state() const override;
  void restore(const Weights<double>& weights, const OptimizerState& state) override;

 private:
  struct Pair {
    Weights<double> s, y;
    double inverse_curvature;  ///< 1/⟨s,y⟩
  };
  Weights<double> direction() const;
  void remember(Weights<double> s, Weights<double> y);

  std::size_t memory_;
  std::deque<Pair> pairs_;  ///< the oldest first; in the tangent space at the current point
};

}  // namespace sigmahat
