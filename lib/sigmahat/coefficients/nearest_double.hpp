#pragma once

#include <vector>

#include <sigmahat/coefficients/table.hpp>

namespace sigmahat {

/// σ̂_0..σ̂_K, each the double nearest to it: where the table's bound leaves two to choose from, a
/// table of more digits decides (Ziv 1991).
///
/// Throws NumericalError for a coefficient beyond the range of double, for one that is only
/// estimated, and for one whose bound stays above what more digits should make of it.
std::vector<double> nearest_doubles(const CoefficientTable& table);

}  // namespace sigmahat
