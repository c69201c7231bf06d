#pragma once

#include <sigmahat/gadget/gadget.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>

namespace sigmahat {

/// E[y φ(b_1..b_n, x)] from samples, at each count.
///
/// x, ξ and the determinism are those of sample_theorem: the same seed draws the same samples.
/// Throws InputError where the shapes do not fit.
/// @param vectors  n×d, one row for each vector of the gadget
/// @param offset   subtracted from the labels: a constant leaves the mean of a gadget without
///                 constant term alone, and E[y] reduces its variance
std::vector<SampledMean> sample_gadget(const NetworkValues<double>& teacher, double noise_variance,
                                       const Gadget& gadget, const Matrix<double>& vectors,
                                       const SampleOptions& options, double offset = 0);

}  // namespace sigmahat
