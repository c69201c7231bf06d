#include <algorithm>
#include <bit>

#include <Random123/philox.h>

#include <sigmahat/numeric/box_muller.hpp>
#include <sigmahat/numeric/normal.hpp>

namespace sigmahat {
namespace {

constexpr std::uint32_t low_word(std::uint64_t x) {
  return static_cast<std::uint32_t>(x);
}
constexpr std::uint32_t high_word(std::uint64_t x) {
  return static_cast<std::uint32_t>(x >> 32);
}

/// The upper 52 of 64 bits.
constexpr std::uint64_t upper_52(std::uint32_t high, std::uint32_t low) {
  return (std::uint64_t{high} << 20) | (low >> 12);
}

}  // namespace

std::array<std::uint32_t, 4> NormalStream::bits(std::uint64_t index, std::uint32_t pair) const {
  const r123::Philox4x32::ctr_type counter{{low_word(index), high_word(index), pair, stream_}};
  const r123::Philox4x32::key_type key{{low_word(seed_), high_word(seed_)}};
  return std::bit_cast<std::array<std::uint32_t, 4>>(r123::Philox4x32()(counter, key));
}

void NormalStream::fill(std::uint64_t first, std::size_t count, std::size_t dimension, double* out,
                        std::size_t leading_dimension) const {
  constexpr std::size_t chunk = 256;
  std::array<std::uint64_t, chunk> radius_bits, angle_bits;
  std::array<double, chunk> unused;
  for (std::size_t column = 0; column < dimension; column += 2) {
    for (std::size_t start = 0; start < count; start += chunk) {
      const std::size_t length = std::min(chunk, count - start);
      for (std::size_t i = 0; i < length; ++i) {
        const auto word = bits(first + start + i, static_cast<std::uint32_t>(column / 2));
        radius_bits[i] = upper_52(word[1], word[0]);
        angle_bits[i] = upper_52(word[3], word[2]);
      }
      double* const even = out + column * leading_dimension + start;
      double* const odd = column + 1 < dimension ? even + leading_dimension : unused.data();
      box_muller(length, radius_bits.data(), angle_bits.data(), even, odd);
    }
  }
}

}  // namespace sigmahat
