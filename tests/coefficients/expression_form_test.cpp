#include <ctime>

#include <doctest/doctest.h>

#include <sigmahat/activation/analytic_pieces.hpp>
#include <sigmahat/activation/expression_ball.hpp>
#include <sigmahat/activation/growth.hpp>
#include <sigmahat/coefficients/expression_form.hpp>
#include <sigmahat/coefficients/panel_quadrature.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../activation/random_expression.hpp"
#include "../support/random_numbers.hpp"

using namespace sigmahat;

namespace {

std::optional<std::vector<ExactValue>> coefficients(const Expression& f, int max_degree) {
  const auto form = exact_form(f);
  return form ? exact_coefficients(*form, max_degree) : std::nullopt;
}

std::vector<ExactValue> coefficients(const char* text, int max_degree) {
  CAPTURE(text);
  const auto values = coefficients(parse_expression(text), max_degree);
  REQUIRE(values);
  return *values;
}

/// Both tails at once, |x| >= 8.
GrowthBound growth_of(const Expression& f) {
  GrowthBound growth{8, -1000, 0, 0, -1000};
  for (const int side : {-8, 8}) {
    const auto bound = tail_growth(f, side).upper;
    REQUIRE(bound);
    const auto enlarge = [](double& known, const Interval& x) {
      known = std::max(known, upper(x).convert_to<double>() + 1e-9);
    };
    enlarge(growth.log_scale, bound->log_constant);
    enlarge(growth.power, bound->power);
    enlarge(growth.linear, bound->linear);
    enlarge(growth.quadratic, bound->quadratic);
  }
  return growth;
}

/// The activation's own pieces, integrated without a form: everything else is another program.
QuadratureTable integrate(const Expression& f, int max_degree, slong bits) {
  const GrowthBound growth = growth_of(f);
  const int reach = std::max(panel_reach(growth, bits + 4), 8);
  const AnalyticPieces pieces = analytic_pieces(f, reach, 60);
  std::vector<IntegrandPiece> integrands;
  for (std::size_t i = 0; i < pieces.pieces.size(); ++i) {
    const auto end = [&](const SingularPoint& point) {
      REQUIRE(point.exact);
      return Ball(*point.exact, 4 * bits);
    };
    REQUIRE(pieces.pieces[i].f);
    integrands.push_back(
        {i == 0 ? Ball(Rational(-reach), bits) : end(pieces.points[i - 1]),
         i == pieces.points.size() ? Ball(Rational(reach), bits) : end(pieces.points[i]),
         [g = *pieces.pieces[i].f](acb_ptr value, acb_srcptr z, bool analytic, slong b) {
           evaluate_complex(value, g, z, analytic, b);
         }});
  }
  return panel_coefficients(integrands, growth, max_degree, bits);
}

void check_against_quadrature(const Expression& f, const std::vector<ExactValue>& exact) {
  const slong bits = 140;  // 42 digits
  const PrecisionScope precision(60);
  const int max_degree = static_cast<int>(exact.size()) - 1;
  const QuadratureTable table = integrate(f, max_degree, bits);
  const std::vector<Interval> values = to_intervals(exact);
  for (std::size_t k = 0; k < exact.size(); ++k) {
    CAPTURE(k);
    const Ball& ball = table.coefficients[k];
    CHECK(mag_cmp_2exp_si(arb_radref(ball.get()), -135) < 0);
    CHECK(test::overlap(to_interval(ball), values[k]));
  }
  if (const auto moment = exact_second_moment(*exact_form(f)))
    CHECK(test::overlap(to_interval(table.second_moment), *moment));
}

const std::vector<const char*> inside{
    // polynomials, exponentials, Gaussians
    "0.2*he(2) + 0.1*he(4)", "he(5, x/2 - 1)", "(x - 1/3)^7", "exp(x/2)", "sinh(x)",
    "cosh(x/3) - 1", "1/exp(2*x)", "sqrt(exp(x))*x", "gaussian(x - 1)", "phi(2*x + 1)/pi",
    "exp(-x^2/2)*(x^3 - x)", "exp(x^2/8 + x)", "sqrt(2*pi)*x^2 + sqrt(3)*x^2",
    // waves
    "sin", "x*sin(x)", "cos(2*x)^2*sin(x/3)", "snake(2)", "exp(-x^2)*cos(3*x)", "sin(abs(x))^2",
    // error functions
    "x*Phi(x)", "gelu(x/2)", "x^2*erf(x/3 - 1)", "erfc(sqrt(2)*x)*exp(-x^2/3 + x/2)",
    "exp(x/2)*Phi(1 - x)", "abs(x*erf(x))",
    // pieces
    "relu", "leaky_relu(1/10, x - 1)", "relu_power(4)", "max(x - 1/2, 0)^3",
    "abs(x - 1) - abs(x + 1)", "exp(-abs(x))", "max(1 - abs(x), 0)", "relu6", "hard_tanh",
    "hard_sigmoid", "hard_swish", "elu(1)", "celu(2)", "selu", "abs(x^2 - 1)",
    "max(x^2 - 9/4, 0)*step(x)", "min(x, x^3)", "max(exp(x) - 1, 0)", "abs(sinh(x))",
    "step(x + 1)*x^2*exp(-x)", "max(min(x, 1), -2)^2", "max(x, 0)*max(1 - x, 0)",
    "max(x, 1/2, 2*x - 1)", "sign(x*(x - 1)*(x + 2))", "exp(min(x, 0) - max(x, 1)^2)",
    "relu + gelu", "(max(x, 0) + max(-x, 0))*sign(x)*cos(x)"};

}  // namespace

TEST_CASE("Expressions of the class agree with rigorous quadrature of the expression itself") {
  for (const char* text : inside) {
    CAPTURE(text);
    check_against_quadrature(parse_expression(text), coefficients(text, 16));
  }
}

TEST_CASE("Random expressions: what comes out as symbols agrees with rigorous quadrature") {
  int found = 0;
  for (unsigned seed = 1; seed <= 300 && found < 25; ++seed) {
    CAPTURE(seed);
    const Expression f = test::RandomExpression(seed, test::RandomExpression::Kind::total).draw(4);
    const auto exact = coefficients(f, 8);
    if (!exact || f.is_constant() || rational_polynomial(f, 100)) continue;
    ++found;
    CAPTURE(to_text(f));
    check_against_quadrature(f, *exact);
  }
  CHECK(found == 25);
}

TEST_CASE("Exact values print as expressions that have their value") {
  for (const char* text : inside) {
    CAPTURE(text);
    const std::vector<ExactValue> values = coefficients(text, 12);
    const PrecisionScope precision(40);
    for (const ExactValue& value : values) {
      const std::string symbols = to_text(value);
      CAPTURE(symbols);
      const Expression read = parse_expression(symbols);
      CHECK(read.is_constant());
      CHECK(test::overlap(evaluate(read, Interval(0)), to_interval(value)));
    }
  }
}

TEST_CASE("Ways to write one function give one form") {
  const std::vector<std::pair<const char*, const char*>> pairs{
      {"relu", "(x + abs(x))/2"},
      {"hard_tanh", "(abs(x + 1) - abs(x - 1))/2"},
      {"elu(2)", "max(x, 0) + 2*(exp(min(x, 0)) - 1)"},
      {"sin(x)^2 + cos(x)^2", "1"},
      {"cosh(x)^2 - sinh(x)^2", "1"},
      {"erf(x/sqrt(2))", "2*Phi(x) - 1"},
      {"abs(x^2 - 1)", "max(x^2 - 1, 1 - x^2)"},
      {"he(2)", "(x^2 - 1)/sqrt(2)"},
      {"he(3)", "(x^3 - 3*x)/sqrt(6)"},
      {"phi(x)", "exp(-x^2/2)*sqrt(1/(2*pi))"},
      {"sign(x^3)*x^2", "x*abs(x)"},
      {"step(-x)", "1 - step(x)"},
      {"sqrt(8)*x", "2*sqrt(2)*x"},
  };
  for (const auto& [one, other] : pairs) {
    CAPTURE(one);
    const auto f = exact_form(parse_expression(one)), g = exact_form(parse_expression(other));
    REQUIRE(f);
    REQUIRE(g);
    CHECK(*f == *g);
  }
}

TEST_CASE("What the ring does not hold is left to quadrature") {
  for (const char* text :
       {"tanh(x)",       "sigmoid(x)",         "1/(1 + x^2)", "log(1 + x^2)",
        "sqrt(1 + x^2)", "sin(x + 1)",         "sin(pi*x)",   "exp(x^3)",
        "2^x",           "erf(x^2)",           "abs(sin(x))", "max(x - sqrt(2), 0)",
        "abs(x^2 - 2)",  "max(exp(x) - 2, 0)", "sin(abs(x))", "relu(x)*Phi(x)",
        "erf(x)^3",      "exp(x)*sin(x)",      "exp(x^2/4)",  "erf(x)*cos(x)"}) {
    CAPTURE(text);
    CHECK_FALSE(coefficients(parse_expression(text), 4));
  }
  // x² - 2 vanishes at an irrational point beyond 1, and at none beyond 2.
  CHECK_FALSE(coefficients(parse_expression("abs(max(x, 1)^2 - 2)"), 4));
  CHECK(coefficients(parse_expression("abs(max(x, 2)^2 - 2)"), 4));
}

TEST_CASE("No expression takes for ever to be told from a form") {
  std::string kinks = "0", waves = "1", nested = "x";
  for (int i = 1; i <= 300; ++i) kinks += "+abs(x-1/" + std::to_string(i) + ")";
  for (int i = 1; i <= 60; ++i) waves += "*(cos(x/" + std::to_string(i) + ")+x)";
  for (int i = 1; i <= 60; ++i) nested = "(" + nested + "+1/" + std::to_string(i) + ")^3";
  for (const std::string& text :
       {kinks, kinks + "*(" + kinks + ")", waves, nested, std::string("he(9000)"),
        std::string("(x + exp(x) + sin(x) + erf(x))^1000"),
        std::string("(x + 1234567/7654321)^999*(x - 7654321/1234567)^999")}) {
    CAPTURE(text.substr(0, 60));
    Expression f = 0;
    try {
      f = parse_expression(text);
    } catch (const std::exception&) {
      continue;  // beyond the limits of expressions
    }
    const std::clock_t start = std::clock();
    exact_form(f);
    const auto seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
#ifdef __SANITIZE_ADDRESS__
    constexpr double limit = 300;  // unoptimised and watched at every access
#else
    constexpr double limit = 10;
#endif
    CHECK(seconds < limit);
  }
}
