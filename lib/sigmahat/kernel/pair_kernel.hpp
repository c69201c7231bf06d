#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sigmahat/kernel/dual_kernel.hpp>

namespace sigmahat {

/// What a student's rows may be: unit vectors, or anything but zero.
enum class Constraint { sphere, free };

/// Two rows b and c, as far as E[σ(b·x)γ(c·x)] depends on them.
template <Scalar T>
struct RowPair {
  T first_norm;          ///< ‖b‖ > 0
  T second_norm;         ///< ‖c‖ > 0
  Correlation<T> angle;  ///< of b/‖b‖ and c/‖c‖
};

/// k(b,c) and its derivatives in ρ, λ = log‖b‖ and μ = log‖c‖.
///
/// In these variables nothing cancels near parallel rows: with u = b/‖b‖, v = c/‖c‖ and w = v - ρu,
///   ∇_b k = (k_ρ w + k_λ u)/‖b‖,
/// and a kernel on the sphere is one that does not depend on λ and μ.
template <Scalar T>
struct PairJet {
  T value;
  /// Whether the derivatives exist; they are zero otherwise.
  bool differentiable = true;
  T rho{0}, lambda{0}, mu{0};
  /// (1-ρ²) k_ρρ, which stays bounded at parallel rows where k_ρρ does not.
  T weighted_rho_rho{0};
  T rho_lambda{0}, rho_mu{0};
  T lambda_lambda{0}, lambda_mu{0}, mu_mu{0};
};

/// k(b,b) and its derivatives in log‖b‖.
template <Scalar T>
struct DiagonalJet {
  T value;
  T first{0};
  T second{0};
};

/// k(b,c) = E[σ(b·x)γ(c·x)], x ~ N(0, I) (MATH.md 4). With T = Interval the results enclose the
/// exact values.
template <Scalar T>
class PairKernel {
 public:
  virtual ~PairKernel() = default;
  virtual T value(const RowPair<T>& pair) const = 0;
  virtual PairJet<T> jet(const RowPair<T>& pair) const = 0;
  virtual DiagonalJet<T> diagonal(const T& norm) const = 0;
  /// "closed form" or "series, K = 210".
  virtual std::string method() const = 0;
};

/// The kernel of σ and γ at the precision in force. On the sphere norms are ignored: k is κ(ρ).
///
/// Free rows: closed forms at any norms for pairs of positively homogeneous functions, pairs of
/// polynomials, and exp, sin, cos, gaussian, erf and gelu with themselves. Throws DomainError for
/// any other pair.
template <Scalar T>
std::unique_ptr<PairKernel<T>> make_pair_kernel(const Activation& sigma, const Activation& gamma,
                                                Constraint constraint, int digits);

/// The kernel of Σ s_k h_k and Σ g_k h_k, k = 0, 1, ... .
template <Scalar T>
std::unique_ptr<PairKernel<T>> make_polynomial_kernel(const std::vector<T>& s,
                                                      const std::vector<T>& g,
                                                      Constraint constraint);

/// Σ_k w_k ⟨b,c⟩^k: Gram matrices raised entrywise.
template <Scalar T>
std::unique_ptr<PairKernel<T>> make_gram_power_kernel(const std::vector<T>& w,
                                                      Constraint constraint);

}  // namespace sigmahat
