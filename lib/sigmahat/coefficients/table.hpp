#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/coefficients/exact_value.hpp>
#include <sigmahat/numeric/enclosure.hpp>

namespace sigmahat {

/// σ̂_k = E[σ(x) h_k(x)].
struct HermiteCoefficient {
  Enclosure enclosure;
  std::optional<ExactValue> exact;  ///< in symbols, where a closed form exists
};

/// σ̂_0 .. σ̂_K of one activation, each with its proven bound. Immutable in spirit: made by
/// hermite_coefficients and passed on.
struct CoefficientTable {
  Activation activation;
  int digits;  ///< asked for, relative to sqrt(E[σ²])
  std::vector<HermiteCoefficient> coefficients;
  Enclosure second_moment;  ///< E[σ²]
  /// Why a status is `estimated`: what could not be proven, and where. Empty otherwise.
  std::string estimated_because = {};

  int max_degree() const { return static_cast<int>(coefficients.size()) - 1; }
  /// D_k = E[σ²] - Σ_{j<=k} σ̂_j² >= 0 (MATH.md 2), -1 <= k <= K.
  Enclosure parseval_defect(int degree) const;
  Enclosure parseval_defect() const { return parseval_defect(max_degree()); }
};

/// Whether exact values are looked for. Symbols of numbers with a hundred digits say nothing, and
/// take long.
enum class Symbols { where_known, none };

/// Hermite coefficients of `activation` up to `max_degree`, each with a proven error bound.
///
/// Closed forms (MATH.md 2) where there are any and they are asked for, otherwise the trapezoidal
/// rule with its a-priori bound (MATH.md 2.1).
/// @param max_degree  0 <= K <= max_supported_degree; throws DomainError otherwise
/// @param digits      correct decimal digits wanted, relative to sqrt(E[σ²])
CoefficientTable hermite_coefficients(const Activation& activation, int max_degree, int digits,
                                      Symbols symbols = Symbols::where_known);

}  // namespace sigmahat
