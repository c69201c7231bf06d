#pragma once

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/numeric/flint.hpp>

namespace sigmahat {

/// Encloses the values of f on the complex rectangle x, in the convention of acb_calc_integrate.
/// Internal: not installed.
///
/// f is continued from the real line: abs, sign, step, max and min by the sign of the real part
/// (acb_real_abs and its kin), log and fractional powers by the principal branch. With `analytic`
/// set the result is finite only if that continuation is analytic on the whole of x; without it,
/// values on both sides of a cut are enclosed. Not finite where f has a pole on x. The derivatives
/// of f are not computed. `result` may be x itself.
void evaluate_complex(acb_t result, const Expression& f, const acb_t x, bool analytic, slong bits);

/// f over an interval (ends finite) by ball arithmetic: not finite where f may be undefined or
/// unbounded.
void evaluate_real(arb_t result, const Expression& f, const arb_t x, slong bits);

}  // namespace sigmahat
