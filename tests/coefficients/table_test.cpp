#include <random>

#include <doctest/doctest.h>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/coefficients/trapezoidal.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

namespace {

CoefficientTable table(const char* name, int max_degree, int digits) {
  return hermite_coefficients(parse_activation(name), max_degree, digits);
}

Interval at(const CoefficientTable& t, int k) {
  return to_interval(t.coefficients[static_cast<std::size_t>(k)].enclosure);
}

bool overlap(const Interval& x, const Interval& y) {
  return lower(x) <= upper(y) && lower(y) <= upper(x);
}

const std::vector<const char*> everything{"relu",
                                          "leaky_relu(1/10)",
                                          "leaky_relu(-3/7)",
                                          "relu_power(0)",
                                          "relu_power(3)",
                                          "abs",
                                          "step",
                                          "sign",
                                          "linear",
                                          "quadratic",
                                          "cubic",
                                          "hermite(0)",
                                          "hermite(5)",
                                          "erf",
                                          "exp",
                                          "sin",
                                          "cos",
                                          "gaussian",
                                          "gelu",
                                          "tanh",
                                          "sigmoid",
                                          "softplus",
                                          "silu",
                                          "hard_tanh"};

}  // namespace

TEST_CASE("The odd coefficients of ReLU above degree one are exactly zero") {
  const CoefficientTable relu = table("relu", 200, 50);
  for (int k = 3; k <= 200; k += 2) {
    CAPTURE(k);
    const HermiteCoefficient& c = relu.coefficients[static_cast<std::size_t>(k)];
    REQUIRE(c.exact);
    CHECK(c.exact->is_zero());
    CHECK(c.enclosure.value == 0);
    CHECK(c.enclosure.error_bound == 0);
    CHECK(c.enclosure.status == Status::exact);
  }
}

TEST_CASE("The first coefficients of ReLU are those of the paper") {
  const CoefficientTable relu = table("relu", 4, 30);
  CHECK(to_text(*relu.coefficients[0].exact) == "1/sqrt(2*pi)");
  CHECK(to_text(*relu.coefficients[1].exact) == "1/2");
  CHECK(to_text(*relu.coefficients[2].exact) == "1/(2*sqrt(pi))");
  CHECK(to_text(*relu.coefficients[4].exact) == "-1/sqrt(48*pi)");
}

TEST_CASE("Parseval: the defect is never negative and never grows") {
  for (const char* name : everything) {
    CAPTURE(name);
    const CoefficientTable t = table(name, 60, 30);
    const PrecisionScope precision(40);
    Real before = t.parseval_defect(-1).value;
    CHECK(before > 0);
    for (int k = 0; k <= 60; ++k) {
      CAPTURE(k);
      const Enclosure defect = t.parseval_defect(k);
      CHECK(defect.value >= 0);
      CHECK(defect.value - defect.error_bound <= before);
      before = defect.value + defect.error_bound;
    }
  }
}

TEST_CASE("Parseval: the squares of an analytic activation's coefficients add up to E[sigma^2]") {
  // Coefficients that fall at least like e^{-c sqrt(k)}: at degree 500 the rest is beyond the
  // digits.
  for (const char* name : {"exp", "sin", "cos", "gaussian", "erf", "gelu", "sigmoid", "softplus",
                           "silu", "cubic", "hermite(5)"}) {
    CAPTURE(name);
    const CoefficientTable t = table(name, 500, 25);
    const Enclosure defect = t.parseval_defect();
    CHECK(defect.value + defect.error_bound < Real("1e-24"));
  }
}

TEST_CASE("Ladder: the coefficients of the derivative give those of the activation") {
  const int highest = 120;
  struct Pair {
    const char *function, *derivative;
    int factor;
  };
  for (const Pair& pair :
       {Pair{"relu", "step", 1}, Pair{"abs", "sign", 1}, Pair{"relu_power(3)", "relu_power(2)", 3},
        Pair{"relu_power(2)", "relu", 2}, Pair{"softplus", "sigmoid", 1}, Pair{"sin", "cos", 1},
        Pair{"exp", "exp", 1}, Pair{"cubic", "quadratic", 3}, Pair{"quadratic", "linear", 2}}) {
    CAPTURE(pair.function);
    const CoefficientTable f = table(pair.function, highest, 40);
    const CoefficientTable g = table(pair.derivative, highest, 40);
    const PrecisionScope precision(50);
    for (int k = 1; k <= highest; ++k) {
      CAPTURE(k);
      CHECK(overlap(at(f, k), Interval(pair.factor * at(g, k - 1) / sqrt(Interval(k)))));
    }
  }
}

TEST_CASE("Shifted steps: hard tanh is the integral of step(x+1) - step(x-1)") {
  const CoefficientTable t = table("hard_tanh", 150, 40);
  const PrecisionScope precision(120);  // the interval recurrence loses digits
  const std::vector<Interval> h = hermite_polynomials(Interval(1), 150);
  const Interval density = exp(Interval(Interval(-1) / 2)) / sqrt(Interval(2 * pi<Interval>()));
  for (int k = 2; k <= 150; ++k) {
    CAPTURE(k);
    // σ'' = δ_{-1} - δ_1 and h_{k-2}(-1) = (-1)^k h_{k-2}(1)
    const int sides = (k % 2 == 0 ? 1 : -1) - 1;
    const Interval expected =
        sides * density * h[static_cast<std::size_t>(k) - 2] / sqrt(Interval(k * (k - 1)));
    CHECK(overlap(at(t, k), expected));
  }
}

TEST_CASE("Parity makes every other coefficient exactly zero") {
  for (const char* name : everything) {
    const Activation activation = parse_activation(name);
    if (activation.parity() == Parity::none) continue;
    CAPTURE(name);
    const CoefficientTable t = hermite_coefficients(activation, 30, 20);
    for (int k = activation.parity() == Parity::even ? 1 : 0; k <= 30; k += 2) {
      CAPTURE(k);
      CHECK(t.coefficients[static_cast<std::size_t>(k)].enclosure.value == 0);
      CHECK(t.coefficients[static_cast<std::size_t>(k)].enclosure.error_bound == 0);
    }
  }
}

TEST_CASE(
    "The identity tanh(x/2) = 2 sigmoid(x) - 1 holds for the coefficients at any two precisions") {
  const std::vector<Ball> half = tanh_coefficients(Rational(1, 2), 90, 200);
  const CoefficientTable s = table("sigmoid", 90, 100);
  for (int k = 1; k <= 90; k += 2) {
    CAPTURE(k);
    const PrecisionScope precision(110);
    CHECK(overlap(to_interval(half[static_cast<std::size_t>(k)]), Interval(2 * at(s, k))));
  }
}

TEST_CASE("Enclosures overlap and shrink when more digits are asked for") {
  std::mt19937_64 random(20);
  for (const char* name : everything) {
    const int max_degree = std::uniform_int_distribution<int>(0, 300)(random);
    const int digits = std::uniform_int_distribution<int>(5, 120)(random);
    CAPTURE(name);
    CAPTURE(max_degree);
    CAPTURE(digits);
    const CoefficientTable coarse = table(name, max_degree, digits);
    const CoefficientTable fine = table(name, max_degree + 7, digits + 40);
    const PrecisionScope precision(digits + 60);
    const Real scale = sqrt(Real(coarse.second_moment.value)) * pow(Real(10), -digits);
    CHECK(overlap(to_interval(coarse.second_moment), to_interval(fine.second_moment)));
    for (int k = 0; k <= max_degree; ++k) {
      CAPTURE(k);
      CHECK(overlap(at(coarse, k), at(fine, k)));
      CHECK(coarse.coefficients[static_cast<std::size_t>(k)].enclosure.error_bound <= scale);
    }
  }
}

TEST_CASE("Degrees and digits out of range are refused") {
  const Activation tanh = parse_activation("tanh");
  CHECK_THROWS_AS(hermite_coefficients(tanh, -1, 20), DomainError);
  CHECK_THROWS_AS(hermite_coefficients(tanh, 1'000'000'000, 20), DomainError);
  CHECK_THROWS_AS(hermite_coefficients(tanh, 5, 0), DomainError);
  CHECK_THROWS_AS(hermite_coefficients(tanh, 5, -3), DomainError);
  CHECK_THROWS_AS(hermite_coefficients(tanh, 5, 20).parseval_defect(6), DomainError);
}
