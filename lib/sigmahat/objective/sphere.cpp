#include <cmath>

#include <sigmahat/objective/sphere.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

template <Scalar T>
T dot(const Matrix<T>& x, const Matrix<T>& y, Index row) {
  T sum(0);
  for (Index k = 0; k < x.cols(); ++k) sum += x(row, k) * y(row, k);
  return sum;
}

/// The Householder reflection I - vvᵀ/h that takes the unit vector u to ±e_0: v = u ± e_0 and
/// h = 1 + |u_0|. Its other columns are an orthonormal basis of what is orthogonal to u.
template <Scalar T>
class Reflection {
 public:
  explicit Reflection(Vector<T> u) : v_(std::move(u)) {
    const bool negative = certainly_less(v_[0], T(0));
    half_ = negative ? T(1 - v_[0]) : T(1 + v_[0]);
    v_[0] += negative ? T(-1) : T(1);
  }
  /// x ← reflected x, for entries x(0), ..., x(d-1).
  template <class Entries>
  void apply(Entries x) const {
    T factor(0);
    for (Index k = 0; k < v_.size(); ++k) factor += v_[k] * x(k);
    factor /= half_;
    for (Index k = 0; k < v_.size(); ++k) x(k) -= factor * v_[k];
  }

 private:
  Vector<T> v_;
  T half_;
};

/// Where the basis's vectors stand among the entries of `flattened`, once each row on the sphere
/// has been reflected.
std::vector<Index> kept_entries(Index m, Index d, Index biases, const Freedom& freedom) {
  std::vector<Index> kept;
  if (freedom.trains_a)
    for (Index i = 0; i < m; ++i) kept.push_back(i);
  for (Index i = 0; i < m; ++i)
    for (Index k = freedom.rows == Constraint::sphere ? 1 : 0; k < d; ++k)
      kept.push_back(m + i * d + k);
  for (Index i = 0; i < biases; ++i) kept.push_back(m + m * d + i);
  return kept;
}

template <Scalar T>
Reflection<T> row_reflection(const Weights<T>& x, Index row) {
  return Reflection<T>(Vector<T>(x.B.row(row).transpose()));
}

/// Reflects each row on the sphere: to the basis and back.
template <Scalar T>
void reflect_rows(const Weights<T>& x, Weights<T>& direction, const Freedom& freedom) {
  if (freedom.rows != Constraint::sphere) return;
  for (Index i = 0; i < x.B.rows(); ++i)
    row_reflection(x, i).apply([&](Index k) -> T& { return direction.B(i, k); });
}

}  // namespace

template <Scalar T>
Weights<T> tangential(const Weights<T>& x, Weights<T> direction, const Freedom& freedom) {
  if (!freedom.trains_a)
    for (T& entry : direction.a) entry = 0;
  if (freedom.rows == Constraint::sphere) {
    // Column by column, as B is stored.
    const Index m = x.B.rows(), d = x.B.cols();
    Vector<T> along(m);
    for (T& sum : along) sum = 0;
    for (Index k = 0; k < d; ++k)
      for (Index i = 0; i < m; ++i) along[i] += x.B(i, k) * direction.B(i, k);
    for (Index k = 0; k < d; ++k)
      for (Index i = 0; i < m; ++i) direction.B(i, k) -= along[i] * x.B(i, k);
  }
  return direction;
}

template <Scalar T>
Weights<T> riemannian_hessian_product(const Weights<T>& x, const Weights<T>& gradient,
                                      const Weights<T>& hessian_times_direction,
                                      const Weights<T>& direction, const Freedom& freedom) {
  Weights<T> bent = hessian_times_direction;
  if (freedom.rows == Constraint::sphere)
    for (Index i = 0; i < x.B.rows(); ++i) {
      const T radial = dot(x.B, gradient.B, i);
      for (Index k = 0; k < x.B.cols(); ++k) bent.B(i, k) -= radial * direction.B(i, k);
    }
  return tangential(x, bent, freedom);
}

template <Scalar T>
Matrix<T> hessian_on_basis(const Weights<T>& x, const Weights<T>& gradient,
                           const Matrix<T>& hessian, const Freedom& freedom) {
  const Index m = x.B.rows(), d = x.B.cols();
  Matrix<T> H = hessian;
  if (freedom.rows == Constraint::sphere)
    for (Index i = 0; i < m; ++i) {
      const Index row = m + i * d;
      const T radial = dot(x.B, gradient.B, i);
      for (Index k = 0; k < d; ++k) H(row + k, row + k) -= radial;
      const Reflection<T> reflection = row_reflection(x, i);
      for (Index j = 0; j < H.cols(); ++j)
        reflection.apply([&](Index k) -> T& { return H(row + k, j); });
      for (Index j = 0; j < H.rows(); ++j)
        reflection.apply([&](Index k) -> T& { return H(j, row + k); });
    }
  const std::vector<Index> kept = kept_entries(m, d, x.c.size(), freedom);
  const auto n = static_cast<Index>(kept.size());
  Matrix<T> reduced(n, n);
  // The lower half for both, so that rounding leaves no asymmetry.
  for (Index p = 0; p < n; ++p)
    for (Index q = 0; q <= p; ++q) {
      reduced(p, q) = H(kept[static_cast<std::size_t>(p)], kept[static_cast<std::size_t>(q)]);
      if (q < p) reduced(q, p) = reduced(p, q);
    }
  return reduced;
}

template <Scalar T>
Vector<T> on_basis(const Weights<T>& x, const Weights<T>& tangent, const Freedom& freedom) {
  Weights<T> reflected = tangent;
  reflect_rows(x, reflected, freedom);
  const Vector<T> entries = flattened(reflected);
  const auto kept = kept_entries(x.B.rows(), x.B.cols(), x.c.size(), freedom);
  Vector<T> coordinates(static_cast<Index>(kept.size()));
  for (std::size_t p = 0; p < kept.size(); ++p)
    coordinates[static_cast<Index>(p)] = entries[kept[p]];
  return coordinates;
}

template <Scalar T>
Weights<T> from_basis(const Weights<T>& x, const Vector<T>& coordinates, const Freedom& freedom) {
  const auto kept = kept_entries(x.B.rows(), x.B.cols(), x.c.size(), freedom);
  Vector<T> entries(x.a.size() + x.B.size() + x.c.size());
  for (T& entry : entries) entry = 0;
  for (std::size_t p = 0; p < kept.size(); ++p)
    entries[kept[p]] = coordinates[static_cast<Index>(p)];
  Weights<T> direction = unflattened(entries, x.B.rows(), x.B.cols());
  reflect_rows(x, direction, freedom);
  return direction;
}

#define SIGMAHAT_INSTANTIATE(T)                                                                    \
  template Weights<T> tangential(const Weights<T>&, Weights<T>, const Freedom&);                   \
  template Weights<T> riemannian_hessian_product(                                                  \
      const Weights<T>&, const Weights<T>&, const Weights<T>&, const Weights<T>&, const Freedom&); \
  template Matrix<T> hessian_on_basis(const Weights<T>&, const Weights<T>&, const Matrix<T>&,      \
                                      const Freedom&);                                             \
  template Vector<T> on_basis(const Weights<T>&, const Weights<T>&, const Freedom&);               \
  template Weights<T> from_basis(const Weights<T>&, const Vector<T>&, const Freedom&)
SIGMAHAT_INSTANTIATE(double);
SIGMAHAT_INSTANTIATE(Real);
SIGMAHAT_INSTANTIATE(Interval);
#undef SIGMAHAT_INSTANTIATE

}  // namespace sigmahat
