#include <cmath>

#include <fmt/format.h>

#include <sigmahat/landscape/hessian_solver.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/objective/evaluation.hpp>
#include <sigmahat/optimize/manifold.hpp>

namespace sigmahat {
namespace {

/// Squared pivots below this share of the largest count as zero: where a minimum is one of fourth
/// order, a gradient of 1e-12 leaves a curvature of 1e-8.
constexpr double flat_pivot = 1e-7;
/// Eigenvalues below it count as zero.
constexpr double flat = 1e-10;

}  // namespace

void require_dense(Eigen::Index dimension) {
  if (dimension > max_spectrum)
    throw NumericalError(
        fmt::format("the Hessian has {} dimensions; its eigenvalues are taken of at most {}",
                    dimension, max_spectrum));
}

Matrix<double> dense_hessian(const Objective<double>& objective, const Iterate& at,
                             const Freedom& freedom) {
  require_dense(dimension(at.x, freedom));
  return hessian_on_basis(at.x, at.euclidean_gradient, objective.hessian(at.x), freedom);
}

SymmetricEigensystem::SymmetricEigensystem(Matrix<double> H, int options) {
  const double shift = H.rows() == 0 ? 0 : H.cwiseAbs().rowwise().sum().maxCoeff();
  H.diagonal().array() += shift;
  solver_.compute(H, options);
  if (solver_.info() != Eigen::Success)
    throw NumericalError("the eigenvalues of a Hessian: no convergence");
  values_ = solver_.eigenvalues().array() - shift;
}

HessianSolver::HessianSolver(const Objective<double>& objective, const Iterate& at,
                             const Freedom& freedom, bool only_definite) {
  const Matrix<double> H = dense_hessian(objective, at, freedom);
  cholesky_.emplace(H);
  const auto pivots = cholesky_->matrixLLT().diagonal().array().square();
  if (cholesky_->info() == Eigen::Success && pivots.minCoeff() > flat_pivot * pivots.maxCoeff())
    return;
  cholesky_.reset();
  if (only_definite) return;
  eigen_.emplace(H, Eigen::ComputeEigenvectors);
}

Vector<double> HessianSolver::solve(const Vector<double>& g) const {
  if (cholesky_) return cholesky_->solve(g);
  const Vector<double>& values = eigen_->values();
  const double least = flat * values.cwiseAbs().maxCoeff();
  Vector<double> components = eigen_->vectors().transpose() * g;
  for (Eigen::Index i = 0; i < values.size(); ++i)
    components[i] = std::abs(values[i]) <= least ? 0 : components[i] / values[i];
  return eigen_->vectors() * components;
}

}  // namespace sigmahat
