#pragma once

#include <sigmahat/kernel/pair_kernel.hpp>
#include <sigmahat/objective/objective.hpp>

namespace sigmahat {

// Rows on the unit sphere: the manifold R^m × (S^{d-1})^m, or (S^{d-1})^m where the output weights
// a are fixed; times R^m where the neurons have biases. Everywhere below the rows of x.B are unit
// vectors.

/// Which weights a derivative moves.
struct Freedom {
  Constraint rows = Constraint::sphere;
  bool trains_a = true;
};

/// `direction` without what leaves the manifold: each row's part along the row, and a where a is
/// fixed.
template <Scalar T>
Weights<T> tangential(const Weights<T>& x, Weights<T> direction, const Freedom& freedom);

/// The Riemannian Hessian at x times a tangent direction, from the Euclidean gradient at x and the
/// Euclidean Hessian times that direction: row i of it is the projection of
/// (H v)_i - ⟨g_i, b_i⟩ v_i (Absil, Mahony and Trumpf, GSI 2013).
template <Scalar T>
Weights<T> riemannian_hessian_product(const Weights<T>& x, const Weights<T>& gradient,
                                      const Weights<T>& hessian_times_direction,
                                      const Weights<T>& direction, const Freedom& freedom);

/// The Hessian as a symmetric matrix over an orthonormal basis of the directions in which the
/// weights may move: first those of a, if a is trained, then d - 1 of each row, or d of a free one,
/// then the biases. Its eigenvalues are the Hessian's.
template <Scalar T>
Matrix<T> hessian_on_basis(const Weights<T>& x, const Weights<T>& gradient,
                           const Matrix<T>& hessian, const Freedom& freedom);
/// A tangent direction in the coordinates of that basis.
template <Scalar T>
Vector<T> on_basis(const Weights<T>& x, const Weights<T>& tangent, const Freedom& freedom);
/// The tangent direction that has these coordinates.
template <Scalar T>
Weights<T> from_basis(const Weights<T>& x, const Vector<T>& coordinates, const Freedom& freedom);

}  // namespace sigmahat
