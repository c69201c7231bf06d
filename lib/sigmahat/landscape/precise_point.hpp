#pragma once

#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/objective/sphere.hpp>

namespace sigmahat {

/// An objective at a point, evaluated afresh in more digits than the point was found in.
struct PrecisePoint {
  Weights<Real> x;
  Real value;
  Real gradient_norm;  ///< of the Riemannian gradient
};

/// The point as it is, rows on the sphere scaled to be unit, at `digits` decimal digits.
PrecisePoint evaluate_precisely(const Problem& problem, const ObjectiveChoice& choice,
                                const Freedom& freedom, const Weights<double>& x, int digits);

/// The critical point near x, with a gradient of about 10^-digits of the Hessian's size or less.
///
/// Newton's method with one Hessian, that at x in double: every step gains about ten digits, and
/// gradients alone are computed to `digits`. Flat directions are left as they are.
/// Throws NumericalError where the gradient stops to decrease before it is there: at a point that
/// is not near a critical one, or where the Hessian has no limit.
PrecisePoint refine_precisely(const Problem& problem, const ObjectiveChoice& choice,
                              const Freedom& freedom, const Weights<double>& x, int digits);

}  // namespace sigmahat
