#include <array>
#include <bit>
#include <cfloat>
#include <cmath>
#include <numbers>

#include <sigmahat/numeric/box_muller.hpp>

// Functions of the C library differ in their last bits from version to version and from machine to
// machine, so logarithm, sine and cosine are summed here. Their arguments are reduced so far that
// Taylor's series is short, and its coefficients need no explanation.

static_assert(FLT_EVAL_METHOD == 0,
              "operations must be rounded to their operands' type (-mfpmath=sse)");

namespace sigmahat {
namespace {

constexpr std::uint64_t bits_of_one = std::bit_cast<std::uint64_t>(1.0);
constexpr std::uint64_t mantissa_mask = (std::uint64_t{1} << 52) - 1;

/// c[0] + c[1] x + ... by Horner's rule.
template <class T, std::size_t N>
constexpr T polynomial(const std::array<T, N>& c, T x) {
  T value = c[N - 1];
  for (std::size_t i = N - 1; i-- > 0;) value = value * x + c[i];
  return value;
}

/// sqrt(-2 ln u), u = (2n+1)/2^53.
///
/// u = 2^k m with m in [sqrt(1/2), sqrt(2)), and ln m = 2 artanh(s) with s = (m-1)/(m+1),
/// |s| <= 0.1716. First term left out: s^20/21 < 0.3 · 2^-53 of the sum.
inline double radius(std::uint64_t n) {
  // 1 + n/2^52, less 1 - 2^-53: exact, and so is m - 1 below.
  const double u = std::bit_cast<double>(bits_of_one | n) - (1 - 0x1p-53);
  constexpr std::uint64_t bits_of_least_m = std::bit_cast<std::uint64_t>(1 / std::numbers::sqrt2);
  const std::uint64_t shifted = std::bit_cast<std::uint64_t>(u) + (bits_of_one - bits_of_least_m);
  const double m = std::bit_cast<double>((shifted & mantissa_mask) + bits_of_least_m);
  // k + 1023 written into the mantissa of 2^52: the conversion from integer that every instruction
  // set has.
  constexpr std::uint64_t bits_of_2_52 = std::bit_cast<std::uint64_t>(0x1p52);
  const double k = std::bit_cast<double>(bits_of_2_52 | (shifted >> 52)) - (0x1p52 + 1023);

  constexpr std::array artanh{1. / 3,  1. / 5,  1. / 7,  1. / 9, 1. / 11,
                              1. / 13, 1. / 15, 1. / 17, 1. / 19};
  const double s = (m - 1) / (m + 1);
  const double s2 = s * s;
  const double minus_2_ln_m = -4 * s - 4 * s * (s2 * polynomial(artanh, s2));
  return std::sqrt(k * (-2 * std::numbers::ln2) + minus_2_ln_m);
}

struct Direction {
  double first, second;
};

/// (cos, sin) of a point of the circle; the 52 bits of n count the points.
///
/// An angle x in (-pi/4, pi/4) from 50 of the bits; a sign for its cosine and an exchange of the
/// two coordinates from the other two reach the other three quarters. First terms left out:
/// x^19/19! and x^18/18! < 0.03 · 2^-53 of the sums.
inline Direction direction(std::uint64_t n) {
  // (n mod 2^50 + 1/2)/2^50 - 1/2: exact.
  const double w =
      std::bit_cast<double>(bits_of_one | ((n << 2) & mantissa_mask)) - (1.5 - 0x1p-51);
  const double x = w * (std::numbers::pi / 2);
  const double x2 = x * x;

  constexpr std::array sine{
      -1. / 6,        1. / 120,        -1. / 5040,         1. / 362880,
      -1. / 39916800, 1. / 6227020800, -1. / 1307674368e3, 1. / 355687428096e3};
  constexpr std::array cosine{1. / 24,        -1. / 720,         1. / 40320,        -1. / 3628800,
                              1. / 479001600, -1. / 87178291200, 1. / 20922789888e3};
  const double sin_x = x + x * (x2 * polynomial(sine, x2));
  const double cos_x = 1 - (0.5 * x2 - x2 * (x2 * polynomial(cosine, x2)));

  const std::uint64_t sign = (n << 12) & (std::uint64_t{1} << 63);
  const std::uint64_t cos_bits = std::bit_cast<std::uint64_t>(cos_x) ^ sign;
  const std::uint64_t sin_bits = std::bit_cast<std::uint64_t>(sin_x);
  const std::uint64_t exchange = std::uint64_t{0} - ((n >> 50) & 1);
  const std::uint64_t difference = (cos_bits ^ sin_bits) & exchange;
  return {std::bit_cast<double>(cos_bits ^ difference),
          std::bit_cast<double>(sin_bits ^ difference)};
}

// The same in float. Conversions from signed integers are those that every instruction set has.

constexpr std::uint32_t float_mantissa_mask = (std::uint32_t{1} << 23) - 1;

/// sqrt(-2 ln u), u = (2n+1)/2^32.
///
/// First term left out: s^10/11 < 0.04 · 2^-24 of the sum.
inline float radius(std::uint32_t n) {
  // Below 1 the spacing of floats is too wide for ln u: there 1 - u is made as well, from the bits.
  const float u = (static_cast<float>(static_cast<std::int32_t>(n)) + 0.5F) * 0x1p-31F;
  const float less =
      (static_cast<float>(static_cast<std::int32_t>(0x7FFFFFFF - n)) + 0.5F) * 0x1p-31F;
  constexpr std::uint32_t bits_of_float_one = std::bit_cast<std::uint32_t>(1.0F);
  constexpr std::uint32_t bits_of_least_m =
      std::bit_cast<std::uint32_t>(1 / std::numbers::sqrt2_v<float>);
  const std::uint32_t shifted =
      std::bit_cast<std::uint32_t>(u) + (bits_of_float_one - bits_of_least_m);
  const float m = std::bit_cast<float>((shifted & float_mantissa_mask) + bits_of_least_m);
  const float k = static_cast<float>(static_cast<std::int32_t>(shifted >> 23) - 127);
  // A selection by bits: compilers branch on floats.
  const std::uint32_t is_less = std::uint32_t{0} - (shifted >> 23 == 127 ? 1U : 0U);
  const float m_less_1 = std::bit_cast<float>((std::bit_cast<std::uint32_t>(-less) & is_less) |
                                              (std::bit_cast<std::uint32_t>(m - 1) & ~is_less));

  constexpr std::array artanh{1.F / 3, 1.F / 5, 1.F / 7, 1.F / 9};
  const float s = m_less_1 / (m_less_1 + 2);
  const float s2 = s * s;
  const float minus_2_ln_m = -4 * s - 4 * s * (s2 * polynomial(artanh, s2));
  return std::sqrt(k * (-2 * std::numbers::ln2_v<float>)+minus_2_ln_m);
}

struct FloatDirection {
  float first, second;
};

/// (cos, sin) of a point of the circle; the 32 bits of n count the points, the top two the
/// quarters.
///
/// First terms left out: x^11/11! and x^12/12! < 0.04 · 2^-24 of the sums.
inline FloatDirection direction(std::uint32_t n) {
  // (n mod 2^30 + 1/2)/2^30 - 1/2, to within rounding.
  const std::uint32_t centred = (n << 2) ^ (std::uint32_t{1} << 31);
  const float w = (static_cast<float>(static_cast<std::int32_t>(centred)) + 2.F) * 0x1p-32F;
  const float x = w * (std::numbers::pi_v<float> / 2);
  const float x2 = x * x;

  constexpr std::array sine{-1.F / 6, 1.F / 120, -1.F / 5040, 1.F / 362880};
  constexpr std::array cosine{1.F / 24, -1.F / 720, 1.F / 40320, -1.F / 3628800};
  const float sin_x = x + x * (x2 * polynomial(sine, x2));
  const float cos_x = 1 - (0.5F * x2 - x2 * (x2 * polynomial(cosine, x2)));

  const std::uint32_t sign = n & (std::uint32_t{1} << 31);
  const std::uint32_t cos_bits = std::bit_cast<std::uint32_t>(cos_x) ^ sign;
  const std::uint32_t sin_bits = std::bit_cast<std::uint32_t>(sin_x);
  const std::uint32_t exchange = std::uint32_t{0} - ((n >> 30) & 1);
  const std::uint32_t difference = (cos_bits ^ sin_bits) & exchange;
  return {std::bit_cast<float>(cos_bits ^ difference), std::bit_cast<float>(sin_bits ^ difference)};
}

}  // namespace

void box_muller(std::size_t count, const std::uint64_t* __restrict radius_bits,
                const std::uint64_t* __restrict angle_bits, double* __restrict first,
                double* __restrict second) {
  // Two loops: one chain of dependent operations each, so that more of them overlap.
  for (std::size_t i = 0; i < count; ++i) first[i] = radius(radius_bits[i]);
  for (std::size_t i = 0; i < count; ++i) {
    const double r = first[i];
    const Direction d = direction(angle_bits[i]);
    first[i] = r * d.first;
    second[i] = r * d.second;
  }
}

void box_muller(std::size_t count, const std::uint32_t* __restrict radius_bits,
                const std::uint32_t* __restrict angle_bits, float* __restrict first,
                float* __restrict second) {
  for (std::size_t i = 0; i < count; ++i) first[i] = radius(radius_bits[i] >> 1);
  for (std::size_t i = 0; i < count; ++i) {
    const float r = first[i];
    const FloatDirection d = direction(angle_bits[i]);
    first[i] = r * d.first;
    second[i] = r * d.second;
  }
}

}  // namespace sigmahat
