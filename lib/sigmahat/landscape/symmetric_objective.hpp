#pragma once

#include <memory>
#include <optional>

#include <sigmahat/landscape/isotropy.hpp>
#include <sigmahat/objective/make_objective.hpp>

namespace sigmahat {

/// An objective of students with one weight a, for the teacher a* Σ_i σ(⟨e_i,x⟩), i = 1..d: f(B) =
/// E(a* Σ_i σ(⟨e_i,x⟩) - a Σ_i γ(⟨b_i,x⟩))², of which Safran and Shamir (ICML 2018) and Arjevani
/// and Field write half, or another one.
struct OrthonormalTask {
  Activation teacher, student;
  Rational teacher_a = 1, student_a = 1;
  Constraint rows = Constraint::free;
  ObjectiveChoice objective = FullLoss{};
};

/// Throws InputError, its text made for a command line, for what SymmetricObjective does not take:
/// penalty forms, and G and gadgets of free rows.
void require_symmetric_objective(const OrthonormalTask& task);

/// Whether a row's sign is of no matter.
bool signs_are_free(const OrthonormalTask& task);

/// The objective on the matrices that a group of permutations fixes (MATH.md 4), without forming
/// any: a pair of row types stands for all pairs of their rows, and columns at which both rows are
/// constant for a single one with a weight. The cost is that of a few kernels, whatever d.
///
/// A point is one number for each orbit of entries (MatrixOrbits). f is invariant, so that a
/// critical point of the restriction is one of f (Palais, Commun. Math. Phys. 69, 1979). With T =
/// Interval everything encloses.
///
/// On the sphere everything is that at the rows' directions, and derivatives are the Riemannian
/// ones: zero along the rows.
template <Scalar T>
class SymmetricObjective {
 public:
  struct Evaluation {
    T value;
    Vector<T> gradient;
    Matrix<T> hessian;  ///< empty unless asked for
  };

  /// At the precision in force.
  SymmetricObjective(const OrthonormalTask& task, MatrixOrbits orbits, int digits);
  /// The same task for another group.
  SymmetricObjective(const SymmetricObjective& other, MatrixOrbits orbits);

  const MatrixOrbits& orbits() const { return orbits_; }
  Constraint constraint() const { return kernels_->constraint; }
  /// The least value that there is, where it is known and attained.
  std::optional<T> global_value() const;
  /// Unit rows where rows are unit.
  Vector<T> on_manifold(const Vector<T>& entries) const;

  T value(const Vector<T>& entries) const;
  /// Gradient and Hessian in the orthonormal basis that each orbit's indicator, scaled to unit
  /// length, gives: the gradient's norm is that of the whole gradient in R^{k×d}, and the Hessian's
  /// eigenvalues are among those of the whole Hessian. Throws DomainError for a zero row, and where
  /// a derivative does not exist.
  Evaluation evaluate(const Vector<T>& entries, bool with_hessian) const;

  /// sqrt of the orbits' sizes: coordinates in that basis are entries times these.
  const Vector<T>& scales() const { return scales_; }

 private:
  /// Columns of the same entries in both rows: `count` of them.
  struct ColumnClass {
    T count;
    int first, second;  ///< orbits of the first row's entries and of the second's
  };
  /// Pairs of rows that the group carries into each other: `count` of them.
  struct PairClass {
    T count;
    int first, second;  ///< row types
    std::vector<ColumnClass> columns;
  };
  /// Without kernels where the objective is a polynomial in the entries.
  struct Kernels {
    Constraint constraint;
    std::optional<PolynomialTerms<T>> terms;
    bool attained;  ///< by students that are the teacher, were there as many rows
    std::shared_ptr<const PairKernel<T>> teacher, mixed, student;  ///< one where they are equal
    T teacher_a{}, student_a{};
  };
  /// What a kernel takes of rows, one for each type.
  struct Rows {
    std::vector<T> length;
    std::vector<Neuron<T>> neurons;
  };

  /// A class of pairs at a point.
  struct PairAt {
    const PairClass& pair;
    T weight;  ///< of the kernel in f
    const PairKernel<T>& kernel;
    NeuronPair<T> neurons;
    Vector<T> u, v;     ///< the unit rows at the classes of columns
    bool second_moves;  ///< whether the second row is the student's
  };

  void lay_out();
  Rows rows_of(const MatrixOrbits& orbits, const Vector<T>& entries, const PairKernel<T>* kernel,
               bool as_first) const;
  static std::vector<PairClass> pairs_between(const MatrixOrbits& x, const MatrixOrbits& y,
                                              bool same);
  T polynomial_value(const Vector<T>& entries) const;
  void add_polynomial(Evaluation& sums, const Vector<T>& entries, bool with_hessian) const;
  void project(Evaluation& result, const Vector<T>& entries, bool with_hessian) const;
  void add_pair(Evaluation& sums, const PairAt& at_point, bool with_hessian) const;
  template <class Visit>
  void for_each_pair(const Vector<T>& entries, const Rows& student, Visit visit) const;

  std::shared_ptr<const Kernels> kernels_;
  MatrixOrbits orbits_, teacher_orbits_;
  Vector<T> teacher_entries_, scales_;
  Rows teacher_rows_;
  std::vector<PairClass> student_pairs_, mixed_pairs_;
  T teacher_part_{};
  std::optional<T> global_value_;
};

}  // namespace sigmahat
