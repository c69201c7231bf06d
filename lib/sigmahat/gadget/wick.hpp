#pragma once

#include <sigmahat/numeric/multivariate_polynomial.hpp>

namespace sigmahat {

/// Where the variables of a Wick polynomial of n vectors b_1..b_n stand: u_j = ⟨b_j, x⟩ first, then
/// g_jk = ⟨b_j, b_k⟩ for j <= k, row by row. Indices from 0.
struct WickVariables {
  std::size_t vectors;

  std::size_t count() const { return vectors + vectors * (vectors + 1) / 2; }
  std::size_t projection(std::size_t j) const { return j; }
  std::size_t gram(std::size_t j, std::size_t k) const {
    if (j > k) return gram(k, j);
    return vectors + j * vectors - j * (j + 1) / 2 + k;
  }
};

/// W_α = α! times the coefficient of s^α in exp(Σ s_j u_j - ‖Σ s_j b_j‖²/2) (MATH.md 6).
///
/// For any vectors, E[σ(b*·x) W_α(x)] = √|α|! σ̂_|α| Π ⟨b*, b_j⟩^{α_j}, ‖b*‖ = 1.
/// Throws DomainError for more than 20'000 terms, as eleven vectors to the first power have.
/// @param exponents  α_1..α_n, not all of them need to be positive
MultivariatePolynomial wick_polynomial(const MultivariatePolynomial::Exponents& exponents);

}  // namespace sigmahat
