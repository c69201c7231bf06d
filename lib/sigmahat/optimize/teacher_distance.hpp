#pragma once

#include <sigmahat/numeric/matrix.hpp>

namespace sigmahat {

/// How far a student's rows are from a teacher's, as directions: both are scaled to unit length.
struct TeacherDistance {
  /// The talk's (MATH.md 9): the least ε such that every row and every column of B B*ᵀ is within ε
  /// of ± a basis vector in the maximum norm. A point can be close in it and far in the others.
  double surrogate;
  /// (Σ ‖b_i ∓ b*_π(i)‖²)^(1/2), the least over permutations π and signs. Where one network has
  /// more rows, each row of the other has a partner, and the rest counts nothing.
  double modulo_permutation;
  /// The largest singular value of the matrix of these differences.
  double spectral;
};

/// @param B        m×d, no row zero
/// @param teacher  m*×d, no row zero
/// @complexity O(m m* (d + min(m, m*)) + d³)
TeacherDistance teacher_distance(const Matrix<double>& B, const Matrix<double>& teacher);

}  // namespace sigmahat
