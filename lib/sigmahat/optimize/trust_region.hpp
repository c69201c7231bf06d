#pragma once

#include <sigmahat/optimize/descent.hpp>

namespace sigmahat {

/// The Riemannian trust-region method (Absil, Baker and Gallivan, Found. Comput. Math. 7, 2007):
/// the model with the exact Hessian, minimised within the region by truncated conjugate gradients
/// (Steihaug, SIAM J. Numer. Anal. 20, 1983). Near a minimum with a positive definite Hessian that
/// has a derivative it converges quadratically.
///
/// Needs Hessian products of the objective. Saddles are left along the directions of negative
/// curvature that the conjugate gradients meet.
class TrustRegion final : public DescentMethod {
 public:
  TrustRegion(const Objective<double>& objective, Weights<double> start, const Freedom& freedom);

  Move advance() override;
  OptimizerState state() const override;
  void restore(const Weights<double>& weights, const OptimizerState& state) override;

 private:
  struct ModelStep {
    Weights<double> direction;
    double model_decrease;  ///< m(0) - m(direction) >= 0
    bool on_boundary;
  };
  ModelStep minimise_model() const;
  Weights<double> hessian_times(const Weights<double>& direction) const;

  double largest_radius_, radius_;
};

}  // namespace sigmahat
