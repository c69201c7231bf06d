#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numbers>

#include <sigmahat/numeric/fixed_angle.hpp>

namespace sigmahat {
namespace {

constexpr std::size_t most = FixedFormat::most_limbs;

/// A level takes time that grows with the limbs, and spares terms of the series, which take time
/// that grows with their square; but its table takes longest of all.
int levels_for(const FixedFormat& format) {
  return 3 + static_cast<int>(format.limbs - 2) / 16;
}

/// Beyond, powers that several terms share are worth their room.
constexpr std::size_t longest_for_horner = 10;

/// arctan(x)/(2πx) = Σ (-1)^j x^{2j}/(2π(2j+1)), as many terms as x² <= 2^-shrinkage can ask for.
std::vector<Ball> arctangent_series(const FixedFormat& format, int shrinkage) {
  const slong bits = format.fraction_bits() + 30;
  std::vector<Ball> list;
  Ball turn;
  arb_const_pi(turn.get(), bits);
  arb_mul_2exp_si(turn.get(), turn.get(), 1);
  arb_inv(turn.get(), turn.get(), bits);
  for (long j = 0; shrinkage * (j - 1) <= format.fraction_bits(); ++j) {
    Ball term;
    arb_div_si(term.get(), turn.get(), j % 2 == 0 ? 2 * j + 1 : -2 * j - 1, bits);
    list.push_back(std::move(term));
  }
  return list;
}

/// y/x by less than 1 unit, for 1/2 <= x and 0 <= y < x.
void divide(mp_limb_t* quotient, const mp_limb_t* y, const mp_limb_t* x, std::size_t n) {
  mp_limb_t numerator[2 * most], remainder[most], whole[most + 1];
  std::fill_n(numerator, n - 1, mp_limb_t{0});
  numerator[2 * n - 1] = mpn_lshift(numerator + n - 1, y, mpn_size(n), 63);
  mpn_tdiv_qr(whole, remainder, 0, numerator, mpn_size(2 * n), x, mpn_size(n));
  mpn_copyi(quotient, whole, mpn_size(n));
}

}  // namespace

FixedAngles::FixedAngles(const FixedFormat& format)
    : format_(format),
      least_shrinkage_(2 * (bits(levels_for(format) - 1) + 1)),
      series_(format, arctangent_series(format, least_shrinkage_), 1),
      plan_(series_.plan(least_shrinkage_)) {
  const slong precision = format.fraction_bits() + 20;
  Ball turns, angle;
  arb_const_pi(turns.get(), precision);
  arb_mul_2exp_si(turns.get(), turns.get(), 1);
  arb_inv(turns.get(), turns.get(), precision);
  for (int l = 0; l < levels_for(format); ++l) {
    FixedArray angles(format, static_cast<std::size_t>(steps(l)) + 1);
    for (long p = 1; p <= steps(l); ++p) {
      arb_set_si(angle.get(), p);
      arb_mul_2exp_si(angle.get(), angle.get(), -bits(l));
      arb_atan(angle.get(), angle.get(), precision);
      arb_mul(angle.get(), angle.get(), turns.get(), precision);
      format.set(angles[static_cast<std::size_t>(p)], angle, 0);
    }
    arctangents_.push_back(std::move(angles));
  }
}

std::shared_ptr<const FixedAngles> FixedAngles::shared(const FixedFormat& format) {
  static std::mutex mutex;
  static std::map<std::size_t, std::weak_ptr<const FixedAngles>> tables;
  const std::scoped_lock lock(mutex);
  std::weak_ptr<const FixedAngles>& entry = tables[format.limbs];
  auto angles = entry.lock();
  if (!angles) entry = angles = std::make_shared<const FixedAngles>(format);
  return angles;
}

double FixedAngles::turn(FixedView cosine, FixedView sine, double error, FixedRef result) const {
  const std::size_t n = format_.limbs;
  FixedNumber x_room, y_room, tangent, squared, factor;
  const FixedRef x = x_room, y = y_room;
  format_.copy(x, cosine);
  format_.copy(y, sine);
  format_.set_zero(result);
  mp_limb_t x_part[most + 1], y_part[most + 1];
  for (int l = 0; l < levels(); ++l) {
    const double ratio = format_.to_double(y) / format_.to_double(x);
    const long p =
        std::min(std::lround(std::abs(ratio) * static_cast<double>(1L << bits(l))), steps(l));
    if (p == 0) continue;
    // p/2^k as a limb behind the point
    const auto fraction = static_cast<mp_limb_t>(p) << (64 - bits(l));
    FixedView angle = arctangents_[static_cast<std::size_t>(l)][static_cast<std::size_t>(p)];
    angle.negative = *y.negative;
    format_.add(result, result, angle);
    // The point is turned towards y = 0, so x grows; y may cross zero.
    x_part[n] = mpn_mul_1(x_part, y.limbs, mpn_size(n), fraction);
    y_part[n] = mpn_mul_1(y_part, x.limbs, mpn_size(n), fraction);
    mpn_add_n(x.limbs, x.limbs, x_part + 1, mpn_size(n));
    mpn_sub_n(y.limbs, y.limbs, y_part + 1, mpn_size(n));
    if (y.limbs[n - 1] >> 63) {
      mpn_neg(y.limbs, y.limbs, mpn_size(n));
      *y.negative = !*y.negative;
    }
    // Of the point by 1 unit in both places, and of the angle's table by 1.
    error += 1.5;
  }
  divide(FixedRef(tangent).limbs, y.limbs, x.limbs, n);
  *FixedRef(tangent).negative = *y.negative;
  format_.multiply(squared, tangent, tangent);
  double series_error = 1;  // of the square's rounding
  if (n <= longest_for_horner &&
      FixedView(squared).limbs[n - 1] >> std::max(63 - least_shrinkage_, 0) == 0) {
    series_.horner(plan_, squared, factor);
    series_error += plan_.error;
  } else {
    const auto length = series_.length(FixedPowers::shrinkage_of(format_, squared));
    const FixedPowers powers(format_, squared, FixedSeries::row(length, 1));
    series_error += series_.value(powers, false, factor);
  }
  format_.multiply(factor, factor, tangent);
  format_.add(result, result, factor);
  // The slopes of the angle by the point and by the tangent are 1 at most; |tangent| <= 2^-18.
  constexpr double per_turn = 0.5 * std::numbers::inv_pi;
  return (error + 1) * (per_turn * 1.0001) + levels() * (1 + 0x1p-10) + series_error * 0x1p-18 + 1;
}

}  // namespace sigmahat
