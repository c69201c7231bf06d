#pragma once

#include <functional>
#include <map>
#include <optional>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/coefficients/exact_value.hpp>

namespace sigmahat {

/// κ in symbols at ρ = sign(s)·sqrt(|s|), s = signed_square from -1 to 1. Empty where the ring does
/// not hold the number: an exponential of an irrational ρ.
using ExactKernel = std::function<std::optional<ExactValue>(const Rational& signed_square)>;

/// Highest power of x_+ that is followed in symbols: the text of its kernel fills a page.
inline constexpr int max_exact_power = 20;

/// κ_{σγ} in symbols (MATH.md 3), for the pairs that make_dual_kernel has a closed form for: no
/// function where there is none, where a power of x_+ exceeds max_exact_power, and for a polynomial
/// with a function whose coefficients are not exact.
ExactKernel make_exact_kernel(const Activation& sigma, const Activation& gamma);

/// Σ_k c_k ρ^k.
ExactKernel make_exact_polynomial(std::map<int, ExactValue> coefficients);

}  // namespace sigmahat
