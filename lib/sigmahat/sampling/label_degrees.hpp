#pragma once

#include <optional>
#include <vector>

#include <sigmahat/sampling/sampled_loss.hpp>

namespace sigmahat {

/// Hermite degrees 0, 1 and 2 of the labels, where there: c + ⟨g, x⟩ + Σ_ab Q_ab (x_a x_b - δ_ab)/2
/// with c = E[y], g = E[y x], Q = E[y (x xᵀ - I)].
struct LabelDegrees {
  std::optional<double> constant;
  std::optional<Vector<double>> linear;     ///< d
  std::optional<Matrix<double>> quadratic;  ///< d×d

  /// Those that are there, increasing.
  std::vector<int> degrees() const;
  /// The value at each input.
  /// @param inputs  N×d, a sample is a row
  Vector<double> operator()(const Matrix<double>& inputs) const;
};

/// Highest degree of LabelDegrees: one more would be a tensor of d³ entries.
inline constexpr int highest_label_degree = 2;

/// From the teacher: Σ_j a_j σ̂_k h_k(b_j·x) for the `degrees` k. Throws DomainError for a degree
/// that LabelDegrees does not hold.
LabelDegrees label_degrees(const NetworkValues<double>& teacher, const std::vector<int>& degrees);

/// The same from samples, independent of those that other functions draw with the same seed: what
/// is subtracted from those samples' labels is then a function of nothing that they depend on, and
/// leaves the mean of every estimator without these degrees as it is, however rough it is itself.
/// @param samples  >= 1
/// @complexity O(N (m* d + d²)), O(N m* d) without degree 2
LabelDegrees estimated_label_degrees(const NetworkValues<double>& teacher, double noise_variance,
                                     const std::vector<int>& degrees, std::uint64_t samples,
                                     std::uint64_t seed, int threads);

}  // namespace sigmahat
