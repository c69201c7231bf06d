#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// u ↦ σ(r u + c) in Hermite polynomials of u. Internal: not installed.
///
/// With s_k(r,c) = E[σ(r u + c) h_k(u)] and ' the ladder s'_k = √(k+1) s_{k+1}, integration by
/// parts gives every derivative (λ = log r):
///   ∂s/∂c = s'/r,  ∂s_k/∂λ = k s_k + s''_k.
/// All sequences begin at k = 0 and end at the same K.
template <Scalar T>
struct HermiteExpansion {
  std::vector<T> s, slope, bend;        ///< s, s', s''
  std::vector<T> radial, radial_slope;  ///< ∂s/∂λ, (∂s/∂λ)'
  std::vector<T> radial_bend;           ///< ∂²s/∂λ²
  bool ends = false;                    ///< nothing beyond K: a polynomial
  /// For an Interval, beyond[q][n] >= Σ_{k>=n} k^q s_k², n = 0..K+1; empty where nothing bounds it.
  std::array<std::vector<Real>, 3> beyond{};
  /// E[σ(r u + c)² h_k(u)], k = 0..4; absent where it ends.
  std::optional<std::array<T, 5>> squared{};

  int degree() const { return static_cast<int>(s.size()) - 1; }  // K
};

/// From r > 0 and c.
template <Scalar T>
using ExpandNeuron =
    std::function<std::shared_ptr<const HermiteExpansion<T>>(const T& length, const T& bias)>;

/// K: `least_degree`, doubled until the Parseval defect is below 10^-defect_digits, to 2048 at
/// most.
struct ExpansionLength {
  int least_degree = 64;
  std::optional<int> defect_digits{};  ///< none: least_degree is what is wanted
};

/// For an Interval, the expansion at a rational point within and bounds on how far it moves over
/// r and c: |∂s_k/∂λ| <= (2k+2)‖σ(r·+c)‖ and |∂s_k/∂c| <= √(k+1)‖σ(r·+c)‖/r by the ladder, with
/// norms over the whole box (docs/design/neuron-expansions.md).
///
/// Keeps what it has made, and may be called from several threads.
/// Throws DomainError where nothing proves the coefficients.
template <Scalar T>
ExpandNeuron<T> expansions_of(const Activation& sigma, const ExpansionLength& length);

/// Of Σ g_k h_k, by h_n(ru + c) = Σ_k √C(n,k) r^k h_k(u) e_{n-k}, where the e_j, of generating
/// function exp(tc - t²(1-r²)/2) = Σ e_j t^j/√j!, are 1, 0, 0, ... for r = 1 and c = 0.
template <Scalar T>
ExpandNeuron<T> expansions_of_polynomial(std::vector<T> g);

}  // namespace sigmahat
