#include <algorithm>
#include <cmath>

#include <Eigen/Eigenvalues>

#include <sigmahat/optimize/assignment.hpp>
#include <sigmahat/optimize/teacher_distance.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// The maximum norm of the difference from the nearest ± basis vector: that of the largest entry.
double distance_from_basis(const Vector<double>& x) {
  Index largest = 0;
  const double peak = x.cwiseAbs().maxCoeff(&largest);
  Vector<double> rest = x;
  rest[largest] = 0;
  return std::max(std::abs(1 - peak), rest.cwiseAbs().maxCoeff());
}

double surrogate_distance(const Matrix<double>& inner_products) {
  double distance = 0;
  for (Index i = 0; i < inner_products.rows(); ++i)
    distance = std::max(distance, distance_from_basis(inner_products.row(i).transpose()));
  for (Index j = 0; j < inner_products.cols(); ++j)
    distance = std::max(distance, distance_from_basis(inner_products.col(j)));
  return distance;
}

double largest_singular_value(const Matrix<double>& D) {
  const Matrix<double> gram =
      D.rows() <= D.cols() ? Matrix<double>(D * D.transpose()) : Matrix<double>(D.transpose() * D);
  const Eigen::SelfAdjointEigenSolver<Matrix<double>> solver(gram, Eigen::EigenvaluesOnly);
  return std::sqrt(std::max(0.0, solver.eigenvalues().maxCoeff()));
}

}  // namespace

TeacherDistance teacher_distance(const Matrix<double>& B, const Matrix<double>& teacher) {
  const Matrix<double> unit = B.rowwise().normalized(), other = teacher.rowwise().normalized();
  const bool student_is_wider = B.rows() > teacher.rows();
  const Matrix<double>& few = student_is_wider ? other : unit;
  const Matrix<double>& many = student_is_wider ? unit : other;
  const Matrix<double> products = few * many.transpose();
  // ‖b ∓ b*‖² = 2 - 2|⟨b,b*⟩|: the partners are those of the largest inner products.
  const std::vector<Index> partner = optimal_assignment(-products.cwiseAbs());
  // The differences themselves: from inner products near 1 half of the digits are gone.
  Matrix<double> difference(few.rows(), few.cols());
  for (Index i = 0; i < few.rows(); ++i) {
    const Index j = partner[static_cast<std::size_t>(i)];
    difference.row(i) = few.row(i) - std::copysign(1.0, products(i, j)) * many.row(j);
  }
  return {surrogate_distance(products), difference.norm(), largest_singular_value(difference)};
}

}  // namespace sigmahat
