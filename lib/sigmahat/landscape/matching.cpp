#include <algorithm>

#include <fmt/format.h>

#include <sigmahat/landscape/matching.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/assignment.hpp>

namespace sigmahat {

using Eigen::Index;

Weights<double> matched(const Weights<double>& x, const Weights<double>& y, bool signs) {
  const Index m = x.B.rows();
  if (y.B.rows() != m || y.B.cols() != x.B.cols() || y.c.size() != x.c.size())
    throw DomainError(fmt::format("{} neurons in R^{} cannot be matched with {} in R^{}",
                                  y.B.rows(), y.B.cols(), m, x.B.cols()));
  const bool biased = x.c.size() > 0;
  // Neuron j of y in the place of neuron i of x, as it is or turned around.
  const auto cost = [&](Index i, Index j, double sign) {
    const double bias = biased ? x.c[i] - sign * y.c[j] : 0;
    const double weight = x.a[i] - y.a[j];
    return (x.B.row(i) - sign * y.B.row(j)).squaredNorm() + weight * weight + bias * bias;
  };
  Matrix<double> costs(m, m), turned = Matrix<double>::Zero(m, m);
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < m; ++j) {
      costs(i, j) = cost(i, j, 1);
      const double other = signs ? cost(i, j, -1) : costs(i, j);
      turned(i, j) = other < costs(i, j);
      costs(i, j) = std::min(costs(i, j), other);
    }
  const std::vector<Index> partner = optimal_assignment(costs);
  Weights<double> result = y;
  for (Index i = 0; i < m; ++i) {
    const Index j = partner[static_cast<std::size_t>(i)];
    const double sign = turned(i, j) != 0 ? -1 : 1;
    result.a[i] = y.a[j];
    result.B.row(i) = sign * y.B.row(j);
    if (biased) result.c[i] = sign * y.c[j];
  }
  return result;
}

}  // namespace sigmahat
