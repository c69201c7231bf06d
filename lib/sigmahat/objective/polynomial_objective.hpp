#pragma once

#include <vector>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/objective/objective.hpp>

namespace sigmahat {

/// With m_ij = ⟨b*_i, b_j⟩ (MATH.md 7):
///   Σ_i a*_i (Σ_{j≠k} P(m_ij, m_ik) + Σ_j q(m_ij)) + λ Σ_j (N(b_j) - 1)².
/// The student's a and its biases play no part.
template <Scalar T>
struct PolynomialTerms {
  struct PairTerm {
    int alpha, beta;
    T factor;
  };
  struct SingleTerm {
    int power;
    T factor;
  };
  std::vector<PairTerm> pairs;
  std::vector<SingleTerm> singles;
  /// What N(b) is: ‖b‖², or bᵀ(Σ a*_i b*_i b*_iᵀ)b, which makes the vectors (√a*_i m_ij)_i unit.
  enum class Norm { euclidean, teacher } norm = Norm::euclidean;
  T lambda{0};
};

/// Sums over pairs factor: Σ_{j≠k} m_ij^α m_ik^β = S_α S_β - S_{α+β}, S_α = Σ_j m_ij^α. Hence
/// O(m* m (d + number of terms)) for everything but the dense Hessian, O(m* m² d²) for that; memory
/// O(m* m).
template <Scalar T>
class PolynomialObjective final : public Objective<T> {
 public:
  PolynomialObjective(NetworkValues<T> teacher, PolynomialTerms<T> terms);

  T value(const Weights<T>& x) const override;
  typename Objective<T>::Evaluation value_and_gradient(const Weights<T>& x) const override;
  Weights<T> hessian_product(const Weights<T>& x, const Weights<T>& direction) const override;
  Matrix<T> hessian(const Weights<T>& x) const override;
  T constant() const override { return T(0); }
  std::string method() const override { return "closed form"; }

 private:
  class Point;

  NetworkValues<T> teacher_;
  PolynomialTerms<T> terms_;
  int degree_;  ///< highest power of any m_ij
};

}  // namespace sigmahat
