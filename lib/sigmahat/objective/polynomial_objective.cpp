#include <algorithm>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/objective/polynomial_objective.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// n(n-1) x^{n-2} and the like: the order-th derivative of x^n, from the powers of x.
template <Scalar T>
T power_derivative(const T* powers, int n, int order) {
  if (n < order) return T(0);
  int factor = 1;
  for (int i = 0; i < order; ++i) factor *= n - i;
  return factor * powers[n - order];
}

}  // namespace

/// The inner products m_ij, their powers and the sums S_α of these at one point.
template <Scalar T>
class PolynomialObjective<T>::Point {
 public:
  Point(const PolynomialObjective& objective, const Weights<T>& x)
      : objective_(objective), x_(x), size_(objective.degree_ + 1) {
    if (x.B.cols() != teacher().cols() || x.a.size() != x.B.rows())
      throw DomainError(fmt::format(
          "weights of {} and {} by {}; expected as many entries of a as rows of B, of {} entries",
          x.a.size(), x.B.rows(), x.B.cols(), teacher().cols()));
    powers_.resize(static_cast<std::size_t>(teacher().rows() * x.B.rows() * size_));
    sums_.assign(static_cast<std::size_t>(teacher().rows() * size_), T(0));
    for (Index i = 0; i < teacher().rows(); ++i)
      for (Index j = 0; j < x.B.rows(); ++j) {
        T m(0);
        for (Index k = 0; k < x.B.cols(); ++k) m += teacher()(i, k) * x.B(j, k);
        for (int n = 0; n < size_; ++n) {
          T& entry = powers_[place(i, j) + static_cast<std::size_t>(n)];
          entry = power(m, n);
          sums_[static_cast<std::size_t>(i * size_ + n)] += entry;
        }
      }
  }

  const Matrix<T>& teacher() const { return objective_.teacher_.B; }
  const T& a(Index i) const { return objective_.teacher_.a[i]; }
  const T* powers(Index i, Index j) const { return &powers_[place(i, j)]; }
  const T& sum(Index i, int n) const { return sums_[static_cast<std::size_t>(i * size_ + n)]; }

  /// Σ over the terms of teacher row i.
  T row_value(Index i) const {
    T total(0);
    for (const auto& p : terms().pairs)
      total += p.factor * T(sum(i, p.alpha) * sum(i, p.beta) - sum(i, p.alpha + p.beta));
    for (const auto& q : terms().singles) total += q.factor * sum(i, q.power);
    return total;
  }
  /// Its derivatives in m_ij, all sums held: order 1 is the gradient, order 2 the part of the
  /// Hessian that is diagonal in j.
  T derivative(Index i, Index j, int order) const {
    const T* m = powers(i, j);
    T total(0);
    for (const auto& p : terms().pairs)
      total += p.factor * T(power_derivative(m, p.alpha, order) * sum(i, p.beta) +
                            power_derivative(m, p.beta, order) * sum(i, p.alpha) -
                            power_derivative(m, p.alpha + p.beta, order));
    for (const auto& q : terms().singles) total += q.factor * power_derivative(m, q.power, order);
    return total;
  }

  /// N(b_j) - 1
  T excess(Index j) const {
    T total(-1);
    if (euclidean())
      for (Index k = 0; k < x_.B.cols(); ++k) total += square(x_.B(j, k));
    else
      for (Index i = 0; i < teacher().rows(); ++i) total += a(i) * square(powers(i, j)[1]);
    return total;
  }
  /// Half the gradient of N: N's matrix times `direction`.
  Vector<T> normal(const Vector<T>& direction) const {
    if (euclidean()) return direction;
    Vector<T> result = Vector<T>::Constant(direction.size(), T(0));
    for (Index i = 0; i < teacher().rows(); ++i) {
      T along(0);
      for (Index k = 0; k < direction.size(); ++k) along += teacher()(i, k) * direction[k];
      for (Index k = 0; k < direction.size(); ++k) result[k] += a(i) * along * teacher()(i, k);
    }
    return result;
  }

 private:
  const PolynomialTerms<T>& terms() const { return objective_.terms_; }
  bool euclidean() const { return terms().norm == PolynomialTerms<T>::Norm::euclidean; }
  std::size_t place(Index i, Index j) const {
    return static_cast<std::size_t>((i * x_.B.rows() + j) * size_);
  }

  const PolynomialObjective& objective_;
  const Weights<T>& x_;
  int size_;
  std::vector<T> powers_, sums_;
};

template <Scalar T>
PolynomialObjective<T>::PolynomialObjective(NetworkValues<T> teacher, PolynomialTerms<T> terms)
    : teacher_(std::move(teacher)),
      terms_(std::move(terms)),
      degree_(terms_.norm == PolynomialTerms<T>::Norm::teacher ? 1 : 0) {
  for (const auto& p : terms_.pairs) degree_ = std::max(degree_, p.alpha + p.beta);
  for (const auto& q : terms_.singles) degree_ = std::max(degree_, q.power);
}

template <Scalar T>
T PolynomialObjective<T>::value(const Weights<T>& x) const {
  const Point point(*this, x);
  T total(0);
  for (Index i = 0; i < teacher_.B.rows(); ++i) total += point.a(i) * point.row_value(i);
  if (!certainly_zero(terms_.lambda))
    for (Index j = 0; j < x.B.rows(); ++j) total += terms_.lambda * square(point.excess(j));
  return total;
}

template <Scalar T>
typename Objective<T>::Evaluation PolynomialObjective<T>::value_and_gradient(
    const Weights<T>& x) const {
  const Point point(*this, x);
  const Index m = x.B.rows(), d = x.B.cols();
  T total(0);
  Weights<T> gradient{Vector<T>::Constant(m, T(0)), Matrix<T>::Constant(m, d, T(0)),
                      Vector<T>::Constant(x.c.size(), T(0))};
  for (Index i = 0; i < teacher_.B.rows(); ++i) {
    total += point.a(i) * point.row_value(i);
    for (Index j = 0; j < m; ++j) {
      const T slope = point.a(i) * point.derivative(i, j, 1);
      for (Index k = 0; k < d; ++k) gradient.B(j, k) += slope * teacher_.B(i, k);
    }
  }
  if (!certainly_zero(terms_.lambda))
    for (Index j = 0; j < m; ++j) {
      const T excess = point.excess(j);
      total += terms_.lambda * square(excess);
      const Vector<T> normal = point.normal(x.B.row(j).transpose());
      for (Index k = 0; k < d; ++k) gradient.B(j, k) += 4 * terms_.lambda * excess * normal[k];
    }
  return {total, std::move(gradient)};
}

template <Scalar T>
Weights<T> PolynomialObjective<T>::hessian_product(const Weights<T>& x,
                                                   const Weights<T>& direction) const {
  const Point point(*this, x);
  const Index m = x.B.rows(), d = x.B.cols();
  Weights<T> product{Vector<T>::Constant(m, T(0)), Matrix<T>::Constant(m, d, T(0)),
                     Vector<T>::Constant(x.c.size(), T(0))};
  for (Index i = 0; i < teacher_.B.rows(); ++i) {
    // The rates of change of m_ij and of the sums S_n.
    std::vector<T> rate(static_cast<std::size_t>(m), T(0));
    std::vector<T> sum_rate(static_cast<std::size_t>(degree_) + 1, T(0));
    for (Index j = 0; j < m; ++j) {
      T& r = rate[static_cast<std::size_t>(j)];
      for (Index k = 0; k < d; ++k) r += teacher_.B(i, k) * direction.B(j, k);
      for (int n = 1; n <= degree_; ++n)
        sum_rate[static_cast<std::size_t>(n)] += power_derivative(point.powers(i, j), n, 1) * r;
    }
    for (Index j = 0; j < m; ++j) {
      T slope_rate = point.derivative(i, j, 2) * rate[static_cast<std::size_t>(j)];
      for (const auto& p : terms_.pairs)
        slope_rate += p.factor * T(power_derivative(point.powers(i, j), p.alpha, 1) *
                                       sum_rate[static_cast<std::size_t>(p.beta)] +
                                   power_derivative(point.powers(i, j), p.beta, 1) *
                                       sum_rate[static_cast<std::size_t>(p.alpha)]);
      slope_rate = point.a(i) * slope_rate;
      for (Index k = 0; k < d; ++k) product.B(j, k) += slope_rate * teacher_.B(i, k);
    }
  }
  if (!certainly_zero(terms_.lambda))
    for (Index j = 0; j < m; ++j) {
      const Vector<T> normal = point.normal(x.B.row(j).transpose());
      const Vector<T> moved = point.normal(direction.B.row(j).transpose());
      const T excess = point.excess(j);
      T along(0);
      for (Index k = 0; k < d; ++k) along += normal[k] * direction.B(j, k);
      for (Index k = 0; k < d; ++k)
        product.B(j, k) += 4 * terms_.lambda * T(2 * along * normal[k] + excess * moved[k]);
    }
  return product;
}

template <Scalar T>
Matrix<T> PolynomialObjective<T>::hessian(const Weights<T>& x) const {
  const Point point(*this, x);
  const Index m = x.B.rows(), d = x.B.cols();
  const Index size = m + m * d + x.c.size();
  Matrix<T> H = Matrix<T>::Constant(size, size, T(0));
  for (Index j = 0; j < m; ++j)
    for (Index l = 0; l <= j; ++l) {
      Matrix<T> block = Matrix<T>::Constant(d, d, T(0));
      for (Index i = 0; i < teacher_.B.rows(); ++i) {
        T second(0);
        for (const auto& p : terms_.pairs)
          second += p.factor * T(power_derivative(point.powers(i, j), p.alpha, 1) *
                                     power_derivative(point.powers(i, l), p.beta, 1) +
                                 power_derivative(point.powers(i, j), p.beta, 1) *
                                     power_derivative(point.powers(i, l), p.alpha, 1));
        if (j == l) second += point.derivative(i, j, 2);
        second = point.a(i) * second;
        for (Index p = 0; p < d; ++p) {
          const T factor = second * teacher_.B(i, p);
          for (Index q = 0; q < d; ++q) block(p, q) += factor * teacher_.B(i, q);
        }
      }
      if (j == l && !certainly_zero(terms_.lambda)) {
        const Vector<T> normal = point.normal(x.B.row(j).transpose());
        const T excess = point.excess(j);
        for (Index q = 0; q < d; ++q) {
          Vector<T> axis = Vector<T>::Constant(d, T(0));
          axis[q] = 1;
          const Vector<T> image = point.normal(axis);
          for (Index p = 0; p < d; ++p)
            block(p, q) += 4 * terms_.lambda * T(2 * normal[p] * normal[q] + excess * image[p]);
        }
      }
      for (Index p = 0; p < d; ++p)
        for (Index q = 0; q < (j == l ? p + 1 : d); ++q) {
          H(m + j * d + p, m + l * d + q) = block(p, q);
          if (j != l || p != q) H(m + l * d + q, m + j * d + p) = block(p, q);
        }
    }
  return H;
}

template class PolynomialObjective<double>;
template class PolynomialObjective<Real>;
template class PolynomialObjective<Interval>;

}  // namespace sigmahat
