#pragma once

#include <sigmahat/objective/sphere.hpp>

namespace sigmahat {

// Moving on the manifold that a Freedom describes: its tangent space is that of
// objective/sphere.hpp. Rows on the sphere move by the metric projection, which agrees with the
// geodesics to second order (Absil and Malick, SIAM J. Optim. 22, 2012).

/// x moved by a tangent `direction`: rows on the sphere to (b + v)/‖b + v‖, all else to x + v.
Weights<double> retracted(const Weights<double>& x, const Weights<double>& direction,
                          const Freedom& freedom);
/// The same in the place of x.
void retract(Weights<double>& x, const Weights<double>& direction, const Freedom& freedom);

/// d/ds of the objective along s ↦ retracted(x, s direction) at s = t: each row moves with
/// P v/‖b + t v‖.
/// @param gradient  the Riemannian one at retracted(x, t direction)
double slope_along(const Weights<double>& x, const Weights<double>& direction, double t,
                   const Weights<double>& gradient, const Freedom& freedom);

/// x with its rows scaled to unit length, where they are to be: rounding leaves them there.
///
/// Throws InputError for a row that is zero.
Weights<double> on_manifold(Weights<double> x, const Freedom& freedom);

/// Numbers that can change on the manifold: its dimension.
Eigen::Index dimension(const Weights<double>& x, const Freedom& freedom);

}  // namespace sigmahat
