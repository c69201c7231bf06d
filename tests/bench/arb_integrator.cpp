#include "arb_integrator.hpp"

#include <chrono>
#include <cmath>
#include <vector>

#include <sigmahat/numeric/complex_ball.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat::bench {
namespace {

void tanh(acb_t value, const acb_t z, bool, slong bits) {
  acb_tanh(value, z, bits);
}

void gelu(acb_t value, const acb_t z, bool, slong bits) {
  ComplexBall u;
  acb_set_si(u.get(), 2);
  acb_rsqrt(u.get(), u.get(), bits);
  acb_mul(u.get(), u.get(), z, bits);
  acb_neg(u.get(), u.get());
  acb_hypgeom_erfc(u.get(), u.get(), bits);
  acb_mul(value, u.get(), z, bits);
  acb_mul_2exp_si(value, value, -1);
}

/// log(1 + e^z) on the left, z + log(1 + e^{-z}) on the right.
void softplus(acb_t value, const acb_t z, bool analytic, slong bits) {
  const bool right = arb_is_positive(acb_realref(z));
  ComplexBall u;
  acb_set(u.get(), z);
  if (right) acb_neg(u.get(), u.get());
  acb_exp(u.get(), u.get(), bits);
  acb_add_ui(u.get(), u.get(), 1, bits);
  acb_log_analytic(u.get(), u.get(), analytic, bits);
  if (right) acb_add(u.get(), u.get(), z, bits);
  acb_swap(value, u.get());
}

using Function = void (*)(acb_t value, const acb_t z, bool analytic, slong bits);

Function function_of(const Activation& activation) {
  if (activation.name() == "tanh") return tanh;
  if (activation.name() == "gelu") return gelu;
  if (activation.name() == "softplus") return softplus;
  throw DomainError("Arb's peer integrates tanh, gelu and softplus, not " + activation.name());
}

/// σ(z) h_k(z) φ(z).
class Integrand {
 public:
  Integrand(Function function, int degree, slong bits) : function_(function), degree_(degree) {
    // h_k/√(2π) = z^{k mod 2} P(z²)
    Ball scale, pi;
    arb_fac_ui(scale.get(), static_cast<ulong>(degree), bits);
    arb_const_pi(pi.get(), bits);
    arb_mul(scale.get(), scale.get(), pi.get(), bits);
    arb_mul_2exp_si(scale.get(), scale.get(), 1);
    arb_rsqrt(scale.get(), scale.get(), bits);
    fmpz_poly_t hermite;
    fmpz_poly_init(hermite);
    fmpz_poly_hermite_he(hermite, static_cast<ulong>(degree));
    arb_poly_init(polynomial_);
    for (slong i = degree % 2; i <= degree; i += 2) {
      Ball coefficient;
      arb_mul_fmpz(coefficient.get(), scale.get(), fmpz_poly_get_coeff_ptr(hermite, i), bits);
      arb_poly_set_coeff_arb(polynomial_, i / 2, coefficient.get());
    }
    fmpz_poly_clear(hermite);
  }
  Integrand(const Integrand&) = delete;
  Integrand& operator=(const Integrand&) = delete;
  ~Integrand() { arb_poly_clear(polynomial_); }

  static int evaluate(acb_ptr value, const acb_t z, void* integrand, slong order, slong bits) {
    const auto& self = *static_cast<const Integrand*>(integrand);
    ComplexBall square, factor, result;
    self.function_(result.get(), z, order != 0, bits);
    acb_sqr(square.get(), z, bits);
    arb_poly_evaluate_acb(factor.get(), self.polynomial_, square.get(), bits);
    acb_mul(result.get(), result.get(), factor.get(), bits);
    if (self.degree_ % 2 == 1) acb_mul(result.get(), result.get(), z, bits);
    acb_mul_2exp_si(square.get(), square.get(), -1);
    acb_neg(square.get(), square.get());
    acb_exp(square.get(), square.get(), bits);
    acb_mul(value, result.get(), square.get(), bits);
    return 0;
  }

 private:
  Function function_;
  int degree_;
  arb_poly_t polynomial_;
};

}  // namespace

ArbIntegral arb_coefficient(const Activation& activation, int degree, slong bits) {
  const Function function = function_of(activation);
  // |σ| <= |x| + 1 and |h_k φ| <= e^{-x²/4}/2 (Cramér): less than 4 e^{-X²/4} lies beyond ±X.
  const double goal = (static_cast<double>(bits) + 4) * std::log(2.0);
  const auto reach = static_cast<slong>(std::ceil(2 * std::sqrt(goal)));
  const bool even = activation.parity() != Parity::none &&
                    (activation.parity() == Parity::odd) == (degree % 2 == 1);
  Ball beyond;
  arb_set_si(beyond.get(), -reach * reach);
  arb_mul_2exp_si(beyond.get(), beyond.get(), -2);
  arb_exp(beyond.get(), beyond.get(), 64);
  arb_mul_2exp_si(beyond.get(), beyond.get(), 2);

  acb_calc_integrate_opt_t options;
  acb_calc_integrate_opt_init(options);
  options->eval_limit = 10'000'000;
  options->depth_limit = 10'000;
  mag_t tolerance;
  mag_init(tolerance);
  mag_set_ui_2exp_si(tolerance, 1, -bits - 2);
  ComplexBall left, right, integral;
  acb_set_si(left.get(), even ? 0 : -reach);
  acb_set_si(right.get(), reach);

  for (slong precision = bits + degree / 2;; precision += 32) {
    Integrand integrand(function, degree, precision);
    const auto start = std::chrono::steady_clock::now();
    acb_calc_integrate(integral.get(), Integrand::evaluate, &integrand, left.get(), right.get(),
                       bits + 2, tolerance, options, precision);
    const auto end = std::chrono::steady_clock::now();
    Ball value;
    arb_mul_2exp_si(value.get(), acb_realref(integral.get()), even ? 1 : 0);
    arb_add_error(value.get(), beyond.get());
    if (mag_cmp_2exp_si(arb_radref(value.get()), -bits) > 0) continue;
    mag_clear(tolerance);
    return {value, std::chrono::duration<double>(end - start).count()};
  }
}

}  // namespace sigmahat::bench
