#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/activation/expression.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"
#include "random_expression.hpp"

using namespace sigmahat;
using sigmahat::test::overlap;
using sigmahat::test::RandomExpression;

namespace {

bool contains(const Interval& x, const Real& value) {
  return lower(x) <= value && value <= upper(x);
}

/// Whether a double lies in an enclosure made with about as many bits, widened by its own width:
/// the functions of the standard library round by up to an ulp, interval arithmetic by half of one
/// on either side.
bool is_rounded_value(double value, const Interval& enclosure) {
  const Real slack = upper(enclosure) - lower(enclosure) + ldexp(abs(Real(value)), -51) +
                     std::numeric_limits<double>::min();  // underflow
  return lower(enclosure) - 2 * slack <= value && value <= upper(enclosure) + 2 * slack;
}

}  // namespace

TEST_CASE("interval evaluation encloses values computed with more digits") {
  for (unsigned seed = 0; seed < 600; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::total);
    const Expression f = random.draw(6);
    const double at = random.point();
    CAPTURE(seed);
    CAPTURE(to_text(f));
    CAPTURE(at);
    Interval narrow, wide;
    {
      const PrecisionScope precision(20);
      narrow = evaluate(f, Interval(at));
      wide = evaluate(f, make_interval(Real(at) - Real(1) / 3, Real(at) + Real(1) / 7));
    }
    const PrecisionScope precision(60);
    for (const double shift : {0.0, -0.3, -0.07, 0.1, 0.14}) {
      const Real value = evaluate(f, Real(Real(at) + Real(shift)));
      // A Real is rounded in every step: it may miss the exact value by a little.
      const Real slack = (abs(value) + 1) * Real("1e-40");
      CHECK(lower(wide) <= value + slack);
      CHECK(value - slack <= upper(wide));
      if (shift == 0.0) {
        CHECK(lower(narrow) <= value + slack);
        CHECK(value - slack <= upper(narrow));
      }
    }
  }
}

TEST_CASE("enclosures shrink into one another as the precision is raised") {
  for (unsigned seed = 1000; seed < 1100; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::smooth);
    const Expression f = random.draw(5);
    const double at = random.point();
    CAPTURE(seed);
    CAPTURE(to_text(f));
    Interval previous;
    for (const int digits : {15, 30, 100, 300}) {
      const PrecisionScope precision(digits);
      const Interval value = evaluate(f, Interval(at));
      if (digits > 15) {
        CHECK(overlap(previous, value));
        CHECK(upper(value) - lower(value) <= (abs(upper(value)) + 1) * pow(Real(10), -digits + 12));
      }
      previous = value;
    }
  }
}

TEST_CASE("every function agrees with the C library") {
  const struct {
    const char* text;
    double (*value)(double);
  } cases[] = {
      {"abs(x)", [](double v) { return std::fabs(v); }},
      {"exp(x)", [](double v) { return std::exp(v); }},
      {"log(1+x^2)", [](double v) { return std::log(1 + v * v); }},
      {"sin(x)", [](double v) { return std::sin(v); }},
      {"cos(x)", [](double v) { return std::cos(v); }},
      {"tan(x)", [](double v) { return std::tan(v); }},
      {"sinh(x)", [](double v) { return std::sinh(v); }},
      {"cosh(x)", [](double v) { return std::cosh(v); }},
      {"tanh(x)", [](double v) { return std::tanh(v); }},
      {"arctan(x)", [](double v) { return std::atan(v); }},
      {"arcsinh(x)", [](double v) { return std::asinh(v); }},
      {"erf(x)", [](double v) { return std::erf(v); }},
      {"erfc(x)", [](double v) { return std::erfc(v); }},
      {"Phi(x)", [](double v) { return std::erfc(-v / std::sqrt(2.0)) / 2; }},
      {"phi(x)", [](double v) { return std::exp(-v * v / 2) / std::sqrt(2 * std::acos(-1.0)); }},
      {"sqrt(1+x^2)", [](double v) { return std::hypot(1, v); }},
      {"abs(x)^(1/3)", [](double v) { return std::cbrt(std::fabs(v)); }},
      {"2^x", [](double v) { return std::exp2(v); }},
      {"max(x, 1/2)", [](double v) { return std::fmax(v, 0.5); }},
      {"min(x, 1/2)", [](double v) { return std::fmin(v, 0.5); }},
      {"step(x)", [](double v) { return v > 0 ? 1.0 : 0.0; }},
      {"sign(x)", [](double v) { return v > 0 ? 1.0 : -1.0; }},
      {"softplus(x)", [](double v) { return std::log1p(std::exp(v)); }},
      {"sigmoid(x)", [](double v) { return 1 / (1 + std::exp(-v)); }},
      {"he(2)", [](double v) { return (v * v - 1) / std::sqrt(2.0); }},
  };
  for (const auto& c : cases) {
    const Expression f = parse_expression(c.text);
    for (double v = -5.5; v <= 5.5; v += 0.37) {
      CAPTURE(c.text);
      CAPTURE(v);
      CHECK(evaluate(f, v) == doctest::Approx(c.value(v)).epsilon(1e-14));
    }
  }
}

TEST_CASE("named functions are the activations of the registry") {
  const PrecisionScope precision(50);
  const std::string names[] = {"relu",          "leaky_relu(1/10)",
                               "relu_power(2)", "relu_power(0)",
                               "abs",           "step",
                               "sign",          "hard_tanh",
                               "linear",        "identity",
                               "quadratic",     "cubic",
                               "hermite(7)",    "erf",
                               "gelu",          "tanh",
                               "sigmoid",       "softplus",
                               "silu",          "exp",
                               "sin",           "cos",
                               "gaussian",      "leaky_relu(3)"};
  for (const std::string& name : names) {
    const Activation activation = parse_activation(name);
    const Expression f = parse_expression(name);
    for (const double at : {-2.5, -1.0, -1e-3, 0.0, 1e-3, 1.0, 3.25}) {
      CAPTURE(name);
      CAPTURE(at);
      CHECK(overlap(evaluate(f, Interval(at)), activation(Interval(at))));
      CHECK(evaluate(f, at) == doctest::Approx(activation(at)).epsilon(1e-14));
    }
  }
}

TEST_CASE("activations known only to the grammar have their published values") {
  const PrecisionScope precision(30);
  // From the definitions in the sources that named_function.cpp cites, by hand.
  const Real e = exp(Real(1));
  const struct {
    const char* text;
    Real at, value;
  } cases[] = {
      {"elu(2)", -1, 2 * (1 / e - 1)},
      {"elu(2)", 3, 3},
      {"celu(2)", -2, 2 * (1 / e - 1)},
      {"selu", 1, Real("1.0507009873554804934193349852946")},
      {"mish", 0, 0},
      {"mish", 1, tanh(log(1 + e))},
      {"softsign", -3, Real(-3) / 4},
      {"squareplus(4)", 0, 1},
      {"log_cosh", 1, log(cosh(Real(1)))},
      {"log_cosh", -40, 40 - log(Real(2)) + log1p(Real(exp(Real(-80))))},
      {"hard_sigmoid", 0, Real(1) / 2},
      {"hard_sigmoid", 4, 1},
      {"hard_swish", -1, Real(-1) / 3},
      {"relu6", 9, 6},
      {"snake(2)", 1, 1 + pow(sin(Real(2)), 2) / 2},
      {"swish(2*x)", 1, 2 / (1 + exp(Real(-2)))},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CAPTURE(c.at);
    CHECK(abs(evaluate(parse_expression(c.text), c.at) - c.value) <= Real("1e-27"));
  }
}

TEST_CASE("jumps take the mean of both sides, and intervals hold both") {
  CHECK(evaluate(parse_expression("step(x)"), 0.0) == 0.5);
  CHECK(evaluate(parse_expression("sign(x)"), 0.0) == 0);
  const Interval around = make_interval(Real(-1), Real(2));
  const Interval step = evaluate(parse_expression("step(x)"), around);
  CHECK(lower(step) == 0);
  CHECK(upper(step) == 1);
  const Interval square = evaluate(parse_expression("x^2"), around);
  CHECK(lower(square) == 0);
  CHECK(upper(square) == 4);
  const Interval absolute = evaluate(parse_expression("abs(x)"), around);
  CHECK(lower(absolute) == 0);
  CHECK(upper(absolute) == 2);
}

TEST_CASE("outside the domain evaluation refuses") {
  const char* undefined[] = {
      "log(x)", "sqrt(x)",      "max(sqrt(x), 0)", "max(0, sqrt(x))",  "step(log(x))",
      "x^x",    "exp(sqrt(x))", "tanh(log(x))",    "sigmoid(sqrt(x))", "softplus(log(x))"};
  for (const char* text : undefined) {
    CAPTURE(text);
    const Expression f = parse_expression(text);
    CHECK_THROWS_AS(evaluate(f, -1.0), DomainError);
    CHECK_THROWS_AS(evaluate(f, Real(-1)), DomainError);
    CHECK_THROWS_AS(evaluate(f, Interval(-1)), DomainError);
    CHECK_THROWS_AS(evaluate(f, make_interval(Real(-1), Real(1))), DomainError);
    std::vector<double> values(700, 0.5);
    values[600] = -1;
    CHECK_THROWS_AS(evaluate(f, values), DomainError);
  }
  CHECK_THROWS_AS(evaluate(parse_expression("1/x"), make_interval(Real(-1), Real(1))), DomainError);
  CHECK_THROWS_AS(evaluate(parse_expression("1/x"), 0.0), NumericalError);
  CHECK_THROWS_AS(evaluate(parse_expression("exp(exp(x))"), 10.0), NumericalError);
  CHECK_THROWS_AS(evaluate(parse_expression("tan(x)"), make_interval(Real(1), Real(2))),
                  DomainError);
}

TEST_CASE("block evaluation agrees with interval arithmetic of the same precision") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::total);
    const Expression f = random.draw(6);
    std::vector<double> inputs(300), values;
    for (double& v : inputs) v = random.point();
    values = inputs;
    evaluate(f, values);
    const PrecisionScope precision(14);
    for (std::size_t i = 0; i < inputs.size(); i += 23) {
      const Interval enclosure = evaluate(f, Interval(inputs[i]));
      CAPTURE(seed);
      CAPTURE(to_text(f));
      CAPTURE(inputs[i]);
      CAPTURE(values[i]);
      CHECK(is_rounded_value(values[i], enclosure));
      CHECK(is_rounded_value(evaluate(f, inputs[i]), enclosure));
    }
  }
}

TEST_CASE("block evaluation gives the same result wherever an input stands") {
  const Expression f = parse_expression("exp(x)*tanh(x) + softplus(x)*log(2+x^2) + gelu(x)");
  std::vector<double> once{0.7310585786300049};
  evaluate(f, once);
  for (const std::size_t count : {2u, 255u, 256u, 257u, 1000u}) {
    std::vector<double> values(count, 0.7310585786300049);
    values[0] = -2;
    evaluate(f, values);
    for (std::size_t i = 1; i < count; ++i) CHECK(values[i] == once[0]);
  }
  evaluate(f, std::span<double>{});
}

TEST_CASE("block evaluation is accurate at the ends of the range of double") {
  const double points[] = {-800, -745,   -708.5, -300, -40, -1e-5, -1e-300,
                           0,    1e-300, 1e-9,   30,   700, 709.7};
  for (const char* text : {"tanh(x)", "sigmoid(x)", "softplus(x)", "exp(x)", "exp(-abs(x))",
                           "arctan(exp(x))", "log(1+abs(x))", "erf(x)", "Phi(x)"}) {
    const Expression f = parse_expression(text);
    std::vector<double> values(std::begin(points), std::end(points));
    evaluate(f, values);
    const PrecisionScope precision(14);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Interval enclosure = evaluate(f, Interval(points[i]));
      CAPTURE(text);
      CAPTURE(points[i]);
      CAPTURE(values[i]);
      CHECK(is_rounded_value(values[i], enclosure));
    }
  }
  std::vector<double> too_large{1.0, 710.0};
  CHECK_THROWS_AS(evaluate(parse_expression("exp(x)"), too_large), NumericalError);
}

TEST_CASE("range enclosures hold the values at all points where the function is defined") {
  const PrecisionScope precision(30);
  const Real infinity = std::numeric_limits<Real>::infinity();
  const Interval positive = make_interval(Real(0), infinity);
  CHECK(contains(range_enclosure(parse_expression("1/x"), positive), Real("1e30")));
  CHECK(contains(range_enclosure(parse_expression("log(x)"), make_interval(Real(-1), Real(2))),
                 Real(-50)));
  CHECK(upper(range_enclosure(parse_expression("exp(-1/x^2)"), make_interval(Real(0), Real(1)))) <
        Real("0.4"));
  CHECK(upper(range_enclosure(parse_expression("tanh(x)+Phi(x)"), positive)) < Real("2.001"));
  CHECK(isinf(upper(range_enclosure(parse_expression("x-exp(x)"), positive))));
  CHECK(upper(range_enclosure(parse_expression("softplus(-x)"), positive)) < Real("0.7"));
}

TEST_CASE("Sines of numbers too large to be reduced end at once, and enclose what they can") {
  const PrecisionScope precision(20);
  for (const char* text : {"sin(x^x^9)", "cos(exp(exp(x)))", "tan(2*x^x^9)"}) {
    CAPTURE(text);
    const Expression f = parse_expression(text);
    const Interval range = range_enclosure(f, Interval(14));
    CHECK(lower(range) <= -1);
    CHECK(upper(range) >= 1);
    CHECK_THROWS_AS(evaluate(f, Real(14)), Error);
  }
  // Of what can be reduced the value is still there.
  CHECK(evaluate(parse_expression("sin(2^1000)"), Real(0)) != 0);
}
