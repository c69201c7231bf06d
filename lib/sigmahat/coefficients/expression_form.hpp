#pragma once

#include <optional>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/coefficients/exact_form.hpp>

namespace sigmahat {

/// f as an ExactForm, where it is one (docs/design/exact-ring.md, "Expressions").
///
/// Numbers, x, π, sums, products and natural powers; every power of a monomial without x but for
/// its exponential; exp of quadratics, sinh and cosh of lines, sin and cos of multiples of x, erf,
/// erfc, Φ and he of lines; abs, sign, step, max and min where signs change at rational points. The
/// arguments may be piecewise of these kinds: exp(min(x, 0)).
///
/// Empty for everything else, and for what takes too long to expand. A form need not have exact
/// coefficients: exact_coefficients says whether it has.
std::optional<ExactForm> exact_form(const Expression& f);

}  // namespace sigmahat
