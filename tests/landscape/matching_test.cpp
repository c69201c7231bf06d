#include <algorithm>
#include <numeric>

#include <doctest/doctest.h>

#include <sigmahat/landscape/matching.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

#include "random_weights.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

const Freedom freedom{Constraint::free, true};

double squared_gap(const Weights<double>& x, const Weights<double>& y) {
  Weights<double> difference = x;
  add(difference, -1, y);
  return inner(difference, difference);
}

/// y with its neurons permuted, and turned around where a bit of `turned` is set.
Weights<double> rearranged(const Weights<double>& y, const std::vector<Eigen::Index>& order,
                           unsigned turned) {
  Weights<double> result = y;
  for (Eigen::Index i = 0; i < y.B.rows(); ++i) {
    const Eigen::Index j = order[static_cast<std::size_t>(i)];
    const double sign = (turned >> i) & 1 ? -1 : 1;
    result.a[i] = y.a[j];
    result.B.row(i) = sign * y.B.row(j);
    if (y.c.size() > 0) result.c[i] = sign * y.c[j];
  }
  return result;
}

double nearest_of_all(const Weights<double>& x, const Weights<double>& y, bool signs) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(y.B.rows()));
  std::iota(order.begin(), order.end(), 0);
  double least = squared_gap(x, y);
  do
    for (unsigned turned = 0; turned < (signs ? 1U << y.B.rows() : 1U); ++turned)
      least = std::min(least, squared_gap(x, rearranged(y, order, turned)));
  while (std::next_permutation(order.begin(), order.end()));
  return least;
}

}  // namespace

TEST_CASE("the matched neurons are as near as any order and any signs bring them") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed)
    for (const bool biases : {false, true})
      for (const bool signs : {false, true}) {
        CAPTURE(seed);
        const Weights<double> x = random_weights(4, 3, seed, freedom, biases);
        const Weights<double> y = random_weights(4, 3, seed + 50, freedom, biases);
        CHECK(squared_gap(x, matched(x, y, signs)) ==
              doctest::Approx(nearest_of_all(x, y, signs)).epsilon(1e-13));
      }
}

TEST_CASE("neurons out of order are brought back") {
  const Weights<double> x = random_weights(5, 4, 3, freedom, true);
  CHECK(squared_gap(x, matched(x, rearranged(x, {3, 1, 4, 0, 2}, 0), false)) == 0);
  CHECK(squared_gap(x, matched(x, rearranged(x, {3, 1, 4, 0, 2}, 0b10110), true)) == 0);
}

TEST_CASE("networks of different widths are not matched") {
  CHECK_THROWS_AS(
      matched(random_weights(3, 4, 1, freedom), random_weights(4, 4, 1, freedom), false),
      DomainError);
}
