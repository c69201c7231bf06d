#pragma once

#include <optional>
#include <vector>

#include <sigmahat/landscape/shared_progress.hpp>
#include <sigmahat/objective/sphere.hpp>

namespace sigmahat {

/// An objective along a geodesic: f(γ(t)) and its derivatives.
struct LinePoint {
  double t;
  double value;
  std::optional<double> slope;      ///< none where the objective has no gradient
  std::optional<double> curvature;  ///< none where it has no Hessian
};

/// At the geodesic that leaves x with this tangent `velocity`, for each of `times`.
///
/// Throws NumericalError where a value leaves the range of double, and as the objective does.
/// @param threads  over the points; the objective is called from all of them
std::vector<LinePoint> along_line(const Objective<double>& objective, const Weights<double>& x,
                                  const Weights<double>& velocity, const std::vector<double>& times,
                                  const Freedom& freedom, int threads = 0,
                                  const WorkProgress& progress = {});

/// first, ..., last: `count` >= 2 numbers at equal distances.
std::vector<double> equally_spaced(double first, double last, int count);

}  // namespace sigmahat
