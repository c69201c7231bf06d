#pragma once

#include <vector>

#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// Σ_i coefficients[i] x^i; no trailing zeros, so the zero polynomial is empty.
using Polynomial = std::vector<Rational>;

Polynomial sum(const Polynomial& p, const Polynomial& q);
Polynomial product(const Polynomial& p, const Polynomial& q);
Polynomial product(const Rational& factor, Polynomial p);

Polynomial derivative(const Polynomial& p);
Rational value_at(const Polynomial& p, const Rational& x);

}  // namespace sigmahat
