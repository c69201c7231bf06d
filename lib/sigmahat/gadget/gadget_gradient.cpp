#include <sigmahat/gadget/gadget_gradient.hpp>
#include <sigmahat/gadget/wick.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {

template <Scalar T>
BoundGadgetGradient<T>::BoundGadgetGradient(const Gadget& gadget, Matrix<T> vectors)
    : vectors_(std::move(vectors)) {
  const std::size_t n = gadget.vectors();
  const WickVariables variables{n};
  const Matrix<T> gram = vectors_ * vectors_.transpose();
  for (std::size_t l = 0; l < n; ++l)
    by_projection_.emplace_back(gadget, gram, variables.projection(l));
  for (std::size_t l = 0; l < n; ++l)
    for (std::size_t k = l; k < n; ++k) by_gram_.emplace_back(gadget, gram, variables.gram(l, k));
}

template <Scalar T>
std::vector<Matrix<T>> BoundGadgetGradient<T>::operator()(const Matrix<T>& inputs,
                                                          const Matrix<T>& projections) const {
  const Eigen::Index n = vectors_.rows();
  std::vector<Matrix<T>> gradient;
  for (const BoundGadget<T>& slope : by_projection_)
    gradient.push_back(slope(projections).asDiagonal() * inputs);
  auto derivative = by_gram_.begin();
  for (Eigen::Index l = 0; l < n; ++l)
    for (Eigen::Index k = l; k < n; ++k, ++derivative) {
      if (derivative->terms().empty()) continue;
      const Vector<T> values = (*derivative)(projections);
      // Twice where l = k, as it should be.
      gradient[static_cast<std::size_t>(l)] += values * vectors_.row(k);
      gradient[static_cast<std::size_t>(k)] += values * vectors_.row(l);
    }
  return gradient;
}
template class BoundGadgetGradient<double>;
template class BoundGadgetGradient<Real>;
template class BoundGadgetGradient<Interval>;

template <Scalar T>
Matrix<T> expectation_gradient(const Gadget& gadget, const Vector<T>& a, const Matrix<T>& B,
                               const Matrix<T>& vectors) {
  if (B.rows() != a.size() || vectors.cols() != B.cols() ||
      vectors.rows() != static_cast<Eigen::Index>(gadget.vectors()))
    throw DomainError("B has a row for each entry of a, and the vectors' dimension");
  const Matrix<T> inner = B * vectors.transpose();
  Matrix<T> weights(vectors.rows(), B.rows());
  for (Eigen::Index l = 0; l < vectors.rows(); ++l) {
    const MultivariatePolynomial slope =
        derivative(gadget.polynomial(), static_cast<std::size_t>(l));
    for (Eigen::Index j = 0; j < B.rows(); ++j) {
      const Vector<T> row = inner.row(j).transpose();
      const T value =
          slope.value_at(std::span<const T>(row.data(), static_cast<std::size_t>(row.size())));
      weights(l, j) = a[j] * value;
    }
  }
  return weights * B;
}
template Matrix<double> expectation_gradient(const Gadget&, const Vector<double>&,
                                             const Matrix<double>&, const Matrix<double>&);
template Matrix<Real> expectation_gradient(const Gadget&, const Vector<Real>&, const Matrix<Real>&,
                                           const Matrix<Real>&);
template Matrix<Interval> expectation_gradient(const Gadget&, const Vector<Interval>&,
                                               const Matrix<Interval>&, const Matrix<Interval>&);

}  // namespace sigmahat
