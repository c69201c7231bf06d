#pragma once

#include <optional>

#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/sampling/batch_activation.hpp>
#include <sigmahat/sampling/stochastic_objective.hpp>

namespace sigmahat {

/// Some samples of a batch, as one thread keeps them from block to block.
template <class T>
struct BatchBlock {
  Matrix<T> inputs;          ///< N×d, a sample is a row
  Vector<T> labels;          ///< N, what is subtracted taken away
  Matrix<T> preactivations;  ///< N×m*, where B* is not the identity
  Vector<T> column;
};

/// Batches of labelled samples, iteration by iteration. Internal: not installed.
///
/// Sample i is a function of (seed, i) alone: of the NormalStream number `input_stream` its x, of
/// the next its noise. None of it is what sample_theorem and the estimates of label_degrees.hpp
/// draw from the same seed: a loss sampled by them is a test on samples that training has not seen.
template <class T>
class SampleBatches {
 public:
  static constexpr std::uint32_t input_stream = 16, noise_stream = 17, shuffle_stream = 18;

  /// Throws InputError for shapes that do not fit, negative noise, or an empty batch.
  SampleBatches(const NetworkValues<double>& teacher, double noise_variance,
                const BatchSampling& sampling);

  std::uint64_t batch() const { return batch_; }
  Eigen::Index dimension() const { return dimension_; }

  /// Blocks of this iteration's batch follow. A data set is reshuffled at the start of every pass:
  /// memory and, once a pass, time O(n).
  void move_to(std::uint64_t iteration);
  /// Samples first..first+count-1 of the batch. Any number of threads at once.
  void draw(std::uint64_t first, Eigen::Index count, BatchBlock<T>& block) const;

 private:
  void fill(const NormalStream& stream, std::uint64_t first, Eigen::Index count,
            Eigen::Index columns, T* out) const;
  void shuffle(std::uint64_t pass);

  BatchActivation<T> activation_;
  Vector<T> a_, c_;
  Matrix<T> B_transposed_;  ///< d×m*; empty for the identity
  Eigen::Index dimension_, width_;
  T noise_deviation_;
  T constant_;
  Vector<T> linear_;
  Matrix<T> quadratic_;
  NormalStream inputs_, noise_;

  std::uint64_t seed_, batch_, data_set_;
  std::uint64_t first_ = 0;             ///< of the batch, where samples are taken in order
  std::optional<std::uint64_t> pass_;   ///< that order_ belongs to
  std::vector<std::uint64_t> order_;    ///< of the data set, in this pass
  std::vector<std::uint64_t> indices_;  ///< of the batch, where there is an order
};

}  // namespace sigmahat
