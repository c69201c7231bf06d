#pragma once

#include <vector>

#include <sigmahat/numeric/matrix.hpp>

namespace sigmahat {

/// The columns that rows 0..n-1 are given, each column at most once, with the least sum of costs.
///
/// Kuhn's Hungarian method by shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987).
/// @param cost  n×m, n <= m, finite; throws InputError otherwise
/// @complexity O(n² m)
std::vector<Eigen::Index> optimal_assignment(const Matrix<double>& cost);

}  // namespace sigmahat
