#pragma once

#include <cstdint>
#include <memory>

#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/sampling/label_degrees.hpp>

namespace sigmahat {

/// An objective of which every iteration sees another batch of samples.
///
/// Iteration t estimates from samples tN..(t+1)N-1 of a counter-based stream, N the batch: what it
/// returns is a function of (seed, t, x) alone, bitwise the same for any number of threads, so that
/// a run continues from any iteration. An object keeps its memory from call to call: one for each
/// run.
class StochasticObjective {
 public:
  using Evaluation = Objective<double>::Evaluation;

  virtual ~StochasticObjective() = default;
  /// The mean over the batch of this iteration and its Euclidean gradient, both unbiased.
  ///
  /// Throws DomainError where the shape is not the problem's, NumericalError where a sum leaves the
  /// range of the arithmetic.
  /// @param result  where its shape fits, nothing is allocated
  virtual void evaluate(std::uint64_t iteration, const Weights<double>& x, Evaluation& result) = 0;
  /// N
  virtual std::uint64_t batch() const = 0;
};

struct BatchSampling {
  std::uint64_t batch = 1024;
  std::uint64_t seed = 1;
  /// n: every pass goes over the same n samples, reshuffled; a batch of n or more takes all of them
  /// at every iteration. 0: fresh samples.
  std::uint64_t data_set = 0;
  /// Of samples and sums. The two formats draw different samples from one seed (normal.hpp).
  FloatFormat format = FloatFormat::float64;
  /// Subtracted from the labels, known or estimated from other samples; what that takes from the
  /// mean of the squared loss is added again.
  LabelDegrees center = {};
  int threads = 0;  ///< 0: all cores
};

/// f and f_γ as batch means of (y - ŷ)²; degree terms with the label's part a batch mean and the
/// student's exact; the objectives of sampled_objective.hpp as batch means of y φ(B,x). The
/// student's weights in `problem` are not looked at, only whether it has biases.
///
/// Throws InputError where a degree that `center` subtracts is one that the student, or a term of
/// the objective, can have (the gradient would be biased), and for student activations without a
/// weak derivative. Throws as Gadget does where labels do not have a degree that degree terms or
/// gadgets need.
std::unique_ptr<StochasticObjective> make_stochastic_objective(const ObjectiveChoice& choice,
                                                               const ProblemValues<double>& problem,
                                                               Constraint constraint,
                                                               const BatchSampling& sampling);

}  // namespace sigmahat
