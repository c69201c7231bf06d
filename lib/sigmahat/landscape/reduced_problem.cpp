#include <cmath>

#include <sigmahat/landscape/reduced_problem.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Of `gradient_scale`.
constexpr double gradient_tolerance = 1e-11;
/// Of the largest eigenvalue: what is smaller counts as zero.
constexpr double flat = 1e-9;

using Point = ReducedProblem::Point;

double largest_eigenvalue(const Point& point) {
  return point.hessian.eigenvalues().lpNorm<Eigen::Infinity>();
}

/// The minimiser of |g + H s|² + μ|s|².
Vector<double> damped_step(const Point& point, double mu) {
  Vector<double> s = point.hessian.eigenvectors().transpose() * point.gradient;
  for (Index i = 0; i < s.size(); ++i) {
    const double lambda = point.hessian.eigenvalues()[i];
    s[i] *= -lambda / (lambda * lambda + mu);
  }
  return point.hessian.eigenvectors() * s;
}

}  // namespace

double gradient_scale(const MatrixOrbits& orbits) {
  return std::sqrt(orbits.row_count()) * orbits.column_count();
}

ReducedProblem::ReducedProblem(const SymmetricObjective<double>& objective)
    : objective_(objective), goal_(gradient_tolerance * gradient_scale(objective.orbits())) {}

bool ReducedProblem::Point::isolated() const {
  return hessian.eigenvalues().cwiseAbs().minCoeff() > 10 * flat * largest_eigenvalue(*this);
}

Vector<double> ReducedProblem::coordinates(const Vector<double>& entries) const {
  return entries.cwiseProduct(objective_.scales());
}
Vector<double> ReducedProblem::entries(const Vector<double>& z) const {
  return z.cwiseQuotient(objective_.scales());
}

std::vector<Vector<double>> ReducedProblem::row_directions(const Vector<double>& z) const {
  const MatrixOrbits& orbits = objective_.orbits();
  std::vector<Vector<double>> rows(orbits.rows().size(), Vector<double>::Zero(z.size()));
  for (Index i = 0; i < z.size(); ++i)
    rows[static_cast<std::size_t>(orbits.entries()[static_cast<std::size_t>(i)].row)][i] = z[i];
  for (Vector<double>& row : rows) row.normalize();
  return rows;
}

double ReducedProblem::longest_row(const Vector<double>& z) const {
  const MatrixOrbits& orbits = objective_.orbits();
  Vector<double> squared = Vector<double>::Zero(static_cast<Index>(orbits.rows().size()));
  for (Index i = 0; i < z.size(); ++i) {
    const int row = orbits.entries()[static_cast<std::size_t>(i)].row;
    squared[row] += square(z[i]) / orbits.rows()[static_cast<std::size_t>(row)].size;
  }
  return std::sqrt(squared.maxCoeff());
}

std::optional<Point> ReducedProblem::at_point(const Vector<double>& z) const {
  try {
    const Vector<double> here = coordinates(objective_.on_manifold(entries(z)));
    auto [value, gradient, hessian] = objective_.evaluate(entries(here), true);
    if (!gradient.allFinite() || !hessian.allFinite()) return std::nullopt;
    if (objective_.constraint() == Constraint::sphere) {
      const double stiff = hessian.norm();
      for (const Vector<double>& b : row_directions(here)) hessian += stiff * b * b.transpose();
    }
    Point point{here, std::move(gradient), Eigen::SelfAdjointEigenSolver<Matrix<double>>(hessian)};
    point.norm = point.gradient.norm();
    return point;
  } catch (const DomainError&) {
    return std::nullopt;
  }
}

Vector<double> ReducedProblem::newton_step(const Point& point, const Vector<double>& gradient) {
  const double least = flat * largest_eigenvalue(point);
  Vector<double> s = point.hessian.eigenvectors().transpose() * gradient;
  for (Index i = 0; i < s.size(); ++i) {
    const double lambda = point.hessian.eigenvalues()[i];
    s[i] = std::abs(lambda) > least ? -s[i] / lambda : 0;
  }
  return point.hessian.eigenvectors() * s;
}

std::optional<Vector<double>> ReducedProblem::root(const Vector<double>& start,
                                                   double longest) const {
  constexpr int max_iterations = 300;
  std::optional<Point> point = at_point(start);
  if (!point) return std::nullopt;
  double mu = 1e-2 * square(largest_eigenvalue(*point));
  for (int i = 0; i < max_iterations; ++i) {
    if (converged(*point)) return refined(*point);
    const Vector<double> z = point->z + damped_step(*point, mu);
    if (longest_row(z) > longest) break;
    std::optional<Point> next = at_point(z);
    if (next && next->norm < point->norm) {
      point = std::move(next);
      mu /= 4;
    } else {
      mu *= 5;
      if (mu > 1e20) break;
    }
  }
  return std::nullopt;
}

/// By Newton's steps while they help.
Vector<double> ReducedProblem::refined(Point point) const {
  for (int i = 0; i < 5; ++i) {
    std::optional<Point> next = at_point(point.z + newton_step(point, point.gradient));
    if (!next || next->norm >= point.norm) break;
    point = std::move(*next);
  }
  return point.z;
}

}  // namespace sigmahat
