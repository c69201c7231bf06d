#pragma once

#include <sigmahat/optimize/descent.hpp>

namespace sigmahat {

/// The gradient flow ẋ = -grad f(x), followed to a given accuracy: which minimum it ends at is a
/// property of the start and of nothing else.
///
/// Runge–Kutta–Chebyshev steps of second order (Sommeijer, Shampine and Verwer, J. Comput. Appl.
/// Math. 88, 1998): with s gradients a step is stable up to 2/3 s² over the largest curvature,
/// where s steps of gradient descent get to 2 s over it. So stiffness costs its root, and near a
/// minimum, where accuracy asks for little, steps grow. On the sphere stages and steps are
/// retracted by scaling the rows, and the flow is that of the Riemannian gradient.
class GradientFlow final : public DescentMethod {
 public:
  /// @param tolerance  of the error of one step, as a share of the length of the weights that move;
  /// > 0
  GradientFlow(const Objective<double>& objective, Weights<double> start, const Freedom& freedom,
               double tolerance = 1e-3);

  Move advance() override;
  OptimizerState state() const override;
  void restore(const Weights<double>& weights, const OptimizerState& state) override;

  /// The time that has gone by on the flow.
  double time() const { return time_; }

 private:
  void estimate_stiffness();
  /// Takes next_ to the step's end, by `stages` gradients; returns the error estimated of it, as a
  /// share of what is tolerated.
  double chebyshev_step(double step, int stages);
  double length_of_weights() const;

  double tolerance_;
  double time_ = 0;
  double step_ = 0;       ///< the next one to try; 0: none has been made yet
  double stiffness_ = 0;  ///< estimate of the Hessian's largest eigenvalue along the way
  Vector<double> stiff_;  ///< the direction that goes with it, over the entries of `flattened`
  int since_estimate_ = 0;
  // What steps work in, kept from one to the next.
  Iterate next_;
  Weights<double> before_last_, last_;  ///< offsets of two stages from the step's start
};

}  // namespace sigmahat
