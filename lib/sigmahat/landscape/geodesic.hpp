#pragma once

#include <sigmahat/objective/sphere.hpp>

namespace sigmahat {

// The shortest curves of the manifold that a Freedom describes, at constant speed: rows on the
// sphere run along great circles, all else along straight lines. Along one of them the second
// derivative of an objective is its Riemannian Hessian's quadratic form of the velocity.

/// Where the geodesic is at time t that leaves x with this tangent `velocity`.
Weights<double> geodesic_point(const Weights<double>& x, const Weights<double>& velocity, double t,
                               const Freedom& freedom);
/// Its velocity there.
Weights<double> geodesic_velocity(const Weights<double>& x, const Weights<double>& velocity,
                                  double t, const Freedom& freedom);

/// The velocity with which the shortest geodesic from x is at y when t = 1. Where a is fixed it
/// stays that of x.
///
/// Throws DomainError where the shapes differ or rows on the sphere are opposite to each other:
/// there are many ways then.
Weights<double> velocity_towards(const Weights<double>& x, const Weights<double>& y,
                                 const Freedom& freedom);

/// The length of that geodesic; there is one also where rows are opposite.
double geodesic_distance(const Weights<double>& x, const Weights<double>& y,
                         const Freedom& freedom);

}  // namespace sigmahat
