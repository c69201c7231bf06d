#pragma once

#include <optional>
#include <vector>

#include <Eigen/Eigenvalues>

#include <sigmahat/landscape/symmetric_objective.hpp>

namespace sigmahat {

/// What gradients are measured by: each of k rows gets a pull of order one from each of d rows.
/// Not by the Hessian, which grows without bound near zero rows.
double gradient_scale(const MatrixOrbits& orbits);

/// Internal: not installed. Critical points of a SymmetricObjective, which outlives this, in the
/// coordinates z = scale · entry, in which its derivatives are.
class ReducedProblem {
 public:
  explicit ReducedProblem(const SymmetricObjective<double>& objective);

  struct Point {
    Vector<double> z, gradient;
    /// On the sphere with a stiff direction along each row type, in which nothing moves.
    Eigen::SelfAdjointEigenSolver<Matrix<double>> hessian;
    double norm = 0;  ///< of the gradient
    /// Whether the Hessian is regular on the fixed space: there is no other critical point nearby.
    bool isolated() const;
  };

  Vector<double> coordinates(const Vector<double>& entries) const;
  Vector<double> entries(const Vector<double>& z) const;

  /// Nothing where f has no derivatives.
  std::optional<Point> at_point(const Vector<double>& z) const;
  bool converged(const Point& point) const { return point.norm <= goal_; }

  /// Newton's step, none along directions in which the gradient hardly changes.
  static Vector<double> newton_step(const Point& point, const Vector<double>& gradient);

  /// The zero of the gradient at which Levenberg and Marquardt's method ends, where it does.
  /// @param longest  rows that grow beyond are on the way to infinity
  std::optional<Vector<double>> root(const Vector<double>& start, double longest) const;

 private:
  /// Unit vectors: each row type's own.
  std::vector<Vector<double>> row_directions(const Vector<double>& z) const;
  double longest_row(const Vector<double>& z) const;
  Vector<double> refined(Point point) const;

  const SymmetricObjective<double>& objective_;
  double goal_;
};

}  // namespace sigmahat
