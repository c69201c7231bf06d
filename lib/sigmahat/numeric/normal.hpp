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
  /// Normals in single precision: others than those in double, in half the time.
  ///
  /// Rounded doubles would cost as much as doubles do. Here a block of 128 bits, counter
  /// (index low, index high, coordinate / 4, stream), gives the four coordinates 4p..4p+3, as two
  /// pairs of 31 bits for the radius (largest |z|: 6.66, beyond which lie 3e-11 of the
  /// distribution) and 32 for the angle. The bits are those that doubles are made from: samples of
  /// the two formats are not independent unless the stream or the seed differs.
  void fill(std::uint64_t first, std::size_t count, std::size_t dimension, float* out,
            std::size_t leading_dimension) const;
  /// Samples with these indices, in their order.
  void fill(std::span<const std::uint64_t> indices, std::size_t dimension, double* out,
            std::size_t leading_dimension) const;
  void fill(std::span<const std::uint64_t> indices, std::size_t dimension, float* out,
            std::size_t leading_dimension) const;

  /// The 128 random bits behind coordinates 2*block and 2*block+1 of sample `index` in double, and
  /// behind coordinates 4*block..4*block+3 in float.
  std::array<std::uint32_t, 4> bits(std::uint64_t index, std::uint32_t block) const;

  std::uint64_t seed() const { return seed_; }

 private:
  std::uint64_t seed_;
  std::uint32_t stream_;
};

}  // namespace sigmahat
