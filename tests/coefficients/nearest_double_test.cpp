#include <cmath>

#include <doctest/doctest.h>

#include <sigmahat/coefficients/nearest_double.hpp>
#include <sigmahat/numeric/errors.hpp>

#include "../support/reference_data.hpp"

using namespace sigmahat;

TEST_CASE("Coefficients of any size are the doubles nearest to the reference values") {
  for (const test::ReferenceCoefficients& reference : test::reference_coefficients()) {
    CAPTURE(reference.activation);
    const int max_degree = reference.coefficients.rbegin()->first;
    // So few digits that most entries have to be settled with more.
    for (const int digits : {3, 17}) {
      const std::vector<double> values = nearest_doubles(
          hermite_coefficients(parse_activation(reference.activation), max_degree, digits));
      REQUIRE(values.size() == static_cast<std::size_t>(max_degree) + 1);
      for (const auto& [k, c] : reference.coefficients) {
        CAPTURE(k);
        CHECK(values[static_cast<std::size_t>(k)] == c.value.convert_to<double>());
      }
    }
  }
}

TEST_CASE("What is below the range of double is rounded to subnormal numbers and to zero") {
  const std::vector<double> values =
      nearest_doubles(hermite_coefficients(parse_activation("exp"), 400, 17));
  for (int k = 0; k <= 400; ++k) {
    CAPTURE(k);
    const double log_value = 0.5 - std::lgamma(k + 1.0) / 2;
    const double value = values[static_cast<std::size_t>(k)];
    if (log_value < -746)
      CHECK(value == 0);
    else if (log_value > -700)
      CHECK(std::log(value) == doctest::Approx(log_value));
    else
      CHECK(value > 0);
  }
}

TEST_CASE("What is above the range of double is refused by its degree") {
  // E[e^{40x} h_k] = e^{800} 40^k / sqrt(k!).
  CHECK_THROWS_WITH_AS(nearest_doubles(hermite_coefficients(parse_activation("exp(40*x)"), 2, 17)),
                       "coefficient 0 of exp(40*x) is beyond the range of double", NumericalError);
}

TEST_CASE("What is not proven well enough is refused, without a search for more digits") {
  CoefficientTable vague = hermite_coefficients(parse_activation("tanh"), 3, 17);
  vague.coefficients[1].enclosure.error_bound = Real("1e-8");
  CHECK_THROWS_WITH_AS(
      nearest_doubles(vague),
      "coefficient 1 of tanh is not known well enough: its bound leaves several doubles",
      NumericalError);
  vague.coefficients[1].enclosure.status = Status::estimated;
  CHECK_THROWS_WITH_AS(
      nearest_doubles(vague),
      "coefficient 1 of tanh is an estimate: the double nearest to it is not known",
      NumericalError);
}
