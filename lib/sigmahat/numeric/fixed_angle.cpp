#include <algorithm>
#include <cmath>
#include <numbers>

#include <sigmahat/numeric/fixed_angle.hpp>

namespace sigmahat {
namespace {

/// A level costs four products, and spares terms of the series, the more the longer numbers are.
int levels_for(const FixedFormat& format) {
  return format.limbs <= 10 ? 2 : format.limbs <= 30 ? 3 : 4;
}

/// Beyond, powers that several terms share are worth their room.
constexpr std::size_t longest_for_horner = 10;

/// arcsin(x)/(2πx) = Σ a_j x^{2j}, a_j = C(2j,j)/(4^j (2j+1))/2π, as many as x² <= 2^-32 can ask
/// for.
std::vector<Ball> arcsine_series(const FixedFormat& format) {
  const slong bits = format.fraction_bits() + 30;
  std::vector<Ball> list;
  Ball binomial;  // C(2j,j)/4^j/2π
  arb_const_pi(binomial.get(), bits);
  arb_inv(binomial.get(), binomial.get(), bits);
  arb_mul_2exp_si(binomial.get(), binomial.get(), -1);
  for (long j = 0; 32 * (j - 1) <= format.fraction_bits(); ++j) {
    Ball term;
    arb_div_si(term.get(), binomial.get(), 2 * j + 1, bits);
    list.push_back(std::move(term));
    arb_mul_si(binomial.get(), binomial.get(), 2 * j + 1, bits);
    arb_div_si(binomial.get(), binomial.get(), 2 * j + 2, bits);
  }
  return list;
}

}  // namespace

FixedAngles::FixedAngles(const FixedFormat& format)
    : format_(format),
      series_(format, arcsine_series(format), 1),
      plan_(series_.plan(least_shrinkage(levels_for(format)))) {
  const slong precision = format.fraction_bits() + 40;
  for (int l = 0; l < levels_for(format); ++l) {
    Level level{FixedArray(format, steps + 1), FixedArray(format, steps + 1)};
    Ball step, c1, s1, c, s, product, next;
    arb_one(step.get());
    arb_mul_2exp_si(step.get(), step.get(), 1 - bits(l));
    arb_sin_cos_pi(s1.get(), c1.get(), step.get(), precision);
    arb_one(c.get());
    for (std::size_t k = 0; k <= steps; ++k) {
      format.set(level.cosines[k], c, 0);
      format.set(level.sines[k], s, 0);
      arb_mul(next.get(), c.get(), c1.get(), precision);
      arb_submul(next.get(), s.get(), s1.get(), precision);
      arb_mul(product.get(), s.get(), c1.get(), precision);
      arb_addmul(product.get(), c.get(), s1.get(), precision);
      arb_swap(c.get(), next.get());
      arb_swap(s.get(), product.get());
    }
    levels_.push_back(std::move(level));
  }
}

double FixedAngles::turn(FixedView cosine, FixedView sine, double error, FixedRef result) const {
  double rest =
      std::atan2(format_.to_double(sine), format_.to_double(cosine)) / (2 * std::numbers::pi);
  FixedNumber c, s, turned;
  format_.copy(c, cosine);
  format_.copy(s, sine);
  FixedSum sum(format_);
  long total = 0;
  const int count = static_cast<int>(levels_.size());
  for (int l = 0; l < count; ++l) {
    constexpr auto most = static_cast<long>(steps);
    const auto scale = static_cast<double>(1L << bits(l));
    const long k = std::clamp(std::lround(rest * scale), -most, most);
    rest -= static_cast<double>(k) / scale;
    total = (total << level_bits) + k;
    if (k == 0) continue;
    const Level& level = levels_[static_cast<std::size_t>(l)];
    const auto place = static_cast<std::size_t>(std::abs(k));
    const FixedView ck = level.cosines[place];
    FixedView sk = level.sines[place];
    sk.negative = k < 0;
    sum.clear();
    sum.add(s, ck);
    sum.subtract(c, sk);
    sum.round(turned);
    if (l + 1 < count) {
      sum.clear();
      sum.add(c, ck);
      sum.add(s, sk);
      sum.round(c);
    }
    format_.copy(s, turned);
    // The table by 2 units in either place, the rounding by 1.
    error += 4.5;
  }
  FixedNumber squared, factor;
  format_.multiply(squared, s, s);
  double series_error = 1;
  if (format_.limbs <= longest_for_horner &&
      FixedView(squared).limbs[format_.limbs - 1] >> (63 - least_shrinkage(count)) == 0) {
    series_.horner(plan_, squared, factor);
    series_error += plan_.error;
  } else {
    const auto length = series_.length(FixedPowers::shrinkage_of(format_, squared));
    const FixedPowers powers(format_, squared, FixedSeries::row(length, 1));
    series_error += series_.value(powers, false, factor);
  }
  format_.multiply(result, s, factor);
  // The dyadic part.
  const int shift = 63 - bits(count - 1);
  mp_limb_t& top = result.limbs[format_.limbs - 1];
  const auto whole = static_cast<mp_limb_t>(total) << shift;
  if (*result.negative && total > 0) {
    mpn_neg(result.limbs, result.limbs, static_cast<mp_size_t>(format_.limbs));
    *result.negative = 0;
  }
  top += whole;
  // arcsin' <= 1.001 so near zero; |sine| times the series' error.
  return error * (1.001 / (2 * std::numbers::pi)) + series_error * 0x1p-15 + 1;
}

}  // namespace sigmahat
