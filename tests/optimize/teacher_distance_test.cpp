#include <cmath>
#include <random>

#include <Eigen/QR>
#include <doctest/doctest.h>

#include <sigmahat/optimize/teacher_distance.hpp>

using namespace sigmahat;
using Eigen::Index;

namespace {

Matrix<double> random_matrix(Index rows, Index columns, std::mt19937_64& random) {
  std::normal_distribution<double> entry;
  return Matrix<double>::NullaryExpr(rows, columns, [&] { return entry(random); });
}

Matrix<double> random_rotation(Index d, std::mt19937_64& random) {
  return Eigen::HouseholderQR<Matrix<double>>(random_matrix(d, d, random)).householderQ();
}

/// By definition: the least over all ± basis vectors, for every row and column.
double surrogate_by_search(const Matrix<double>& products) {
  double worst = 0;
  const auto visit = [&](const Vector<double>& x) {
    double least = std::numeric_limits<double>::infinity();
    for (Index j = 0; j < x.size(); ++j)
      for (const double sign : {1.0, -1.0}) {
        const Vector<double> basis = sign * Vector<double>::Unit(x.size(), j);
        least = std::min(least, (x - basis).cwiseAbs().maxCoeff());
      }
    worst = std::max(worst, least);
  };
  for (Index i = 0; i < products.rows(); ++i) visit(products.row(i).transpose());
  for (Index j = 0; j < products.cols(); ++j) visit(products.col(j));
  return worst;
}

}  // namespace

TEST_CASE("the teacher's rows in another order and with other signs are at distance zero") {
  std::mt19937_64 random(3);
  const Matrix<double> teacher = random_rotation(7, random);
  Matrix<double> B = teacher;
  for (Index i = 0; i < 7; ++i) B.row(i) = (i % 3 == 0 ? -2.5 : 1.5) * teacher.row((3 * i + 2) % 7);
  const TeacherDistance distance = teacher_distance(B, teacher);
  // Products of unit vectors of length 7, rounded.
  CHECK(distance.surrogate <= 7 * 0x1p-50);
  CHECK(distance.modulo_permutation <= 7 * 0x1p-50);
  CHECK(distance.spectral <= 7 * 0x1p-50);
}

TEST_CASE("one row turned by an angle is off by that angle") {
  const double angle = 0.01;
  Matrix<double> B = Matrix<double>::Identity(4, 4);
  B(0, 0) = std::cos(angle);
  B(0, 1) = std::sin(angle);
  const TeacherDistance distance = teacher_distance(B, Matrix<double>::Identity(4, 4));
  CHECK(std::abs(distance.surrogate - std::sin(angle)) <= 1e-15);
  CHECK(std::abs(distance.modulo_permutation - 2 * std::sin(angle / 2)) <= 1e-15);
  CHECK(std::abs(distance.spectral - 2 * std::sin(angle / 2)) <= 1e-15);
}

TEST_CASE("a point close in the maximum norm can be far in the spectral norm") {
  // I - 2/d 11ᵀ is orthogonal: entries off by 2/d, one singular value of the difference is 2.
  constexpr Index d = 40;
  const Matrix<double> B = Matrix<double>::Identity(d, d) - Matrix<double>::Constant(d, d, 2.0 / d);
  const TeacherDistance distance = teacher_distance(B, Matrix<double>::Identity(d, d));
  CHECK(std::abs(distance.surrogate - 2.0 / d) <= 1e-14);
  CHECK(std::abs(distance.spectral - 2) <= 1e-13);
  CHECK(std::abs(distance.modulo_permutation - 2) <= 1e-13);
}

TEST_CASE("the surrogate distance is what its definition says, for any widths") {
  std::mt19937_64 random(4);
  for (int trial = 0; trial < 50; ++trial) {
    const Matrix<double> B = random_matrix(2 + trial % 5, 4, random).rowwise().normalized();
    const Matrix<double> teacher = random_matrix(1 + trial % 6, 4, random).rowwise().normalized();
    const TeacherDistance distance = teacher_distance(B, teacher);
    CAPTURE(trial);
    CHECK(std::abs(distance.surrogate - surrogate_by_search(B * teacher.transpose())) <= 1e-14);
    CHECK(distance.spectral <= distance.modulo_permutation * (1 + 1e-14));
    // Both networks turned alike: nothing changes.
    const Matrix<double> Q = random_rotation(4, random);
    const TeacherDistance turned = teacher_distance(B * Q, teacher * Q);
    CHECK(std::abs(turned.surrogate - distance.surrogate) <= 1e-14);
    CHECK(std::abs(turned.modulo_permutation - distance.modulo_permutation) <= 1e-13);
    CHECK(std::abs(turned.spectral - distance.spectral) <= 1e-13);
  }
}
