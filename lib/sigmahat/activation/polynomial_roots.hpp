#pragma once

#include <sigmahat/activation/real_roots.hpp>

namespace sigmahat {

/// All distinct real roots of Σ p_i x^i (not the zero polynomial), ascending, each in an enclosure
/// of the precision in force; rational roots are recognised. Internal: not installed.
///
/// Squarefree decomposition over Z (FLINT), then Arb's isolation of the complex roots, which is
/// proven. A rational root r of an integer polynomial with leading coefficient a has a·r a whole
/// number: the one candidate in the enclosure is put into the polynomial.
std::vector<RealRoot> polynomial_real_roots(const Polynomial& p);

}  // namespace sigmahat
