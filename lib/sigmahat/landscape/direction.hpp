#pragma once

#include <cstdint>

#include <sigmahat/objective/sphere.hpp>

namespace sigmahat {

/// The NormalStream that random directions are drawn from: independent of weights and samples of
/// the same seed.
inline constexpr std::uint32_t direction_stream = 0xd0000000;

/// A tangent direction of length one, every one as likely as another: number `index` of `seed`.
Weights<double> random_direction(const Weights<double>& x, const Freedom& freedom,
                                 std::uint64_t seed, std::uint64_t index = 0);

/// `direction` without what leaves the manifold, of length one. Throws DomainError where nothing is
/// left.
Weights<double> unit_tangent(const Weights<double>& x, const Weights<double>& direction,
                             const Freedom& freedom);

}  // namespace sigmahat
