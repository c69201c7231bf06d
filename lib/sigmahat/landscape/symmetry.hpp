#pragma once

#include <cstdint>
#include <vector>

#include <sigmahat/objective/make_objective.hpp>

namespace sigmahat {

/// The maps of students under which an objective does not change (MATH.md 9): permutations of rows
/// always; their signs where only even powers of inner products come in; orthogonal maps of the
/// input that permute equal rows of an orthonormal teacher, and change their signs in the same
/// case.
struct Symmetry {
  bool signs = false;
  bool teacher_signs = false;
  /// For each teacher row the number of its class: rows of one class may change places.
  std::vector<int> teacher_classes;
  /// Whether a student is more than its inner products with the teacher: the teacher's rows do not
  /// span the space.
  bool beyond_teacher = false;
};

Symmetry symmetry_of(const ObjectiveChoice& choice, const ProblemValues<double>& problem);

/// A student as a pattern of numbers that a symmetry permutes.
struct SymmetryPattern {
  Matrix<double> with_teacher;  ///< m×m*, B B*ᵀ
  Matrix<double> gram;          ///< m×m, B Bᵀ where `beyond_teacher`; empty otherwise
  Matrix<double> neurons;       ///< m×2, a and c
};
SymmetryPattern pattern_of(const Weights<double>& x, const Matrix<double>& teacher,
                           const Symmetry& symmetry);

/// Whether a symmetry maps one student to the other, their numbers compared to `tolerance`.
///
/// Colour refinement on rows and teacher rows, and where it leaves some alike, the choice of a
/// partner for one of them, all in turn: exact for the pattern of equal numbers that the tolerance
/// makes out of both.
/// @complexity for students with few kinds of rows O((m + m*)² m log m)
bool are_equivalent(const SymmetryPattern& x, const SymmetryPattern& y, const Symmetry& symmetry,
                    double tolerance);

}  // namespace sigmahat
