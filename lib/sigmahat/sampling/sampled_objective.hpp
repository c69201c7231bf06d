#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/objective/polynomial_objective.hpp>

namespace sigmahat {

struct ObjectiveSampling;
struct WickPairTerms;

/// Labelled samples that are there already, in double or float.
template <class T>
struct SamplesOf {
  Eigen::Ref<const Matrix<T>> inputs;  ///< N×d, a sample is a row
  Eigen::Ref<const Vector<T>> labels;  ///< N
  /// Subtracted from the labels. It leaves the expectation alone, and E[y] reduces the variance.
  double offset = 0;
};
using Samples = SamplesOf<double>;

/// An objective at one point, estimated from samples.
struct SampledEvaluation {
  std::uint64_t samples = 0;
  double value = 0;
  std::optional<double> standard_error;  ///< of the value, from the scatter of the samples
  Matrix<double> gradient;               ///< m×d
  Matrix<double> gradient_errors;  ///< m×d, standard errors from the scatter of blocks of samples
};

/// G, its penalty forms and the gadget objectives as expectations E[y φ(B,x)] (MATH.md 6 and 7):
/// value and gradient in all rows of B at once, of samples in place of the expectation.
///
/// Unbiased for teachers of unit rows. The sum over pairs j ≠ k factors, so that a sample costs a
/// few products of N×d by d×m: for G one for BX, one for the gradient, and half of one for
/// Σ y x xᵀ; every degree p >= 2 that pairs with a degree >= 1 through a power of ⟨b_j,b_k⟩ adds
/// products of N×m by m×m. A value.
///
/// The result is bitwise the same for any number of threads.
class SampledObjective {
 public:
  /// Throws as Gadget does where a degree cannot be estimated, with the same message.
  /// @param terms          norm teacher needs `second_moment`
  /// @param activation     of the teacher
  /// @param second_moment  d×d: Σ a*_i b*_i b*_iᵀ, or its estimate from other samples
  explicit SampledObjective(PolynomialTerms<double> terms, const Activation& activation,
                            Matrix<double> second_moment = {}, int digits = 17);

  /// What besides the value.
  struct Wanted {
    bool gradient = true;
    /// Of rows on the unit sphere: the gradient less each row's part along the row.
    bool tangential = false;
    /// Of the value; a product of N×m by m×m more.
    bool standard_error = false;
    /// Of the gradient's entries; needs two whole blocks of samples, a few thousand are enough.
    bool gradient_errors = false;
  };
  /// Memory kept from call to call: where the shapes are those of the last call, nothing that grows
  /// with the number of samples or threads is allocated. For one evaluation at a time.
  class Workspace {
   public:
    Workspace();
    ~Workspace();
    Workspace(Workspace&&) noexcept;
    Workspace& operator=(Workspace&&) noexcept;

   private:
    friend SampledObjective;
    friend SampledEvaluation sample_objective(const NetworkValues<double>&, double,
                                              const SampledObjective&, const Matrix<double>&,
                                              const ObjectiveSampling&);
    template <class T>
    struct Parts;
    std::unique_ptr<Parts<double>> in_double_;
    std::unique_ptr<Parts<float>> in_float_;
  };

  /// The mean over these samples. Of samples in float the sums over a block of them, up to 4096,
  /// are in float, and everything else in double.
  ///
  /// Throws InputError where the shapes do not fit or the samples are too few for the errors that
  /// are wanted, NumericalError where a sum leaves the range of the arithmetic.
  /// @param B  m×d, rows of any length
  void evaluate(const Samples& samples, const Matrix<double>& B, const Wanted& wanted,
                Workspace& work, SampledEvaluation& result, int threads = 0) const;
  void evaluate(const SamplesOf<float>& samples, const Matrix<double>& B, const Wanted& wanted,
                Workspace& work, SampledEvaluation& result, int threads = 0) const;

 private:
  template <class T>
  void evaluate_in(const SamplesOf<T>& samples, const Matrix<double>& B, const Wanted& wanted,
                   Workspace::Parts<T>& parts, SampledEvaluation& result, int threads) const;
  /// λ Σ_j (N(b_j) - 1)², which no sample enters; its gradient is added to `gradient`, if any.
  double penalty(const Matrix<double>& B, Matrix<double>* gradient) const;

  std::shared_ptr<const WickPairTerms> wick_;
  PolynomialTerms<double>::Norm norm_;
  double lambda_;
  Matrix<double> second_moment_;
};

struct ObjectiveSampling {
  std::uint64_t samples;
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: all cores
  double offset = 0;
  SampledObjective::Wanted wanted = {true, false, true, true};
  /// As in SampleOptions.
  std::function<bool(std::uint64_t)> progress = {};
};

/// The mean over samples drawn for it: those of sample_theorem, of the same seed.
///
/// Throws as `evaluate` and sample_theorem do.
SampledEvaluation sample_objective(const NetworkValues<double>& teacher, double noise_variance,
                                   const SampledObjective& objective, const Matrix<double>& B,
                                   const ObjectiveSampling& sampling);

/// How far a sampled gradient is from the exact one, in the Frobenius norm, and how far the errors
/// of its entries let expect: the root of the sum of their squares.
struct GradientDistance {
  double distance, expected;
};
GradientDistance distance_from(const SampledEvaluation& sampled, const Matrix<double>& exact);

/// E[y] = σ̂_0 Σ_i a*_i, the offset that centres the labels.
double expected_label(const NetworkValues<double>& teacher);

/// Σ_i a*_i b*_i b*_iᵀ.
Matrix<double> second_moment(const NetworkValues<double>& teacher);
/// Its estimate E[y(xxᵀ - I)]/(√2 σ̂_2) from samples (MATH.md 7), symmetric. Throws as Gadget does
/// where σ̂_2 = 0.
///
/// An objective whitened by it is unbiased for the norm that it defines; as an estimate of the one
/// with the exact norm the squared penalty has a bias of the order of 1/N.
Matrix<double> estimated_second_moment(const Samples& samples, const Activation& activation);

}  // namespace sigmahat
