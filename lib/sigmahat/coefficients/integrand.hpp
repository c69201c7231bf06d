#pragma once

#include <functional>
#include <optional>

#include <sigmahat/numeric/ball.hpp>

namespace sigmahat {

/// A function of a complex ball: encloses the values on all of z; where `analytic` is set, with
/// infinite radius unless it is analytic there (the convention of acb_calc_integrate).
using ComplexFunction = std::function<void(acb_ptr value, acb_srcptr z, bool analytic, slong bits)>;

/// |σ(x)| <= |x|^power exp(log_scale + linear·|x| + quadratic·x²) for |x| >= from.
struct GrowthBound {
  double from = 1;
  double log_scale = 0;
  double power = 0;
  double linear = 0;
  double quadratic = 0;
};

/// Bounds on |σ h_k φ|, all k <= K, and on |σ² φ|, or on integrals of them.
struct IntegrandBound {
  Ball coefficients, moment;
};

constexpr slong bound_bits = 53;  ///< precision at which error bounds are evaluated

IntegrandBound larger(const IntegrandBound& a, const IntegrandBound& b);
IntegrandBound& operator+=(IntegrandBound& a, const IntegrandBound& b);
/// log2 of the larger of the two is at most this.
double log2_upper(const IntegrandBound& bound);

/// Bounds on the rectangle x + iy (docs/design/panel-quadrature.md, "M"); empty where `function`
/// cannot tell at `bits` that it is analytic there.
std::optional<IntegrandBound> bound_on_rectangle(const ComplexFunction& function, const Ball& x,
                                                 const Ball& y, int max_degree, slong bits);

/// What ∫_X^∞ |σ h_k φ| and ∫_X^∞ σ² φ are at most; X >= growth.from, infinite where that is not
/// far enough out for the integrand to fall.
IntegrandBound tail_bound(const Ball& from, const GrowthBound& growth);

/// f(x), x real, to about `bits` bits where the function is precise enough at a few times as many.
Ball value_at(const ComplexFunction& function, const Ball& x, slong bits);

/// φ(x).
Ball normal_density(const Ball& x, slong bits);

/// e^x at bound_bits.
Ball exp_of(const Ball& x);
double smallest_magnitude(const Ball& x);
/// log2 |x| is at most this.
double log2_upper(const Ball& x);

}  // namespace sigmahat
