#pragma once

#include <sigmahat/landscape/isotropy.hpp>
#include <sigmahat/landscape/starts.hpp>
#include <sigmahat/objective/make_objective.hpp>

namespace sigmahat {

/// The students that a group of permutations of neurons and of an orthonormal teacher's rows fixes:
/// those whose B B*ᵀ is one number for each orbit, and a and biases one for each row type.
class FixedSpace {
 public:
  /// Throws InputError, its text made for a command line, unless the teacher's rows are d
  /// orthonormal ones with one weight, which can all be exchanged, and the group's rows are the
  /// student's.
  FixedSpace(const Isotropy& isotropy, const ObjectiveChoice& choice,
             const ProblemValues<double>& problem);

  const MatrixOrbits& orbits() const { return orbits_; }

  /// The orthogonal projection: means over orbits.
  Weights<double> project(const Weights<double>& x) const;
  /// A start of the fixed space from one of all: projected, its rows then as long as the first of
  /// their type was. So directions are uniform in the fixed space where they were among all. Starts
  /// near a point are projected and no more.
  ///
  /// Throws InputError for orthogonal starts: few groups fix any.
  Weights<double> start(const Weights<double>& drawn, StartDistribution::Kind kind) const;

 private:
  MatrixOrbits orbits_;
  Matrix<double> teacher_;
};

/// An objective on the fixed space, for methods that move among all students: that of the
/// projection, with a unit of curvature in the directions that leave the space. So Newton's steps
/// and the definiteness of Hessians are those of the restriction, and what rounding brings out of
/// the space is brought back. Its critical points with symmetry are
/// the objective's (Palais, Commun. Math. Phys. 69, 1979); its minima may be saddles of the whole.
class FixedSpaceObjective final : public Objective<double> {
 public:
  /// All outlive this.
  FixedSpaceObjective(const Objective<double>& whole, const FixedSpace& space,
                      const Freedom& freedom)
      : whole_(whole), space_(space), freedom_(freedom) {}

  double value(const Weights<double>& x) const override { return whole_.value(space_.project(x)); }
  Evaluation value_and_gradient(const Weights<double>& x) const override;
  Weights<double> hessian_product(const Weights<double>& x,
                                  const Weights<double>& direction) const override;
  Matrix<double> hessian(const Weights<double>& x) const override;
  double constant() const override { return whole_.constant(); }
  std::string method() const override { return whole_.method(); }

 private:
  /// What of a direction leaves the space, each row times its stiffness.
  Weights<double> off_space(const Weights<double>& direction, const Vector<double>& stiff) const;
  /// @param gradient  the restriction's, at x
  Vector<double> stiffness(const Weights<double>& x, const Weights<double>& gradient) const;

  const Objective<double>& whole_;
  const FixedSpace& space_;
  Freedom freedom_;
};

}  // namespace sigmahat
