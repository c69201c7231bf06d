#include <cmath>

#include <doctest/doctest.h>

#include <sigmahat/activation/transformed.hpp>
#include <sigmahat/coefficients/series.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;
using test::contains;
using test::exact;
using test::RandomNumbers;

namespace {

CoefficientTable table(const std::string& name, int max_degree, int digits = 30) {
  return hermite_coefficients(parse_activation(name), max_degree, digits);
}

/// Whether `number` lies within the bound.
bool holds(const Enclosure& x, const Rational& number) {
  return abs(exact(x.value) - number) <= exact(x.error_bound);
}

}  // namespace

TEST_CASE("The series of a polynomial is the polynomial, at random points") {
  const std::uint64_t seed = 20260801;
  RandomNumbers random(seed);
  for (int i = 0; i < 30; ++i) {
    const Rational a = random.rational(3), b = random.rational(3), c = random.rational(3);
    const Rational x = random.rational(20);
    const std::string text = "(" + a.str() + ")*x^7 + (" + b.str() + ")*x^4 + (" + c.str() + ")";
    CAPTURE(seed);
    CAPTURE(text);
    CAPTURE(x);
    const Rational square = x * x, fourth = square * square;
    const Rational value = a * fourth * square * x + b * fourth + c;
    const CoefficientTable polynomial = table(text, 9);
    CHECK(holds(truncated_series(polynomial, x, 9), value));
    CHECK(holds(truncated_series(polynomial, x, 7), value));
    CHECK(holds(truncation_error(polynomial, 9), 0));
  }
}

TEST_CASE("The series of a scaled Hermite polynomial is the polynomial at the scaled argument") {
  for (const int degree : {1, 2, 7, 40, 301})
    for (const Rational& c : {Rational(2), Rational(-3, 2), Rational(1, 5), Rational(-1)}) {
      const Activation activation =
          scaled(parse_activation("hermite(" + std::to_string(degree) + ")"), c);
      const CoefficientTable polynomial = hermite_coefficients(activation, degree, 40);
      const Rational x(4, 7);
      CAPTURE(activation.name());
      const PrecisionScope precision(200);
      const Interval sum = to_interval(truncated_series(polynomial, x, degree));
      const Interval value = hermite_polynomial(degree, from_rational<Interval>(Rational(c * x)));
      CHECK(test::overlap(sum, value));
      CHECK(contains_zero(polynomial.parseval_defect()));
      // Bounds relative to the root of the second moment, as promised.
      CHECK(upper(sum) - lower(sum) < sqrt(polynomial.second_moment.value) * Real("1e-35"));
    }
}

TEST_CASE("The bounds are of use, far out and at high degrees as well") {
  // h_1000 at its largest argument has about 1500 digits.
  const CoefficientTable relu = table("relu", 1000);
  for (const int x : {0, 1, -3, 30, -1000}) {
    CAPTURE(x);
    const Enclosure sum = truncated_series(relu, x, 1000);
    CHECK(sum.error_bound <= abs(sum.value) * Real("1e-20") + Real("1e-25"));
  }
}

TEST_CASE("The series of an entire function ends in the function") {
  for (const char* name : {"exp", "sin", "cos", "exp(x/2)*cos(x)"}) {
    CAPTURE(name);
    const CoefficientTable entire = table(name, 150);
    const PrecisionScope precision(40);
    for (const Rational& x : {Rational(0), Rational(1, 3), Rational(-5, 2)}) {
      CAPTURE(x);
      const Interval sigma = entire.activation(from_rational<Interval>(x));
      const Interval sum = to_interval(truncated_series(entire, x, 150));
      CHECK(upper(Interval(abs(Interval(sigma - sum)))) < Real("1e-25"));
    }
  }
}

TEST_CASE("Degree by degree the series grows by its terms") {
  const CoefficientTable tanh = table("tanh", 20);
  const Rational x(7, 5);
  // h_2 and h_3 written out.
  const PrecisionScope precision(40);
  const Interval c = to_interval(tanh.coefficients[3].enclosure);
  const Rational cubic = x * x * x - 3 * x;
  const Interval third = c * from_rational<Interval>(cubic) / sqrt(Interval(6));
  const Interval growth =
      to_interval(truncated_series(tanh, x, 3)) - to_interval(truncated_series(tanh, x, 2));
  CHECK(test::overlap(growth, third));
  CHECK(upper(growth) - lower(growth) < Real("1e-28"));
}

TEST_CASE("The truncation error is the L2 distance, by quadrature") {
  const CoefficientTable gelu = table("gelu", 6);
  for (const int degree : {0, 2, 6}) {
    double squares = 0;
    constexpr double h = 1.0 / 16;
    for (int i = -160; i <= 160; ++i) {
      const double x = i * h;
      const double difference = gelu.activation(x) - from_enclosure<double>(truncated_series(
                                                         gelu, Rational(i, 16), degree));
      squares += h * std::exp(-x * x / 2) / std::sqrt(2 * M_PI) * difference * difference;
    }
    CHECK(from_enclosure<double>(truncation_error(gelu, degree)) ==
          doctest::Approx(std::sqrt(squares)).epsilon(1e-10));
  }
}

TEST_CASE("Degrees that the table lacks and arguments too large are refused") {
  const CoefficientTable relu = table("relu", 4);
  CHECK_THROWS_WITH_AS(truncated_series(relu, 0, 5),
                       "a series of degree 0 to 4 can be evaluated, not 5", DomainError);
  CHECK_THROWS_AS(truncated_series(relu, 0, -1), DomainError);
  CHECK_THROWS_WITH_AS(truncated_series(relu, Rational(2001, 2), 4),
                       "a series can be evaluated from -1000 to 1000, not at 2001/2", DomainError);
  CHECK_THROWS_AS(truncation_error(relu, 5), DomainError);
}
