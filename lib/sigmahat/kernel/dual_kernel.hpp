#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/numeric/enclosure.hpp>
#include <sigmahat/numeric/matrix.hpp>

namespace sigmahat {

class FixedKernel;   // kernel/fixed_kernel.hpp
struct FixedFormat;  // numeric/fixed_point.hpp

/// ρ in [-1,1] with 1-ρ and 1+ρ to full relative accuracy: near ±1 the rounded ρ alone has lost
/// half the digits of arccos ρ (MATH.md 3).
template <Scalar T>
struct Correlation {
  T rho;
  T one_minus;
  T one_plus;
};

template <Scalar T>
Correlation<T> correlation(const T& rho);
/// Whether certainly |ρ| <= 3/4. There 1-ρ and 1+ρ are at least 1/4 and |v - ρu| more than 1/2, so
/// to compute them from the rounded ρ loses at most two bits.
template <Scalar T>
bool far_from_parallel(const T& rho);
/// Of two unit vectors: 1 ∓ ρ = |u ∓ v|²/2. The exact result lies in [-1,1] and is cut to it.
template <Scalar T>
Correlation<T> correlation(const Vector<T>& u, const Vector<T>& v);

/// κ and its derivatives in ρ. A derivative is absent at ρ = ±1 where it is infinite, or where
/// nothing bounds the tail of its series.
template <Scalar T>
struct KernelJet {
  T value;
  std::optional<T> first;
  std::optional<T> second;
  /// (1-ρ²) κ'': there wherever `first` is, also at ρ = ±1 where κ'' is infinite. The part of a
  /// Hessian that moves two rows apart is this times unit directions.
  std::optional<T> weighted_second;
};

/// κ_{σγ}(ρ) = E[σ(u)γ(v)], u and v standard normal with correlation ρ (MATH.md 3).
///
/// With T = Interval the results enclose the exact values, the tail of a series included.
template <Scalar T>
class DualKernel {
 public:
  virtual ~DualKernel() = default;
  virtual T value(const Correlation<T>& c) const = 0;
  virtual KernelJet<T> jet(const Correlation<T>& c) const = 0;
  /// κ and κ' in fixed point, for many pairs of rows at once; null where there is no such form.
  virtual std::shared_ptr<const FixedKernel> fixed(const FixedFormat&) const { return nullptr; }
  /// "closed form" or "series, K = 210".
  virtual std::string method() const = 0;
};

/// The kernel of teacher σ and student γ at the precision in force.
///
/// Closed forms for pairs of piecewise polynomials (elementary where the only kink is at zero:
/// relu, abs, step, relu_power, leaky_relu ..., mixed too; by the bivariate normal distribution
/// otherwise: hard_tanh, max(x - 1/2, 0)), for a polynomial with anything, and for exp, sin, cos,
/// gaussian, erf and gelu with themselves; otherwise the series Σ σ̂_k γ̂_k ρ^k with its tail
/// |ρ|^{K+1} sqrt(D_K(σ) D_K(γ)), K chosen so that the tail is below 10^-digits at ρ = 1 where K <=
/// 2048 allows it. Throws DomainError for an activation whose coefficients nothing proves.
template <Scalar T>
std::unique_ptr<DualKernel<T>> make_dual_kernel(const Activation& sigma, const Activation& gamma,
                                                int digits);

/// Whether make_dual_kernel has a closed form for the pair, and need not follow a series.
bool has_closed_kernel(const Activation& sigma, const Activation& gamma);

}  // namespace sigmahat
