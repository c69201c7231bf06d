#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/sampling/label_degrees.hpp>
#include <sigmahat/sampling/label_sampler.hpp>

namespace sigmahat {
namespace {

/// Sums held at a time; they are added in order, so it changes none of them.
constexpr std::size_t blocks_per_wave = 16;

/// Zeros at the degrees asked for.
LabelDegrees zeros(const std::vector<int>& degrees, Eigen::Index d) {
  LabelDegrees result;
  for (const int k : degrees) {
    if (k < 0 || k > highest_label_degree)
      throw DomainError(fmt::format("labels can do without their degrees 0 to {}, not {}",
                                    highest_label_degree, k));
    if (k == 0) result.constant = 0;
    if (k == 1) result.linear = Vector<double>::Zero(d);
    if (k == 2) result.quadratic = Matrix<double>::Zero(d, d);
  }
  return result;
}

/// Adds Σ_i y_i (1, x_i, x_i x_iᵀ).
void add_samples(const Matrix<double>& inputs, const Vector<double>& labels, LabelDegrees& sums) {
  if (sums.constant) *sums.constant += labels.sum();
  if (sums.linear) sums.linear->noalias() += inputs.transpose() * labels;
  if (sums.quadratic)
    sums.quadratic->noalias() += inputs.transpose() * labels.asDiagonal() * inputs;
}

void add(const LabelDegrees& part, LabelDegrees& sums) {
  if (sums.constant) *sums.constant += *part.constant;
  if (sums.linear) *sums.linear += *part.linear;
  if (sums.quadratic) *sums.quadratic += *part.quadratic;
}

}  // namespace

std::vector<int> LabelDegrees::degrees() const {
  std::vector<int> result;
  if (constant) result.push_back(0);
  if (linear) result.push_back(1);
  if (quadratic) result.push_back(2);
  return result;
}

Vector<double> LabelDegrees::operator()(const Matrix<double>& inputs) const {
  Vector<double> values = Vector<double>::Constant(inputs.rows(), constant.value_or(0));
  if (linear) values.noalias() += inputs * *linear;
  if (quadratic) {
    values.noalias() += 0.5 * (inputs * *quadratic).cwiseProduct(inputs).rowwise().sum();
    values.array() -= 0.5 * quadratic->trace();
  }
  return values;
}

LabelDegrees label_degrees(const NetworkValues<double>& teacher, const std::vector<int>& degrees) {
  LabelDegrees result = zeros(degrees, teacher.B.cols());
  constexpr int digits = 17;
  const CoefficientTable table =
      hermite_coefficients(teacher.activation, highest_label_degree, digits);
  const auto coefficient = [&](std::size_t k) {
    return from_enclosure<double>(table.coefficients[k].enclosure);
  };
  if (result.constant) result.constant = coefficient(0) * teacher.a.sum();
  if (result.linear) *result.linear = coefficient(1) * (teacher.B.transpose() * teacher.a);
  if (result.quadratic)
    *result.quadratic = std::sqrt(2.0) * coefficient(2) *
                        (teacher.B.transpose() * teacher.a.asDiagonal() * teacher.B);
  return result;
}

LabelDegrees estimated_label_degrees(const NetworkValues<double>& teacher, double noise_variance,
                                     const std::vector<int>& degrees, std::uint64_t samples,
                                     std::uint64_t seed, int threads) {
  LabelDegrees result = zeros(degrees, teacher.B.cols());
  // The mean of Q needs that of y.
  const bool has_constant = result.constant.has_value();
  if (result.quadratic) result.constant = 0;
  const LabelSampler sampler(teacher, noise_variance, Matrix<double>(0, teacher.B.cols()), seed,
                             LabelSampler::streams);
  const std::size_t block_size = sampler.block_size();
  const std::size_t blocks = (samples - 1) / block_size + 1;
  const LabelDegrees zero = result;
  for (std::size_t start = 0; start < blocks; start += blocks_per_wave) {
    std::vector<LabelDegrees> wave(std::min(blocks_per_wave, blocks - start), zero);
    for_each_block(wave.size(), threads, [&](std::size_t i) {
      LabelledBlock block;
      sampler.draw(start + i, block);
      const auto rows = static_cast<Eigen::Index>(
          std::min<std::uint64_t>(block_size, samples - (start + i) * block_size));
      add_samples(block.inputs.topRows(rows), block.labels.head(rows), wave[i]);
    });
    for (const LabelDegrees& part : wave) add(part, result);
  }
  const auto count = static_cast<double>(samples);
  if (result.constant) *result.constant /= count;
  if (result.linear) *result.linear /= count;
  if (result.quadratic) {
    *result.quadratic /= count;
    result.quadratic->diagonal().array() -= *result.constant;
    if (!has_constant) result.constant.reset();
  }
  return result;
}

}  // namespace sigmahat
