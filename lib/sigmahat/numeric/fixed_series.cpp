#include <algorithm>
#include <cmath>

#include <sigmahat/numeric/fixed_series.hpp>

namespace sigmahat {
namespace {

/// Of what the terms left out may contribute, below a unit of the last place.
constexpr double guard_bits = 6;
/// Of what a row's rounding may contribute.
constexpr double row_guard_bits = 8;
/// Taken for zero's: no series has as many terms.
constexpr double most_shrinkage = 1e6;

constexpr std::size_t most = FixedFormat::most_limbs;
constexpr double upwards = 1 + 0x1p-40;

/// What was summed so far, with limbs of its own: 64·limbs - 1 bits after the point.
struct Head {
  mp_limb_t* number;
  std::size_t limbs = 0;
  bool negative = false;

  /// += c, of n limbs, cut off to the head's.
  void add(FixedView c, std::size_t n) {
    const mp_limb_t* other = c.limbs + n - limbs;
    if (negative == (c.negative != 0)) {
      mpn_add_n(number, number, other, mpn_size(limbs));
    } else if (mpn_cmp(number, other, mpn_size(limbs)) >= 0) {
      mpn_sub_n(number, number, other, mpn_size(limbs));
    } else {
      mpn_sub_n(number, other, number, mpn_size(limbs));
      negative = !negative;
    }
  }
};

/// A sum of products of numbers of some limbs, exact, in two's complement: 128·limbs - 2 bits after
/// the point.
class Sum {
 public:
  void clear(std::size_t limbs) {
    limbs_ = limbs;
    std::fill_n(sum_, total(), mp_limb_t{0});
  }
  /// += product·2^(64·offset)
  void add(const mp_limb_t* product, std::size_t offset, std::size_t count, bool negative) {
    mp_limb_t* from = sum_ + offset;
    const mp_limb_t over = negative ? mpn_sub_n(from, from, product, mpn_size(count))
                                    : mpn_add_n(from, from, product, mpn_size(count));
    if (over == 0 || offset + count == total()) return;
    mp_limb_t* rest = from + count;
    if (negative)
      mpn_sub_1(rest, rest, mpn_size(total() - offset - count), over);
    else
      mpn_add_1(rest, rest, mpn_size(total() - offset - count), over);
  }
  void round(Head& head) {
    head.limbs = limbs_;
    head.negative = sum_[2 * limbs_] >> 63 != 0;
    if (head.negative) mpn_neg(sum_, sum_, mpn_size(total()));
    mpn_lshift(head.number, sum_ + limbs_, mpn_size(limbs_), 1);
    head.number[0] |= sum_[limbs_ - 1] >> 63;
  }

 private:
  std::size_t total() const { return 2 * limbs_ + 1; }

  std::size_t limbs_ = 0;
  mp_limb_t sum_[2 * most + 1];
};

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
  return std::max<std::size_t>(
      1, static_cast<std::size_t>(std::sqrt(static_cast<double>(sums * length))));
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

std::size_t FixedSeries::limbs_from(std::size_t j, double shrinkage) const {
  const double spared = (static_cast<double>(j) * shrinkage - row_guard_bits) / 64;
  if (spared < 1) return format_.limbs;
  const auto most = static_cast<double>(format_.limbs - 1);
  return format_.limbs - static_cast<std::size_t>(std::min(spared, most));
}

double FixedSeries::error(std::size_t length, double shrinkage, std::size_t row,
                          double units) const {
  const double above = std::exp2(-shrinkage) * upwards;
  double own = 0;
  for (std::size_t j = length; j-- > 0;) own = own * above + errors_[j];
  // Rows of all limbs count by the power of y that they are multiplied with, the others by less
  // than 2^-row_guard_bits.
  const double rows = std::ceil(static_cast<double>(length) / static_cast<double>(row)),
               ratio = std::exp2(-static_cast<double>(row) * shrinkage) * upwards;
  const double whole = ratio < 1 ? std::min(rows, 1 / (1 - ratio)) : rows;
  const double rounding = units * (whole + rows * std::exp2(-row_guard_bits));
  const double left_out = std::exp2(rest_[length] - shrinkage * static_cast<double>(length) +
                                    static_cast<double>(format_.fraction_bits()));
  return (own + rounding + left_out) * upwards;
}

FixedSeries::Plan FixedSeries::plan(double shrinkage) const {
  Plan result;
  const std::size_t length = std::min(this->length(shrinkage), size());
  for (std::size_t j = 0; j < length; ++j) result.limbs.push_back(limbs_from(j, shrinkage));
  // What is cut off of y and of the coefficient, and of their product.
  result.error = error(length, shrinkage, 1, 3);
  return result;
}

void FixedSeries::horner(const Plan& plan, FixedView y, FixedRef result) const {
  const std::size_t n = format_.limbs;
  format_.set_zero(result);
  // With 2y the upper half of a product has the point where it belongs, and stays there: the next
  // product goes to the other room.
  mp_limb_t twice[most], rooms[2][2 * most];
  mpn_lshift(twice, y.limbs, mpn_size(n), 1);
  Head head{result.limbs};
  for (std::size_t j = plan.limbs.size(); j-- > 0;) {
    const std::size_t limbs = plan.limbs[j];
    if (head.limbs > 0) {
      mp_limb_t* product = rooms[j % 2];
      mpn_mul(product, twice + n - limbs, mpn_size(limbs), head.number, mpn_size(head.limbs));
      head.number = product + head.limbs;
    }
    head.limbs = limbs;
    head.add(coefficients_[j], n);
  }
  if (head.number != result.limbs) mpn_copyi(result.limbs, head.number, mpn_size(n));
  *result.negative = head.negative;
}

double FixedSeries::value(const FixedPowers& powers, bool alternating, FixedRef result) const {
  const std::size_t n = format_.limbs, row = powers.row();
  const double shrinkage = powers.shrinkage();
  const std::size_t length = std::min(this->length(shrinkage), size());
  format_.set_zero(result);
  if (length == 0) return 0;
  mp_limb_t product[2 * most];
  Head head{result.limbs};
  Sum sum;
  for (std::size_t start = (length - 1) / row * row;; start -= row) {
    const std::size_t limbs = limbs_from(start, shrinkage);
    // Σ c_(start+i) y^i, i = 1..row-1, and y^row times what came before.
    sum.clear(limbs);
    if (head.limbs > 0) {
      mpn_mul(product, powers[row].limbs + n - limbs, mpn_size(limbs), head.number,
              mpn_size(head.limbs));
      sum.add(product, limbs - head.limbs, limbs + head.limbs,
              head.negative != (alternating && row % 2 == 1));
    }
    const std::size_t count = std::min(row, length - start);
    for (std::size_t i = 1; i < count; ++i) {
      const std::size_t j = start + i;
      if (limbs_[j] + limbs <= n) continue;
      const std::size_t used = limbs_[j] + limbs - n;
      const FixedView c = coefficients_[j];
      mpn_mul_n(product, powers[i].limbs + n - used, c.limbs + n - limbs, mpn_size(used));
      sum.add(product, limbs - used, 2 * used, (c.negative != 0) != (alternating && i % 2 == 1));
    }
    sum.round(head);
    head.add(coefficients_[start], n);
    if (start == 0) break;
  }
  *result.negative = head.negative;
  // The powers' own errors, row units at most, times coefficients and head, whose absolute values
  // sum to 2; what was cut off of each factor, 3 units a term; the last rounding.
  return error(length, shrinkage, row, 5 * static_cast<double>(row) + 2);
}

}  // namespace sigmahat
