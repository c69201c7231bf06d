#pragma once

#include <vector>

#include <sigmahat/network/problem.hpp>

namespace sigmahat {

/// Row i is a positive multiple of sign · row `first`, first <= i.
struct RowDirection {
  Eigen::Index first;
  int sign;
};

/// Which rows are exactly parallel. Intervals cannot tell: that of 3/5 and that of the norm of (1,
/// 1) have a width, and so has the angle between two copies of such a row.
///
/// Rows of generated matrices, parallel with probability zero, are not looked at.
/// @return one for each row
/// @complexity O(m d log m) operations with rationals
std::vector<RowDirection> row_directions(const WeightMatrix& B);

}  // namespace sigmahat
