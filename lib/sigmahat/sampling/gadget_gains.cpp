#include <limits>

#include <sigmahat/sampling/gadget_gains.hpp>

namespace sigmahat {
namespace {

LabelVariance variance_of(const Gadget& gadget, const GadgetVariance& exact,
                          const GadgetProblem<double>& problem, const SampleOptions& options,
                          const VarianceReduction& reduction) {
  GadgetVariance::Result result = exact.of(reduction);
  if (result.value) return {std::move(result.value), "", {}};
  const GadgetSampling sampling{label_degrees(problem.teacher, reduction.centered),
                                reduction.antithetic};
  const SampledGadget sampled = sample_gadget(problem.teacher, problem.noise_variance, gadget,
                                              problem.vectors, options, sampling);
  return {{}, std::move(result.obstacle), sampled.variance.back()};
}

/// The degrees that labels and an estimator of mean zero may do without, one more at a time.
std::vector<std::vector<int>> lowest_degrees(const Gadget& gadget) {
  std::vector<std::vector<int>> result{{}};
  for (int k = 0; k <= highest_label_degree; ++k)
    if (gadget.polynomial().homogeneous_part(k).is_zero()) {
      std::vector<int> more = result.back();
      more.push_back(k);
      result.push_back(std::move(more));
    }
  return result;
}

}  // namespace

double LabelVariance::value() const {
  return exact ? from_enclosure<double>(*exact) : sampled->mean;
}

std::vector<VarianceGain> variance_gains(const Gadget& gadget, const GadgetVariance& exact,
                                         const GadgetProblem<double>& problem,
                                         const SampleOptions& options) {
  std::vector<VarianceGain> gains;
  for (const bool antithetic : {false, true})
    for (std::vector<int>& centered : lowest_degrees(gadget)) {
      VarianceReduction reduction{std::move(centered), antithetic};
      LabelVariance variance = variance_of(gadget, exact, problem, options, reduction);
      const double plain = gains.empty() ? variance.value() : gains.front().variance.value();
      const double of_labels = (antithetic ? 2 : 1) * variance.value();
      gains.push_back(
          {std::move(reduction), std::move(variance),
           of_labels > 0 ? plain / of_labels : std::numeric_limits<double>::infinity()});
    }
  return gains;
}

std::vector<DegreeVariance> variance_by_degree(const Problem& problem, int max_degree, int digits,
                                               const SampleOptions& options) {
  const Activation& teacher = problem.teacher.activation;
  const int highest = std::min(max_degree, max_gadget_degree);
  const CoefficientTable table = hermite_coefficients(teacher, highest, digits);
  const GadgetProblem<double> values = gadget_problem<double>(problem, 1);
  std::vector<DegreeVariance> result;
  for (int k = 0; k <= highest; ++k) {
    if (contains_zero(table.coefficients[static_cast<std::size_t>(k)].enclosure)) continue;
    const Gadget monomial(MultivariatePolynomial::monomial({k}, 1), teacher, digits);
    const GadgetVariance exact(monomial, problem, digits);
    result.push_back({k, variance_of(monomial, exact, values, options, {})});
  }
  return result;
}

}  // namespace sigmahat
