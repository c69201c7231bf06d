#include <algorithm>
#include <cmath>
#include <numbers>

#include <boost/math/special_functions/owens_t.hpp>

#include <sigmahat/numeric/ball.hpp>
#include <sigmahat/numeric/bivariate_normal.hpp>
#include <sigmahat/numeric/complex_ball.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

/// What the integrand depends on.
struct Corner {
  Ball difference, product;
};

/// exp(-(h-k)²/(2 sin²t) - hk/(1 + cos t)), which is analytic wherever it is finite.
int integrand(acb_ptr out, const acb_t t, void* parameters, slong, slong bits) {
  const Corner& corner = *static_cast<const Corner*>(parameters);
  ComplexBall sine, cosine, exponent, term;
  acb_sin_cos(sine.get(), cosine.get(), t, bits);
  acb_add_ui(cosine.get(), cosine.get(), 1, bits);
  acb_set_arb(exponent.get(), corner.product.get());
  acb_div(exponent.get(), exponent.get(), cosine.get(), bits);
  if (!arb_is_zero(corner.difference.get())) {
    acb_set_arb(term.get(), corner.difference.get());
    acb_div(term.get(), term.get(), sine.get(), bits);
    acb_mul(term.get(), term.get(), term.get(), bits);
    acb_mul_2exp_si(term.get(), term.get(), -1);
    acb_add(exponent.get(), exponent.get(), term.get(), bits);
  }
  acb_neg(exponent.get(), exponent.get());
  acb_exp(out, exponent.get(), bits);
  return 0;
}

/// ∫_0^angle of the integrand, 0 <= angle < π.
Interval plackett_integral(const Interval& h, const Interval& k, const Interval& angle) {
  const int bits = PrecisionScope::bits();
  const Interval difference = h - k;
  const Real size = std::max(abs(lower(difference)), abs(upper(difference)));
  const bool apart = lower(difference) > 0 || upper(difference) < 0;
  // On [0, end] the integrand is at most e^{-(h-k)²/(2 end²)} times the largest e^{-hk/(1+cos t)}.
  const auto up_to = [&](const Real& end) -> Interval {
    const Interval ratio = apart ? square(Interval(difference / Interval(end))) / 2 : Interval(0);
    const Interval largest =
        exp(Interval(-Interval(lower(ratio)) - h * k / (1 + cos(make_interval(Real(0), end)))));
    return make_interval(Real(0), upper(Interval(Interval(end) * largest)));
  };
  // Up to `start` either h-k makes it negligible, or no more is known of h-k than that it is small.
  Real start(0);
  if (size > 0)
    start = apart ? lower(Interval(abs(difference) / sqrt(Interval(2 * bits)))) : Real(16 * size);
  if (size > 0 && lower(angle) <= start)
    return upper(angle) > 0 ? up_to(upper(angle)) : Interval(0);
  const Interval head = start > 0 ? up_to(start) : Interval(0);

  Corner corner{Ball(difference), Ball(Interval(h * k))};
  if (size == 0) arb_zero(corner.difference.get());
  ComplexBall from, to, result;
  arb_set(acb_realref(from.get()), Ball(Interval(start)).get());
  arb_set(acb_realref(to.get()), Ball(angle).get());
  mag_t tolerance;
  mag_init(tolerance);
  mag_set_ui_2exp_si(tolerance, 1, -bits);
  acb_calc_integrate(result.get(), integrand, &corner, from.get(), to.get(), bits, tolerance,
                     nullptr, bits + 10);
  mag_clear(tolerance);
  Ball value;
  arb_set(value.get(), acb_realref(result.get()));
  return head + to_interval(value);
}

Interval larger(const Interval& x, const Interval& y) {
  return make_interval(std::max(lower(x), lower(y)), std::max(upper(x), upper(y)));
}

Interval tail(const Interval& h, const Interval& k, const Interval& one_minus,
              const Interval& one_plus) {
  // The angle from the nearer end: u with -v where they are nearly opposite.
  if (certainly_less(one_plus, one_minus))
    return normal_tail(h) - tail(h, Interval(-k), one_plus, one_minus);
  const Interval angle =
      2 * asin(Interval(sqrt(known_within(Interval(one_minus / 2), Interval(0), Interval(1)))));
  const Interval whole =
      normal_tail(larger(h, k)) - plackett_integral(h, k, angle) / (2 * pi<Interval>());
  return known_within(whole, Interval(0), Interval(1));
}

/// T(x, y/x) without the quotient where x = 0.
double owens_t_of(double x, double y) {
  if (x == 0) return y == 0 ? 0 : std::copysign(0.25, y);
  return boost::math::owens_t(x, y / x);
}

}  // namespace

template <Scalar T>
T normal_tail(const T& h) {
  using std::sqrt;
  if constexpr (std::same_as<T, double>)
    return std::erfc(h / std::numbers::sqrt2) / 2;
  else
    return (1 - error_function(T(h / sqrt(T(2))))) / 2;
}
template double normal_tail(const double&);
template Real normal_tail(const Real&);
template Interval normal_tail(const Interval&);

template <Scalar T>
T normal_density(const T& x) {
  using std::exp;
  using std::sqrt;
  return exp(T(-square(x) / 2)) / sqrt(T(2 * pi<T>()));
}
template double normal_density(const double&);
template Real normal_density(const Real&);
template Interval normal_density(const Interval&);

template <>
Interval bivariate_normal_tail(const Interval& h, const Interval& k, const Interval& one_minus_rho,
                               const Interval& one_plus_rho) {
  return tail(h, k, one_minus_rho, one_plus_rho);
}

template <>
Real bivariate_normal_tail(const Real& h, const Real& k, const Real& one_minus_rho,
                           const Real& one_plus_rho) {
  const Interval enclosure =
      tail(Interval(h), Interval(k), Interval(one_minus_rho), Interval(one_plus_rho));
  return (lower(enclosure) + upper(enclosure)) / 2;
}

template <>
double bivariate_normal_tail(const double& h, const double& k, const double& one_minus_rho,
                             const double& one_plus_rho) {
  const double s = std::sqrt(one_minus_rho * one_plus_rho);
  if (s == 0)
    return one_minus_rho == 0 ? normal_tail(std::max(h, k))
                              : std::max(0.0, normal_tail(h) - normal_tail(-k));
  // k - ρh and h - ρk from whichever of 1-ρ and 1+ρ is small.
  const bool opposite = one_plus_rho < one_minus_rho;
  const auto apart = [&](double x, double y) {
    return opposite ? (y + x) - one_plus_rho * x : (y - x) + one_minus_rho * x;
  };
  const bool other_signs = (h < 0) != (k < 0) && h != 0 && k != 0;
  const bool at_axis = (h == 0 || k == 0) && h + k < 0;
  if (h == 0 && k == 0)
    return 0.25 + std::asin((one_plus_rho - one_minus_rho) / 2) / (2 * std::numbers::pi);
  const double t = owens_t_of(h, apart(h, k) / s) + owens_t_of(k, apart(k, h) / s);
  return (normal_tail(h) + normal_tail(k)) / 2 - t - (other_signs || at_axis ? 0.5 : 0.0);
}

}  // namespace sigmahat
