#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <sigmahat/kernel/dual_kernel.hpp>

namespace sigmahat {

/// What a student's rows may be: unit vectors, or anything but zero.
enum class Constraint { sphere, free };

template <Scalar T>
struct HermiteExpansion;

/// A neuron σ(r u + c), u the standard normal ⟨b,x⟩/‖b‖: all that a pair of neurons depends on
/// besides the angle of their rows.
template <Scalar T>
struct Neuron {
  T length;  ///< r = ‖b‖ > 0
  T bias;    ///< c
  /// For kernels that are series.
  std::shared_ptr<const HermiteExpansion<T>> expansion{};
};

template <Scalar T>
struct NeuronPair {
  const Neuron<T>& first;
  const Neuron<T>& second;
  const Correlation<T>& angle;  ///< of b/‖b‖ and c/‖c‖
};

/// The derivatives of a PairJet that have to do with the biases c of the first neuron and d of the
/// second.
template <Scalar T>
struct BiasJet {
  T c{0}, d{0};
  T rho_c{0}, rho_d{0};
  T lambda_c{0}, lambda_d{0}, mu_c{0}, mu_d{0};
  T cc{0}, cd{0}, dd{0};
};

/// k = E[σ(r u + c) γ(s v + d)] and its derivatives in ρ, λ = log r and μ = log s.
///
/// In these variables nothing cancels near parallel rows: with u and v the unit rows and w = v -
/// ρu,
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
  std::optional<BiasJet<T>> bias{};  ///< where the neurons have biases
};

/// k(b,b) = E[σ(r u + c)²] and its derivatives in λ = log r and c.
template <Scalar T>
struct DiagonalJet {
  T value;
  T first{0};
  T second{0};
  T c{0}, lambda_c{0}, cc{0};
};

/// k = ‖b‖^n ‖c‖^p κ(ρ), κ in fixed point.
struct FixedPairKernel {
  int first_degree, second_degree;  ///< n and p
  std::shared_ptr<const FixedKernel> kernel;
};

/// k = E[σ(⟨b,x⟩ + c) γ(⟨b',x⟩ + d)], x ~ N(0, I) (MATH.md 4). With T = Interval the results
/// enclose the exact values.
template <Scalar T>
class PairKernel {
 public:
  virtual ~PairKernel() = default;
  /// Neurons as the kernel wants them, made once for all pairs that they are in.
  virtual Neuron<T> first(const T& length, const T& bias) const { return {length, bias}; }
  virtual Neuron<T> second(const T& length, const T& bias) const { return {length, bias}; }

  virtual T value(const NeuronPair<T>& pair) const = 0;
  virtual PairJet<T> jet(const NeuronPair<T>& pair) const = 0;
  /// Of a neuron that `first` gave.
  virtual DiagonalJet<T> diagonal(const Neuron<T>& neuron) const = 0;
  /// None where the kernel is not of this form.
  virtual std::optional<FixedPairKernel> fixed(const FixedFormat&) const { return {}; }
  /// "closed form" or "series, K = 210".
  virtual std::string method() const = 0;
};

/// The neurons that a kernel is for. On the sphere lengths are ignored: every row counts as unit.
struct NeuronKind {
  Constraint rows = Constraint::sphere;
  bool biased = false;
};

/// The kernel of σ and γ at the precision in force.
///
/// Closed forms: on the sphere those of make_dual_kernel; at any lengths pairs of positively
/// homogeneous functions, and exp, sin, cos, gaussian, erf and gelu with themselves; at any lengths
/// and biases pairs of piecewise polynomials (up to the bivariate normal distribution) and
/// polynomials with anything. Any other pair by the Hermite series of both neurons, its tail
/// bounded by what Parseval leaves, and its derivatives by the ladder
///   r ∂σ̂_k/∂r = kσ̂_k + √((k+1)(k+2)) σ̂_{k+2},  r ∂σ̂_k/∂c = √(k+1) σ̂_{k+1}.
/// Throws DomainError for an activation whose coefficients nothing proves.
template <Scalar T>
std::unique_ptr<PairKernel<T>> make_pair_kernel(const Activation& sigma, const Activation& gamma,
                                                const NeuronKind& kind, int digits);

/// The kernel of the polynomial Σ g_k h_k, first, and of σ.
template <Scalar T>
std::unique_ptr<PairKernel<T>> make_polynomial_kernel(const std::vector<T>& g,
                                                      const Activation& sigma,
                                                      const NeuronKind& kind, int digits);
/// The kernel of Σ s_k h_k and Σ g_k h_k, k = 0, 1, ... .
template <Scalar T>
std::unique_ptr<PairKernel<T>> make_polynomial_kernel(const std::vector<T>& s,
                                                      const std::vector<T>& g,
                                                      const NeuronKind& kind);

/// The kernel of what σ's neurons have in these degrees alone: Σ_{k in degrees} of the series.
/// Values and no derivatives: the degrees of a derivative in λ are others.
template <Scalar T>
std::unique_ptr<PairKernel<T>> make_degrees_kernel(const Activation& sigma,
                                                   const std::set<int>& degrees,
                                                   const NeuronKind& kind);

/// Σ_k w_k ⟨b,c⟩^k: Gram matrices raised entrywise.
template <Scalar T>
std::unique_ptr<PairKernel<T>> make_gram_power_kernel(const std::vector<T>& w,
                                                      Constraint constraint);

}  // namespace sigmahat
