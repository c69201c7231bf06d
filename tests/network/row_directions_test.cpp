#include <doctest/doctest.h>

#include <sigmahat/network/row_directions.hpp>

using namespace sigmahat;

TEST_CASE("Parallel rows are recognised, whatever their lengths and signs") {
  Matrix<Rational> B(5, 2);
  B << 1, 1, 3, 4, Rational(-1, 3), Rational(-1, 3), 0, -2, 0, 5;
  const std::vector<RowDirection> directions = row_directions({WeightMatrix::Entries{B}});
  const std::vector<std::pair<Eigen::Index, int>> expected{
      {0, 1}, {1, 1}, {0, -1}, {3, 1}, {3, -1}};
  REQUIRE(directions.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(directions[i].first == expected[i].first);
    CHECK(directions[i].sign == expected[i].second);
  }
}

TEST_CASE("Rows of doubles are parallel only as the numbers that they are") {
  Matrix<double> B(3, 2);
  B << 0.1, 0.3, -0.2, -0.6, 0.3, 0.9;  // 0.9 is not three times the double 0.3
  const std::vector<RowDirection> directions = row_directions({WeightMatrix::Doubles{B}});
  CHECK(directions[1].first == 0);
  CHECK(directions[1].sign == -1);
  CHECK(directions[2].first == 2);
  CHECK(row_directions({WeightMatrix::Identity{3}})[2].first == 2);
}
