#pragma once

#include <vector>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

// Internal: not installed.

/// Σ_p a_p t_p(x - τ), where t_p is the truncated power x_+^p or, uncut, x^p.
///
/// As distributions t_p' = e_p t_{p-1}: for cut powers t_0' = δ = t_{-1}, t_{-1}' = δ' = t_{-2}
/// with e = 1. All are homogeneous, x t_p'(x) = p t_p(x), so that
///   ∂/∂c t_p(ru + c - τ) = e_p t_{p-1},  ∂/∂λ t_p(ru + c - τ) = p t_p + (τ - c) e_p t_{p-1}.
template <Scalar T>
struct Knot {
  T at;  ///< τ
  bool cut;
  std::vector<T> coefficients;  ///< a_0, a_1, ...

  int degree() const { return static_cast<int>(coefficients.size()) - 1; }
  int slope(int p) const { return cut && p <= 0 ? 1 : p; }  // e_p
  int bend(int p) const { return slope(p) * slope(p - 1); }
};

/// f as its leftmost polynomial, uncut, and what is added to it at each breakpoint.
template <Scalar T>
std::vector<Knot<T>> knots_of(const PiecewisePolynomial& f);

PiecewisePolynomial squared(PiecewisePolynomial f);

/// E[t_p(u - h)], u standard normal, p = -2, -1, ..., highest; at [p + 2].
template <Scalar T>
std::vector<T> single_moments(const T& h, bool cut, int highest);

}  // namespace sigmahat
