#pragma once

#include <sigmahat/objective/objective.hpp>

namespace sigmahat {

/// `y` with its neurons in the order, and with the signs where those are free, that bring it
/// nearest to `x`: of all that are the same function, the one with the least
/// Σ ‖b_i - b'_i‖² + (a_i - a'_i)² + (c_i - c'_i)².
///
/// @param signs  whether the activation is even, σ(-x) = σ(x): (b, c) may be turned into (-b, -c)
Weights<double> matched(const Weights<double>& x, const Weights<double>& y, bool signs);

}  // namespace sigmahat
