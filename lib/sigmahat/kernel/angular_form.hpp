#pragma once

#include <vector>

#include <sigmahat/numeric/rational_polynomial.hpp>

namespace sigmahat {

/// P(ρ) τ(ρ) + M(ρ) τ(-ρ) + (Q(ρ) s + S(ρ)/s + C(ρ)/s³)/(2π) + R(ρ)/√(2π), with s = √(1-ρ²) and
/// τ(ρ) = (π - arccos ρ)/(2π), the probability that both of two standard normal variables of
/// correlation ρ are positive.
///
/// Internal: not installed. Rational polynomials, so that what cancels at ρ = ±1 cancels exactly,
/// and an angle and a root are all that a point costs.
struct AngularForm {
  Polynomial turn;           ///< P
  Polynomial opposite_turn;  ///< M
  Polynomial root;           ///< Q
  Polynomial inverse_root;   ///< S
  Polynomial inverse_cube;   ///< C
  Polynomial plain;          ///< R
};

AngularForm sum(const AngularForm& f, const AngularForm& g);
AngularForm product(const Polynomial& p, const AngularForm& f);

/// f(-ρ)
AngularForm reflected(const AngularForm& f);

/// f', its S of degree one at most.
/// @param f  without C
AngularForm derivative(const AngularForm& f);

/// A_mn(ρ) = E[u_+^m v_+^n], at [m][n], for m, n <= highest, by Stein's identity; φ_0 = 1/√(2π):
///   A_mn = (m-1) A_{m-2,n} + n ρ A_{m-1,n-1},  A_1n = φ_0 s^n ζ_n + n ρ A_{0,n-1},
///   A_0n = (n-1) A_{0,n-2} + ρ φ_0 s^{n-1} ζ_{n-1},  ζ_n = E[z_+^n];  A_00 = τ, A_01 = φ_0
///   (1+ρ)/2.
/// For m = n these are the arc-cosine kernels of Cho and Saul (NIPS 2009).
std::vector<std::vector<AngularForm>> truncated_moments(int highest);

}  // namespace sigmahat
