#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <sigmahat/landscape/symmetric_objective.hpp>
#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/objective/sphere.hpp>

namespace sigmahat::test {

/// A group and a task, with the objective on all matrices as an oracle.
struct SymmetricCase {
  const char* isotropy;
  int d;
  const char* teacher = "relu";
  const char* student = "relu";
  Rational teacher_a = 1, student_a = 1;
  Constraint rows = Constraint::free;
  const char* objective = "f";

  OrthonormalTask task() const {
    return {parse_activation(teacher), parse_activation(student), teacher_a, student_a, rows,
            parse_objective(objective)};
  }
  Freedom freedom() const { return {rows, false}; }

  /// The objective on students in the order of the orbits' rows. The columns of `embed` are in the
  /// order of the blocks, in which the identity is the teacher.
  template <Scalar T>
  std::unique_ptr<Objective<T>> whole_objective(const MatrixOrbits& orbits) const {
    const auto k = static_cast<std::size_t>(orbits.row_count());
    const Problem problem{{parse_activation(teacher),
                           std::vector<Rational>(static_cast<std::size_t>(d), teacher_a),
                           {WeightMatrix::Identity{d}}},
                          {parse_activation(student),
                           std::vector<Rational>(k, student_a),
                           {WeightMatrix::Gaussian{static_cast<int>(k), d, 1}}},
                          0};
    return make_objective<T>(parse_objective(objective), at_precision<T>(problem), rows, 17, 1);
  }
  Weights<double> whole_point(const MatrixOrbits& orbits, const Vector<double>& entries) const {
    const Matrix<double> B = orbits.embed(entries);
    return {Vector<double>::Constant(B.rows(), from_rational<double>(student_a)), B};
  }
};

inline std::vector<SymmetricCase> symmetric_cases() {
  return {{"d", 6},
          {"d-1,1", 7},
          {"d-2,2", 8},
          {"d-2,1,1", 6},
          {"d-3,3", 9},
          {"d/2,d/2", 8},
          {"d,r:1", 6},
          {"d-1,1,r:1", 6},
          {"d,r:3", 5},
          {"d-3,r:2,c:3", 8},
          {"d-1,c:1", 6},
          {"rrc:d", 5},
          {"rrc:d-1,1", 5},
          {"rcc:d/2", 8},
          {"1,1,1", 3},
          {"2,1", 3},
          {"d-1,1", 6, "relu", "abs", 1, Rational(1, 2)},
          {"d-1,1", 6, "erf", "erf"},
          {"d-2,2", 7, "gelu", "gelu", 2, Rational(1, 3)},
          {"d-1,1", 6, "tanh", "tanh"},
          {"d-1,1", 6, "softplus", "relu", 1, Rational(1, 2)},
          {"d-1,1", 6, "relu", "relu", 1, 1, Constraint::free, "f_gamma:2,4"},
          {"d-1,1", 6, "relu", "relu", 1, 1, Constraint::free, "weights:2=1,3=1/2"},
          {"d", 6, "relu", "relu", 1, 1, Constraint::sphere},
          {"d-2,1,1", 7, "relu", "relu", 1, 1, Constraint::sphere},
          {"d,r:3", 5, "relu", "abs", 1, Rational(1, 2), Constraint::sphere},
          {"d-3,r:2,c:3", 8, "tanh", "tanh", 1, 2, Constraint::sphere},
          {"rrc:d-1,1", 5, "relu", "relu", 1, 1, Constraint::sphere},
          {"rcc:d/2", 8, "relu", "relu", 1, 1, Constraint::sphere, "degree:4"},
          {"d-2,2", 7, "relu", "relu", 2, Rational(1, 3), Constraint::sphere, "f_gamma:2,4"},
          {"d-2,2", 7, "relu", "relu", 1, 1, Constraint::sphere, "G:mu=1/20"},
          {"d-2,r:2,c:2", 7, "relu", "relu", 3, 1, Constraint::sphere, "G:mu=2"},
          {"d,r:1", 5, "relu", "relu", 1, 1, Constraint::sphere, "gadget:s^3*t+s*t^2"}};
}

/// Entries near the identity and far from it in turn, no row zero.
inline Vector<double> random_point(const MatrixOrbits& orbits, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  Vector<double> entries(orbits.dimension_of_fixed_space());
  for (Eigen::Index i = 0; i < entries.size(); ++i) {
    const EntryOrbit& orbit = orbits.entries()[static_cast<std::size_t>(i)];
    entries[i] = (orbit.diagonal ? 1.0 : 0.3) * normal(engine);
  }
  return entries;
}

}  // namespace sigmahat::test
