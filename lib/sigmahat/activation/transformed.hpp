#pragma once

#include <sigmahat/activation/activation.hpp>

namespace sigmahat {

/// σ_r(x) = σ(r x), whose Hermite coefficients are the σ̂_k(r) of a row of length r (MATH.md 2).
///
/// Named by the expression that it is: scaled(relu, 2) is "max(2*x, 0)". Throws DomainError for
/// r = 0, which leaves a constant, and where σ(r x) is not square integrable under the normal
/// distribution: e^{x²/8} is, its scaling by 2 is not.
Activation scaled(const Activation& sigma, const Rational& r);

/// f(r x + c), the function of a neuron whose row has length r and whose bias is c. Throws as
/// `scaled` does.
Activation transformed(const Expression& f, const Rational& r, const Rational& c);

}  // namespace sigmahat
