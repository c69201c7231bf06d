#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <sigmahat/numeric/ball.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

// Internal: not installed. Numbers of sign and magnitude with one place of the point, on GMP's mpn
// functions: n limbs, F = 64n - 1 bits after the point, |x| < 2. Nothing is allocated from one
// number to the next, a product of numbers is exact, and so are sums of products. What is rounded
// is rounded towards zero; errors are counted in units of the last place, 2^-F, and carried by the
// caller, in doubles that he rounds up.
//
// Operations do not look whether their result is below 2: who scales the numbers sees to it.

/// GMP's type for a number of limbs.
inline mp_size_t mpn_size(std::size_t limbs) {
  return static_cast<mp_size_t>(limbs);
}

/// A number to read: n limbs, the lowest first.
struct FixedView {
  const mp_limb_t* limbs;
  std::uint8_t negative;
};

/// A number to write.
struct FixedRef {
  mp_limb_t* limbs;
  std::uint8_t* negative;

  operator FixedView() const { return {limbs, *negative}; }
};

struct FixedFormat {
  /// 1200 decimal digits: beyond, what is linear in the number of limbs no longer counts.
  static constexpr std::size_t most_limbs = 64;

  std::size_t limbs;

  /// The shortest of two limbs or more with `bits` bits after the point and some twenty more; none
  /// beyond most_limbs.
  static std::optional<FixedFormat> with_guard(long bits);

  long fraction_bits() const { return 64 * static_cast<long>(limbs) - 1; }
  /// 2^-F, or more where a double does not reach so far.
  double unit() const;
  bool operator==(const FixedFormat&) const = default;

  void set_zero(FixedRef result) const;
  void set_one(FixedRef result) const;
  void copy(FixedRef result, FixedView x) const;
  /// x·y·2^shift, 0 <= shift < 63, by less than 1 unit. The result may be x or y.
  void multiply(FixedRef result, FixedView x, FixedView y, unsigned shift = 0) const;
  void add(FixedRef result, FixedView x, FixedView y) const;
  /// x := x·2^-bits, by less than 1 unit.
  void shift_right(FixedRef x, long bits) const;
  /// 1/(2x) for 1/4 < x < 2, by less than 1 unit.
  void half_inverse(FixedRef result, FixedView x) const;
  /// To 2^-52 of itself and 2^-63 absolutely.
  double to_double(FixedView x) const;

  /// x·2^-exponent; returns 1 if it was cut off, 0 if it is exact. Bits below the last place are
  /// lost, |x| 2^-exponent < 2.
  double set(FixedRef result, mpfr_srcptr x, long exponent) const;
  /// The same of a Real, or of the middle of an Interval or a Ball; returns by how many units what
  /// it stands for may be off, infinity where that is too much to go on with.
  template <Scalar T>
  double set(FixedRef result, const T& x, long exponent) const;
  double set(FixedRef result, const Ball& x, long exponent) const;

  /// (x ± error units)·2^exponent at the precision in force: the middle as a Real, an Interval that
  /// holds all of it. `error` is one that `finite` lets pass.
  template <Scalar T>
  T number(FixedView x, double error, long exponent) const;
  /// An error, or infinity where it is too large to be added to a number.
  double finite(double error) const;
};

/// One number, in place.
class FixedNumber {
 public:
  operator FixedView() const { return {limbs_.data(), negative_}; }
  operator FixedRef() { return {limbs_.data(), &negative_}; }

 private:
  std::array<mp_limb_t, FixedFormat::most_limbs> limbs_;
  std::uint8_t negative_ = 0;
};

/// Numbers side by side; zero to begin with.
class FixedArray {
 public:
  FixedArray() = default;
  FixedArray(const FixedFormat& format, std::size_t count)
      : width_(format.limbs), limbs_(format.limbs * count, 0), negative_(count, 0) {}

  std::size_t size() const { return negative_.size(); }
  FixedView operator[](std::size_t i) const { return {limbs_.data() + i * width_, negative_[i]}; }
  FixedRef operator[](std::size_t i) { return {limbs_.data() + i * width_, &negative_[i]}; }

 private:
  std::size_t width_ = 0;
  std::vector<mp_limb_t> limbs_;
  std::vector<std::uint8_t> negative_;
};

/// A sum of products, exact: 2F bits after the point, 65 before it.
class FixedSum {
 public:
  explicit FixedSum(const FixedFormat& format) : n_(format.limbs) { clear(); }

  void clear();
  /// += xy
  void add(FixedView x, FixedView y);
  /// -= xy
  void subtract(FixedView x, FixedView y) {
    add({x.limbs, static_cast<std::uint8_t>(!x.negative)}, y);
  }
  /// += x
  void add(FixedView x);
  void add_one();
  void add(const FixedSum& other);
  void subtract(const FixedSum& other);
  void multiply_by(mp_limb_t factor);

  /// The sum by less than 1 unit.
  void round(FixedRef result) const;
  /// The square root of a sum in [0, 4), by less than 1 unit; zero where the sum is negative.
  void root(FixedRef result) const;

 private:
  std::size_t size() const { return 2 * n_ + 1; }

  std::size_t n_;
  std::array<mp_limb_t, 2 * FixedFormat::most_limbs + 1> limbs_;  ///< two's complement
};

// What the innermost loops are made of.

inline void FixedFormat::copy(FixedRef result, FixedView x) const {
  mpn_copyi(result.limbs, x.limbs, mpn_size(limbs));
  *result.negative = x.negative;
}

inline void FixedFormat::multiply(FixedRef result, FixedView x, FixedView y, unsigned shift) const {
  mp_limb_t product[2 * most_limbs];
  if (x.limbs == y.limbs)
    mpn_sqr(product, x.limbs, mpn_size(limbs));
  else
    mpn_mul_n(product, x.limbs, y.limbs, mpn_size(limbs));
  // 2F bits after the point; F remain.
  mpn_lshift(result.limbs, product + limbs, mpn_size(limbs), shift + 1);
  result.limbs[0] |= product[limbs - 1] >> (63 - shift);
  *result.negative = x.negative ^ y.negative;
}

inline void FixedFormat::add(FixedRef result, FixedView x, FixedView y) const {
  if (x.negative == y.negative) {
    mpn_add_n(result.limbs, x.limbs, y.limbs, mpn_size(limbs));
    *result.negative = x.negative;
  } else if (mpn_cmp(x.limbs, y.limbs, mpn_size(limbs)) >= 0) {
    mpn_sub_n(result.limbs, x.limbs, y.limbs, mpn_size(limbs));
    *result.negative = x.negative;
  } else {
    mpn_sub_n(result.limbs, y.limbs, x.limbs, mpn_size(limbs));
    *result.negative = y.negative;
  }
}

inline double FixedFormat::to_double(FixedView x) const {
  const double size = static_cast<double>(x.limbs[limbs - 1]) * 0x1p-63 +
                      static_cast<double>(x.limbs[limbs - 2]) * 0x1p-127;
  return x.negative ? -size : size;
}

inline void FixedSum::clear() {
  std::fill_n(limbs_.begin(), size(), mp_limb_t{0});
}

inline void FixedSum::add(FixedView x, FixedView y) {
  mp_limb_t product[2 * FixedFormat::most_limbs];
  if (x.limbs == y.limbs)
    mpn_sqr(product, x.limbs, mpn_size(n_));
  else
    mpn_mul_n(product, x.limbs, y.limbs, mpn_size(n_));
  mp_limb_t* sum = limbs_.data();
  if (x.negative != y.negative)
    sum[2 * n_] -= mpn_sub_n(sum, sum, product, mpn_size(2 * n_));
  else
    sum[2 * n_] += mpn_add_n(sum, sum, product, mpn_size(2 * n_));
}

inline void FixedSum::round(FixedRef result) const {
  const mp_limb_t* sum = limbs_.data();
  mp_limb_t opposite[2 * FixedFormat::most_limbs + 1];
  *result.negative = sum[2 * n_] >> 63 != 0;
  if (*result.negative) {
    mpn_neg(opposite, sum, mpn_size(size()));
    sum = opposite;
  }
  mpn_lshift(result.limbs, sum + n_, mpn_size(n_), 1);
  result.limbs[0] |= sum[n_ - 1] >> 63;
}

}  // namespace sigmahat
