#pragma once

#include <functional>
#include <optional>

#include <sigmahat/optimize/descent.hpp>

namespace sigmahat {

struct LineSearchOptions {
  double sufficient_decrease = 0.1;  ///< δ
  double curvature = 0.9;            ///< σ; δ < min(1/2, σ)
  int most_evaluations = 40;
};

/// A step that the Wolfe conditions hold for, or near the rounding of values those of Hager and
/// Zhang (SIAM J. Optim. 16, 2005), which ask for slopes alone:
///   φ(t) <= φ(0) + δ t φ'(0)  and  φ'(t) >= σ φ'(0),  or
///   φ(t) <= φ(0) + rounding   and  (2δ - 1) φ'(0) >= φ'(t) >= σ φ'(0).
/// So a gradient can be driven to where values no longer tell two points apart.
struct LineStep {
  double t;
  Iterate iterate;
};

/// @param direction    tangent, the objective falls along it
/// @param first_trial  > 0
/// @param rounding     of values
/// @param evaluate     the objective at a point
/// @return none where no such step is found
std::optional<LineStep> wolfe_step(const Iterate& from, const Weights<double>& direction,
                                   double first_trial, double rounding, const Freedom& freedom,
                                   const std::function<Iterate(Weights<double>)>& evaluate,
                                   const LineSearchOptions& options = {});

}  // namespace sigmahat
