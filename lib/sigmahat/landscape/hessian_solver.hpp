#pragma once

#include <optional>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

#include <sigmahat/optimize/descent.hpp>

namespace sigmahat {

/// Throws NumericalError where a Hessian has too many dimensions (max_spectrum) to be decomposed.
void require_dense(Eigen::Index dimension);

/// The Riemannian Hessian on the basis of hessian_on_basis. Internal: not installed. Throws as
/// require_dense and the objective do.
Matrix<double> dense_hessian(const Objective<double>& objective, const Iterate& at,
                             const Freedom& freedom);

/// Eigen's solver, which deflates where an entry beside the diagonal is small against its two
/// neighbours on it: with eigenvalues far below the norm, whose entries rounding keeps away from
/// zero, it may never end. Shifted by the norm, all of the diagonal is of its size. Internal.
class SymmetricEigensystem {
 public:
  /// @param options  Eigen::EigenvaluesOnly or Eigen::ComputeEigenvectors
  /// Throws NumericalError where the solver does not converge.
  SymmetricEigensystem(Matrix<double> H, int options);

  const Vector<double>& values() const { return values_; }
  const Matrix<double>& vectors() const { return solver_.eigenvectors(); }

 private:
  Eigen::SelfAdjointEigenSolver<Matrix<double>> solver_;
  Vector<double> values_;
};

/// The dense Riemannian Hessian at a point, factored. Internal: not installed.
///
/// Cholesky's factors where it is clearly positive definite. Otherwise eigenvectors, if wanted:
/// eigenvalues that count less than 1e-10 of the largest belong to directions along which nothing
/// changes, and solutions have no part in them.
class HessianSolver {
 public:
  HessianSolver(const Objective<double>& objective, const Iterate& at, const Freedom& freedom,
                bool only_definite);

  bool positive_definite() const { return cholesky_.has_value(); }
  /// Whether `solve` may be called.
  bool factored() const { return cholesky_ || eigen_; }
  /// Hessian⁻¹ g on the basis of hessian_on_basis.
  Vector<double> solve(const Vector<double>& g) const;

 private:
  std::optional<Eigen::LLT<Matrix<double>>> cholesky_;
  std::optional<SymmetricEigensystem> eigen_;
};

}  // namespace sigmahat
