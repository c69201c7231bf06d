#pragma once

#include <sigmahat/sampling/sampled_gradient.hpp>

namespace sigmahat {

/// Σ w_k f_k, f_k = ‖T_k - S_k‖² with T_k = Σ a*_i b*_i^{⊗k} and S_k = Σ a_i b_i^{⊗k}, of which a
/// batch estimates what it must. Internal: not installed.
///
/// Σ w_k ‖T_k‖² and Σ w_k ‖S_k‖² are exact, from Gram matrices. By the key lemma (MATH.md 4, 6)
///     -2 Σ w_k ⟨T_k,S_k⟩ = -2 E[y Σ_j a_j Σ_k (w_k/σ̂_k) ‖b_j‖^k h_k(⟨b_j,x⟩/‖b_j‖)],
/// a label product with the student that f_γ has for γ = Σ (w_k/σ̂_k) h_k. On a data set the sum is
/// Σ w_k ‖T̂_k - S_k‖² but for a constant, T̂_k the mean of y H_k(x)/σ̂_k.
template <class T>
class SampledDegrees final : public StochasticObjective {
 public:
  /// Throws as Gadget does where a degree with a weight cannot be estimated; InputError where the
  /// teacher's rows are not unit.
  /// @param problem  whether its student has biases plays no part: tensors do not know of them
  SampledDegrees(const DegreeLoss& loss, const ProblemValues<double>& problem,
                 Constraint constraint, const BatchSampling& sampling);

  void evaluate(std::uint64_t iteration, const Weights<double>& x, Evaluation& result) override;
  std::uint64_t batch() const override { return labels_.batch(); }

 private:
  std::vector<double> weights_;  ///< w_0..w_K
  double teacher_;               ///< Σ w_k ‖T_k‖²
  SampledGradient<T> labels_;
  Matrix<double> gram_, values_, slopes_;  ///< m×m
};

}  // namespace sigmahat
