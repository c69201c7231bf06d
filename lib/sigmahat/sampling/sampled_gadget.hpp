#pragma once

#include <sigmahat/gadget/gadget.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>

namespace sigmahat {

/// What is estimated of y φ, at each count.
struct SampledGadget {
  std::vector<SampledMean> estimate;       ///< E[y φ]
  std::vector<SampledMean> second_moment;  ///< E[(y φ)²]
};

/// E[y φ(b_1..b_n, x)] from samples.
///
/// x, ξ and the determinism are those of sample_theorem: the same seed draws the same samples.
/// Throws InputError where the shapes do not fit.
/// @param vectors  n×d, one row for each vector of the gadget
/// @param offset   subtracted from the labels: a constant leaves the mean of a gadget without
///                 constant term alone, and E[y] reduces its variance
SampledGadget sample_gadget(const NetworkValues<double>& teacher, double noise_variance,
                            const Gadget& gadget, const Matrix<double>& vectors,
                            const SampleOptions& options, double offset = 0);

}  // namespace sigmahat
