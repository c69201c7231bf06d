#include <algorithm>
#include <cmath>

#include <sigmahat/coefficients/integrand.hpp>
#include <sigmahat/numeric/complex_ball.hpp>

namespace sigmahat {
namespace {

Ball max_of(const Ball& x, const Ball& y) {
  Ball result;
  arb_max(result.get(), x.get(), y.get(), bound_bits);
  return result;
}

double largest_magnitude(const Ball& x) {
  arf_t bound;
  arf_init(bound);
  arb_get_abs_ubound_arf(bound, x.get(), bound_bits);
  const double result = arf_get_d(bound, ARF_RND_UP);
  arf_clear(bound);
  return result;
}

/// An upper bound on |h_k(z)| φ(z) for |Re z| >= nearest and |Im z| <= highest, all k <= K: by
/// Mehler's formula r^{-K/2} (1-r²)^{-1/4} exp(-x²/(2(1+r)) + y²/(2(1-r))) / √(2π) for any
/// 0 < r < 1.
Ball weight_bound(double nearest, double highest, int max_degree) {
  const auto exponent = [&](double gap) {
    const double r = 1 - gap;
    return -max_degree / 2.0 * std::log(r) - std::log(gap * (1 + r)) / 4 -
           nearest * nearest / (2 * (1 + r)) + highest * highest / (2 * gap);
  };
  double best = 0.5;
  for (double gap = 0.25; gap > 1e-5; gap /= 2)
    if (exponent(gap) < exponent(best)) best = gap;

  Ball x, y, r, gap, sum, result;
  arb_set_d(x.get(), nearest);
  arb_set_d(y.get(), highest);
  arb_set_d(gap.get(), best);
  arb_set_d(r.get(), 1 - best);  // exact: best is a power of two
  arb_set_d(sum.get(), 2 - best);
  arb_sqr(x.get(), x.get(), bound_bits);
  arb_sqr(y.get(), y.get(), bound_bits);
  arb_div(x.get(), x.get(), sum.get(), bound_bits);
  arb_div(y.get(), y.get(), gap.get(), bound_bits);
  arb_sub(result.get(), y.get(), x.get(), bound_bits);
  arb_log(r.get(), r.get(), bound_bits);
  arb_submul_ui(result.get(), r.get(), static_cast<ulong>(max_degree), bound_bits);
  arb_mul(sum.get(), sum.get(), gap.get(), bound_bits);
  arb_log(sum.get(), sum.get(), bound_bits);
  arb_mul_2exp_si(sum.get(), sum.get(), -1);
  arb_sub(result.get(), result.get(), sum.get(), bound_bits);
  arb_mul_2exp_si(result.get(), result.get(), -1);
  result = exp_of(result);
  arb_mul_2exp_si(result.get(), result.get(), 1);
  arb_div_ui(result.get(), result.get(), 5, bound_bits);  // 1/√(2π) < 2/5
  return result;
}

/// An upper bound on |φ(z)| = e^{(y²-x²)/2}/√(2π) for |Re z| >= nearest and |Im z| <= highest.
Ball density_bound(double nearest, double highest) {
  Ball x, exponent;
  arb_set_d(x.get(), nearest);
  arb_set_d(exponent.get(), highest);
  arb_sqr(exponent.get(), exponent.get(), bound_bits);
  arb_submul(exponent.get(), x.get(), x.get(), bound_bits);
  arb_mul_2exp_si(exponent.get(), exponent.get(), -1);
  return exp_of(exponent);
}

/// ∫_X^∞ of x^power exp(log_scale + linear·x - c x²) where it falls: its value at X over its rate
/// of decay there.
Ball decaying_tail(const Ball& from, const GrowthBound& growth, const Ball& c) {
  Ball exponent, rate, part;
  arb_mul(rate.get(), c.get(), from.get(), bound_bits);  // c X
  arb_set_d(exponent.get(), growth.log_scale);
  arb_submul(exponent.get(), rate.get(), from.get(), bound_bits);
  arb_mul_2exp_si(rate.get(), rate.get(), 1);
  arb_set_d(part.get(), growth.linear);
  arb_addmul(exponent.get(), part.get(), from.get(), bound_bits);
  arb_sub(rate.get(), rate.get(), part.get(), bound_bits);
  Ball power, logarithm;
  arb_set_d(power.get(), growth.power);
  arb_log(logarithm.get(), from.get(), bound_bits);
  arb_addmul(exponent.get(), power.get(), logarithm.get(), bound_bits);
  if (growth.power > 0) {
    arb_div(power.get(), power.get(), from.get(), bound_bits);
    arb_sub(rate.get(), rate.get(), power.get(), bound_bits);
  }
  Ball tail = exp_of(exponent);
  arb_div(tail.get(), tail.get(), rate.get(), bound_bits);
  if (!arb_is_positive(rate.get())) arb_pos_inf(tail.get());
  return tail;
}

}  // namespace

Ball exp_of(const Ball& x) {
  Ball result;
  arb_exp(result.get(), x.get(), bound_bits);
  return result;
}

double log2_upper(const Ball& x) {
  mag_t bound;
  mag_init(bound);
  arb_get_mag(bound, x.get());
  // mag = m 2^e with m in [1/2, 1)
  const double result = mag_is_inf(bound)    ? INFINITY
                        : mag_is_zero(bound) ? -INFINITY
                                             : fmpz_get_d(MAG_EXPREF(bound));
  mag_clear(bound);
  return result;
}

double log2_upper(const IntegrandBound& bound) {
  return std::max(log2_upper(bound.coefficients), log2_upper(bound.moment));
}

double smallest_magnitude(const Ball& x) {
  arf_t bound;
  arf_init(bound);
  arb_get_abs_lbound_arf(bound, x.get(), bound_bits);
  const double result = arf_get_d(bound, ARF_RND_DOWN);
  arf_clear(bound);
  return result;
}

IntegrandBound larger(const IntegrandBound& a, const IntegrandBound& b) {
  return {max_of(a.coefficients, b.coefficients), max_of(a.moment, b.moment)};
}

IntegrandBound& operator+=(IntegrandBound& a, const IntegrandBound& b) {
  arb_add(a.coefficients.get(), a.coefficients.get(), b.coefficients.get(), bound_bits);
  arb_add(a.moment.get(), a.moment.get(), b.moment.get(), bound_bits);
  return a;
}

std::optional<IntegrandBound> bound_on_rectangle(const ComplexFunction& function, const Ball& x,
                                                 const Ball& y, int max_degree, slong bits) {
  ComplexBall z, value;
  arb_set(acb_realref(z.get()), x.get());
  arb_set(acb_imagref(z.get()), y.get());
  function(value.get(), z.get(), true, bits);
  if (!acb_is_finite(value.get())) return {};
  const double nearest = smallest_magnitude(x), highest = largest_magnitude(y);
  IntegrandBound bound{weight_bound(nearest, highest, max_degree), density_bound(nearest, highest)};
  Ball size;
  acb_get_abs_ubound_arf(arb_midref(size.get()), value.get(), bound_bits);
  arb_mul(bound.coefficients.get(), bound.coefficients.get(), size.get(), bound_bits);
  arb_sqr(size.get(), size.get(), bound_bits);
  arb_mul(bound.moment.get(), bound.moment.get(), size.get(), bound_bits);
  return bound;
}

IntegrandBound tail_bound(const Ball& from, const GrowthBound& growth) {
  Ball c, d;
  arb_set_d(c.get(), 0.25);
  arb_set_d(d.get(), growth.quadratic);
  arb_sub(c.get(), c.get(), d.get(), bound_bits);
  IntegrandBound tail{decaying_tail(from, growth, c), {}};
  arb_mul_2exp_si(c.get(), c.get(), 1);  // 1/2 - 2 quadratic
  const GrowthBound square{growth.from, 2 * growth.log_scale, 2 * growth.power, 2 * growth.linear,
                           2 * growth.quadratic};
  tail.moment = decaying_tail(from, square, c);
  return tail;
}

Ball value_at(const ComplexFunction& function, const Ball& x, slong bits) {
  ComplexBall z, value;
  arb_set(acb_realref(z.get()), x.get());
  // An expression that cancels needs more than the digits that are asked for.
  for (slong precision = bits; precision <= 8 * bits; precision *= 2) {
    function(value.get(), z.get(), false, precision);
    if (acb_rel_accuracy_bits(value.get()) >= bits - 12) break;
  }
  Ball result;
  arb_swap(result.get(), acb_realref(value.get()));
  return result;
}

Ball normal_density(const Ball& x, slong bits) {
  Ball value, scale;
  arb_sqr(value.get(), x.get(), bits);
  arb_mul_2exp_si(value.get(), value.get(), -1);
  arb_neg(value.get(), value.get());
  arb_exp(value.get(), value.get(), bits);
  arb_const_pi(scale.get(), bits);
  arb_mul_2exp_si(scale.get(), scale.get(), 1);
  arb_rsqrt(scale.get(), scale.get(), bits);
  arb_mul(value.get(), value.get(), scale.get(), bits);
  return value;
}

}  // namespace sigmahat
