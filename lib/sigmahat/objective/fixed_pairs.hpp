#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <sigmahat/kernel/fixed_kernel.hpp>
#include <sigmahat/kernel/pair_kernel.hpp>
#include <sigmahat/network/problem.hpp>
#include <sigmahat/objective/objective.hpp>

namespace sigmahat {

/// -2 Σ_ij a_i a*_j q(b_i, b*_j) + Σ_ij a_i a_j k(b_i, b_j) and its gradient in fixed point, for
/// q = ‖b‖^n ‖c‖^p κ(ρ) and k = ‖b‖^n ‖c‖^n κ(ρ): ten times as fast as numbers one by one, with a
/// proven error for Real and Interval alike.
///
/// Internal: not installed. Weights are scaled so that their absolute values sum to a half at most;
/// then every sum below is one of numbers in [-1,1], and an error is one of it as a whole.
template <Scalar T>
class FixedPairs {
 public:
  /// Null where the kernels are not of that form, and for doubles.
  static std::unique_ptr<FixedPairs> make(const NetworkValues<T>& teacher,
                                          const PairKernel<T>& mixed, const PairKernel<T>& student);

  /// The value and, where it is asked for, the gradient. None where intervals are too wide, weights
  /// differ too much in size, or a kernel is not known to the precision in force: what the bound
  /// then proves is not worth having.
  /// @param x  of the right shape, without biases
  std::optional<typename Objective<T>::Evaluation> evaluate(const Weights<T>& x, bool gradient,
                                                            int threads) const;

 private:
  /// (m ± error units)·2^exponent, |m| < 2
  struct Scaled {
    FixedNumber significand;
    long exponent = 0;
    double error = 0;
  };
  class Point;

  FixedPairs(const FixedFormat& format, FixedPairKernel mixed, FixedPairKernel student)
      : format_(format), mixed_(std::move(mixed)), student_(std::move(student)) {}

  Scaled scaled(const T& x) const;
  Scaled product(const Scaled& x, const Scaled& y) const;
  /// x^n y
  Scaled power(const Scaled& x, int n, Scaled y) const;

  FixedFormat format_;
  FixedPairKernel mixed_, student_;
  long bits_ = 0;      ///< of the precision in force when it was made
  double widest_ = 0;  ///< by how many units rows and weights may be off
  FixedArray rows_;    ///< of the teacher, one after the other
  std::vector<FixedSum> squares_;
  std::vector<double> row_errors_;
  Eigen::Index dimension_ = 0;
  std::vector<Scaled> weights_;  ///< a* r*^p
  FixedNumber at_one_;           ///< κ(1) 2^-exponent of the student
  double at_one_error_ = 0;
};

}  // namespace sigmahat
