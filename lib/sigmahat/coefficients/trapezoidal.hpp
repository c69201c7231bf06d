#pragma once

#include <string>
#include <vector>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/numeric/ball.hpp>

namespace sigmahat {

/// Coefficients by quadrature, as balls: internal, not installed.
struct QuadratureTable {
  std::vector<Ball> coefficients;  ///< k = 0..K; those that parity makes vanish are exactly zero
  Ball second_moment;              ///< E[σ²]
  std::string estimated_because = {};  ///< empty: every ball is proven
};

/// Hermite coefficients of a logistic activation, k = 0..max_degree, every ball proven.
///
/// tanh(cx) by the pole-corrected trapezoidal rule (MATH.md 2.1; docs/design/trapezoidal-rule.md);
/// the others are exact linear combinations of it, apart from E[softplus] and E[softplus²].
/// @param activation  nodes and poles stay few for rates of lowest_trapezoidal_rate to
///                    highest_trapezoidal_rate, either sign
/// @param bits  each radius is about 2^-bits (1 + rate + 1/rate)
/// @complexity O(N K) multiplications of a `bits`-bit number by a machine word, N = O(bits) nodes
QuadratureTable logistic_coefficients(const Logistic& activation, int max_degree, slong bits);
inline const Rational lowest_trapezoidal_rate(1, 64), highest_trapezoidal_rate(64);

/// Coefficients of tanh(rate·x), rate > 0, each radius below 2^-bits.
std::vector<Ball> tanh_coefficients(const Rational& rate, int max_degree, slong bits);

}  // namespace sigmahat
