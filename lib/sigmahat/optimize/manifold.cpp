#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {

Weights<double> retracted(const Weights<double>& x, const Weights<double>& direction,
                          const Freedom& freedom) {
  Weights<double> moved = x;
  retract(moved, direction, freedom);
  return moved;
}

void retract(Weights<double>& x, const Weights<double>& direction, const Freedom& freedom) {
  add(x, 1, direction);
  if (freedom.rows == Constraint::sphere) x.B.rowwise().normalize();
}

double slope_along(const Weights<double>& x, const Weights<double>& direction, double t,
                   const Weights<double>& gradient, const Freedom& freedom) {
  Vector<double> slopes = gradient.B.cwiseProduct(direction.B).rowwise().sum();
  if (freedom.rows == Constraint::sphere)
    slopes = slopes.cwiseQuotient((x.B + t * direction.B).rowwise().norm());
  return slopes.sum() + gradient.a.dot(direction.a) + gradient.c.dot(direction.c);
}

Weights<double> on_manifold(Weights<double> x, const Freedom& freedom) {
  if (freedom.rows != Constraint::sphere) return x;
  for (Eigen::Index i = 0; i < x.B.rows(); ++i) {
    const double length = x.B.row(i).stableNorm();
    if (!(length > 0))
      throw InputError(fmt::format("row {} of the student is zero; expected a direction", i));
    x.B.row(i) /= length;
  }
  return x;
}

Eigen::Index dimension(const Weights<double>& x, const Freedom& freedom) {
  const Eigen::Index of_a_row = x.B.cols() - (freedom.rows == Constraint::sphere ? 1 : 0);
  return (freedom.trains_a ? x.a.size() : 0) + x.B.rows() * of_a_row + x.c.size();
}

}  // namespace sigmahat
