#include <algorithm>
#include <numeric>
#include <random>

#include <doctest/doctest.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/assignment.hpp>

using namespace sigmahat;
using Eigen::Index;

namespace {

/// The least sum over all ways to give the rows different columns.
double least_sum(const Matrix<double>& cost) {
  std::vector<Index> columns(static_cast<std::size_t>(cost.cols()));
  std::iota(columns.begin(), columns.end(), Index{0});
  double least = std::numeric_limits<double>::infinity();
  do {
    double sum = 0;
    for (Index i = 0; i < cost.rows(); ++i) sum += cost(i, columns[static_cast<std::size_t>(i)]);
    least = std::min(least, sum);
  } while (std::next_permutation(columns.begin(), columns.end()));
  return least;
}

}  // namespace

TEST_CASE("the assignment is the best of all permutations") {
  std::mt19937_64 random(1);
  // Small whole numbers: sums are exact, and ties are common.
  std::uniform_int_distribution<int> entry(-5, 5);
  for (int trial = 0; trial < 300; ++trial) {
    const Index m = 1 + trial % 7, n = 1 + trial % m;
    const Matrix<double> cost =
        Matrix<double>::NullaryExpr(n, m, [&] { return static_cast<double>(entry(random)); });
    const std::vector<Index> columns = optimal_assignment(cost);
    CAPTURE(cost);
    double sum = 0;
    for (Index i = 0; i < n; ++i) sum += cost(i, columns[static_cast<std::size_t>(i)]);
    CHECK(sum == least_sum(cost));
    std::vector<Index> sorted = columns;
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
  }
}

TEST_CASE("a hidden permutation of two hundred rows is found") {
  std::mt19937_64 random(2);
  std::vector<Index> hidden(200);
  std::iota(hidden.begin(), hidden.end(), Index{0});
  std::shuffle(hidden.begin(), hidden.end(), random);
  std::uniform_real_distribution<double> entry(0.0, 1.0);
  Matrix<double> cost = Matrix<double>::NullaryExpr(200, 200, [&] { return entry(random); });
  for (Index i = 0; i < 200; ++i) cost(i, hidden[static_cast<std::size_t>(i)]) = -1;
  CHECK(optimal_assignment(cost) == hidden);
}

TEST_CASE("what has no assignment is refused") {
  CHECK_THROWS_AS(optimal_assignment(Matrix<double>::Zero(3, 2)), InputError);
  CHECK_THROWS_AS(
      optimal_assignment(Matrix<double>::Constant(1, 1, std::numeric_limits<double>::infinity())),
      InputError);
}
