#include <limits>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/assignment.hpp>

namespace sigmahat {

using Eigen::Index;

std::vector<Index> optimal_assignment(const Matrix<double>& cost) {
  const Index n = cost.rows(), m = cost.cols();
  if (n > m || !cost.allFinite())
    throw InputError(fmt::format(
        "assignment: expected finite costs of no more rows than columns, not {}×{}", n, m));
  constexpr Index none = -1;
  // Prices of rows and columns: cost(i,j) - u[i] - v[j] >= 0, with equality where i has j.
  Vector<double> u = Vector<double>::Zero(n), v = Vector<double>::Zero(m);
  std::vector<Index> row_of(static_cast<std::size_t>(m), none);
  const auto owner = [&](Index j) -> Index& { return row_of[static_cast<std::size_t>(j)]; };
  for (Index row = 0; row < n; ++row) {
    // Dijkstra over columns; a column is reached from the owner of the column before it.
    Vector<double> distance = Vector<double>::Constant(m, std::numeric_limits<double>::infinity());
    std::vector<Index> before(static_cast<std::size_t>(m), none);
    std::vector<bool> done(static_cast<std::size_t>(m), false);
    Index i = row, last = none;
    double reached = 0;
    for (;;) {
      Index nearest = none;
      for (Index j = 0; j < m; ++j) {
        if (done[static_cast<std::size_t>(j)]) continue;
        const double through = reached + cost(i, j) - u[i] - v[j];
        if (through < distance[j]) {
          distance[j] = through;
          before[static_cast<std::size_t>(j)] = last;
        }
        if (nearest == none || distance[j] < distance[nearest]) nearest = j;
      }
      reached = distance[nearest];
      done[static_cast<std::size_t>(nearest)] = true;
      last = nearest;
      if (owner(nearest) == none) break;
      i = owner(nearest);
    }
    u[row] += reached;
    for (Index j = 0; j < m; ++j)
      if (done[static_cast<std::size_t>(j)] && j != last) {
        u[owner(j)] += reached - distance[j];
        v[j] -= reached - distance[j];
      }
    for (Index j = last; j != none;) {
      const Index previous = before[static_cast<std::size_t>(j)];
      owner(j) = previous == none ? row : owner(previous);
      j = previous;
    }
  }
  std::vector<Index> columns(static_cast<std::size_t>(n), none);
  for (Index j = 0; j < m; ++j)
    if (owner(j) != none) columns[static_cast<std::size_t>(owner(j))] = j;
  return columns;
}

}  // namespace sigmahat
