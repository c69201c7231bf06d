#include <cmath>

#include <fmt/format.h>

#include <sigmahat/landscape/geodesic.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Below this length of b + c the direction from b to c is lost to rounding.
constexpr double opposite = 1e-8;

void require_same_shape(const Weights<double>& x, const Weights<double>& y) {
  if (x.a.size() != y.a.size() || x.B.rows() != y.B.rows() || x.B.cols() != y.B.cols() ||
      x.c.size() != y.c.size())
    throw DomainError(fmt::format(
        "points of different shapes: {} neurons in R^{}, {} biases; {} neurons in R^{}, {} biases",
        x.B.rows(), x.B.cols(), x.c.size(), y.B.rows(), y.B.cols(), y.c.size()));
}

/// Accurate for all angles, where the arccosine of the inner product is not.
double angle(const Weights<double>& x, const Weights<double>& y, Index row) {
  return 2 * std::atan2((x.B.row(row) - y.B.row(row)).norm(), (x.B.row(row) + y.B.row(row)).norm());
}

}  // namespace

Weights<double> geodesic_point(const Weights<double>& x, const Weights<double>& velocity, double t,
                               const Freedom& freedom) {
  Weights<double> moved = x;
  add(moved, t, velocity);
  if (freedom.rows != Constraint::sphere) return moved;
  for (Index i = 0; i < x.B.rows(); ++i) {
    const double speed = velocity.B.row(i).norm();
    if (speed == 0) {
      moved.B.row(i) = x.B.row(i);
      continue;
    }
    moved.B.row(i) =
        std::cos(speed * t) * x.B.row(i) + (std::sin(speed * t) / speed) * velocity.B.row(i);
    moved.B.row(i).normalize();
  }
  return moved;
}

Weights<double> geodesic_velocity(const Weights<double>& x, const Weights<double>& velocity,
                                  double t, const Freedom& freedom) {
  Weights<double> there = velocity;
  if (freedom.rows != Constraint::sphere) return there;
  for (Index i = 0; i < x.B.rows(); ++i) {
    const double speed = velocity.B.row(i).norm();
    there.B.row(i) =
        std::cos(speed * t) * velocity.B.row(i) - (speed * std::sin(speed * t)) * x.B.row(i);
  }
  return there;
}

Weights<double> velocity_towards(const Weights<double>& x, const Weights<double>& y,
                                 const Freedom& freedom) {
  require_same_shape(x, y);
  Weights<double> velocity = y;
  add(velocity, -1, x);
  if (!freedom.trains_a) velocity.a.setZero();
  if (freedom.rows != Constraint::sphere) return velocity;
  for (Index i = 0; i < x.B.rows(); ++i) {
    if ((x.B.row(i) + y.B.row(i)).norm() < opposite)
      throw DomainError(
          fmt::format("row {} of the one point is opposite to that of the other: "
                      "there are many shortest ways",
                      i));
    auto v = velocity.B.row(i);
    v -= x.B.row(i).dot(v) * x.B.row(i);
    const double sine = v.norm();
    if (sine > 0) v *= angle(x, y, i) / sine;
  }
  return velocity;
}

double geodesic_distance(const Weights<double>& x, const Weights<double>& y,
                         const Freedom& freedom) {
  require_same_shape(x, y);
  double squared = (freedom.trains_a ? (x.a - y.a).squaredNorm() : 0) + (x.c - y.c).squaredNorm();
  if (freedom.rows != Constraint::sphere) return std::sqrt(squared + (x.B - y.B).squaredNorm());
  for (Index i = 0; i < x.B.rows(); ++i) squared += std::pow(angle(x, y, i), 2);
  return std::sqrt(squared);
}

}  // namespace sigmahat
