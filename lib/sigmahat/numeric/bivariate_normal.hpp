#pragma once

#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// P(u > h), u standard normal. For double relatively accurate, for an Interval an enclosure.
template <Scalar T>
T normal_tail(const T& h);

/// The standard normal density.
template <Scalar T>
T normal_density(const T& x);

/// P(u > h, v > k) for standard normal u and v of correlation ρ, given as 1-ρ and 1+ρ, both >= 0:
/// near ρ = ±1 the rounded ρ has lost half of what the result needs.
///
/// Plackett's integral (Biometrika 41, 1954), free of cancellation in the angle θ = arccos ρ,
///   min(P(u > h), P(v > k)) - 1/(2π) ∫_0^θ exp(-(h-k)²/(2 sin²t) - hk/(1 + cos t)) dt,
/// by Arb's rigorous integrator; in double by Owen's T function (Annals of Mathematical Statistics
/// 27, 1956), to about 1e-15.
template <Scalar T>
T bivariate_normal_tail(const T& h, const T& k, const T& one_minus_rho, const T& one_plus_rho);

}  // namespace sigmahat
