#pragma once

#include <vector>

#include <sigmahat/gadget/gadget.hpp>

namespace sigmahat {

/// The derivative of φ with respect to its vectors, these being fixed, for many x:
///   ∂φ/∂b_l = (∂φ/∂u_l) x + Σ_k (1 + δ_lk) (∂φ/∂g_lk) b_k.
///
/// Each entry of it is in the same Hermite degrees as φ, since the derivative of W_α(b, ·) by b is:
/// what may be taken out of the labels for φ may be taken out here.
template <Scalar T>
class BoundGadgetGradient {
 public:
  /// @param vectors  n×d
  BoundGadgetGradient(const Gadget& gadget, Matrix<T> vectors);

  /// @param inputs       N×d, a sample is a row
  /// @param projections  N×n, inputs · vectorsᵀ
  /// @return n of them, ∂φ/∂b_l, N×d
  std::vector<Matrix<T>> operator()(const Matrix<T>& inputs, const Matrix<T>& projections) const;

 private:
  Matrix<T> vectors_;
  std::vector<BoundGadget<T>> by_projection_;  ///< ∂φ/∂u_l
  std::vector<BoundGadget<T>> by_gram_;        ///< ∂φ/∂g_lk, l <= k, row by row
};

/// E[y ∂φ/∂b_l] = Σ_j a*_j (∂p/∂t_l)(⟨b*_j, b_1⟩, ...) b*_j, n×d: the gradient of the expectation.
/// @param a      m*
/// @param B      m*×d, unit rows
/// @param vectors  n×d
template <Scalar T>
Matrix<T> expectation_gradient(const Gadget& gadget, const Vector<T>& a, const Matrix<T>& B,
                               const Matrix<T>& vectors);

}  // namespace sigmahat
