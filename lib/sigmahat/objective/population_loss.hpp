#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/numeric/enclosure.hpp>

namespace sigmahat {

/// f(a,B) = E|y - ŷ|² (Theorem 1; MATH.md 4).
struct PopulationLoss {
  Enclosure value;
  Enclosure noise_variance;  ///< part of `value`
  std::string method;        ///< of the dual kernels: "closed form", "series, K = 210"
};

/// f by dual kernels: O((m + m*)² (d + cost of κ)).
/// @param digits  of working precision asked for; the bound says what was reached
PopulationLoss population_loss(const Problem& problem, int digits, int threads = 0);

/// One degree of Theorem 1.
struct DegreeTerm {
  int degree;
  Enclosure teacher_coefficient;  ///< σ̂_k
  Enclosure student_coefficient;  ///< γ̂_k; the same as σ̂_k where student and teacher share σ
  /// ‖Σ a*_i b*_i^{⊗k} - Σ a_i b_i^{⊗k}‖_F²
  Enclosure f_k;
  /// ‖σ̂_k Σ a*_i b*_i^{⊗k} - γ̂_k Σ a_i b_i^{⊗k}‖_F²; σ̂_k² f_k for equal activations
  Enclosure contribution;
};

/// f by its Hermite series.
struct SeriesLoss {
  Enclosure value;        ///< partial_sum + diagonal_tail, truncation_bound in its error bound
  Enclosure partial_sum;  ///< s² + Σ_{k<=K} contribution
  /// Σ_{k>K} of the terms with ρ = 1 (a row with itself), by Parseval: D_K Σ a_i² of both networks
  Enclosure diagonal_tail;
  Real truncation_bound;                 ///< on everything else beyond K
  int terms;                             ///< K + 1
  std::vector<DegreeTerm> degree_terms;  ///< k = 0..K
};

/// A coefficient replaced by a wrong value, to see a false claim refuted.
struct CoefficientOverride {
  int degree;
  Rational value;
};

struct SeriesOptions {
  int digits = 17;
  /// K; unset: the smallest K whose truncation bound is below 10^-digits of the loss scale, at most
  /// `max_degree_limit`.
  std::optional<int> max_degree;
  int max_degree_limit = 400;
  std::optional<CoefficientOverride> override_coefficient;
  int threads = 0;
};

/// f and its degree terms from Gram matrices; never forms a tensor.
SeriesLoss population_loss_series(const Problem& problem, const SeriesOptions& options);

/// The key lemma: E[y h_k(b·x)] = σ̂_k Σ_j a*_j ⟨b*_j, b⟩^k for k = 0..max_degree, b the unit row
/// `row` of the student.
std::vector<Enclosure> key_lemma_values(const Problem& problem, Eigen::Index row, int max_degree,
                                        int digits,
                                        const std::optional<CoefficientOverride>& wrong = {});

}  // namespace sigmahat
