#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/activation/expression_point.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/ball.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/overloaded.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

// ---------------------------------------------------------------- double and Real

double erfc_of(double u) {
  return std::erfc(u);
}
Real erfc_of(const Real& u) {
  Real result;
  mpfr_erfc(result.backend().data(), u.backend().data(), MPFR_RNDN);
  return result;
}

double power_of(double base, const Rational& exponent) {
  return std::pow(base, from_rational<double>(exponent));
}
Real power_of(const Real& base, const Rational& exponent) {
  if (denominator(exponent) != 1) return pow(base, from_rational<Real>(exponent));
  Real result;
  mpfr_pow_si(result.backend().data(), base.backend().data(),
              numerator(exponent).convert_to<long>(), MPFR_RNDN);
  return result;
}

/// x itself in a variable of at least the precision in force: sums and products that start from it
/// keep that precision.
double at_least_working_precision(double x) {
  return x;
}
Real at_least_working_precision(const Real& x) {
  Real result;
  if (mpfr_get_prec(x.backend().data()) >= mpfr_get_prec(result.backend().data())) return x;
  mpfr_set(result.backend().data(), x.backend().data(), MPFR_RNDN);
  return result;
}
Interval at_least_working_precision(const Interval& x) {
  Interval result;
  if (mpfi_get_prec(x.backend().data()) >= mpfi_get_prec(result.backend().data())) return x;
  mpfi_set(result.backend().data(), x.backend().data());
  return result;
}

/// Whether reducing u by its periods would take more bits than anyone wants: of 3^(3^9) the sine
/// has 31,000 bits to go through, of 16^(16^9) more than there is memory.
bool is_beyond_periods(const Real& u) {
  constexpr long most_bits = 4096;
  return mpfr_regular_p(u.backend().data()) != 0 && mpfr_get_exp(u.backend().data()) > most_bits;
}

/// Rounded arithmetic. What is not a number stays not a number, whatever is done with it: that is
/// how a point outside the domain is noticed at the end.
template <class T>
class RoundedEvaluator {
 public:
  explicit RoundedEvaluator(const T& x) : x_(at_least_working_precision(x)) {}

  T of(const Expression& f) const {
    return std::visit(Overloaded{
                          [](const Expression::Number& u) { return from_rational<T>(u.value); },
                          [&](const Expression::Variable&) { return x_; },
                          [](const Expression::Pi&) { return sigmahat::pi<T>(); },
                          [&](const Expression::Sum& u) {
                            T result = of(u.terms[0]);
                            for (std::size_t i = 1; i < u.terms.size(); ++i)
                              result += of(u.terms[i]);
                            return result;
                          },
                          [&](const Expression::Product& u) {
                            T result = of(u.factors[0]);
                            for (std::size_t i = 1; i < u.factors.size(); ++i)
                              result *= of(u.factors[i]);
                            return result;
                          },
                          [&](const Expression::Power& u) {
                            using std::sqrt;
                            const T base = of(u.base);
                            return u.exponent == Rational(1, 2) ? T(sqrt(base))
                                                                : power_of(base, u.exponent);
                          },
                          [&](const Expression::Call& u) { return of_call(u); },
                      },
                      f.node());
  }

 private:
  T of_call(const Expression::Call& f) const {
    if (f.function == Function::max || f.function == Function::min) {
      T result = of(f.arguments[0]);
      for (std::size_t i = 1; i < f.arguments.size(); ++i) {
        const T u = of(f.arguments[i]);
        if (isnan(u) || (f.function == Function::max ? u > result : u < result)) result = u;
      }
      return result;
    }
    return apply(f, of(f.arguments[0]));
  }

  static bool isnan(const T& u) { return u != u; }

  static void require_resolved(const T& u) {
    if constexpr (std::same_as<T, Real>)
      if (is_beyond_periods(u))
        throw NumericalError("the argument of a periodic function is too large");
  }

  static T apply(const Expression::Call& f, const T& u) {
    using std::abs, std::exp, std::log, std::sin, std::cos, std::tan, std::sinh, std::cosh,
        std::tanh, std::atan, std::asinh, std::sqrt, std::log1p;
    const T nan = std::numeric_limits<T>::quiet_NaN();
    if (isnan(u)) return nan;
    switch (f.function) {
      case Function::abs:
        return abs(u);
      case Function::sign:
        return T(u > 0 ? 1 : u < 0 ? -1 : 0);
      case Function::step:
        return u > 0 ? T(1) : u < 0 ? T(0) : T(1) / 2;
      case Function::exp:
        return exp(u);
      case Function::log:
        return u < 0 ? nan : T(log(u));
      case Function::sin:
        require_resolved(u);
        return sin(u);
      case Function::cos:
        require_resolved(u);
        return cos(u);
      case Function::tan:
        require_resolved(u);
        return tan(u);
      case Function::sinh:
        return sinh(u);
      case Function::cosh:
        return cosh(u);
      case Function::tanh:
        return tanh(u);
      case Function::arctan:
        return atan(u);
      case Function::arcsinh:
        return asinh(u);
      case Function::erf:
        return error_function(u);
      case Function::erfc:
        return erfc_of(u);
      case Function::normal_cdf:
        return erfc_of(T(-u / sqrt(T(2)))) / 2;
      case Function::sigmoid: {
        if (u >= 0) return 1 / (1 + exp(T(-u)));
        const T e = exp(u);
        return e / (1 + e);
      }
      case Function::softplus:
        return (u > 0 ? u : T(0)) + log1p(T(exp(T(-abs(u)))));
      case Function::hermite:
        return hermite_polynomial(f.degree, u);
      case Function::max:
      case Function::min:
        break;
    }
    return nan;
  }

  T x_;
};

// ---------------------------------------------------------------- Interval

using MpfiFunction = int (*)(mpfi_ptr, mpfi_srcptr);
using ArbFunction = void (*)(arb_t, const arb_t, slong);

Real infinity() {
  return std::numeric_limits<Real>::infinity();
}
Interval whole_line() {
  return make_interval(-infinity(), infinity());
}
bool is_bounded(const Interval& u) {
  return mpfi_bounded_p(u.backend().data()) != 0;
}

Interval apply_mpfi(MpfiFunction function, const Interval& u) {
  Interval result;
  function(result.backend().data(), u.backend().data());
  return mpfi_nan_p(result.backend().data()) ? whole_line() : result;
}

/// A monotone function that Arb encloses at finite points, with its limits at ∓∞.
struct MonotoneFunction {
  ArbFunction at;
  Real at_minus_infinity, at_plus_infinity;
};

Interval at_point(const MonotoneFunction& f, const Real& u) {
  if (isinf(u)) return Interval(u < 0 ? f.at_minus_infinity : f.at_plus_infinity);
  Ball ball{Interval(u)};
  f.at(ball.get(), ball.get(), PrecisionScope::bits() + 10);
  return to_interval(ball);
}

/// The image of u: the hull of the values at its ends.
Interval apply_monotone(const MonotoneFunction& f, const Interval& u) {
  return hull(at_point(f, lower(u)), at_point(f, upper(u)));
}

void arb_sigmoid_of(arb_t result, const arb_t u, slong bits) {
  if (arf_sgn(arb_midref(u)) >= 0) {
    arb_neg(result, u);
    arb_exp(result, result, bits);
    arb_add_ui(result, result, 1, bits);
    arb_inv(result, result, bits);
  } else {
    Ball denominator;
    arb_exp(result, u, bits);
    arb_add_ui(denominator.get(), result, 1, bits);
    arb_div(result, result, denominator.get(), bits);
  }
}

void arb_softplus_of(arb_t result, const arb_t u, slong bits) {
  const bool positive = arf_sgn(arb_midref(u)) > 0;
  Ball tail;
  if (positive)
    arb_neg(tail.get(), u);
  else
    arb_set(tail.get(), u);
  arb_exp(tail.get(), tail.get(), bits);
  arb_log1p(tail.get(), tail.get(), bits);
  if (positive)
    arb_add(result, u, tail.get(), bits);
  else
    arb_set(result, tail.get());
}

void arb_normal_cdf_of(arb_t result, const arb_t u, slong bits) {
  Ball root;
  arb_sqrt_ui(root.get(), 2, bits);
  arb_div(result, u, root.get(), bits);
  arb_neg(result, result);
  arb_hypgeom_erfc(result, result, bits);
  arb_mul_2exp_si(result, result, -1);
}

/// Encloses f on a whole interval. Outside the domain: `strict` refuses, otherwise the part of the
/// interval inside the domain counts alone.
class IntervalEvaluator {
 public:
  IntervalEvaluator(const Interval& x, bool strict)
      : x_(at_least_working_precision(x)), strict_(strict) {}

  Interval of(const Expression& f) const {
    Interval result =
        std::visit(Overloaded{
                       [](const Expression::Number& u) { return from_rational<Interval>(u.value); },
                       [&](const Expression::Variable&) { return x_; },
                       [](const Expression::Pi&) { return sigmahat::pi<Interval>(); },
                       [&](const Expression::Sum& u) {
                         Interval sum = of(u.terms[0]);
                         for (std::size_t i = 1; i < u.terms.size(); ++i)
                           mpfi_add(sum.backend().data(), sum.backend().data(),
                                    of(u.terms[i]).backend().data());
                         return sum;
                       },
                       [&](const Expression::Product& u) {
                         Interval product = of(u.factors[0]);
                         for (std::size_t i = 1; i < u.factors.size(); ++i)
                           mpfi_mul(product.backend().data(), product.backend().data(),
                                    of(u.factors[i]).backend().data());
                         return product;
                       },
                       [&](const Expression::Power& u) { return of_power(of(u.base), u.exponent); },
                       [&](const Expression::Call& u) { return of_call(u); },
                   },
                   f.node());
    return mpfi_nan_p(result.backend().data()) ? whole_line() : result;
  }

 private:
  [[noreturn]] static void refuse(const std::string& what, const Interval& u) {
    throw DomainError(
        fmt::format("{} on [{}, {}]", what, to_text(lower(u), 6), to_text(upper(u), 6)));
  }

  /// u ∩ [0, ∞); nothing where that is empty.
  std::optional<Interval> nonnegative_part(const std::string& what, const Interval& u) const {
    if (lower(u) >= 0) return u;
    if (strict_) refuse(what + " is not defined everywhere", u);
    if (upper(u) < 0) return {};
    return make_interval(Real(0), upper(u));
  }

  Interval inverse(const Interval& u) const {
    const bool zero_below = lower(u) == 0, zero_above = upper(u) == 0;
    if (lower(u) > 0 || upper(u) < 0) {
      Interval result;
      mpfi_inv(result.backend().data(), u.backend().data());
      return result;
    }
    if (strict_) refuse("division by zero", u);
    if (zero_below == zero_above) return whole_line();
    const Interval end = Interval(1) / Interval(zero_below ? upper(u) : lower(u));
    return zero_below ? make_interval(lower(end), infinity())
                      : make_interval(-infinity(), upper(end));
  }

  Interval of_power(const Interval& base, const Rational& exponent) const {
    const bool negative = exponent < 0;
    const Rational size = abs(exponent);
    if (denominator(exponent) == 1) {
      const Interval raised = sigmahat::power(base, numerator(size).convert_to<int>());
      return negative ? inverse(raised) : raised;
    }
    const auto inside = nonnegative_part("a power with a fractional exponent", base);
    if (!inside) return whole_line();
    Interval raised;
    if (size == Rational(1, 2)) {
      raised = apply_mpfi(mpfi_sqrt, *inside);
    } else {
      // The logarithm of zero is -∞, and its exponential zero again.
      Interval logarithm = apply_mpfi(mpfi_log, *inside);
      mpfi_mul(logarithm.backend().data(), logarithm.backend().data(),
               from_rational<Interval>(size).backend().data());
      raised = apply_mpfi(mpfi_exp, logarithm);
    }
    return negative ? inverse(raised) : raised;
  }

  Interval of_call(const Expression::Call& f) const {
    Interval u = of(f.arguments[0]);
    for (std::size_t i = 1; i < f.arguments.size(); ++i) {
      const Interval v = of(f.arguments[i]);
      u = f.function == Function::max
              ? make_interval(std::max(lower(u), lower(v)), std::max(upper(u), upper(v)))
              : make_interval(std::min(lower(u), lower(v)), std::min(upper(u), upper(v)));
    }
    return f.arguments.size() > 1 ? u : apply(f, u);
  }

  static Interval of_sign(const Interval& u) {
    const auto sign = [](const Real& end) { return Real(end > 0 ? 1 : end < 0 ? -1 : 0); };
    return make_interval(sign(lower(u)), sign(upper(u)));
  }

  Interval apply(const Expression::Call& f, const Interval& u) const {
    switch (f.function) {
      case Function::abs:
        return apply_mpfi(mpfi_abs, u);
      case Function::sign:
        return of_sign(u);
      case Function::step:
        return (of_sign(u) + 1) / 2;
      case Function::exp:
        return apply_mpfi(mpfi_exp, u);
      case Function::log: {
        if (strict_ && lower(u) <= 0) refuse("log is not defined everywhere", u);
        const auto inside = nonnegative_part("log", u);
        return inside ? apply_mpfi(mpfi_log, *inside) : whole_line();
      }
      case Function::sin:
        return is_beyond_periods(u) ? make_interval(-1, 1) : apply_mpfi(mpfi_sin, u);
      case Function::cos:
        return is_beyond_periods(u) ? make_interval(-1, 1) : apply_mpfi(mpfi_cos, u);
      case Function::tan: {
        const Interval result = is_beyond_periods(u) ? whole_line() : apply_mpfi(mpfi_tan, u);
        if (strict_ && !is_bounded(result)) refuse("tan has a pole", u);
        return result;
      }
      case Function::sinh:
        return apply_mpfi(mpfi_sinh, u);
      case Function::cosh:
        return apply_mpfi(mpfi_cosh, u);
      case Function::tanh:
        return apply_mpfi(mpfi_tanh, u);
      case Function::arctan:
        return apply_mpfi(mpfi_atan, u);
      case Function::arcsinh:
        return apply_mpfi(mpfi_asinh, u);
      case Function::erf:
        return apply_monotone({arb_hypgeom_erf, -1, 1}, u);
      case Function::erfc:
        return apply_monotone({arb_hypgeom_erfc, 2, 0}, u);
      case Function::normal_cdf:
        return apply_monotone({arb_normal_cdf_of, 0, 1}, u);
      case Function::sigmoid:
        return apply_monotone({arb_sigmoid_of, 0, 1}, u);
      case Function::softplus:
        return apply_monotone({arb_softplus_of, 0, infinity()}, u);
      case Function::hermite:
        return hermite_polynomial(f.degree, u);
      case Function::max:
      case Function::min:
        return u;  // of one argument
    }
    return whole_line();
  }

  static bool is_beyond_periods(const Interval& u) {
    return sigmahat::is_beyond_periods(lower(u)) || sigmahat::is_beyond_periods(upper(u));
  }

  Interval x_;
  bool strict_;
};

[[noreturn]] void refuse_point(const Expression& f, double x, bool undefined) {
  const std::string where = fmt::format("at x = {}", x);
  // A tree of any size may come here: its text would bury the message.
  const std::string what = f.node_count() <= 60 ? to_text(f) : "the expression";
  if (undefined) throw DomainError(fmt::format("{} is not defined {}", what, where));
  throw NumericalError(fmt::format("{} is not a finite number {}", what, where));
}

}  // namespace

double rounded_value(const Expression& f, double x) {
  return RoundedEvaluator<double>(x).of(f);
}

template <>
double evaluate<double>(const Expression& f, const double& x) {
  const double result = RoundedEvaluator<double>(x).of(f);
  if (!std::isfinite(result)) refuse_point(f, x, std::isnan(result));
  return result;
}
template <>
Real evaluate<Real>(const Expression& f, const Real& x) {
  const Real result = RoundedEvaluator<Real>(x).of(f);
  if (mpfr_number_p(result.backend().data()) == 0)
    refuse_point(f, x.convert_to<double>(), mpfr_nan_p(result.backend().data()) != 0);
  return result;
}
template <>
Interval evaluate<Interval>(const Expression& f, const Interval& x) {
  const Interval result = IntervalEvaluator(x, true).of(f);
  if (!is_bounded(result))
    throw DomainError(fmt::format("no bound can be given on [{}, {}]", to_text(lower(x), 6),
                                  to_text(upper(x), 6)));
  return result;
}

Interval range_enclosure(const Expression& f, const Interval& x) {
  return IntervalEvaluator(x, false).of(f);
}

}  // namespace sigmahat
