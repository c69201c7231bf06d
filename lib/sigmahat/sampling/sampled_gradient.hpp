#pragma once

#include <oneapi/tbb/enumerable_thread_specific.h>

#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/sampling/sample_batches.hpp>

namespace sigmahat {

/// What is averaged over a batch.
enum class BatchMean {
  squared_error,  ///< (y - ŷ)²
  label_product   ///< -2yŷ
};

/// Students Σ_j a_j γ(⟨b_j,x⟩ + c_j).
template <class T>
struct SampledStudent {
  BatchActivation<T> activation;
  bool biased;
  /// Each degree of γ = Σ g_k h_k to be ‖b‖^k h_k(⟨b,x⟩/‖b‖), of degree k for rows of any length.
  /// Without biases, and for label products.
  bool homogeneous = false;
};

/// A mean over a batch, with its gradient in a, B and the biases; sums over a block of samples are
/// in T, sums of blocks in double. Internal: not installed.
///
/// With u = Xbᵀ the gradient is -2/N Σ_n e_n (γ(u_nj); a_j γ'(u_nj) x_n), e = y - ŷ or e = y:
/// besides the labels two products of N×d by d×m. Blocks of samples stay in the second-level cache
/// from the random bits to the gradient; they are cut and added up in an order that depends on the
/// shape alone.
template <class T>
class SampledGradient final : public StochasticObjective {
 public:
  /// @param offset  what is added to the mean
  /// Throws InputError where the student's activation has no derivative.
  SampledGradient(SampleBatches<T> batches, SampledStudent<T> student, BatchMean mean,
                  double offset, int threads);

  void evaluate(std::uint64_t iteration, const Weights<double>& x, Evaluation& result) override;
  std::uint64_t batch() const override { return batches_.batch(); }

 private:
  struct ThreadMemory {
    BatchBlock<T> samples;
    Matrix<T> slopes, values;  ///< N×m
    Vector<T> errors;          ///< N
    Vector<T> norm_slopes;     ///< N, where the student is homogeneous
    Matrix<T> product;         ///< d×m
  };
  struct Part {
    double squares;
    Vector<double> a, c;   ///< m
    Vector<double> norms;  ///< m: of ∂/∂‖b_j‖²
    Matrix<double> B;      ///< d×m
  };
  void add_block(std::uint64_t first, Eigen::Index count, ThreadMemory& memory, Part& part) const;

  SampleBatches<T> batches_;
  SampledStudent<T> student_;
  BatchMean mean_;
  double offset_;
  Team team_;

  Vector<T> a_, c_, norms_;
  Matrix<T> B_transposed_;
  std::vector<Part> parts_;
  tbb::enumerable_thread_specific<ThreadMemory> memory_;
};

}  // namespace sigmahat
