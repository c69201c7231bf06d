#include <doctest/doctest.h>

#include <sigmahat/activation/admissibility.hpp>
#include <sigmahat/activation/growth.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "random_expression.hpp"

using namespace sigmahat;
using sigmahat::test::RandomExpression;

namespace {

constexpr Admissibility yes = Admissibility::square_integrable;
constexpr Admissibility no = Admissibility::not_square_integrable;
constexpr Admissibility undefined = Admissibility::undefined;
constexpr Admissibility undecided = Admissibility::undecided;

/// log of the bound at x.
Interval log_bound(const Growth& g, const Interval& x) {
  const Interval t = abs(x);
  return g.log_constant + g.power * log(t) + g.linear * t + g.quadratic * square(t);
}

}  // namespace

TEST_CASE("square-integrability is decided as by hand") {
  // E[f²] converges or not by elementary comparison with e^{x²/4} and |x - c|^{-1/2}.
  const struct {
    std::string f;
    Admissibility verdict;
    std::string reason;
  } cases[] = {
      {"0", yes, ""},
      {"pi", yes, ""},
      {"x^100", yes, ""},
      {"exp(100*x)", yes, ""},
      {"exp(x^2)", no, "exp(x^2)"},
      {"exp(x^2/4)", no, "exp(0.25 x^2)"},
      {"exp(0.2499*x^2)", yes, ""},
      {"exp(x^2/4 - x)", no, "x -> -infinity"},
      {"exp(x^2/4 - abs(x))", yes, ""},
      {"exp(x^2/4)/(1 + x^2)", yes, ""},
      {"exp(x^2/4)/sqrt(1 + abs(x))", no, ""},
      {"exp(x^2/(4*pi/3))", yes, ""},
      {"exp(x^2/pi)", no, ""},
      {"exp(x^3)", no, "x -> infinity"},
      {"exp(-x^3)", no, "x -> -infinity"},
      {"exp(-x^4)", yes, ""},
      {"exp(exp(x))", no, ""},
      {"exp(-exp(x))", yes, ""},
      {"cosh(x^2/5)", yes, ""},
      {"sinh(x^2/3)", no, ""},
      {"exp(abs(x)^(3/2))", yes, ""},
      {"exp(abs(x)^(21/10))", no, ""},
      {"abs(x)^x", yes, ""},
      {"exp(x*tanh(x))", yes, ""},
      {"(1+x^2)^sin(x)", yes, ""},
      {"Phi(x)*exp(x^2/2)", no, ""},
      {"erfc(x)*exp(x^2/5)", yes, ""},
      {"erfc(x)*exp(x^2)*step(x)", yes, ""},
      {"log(1+exp(x^2))", yes, ""},
      {"he(200)", yes, ""},
      {"1/x", no, "x = 0"},
      {"1/(x-1/3)^2", no, "x = 1/3"},
      {"1/(x^2-2)", no, "x = -1.41421"},
      {"tan(x)", no, ""},
      {"1/sinh(x)", no, "x = 0"},
      {"x/sinh(x)", yes, ""},
      {"sin(x)/x", yes, ""},
      {"sin(x)/x^2", no, "x = 0"},
      {"(1-cos(x))/x^2", yes, ""},
      {"abs(x)^(-1/4)", yes, ""},
      {"abs(x)^(-1/2)", no, "|x - c|^(-1/2)"},
      {"log(abs(x))/abs(x)^(1/3)", yes, ""},
      {"log(abs(x))", yes, ""},
      {"arctan(1/x)", yes, ""},
      {"exp(-1/x^2)", yes, ""},
      {"sin(1/x)", yes, ""},
      {"log(x)", undefined, "for x < 0: the logarithm of a negative number"},
      {"sqrt(x)", undefined, "for x < 0: a fractional power of a negative number"},
      {"sqrt(1-x^2)", undefined, "for x < -1"},
      {"step(x)*log(x)", undefined, "for x < 0"},
      {"log(max(x,0))", undefined, "for x < 0: log(0) is undefined"},
      {"log(-1-x^2)", undefined, "for any x"},
      {"x^x", undefined, "for x < 0"},
      {"log(sin(x)+2)", yes, ""},
      {"sqrt(1+sin(x))", yes, ""},
      {"relu(sin(x))", yes, ""},
      {"max(exp(x), x^2)", yes, ""},
      {"1/(2+sin(x))", yes, ""},
      // In truth not square-integrable, and beyond what the bounds can see.
      {"exp(1/x)", undecided, "near x = 0"},
      {"exp(sqrt(1+x^4)/4)", undecided, "no sufficient bound"},
  };
  for (const auto& c : cases) {
    const AdmissibilityReport report = admissibility(parse_expression(c.f));
    CAPTURE(c.f);
    CAPTURE(report.reason);
    CHECK(to_string(report.verdict) == to_string(c.verdict));
    CHECK(report.reason.find(c.reason) != std::string::npos);
    CHECK((report.verdict == yes) == report.reason.empty());
  }
}

TEST_CASE("every named function is admissible") {
  for (const NamedFunction& f : named_functions()) {
    if (f.name == "sqrt") continue;
    const std::string text = f.name + (f.parameters.empty() ? "" : "(3)");
    CAPTURE(text);
    CHECK(admissibility(parse_expression(text)).verdict == yes);
  }
}

TEST_CASE("refusals name the function and the reason") {
  CHECK_NOTHROW(require_admissible(parse_expression("gelu(x)")));
  CHECK_NOTHROW(require_admissible(parse_expression("exp(1/x)")));
  const auto message = [](const std::string& text) -> std::string {
    try {
      require_admissible(parse_expression(text));
    } catch (const DomainError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(message("log(x)") ==
        "log(x) is not an activation: it is not defined for x < 0: the logarithm of a negative "
        "number");
  CHECK(message("exp(x^2)").find("exp(x^2) is not an activation: as x -> infinity") == 0);
}

TEST_CASE("growth bounds hold") {
  const PrecisionScope precision(40);
  int bounded = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::total);
    const Expression f = random.draw(5);
    const int side = seed % 2 == 0 ? 1 : -1;
    const TailGrowth growth = tail_growth(f, Rational(side * 8));
    CAPTURE(seed);
    CAPTURE(to_text(f));
    for (const char* t : {"8", "8.01", "9.7", "33", "1e3", "1e6"}) {
      const Interval x(Real(side) * Real(t));
      const Interval value = evaluate(f, x);
      if (lower(value) <= 0 && upper(value) >= 0) continue;
      const Interval log_value = log(Interval(abs(value)));
      CAPTURE(t);
      if (growth.upper) CHECK(lower(log_value) <= upper(log_bound(*growth.upper, x)));
      if (growth.lower) CHECK(upper(log_value) >= lower(log_bound(*growth.lower, x)));
    }
    bounded += growth.upper.has_value();
  }
  CHECK(bounded > 300);
}

TEST_CASE("growth exponents are sharp where the leading term is known") {
  const struct {
    std::string f;
    double power, linear, quadratic;
  } cases[] = {
      {"x^3 - 5*x", 3, 0, 0},
      {"exp(x)", 0, 1, 0},
      {"x^2*exp(-x^2/2)", 2, 0, -0.5},
      {"exp(x^2/8 - 3*x)/x", -1, -3, 0.125},
      {"sqrt(x)*exp(2*x) + x", 0.5, 2, 0},
      {"cosh(x) + sin(x)", 0, 1, 0},
      {"Phi(-x)", 0, 0, -0.5},
      {"exp(3*log(1+x^2))", 6, 0, 0},
      {"x*sigmoid(-x)", 1, -1, 0},
  };
  for (const auto& c : cases) {
    CAPTURE(c.f);
    const TailGrowth growth = tail_growth(parse_expression(c.f), 10);
    REQUIRE(growth.upper.has_value());
    CHECK(upper(growth.upper->power).convert_to<double>() == doctest::Approx(c.power));
    CHECK(upper(growth.upper->linear).convert_to<double>() == doctest::Approx(c.linear));
    CHECK(upper(growth.upper->quadratic).convert_to<double>() == doctest::Approx(c.quadratic));
  }
  CHECK_THROWS_AS(tail_growth(Expression::variable(), 7), DomainError);
}
