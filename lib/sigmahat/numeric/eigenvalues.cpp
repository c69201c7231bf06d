#include <algorithm>

#include <Eigen/Eigenvalues>

#include <sigmahat/numeric/eigenvalues.hpp>
#include <sigmahat/numeric/enclosure.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// x'y of two columns.
template <class X, class Y>
Interval dot(const X& x, const Y& y) {
  Interval sum(0);
  for (Index k = 0; k < x.size(); ++k) sum += x[k] * y[k];
  return sum;
}

Matrix<Real> approximate_eigenvectors(const Matrix<Interval>& A) {
  const Matrix<Real> middle =
      A.unaryExpr([](const Interval& x) -> Real { return (lower(x) + upper(x)) / 2; });
  const Eigen::SelfAdjointEigenSolver<Matrix<Real>> solver(middle);
  if (solver.info() != Eigen::Success)
    throw NumericalError("the eigenvalue iteration did not converge");
  return solver.eigenvectors();
}

}  // namespace

std::vector<Interval> symmetric_eigenvalues(const Matrix<Interval>& A, int threads) {
  const Index n = A.rows();
  if (n == 0) return {};
  const Matrix<Interval> V = approximate_eigenvectors(A).cast<Interval>();
  // Column j of AV, of the upper half of VᵀAV, and of VᵀV - I.
  Matrix<Interval> G(n, n), E(n, n);
  for_each_block(static_cast<std::size_t>(n), threads, [&](std::size_t column) {
    const auto j = static_cast<Index>(column);
    Vector<Interval> image(n);
    for (Index i = 0; i < n; ++i) image[i] = dot(A.col(i), V.col(j));
    for (Index i = 0; i <= j; ++i) {
      G(i, j) = dot(V.col(i), image);
      E(i, j) = dot(V.col(i), V.col(j)) - (i == j ? 1 : 0);
    }
  });
  Interval off_diagonal(0), defect(0);
  std::vector<Interval> diagonal;
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      off_diagonal += 2 * square(G(i, j));
      defect += 2 * square(E(i, j));
    }
    defect += square(E(j, j));
    diagonal.push_back(G(j, j));
  }
  const Real perturbation = upper(Interval(sqrt(off_diagonal)));
  const Real epsilon = upper(Interval(sqrt(defect)));
  if (!(epsilon < 1)) throw NumericalError("the approximate eigenvectors are not orthonormal");
  const Interval stretch = 1 + make_interval(-epsilon, epsilon);
  const Interval shift = make_interval(-perturbation, perturbation);
  // Whatever numbers the diagonal holds, their i-th smallest lies between the i-th smallest of the
  // lower ends and of the upper ends.
  std::vector<Real> lowest, highest;
  for (const Interval& x : diagonal) {
    lowest.push_back(lower(x));
    highest.push_back(upper(x));
  }
  std::sort(lowest.begin(), lowest.end());
  std::sort(highest.begin(), highest.end());
  std::vector<Interval> eigenvalues;
  for (std::size_t i = 0; i < lowest.size(); ++i)
    eigenvalues.push_back((make_interval(lowest[i], highest[i]) + shift) / stretch);
  return eigenvalues;
}

}  // namespace sigmahat
