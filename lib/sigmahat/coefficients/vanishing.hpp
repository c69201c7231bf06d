#pragma once

#include <optional>
#include <vector>

#include <sigmahat/coefficients/table.hpp>

namespace sigmahat {

/// The degrees of the table at which σ̂_k is proven to be zero, by parity or by its closed form. An
/// enclosure that holds zero and more proves nothing, nor does an estimate.
std::vector<int> vanishing_degrees(const CoefficientTable& table);

/// The first k >= 1 with σ̂_k != 0 (Ben Arous, Gheissari, Jagannath 2021), where the table proves
/// it.
struct InformationExponent {
  std::optional<int> degree;
  /// Where there is none: the first degree >= 1 that cannot be told from zero; absent if all
  /// vanish.
  std::optional<int> undecided = std::nullopt;
};
InformationExponent information_exponent(const CoefficientTable& table);

}  // namespace sigmahat
