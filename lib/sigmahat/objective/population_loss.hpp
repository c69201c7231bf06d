#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/numeric/enclosure.hpp>
#include <sigmahat/objective/make_objective.hpp>

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

/// One degree of a squared distance between networks (DegreePart).
struct DegreeTerm {
  int degree;
  /// σ̂_k, and the student's γ̂_k: the same where they share σ, zero where the student has dropped
  /// the degree. Neither where the degree has a weight, nor where rows are not unit or have biases:
  /// then each neuron has its own.
  std::optional<Enclosure> teacher_coefficient, student_coefficient;
  std::optional<Rational> weight;
  /// ‖Σ a*_i b*_i^{⊗k} - Σ a_i b_i^{⊗k}‖_F², of unit rows without biases
  std::optional<Enclosure> f_k;
  /// ‖σ̂_k Σ a*_i b*_i^{⊗k} - γ̂_k Σ a_i b_i^{⊗k}‖_F², where each neuron's coefficient is that of its
  /// length and bias; σ̂_k² f_k for equal coefficients; or w_k f_k
  Enclosure contribution;
  /// False where the teacher has this degree and the student has not: nothing the student does
  /// changes the contribution.
  bool reachable;
};

/// A squared distance between networks by its Hermite series.
struct SeriesLoss {
  Enclosure value;        ///< partial_sum + known_tail, truncation_bound in its error bound
  Enclosure partial_sum;  ///< Σ_{k<=K} contribution, and s² but for Σ w_k f_k
  /// What is known of the terms beyond K: those with ρ = 1 (a row with itself) by Parseval, D_K Σ
  /// a_i² of both networks; of the finite sum Σ w_k f_k all of them.
  Enclosure known_tail;
  Real truncation_bound;                 ///< on everything else beyond K
  int terms;                             ///< K + 1, or the number of weights up to K
  std::vector<DegreeTerm> degree_terms;  ///< k = 0..K, or those that have a weight
};

/// A coefficient replaced by a wrong value, to see a false claim refuted.
struct CoefficientOverride {
  int degree;
  Rational value;
};

struct SeriesOptions {
  ObjectiveChoice objective = FullLoss{};  ///< f, f_γ or Σ w_k f_k
  int digits = 17;
  /// K; unset: the smallest K whose truncation bound is below 10^-digits of the loss scale, at most
  /// `max_degree_limit`.
  std::optional<int> max_degree;
  int max_degree_limit = 400;
  std::optional<CoefficientOverride> override_coefficient;
  int threads = 0;
};

/// The objective and its degree terms from Gram matrices; never forms a tensor. Throws DomainError
/// for one that is no squared distance; InputError for Σ w_k f_k, or a coefficient overridden,
/// where rows are not unit or have biases.
SeriesLoss population_loss_series(const Problem& problem, const SeriesOptions& options);

/// The key lemma: E[y h_k(b·x)] = σ̂_k Σ_j a*_j ⟨b*_j, b⟩^k for k = 0..max_degree, b the unit row
/// `row` of the student.
std::vector<Enclosure> key_lemma_values(const Problem& problem, Eigen::Index row, int max_degree,
                                        int digits,
                                        const std::optional<CoefficientOverride>& wrong = {});

}  // namespace sigmahat
