#include <numeric>
#include <random>

#include <Eigen/LU>
#include <doctest/doctest.h>

#include <sigmahat/landscape/symmetry.hpp>

#include "../optimize/talk_problem.hpp"

using namespace sigmahat;
using namespace sigmahat::test;
using Eigen::Index;

namespace {

Matrix<double> random_matrix(Index rows, Index cols, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  Matrix<double> matrix(rows, cols);
  for (double& x : matrix.reshaped()) x = normal(random);
  return matrix;
}

Eigen::PermutationMatrix<Eigen::Dynamic> random_permutation(Index n, std::mt19937_64& random) {
  Eigen::PermutationMatrix<Eigen::Dynamic> permutation(n);
  permutation.setIdentity();
  std::shuffle(permutation.indices().begin(), permutation.indices().end(), random);
  return permutation;
}

bool equivalent(const Weights<double>& x, const Weights<double>& y, const Matrix<double>& teacher,
                const Symmetry& symmetry) {
  return are_equivalent(pattern_of(x, teacher, symmetry), pattern_of(y, teacher, symmetry),
                        symmetry, 1e-6);
}

}  // namespace

TEST_CASE("permuted students are equivalent, moved ones are not") {
  std::mt19937_64 random(1);
  for (const Index d : {1, 2, 5, 8}) {
    CAPTURE(d);
    const TalkProblem talk("f", static_cast<int>(d), 1);
    const Symmetry symmetry = symmetry_of(FullLoss{}, talk.values);
    CHECK_FALSE(symmetry.signs);
    CHECK_FALSE(symmetry.beyond_teacher);
    const Matrix<double>& teacher = talk.values.teacher.B;
    Weights<double> x{Vector<double>::Ones(d + 1), random_matrix(d + 1, d, random), {}};
    Weights<double> y = x;
    y.B = random_permutation(d + 1, random) * x.B * random_permutation(d, random);
    CHECK(equivalent(x, y, teacher, symmetry));
    Weights<double> moved = y;
    moved.B(0, 0) += 1e-3;
    CHECK_FALSE(equivalent(x, moved, teacher, symmetry));
    Weights<double> flipped = y;
    flipped.B.row(0) *= -1;
    CHECK_FALSE(equivalent(x, flipped, teacher, symmetry));
    // The weights a go with their rows.
    x.a[0] = y.a[0] = 2;
    CHECK(equivalent(x, x, teacher, symmetry));
    if (d > 1) {
      y.B = x.B;
      std::swap(y.a[0], y.a[1]);
      CHECK_FALSE(equivalent(x, y, teacher, symmetry));
    }
  }
}

TEST_CASE("students with symmetries of their own are told apart by more than their values") {
  // Rows (1,1,0,0), (0,1,1,0), ... of a cycle of four against those of two pairs: every row and
  // every column holds the same numbers.
  const TalkProblem talk("f", 6, 1);
  const Symmetry symmetry = symmetry_of(FullLoss{}, talk.values);
  const auto cycles = [](std::vector<Index> lengths) {
    Matrix<double> B = Matrix<double>::Zero(6, 6);
    Index first = 0;
    for (const Index length : lengths) {
      for (Index i = 0; i < length; ++i)
        B(first + i, first + i) = B(first + i, first + (i + 1) % length) = 1;
      first += length;
    }
    return Weights<double>{Vector<double>::Ones(6), B, {}};
  };
  std::mt19937_64 random(2);
  const Matrix<double>& teacher = talk.values.teacher.B;
  const Weights<double> hexagon = cycles({6}), triangles = cycles({3, 3});
  CHECK_FALSE(equivalent(hexagon, triangles, teacher, symmetry));
  for (const Weights<double>& x : {hexagon, triangles}) {
    Weights<double> y = x;
    y.B = random_permutation(6, random) * x.B * random_permutation(6, random);
    CHECK(equivalent(x, y, teacher, symmetry));
  }
}

TEST_CASE("signs count where odd powers come in, and only there") {
  std::mt19937_64 random(3);
  const TalkProblem talk("f", 4, 1);
  const Matrix<double>& teacher = talk.values.teacher.B;
  const Weights<double> x{Vector<double>::Ones(4), random_matrix(4, 4, random), {}};
  Weights<double> y = x;
  y.B = random_permutation(4, random) * x.B * random_permutation(4, random);
  y.B.row(1) *= -1;
  y.B.row(2) *= -1;
  y.B.col(3) *= -1;
  for (const auto& [objective, even] :
       {std::pair{"f", false}, std::pair{"f_gamma:2,4", true}, std::pair{"f_gamma:1,2", false},
        std::pair{"degree:4", true}, std::pair{"degree:3", false}, std::pair{"G:mu=0.1", true},
        std::pair{"gadget:s^2*t^2", true}, std::pair{"gadget:s*t", false}}) {
    CAPTURE(objective);
    const Symmetry symmetry = symmetry_of(parse_objective(objective), talk.values);
    CHECK(symmetry.signs == even);
    CHECK(equivalent(x, y, teacher, symmetry) == even);
  }
  const TalkProblem absolute("f", 4, 1, {Constraint::sphere, false}, 1, "abs");
  CHECK(symmetry_of(FullLoss{}, absolute.values).signs);
}

TEST_CASE("teacher rows of different weights keep their places") {
  TalkProblem talk("f", 3, 1);
  talk.problem.teacher.a = {1, 2, 1};
  talk.values = at_precision<double>(talk.problem);
  const Symmetry symmetry = symmetry_of(FullLoss{}, talk.values);
  std::mt19937_64 random(4);
  const Weights<double> x{Vector<double>::Ones(3), random_matrix(3, 3, random), {}};
  Weights<double> y = x;
  y.B.col(0).swap(y.B.col(2));
  CHECK(equivalent(x, y, talk.values.teacher.B, symmetry));
  y.B.col(0).swap(y.B.col(1));
  CHECK_FALSE(equivalent(x, y, talk.values.teacher.B, symmetry));
}

TEST_CASE("a general teacher leaves permutations of the student, and rotations around its span") {
  TalkProblem talk("f", 4, 1);
  std::mt19937_64 random(5);
  talk.problem.teacher = {parse_activation("relu"), {1, 1}, {WeightMatrix::Gaussian{2, 4, 9}}};
  talk.values = at_precision<double>(talk.problem);
  const Symmetry symmetry = symmetry_of(FullLoss{}, talk.values);
  CHECK(symmetry.beyond_teacher);
  const Matrix<double>& teacher = talk.values.teacher.B;
  const Weights<double> x{Vector<double>::Ones(3), random_matrix(3, 4, random), {}};
  // A reflection that leaves the teacher where it is.
  const Matrix<double> span = teacher.transpose();
  Vector<double> normal = random_matrix(4, 1, random);
  normal -= span * (span.transpose() * span).inverse() * span.transpose() * normal;
  normal.normalize();
  Weights<double> y = x;
  y.B = random_permutation(3, random) * (x.B - 2 * (x.B * normal) * normal.transpose()).eval();
  CHECK(equivalent(x, y, teacher, symmetry));
  // A shift across the span changes no product with the teacher.
  y = x;
  y.B.row(0) += normal.transpose();
  CHECK_FALSE(equivalent(x, y, teacher, symmetry));
}
