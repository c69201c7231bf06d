#pragma once

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/numeric/ball.hpp>

namespace sigmahat::bench {

/// σ̂_k by one call of Arb's acb_calc_integrate: the peer of benchmark W1.
///
/// Given its best chance. An even integrand is folded onto [0, X], X as near as Cramér's bound
/// allows. h_k is evaluated as a polynomial in z² with its coefficients made beforehand (half the
/// time of the three-term recurrence, a third of acb_hypgeom_hermite_h). Softplus is written so
/// that it is analytic on each half-plane, which saves most of the bisections. The working
/// precision is the lowest, in steps of 32 bits, at which the enclosure is as narrow as asked for;
/// only that last call is timed.
struct ArbIntegral {
  Ball value;
  double seconds;
};

/// @param activation  tanh, gelu or softplus; throws DomainError otherwise
/// @param bits        the radius is below 2^-bits
ArbIntegral arb_coefficient(const Activation& activation, int degree, slong bits);

}  // namespace sigmahat::bench
