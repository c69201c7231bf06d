#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sigmahat {

/// Counter-based standard normals: a number is a function of (seed, stream, index, coordinate)
/// alone.
///
/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011) with key = seed and counter =
/// (index low, index high, coordinate / 2, stream); each block of 128 random bits gives the two
/// coordinates 2p and 2p+1 by Box and Muller, 52 bits for the radius (largest |z|: 8.57) and 52 for
/// the angle. Basic arithmetic only, no contraction: the same bits on every machine.
class NormalStream {
 public:
  /// @param seed    names the sequence
  /// @param stream  independent sequences of one seed: one for each purpose
  NormalStream(std::uint64_t seed, std::uint32_t stream) : seed_(seed), stream_(stream) {}

  /// Coordinates 0..dimension-1 of samples first..first+count-1, column-major: sample i of
  /// coordinate j at out[j * leading_dimension + i].
  void fill(std::uint64_t first, std::size_t count, std::size_t dimension, double* out,
            std::size_t leading_dimension) const;

  /// The 128 random bits behind coordinates 2*pair and 2*pair+1 of sample `index`.
  std::array<std::uint32_t, 4> bits(std::uint64_t index, std::uint32_t pair) const;

  std::uint64_t seed() const { return seed_; }

 private:
  std::uint64_t seed_;
  std::uint32_t stream_;
};

}  // namespace sigmahat
