#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sigmahat/gadget/gadget.hpp>
#include <sigmahat/network/problem.hpp>

namespace sigmahat {

/// What is done to y φ so that it varies less; its mean stays as it is.
struct VarianceReduction {
  /// Hermite degrees k that are taken out of the labels: y - Σ_j a*_j σ̂_k h_k(b*_j·x).
  std::vector<int> centered = {};
  /// The mean over x and -x; the noise of the two labels is independent.
  bool antithetic = false;
};

/// Throws DomainError, naming the degree, where labels without one of these degrees would move the
/// mean of y φ: where p has terms of that degree; and for degrees that no gadget has.
void require_unbiased(const Gadget& gadget, const std::vector<int>& centered);

/// Var[y φ] of one sample (of one pair of them where antithetic), in closed form or by series with
/// certified tails (docs/design/gadget-variance.md). A value.
///
/// What all reductions of one gadget share is computed once.
class GadgetVariance {
 public:
  /// @param problem  the teacher's rows unit, the vectors the student's first rows as given
  /// @param digits   decimal digits wanted; fewer come where a series is too slow for them
  /// @complexity O(m*² (T N² + K N²)) operations, T terms of the square of φ, N twice its degree, K
  ///             about digits/log10(1/|ρ|), ρ the largest correlation of two teacher rows
  GadgetVariance(const Gadget& gadget, const Problem& problem, int digits);

  struct Result {
    std::optional<Enclosure> value;
    std::string obstacle;  ///< why there is no value
  };
  /// Throws as require_unbiased does.
  Result of(const VarianceReduction& reduction) const;

 private:
  struct Shared;
  std::shared_ptr<const Shared> shared_;
};

}  // namespace sigmahat
