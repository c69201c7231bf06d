#pragma once

#include <optional>

#include <sigmahat/activation/activation.hpp>

namespace sigmahat {

/// σ', where σ is proven to be continuous and, between finitely many kinks, analytic: then σ' as a
/// distribution is a function, and (σ')^_{k-1} = √k σ̂_k (MATH.md 2). Nothing where σ jumps, where
/// nothing is proven, or where σ' is not square integrable.
std::optional<Activation> weak_derivative(const Activation& sigma);

}  // namespace sigmahat
