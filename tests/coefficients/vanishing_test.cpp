#include <algorithm>

#include <doctest/doctest.h>

#include <sigmahat/coefficients/vanishing.hpp>

using namespace sigmahat;

namespace {

CoefficientTable table(const char* name, int max_degree) {
  return hermite_coefficients(parse_activation(name), max_degree, 17);
}

std::vector<int> degrees(int first, int last, int step) {
  std::vector<int> result;
  for (int k = first; k <= last; k += step) result.push_back(k);
  return result;
}

}  // namespace

TEST_CASE("Parity and closed forms prove which degrees vanish") {
  CHECK(vanishing_degrees(table("relu", 30)) == degrees(3, 30, 2));
  CHECK(vanishing_degrees(table("step", 30)) == degrees(2, 30, 2));
  CHECK(vanishing_degrees(table("tanh", 30)) == degrees(0, 30, 2));
  CHECK(vanishing_degrees(table("sigmoid", 30)) == degrees(2, 30, 2));
  CHECK(vanishing_degrees(table("gaussian", 31)) == degrees(1, 31, 2));
  CHECK(vanishing_degrees(table("exp", 31)).empty());
  // h_2(c) = 0 for c = 1: the ReLU shifted by one has no degree 4.
  CHECK(vanishing_degrees(table("max(x - 1, 0)", 12)) == std::vector<int>{4});
  std::vector<int> but_three = degrees(0, 9, 1);
  but_three.erase(but_three.begin() + 3);
  CHECK(vanishing_degrees(table("hermite(3)", 9)) == but_three);
}

TEST_CASE("The information exponent is the first degree that does not vanish") {
  CHECK(information_exponent(table("relu", 5)).degree == 1);
  CHECK(information_exponent(table("abs", 5)).degree == 2);
  CHECK(information_exponent(table("gaussian", 5)).degree == 2);
  for (int k = 1; k <= 9; ++k)
    CHECK(information_exponent(table(("hermite(" + std::to_string(k) + ")").c_str(), 9)).degree ==
          k);
  // sigma less its linear part.
  CHECK(information_exponent(table("relu - x/2", 5)).degree == 2);
  CHECK(information_exponent(table("x^3 - 3*x", 5)).degree == 3);
}

TEST_CASE("Where all degrees vanish there is no information exponent in the table") {
  const InformationExponent beyond = information_exponent(table("hermite(7)", 6));
  CHECK_FALSE(beyond.degree);
  CHECK_FALSE(beyond.undecided);
  CHECK_FALSE(information_exponent(table("relu", 0)).degree);
}

TEST_CASE("An enclosure that holds zero proves nothing") {
  CoefficientTable doubtful = table("sigmoid", 3);
  doubtful.coefficients[1].enclosure = {Real(0), Real("1e-20"), Status::certified};
  const InformationExponent exponent = information_exponent(doubtful);
  CHECK_FALSE(exponent.degree);
  CHECK(exponent.undecided == 1);
  CHECK(vanishing_degrees(doubtful) == std::vector<int>{2});
}

TEST_CASE("An estimate proves nothing either") {
  CoefficientTable estimated = table("relu", 3);
  for (HermiteCoefficient& c : estimated.coefficients) c.enclosure.status = Status::estimated;
  CHECK_FALSE(information_exponent(estimated).degree);
  CHECK(information_exponent(estimated).undecided == 1);
  CHECK(vanishing_degrees(estimated).empty());
}
