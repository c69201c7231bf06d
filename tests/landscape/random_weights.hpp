#pragma once

#include <cstdint>

#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/optimize/manifold.hpp>

namespace sigmahat::test {

/// Normal entries, rows on the manifold.
inline Weights<double> random_weights(Eigen::Index m, Eigen::Index d, std::uint64_t seed,
                                      const Freedom& freedom, bool biases = false) {
  Vector<double> entries(m + m * d + (biases ? m : 0));
  NormalStream(seed, 7).fill(0, 1, static_cast<std::size_t>(entries.size()), entries.data(), 1);
  return on_manifold(unflattened(entries, m, d), freedom);
}

}  // namespace sigmahat::test
