#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include <oneapi/tbb/enumerable_thread_specific.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/sampling/label_sampler.hpp>
#include <sigmahat/sampling/moments.hpp>
#include <sigmahat/sampling/sample_progress.hpp>

namespace sigmahat {
namespace {

// Half of a usual second-level cache: the inputs and preactivations of a block are written once and
// read a few times.
constexpr std::size_t block_bytes = std::size_t{1} << 19;
// Fewer rows would not pay for the matrix product's rearranging of the weights.
constexpr std::size_t least_block = 256;
// More rows would only make progress reports and the last block coarser.
constexpr std::size_t largest_block = 4096;
// Bounds the results held at a time; they are combined in order, so it changes none of them.
constexpr std::size_t blocks_per_wave = 1024;

/// One for each quantity.
using QuantityMoments = std::vector<Moments>;

}  // namespace

std::size_t block_size_for(std::size_t doubles_per_sample) {
  return std::clamp(std::bit_floor(block_bytes / (doubles_per_sample * sizeof(double))),
                    least_block, largest_block);
}

LabelSampler::LabelSampler(const NetworkValues<double>& teacher, double noise_variance,
                           const Matrix<double>& rows, std::uint64_t seed,
                           std::uint32_t first_stream)
    : teacher_(teacher),
      noise_deviation_(std::sqrt(noise_variance)),
      inputs_(seed, first_stream),
      noise_(seed, first_stream + 1),
      mirrored_noise_(seed, first_stream + 2),
      B_(teacher.B.rows() + rows.rows(), teacher.B.cols()) {
  B_ << rows_at_length(teacher), rows;
  block_size_ = block_size_for(static_cast<std::size_t>(B_.rows() + B_.cols()));
}

void LabelSampler::draw(std::size_t block, LabelledBlock& samples) const {
  samples.index = block;
  samples.inputs.resize(static_cast<Eigen::Index>(block_size_), B_.cols());
  inputs_.fill(block * block_size_, block_size_, static_cast<std::size_t>(B_.cols()),
               samples.inputs.data(), block_size_);
  label(noise_, samples);
}

void LabelSampler::mirror(LabelledBlock& samples) const {
  samples.inputs *= -1;
  label(mirrored_noise_, samples);
}

void LabelSampler::label(const NormalStream& noise, LabelledBlock& samples) const {
  const auto size = static_cast<Eigen::Index>(block_size_);
  const Eigen::Index width = teacher_.B.rows();
  // One product for all rows: the inputs are laid out for it once.
  samples.preactivations.resize(size, B_.rows());
  samples.preactivations.noalias() = samples.inputs * B_.transpose();
  for (Eigen::Index i = 0; i < teacher_.c.size(); ++i)
    samples.preactivations.col(i).array() += teacher_.c[i];
  teacher_.activation.apply(
      {samples.preactivations.data(), block_size_ * static_cast<std::size_t>(width)});
  samples.labels.noalias() = samples.preactivations.leftCols(width) * teacher_.a;
  if (noise_deviation_ > 0) {
    samples.noise.resize(size);
    noise.fill(samples.index * block_size_, block_size_, 1, samples.noise.data(), block_size_);
    samples.labels += noise_deviation_ * samples.noise;
  }
}

std::vector<std::vector<SampledMean>> sample_means(
    const LabelSampler& sampler, std::size_t quantities, const SampleOptions& options,
    const std::function<void(LabelledBlock&, const AddValues&)>& visit) {
  const std::size_t block_size = sampler.block_size();
  const std::vector<std::uint64_t>& counts = options.counts;
  const std::size_t blocks = (counts.back() - 1) / block_size + 1;

  // A block is drawn whole, and a count that ends inside it takes its first samples: the mean at a
  // count depends on no other count.
  const auto lengths_in = [&](std::size_t block) {
    const std::uint64_t before = block * block_size;
    std::vector<std::size_t> lengths;
    for (auto count = std::upper_bound(counts.begin(), counts.end(), before);
         count != counts.end() && *count - before <= block_size; ++count)
      lengths.push_back(*count - before);
    lengths.push_back(block_size);
    return lengths;
  };
  // For each of the lengths the moments over the first so many samples of the block.
  const auto moments_in = [&](std::size_t block, LabelledBlock& samples) {
    sampler.draw(block, samples);
    const std::vector<std::size_t> lengths = lengths_in(block);
    std::vector<QuantityMoments> result(lengths.size());
    visit(samples, [&](const Vector<double>& values) {
      for (std::size_t i = 0; i < lengths.size(); ++i)
        result[i].push_back(moments_of(values.head(static_cast<Eigen::Index>(lengths[i]))));
    });
    return result;
  };

  std::vector<std::vector<SampledMean>> means(quantities);
  QuantityMoments total(quantities);
  const auto report = [&](const QuantityMoments& part) {
    for (std::size_t q = 0; q < quantities; ++q)
      means[q].push_back(sampled_mean(combined(total[q], part[q])));
  };

  SampleProgress progress(options.progress, counts.back());
  tbb::enumerable_thread_specific<LabelledBlock> blocks_of_threads;
  for (std::size_t start = 0; start < blocks; start += blocks_per_wave) {
    std::vector<std::vector<QuantityMoments>> wave(std::min(blocks_per_wave, blocks - start));
    for_each_block(wave.size(), options.threads, [&](std::size_t i) {
      wave[i] = moments_in(start + i, blocks_of_threads.local());
      progress.add(block_size);
    });
    for (const std::vector<QuantityMoments>& block : wave) {
      std::for_each(block.begin(), block.end() - 1, report);
      for (std::size_t q = 0; q < quantities; ++q) total[q] = combined(total[q], block.back()[q]);
    }
  }
  return means;
}

void check_shape(const char* name, const char* shape, const Matrix<double>& rows,
                 Eigen::Index expected_rows, Eigen::Index expected_columns) {
  if (rows.rows() == expected_rows && rows.cols() == expected_columns) return;
  throw InputError(std::string(name) + " must be " + std::to_string(expected_rows) + "x" +
                   std::to_string(expected_columns) + " (" + shape + "), not " +
                   std::to_string(rows.rows()) + "x" + std::to_string(rows.cols()));
}

void check_sampling(const NetworkValues<double>& teacher, double noise_variance,
                    const SampleOptions& options) {
  const Eigen::Index dimension = teacher.B.cols();
  if (dimension == 0) throw InputError("the teacher's B has no columns: there is no input");
  check_shape("the teacher's B", "entries of a, inputs", teacher.B, teacher.a.size(), dimension);
  if (!(noise_variance >= 0))
    throw InputError("the noise variance must be at least 0, not " +
                     std::to_string(noise_variance));

  if (options.counts.empty()) throw InputError("no sample count is given: expected at least one");
  if (options.counts.front() < 2)
    throw InputError("a standard error needs at least 2 samples, not " +
                     std::to_string(options.counts.front()));
  const auto fall =
      std::adjacent_find(options.counts.begin(), options.counts.end(), std::greater_equal<>());
  if (fall != options.counts.end())
    throw InputError("sample counts must increase, but " + std::to_string(fall[1]) + " follows " +
                     std::to_string(fall[0]));
}

}  // namespace sigmahat
