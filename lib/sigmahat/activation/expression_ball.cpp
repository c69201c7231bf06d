#include <sigmahat/activation/expression_ball.hpp>
#include <sigmahat/numeric/complex_ball.hpp>
#include <sigmahat/numeric/overloaded.hpp>

namespace sigmahat {
namespace {

using Ball = ComplexBall;

void set_rational(acb_t result, const Rational& value, slong bits) {
  fmpq_t fraction;
  fmpq_init(fraction);
  fmpq_set_mpq(fraction, value.backend().data());
  acb_set_fmpq(result, fraction, bits);
  fmpq_clear(fraction);
}

/// Whether u may meet the cuts of arctan and arsinh, ±i[1, ∞).
bool meets_imaginary_cuts(const acb_t u) {
  if (!arb_contains_zero(acb_realref(u))) return false;
  Ball distance;
  arb_abs(acb_realref(distance.get()), acb_imagref(u));
  arb_sub_ui(acb_realref(distance.get()), acb_realref(distance.get()), 1, 30);
  return !arb_is_negative(acb_realref(distance.get()));
}

bool in_right_half(const acb_t u) {
  return arf_sgn(arb_midref(acb_realref(u))) >= 0;
}

/// 1/(1+e^{-u}) or e^u/(1+e^u): the same function, the one that does not overflow.
void sigmoid(acb_t result, const acb_t u, slong bits) {
  Ball e, denominator;
  if (in_right_half(u)) {
    acb_neg(e.get(), u);
    acb_exp(e.get(), e.get(), bits);
    acb_add_ui(denominator.get(), e.get(), 1, bits);
    acb_inv(result, denominator.get(), bits);
  } else {
    acb_exp(e.get(), u, bits);
    acb_add_ui(denominator.get(), e.get(), 1, bits);
    acb_div(result, e.get(), denominator.get(), bits);
  }
}

/// log(1+e^u), or u + log(1+e^{-u}), which is the same in the strip |Im u| < π.
void softplus(acb_t result, const acb_t u, bool analytic, slong bits) {
  const bool right = in_right_half(u);
  Ball e, shift(u);
  if (right)
    acb_neg(e.get(), u);
  else
    acb_set(e.get(), u);
  acb_exp(e.get(), e.get(), bits);
  // log1p keeps the digits where e^u is small; its cut is that of log at 1+e^u.
  Ball argument;
  acb_add_ui(argument.get(), e.get(), 1, bits);
  const bool on_cut = arb_contains_zero(acb_imagref(argument.get())) &&
                      !arb_is_positive(acb_realref(argument.get()));
  if (analytic && on_cut) {
    acb_indeterminate(result);
    return;
  }
  acb_log1p(result, e.get(), bits);
  if (right) acb_add(result, result, shift.get(), bits);
}

/// Odd; acb_asinh forms √(1+u²) - u, which cancels in the right half-plane.
void arcsinh(acb_t result, const acb_t u, slong bits) {
  const bool right = in_right_half(u);
  acb_set(result, u);
  if (right) acb_neg(result, result);
  acb_asinh(result, result, bits);
  if (right) acb_neg(result, result);
}

/// h_k by the three-term recurrence (MATH.md 1).
void hermite(acb_t result, int degree, const acb_t u, slong bits) {
  Ball argument(u), previous, current, term, root, next_root;
  acb_one(current.get());
  for (int k = 0; k < degree; ++k) {
    arb_sqrt_ui(acb_realref(next_root.get()), static_cast<ulong>(k) + 1, bits);
    acb_mul(term.get(), argument.get(), current.get(), bits);
    acb_submul(term.get(), root.get(), previous.get(), bits);
    acb_div_arb(term.get(), term.get(), acb_realref(next_root.get()), bits);
    std::swap(previous, current);
    std::swap(current, term);
    std::swap(root, next_root);
  }
  acb_swap(result, current.get());
}

class BallEvaluator {
 public:
  BallEvaluator(acb_srcptr x, bool analytic, slong bits)
      : x_(x), analytic_(analytic ? 1 : 0), bits_(bits) {}

  Ball of(const Expression& f) const {
    Ball result;
    std::visit(Overloaded{
                   [&](const Expression::Number& u) { set_rational(result.get(), u.value, bits_); },
                   [&](const Expression::Variable&) { acb_set(result.get(), x_); },
                   [&](const Expression::Pi&) { acb_const_pi(result.get(), bits_); },
                   [&](const Expression::Sum& u) {
                     for (const Expression& term : u.terms)
                       acb_add(result.get(), result.get(), of(term).get(), bits_);
                   },
                   [&](const Expression::Product& u) {
                     result = of(u.factors[0]);
                     for (std::size_t i = 1; i < u.factors.size(); ++i)
                       acb_mul(result.get(), result.get(), of(u.factors[i]).get(), bits_);
                   },
                   [&](const Expression::Power& u) {
                     result = of(u.base);
                     raise(result.get(), u.exponent);
                   },
                   [&](const Expression::Call& u) {
                     result = of(u.arguments[0]);
                     if (u.function == Function::max || u.function == Function::min)
                       take_extremum(result.get(), u);
                     else
                       apply(result.get(), u);
                   },
               },
               f.node());
    return result;
  }

 private:
  void raise(acb_t u, const Rational& exponent) const {
    if (denominator(exponent) == 1) {
      acb_pow_si(u, u, numerator(exponent).convert_to<slong>(), bits_);
    } else if (exponent == Rational(1, 2)) {
      acb_sqrt_analytic(u, u, analytic_, bits_);
    } else if (exponent == Rational(-1, 2)) {
      acb_rsqrt_analytic(u, u, analytic_, bits_);
    } else {
      Ball power;
      set_rational(power.get(), exponent, bits_);
      acb_pow_analytic(u, u, power.get(), analytic_, bits_);
    }
  }

  void take_extremum(acb_t u, const Expression::Call& f) const {
    for (std::size_t i = 1; i < f.arguments.size(); ++i) {
      const Ball v = of(f.arguments[i]);
      if (f.function == Function::max)
        acb_real_max(u, u, v.get(), analytic_, bits_);
      else
        acb_real_min(u, u, v.get(), analytic_, bits_);
    }
  }

  void apply(acb_t u, const Expression::Call& f) const {
    switch (f.function) {
      case Function::abs:
        acb_real_abs(u, u, analytic_, bits_);
        return;
      case Function::sign:
        acb_real_sgn(u, u, analytic_, bits_);
        return;
      case Function::step:
        acb_real_heaviside(u, u, analytic_, bits_);
        return;
      case Function::exp:
        acb_exp(u, u, bits_);
        return;
      case Function::log:
        acb_log_analytic(u, u, analytic_, bits_);
        return;
      case Function::sin:
        acb_sin(u, u, bits_);
        return;
      case Function::cos:
        acb_cos(u, u, bits_);
        return;
      case Function::tan:
        acb_tan(u, u, bits_);
        return;
      case Function::sinh:
        acb_sinh(u, u, bits_);
        return;
      case Function::cosh:
        acb_cosh(u, u, bits_);
        return;
      case Function::tanh:
        acb_tanh(u, u, bits_);
        return;
      case Function::arctan:
        if (analytic_ && meets_imaginary_cuts(u))
          acb_indeterminate(u);
        else
          acb_atan(u, u, bits_);
        return;
      case Function::arcsinh:
        if (analytic_ && meets_imaginary_cuts(u))
          acb_indeterminate(u);
        else
          arcsinh(u, u, bits_);
        return;
      case Function::erf:
        acb_hypgeom_erf(u, u, bits_);
        return;
      case Function::erfc:
        acb_hypgeom_erfc(u, u, bits_);
        return;
      case Function::normal_cdf: {
        Ball root;
        arb_sqrt_ui(acb_realref(root.get()), 2, bits_);
        acb_div_arb(u, u, acb_realref(root.get()), bits_);
        acb_neg(u, u);
        acb_hypgeom_erfc(u, u, bits_);
        acb_mul_2exp_si(u, u, -1);
        return;
      }
      case Function::sigmoid:
        sigmoid(u, u, bits_);
        return;
      case Function::softplus:
        softplus(u, u, analytic_ != 0, bits_);
        return;
      case Function::hermite:
        hermite(u, f.degree, u, bits_);
        return;
      case Function::max:
      case Function::min:
        return;  // of one argument
    }
  }

  acb_srcptr x_;
  int analytic_;
  slong bits_;
};

}  // namespace

void evaluate_complex(acb_t result, const Expression& f, const acb_t x, bool analytic, slong bits) {
  Ball value = BallEvaluator(x, analytic, bits).of(f);
  acb_swap(result, value.get());
}

void evaluate_real(arb_t result, const Expression& f, const arb_t x, slong bits) {
  Ball argument;
  arb_set(acb_realref(argument.get()), x);
  const Ball value = BallEvaluator(argument.get(), false, bits).of(f);
  if (arb_contains_zero(acb_imagref(value.get())) && acb_is_finite(value.get()))
    arb_set(result, acb_realref(value.get()));
  else
    arb_indeterminate(result);
}

}  // namespace sigmahat
