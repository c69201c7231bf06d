#include <algorithm>
#include <cmath>
#include <limits>

#include <sigmahat/numeric/fixed_point.hpp>

namespace sigmahat {
namespace {

static_assert(GMP_NUMB_BITS == 64);

/// What sums of a few hundred rounded numbers lose is below 2^-guard of the result.
constexpr long guard_bits = 21;

/// ⌊x·2^shift⌋ of `size` limbs x, at most most_digits of them, into `n` limbs; whether bits were
/// lost. What lies above is zero.
constexpr std::size_t most_digits = 2 * FixedFormat::most_limbs;
bool shifted(mp_limb_t* result, std::size_t n, const mp_limb_t* x, std::size_t size, long shift) {
  const long whole = shift >= 0 ? shift / 64 : -((63 - shift) / 64);
  const auto bits = static_cast<unsigned>(shift - 64 * whole);
  mp_limb_t room[most_digits + 1];
  room[size] = 0;
  if (bits > 0)
    room[size] = mpn_lshift(room, x, mpn_size(size), bits);
  else
    mpn_copyi(room, x, mpn_size(size));
  // Limb i of the room is limb i + whole of the result.
  const long count = static_cast<long>(size) + 1;
  const long cut = std::clamp(-whole, 0L, count);
  const bool lost = cut > 0 && mpn_zero_p(room, cut) == 0;
  const long first = std::clamp(whole, 0L, static_cast<long>(n));
  const long taken = std::min(count - cut, static_cast<long>(n) - first);
  std::fill_n(result, first, mp_limb_t{0});
  if (taken > 0) std::copy_n(room + cut, taken, result + first);
  std::fill(result + first + std::max(taken, 0L), result + n, mp_limb_t{0});
  return lost;
}

}  // namespace

std::optional<FixedFormat> FixedFormat::with_guard(long bits) {
  const auto limbs = static_cast<std::size_t>((bits + guard_bits + 1 + 63) / 64);
  if (limbs > most_limbs) return {};
  return FixedFormat{std::max<std::size_t>(limbs, 2)};
}

double FixedFormat::unit() const {
  return std::ldexp(1.0, -static_cast<int>(std::min(fraction_bits(), 1000L)));
}

double FixedFormat::finite(double error) const {
  const int bits = static_cast<int>(std::min<std::size_t>(limbs, 8) * 64) - 8;
  return error < std::ldexp(1.0, bits) ? error : std::numeric_limits<double>::infinity();
}

void FixedFormat::set_zero(FixedRef result) const {
  std::fill_n(result.limbs, limbs, mp_limb_t{0});
  *result.negative = 0;
}

void FixedFormat::set_one(FixedRef result) const {
  set_zero(result);
  result.limbs[limbs - 1] = mp_limb_t{1} << 63;
}

void FixedFormat::shift_right(FixedRef x, long bits) const {
  const auto whole = std::min(static_cast<std::size_t>(bits / 64), limbs);
  if (whole > 0) {
    std::copy(x.limbs + whole, x.limbs + limbs, x.limbs);
    std::fill(x.limbs + limbs - whole, x.limbs + limbs, mp_limb_t{0});
  }
  if (bits % 64 > 0)
    mpn_rshift(x.limbs, x.limbs, mpn_size(limbs), static_cast<unsigned>(bits % 64));
}

void FixedFormat::half_inverse(FixedRef result, FixedView x) const {
  mp_limb_t numerator[2 * most_limbs] = {}, remainder[most_limbs], quotient[most_limbs + 1];
  std::fill_n(numerator, 2 * limbs, mp_limb_t{0});
  numerator[2 * limbs - 1] = mp_limb_t{1} << 61;  // 2^(2F-1)
  mpn_tdiv_qr(quotient, remainder, 0, numerator, mpn_size(2 * limbs), x.limbs, mpn_size(limbs));
  mpn_copyi(result.limbs, quotient, mpn_size(limbs));
  *result.negative = x.negative;
}

double FixedFormat::set(FixedRef result, mpfr_srcptr x, long exponent) const {
  *result.negative = mpfr_signbit(x) != 0;
  if (!mpfr_regular_p(x)) {
    set_zero(result);
    return mpfr_zero_p(x) ? 0 : std::numeric_limits<double>::infinity();
  }
  const auto size = static_cast<std::size_t>((mpfr_get_prec(x) + 63) / 64);
  if (size > most_digits) {
    mpfr_t shorter;
    mpfr_init2(shorter, 64 * static_cast<mpfr_prec_t>(most_digits));
    mpfr_set(shorter, x, MPFR_RNDZ);
    set(result, shorter, exponent);
    mpfr_clear(shorter);
    return 1;
  }
  const auto* significand = static_cast<const mp_limb_t*>(mpfr_custom_get_significand(x));
  const long shift = mpfr_get_exp(x) - 64 * static_cast<long>(size) - exponent + fraction_bits();
  return shifted(result.limbs, limbs, significand, size, shift) ? 1 : 0;
}

template <>
double FixedFormat::set(FixedRef result, const Real& x, long exponent) const {
  return set(result, x.backend().data(), exponent);
}

template <>
double FixedFormat::set(FixedRef result, const Interval& x, long exponent) const {
  FixedNumber other;
  mpfr_srcptr left = x.backend().left_data(), right = x.backend().right_data();
  double error = set(result, left, exponent);
  if (mpfr_equal_p(left, right)) return error;
  error += set(other, right, exponent);
  // The difference, and half of it on the way from one to the other.
  const FixedView end = other;
  const bool crossing = *result.negative != end.negative;
  mp_limb_t difference[most_limbs];
  const bool smaller = mpn_cmp(result.limbs, end.limbs, mpn_size(limbs)) < 0;
  const mp_limb_t *large = smaller ? end.limbs : result.limbs,
                  *small = smaller ? result.limbs : end.limbs;
  if (crossing)
    mpn_add_n(difference, large, small, mpn_size(limbs));
  else
    mpn_sub_n(difference, large, small, mpn_size(limbs));
  std::size_t used = limbs;
  while (used > 1 && difference[used - 1] == 0) --used;
  const double width = std::ldexp((static_cast<double>(difference[used - 1]) + 1) * (1 + 0x1p-50),
                                  static_cast<int>(64 * (used - 1)));
  if (crossing) {
    set_zero(result);
    return finite(error + width);
  }
  mpn_rshift(difference, difference, mpn_size(used), 1);
  mpn_add(result.limbs, small, mpn_size(limbs), difference, mpn_size(used));
  return finite(error + width / 2 + 1);
}

double FixedFormat::set(FixedRef result, const Ball& x, long exponent) const {
  mpfr_t middle;
  mpfr_init2(middle, fraction_bits() + 64);
  arf_get_mpfr(middle, arb_midref(x.get()), MPFR_RNDZ);
  const double cut = set(result, middle, exponent) + 0x1p-50;
  mpfr_clear(middle);
  mag_t radius;
  mag_init(radius);
  mag_mul_2exp_si(radius, arb_radref(x.get()), fraction_bits() - exponent);
  const double error = mag_get_d(radius);
  mag_clear(radius);
  return finite(error + cut);
}

namespace {

void set_number(mpfr_ptr result, const mp_limb_t* limbs, std::size_t n, bool negative,
                long exponent, mpfr_rnd_t direction) {
  while (n > 0 && limbs[n - 1] == 0) --n;
  mpz_t integer;
  const mp_size_t size = mpn_size(n);
  mpfr_set_z_2exp(result, mpz_roinit_n(integer, limbs, negative ? -size : size), exponent,
                  direction);
}

/// (x ± error)·2^exponent, the sum exact before it is rounded.
void set_end(mpfr_ptr result, FixedView x, std::size_t n, const mp_limb_t* error, bool upwards,
             long exponent) {
  mp_limb_t end[FixedFormat::most_limbs + 1];
  bool negative = x.negative;
  if (negative != upwards) {
    end[n] = mpn_add_n(end, x.limbs, error, mpn_size(n));
  } else {
    end[n] = 0;
    if (mpn_sub_n(end, x.limbs, error, mpn_size(n)) != 0) {  // beyond zero
      mpn_neg(end, end, mpn_size(n));
      negative = !negative;
    }
  }
  set_number(result, end, n + 1, negative, exponent, upwards ? MPFR_RNDU : MPFR_RNDD);
}

}  // namespace

template <>
Real FixedFormat::number(FixedView x, double, long exponent) const {
  Real result;
  set_number(result.backend().data(), x.limbs, limbs, x.negative, exponent - fraction_bits(),
             MPFR_RNDN);
  return result;
}

template <>
Interval FixedFormat::number(FixedView x, double error, long exponent) const {
  Interval result;
  mpfi_ptr ends = result.backend().data();
  mp_limb_t units[most_limbs] = {};
  int power;
  const double significand = std::frexp(error, &power);
  const auto top = static_cast<mp_limb_t>(std::ceil(std::ldexp(significand, 53)));
  shifted(units, limbs, &top, 1, std::max(power - 53, -53));
  if (power < 53) units[0] += 1;  // what was cut off
  set_end(&ends->left, x, limbs, units, false, exponent - fraction_bits());
  set_end(&ends->right, x, limbs, units, true, exponent - fraction_bits());
  return result;
}

void FixedSum::add(const FixedSum& other) {
  mpn_add_n(limbs_.data(), limbs_.data(), other.limbs_.data(), mpn_size(size()));
}
void FixedSum::subtract(const FixedSum& other) {
  mpn_sub_n(limbs_.data(), limbs_.data(), other.limbs_.data(), mpn_size(size()));
}
void FixedSum::add(FixedView x) {
  // x·2^F, F = 64(n-1) + 63
  mp_limb_t product[FixedFormat::most_limbs + 1];
  product[n_] = mpn_lshift(product, x.limbs, mpn_size(n_), 63);
  mp_limb_t* sum = limbs_.data() + n_ - 1;
  if (x.negative)
    sum[n_ + 1] -= mpn_sub_n(sum, sum, product, mpn_size(n_ + 1));
  else
    sum[n_ + 1] += mpn_add_n(sum, sum, product, mpn_size(n_ + 1));
}
void FixedSum::add_one() {
  mp_limb_t* top = limbs_.data() + 2 * n_ - 1;
  mpn_add_1(top, top, 2, mp_limb_t{1} << 62);
}
void FixedSum::multiply_by(mp_limb_t factor) {
  mpn_mul_1(limbs_.data(), limbs_.data(), mpn_size(size()), factor);
}

void FixedSum::root(FixedRef result) const {
  std::fill_n(result.limbs, n_, mp_limb_t{0});
  *result.negative = 0;
  if (limbs_[2 * n_] >> 63) return;
  std::size_t used = 2 * n_;
  while (used > 0 && limbs_[used - 1] == 0) --used;
  if (used > 0) mpn_sqrtrem(result.limbs, nullptr, limbs_.data(), mpn_size(used));
}

}  // namespace sigmahat
