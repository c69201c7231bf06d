#pragma once

#include <optional>
#include <vector>

#include <sigmahat/coefficients/integrand.hpp>
#include <sigmahat/coefficients/trapezoidal.hpp>
#include <sigmahat/numeric/ball.hpp>

namespace sigmahat {

/// |σ(x)| <= u^-power exp(log_scale) for 0 < u = |x - end| <= 1/from; power < 1/2.
struct EndBound {
  double from = 8;
  double log_scale = 0;
  double power = 0;
};

/// σ between two neighbouring singular points: on [left, right] it is the restriction of
/// `function`. The ends may be enclosures of numbers that no ball holds exactly.
struct IntegrandPiece {
  Ball left, right;
  ComplexFunction function;
  /// For ends near which `function` finds no bound, as of log|x| at 0.
  std::optional<EndBound> left_bound = std::nullopt, right_bound = std::nullopt;
};

/// An end with an EndBound must be enclosed within 2^-max_end_bits(bits).
constexpr slong max_end_bits(slong bits) {
  return 8 * bits;
}

/// X, a whole number, such that what the coefficients and the second moment owe to |x| > X is below
/// 2^-bits; quadratic < 1/4. Throws DomainError for growth too fast for a second moment.
int panel_reach(const GrowthBound& growth, slong bits);

/// Hermite coefficients k = 0..max_degree and second moment of a piecewise analytic activation,
/// every ball proven, unless the table says otherwise: where no bound is known near a singular
/// point, the last 2^-bits before it are estimated.
///
/// Gauss-Legendre on panels that are halved until a Bernstein ellipse around each, covered by
/// complex balls, bounds the error (Trefethen, Approximation Theory and Approximation Practice,
/// Thm 19.3; Petras 2002); the nodes of all panels are shared by all degrees.
/// @param pieces  of [-X, X] from left to right, without gaps; X >= growth.from
/// @param bits    each radius is meant to be below 2^-bits; where singular points crowd, as of
///                sin(1/x) at 0, the work is bounded and the radius is what is left of them
/// @complexity O(N K) multiplications of `bits`-bit numbers, N = O(bits) nodes a panel
QuadratureTable panel_coefficients(const std::vector<IntegrandPiece>& pieces,
                                   const GrowthBound& growth, int max_degree, slong bits);

}  // namespace sigmahat
