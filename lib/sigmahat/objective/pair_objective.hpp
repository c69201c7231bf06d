#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sigmahat/kernel/pair_kernel.hpp>
#include <sigmahat/network/problem.hpp>
#include <sigmahat/objective/objective.hpp>

namespace sigmahat {

template <Scalar T>
class FixedPairs;

/// Squared distances between networks (MATH.md 4, 5):
///   Σ_ij a*_i a*_j t(b*_i, b*_j) - 2 Σ_ij a_i a*_j q(b_i, b*_j) + Σ_ij a_i a_j k(b_i, b_j) + s²,
/// where b stands for a row and its bias.
///
/// O(m (m + m*) (d + cost of a kernel)) for value, gradient and Hessian products, O(m (m + m*) d²)
/// for the Hessian; memory O((m + m*) d + m (m + m*)) beside the result.
template <Scalar T>
class PairObjective final : public Objective<T> {
 public:
  /// What the student has no part in.
  struct Constants {
    T teacher;       ///< Σ_ij a*_i a*_j t(b*_i, b*_j)
    T noise;         ///< s²
    T out_of_reach;  ///< the part of both that no student can remove
  };

  /// @param mixed    q: student row first, teacher row second
  /// @param student  k, symmetric
  /// @param biased   whether students have biases
  PairObjective(NetworkValues<T> teacher, std::unique_ptr<PairKernel<T>> mixed,
                std::unique_ptr<PairKernel<T>> student, Constants constants, bool biased,
                int threads);

  T value(const Weights<T>& x) const override;
  typename Objective<T>::Evaluation value_and_gradient(const Weights<T>& x) const override;
  Weights<T> hessian_product(const Weights<T>& x, const Weights<T>& direction) const override;
  Matrix<T> hessian(const Weights<T>& x) const override;
  T constant() const override { return constants_.out_of_reach; }
  std::string method() const override;

 private:
  class Point;

  void check(const Weights<T>& x) const;
  /// What the student has no part in, and `sum`.
  T total(const T& sum) const { return constants_.teacher + sum + constants_.noise; }

  NetworkValues<T> teacher_;
  std::unique_ptr<PairKernel<T>> mixed_, student_;
  std::shared_ptr<const FixedPairs<T>> fixed_;  ///< where the kernels allow it
  std::vector<Neuron<T>> teacher_neurons_;
  Constants constants_;
  bool biased_;
  int threads_;
};

/// Σ_ij a_i a_j k(b_i, b_j) of a network.
template <Scalar T>
T quadratic_form(const NetworkValues<T>& network, const PairKernel<T>& k, int threads);
/// Σ_ij a_i a_j k(b_i, -b_j), biases as they are: that of x ↦ y(x) and x ↦ y(-x).
template <Scalar T>
T reflected_form(const NetworkValues<T>& network, const PairKernel<T>& k, int threads);

}  // namespace sigmahat
