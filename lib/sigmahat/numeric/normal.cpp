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
static_assert(chunk % (2 * lane_count) == 0);
template <class Word>
using Chunk = std::array<Word, chunk>;

struct Key {
  std::uint64_t seed;
  std::uint32_t stream;
};

/// Of each lane only the low word counts.
struct Words {
  Lanes c0, c1, c2, c3;
};

inline Words philox(const Key& key, const std::uint64_t* indices, std::uint32_t block) {
  Lanes index;
  std::memcpy(&index, indices, register_bytes);
  // What the high words hold is left to lie there.
  Lanes c0 = index, c1 = index >> 32, c2 = Lanes{} + block, c3 = Lanes{} + key.stream;
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
  return {c0, c1, c2, c3};
}

/// One block's coordinates of `count` samples. The bits are made of a few more samples, where
/// `count` does not fill the last register.
void fill_block(const Key& key, const Chunk<std::uint64_t>& indices, std::size_t count,
                std::uint32_t block, const std::array<double*, 2>& columns) {
  Chunk<std::uint64_t> radius_bits, angle_bits;
  for (std::size_t i = 0; i < count; i += lane_count) {
    const Words words = philox(key, &indices[i], block);
    const Lanes radius = upper_52(words.c1, words.c0), angle = upper_52(words.c3, words.c2);
    std::memcpy(&radius_bits[i], &radius, register_bytes);
    std::memcpy(&angle_bits[i], &angle, register_bytes);
  }
  box_muller(count, radius_bits.data(), angle_bits.data(), columns[0], columns[1]);
}

/// Where sample i of a chunk has its index: in float the words of an even and of an odd sample,
/// from two registers, go side by side into one.
template <class T>
constexpr std::size_t place(std::size_t i) {
  return i;
}
template <>
constexpr std::size_t place<float>(std::size_t i) {
  constexpr std::size_t both = 2 * lane_count;
  constexpr std::size_t first = std::endian::native == std::endian::little ? 0 : 1;
  return i / both * both + (i % 2 == first ? 0 : lane_count) + i % both / 2;
}

void fill_block(const Key& key, const Chunk<std::uint64_t>& indices, std::size_t count,
                std::uint32_t block, const std::array<float*, 4>& columns) {
  std::array<Chunk<std::uint32_t>, 4> bits;
  for (std::size_t i = 0; i < count; i += 2 * lane_count) {
    const Words low = philox(key, &indices[i], block);
    const Words high = philox(key, &indices[i + lane_count], block);
    const auto store = [&](std::size_t word, Lanes x, Lanes y) {
      const Lanes both = (x & word_mask) | (y << 32);
      std::memcpy(&bits[word][i], &both, register_bytes);
    };
    store(0, low.c0, high.c0);
    store(1, low.c1, high.c1);
    store(2, low.c2, high.c2);
    store(3, low.c3, high.c3);
  }
  box_muller(count, bits[0].data(), bits[1].data(), columns[0], columns[1]);
  box_muller(count, bits[2].data(), bits[3].data(), columns[2], columns[3]);
}

/// Samples number(0), number(1), ...
template <class T, class Number>
void fill_samples(const Key& key, Number number, std::size_t count, std::size_t dimension, T* out,
                  std::size_t leading_dimension) {
  constexpr std::size_t width = 2 * sizeof(double) / sizeof(T);  // coordinates of a block
  Chunk<std::uint64_t> indices{};
  Chunk<T> unused;
  for (std::size_t start = 0; start < count; start += chunk) {
    const std::size_t length = std::min(chunk, count - start);
    for (std::size_t i = 0; i < length; ++i) indices[place<T>(i)] = number(start + i);
    for (std::size_t block = 0; block * width < dimension; ++block) {
      std::array<T*, width> columns;
      for (std::size_t j = 0; j < width; ++j)
        columns[j] = block * width + j < dimension
                         ? out + (block * width + j) * leading_dimension + start
                         : unused.data();
      fill_block(key, indices, length, static_cast<std::uint32_t>(block), columns);
    }
  }
}

}  // namespace

std::array<std::uint32_t, 4> NormalStream::bits(std::uint64_t index, std::uint32_t block) const {
  const r123::Philox4x32::ctr_type counter{{low_word(index), high_word(index), block, stream_}};
  const r123::Philox4x32::key_type key{{low_word(seed_), high_word(seed_)}};
  return std::bit_cast<std::array<std::uint32_t, 4>>(r123::Philox4x32()(counter, key));
}

void NormalStream::fill(std::uint64_t first, std::size_t count, std::size_t dimension, double* out,
                        std::size_t leading_dimension) const {
  fill_samples(
      {seed_, stream_}, [=](std::size_t i) { return first + i; }, count, dimension, out,
      leading_dimension);
}

void NormalStream::fill(std::uint64_t first, std::size_t count, std::size_t dimension, float* out,
                        std::size_t leading_dimension) const {
  fill_samples(
      {seed_, stream_}, [=](std::size_t i) { return first + i; }, count, dimension, out,
      leading_dimension);
}

void NormalStream::fill(std::span<const std::uint64_t> indices, std::size_t dimension, double* out,
                        std::size_t leading_dimension) const {
  fill_samples(
      {seed_, stream_}, [=](std::size_t i) { return indices[i]; }, indices.size(), dimension, out,
      leading_dimension);
}

void NormalStream::fill(std::span<const std::uint64_t> indices, std::size_t dimension, float* out,
                        std::size_t leading_dimension) const {
  fill_samples(
      {seed_, stream_}, [=](std::size_t i) { return indices[i]; }, indices.size(), dimension, out,
      leading_dimension);
}

}  // namespace sigmahat
