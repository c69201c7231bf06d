#pragma once

#include <sigmahat/gadget/gadget_problem.hpp>
#include <sigmahat/gadget/gadget_variance.hpp>
#include <sigmahat/sampling/sampled_gadget.hpp>

namespace sigmahat {

/// Var[y φ], exact where the moments close.
struct LabelVariance {
  std::optional<Enclosure> exact;
  std::string obstacle;                ///< why not exact
  std::optional<SampledMean> sampled;  ///< where not exact
  double value() const;
};

/// What reducing the variance in one way gains.
struct VarianceGain {
  VarianceReduction reduction;
  LabelVariance variance;  ///< of one sample: a pair where antithetic
  /// The variance that as many labels have without any reduction over the one that they have with
  /// this: a pair takes two labels. Infinite where nothing varies any more.
  double gain;
};

/// For labels as they are and without their lowest degrees, known from the teacher, as far as φ
/// allows; each on single samples and on antithetic pairs.
/// @param options  of the sampling, where there is no exact variance
std::vector<VarianceGain> variance_gains(const Gadget& gadget, const GadgetVariance& exact,
                                         const GadgetProblem<double>& problem,
                                         const SampleOptions& options);

/// Var[y φ] of the estimator of t^k at the first vector.
struct DegreeVariance {
  int degree;
  LabelVariance variance;
};

/// For the k from 0 to `max_degree` with σ̂_k != 0, within the degrees that a gadget may have.
std::vector<DegreeVariance> variance_by_degree(const Problem& problem, int max_degree, int digits,
                                               const SampleOptions& options);

}  // namespace sigmahat
