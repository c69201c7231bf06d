#include <algorithm>
#include <cmath>
#include <utility>

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

/// Eigenvalues of A from the diagonal of G = VᵀAV, ‖offdiag G‖ <= perturbation and
/// ‖VᵀV - I‖ <= epsilon.
std::vector<Interval> from_congruence(const std::vector<Interval>& diagonal,
                                      const Real& perturbation, const Real& epsilon) {
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

// ---- In double ----------------------------------------------------------------------------------

constexpr double unit_roundoff = 0x1p-53;

/// A product of doubles and a bound on the Frobenius norm of its error.
struct BoundedProduct {
  Matrix<double> value;
  double error;
};

/// x, a norm or a sum of n non-negative numbers computed in double, rounded up for certain.
double rounded_up(double x, Index n) {
  return x * (1 + static_cast<double>(4 * n + 40) * unit_roundoff);
}

/// The rows of X cut to `bits` bits below the power of two above their largest entry; that power is
/// written to `scales`.
Matrix<double> leading_part(const Matrix<double>& X, int bits, Vector<double>& scales) {
  Matrix<double> leading(X.rows(), X.cols());
  scales.resize(X.rows());
  for (Index i = 0; i < X.rows(); ++i) {
    const double largest = X.row(i).cwiseAbs().maxCoeff();
    int exponent = 0;
    std::frexp(largest, &exponent);  // largest < 2^exponent
    scales[i] = std::ldexp(1.0, exponent);
    // Adding and taking away 3·2^(51 + exponent - bits) rounds to multiples of 2^(exponent - bits).
    const double shift = std::ldexp(3.0, 51 + exponent - bits);
    for (Index k = 0; k < X.cols(); ++k) {
      const volatile double shifted = X(i, k) + shift;
      leading(i, k) = shifted - shift;
    }
  }
  return leading;
}

BoundedProduct product(const Matrix<double>& A, const Matrix<double>& B) {
  const Index n = A.cols();
  const int bits =
      (53 - static_cast<int>(std::ceil(std::log2(static_cast<double>(n) + 1)))) / 2 - 1;
  Vector<double> rows, columns;
  const Matrix<double> A1 = leading_part(A, bits, rows);
  const Matrix<double> B1 = leading_part(B.transpose(), bits, columns).transpose();
  const Matrix<double> A2 = A - A1, B2 = B - B1;  // exact
  BoundedProduct result{A1 * B1, 0};              // exact
  Matrix<double> rest = A1 * B2;
  rest.noalias() += A2 * B;
  result.value += rest;
  // |A1| <= 2^e_i, |B| <= 2^f_j, |A2| and |B2| at most 2^-bits of that; the rest is 2n products.
  const double gamma = static_cast<double>(2 * n + 4) * unit_roundoff;
  result.error = rounded_up(
      2 * static_cast<double>(n) * gamma * std::ldexp(1.0, -bits) * rows.norm() * columns.norm() +
          2 * unit_roundoff * result.value.norm(),
      n * n);
  return result;
}

/// The midpoints of A, and the largest row sum of |A - midpoints|, which bounds its spectral norm.
std::pair<Matrix<double>, double> midpoints(const Matrix<Interval>& A) {
  Matrix<double> middle(A.rows(), A.cols());
  double largest = 0;
  for (Index i = 0; i < A.rows(); ++i) {
    Interval sum(0);
    for (Index k = 0; k < A.cols(); ++k) {
      middle(i, k) = static_cast<double>(Real((lower(A(i, k)) + upper(A(i, k))) / 2));
      sum += abs(Interval(A(i, k) - Interval(middle(i, k))));
    }
    largest = std::max(largest, mpfr_get_d(upper(sum).backend().data(), MPFR_RNDU));
  }
  return {std::move(middle), largest};
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
  return from_congruence(diagonal, perturbation, epsilon);
}

std::vector<Interval> symmetric_eigenvalues_in_double(const Matrix<Interval>& A) {
  const Index n = A.rows();
  if (n == 0) return {};
  const auto [M, radius] = midpoints(A);
  if (!M.allFinite() || !std::isfinite(radius))
    throw NumericalError("an entry of the matrix is beyond the range of double");
  const Eigen::SelfAdjointEigenSolver<Matrix<double>> solver(M);
  if (solver.info() != Eigen::Success)
    throw NumericalError("the eigenvalue iteration did not converge");
  const Matrix<double>& V = solver.eigenvectors();
  const Matrix<double> Vt = V.transpose();
  const BoundedProduct image = product(M, V), G = product(Vt, image.value), E = product(Vt, V);
  const double defect =
      rounded_up((E.value - Matrix<double>::Identity(n, n)).norm() + E.error, n * n);
  // ‖V‖_2² <= 1 + ‖VᵀV - I‖
  const double stretch = std::sqrt(1 + defect);
  Matrix<double> off_diagonal = G.value;
  off_diagonal.diagonal().setZero();
  const double perturbation = rounded_up(
      off_diagonal.norm() + G.error + stretch * image.error + stretch * stretch * radius, n * n);
  std::vector<Interval> diagonal;
  for (Index j = 0; j < n; ++j) diagonal.emplace_back(G.value(j, j));
  return from_congruence(diagonal, Real(perturbation), Real(defect));
}

}  // namespace sigmahat
