#include <doctest/doctest.h>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"
#include "random_expression.hpp"

using namespace sigmahat;
using sigmahat::test::overlap;
using sigmahat::test::RandomExpression;

TEST_CASE("the symbolic derivative agrees with difference quotients at 80 digits") {
  const PrecisionScope precision(80);
  for (unsigned seed = 0; seed < 400; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::smooth);
    const Expression f = random.draw(5);
    const Expression slope = derivative(f);
    const Real at = random.point();
    // Central differences over h and 2h, extrapolated: the error is of order h^4 f^(5), and the
    // fifth derivative is bounded through a difference of the same values.
    const Real h = Real(1) / Real(10'000'000'000);
    const auto difference = [&](const Real& step) {
      return Real((evaluate(f, Real(at + step)) - evaluate(f, Real(at - step))) / (2 * step));
    };
    const Real quotient = (4 * difference(h) - difference(2 * h)) / 3;
    const Real expected = evaluate(slope, at);
    const Real spread = abs(difference(h) - difference(2 * h));
    CAPTURE(seed);
    CAPTURE(to_text(f));
    CAPTURE(at);
    CHECK(abs(quotient - expected) <= spread * Real("1e-12") + (abs(expected) + 1) * Real("1e-35"));
  }
}

TEST_CASE("derivatives of the elementary functions are the textbook ones") {
  const struct {
    const char *f, *slope;
  } cases[] = {
      {"x^7", "7*x^6"},
      {"sqrt(x)", "1/(2*sqrt(x))"},
      {"abs(x)", "sign(x)"},
      {"max(x, 0)", "step(x)"},
      {"min(x, 0)", "step(-x)"},
      {"sign(x) + step(x)", "0"},
      {"log(x)", "1/x"},
      {"arctan(x)", "1/(1 + x^2)"},
      {"Phi(x)", "phi(x)"},
      {"erf(x) + erfc(x)", "0"},
      {"softplus(x)", "sigmoid(x)"},
      {"he(5)", "sqrt(5)*he(4)"},
      {"he(2)", "sqrt(2)*x"},
      {"exp(-x^2/2)", "-exp(-x^2/2)*x"},
      {"x^x", "exp(x*log(x))*(log(x) + 1)"},
      {"pi^2 + e", "0"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.f);
    CHECK(derivative(parse_expression(c.f)) == parse_expression(c.slope));
  }
}

TEST_CASE("the derivative of a maximum is that of the argument that is largest") {
  const Expression slope = derivative(parse_expression("max(x^2, 2 - x, 3*x)"));
  CHECK(evaluate(slope, -3.0) == -6);
  CHECK(evaluate(slope, 0.0) == -1);
  CHECK(evaluate(slope, 1.0) == 3);
  CHECK(evaluate(slope, 4.0) == 8);
  CHECK(evaluate(derivative(parse_expression("max(x, 3*x)")), 0.0) == 2);
  CHECK(evaluate(derivative(parse_expression("min(x, 3*x, 1)")), -1.0) == 3);
}

TEST_CASE("a derivative that would be too large is refused") {
  std::string text = "sin(x)";
  for (int i = 2; i < 700; ++i) text += "*sin(" + std::to_string(i) + "*x)";
  CHECK_THROWS_AS(derivative(parse_expression(text)), InputError);
}

TEST_CASE("composition is evaluation one after the other") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::total);
    const Expression f = random.draw(4), g = random.draw(4);
    const PrecisionScope precision(40);
    const Interval at(random.point());
    const Interval direct = evaluate(compose(f, g), at);
    const Interval stepwise = evaluate(f, evaluate(g, at));
    CAPTURE(seed);
    CAPTURE(to_text(f));
    CAPTURE(to_text(g));
    CHECK(overlap(direct, stepwise));
  }
}
