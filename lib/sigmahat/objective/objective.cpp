#include <sigmahat/objective/objective.hpp>

namespace sigmahat {

template <Scalar T>
Vector<T> flattened(const Weights<T>& x) {
  const Eigen::Index m = x.B.rows(), d = x.B.cols();
  Vector<T> flat(m + m * d + x.c.size());
  flat.head(m) = x.a;
  for (Eigen::Index i = 0; i < m; ++i) flat.segment(m + i * d, d) = x.B.row(i).transpose();
  flat.tail(x.c.size()) = x.c;
  return flat;
}

template <Scalar T>
Weights<T> unflattened(const Vector<T>& x, Eigen::Index m, Eigen::Index d) {
  Weights<T> weights{x.head(m), Matrix<T>(m, d), x.tail(x.size() - m - m * d)};
  for (Eigen::Index i = 0; i < m; ++i) weights.B.row(i) = x.segment(m + i * d, d).transpose();
  return weights;
}

#define SIGMAHAT_INSTANTIATE(T)                    \
  template Vector<T> flattened(const Weights<T>&); \
  template Weights<T> unflattened(const Vector<T>&, Eigen::Index, Eigen::Index)
SIGMAHAT_INSTANTIATE(double);
SIGMAHAT_INSTANTIATE(Real);
SIGMAHAT_INSTANTIATE(Interval);
#undef SIGMAHAT_INSTANTIATE

}  // namespace sigmahat
