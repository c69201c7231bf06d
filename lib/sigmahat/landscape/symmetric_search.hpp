#pragma once

#include <cstdint>
#include <vector>

#include <sigmahat/landscape/isotypic_spectrum.hpp>

namespace sigmahat {

/// A critical point of f with symmetry: in the fixed space of `isotropy` at dimension d.
struct SymmetricPoint {
  Isotropy isotropy;
  double d;
  Vector<double> entries;  ///< one for each orbit of MatrixOrbits(isotropy, d)
};

struct SymmetricSearch {
  int starts = 1000;
  std::uint64_t seed = 1;
  int threads = 0;
};

/// A class of critical points modulo permutations of rows and columns.
struct SymmetricClass {
  SymmetricPoint point;  ///< with its own isotropy, which may be larger than the group's
  double value;
  int count;      ///< starts that ended in the class
  bool isolated;  ///< in the group's fixed space; otherwise one of a manifold of critical points
};

/// The critical points in the fixed spaces of these groups that random starts lead to, so many
/// starts in each, by increasing value: minima, saddles and maxima alike.
///
/// Levenberg and Marquardt's method on the reduced gradient; a start that ends where |∇f| has a
/// minimum and no zero counts for nothing. Two points are one class where f, their isotropy and
/// their entries with multiplicities agree: what permutations leave alone; on manifolds of critical
/// points, such as rows that share a direction make, where f and the isotropy agree.
std::vector<SymmetricClass> critical_points(const OrthonormalTask& task,
                                            const std::vector<Isotropy>& groups, double d,
                                            const SymmetricSearch& search);

/// The isotropy of a point, its sizes in terms of d as those of the group are; the group itself
/// where a block has several copies of rows or columns. The orders are those of a matrix with three
/// indices of each block at most.
RecognisedIsotropy recognise_isotropy(const MatrixOrbits& orbits, const Vector<double>& entries,
                                      double tolerance);

}  // namespace sigmahat
