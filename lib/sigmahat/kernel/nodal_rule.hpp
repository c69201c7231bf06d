#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/numeric/matrix.hpp>

namespace sigmahat {

/// Hermite coefficients of neurons u ↦ σ(r u + c) in double, fast enough to be made anew at every
/// step of a search. Internal: not installed.
///
/// The trapezoidal rule (MATH.md 2.1) with the same nodes for every r and c, whose values of
/// e^{-x²/4} h_k(x) are kept: K dot products over some hundred nodes. Two rules, one with its nodes
/// half-way between the other's, must agree to rounding in every coefficient; their mean, the rule
/// of half the step, is then far more accurate than they are. Not a proof, but close to one: for
/// what is analytic in a strip the mean's error is about the square of the difference.
class NodalRule {
 public:
  struct Coefficients {
    std::vector<double> of_function;  ///< E[σ(r u + c) h_k(u)], k = 0..K
    std::array<double, 5> of_square;  ///< E[σ(r u + c)² h_k(u)], k = 0..4
  };

  explicit NodalRule(const Activation& sigma) : sigma_(sigma) {}

  /// Each to a few units of rounding of ‖σ(r·+c)‖. Nothing where the rules do not agree at the
  /// smallest step: near kinks, for functions that grow fast. May be called from several threads.
  std::optional<Coefficients> operator()(double length, double bias, int max_degree) const;

 private:
  /// One step and one highest degree.
  struct Nodes {
    Eigen::Index base;         ///< so many nodes of the first rule, those of the second behind them
    Vector<double> at;         ///< x >= 0
    Matrix<double> functions;  ///< nodes × degrees: weight · e^{-x²/4} h_k(x)
    Vector<double> decay;      ///< e^{-x²/4}
  };
  const Nodes& nodes(int level, int max_degree) const;

  Activation sigma_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const Nodes>> levels_, outgrown_;
};

}  // namespace sigmahat
