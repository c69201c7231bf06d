#include <algorithm>
#include <cmath>

#include <sigmahat/coefficients/hermite_sums.hpp>
#include <sigmahat/coefficients/integrand.hpp>
#include <sigmahat/coefficients/trapezoidal.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

// docs/design/trapezoidal-rule.md proves every bound used here; the names are those of its text.

/// ln L_k(-y²), L_k the Laguerre polynomial; the increments L_k - L_{k-1} are positive, so nothing
/// cancels.
double log_laguerre(int degree, double y) {
  double value = 1, increment = 0, log_scale = 0;
  for (int k = 0; k < degree; ++k) {
    increment = (k * increment + y * y * value) / (k + 1);
    value += increment;
    if (value > 1e200) {
      value *= 1e-200;
      increment *= 1e-200;
      log_scale += 200 * std::log(10.0);
    }
  }
  return std::log(value) + log_scale;
}

/// L_k(-y²) enclosed.
Ball laguerre(int degree, const Ball& y) {
  Ball value(1, bound_bits), increment, square;
  arb_sqr(square.get(), y.get(), bound_bits);
  for (int k = 0; k < degree; ++k) {
    arb_mul_ui(increment.get(), increment.get(), static_cast<ulong>(k), bound_bits);
    arb_addmul(increment.get(), square.get(), value.get(), bound_bits);
    arb_div_ui(increment.get(), increment.get(), static_cast<ulong>(k) + 1, bound_bits);
    arb_add(value.get(), value.get(), increment.get(), bound_bits);
  }
  return value;
}

/// The nodes x_j = j h, |j| <= last, of a trapezoidal rule.
struct Nodes {
  DyadicGrid grid;
  slong last;

  double step() const {
    return std::ldexp(static_cast<double>(grid.multiple), -static_cast<int>(grid.shift));
  }
  Ball step_ball() const { return grid.step(); }
  Ball node(slong j) const { return grid.node(j); }
};

/// Nodes of a step of at most `step`, as far out as `reach`.
Nodes make_nodes(double step, double reach) {
  Nodes nodes{dyadic_grid(step), 0};
  nodes.last = static_cast<slong>(std::ceil(reach / nodes.step())) + 1;
  return nodes;
}

/// ln of the bounds on |h_k(x)| φ(x) for all k <= degree: Cramér's 1.0865 e^{x²/4}, and the leading
/// power beyond the zeros.
double log_cramer(double x) {
  return 0.083 - x * x / 4;
}
double log_leading_power(int degree, double x) {
  return degree * std::log(x) - x * x / 2 - std::lgamma(degree + 1.0) / 2;
}
bool beyond_zeros(int degree, double x) {
  return x * x >= 2.0 * degree + 1;
}

/// X with ∫_X^∞ |h_k| φ below 2^-bits for every k <= degree, roughly.
double reach(int degree, slong bits) {
  const double wanted = -static_cast<double>(bits) * std::log(2.0);
  double x = 1;
  while (log_cramer(x) > wanted &&
         !(beyond_zeros(degree, x) && log_leading_power(degree, x) < wanted))
    x += 0.125;
  return x;
}

/// An upper bound on 2 ∫_X^∞ |h_k| φ, every k <= degree, X the last node.
Ball tail_bound(int degree, const Ball& last) {
  Ball square, cramer, root;
  arb_sqr(square.get(), last.get(), bound_bits);
  // 2 · 1.0865/√(2π) · (2/X) e^{-X²/4} <= (2/X) e^{-X²/4}
  arb_mul_2exp_si(cramer.get(), square.get(), -2);
  arb_neg(cramer.get(), cramer.get());
  arb_exp(cramer.get(), cramer.get(), bound_bits);
  arb_div(cramer.get(), cramer.get(), last.get(), bound_bits);
  arb_mul_2exp_si(cramer.get(), cramer.get(), 1);

  Ball margin;
  arb_sub_ui(margin.get(), square.get(), 2 * static_cast<ulong>(degree) + 1, bound_bits);
  if (!arb_is_positive(margin.get())) return cramer;
  // 2/√(2π) · X^{K+1} e^{-X²/2} / ((X² - K) √K!)
  Ball power, factorial;
  arb_pow_ui(power.get(), last.get(), static_cast<ulong>(degree) + 1, bound_bits);
  arb_mul_2exp_si(root.get(), square.get(), -1);
  arb_neg(root.get(), root.get());
  arb_exp(root.get(), root.get(), bound_bits);
  arb_mul(power.get(), power.get(), root.get(), bound_bits);
  arb_fac_ui(factorial.get(), static_cast<ulong>(degree), bound_bits);
  arb_rsqrt(factorial.get(), factorial.get(), bound_bits);
  arb_mul(power.get(), power.get(), factorial.get(), bound_bits);
  arb_sub_ui(margin.get(), square.get(), static_cast<ulong>(degree), bound_bits);
  arb_div(power.get(), power.get(), margin.get(), bound_bits);
  return arb_lt(power.get(), cramer.get()) ? power : cramer;
}

/// 2 e^{a²/2} amplitude / (e^{2πa/h} - 1): what the rule misses on the lines Im z = ±a.
Ball discretisation_bound(const Ball& a, const Ball& step, const Ball& amplitude) {
  Ball bound, gap;
  arb_const_pi(gap.get(), bound_bits);
  arb_mul_2exp_si(gap.get(), gap.get(), 1);
  arb_mul(gap.get(), gap.get(), a.get(), bound_bits);
  arb_div(gap.get(), gap.get(), step.get(), bound_bits);
  arb_expm1(gap.get(), gap.get(), bound_bits);
  arb_sqr(bound.get(), a.get(), bound_bits);
  arb_mul_2exp_si(bound.get(), bound.get(), -1);
  arb_exp(bound.get(), bound.get(), bound_bits);
  arb_mul(bound.get(), bound.get(), amplitude.get(), bound_bits);
  arb_div(bound.get(), bound.get(), gap.get(), bound_bits);
  arb_mul_2exp_si(bound.get(), bound.get(), 1);
  return bound;
}

struct TanhRule {
  Nodes nodes;
  int poles;  ///< corrected for, in the upper half-plane
};

/// The fewest nodes: the line Im z = a may lie midway between any two poles, there |tanh| <= 1, and
/// a wide strip pays until e^{a²/2} outgrows e^{-2πa/h}.
TanhRule choose_tanh_rule(double rate, int max_degree, slong bits) {
  const double wanted = (static_cast<double>(bits) + 4) * std::log(2.0);
  double best_step = 0;
  int best_poles = 0;
  for (int poles = 1;; ++poles) {
    const double a = M_PI * poles / rate;
    const double step =
        2 * M_PI * a / (a * a / 2 + log_laguerre(max_degree, a) / 2 + std::log(2.0) + wanted);
    if (step <= best_step) break;
    best_step = step;
    best_poles = poles;
  }
  return {make_nodes(best_step, reach(max_degree, bits + 3)), best_poles};
}

/// Adds to the odd coefficients what the poles iy, y = π(n+1/2)/rate, of tanh contribute:
/// 2 Re[2πi Res / (1 - e^{2πy/h})] with Res = h_k(iy) φ(iy)/rate.
void add_pole_corrections(std::vector<Ball>& coefficients, const Rational& rate,
                          const TanhRule& rule, slong precision) {
  const Ball rate_ball(rate, precision), step = rule.nodes.step_ball();
  Ball pi, amplitude, gap, y;
  arb_const_pi(pi.get(), precision);
  for (int n = 0; n < rule.poles; ++n) {
    arb_mul_ui(y.get(), pi.get(), 2 * static_cast<ulong>(n) + 1, precision);
    arb_mul_2exp_si(y.get(), y.get(), -1);
    arb_div(y.get(), y.get(), rate_ball.get(), precision);

    // amplitude = (4π/rate) e^{y²/2}/√(2π) / (e^{2πy/h} - 1)
    arb_mul(gap.get(), y.get(), pi.get(), precision);
    arb_mul_2exp_si(gap.get(), gap.get(), 1);
    arb_div(gap.get(), gap.get(), step.get(), precision);
    arb_expm1(gap.get(), gap.get(), precision);
    arb_sqr(amplitude.get(), y.get(), precision);
    arb_mul_2exp_si(amplitude.get(), amplitude.get(), -1);
    arb_exp(amplitude.get(), amplitude.get(), precision);
    arb_div(amplitude.get(), amplitude.get(), gap.get(), precision);
    arb_div(amplitude.get(), amplitude.get(), rate_ball.get(), precision);
    arb_mul_2exp_si(gap.get(), pi.get(), 3);
    arb_sqrt(gap.get(), gap.get(), precision);  // 4π/√(2π) = √(8π)
    arb_mul(amplitude.get(), amplitude.get(), gap.get(), precision);

    // h_k(iy) = i^k u_k with √k u_k = y u_{k-1} + √(k-1) u_{k-2}: nothing cancels. The state is
    // amplitude · He_k(iy)/i^k.
    Ball factorial(1, precision), scale, current = amplitude, before;
    for (int k = 0; k < static_cast<int>(coefficients.size()); ++k) {
      if (k % 2 == 1) {
        arb_rsqrt(scale.get(), factorial.get(), precision);
        arb_mul(scale.get(), scale.get(), current.get(), precision);
        Ball& coefficient = coefficients[static_cast<std::size_t>(k)];
        (k % 4 == 1 ? arb_add : arb_sub)(coefficient.get(), coefficient.get(), scale.get(),
                                         precision);
      }
      arb_mul_ui(before.get(), before.get(), static_cast<ulong>(k), precision);
      arb_addmul(before.get(), current.get(), y.get(), precision);
      arb_swap(before.get(), current.get());
      arb_mul_ui(factorial.get(), factorial.get(), static_cast<ulong>(k) + 1, precision);
    }
  }
}

}  // namespace

std::vector<Ball> tanh_coefficients(const Rational& rate, int max_degree, slong bits) {
  const TanhRule rule = choose_tanh_rule(rate.convert_to<double>(), max_degree, bits);
  const slong precision = bits + recurrence_loss(max_degree) + 8;

  // tanh is odd: fold x and -x, leave the node 0 out.
  std::vector<Ball> weights(static_cast<std::size_t>(rule.nodes.last));
  const Ball rate_ball(rate, precision), step = rule.nodes.step_ball();
  for (slong j = 1; j <= rule.nodes.last; ++j) {
    const Ball x = rule.nodes.node(j), density = normal_density(x, precision);
    Ball& weight = weights[static_cast<std::size_t>(j) - 1];
    arb_mul(weight.get(), x.get(), rate_ball.get(), precision);
    arb_tanh(weight.get(), weight.get(), precision);
    arb_mul(weight.get(), weight.get(), density.get(), precision);
    arb_mul(weight.get(), weight.get(), step.get(), precision);
    arb_mul_2exp_si(weight.get(), weight.get(), 1);
  }
  std::vector<Ball> coefficients =
      hermite_sums(rule.nodes.grid, weights, DegreeParity::odd, max_degree, precision);
  add_pole_corrections(coefficients, rate, rule, precision);

  // The line Im z = πN/rate lies midway between poles, where |tanh(rate z)| = |tanh(rate x)| < 1.
  Ball line, error;
  arb_const_pi(line.get(), bound_bits);
  arb_mul_ui(line.get(), line.get(), static_cast<ulong>(rule.poles), bound_bits);
  arb_div(line.get(), line.get(), rate_ball.get(), bound_bits);
  Ball amplitude = laguerre(max_degree, line);
  arb_sqrt(amplitude.get(), amplitude.get(), bound_bits);
  error = discretisation_bound(line, step, amplitude);
  const Ball tail = tail_bound(max_degree, rule.nodes.node(rule.nodes.last));
  arb_add(error.get(), error.get(), tail.get(), bound_bits);
  for (std::size_t k = 0; k < coefficients.size(); ++k) {
    if (k % 2 == 0)
      coefficients[k] = Ball();
    else
      arb_add_error(coefficients[k].get(), error.get());
  }
  return coefficients;
}

namespace {

struct SoftplusMoments {
  Ball mean, second_moment;
};

/// E[e] and E[e²] of e(x) = log(2 cosh(rx/2)), the even part of softplus(rx), r = rate > 0.
///
/// Branch points at ±iπ/r keep the line at |Im z| = a <= 3/r below them; there
/// |e| <= r|x|/2 + C with C = ln 2 + |ln(2 cos(3/2))| + π/2 < 9/2, so the L²(φ) norm is at most
/// (r + 9)/2.
SoftplusMoments log_cosh_moments(const Rational& rate, slong bits) {
  const auto r = rate.convert_to<double>();
  const slong precision = bits + 16;
  const double wanted = (static_cast<double>(bits) + 4) * std::log(2.0) + 2 * std::log(r + 9);
  // Further out than sqrt(2 wanted) e^{a²/2} outgrows e^{2πa/h}.
  const double a = std::min(3 / r, std::sqrt(2 * wanted)) * (1 - 1e-9);
  const double step = 2 * M_PI * a / (a * a / 2 + wanted);
  // φ(X) e(X)² below 2^-bits, X² taken as (bits + 10)²: generous.
  const double far = std::sqrt(2 * (wanted + 2 * std::log(static_cast<double>(bits) + 10)));
  const Nodes nodes = make_nodes(step, far);
  Ball line, amplitude(rate + 9, bound_bits);  // ((r + 9)/2)², of e²; more than that of e
  arb_set_d(line.get(), a);
  arb_mul_2exp_si(amplitude.get(), amplitude.get(), -1);
  arb_sqr(amplitude.get(), amplitude.get(), bound_bits);

  const Ball rate_ball(rate, precision);
  SoftplusMoments moments;
  for (slong j = 0; j <= nodes.last; ++j) {
    const Ball x = nodes.node(j);
    Ball u, value, weight = normal_density(x, precision);
    if (j > 0) arb_mul_2exp_si(weight.get(), weight.get(), 1);
    // u/2 + log1p(e^{-u}), u = rx
    arb_mul(u.get(), x.get(), rate_ball.get(), precision);
    arb_neg(value.get(), u.get());
    arb_exp(value.get(), value.get(), precision);
    arb_log1p(value.get(), value.get(), precision);
    arb_mul_2exp_si(u.get(), u.get(), -1);
    arb_add(value.get(), value.get(), u.get(), precision);
    arb_mul(weight.get(), weight.get(), value.get(), precision);
    arb_add(moments.mean.get(), moments.mean.get(), weight.get(), precision);
    arb_addmul(moments.second_moment.get(), weight.get(), value.get(), precision);
  }
  const Ball width = nodes.step_ball();
  arb_mul(moments.mean.get(), moments.mean.get(), width.get(), precision);
  arb_mul(moments.second_moment.get(), moments.second_moment.get(), width.get(), precision);

  // Beyond X >= 2: e <= (r/2 + ln(2)/2) x, so that e and e² are at most (r/2 + 1)² x², and
  // 2 ∫_X^∞ x² φ <= 2 (X + 1/X) φ(X) <= 2 (X + 1) φ(X).
  Ball error = discretisation_bound(line, width, amplitude);
  const Ball last = nodes.node(nodes.last);
  Ball tail = normal_density(last, bound_bits), factor(rate / 2 + 1, bound_bits);
  arb_sqr(factor.get(), factor.get(), bound_bits);
  arb_mul(tail.get(), tail.get(), factor.get(), bound_bits);
  arb_add_ui(factor.get(), last.get(), 1, bound_bits);
  arb_mul(tail.get(), tail.get(), factor.get(), bound_bits);
  arb_mul_2exp_si(tail.get(), tail.get(), 1);
  arb_add(error.get(), error.get(), tail.get(), bound_bits);
  arb_add_error(moments.mean.get(), error.get());
  arb_add_error(moments.second_moment.get(), error.get());
  return moments;
}

/// Coefficients of 1/(1+e^{-rx}) = 1/2 + tanh(rx/2)/2.
std::vector<Ball> sigmoid_coefficients(const Rational& rate, int max_degree, slong bits) {
  std::vector<Ball> result = tanh_coefficients(rate / 2, max_degree, bits);
  for (Ball& c : result) arb_mul_2exp_si(c.get(), c.get(), -1);
  arb_set_d(result[0].get(), 0.5);
  return result;
}

/// √k c.
Ball times_root(const Ball& c, int k, slong precision) {
  Ball root;
  arb_sqrt_ui(root.get(), static_cast<ulong>(k), precision);
  arb_mul(root.get(), root.get(), c.get(), precision);
  return root;
}

/// x/rate.
Ball divided(const Ball& x, const Rational& rate, slong precision) {
  Ball result(rate, precision);
  arb_div(result.get(), x.get(), result.get(), precision);
  return result;
}

/// With t = tanh(rx): t² = 1 - t'/r.
QuadratureTable tanh_table(const Rational& rate, int max_degree, slong bits) {
  QuadratureTable table{tanh_coefficients(rate, std::max(max_degree, 1), bits), Ball(1, bits)};
  const Ball slope = divided(table.coefficients[1], rate, bits);
  arb_sub(table.second_moment.get(), table.second_moment.get(), slope.get(), bits);
  return table;
}

/// With s = sigmoid(rx): s² = s - s'/r.
QuadratureTable sigmoid_table(const Rational& rate, int max_degree, slong bits) {
  QuadratureTable table{sigmoid_coefficients(rate, std::max(max_degree, 1), bits),
                        Ball(Rational(1, 2), bits)};
  const Ball slope = divided(table.coefficients[1], rate, bits);
  arb_sub(table.second_moment.get(), table.second_moment.get(), slope.get(), bits);
  return table;
}

/// softplus(rx)' = r s, so its coefficients follow from degree 1 on (ladder).
QuadratureTable softplus_table(const Rational& rate, int max_degree, slong bits) {
  const std::vector<Ball> derivative = sigmoid_coefficients(rate, max_degree, bits);
  SoftplusMoments even = log_cosh_moments(rate, bits);
  QuadratureTable table{std::vector<Ball>(derivative.size()), even.second_moment};
  // softplus(rx) = rx/2 + e(x), e even
  const Ball odd(rate * rate / 4, bits), rate_ball(rate, bits + 8);
  arb_add(table.second_moment.get(), table.second_moment.get(), odd.get(), bits);
  table.coefficients[0] = even.mean;
  for (int k = 1; k <= max_degree; ++k) {
    Ball root, &c = table.coefficients[static_cast<std::size_t>(k)];
    arb_sqrt_ui(root.get(), static_cast<ulong>(k), bits + 8);
    arb_div(root.get(), rate_ball.get(), root.get(), bits + 8);
    arb_mul(c.get(), derivative[static_cast<std::size_t>(k) - 1].get(), root.get(), bits + 8);
  }
  return table;
}

/// r x s: x h_k = √(k+1) h_{k+1} + √k h_{k-1}, and, with s² = s - s'/r,
/// E[r²x²s²] = r²/2 - r E[x² s'] = r²/2 - r (√6 ŝ_3 + ŝ_1).
QuadratureTable silu_table(const Rational& rate, int max_degree, slong bits) {
  const slong precision = bits + static_cast<slong>(std::log2(max_degree + 1.0)) + 8;
  const std::vector<Ball> s = sigmoid_coefficients(rate, std::max(max_degree + 1, 3), precision);
  const auto at = [&](int k) -> const Ball& { return s[static_cast<std::size_t>(k)]; };
  const Ball rate_ball(rate, precision);
  QuadratureTable table{std::vector<Ball>(static_cast<std::size_t>(max_degree) + 1),
                        Ball(rate * rate / 2, precision)};
  for (int k = 0; k <= max_degree; ++k) {
    Ball& c = table.coefficients[static_cast<std::size_t>(k)];
    c = times_root(at(k + 1), k + 1, precision);
    if (k > 0) {
      const Ball below = times_root(at(k - 1), k, precision);
      arb_add(c.get(), c.get(), below.get(), precision);
    }
    arb_mul(c.get(), c.get(), rate_ball.get(), precision);
  }
  Ball slope = times_root(at(3), 6, precision);
  arb_add(slope.get(), slope.get(), at(1).get(), precision);
  arb_submul(table.second_moment.get(), slope.get(), rate_ball.get(), precision);
  return table;
}

QuadratureTable table_of(Logistic::Kind kind, const Rational& rate, int max_degree, slong bits) {
  switch (kind) {
    case Logistic::Kind::tanh:
      return tanh_table(rate, max_degree, bits);
    case Logistic::Kind::sigmoid:
      return sigmoid_table(rate, max_degree, bits);
    case Logistic::Kind::softplus:
      return softplus_table(rate, max_degree, bits);
    case Logistic::Kind::silu:
      return silu_table(rate, max_degree, bits);
  }
  throw DomainError("no such logistic activation");
}

}  // namespace

QuadratureTable logistic_coefficients(const Logistic& activation, int max_degree, slong bits) {
  if (activation.rate == 0) throw DomainError("a logistic activation of rate zero is a constant");
  QuadratureTable table = table_of(activation.kind, abs(activation.rate), max_degree, bits);
  table.coefficients.resize(static_cast<std::size_t>(max_degree) + 1);
  // h_k(-x) = (-1)^k h_k(x)
  if (activation.rate < 0)
    for (std::size_t k = 1; k < table.coefficients.size(); k += 2)
      arb_neg(table.coefficients[k].get(), table.coefficients[k].get());
  return table;
}

}  // namespace sigmahat
