#include <algorithm>
#include <cmath>
#include <limits>

#include <sigmahat/numeric/fixed_series.hpp>

namespace sigmahat {
namespace {

/// Of what the terms left out may contribute, below a unit of the last place.
constexpr double guard_bits = 6;
/// Of what a row's rounding may contribute.
constexpr double row_guard_bits = 8;
/// Taken for zero's: no series has as many terms.
constexpr double most_shrinkage = 1e6;

mp_size_t size_of(std::size_t limbs) {
  return static_cast<mp_size_t>(limbs);
}

}  // namespace

double FixedPowers::shrinkage_of(const FixedFormat& format, FixedView y) {
  const double above = format.to_double(y) * (1 + 0x1p-50) + 0x1p-62;
  if (above <= 0x1p-61) {  // look closer
    std::size_t n = format.limbs;
    while (n > 0 && y.limbs[n - 1] == 0) --n;
    if (n == 0) return most_shrinkage;
    const double bits = 64 * static_cast<double>(format.limbs - n) - 1 + 64 -
                        std::log2(static_cast<double>(y.limbs[n - 1]) * (1 + 0x1p-50) + 2);
    return std::max(61.0, bits * (1 - 1e-12));
  }
  return std::max(0.0, -std::log2(above) * (1 - 1e-12));
}

FixedPowers::FixedPowers(const FixedFormat& format, FixedView y, std::size_t row)
    : shrinkage_(shrinkage_of(format, y)), powers_(format, row + 1) {
  format.set_one(powers_[0]);
  format.copy(powers_[1], y);
  const FixedArray& read = powers_;
  for (std::size_t i = 2; i <= row; ++i) format.multiply(powers_[i], read[i / 2], read[i - i / 2]);
}

FixedSeries::FixedSeries(const FixedFormat& format, const std::vector<Ball>& coefficients,
                         double beyond)
    : format_(format), coefficients_(format, coefficients.size()) {
  double sum = beyond;
  rest_.resize(coefficients.size() + 1);
  rest_.back() = std::log2(sum);
  limbs_.resize(coefficients.size());
  errors_.resize(coefficients.size());
  for (std::size_t j = coefficients.size(); j-- > 0;) {
    FixedRef c = coefficients_[j];
    errors_[j] = format.set(c, coefficients[j], 0);
    limbs_[j] = format.limbs;
    while (limbs_[j] > 0 && c.limbs[limbs_[j] - 1] == 0) --limbs_[j];
    mag_t size;
    mag_init(size);
    arb_get_mag(size, coefficients[j].get());
    // A double may be too small for the sizes; they are then below 2^-1000, which bounds them.
    sum = (sum + std::max(mag_get_d(size), 0x1p-1000)) * (1 + 0x1p-50);
    mag_clear(size);
    rest_[j] = std::log2(sum) + 1e-9;
  }
}

std::size_t FixedSeries::row(std::size_t length, std::size_t sums) {
  return length <= 16 ? 1 : static_cast<std::size_t>(std::sqrt(static_cast<double>(sums * length)));
}

std::size_t FixedSeries::length(double shrinkage) const {
  const double enough = -static_cast<double>(format_.fraction_bits()) - guard_bits;
  std::size_t below = 1, above = std::max<std::size_t>(coefficients_.size(), 1);
  while (below < above) {  // the remainder falls with j
    const std::size_t middle = (below + above) / 2;
    if (rest_[middle] - shrinkage * static_cast<double>(middle) > enough)
      below = middle + 1;
    else
      above = middle;
  }
  return above;
}

double FixedSeries::value(const FixedPowers& powers, bool alternating, FixedRef result) const {
  constexpr std::size_t most = FixedFormat::most_limbs;
  const std::size_t n = format_.limbs, row = powers.row();
  const double shrinkage = powers.shrinkage();
  const std::size_t length = std::min(this->length(shrinkage), coefficients_.size());
  format_.set_zero(result);
  if (coefficients_.size() == 0) return 0;
  mp_limb_t sum[2 * most + 1], product[2 * most], *head = result.limbs;
  // `head` has `width` limbs, and an error in units of the last of them.
  std::size_t width = 0;
  bool head_negative = false;
  double error = 0;
  for (std::size_t start = (length - 1) / row * row;; start -= row) {
    const double spared =
        std::floor((static_cast<double>(start) * shrinkage - row_guard_bits) / 64);
    const std::size_t limbs =
        n - static_cast<std::size_t>(std::clamp(spared, 0.0, static_cast<double>(n - 1)));
    // Σ c_(start+i) y^i, i = 1..row-1, and y^row times what came before: with 128·limbs - 2 bits
    // after the point, in two's complement.
    const std::size_t total = 2 * limbs + 1;
    std::fill_n(sum, total, mp_limb_t{0});
    const auto add_at = [&](std::size_t offset, std::size_t count, bool negative) {
      mp_limb_t* from = sum + offset;
      const mp_limb_t over = negative ? mpn_sub_n(from, from, product, size_of(count))
                                      : mpn_add_n(from, from, product, size_of(count));
      if (over == 0 || offset + count == total) return;
      mp_limb_t* rest = from + count;
      if (negative)
        mpn_sub_1(rest, rest, size_of(total - offset - count), over);
      else
        mpn_add_1(rest, rest, size_of(total - offset - count), over);
    };
    if (width > 0) {
      mpn_mul(product, powers[row].limbs + n - limbs, size_of(limbs), head, size_of(width));
      add_at(limbs - width, limbs + width, head_negative != (alternating && row % 2 == 1));
      error *= std::exp2(64 * static_cast<double>(limbs - width) -
                         static_cast<double>(row) * shrinkage) *
               (1 + 0x1p-40);
    }
    const std::size_t count = std::min(row, length - start);
    for (std::size_t i = 1; i < count; ++i) {
      const std::size_t j = start + i;
      if (limbs_[j] + limbs <= n) continue;
      const std::size_t used = limbs_[j] + limbs - n;
      const FixedView c = coefficients_[j];
      mpn_mul_n(product, powers[i].limbs + n - used, c.limbs + n - limbs, size_of(used));
      add_at(limbs - used, 2 * used, (c.negative != 0) != (alternating && i % 2 == 1));
    }
    head_negative = sum[total - 1] >> 63;
    if (head_negative) mpn_neg(sum, sum, size_of(total));
    mpn_lshift(head, sum + limbs, size_of(limbs), 1);
    head[0] |= sum[limbs - 1] >> 63;
    const FixedView c = coefficients_[start];
    const mp_limb_t* first = c.limbs + n - limbs;
    if (head_negative == (c.negative != 0)) {
      mpn_add_n(head, head, first, size_of(limbs));
    } else if (mpn_cmp(head, first, size_of(limbs)) >= 0) {
      mpn_sub_n(head, head, first, size_of(limbs));
    } else {
      mpn_sub_n(head, first, head, size_of(limbs));
      head_negative = !head_negative;
    }
    width = limbs;
    // The powers' own errors times coefficients and head, whose absolute values sum to 2; what was
    // cut off of each factor; the last rounding.
    error += 2 * static_cast<double>(limbs == n ? row : 1) + 3 * static_cast<double>(count) + 2;
    if (start == 0) break;
  }
  *result.negative = head_negative;
  const double above = std::exp2(-shrinkage) * (1 + 0x1p-40);
  double own = 0;
  for (std::size_t j = length; j-- > 0;) own = own * above + errors_[j];
  error += own * (1 + 0x1p-40);
  const double left_out = rest_[length] - shrinkage * static_cast<double>(length);
  return error + std::exp2(left_out + static_cast<double>(format_.fraction_bits())) * (1 + 0x1p-40);
}

}  // namespace sigmahat
