#pragma once

#include <oneapi/tbb/enumerable_thread_specific.h>

#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/sampling/sample_batches.hpp>

namespace sigmahat {

/// The mean of (y - ŷ)² over a batch, with its gradient in a, B and the biases; sums over a block
/// of samples are in T, sums of blocks in double. Internal: not installed.
///
/// With u = Xbᵀ the gradient is -2/N Σ_n e_n (γ(u_nj); a_j γ'(u_nj) x_n), e = y - ŷ: besides the
/// labels two products of N×d by d×m. Blocks of samples stay in the second-level cache from the
/// random bits to the gradient; they are cut and added up in an order that depends on the shape
/// alone.
template <class T>
class SampledGradient final : public StochasticObjective {
 public:
  /// @param offset  what is added to the mean
  /// @param biased  whether the student has biases
  /// Throws InputError where the student's activation has no derivative.
  SampledGradient(SampleBatches<T> batches, BatchActivation<T> student, bool biased, double offset,
                  int threads);

  void evaluate(std::uint64_t iteration, const Weights<double>& x, Evaluation& result) override;
  std::uint64_t batch() const override { return batches_.batch(); }

 private:
  struct ThreadMemory {
    BatchBlock<T> samples;
    Matrix<T> slopes, values;  ///< N×m
    Vector<T> errors;          ///< N
    Matrix<T> product;         ///< d×m
  };
  struct Part {
    double squares;
    Vector<double> a, c;  ///< m
    Matrix<double> B;     ///< d×m
  };
  void add_block(std::uint64_t first, Eigen::Index count, ThreadMemory& memory, Part& part) const;

  SampleBatches<T> batches_;
  BatchActivation<T> student_;
  bool biased_;
  double offset_;
  Team team_;

  Vector<T> a_, c_;
  Matrix<T> B_transposed_;
  std::vector<Part> parts_;
  tbb::enumerable_thread_specific<ThreadMemory> memory_;
};

}  // namespace sigmahat
