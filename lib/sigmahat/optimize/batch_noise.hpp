#pragma once

#include <cstdint>

#include <sigmahat/objective/objective.hpp>
#include <sigmahat/objective/sphere.hpp>
#include <sigmahat/sampling/stochastic_objective.hpp>

namespace sigmahat {

/// How far the gradient of a batch is from the exact one: the root mean square, over batches, of
/// the distance of the Riemannian gradients at `x`.
///
/// Throws as the two objectives do.
/// @param first    the first of the batches
/// @param batches  >= 1: so many batches know the mean square to a relative √(2/batches) or better
double batch_noise(const Objective<double>& objective, StochasticObjective& sampled,
                   const Weights<double>& x, const Freedom& freedom, std::uint64_t first,
                   int batches = 32);

/// The part of the loss that stochastic gradient descent keeps above a minimum however long it
/// runs, from the noise of its batches: h/(1-μ) noise²/4 for a small step h and momentum μ.
///
/// Near a minimum of Hessian H the weights' covariance C solves HC + CH = h/(1-μ) Σ, Σ that of the
/// gradients (Mandt, Hoffman and Blei, JMLR 18, 2017): the mean of the loss above the minimum,
/// tr(HC)/2, does not depend on H.
double noise_floor(double noise, double step, double momentum);

}  // namespace sigmahat
