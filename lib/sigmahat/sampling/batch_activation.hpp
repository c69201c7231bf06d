#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include <sigmahat/activation/activation.hpp>

namespace sigmahat {

/// An activation and its derivative at many points at once, in float or double. Internal: not
/// installed.
///
/// Errors are those of Activation::apply; in float, of the few operations of ReLU's and polynomial
/// kinds and of one rounding for the others, which are computed in double.
template <class T>
class BatchActivation {
 public:
  explicit BatchActivation(const Activation& activation);
  /// Σ_k g_k h_k.
  explicit BatchActivation(std::vector<double> coefficients)
      : kind_(HermiteSum{std::move(coefficients)}) {}

  /// Whether slopes() may be called: not where the activation jumps, or nothing is proven of its
  /// derivative (weak_derivative.hpp).
  bool has_slopes() const;

  /// u[i] ← γ(u[i]).
  void values(std::span<T> u) const;
  /// values[i] ← γ(u[i]), u[i] ← γ'(u[i]); at a kink, the mean of both sides.
  void values_and_slopes(std::span<T> u, std::span<T> values) const;
  /// The same of Σ_k g_k ‖b‖^k h_k(u/‖b‖), a polynomial in u = ⟨b,x⟩ and ‖b‖² (MATH.md 6);
  /// norm_slopes[i] ← ∂/∂‖b‖². Of a sum Σ_k g_k h_k alone.
  void values_and_slopes(std::span<T> u, T squared_norm, std::span<T> values,
                         std::span<T> norm_slopes) const;

 private:
  /// left·x for x < 0, right·x for x > 0.
  struct Halves {
    T left, right;
  };
  struct HermiteSum {
    std::vector<double> coefficients;
  };
  /// γ' is a polynomial of γ.
  struct Sigmoid {
    Activation activation;
    double rate;
    bool is_tanh;  ///< or 1/(1+e^{-u})
  };
  struct General {
    Activation activation;
    std::optional<Activation> derivative;
  };
  using Kind = std::variant<Halves, HermiteSum, Sigmoid, General>;
  static Kind kind_of(const Activation& activation);

  Kind kind_;
};

}  // namespace sigmahat
