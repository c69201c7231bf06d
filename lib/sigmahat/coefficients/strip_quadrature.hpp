#pragma once

#include <optional>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/coefficients/integrand.hpp>
#include <sigmahat/coefficients/trapezoidal.hpp>

namespace sigmahat {

/// Hermite coefficients k = 0..max_degree and second moment of a function that is analytic in a
/// strip around [-reach, reach], every ball proven: the trapezoidal rule, without corrections for
/// poles, its error bounded by complex balls that cover the strip
/// (docs/design/trapezoidal-rule.md, "Any function that is analytic in a strip").
///
/// Empty where no strip of some height is found.
/// @param parity  of the function: half the nodes do where it has one
/// @param reach   from panel_reach; >= growth.from
/// @param bits    each radius is meant to be below 2^-bits
/// @complexity O(N K) multiplications of a `bits`-bit number by a machine word, N about
///             reach·bits/9 over the height of the strip
std::optional<QuadratureTable> strip_coefficients(const ComplexFunction& function, Parity parity,
                                                  const GrowthBound& growth, int reach,
                                                  int max_degree, slong bits);

}  // namespace sigmahat
