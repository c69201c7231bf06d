#include <sigmahat/sampling/label_sampler.hpp>
#include <sigmahat/sampling/sampled_gadget.hpp>

namespace sigmahat {

SampledGadget sample_gadget(const NetworkValues<double>& teacher, double noise_variance,
                            const Gadget& gadget, const Matrix<double>& vectors,
                            const SampleOptions& options, double offset) {
  check_sampling(teacher, noise_variance, options);
  check_shape("the gadget's vectors", "vectors, inputs", vectors,
              static_cast<Eigen::Index>(gadget.vectors()), teacher.B.cols());
  const BoundGadget<double> bound(gadget, Matrix<double>(vectors * vectors.transpose()));
  const LabelSampler sampler(teacher, noise_variance, vectors, options.seed);
  const auto visit = [&](LabelledBlock& samples, const AddValues& add) {
    const Vector<double> values = bound(Matrix<double>(samples.projections(vectors.rows())));
    const Vector<double> products = values.array() * (samples.labels.array() - offset);
    add(products);
    add(products.cwiseAbs2());
  };
  std::vector<std::vector<SampledMean>> means = sample_means(sampler, 2, options, visit);
  return {std::move(means[0]), std::move(means[1])};
}

}  // namespace sigmahat
