#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

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

// Random123 computes one counter at a time. `fill` needs many, and compilers do not find the
// 32 x 32 -> 64 bit multiplication of vector registers by themselves, so the same rounds stand here
// once more, one counter per lane of 64 bits.
#if defined(__AVX512F__)
constexpr std::size_t register_bytes = 64;
#elif defined(__AVX2__)
constexpr std::size_t register_bytes = 32;
#else
constexpr std::size_t register_bytes = 16;
#endif
typedef std::uint64_t Lanes __attribute__((vector_size(register_bytes)));
constexpr std::size_t lane_count = register_bytes / sizeof(std::uint64_t);

constexpr std::uint64_t word_mask = 0xFFFFFFFF;

/// Products of the low words of x and y.
inline Lanes low_word_product(Lanes x, Lanes y) {
#if defined(__AVX512F__)
  return (Lanes)_mm512_mul_epu32((__m512i)x, (__m512i)y);
#elif defined(__AVX2__)
  return (Lanes)_mm256_mul_epu32((__m256i)x, (__m256i)y);
#elif defined(__SSE2__)
  return (Lanes)_mm_mul_epu32((__m128i)x, (__m128i)y);
#else
  return (x & word_mask) * (y & word_mask);
#endif
}

/// The upper 52 bits of the numbers whose words are the low words of `high` and `low`.
inline Lanes upper_52(Lanes high, Lanes low) {
  return ((high & word_mask) << 20) | ((low & word_mask) >> 12);
}

constexpr std::size_t chunk = 256;  // samples whose bits stay in the innermost cache
static_assert(chunk % lane_count == 0);
using ChunkBits = std::array<std::uint64_t, chunk>;

struct Key {
  std::uint64_t seed;
  std::uint32_t stream;
};

/// The bits of one pair of coordinates of samples first..first+count-1, and of a few more where
/// `count` is not a multiple of the lanes.
void fill_bits(const Key& key, std::uint64_t first, std::size_t count, std::uint32_t pair,
               ChunkBits& radius_bits, ChunkBits& angle_bits) {
  Lanes offset;
  for (std::size_t lane = 0; lane < lane_count; ++lane) offset[lane] = lane;
  for (std::size_t i = 0; i < count; i += lane_count) {
    // Only the low word of each lane counts: what the high words hold is left to lie there.
    const Lanes index = offset + (first + i);
    Lanes c0 = index, c1 = index >> 32, c2 = Lanes{} + pair, c3 = Lanes{} + key.stream;
    std::uint32_t k0 = low_word(key.seed), k1 = high_word(key.seed);
    for (int round = 0; round < 10; ++round) {
      const Lanes product0 = low_word_product(c0, Lanes{} + PHILOX_M4x32_0);
      const Lanes product1 = low_word_product(c2, Lanes{} + PHILOX_M4x32_1);
      c0 = (product1 >> 32) ^ c1 ^ k0;
      c1 = product1;
      c2 = (product0 >> 32) ^ c3 ^ k1;
      c3 = product0;
      k0 += PHILOX_W32_0;
      k1 += PHILOX_W32_1;
    }
    const Lanes radius = upper_52(c1, c0), angle = upper_52(c3, c2);
    std::memcpy(&radius_bits[i], &radius, register_bytes);
    std::memcpy(&angle_bits[i], &angle, register_bytes);
  }
}

}  // namespace

std::array<std::uint32_t, 4> NormalStream::bits(std::uint64_t index, std::uint32_t pair) const {
  const r123::Philox4x32::ctr_type counter{{low_word(index), high_word(index), pair, stream_}};
  const r123::Philox4x32::key_type key{{low_word(seed_), high_word(seed_)}};
  return std::bit_cast<std::array<std::uint32_t, 4>>(r123::Philox4x32()(counter, key));
}

void NormalStream::fill(std::uint64_t first, std::size_t count, std::size_t dimension, double* out,
                        std::size_t leading_dimension) const {
  const Key key{seed_, stream_};
  ChunkBits radius_bits, angle_bits;
  std::array<double, chunk> unused;
  for (std::size_t column = 0; column < dimension; column += 2) {
    const auto pair = static_cast<std::uint32_t>(column / 2);
    for (std::size_t start = 0; start < count; start += chunk) {
      const std::size_t length = std::min(chunk, count - start);
      fill_bits(key, first + start, length, pair, radius_bits, angle_bits);
      double* const even = out + column * leading_dimension + start;
      double* const odd = column + 1 < dimension ? even + leading_dimension : unused.data();
      box_muller(length, radius_bits.data(), angle_bits.data(), even, odd);
    }
  }
}

}  // namespace sigmahat
