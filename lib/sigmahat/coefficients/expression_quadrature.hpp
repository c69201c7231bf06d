#pragma once

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/coefficients/trapezoidal.hpp>

namespace sigmahat {

/// Hermite coefficients k = 0..max_degree and second moment of an expression, by quadrature.
///
/// The trapezoidal rule where f is analytic in a strip (strip_quadrature.hpp), panels between its
/// singular points otherwise (panel_quadrature.hpp); every ball is proven unless the table says
/// otherwise. Throws DomainError where f is not defined everywhere or grows too fast,
/// NumericalError where no bound on its growth is known.
/// @param activation  f; what is known of it, and its name in messages
/// @param bits        each radius is meant to be below 2^-bits √E[σ²], that of E[σ²] below
///                    2^-bits E[σ²]
QuadratureTable expression_coefficients(const Activation& activation, const Expression& f,
                                        int max_degree, slong bits);

}  // namespace sigmahat
