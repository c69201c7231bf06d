#pragma once

#include <sigmahat/objective/objective.hpp>
#include <sigmahat/objective/sphere.hpp>

namespace sigmahat {

/// A point where the Riemannian gradient vanishes, as far as `gradient_norm` says.
struct CriticalPoint {
  Weights<double> x;
  double value;
  double gradient_norm;
};

/// Which critical points Newton's method goes to.
enum class Refine {
  any,  ///< whatever their index
  /// The minimum that is near: it ends where the Hessian is not positive definite, and where the
  /// second step is not less than a quarter of the first.
  minima,
};

struct Refinement {
  CriticalPoint point;
  bool converged;  ///< point.gradient_norm <= tolerance
  int steps;
  double distance;     ///< length of the first step
  double contraction;  ///< length of the second step by that of the first; 0 where there is none
  bool positive_definite;  ///< the Hessian was, clearly, wherever a step was taken
};

/// Newton's method from a point near a critical one, whatever its index: full steps until the
/// gradient's norm is at most `tolerance` or decreases no more.
///
/// Two steps along each positive definite Hessian. Linear systems by Cholesky's factors up to a
/// few hundred dimensions and by conjugate gradients beyond. Where the Hessian is not positive
/// definite, by its eigenvectors: eigenvalues that count less than 1e-10 of the largest belong to
/// directions along which nothing changes, and the step has no part in them.
///
/// Whether it went to the critical point that was near, the first two steps say: with a contraction
/// below 1/4 they lie in Newton's region of convergence (Deuflhard, Newton Methods for Nonlinear
/// Problems, 2011, section 2.1; the second step is his simplified one).
/// Throws as the objective does, and NumericalError for a Hessian that is not positive definite in
/// more than max_spectrum dimensions.
/// @param tolerance  >= 0; rounding leaves about 1e-16 times the largest eigenvalue of the Hessian
/// and the length of x
Refinement refine_critical_point(const Objective<double>& objective, Weights<double> x,
                                 const Freedom& freedom, double tolerance = 1e-12,
                                 Refine which = Refine::any);

/// The Riemannian Hessian's eigenvalues, increasing, with eigenvectors on the basis of
/// hessian_on_basis. The error is about 1e-14 of the largest one.
struct HessianEigensystem {
  Vector<double> values;
  Matrix<double> vectors;  ///< column k belongs to values[k]; empty where not asked for
};
/// Throws as the objective does, NumericalError where there are more than max_spectrum.
HessianEigensystem hessian_eigensystem(const Objective<double>& objective, const Weights<double>& x,
                                       const Freedom& freedom, bool vectors = false);

/// What the signs of the eigenvalues say: those that count less than `flatness` of the largest are
/// zero to all that double shows.
struct Curvature {
  int negative;  ///< the Morse index
  int zero;      ///< flat directions
  double smallest, largest;
};
Curvature curvature(const Vector<double>& eigenvalues, double flatness = 1e-7);

}  // namespace sigmahat
