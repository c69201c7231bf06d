#include <algorithm>
#include <cmath>

#include <sigmahat/gadget/gadget_gradient.hpp>
#include <sigmahat/gadget/gadget_variance.hpp>
#include <sigmahat/sampling/label_sampler.hpp>
#include <sigmahat/sampling/sampled_gadget.hpp>

namespace sigmahat {
namespace {

void check(const NetworkValues<double>& teacher, double noise_variance, const Gadget& gadget,
           const Matrix<double>& vectors, const SampleOptions& options,
           const GadgetSampling& sampling) {
  check_sampling(teacher, noise_variance, options);
  check_shape("the gadget's vectors", "vectors, inputs", vectors,
              static_cast<Eigen::Index>(gadget.vectors()), teacher.B.cols());
  require_unbiased(gadget, sampling.removed.degrees());
}

/// Calls `use` with the labels, less what is removed, of the block that was drawn; where antithetic
/// a second time, at the opposite inputs.
template <class Use>
void visit(const LabelSampler& sampler, const GadgetSampling& sampling, LabelledBlock& samples,
           const Use& use) {
  use(Vector<double>(samples.labels - sampling.removed(samples.inputs)));
  if (!sampling.antithetic) return;
  sampler.mirror(samples);
  use(Vector<double>(samples.labels - sampling.removed(samples.inputs)));
}

}  // namespace

SampledGadget sample_gadget(const NetworkValues<double>& teacher, double noise_variance,
                            const Gadget& gadget, const Matrix<double>& vectors,
                            const SampleOptions& options, const GadgetSampling& sampling) {
  check(teacher, noise_variance, gadget, vectors, options, sampling);
  const BoundGadget<double> bound(gadget, Matrix<double>(vectors * vectors.transpose()));
  const double mean =
      expectation(gadget, teacher.a, Matrix<double>(teacher.B * vectors.transpose()));
  const LabelSampler sampler(teacher, noise_variance, vectors, options.seed);
  const double weight = sampling.antithetic ? 0.5 : 1;
  const auto add_block = [&](LabelledBlock& samples, const AddValues& add) {
    Vector<double> products = Vector<double>::Zero(samples.labels.size());
    visit(sampler, sampling, samples, [&](const Vector<double>& labels) {
      const Matrix<double> projections = samples.projections(vectors.rows());
      products += weight * labels.cwiseProduct(bound(projections));
    });
    add(products);
    add(Vector<double>((products.array() - mean).square()));
  };
  std::vector<std::vector<SampledMean>> means = sample_means(sampler, 2, options, add_block);
  return {std::move(means[0]), std::move(means[1])};
}

double samples_for(double variance, double standard_error, bool antithetic) {
  const double needed = std::max(1.0, std::ceil(variance / (standard_error * standard_error)));
  return antithetic ? 2 * needed : needed;
}

SampledGadgetGradient sample_gadget_gradient(const NetworkValues<double>& teacher,
                                             double noise_variance, const Gadget& gadget,
                                             const Matrix<double>& vectors,
                                             const SampleOptions& options,
                                             const GadgetSampling& sampling) {
  check(teacher, noise_variance, gadget, vectors, options, sampling);
  Matrix<double> directions = expectation_gradient(gadget, teacher.a, teacher.B, vectors);
  for (auto row : directions.rowwise()) row.normalize();  // which leaves zero as it is
  const BoundGadgetGradient<double> gradient(gadget, vectors);
  const LabelSampler sampler(teacher, noise_variance, vectors, options.seed);
  const double weight = sampling.antithetic ? 0.5 : 1;
  const Eigen::Index n = vectors.rows(), d = vectors.cols();
  const auto add_block = [&](LabelledBlock& samples, const AddValues& add) {
    std::vector<Matrix<double>> products(static_cast<std::size_t>(n),
                                         Matrix<double>::Zero(samples.labels.size(), d));
    visit(sampler, sampling, samples, [&](const Vector<double>& labels) {
      const std::vector<Matrix<double>> values =
          gradient(samples.inputs, Matrix<double>(samples.projections(n)));
      for (std::size_t l = 0; l < values.size(); ++l)
        products[l] += weight * labels.asDiagonal() * values[l];
    });
    for (std::size_t l = 0; l < products.size(); ++l) {
      for (Eigen::Index i = 0; i < d; ++i) add(Vector<double>(products[l].col(i)));
      add(Vector<double>(products[l] * directions.row(static_cast<Eigen::Index>(l)).transpose()));
    }
  };
  const auto quantities = static_cast<std::size_t>(n * (d + 1));
  const std::vector<std::vector<SampledMean>> means =
      sample_means(sampler, quantities, options, add_block);
  SampledGadgetGradient result;
  auto mean = means.begin();
  for (Eigen::Index l = 0; l < n; ++l) {
    std::vector<SampledMean>& entries = result.entries.emplace_back();
    for (Eigen::Index i = 0; i < d; ++i) entries.push_back((mean++)->back());
    result.along.push_back((mean++)->back());
  }
  return result;
}

}  // namespace sigmahat
