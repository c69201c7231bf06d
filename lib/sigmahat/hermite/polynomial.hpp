#pragma once

#include <vector>

#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// Highest degree that the toolkit computes coefficients and polynomials for.
inline constexpr int max_supported_degree = 10'000;

/// h_0(x), ..., h_K(x), orthonormal under N(0,1), by the three-term recurrence (MATH.md 1).
///
/// double: relative to max_k |h_k(x)| accurate to about K units of rounding; throws NumericalError
/// where a value leaves the range of double (only for |x| > 38 — use hermite_functions there).
/// Interval: encloses, but the widths grow like e^{|x| sqrt(K)}: take that many more digits.
/// @param max_degree  0 <= K <= max_supported_degree; throws DomainError otherwise
template <Scalar T>
std::vector<T> hermite_polynomials(const T& x, int max_degree);

/// h_k(x) alone.
template <Scalar T>
T hermite_polynomial(int degree, const T& x);

/// e^{-x²/4} h_k(x), k = 0..K: bounded by about 1, for every real x and K up to
/// max_supported_degree without overflow or loss to underflow (the recurrence carries an exponent).
std::vector<double> hermite_functions(double x, int max_degree);

/// He_k(x) = sqrt(k!) h_k(x), k = 0..K, exactly.
std::vector<Rational> monic_hermite_polynomials(const Rational& x, int max_degree);

}  // namespace sigmahat
