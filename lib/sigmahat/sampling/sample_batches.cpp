#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/sampling/label_sampler.hpp>
#include <sigmahat/sampling/sample_batches.hpp>

namespace sigmahat {

using Eigen::Index;

template <class T>
SampleBatches<T>::SampleBatches(const NetworkValues<double>& teacher, double noise_variance,
                                const BatchSampling& sampling)
    : activation_(teacher.activation),
      a_(teacher.a.cast<T>()),
      c_(teacher.c.cast<T>()),
      dimension_(teacher.B.cols()),
      width_(teacher.B.rows()),
      noise_deviation_(static_cast<T>(std::sqrt(noise_variance))),
      constant_(static_cast<T>(sampling.center.constant.value_or(0))),
      inputs_(sampling.seed, input_stream),
      noise_(sampling.seed, noise_stream),
      seed_(sampling.seed),
      batch_(sampling.batch),
      data_set_(sampling.data_set) {
  SampleOptions options;
  options.counts = {2};
  check_sampling(teacher, noise_variance, options);
  if (batch_ == 0) throw InputError("a batch needs at least one sample");
  if (data_set_ > 0 && batch_ >= data_set_) batch_ = data_set_;
  if (sampling.center.linear) linear_ = sampling.center.linear->cast<T>();
  if (sampling.center.quadratic) quadratic_ = sampling.center.quadratic->cast<T>();
  if (linear_.size() > 0 && linear_.size() != dimension_)
    throw InputError(fmt::format("the labels' degree 1 has {} entries for {} inputs",
                                 linear_.size(), dimension_));
  if (quadratic_.size() > 0)
    check_shape("the labels' degree 2", "inputs, inputs", *sampling.center.quadratic, dimension_,
                dimension_);
  const Matrix<double> B = rows_at_length(teacher);
  if (width_ != dimension_ ||
      !(B.array() == Matrix<double>::Identity(width_, width_).array()).all())
    B_transposed_ = B.transpose().cast<T>();
}

template <class T>
void SampleBatches<T>::move_to(std::uint64_t iteration) {
  first_ = iteration * batch_;
  if (data_set_ == 0) return;
  if (batch_ == data_set_) {
    first_ = 0;
    return;
  }
  indices_.resize(batch_);
  for (std::uint64_t& index : indices_) {
    if (pass_ != first_ / data_set_) shuffle(first_ / data_set_);
    index = order_[first_ % data_set_];
    ++first_;
  }
}

/// Fisher and Yates, with 64 random bits a step: a product of them with the number of choices is
/// even to 2^-64 times that number.
template <class T>
void SampleBatches<T>::shuffle(std::uint64_t pass) {
  order_.resize(data_set_);
  std::iota(order_.begin(), order_.end(), std::uint64_t{0});
  const NormalStream stream(seed_, shuffle_stream);
  for (std::uint64_t left = data_set_; left > 1; --left) {
    // The counter's word for coordinates has 32 bits: more samples use the stream's next pass.
    const auto [low, high, unused1, unused2] =
        stream.bits(pass << 24 | left >> 32, static_cast<std::uint32_t>(left));
    const std::uint64_t random = std::uint64_t{high} << 32 | low;
    __extension__ using Wide = unsigned __int128;
    const auto choice = static_cast<std::uint64_t>(Wide{random} * left >> 64);
    std::swap(order_[left - 1], order_[choice]);
  }
  pass_ = pass;
}

template <class T>
void SampleBatches<T>::fill(const NormalStream& stream, std::uint64_t first, Index count,
                            Index columns, T* out) const {
  const auto samples = static_cast<std::size_t>(count), width = static_cast<std::size_t>(columns);
  if (indices_.empty())
    stream.fill(first_ + first, samples, width, out, samples);
  else
    stream.fill(std::span(indices_).subspan(first, samples), width, out, samples);
}

template <class T>
void SampleBatches<T>::draw(std::uint64_t first, Index count, BatchBlock<T>& block) const {
  block.inputs.resize(count, dimension_);
  fill(inputs_, first, count, dimension_, block.inputs.data());

  const bool identity = B_transposed_.size() == 0;
  if (!identity) {
    block.preactivations.resize(count, width_);
    block.preactivations.noalias() = block.inputs * B_transposed_;
  }
  const Matrix<T>& preactivations = identity ? block.inputs : block.preactivations;
  block.labels.setConstant(count, -constant_);
  block.column.resize(count);
  // Neuron by neuron: what is read again is still in the innermost cache.
  for (Index j = 0; j < width_; ++j) {
    block.column = preactivations.col(j);
    if (c_.size() > 0) block.column.array() += c_[j];
    activation_.values({block.column.data(), static_cast<std::size_t>(count)});
    block.labels += a_[j] * block.column;
  }
  if (noise_deviation_ > 0) {
    fill(noise_, first, count, 1, block.column.data());
    block.labels += noise_deviation_ * block.column;
  }
  if (linear_.size() > 0) block.labels.noalias() -= block.inputs * linear_;
  if (quadratic_.size() > 0) {
    block.preactivations.noalias() = block.inputs * quadratic_;
    block.labels -= T(0.5) * block.preactivations.cwiseProduct(block.inputs).rowwise().sum();
    block.labels.array() += T(0.5) * quadratic_.trace();
  }
}

template class SampleBatches<float>;
template class SampleBatches<double>;

}  // namespace sigmahat
