#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/sampling/sampled_gradient.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Eigen packs an operand of a product on the stack up to this size, and beyond takes pages from
/// the system for each product, which at small shapes costs several times the product.
constexpr std::size_t packed_bytes = EIGEN_STACK_ALLOCATION_LIMIT;
/// More samples in a block would leave the second-level cache, fewer not pay for packing.
constexpr std::size_t least_block = 64, largest_block = 256;

template <class T>
Index block_size(Index dimension) {
  const std::size_t row = static_cast<std::size_t>(dimension) * sizeof(T);
  return static_cast<Index>(
      std::clamp(std::bit_floor(packed_bytes / row + 1), least_block, largest_block));
}

/// Blocks are summed up in at most this many parts, which threads share.
constexpr std::size_t most_parts = 16;

}  // namespace

template <class T>
SampledGradient<T>::SampledGradient(SampleBatches<T> batches, SampledStudent<T> student,
                                    BatchMean mean, double offset, int threads)
    : batches_(std::move(batches)),
      student_(std::move(student)),
      mean_(mean),
      offset_(offset),
      team_(threads) {
  if (!student_.activation.has_slopes())
    throw InputError(
        "the student's activation jumps, or its derivative is not proven: no sampled gradient");
}

template <class T>
void SampledGradient<T>::add_block(std::uint64_t first, Index count, ThreadMemory& memory,
                                   Part& part) const {
  BatchBlock<T>& samples = memory.samples;
  batches_.draw(first, count, samples);

  const Index m = B_transposed_.cols();
  memory.slopes.resize(count, m);
  memory.values.resize(count, m);
  memory.slopes.noalias() = samples.inputs * B_transposed_;
  memory.errors = samples.labels;
  const auto rows = static_cast<std::size_t>(count);
  for (Index j = 0; j < m; ++j) {
    if (student_.biased) memory.slopes.col(j).array() += c_[j];
    const std::span<T> u(memory.slopes.col(j).data(), rows);
    const std::span<T> values(memory.values.col(j).data(), rows);
    if (student_.homogeneous) {
      memory.norm_slopes.resize(count);
      student_.activation.values_and_slopes(u, norms_[j], values,
                                            {memory.norm_slopes.data(), rows});
      part.norms[j] += static_cast<double>(memory.errors.dot(memory.norm_slopes));
    } else {
      student_.activation.values_and_slopes(u, values);
    }
    if (mean_ == BatchMean::squared_error) memory.errors -= a_[j] * memory.values.col(j);
  }
  if (mean_ == BatchMean::squared_error)
    part.squares += static_cast<double>(memory.errors.squaredNorm());
  for (Index j = 0; j < m; ++j) {
    part.a[j] += static_cast<double>(memory.errors.dot(memory.values.col(j)));
    memory.slopes.col(j).array() *= memory.errors.array();
    if (student_.biased) part.c[j] += static_cast<double>(memory.slopes.col(j).sum());
  }
  memory.product.resize(samples.inputs.cols(), m);
  memory.product.noalias() = samples.inputs.transpose() * memory.slopes;
  part.B += memory.product.template cast<double>();
}

template <class T>
void SampledGradient<T>::evaluate(std::uint64_t iteration, const Weights<double>& x,
                                  Evaluation& result) {
  const Index m = x.B.rows(), d = batches_.dimension();
  if (m == 0 || x.B.cols() != d || x.a.size() != m || x.c.size() != (student_.biased ? m : 0))
    throw DomainError(
        fmt::format("weights of {} rows in {} dimensions, {} entries of a and {} biases: expected "
                    "{} dimensions "
                    "and {} biases",
                    m, x.B.cols(), x.a.size(), x.c.size(), d, student_.biased ? "as many" : "no"));
  a_ = x.a.cast<T>();
  c_ = x.c.cast<T>();
  B_transposed_ = x.B.transpose().cast<T>();
  if (student_.homogeneous) norms_ = x.B.rowwise().squaredNorm().cast<T>();
  batches_.move_to(iteration);

  const auto block = static_cast<std::uint64_t>(block_size<T>(d));
  const std::uint64_t batch = batches_.batch();
  const std::size_t blocks = (batch - 1) / block + 1;
  parts_.resize(std::min(blocks, most_parts));
  team_.for_each_block(parts_.size(), [&](std::size_t i) {
    Part& part = parts_[i];
    part.squares = 0;
    part.a.setZero(m);
    part.c.setZero(x.c.size());
    part.norms.setZero(student_.homogeneous ? m : 0);
    part.B.setZero(d, m);
    for (std::size_t b = i * blocks / parts_.size(); b < (i + 1) * blocks / parts_.size(); ++b) {
      const std::uint64_t first = b * block;
      add_block(first, static_cast<Index>(std::min(block, batch - first)), memory_.local(), part);
    }
  });

  Part& all = parts_.front();
  for (std::size_t i = 1; i < parts_.size(); ++i) {
    all.squares += parts_[i].squares;
    all.a += parts_[i].a;
    all.c += parts_[i].c;
    all.norms += parts_[i].norms;
    all.B += parts_[i].B;
  }
  const auto samples = static_cast<double>(batch);
  result.value =
      (mean_ == BatchMean::squared_error ? all.squares : -2 * x.a.dot(all.a)) / samples + offset_;
  result.gradient.a = -2 / samples * all.a;
  result.gradient.c = -2 / samples * x.a.head(x.c.size()).cwiseProduct(all.c);
  result.gradient.B = -2 / samples * (x.a.asDiagonal() * all.B.transpose());
  if (student_.homogeneous)
    result.gradient.B -= 4 / samples * (x.a.cwiseProduct(all.norms).asDiagonal() * x.B);
  if (!std::isfinite(result.value) || !result.gradient.a.allFinite() ||
      !result.gradient.B.allFinite() || !result.gradient.c.allFinite())
    throw NumericalError(fmt::format("iteration {}: the batch leaves the range of {}", iteration,
                                     sizeof(T) == sizeof(float) ? "float32" : "float64"));
}

template class SampledGradient<float>;
template class SampledGradient<double>;

}  // namespace sigmahat
