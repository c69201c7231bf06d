#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sigmahat/coefficients/exact_value.hpp>
#include <sigmahat/objective/make_objective.hpp>

namespace sigmahat {

/// One degree of a loss in symbols; what the ring does not hold is empty.
struct ExactDegreeTerm {
  int degree;
  std::optional<ExactValue> f_k;           ///< rational for rational inner products
  std::optional<ExactValue> contribution;  ///< σ̂_k² f_k, and its kin (DegreePart)
};

/// A loss in symbols.
struct ExactLoss {
  std::optional<ExactValue> value;
  std::vector<ExactDegreeTerm> degree_terms;
  std::optional<ExactValue> partial_sum;  ///< noise variance and the contributions, together
  /// Why `value` is empty, in words; empty otherwise.
  std::string value_absent_because;
  /// The same of the first entry of `degree_terms` that is empty, or of their absence.
  std::string terms_absent_because;
};

/// Different inner products of unit rows that are followed: each has its own arcsine and root.
inline constexpr int max_exact_products = 256;
/// Rational multiplications, (m + m*)² d of them, that are made to find the inner products.
inline constexpr double max_exact_work = 2e7;
/// Binary digits of a result; a longer one is left out.
inline constexpr std::size_t max_exact_bits = 20'000;

/// f, f_γ or Σ w_k f_k at the problem's student, and its degrees 0..max_degree, in symbols.
///
/// Rows are rational, or those of the identity; they may have any length where the activation is
/// positively homogeneous or the problem is to be normalised, and then bring square roots. What is
/// beyond this, beyond the limits above, or beyond the ring (no closed form of the kernel) is
/// absent, and said in words.
/// Throws InputError as validate() does, DomainError for an objective that is no squared distance.
ExactLoss exact_loss(const Problem& problem, const ObjectiveChoice& objective, int max_degree);

}  // namespace sigmahat
