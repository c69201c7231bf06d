#pragma once

#include <sigmahat/gadget/gadget.hpp>
#include <sigmahat/sampling/label_degrees.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>

namespace sigmahat {

/// How y φ is sampled; its mean is the same for all.
struct GadgetSampling {
  /// Subtracted from the labels.
  LabelDegrees removed = {};
  /// The mean over x and -x is one sample, which takes two labels, their noise independent.
  bool antithetic = false;
};

/// What is estimated of y φ, at each count.
struct SampledGadget {
  std::vector<SampledMean> estimate;  ///< E[y φ]
  std::vector<SampledMean> variance;  ///< E[(y φ - E[y φ])²], around the exact mean
};

/// E[y φ(b_1..b_n, x)] from samples.
///
/// x, ξ and the determinism are those of sample_theorem: the same seed draws the same samples.
/// Throws InputError where the shapes do not fit, or what is removed would move the mean.
/// @param vectors  n×d, one row for each vector of the gadget
SampledGadget sample_gadget(const NetworkValues<double>& teacher, double noise_variance,
                            const Gadget& gadget, const Matrix<double>& vectors,
                            const SampleOptions& options, const GadgetSampling& sampling = {});

/// Labels after which the standard error of the mean is `standard_error`, whole and at least 1.
/// @param variance  of one sample
double samples_for(double variance, double standard_error, bool antithetic = false);

/// What is estimated of y ∂φ/∂b_l, at the last count.
struct SampledGadgetGradient {
  std::vector<std::vector<SampledMean>> entries;  ///< [vector][coordinate]
  /// [vector]: the component along the exact gradient, whose norm it has for mean. The norm of an
  /// estimated gradient is biased by its noise.
  std::vector<SampledMean> along;
};

/// E[y ∂φ/∂b_l] from the samples of sample_gadget; throws as that does.
SampledGadgetGradient sample_gadget_gradient(const NetworkValues<double>& teacher,
                                             double noise_variance, const Gadget& gadget,
                                             const Matrix<double>& vectors,
                                             const SampleOptions& options,
                                             const GadgetSampling& sampling = {});

}  // namespace sigmahat
