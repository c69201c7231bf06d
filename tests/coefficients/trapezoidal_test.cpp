#include <random>

#include <doctest/doctest.h>

#include <sigmahat/coefficients/trapezoidal.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/arb_integral.hpp"

using namespace sigmahat;

namespace {

/// σ(z) He_k(z) e^{-z²/2}; never asked for analyticity on a ball that meets a pole or a branch cut
/// without saying so: Arb's tanh, division and log return infinite balls there.
void integrand(const Logistic& activation, int k, acb_ptr out, acb_srcptr z, bool analytic,
               slong bits) {
  acb_t value, other;
  acb_init(value);
  acb_init(other);
  acb_t u;
  acb_init(u);
  acb_mul_arb(u, z, Ball(activation.rate, bits).get(), bits);
  switch (activation.kind) {
    case Logistic::Kind::tanh:
      acb_tanh(value, u, bits);
      break;
    case Logistic::Kind::softplus:
      acb_exp(value, u, bits);
      acb_add_ui(value, value, 1, bits);
      acb_log_analytic(value, value, analytic, bits);
      break;
    case Logistic::Kind::sigmoid:
    case Logistic::Kind::silu:
      acb_neg(value, u);
      acb_exp(value, value, bits);
      acb_add_ui(value, value, 1, bits);
      acb_inv(value, value, bits);
      if (activation.kind == Logistic::Kind::silu) acb_mul(value, value, u, bits);
      break;
  }
  acb_clear(u);
  // He_k(z) = 2^{-k/2} H_k(z/√2), from Arb's own Hermite function
  arb_t root;
  arb_init(root);
  arb_sqrt_ui(root, 2, bits);
  acb_div_arb(other, z, root, bits);
  acb_t degree;
  acb_init(degree);
  acb_set_si(degree, k);
  acb_hypgeom_hermite_h(other, degree, other, bits);
  arb_pow_ui(root, root, static_cast<ulong>(k), bits);
  acb_div_arb(other, other, root, bits);
  acb_mul(value, value, other, bits);
  acb_mul(other, z, z, bits);
  acb_mul_2exp_si(other, other, -1);
  acb_neg(other, other);
  acb_exp(other, other, bits);
  acb_mul(out, value, other, bits);
  acb_clear(value);
  acb_clear(other);
  acb_clear(degree);
  arb_clear(root);
}

/// σ̂_k by Arb's rigorous integrator on [-20, 20]; the rest is below e^{-190} for small k.
Ball integrated(const Logistic& activation, int degree, slong bits) {
  Ball value = test::arb_integral(
      [&](acb_ptr out, acb_srcptr z, bool analytic, slong precision) {
        integrand(activation, degree, out, z, analytic, precision);
      },
      -20, 20, bits, bits + 60);
  Ball scale, rest;
  arb_fac_ui(scale.get(), static_cast<ulong>(degree), bits + 60);
  arb_const_pi(rest.get(), bits + 60);
  arb_mul_2exp_si(rest.get(), rest.get(), 1);
  arb_mul(scale.get(), scale.get(), rest.get(), bits + 60);
  arb_rsqrt(scale.get(), scale.get(), bits + 60);
  arb_mul(value.get(), value.get(), scale.get(), bits + 60);
  // |σ| <= 16 (|x| + 1) and |h_k| <= x^k beyond 20, k <= 12:
  // ∫ 32 x^13 e^{-x²/2} < 32 · 20^12 · e^{-200} · 2
  arb_add_error_2exp_si(value.get(), -230);
  return value;
}

}  // namespace

TEST_CASE("The pole-corrected rule agrees with a rigorous integrator that knows nothing of it") {
  using Kind = Logistic::Kind;
  for (const Kind kind : {Kind::tanh, Kind::sigmoid, Kind::softplus, Kind::silu})
    for (const Rational& rate : {Rational(1), Rational(1, 3), Rational(-7, 2), Rational(1, 64)}) {
      const QuadratureTable table = logistic_coefficients({kind, rate}, 12, 150);
      for (const int k : {0, 1, 2, 3, 7, 12}) {
        CAPTURE(static_cast<int>(kind));
        CAPTURE(rate.str());
        CAPTURE(k);
        const Ball expected = integrated({kind, rate}, k, 150);
        const Ball& c = table.coefficients[static_cast<std::size_t>(k)];
        CHECK(mag_cmp_2exp_si(arb_radref(expected.get()), -140) < 0);
        CHECK(arb_overlaps(c.get(), expected.get()));
        CHECK(mag_cmp_2exp_si(arb_radref(c.get()), -147) <= 0);
      }
    }
}

TEST_CASE("Two tables of tanh(cx) from different rules overlap, whatever rate, degree and bits") {
  std::mt19937_64 random(7);
  for (int trial = 0; trial < 40; ++trial) {
    const Rational rate(std::uniform_int_distribution<int>(1, 40)(random),
                        std::uniform_int_distribution<int>(1, 40)(random));
    const int degree = std::uniform_int_distribution<int>(0, 400)(random);
    const slong bits = std::uniform_int_distribution<int>(20, 600)(random);
    CAPTURE(trial);
    CAPTURE(rate.str());
    CAPTURE(degree);
    CAPTURE(bits);
    const std::vector<Ball> coarse = tanh_coefficients(rate, degree, bits);
    const std::vector<Ball> fine = tanh_coefficients(rate, 2 * degree + 9, bits + 70);
    bool all = true;
    for (std::size_t k = 0; k < coarse.size(); ++k) {
      all = all && arb_overlaps(coarse[k].get(), fine[k].get());
      all = all && mag_cmp_2exp_si(arb_radref(coarse[k].get()), -bits) <= 0;
    }
    CHECK(all);
  }
}

TEST_CASE("Slow and steep rates approach the line and the sign") {
  // tanh(cx) = cx - (cx)³/3 + ..., so tanĥ_1 is between c - c³ and c; E[x³] h_1 gives 3 c³/3.
  const std::vector<Ball> slow = tanh_coefficients(Rational(1, 1000), 5, 100);
  const PrecisionScope precision(40);
  const Interval first = to_interval(slow[1]);
  CHECK(lower(first) > Real(1) / 1000 - Real(1) / 1000000000);
  CHECK(upper(first) < Real(1) / 1000);
  // tanh(cx) → sign(x), whose first coefficient is √(2/π); the difference is below √(2/π)/c.
  const std::vector<Ball> steep = tanh_coefficients(200, 5, 60);
  const Real limit = sqrt(Real(2 / pi<Real>()));
  CHECK(abs(Real(to_enclosure(steep[1], Status::certified).value - limit)) < limit / 200);
}
