#pragma once

#include <string>
#include <vector>

#include <sigmahat/landscape/symmetric_objective.hpp>
#include <sigmahat/numeric/enclosure.hpp>

namespace sigmahat {

/// An irreducible representation of a product of symmetric groups that occurs in R^{k×d}, s the
/// size of a block and t that of another.
struct Irreducible {
  enum class Kind {
    trivial,
    standard,       ///< (s-1, 1), of dimension s - 1
    standards,      ///< (s-1, 1) ⊗ (t-1, 1), of dimension (s-1)(t-1)
    symmetric,      ///< (s-2, 2), of dimension s(s-3)/2
    antisymmetric,  ///< (s-2, 1, 1), of dimension (s-1)(s-2)/2
  };
  Kind kind;
  int block = -1, other_block = -1;
  double dimension = 1;
};

/// "trivial", "(d-2,1)", "(d-2,1) x (1,1)": partitions of the sizes of the blocks concerned.
std::string to_text(const Irreducible& irreducible, const MatrixOrbits& orbits);

/// A whole Hessian on one isotypic component, where by Schur's lemma it is A ⊗ I.
template <Scalar T>
struct IsotypicBlock {
  Irreducible irreducible;
  Matrix<T> hessian;  ///< A: as many rows as the irreducible representation occurs
  /// On the sphere: the directions along the rows, orthogonal and of any length, that are no
  /// directions of the sphere's. A is zero on them.
  std::vector<Vector<T>> radial{};
};

/// The Hessian on all of R^{k×d} at a matrix that the group fixes, by isotypic components; the
/// dimensions times the rows of the blocks sum to kd. Sizes are whole. On the sphere it is the
/// Riemannian one.
///
/// A matrix that a smaller group fixes represents each component: that which leaves one, two or
/// four indices of the blocks concerned alone. So the blocks are parts of the Hessians of
/// SymmetricObjective for such subgroups, and cost nothing that grows with d.
template <Scalar T>
std::vector<IsotypicBlock<T>> isotypic_blocks(const SymmetricObjective<T>& objective,
                                              const Vector<T>& entries);

struct IsotypicEigenvalue {
  Irreducible irreducible;
  Enclosure value;
  double multiplicity;  ///< the dimension of the representation
};

/// All kd eigenvalues, k(d-1) on the sphere, increasing, each with a proven bound.
std::vector<IsotypicEigenvalue> isotypic_spectrum(const SymmetricObjective<Interval>& objective,
                                                  const Vector<Interval>& entries);

/// The same from blocks in double, without bounds.
struct PlainEigenvalue {
  double value;
  double multiplicity;
};
std::vector<PlainEigenvalue> isotypic_spectrum(const SymmetricObjective<double>& objective,
                                               const Vector<double>& entries);

}  // namespace sigmahat
