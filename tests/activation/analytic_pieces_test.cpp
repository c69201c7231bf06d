#include <cmath>

#include <doctest/doctest.h>

#include <sigmahat/activation/analytic_pieces.hpp>
#include <sigmahat/activation/expression_ball.hpp>
#include <sigmahat/numeric/complex_ball.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"
#include "random_expression.hpp"

using namespace sigmahat;
using sigmahat::test::overlap;
using sigmahat::test::RandomExpression;

namespace {

/// Whether every number in the point's enclosure is the expected one to 10^-digits.
bool is_at(const SingularPoint& point, const Interval& expected, int digits) {
  const Real slack = pow(Real(10), -digits) * std::max(Real(1), abs(upper(expected)));
  return upper(point.at) <= upper(expected) + slack && lower(expected) - slack <= lower(point.at);
}

Interval number(const std::string& text) {
  return evaluate(parse_expression(text), Interval(0));
}

}  // namespace

TEST_CASE("singular points stand where they are known to stand") {
  // The decimal constants are published ones: the real root of x³-x-1 (OEIS A060006), of
  // cos x = x (A003957), of x e^x = 1 (A030178).
  const struct {
    std::string f;
    std::vector<std::pair<std::string, Singularity>> points;
  } cases[] = {
      {"tanh(x)*exp(-x^2)", {}},
      {"abs(x-sqrt(2))", {{"sqrt(2)", Singularity::kink}}},
      {"max(x^2-2, 0)", {{"-sqrt(2)", Singularity::kink}, {"sqrt(2)", Singularity::kink}}},
      {"relu(sin(x))",
       {{"-2*pi", Singularity::kink},
        {"-pi", Singularity::kink},
        {"0", Singularity::kink},
        {"pi", Singularity::kink},
        {"2*pi", Singularity::kink}}},
      {"step(x^3-x-1)", {{"1.324717957244746025960908854478097340734404", Singularity::jump}}},
      {"abs(cos(x)-x)", {{"0.739085133215160641655312087673873404013411", Singularity::kink}}},
      {"sign(x*exp(x)-1)", {{"0.567143290409783872999968662210355549753815", Singularity::jump}}},
      {"abs(exp(x)-2)", {{"log(2)", Singularity::kink}}},
      {"max(sin(x), cos(x), 1/2)*step(x)*step(3-x)",
       {{"0", Singularity::jump},
        {"pi/4", Singularity::kink},
        {"5*pi/6", Singularity::kink},
        {"3", Singularity::jump}}},
      {"max(min(x, 1), -1)", {{"-1", Singularity::kink}, {"1", Singularity::kink}}},
      {"abs(abs(x)-1/3)",
       {{"-1/3", Singularity::kink}, {"0", Singularity::kink}, {"1/3", Singularity::kink}}},
      {"abs(x)*abs(x)", {}},
      {"max(x^2, -1)", {}},
      {"abs(x^2-2*x+1)", {}},
      {"x*step(x)", {{"0", Singularity::kink}}},
      {"step(x)+step(-x)", {}},
      {"log(abs(x))", {{"0", Singularity::branch_point}}},
      {"sqrt(abs(x-pi))", {{"pi", Singularity::branch_point}}},
      {"abs(x)^(-1/4)", {{"0", Singularity::pole}}},
      {"1/(x^2-2)", {{"-sqrt(2)", Singularity::pole}, {"sqrt(2)", Singularity::pole}}},
      {"tan(x/2)", {{"-pi", Singularity::pole}, {"pi", Singularity::pole}}},
      {"sin(x)/x", {{"0", Singularity::removable}}},
      {"x/(exp(x)-1)", {{"0", Singularity::removable}}},
      {"arctan(1/(x-2))", {{"2", Singularity::jump}}},
      {"exp(-1/x^2)", {{"0", Singularity::unknown}}},
      {"he(3)*step(he(3))",
       // That the product vanishes at an irrational point is not seen: no jump is excluded there.
       {{"-sqrt(3)", Singularity::unknown},
        {"0", Singularity::kink},
        {"sqrt(3)", Singularity::unknown}}},
      {"abs(tanh(3*x)-1/2)", {{"log(3)/6", Singularity::kink}}},
      {"relu(x-1/10)-relu(x-0.1)", {}},
      {"log(1+abs(x))", {{"0", Singularity::kink}}},
      {"sign(max(x,0))", {{"0", Singularity::jump}}},
      {"selu(x)", {{"0", Singularity::kink}}},
      {"hard_swish(x)", {{"-3", Singularity::kink}, {"3", Singularity::kink}}},
  };
  constexpr int digits = 40;
  for (const auto& c : cases) {
    CAPTURE(c.f);
    const AnalyticPieces cut = analytic_pieces(parse_expression(c.f), 7, digits);
    REQUIRE(cut.points.size() == c.points.size());
    CHECK(cut.pieces.size() == cut.points.size() + 1);
    const PrecisionScope precision(digits + 20);
    for (std::size_t i = 0; i < c.points.size(); ++i) {
      CAPTURE(c.points[i].first);
      CAPTURE(std::string(to_string(cut.points[i].kind)));
      CHECK(is_at(cut.points[i], number(c.points[i].first), digits));
      CHECK(cut.points[i].kind == c.points[i].second);
      CHECK(cut.points[i].isolated);
    }
  }
}

TEST_CASE("rational singular points are recognised as such") {
  const struct {
    std::string f;
    Rational at;
  } cases[] = {
      {"max(x-1/10, 0)", Rational(1, 10)},
      {"abs(3*x^3-x^2+3*x-1)", Rational(1, 3)},
      {"abs(exp(x)-1)", 0},
      {"sign(log(1+x^2)*x^3)", 0},
      {"abs(sinh(x-5/7))", Rational(5, 7)},
      {"step(x+arctan(x))", 0},
      {"max(exp(x-2), x-1)", 2},
  };
  for (const auto& c : cases) {
    CAPTURE(c.f);
    const AnalyticPieces cut = analytic_pieces(parse_expression(c.f), 10, 30);
    for (const SingularPoint& point : cut.points) {
      CAPTURE(std::string(to_string(point.kind)));
      // max(exp(x-2), x-1) only touches: there the enclosure stays wide, and says so.
      if (point.isolated)
        CHECK(point.exact == c.at);
      else
        CHECK((lower(point.at) <= Real(2) && Real(2) <= upper(point.at)));
    }
    CHECK(cut.points.size() == 1);
  }
}

TEST_CASE("pieces are the function, and analytic") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::total);
    const Expression f = random.draw(5);
    CAPTURE(seed);
    CAPTURE(to_text(f));
    const AnalyticPieces cut = analytic_pieces(f, 4, 25);
    const PrecisionScope precision(60);
    for (std::size_t i = 0; i < cut.pieces.size(); ++i) {
      const Real from = i == 0 ? Real(-4) : upper(cut.points[i - 1].at);
      const Real to = i == cut.points.size() ? Real(4) : lower(cut.points[i].at);
      if (from >= to) continue;
      REQUIRE(cut.pieces[i].f.has_value());
      const Expression& piece = *cut.pieces[i].f;
      CAPTURE(to_text(piece));
      CHECK(cut.pieces[i].analytic);
      for (const double part : {0.01, 0.37, 0.5, 0.99}) {
        const Real at = from + (to - from) * Real(part);
        CAPTURE(at);
        const Interval whole = evaluate(f, Interval(at)), local = evaluate(piece, Interval(at));
        CHECK(overlap(whole, local));
        ComplexBall z;
        arb_set_interval_mpfr(acb_realref(z.get()), at.backend().data(), at.backend().data(), 200);
        evaluate_complex(z.get(), piece, z.get(), true, 200);
        CHECK(acb_is_finite(z.get()));
      }
    }
  }
}

TEST_CASE("no kink is missed: on a fine grid the function never leaves its piece") {
  for (unsigned seed = 500; seed < 560; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::total);
    const Expression f = random.draw(4);
    CAPTURE(seed);
    CAPTURE(to_text(f));
    const AnalyticPieces cut = analytic_pieces(f, 2, 20);
    const PrecisionScope precision(30);
    for (int k = -256; k <= 256; ++k) {
      const Real x = Real(k) / 128;
      std::size_t i = 0;
      while (i < cut.points.size() && upper(cut.points[i].at) < x) ++i;
      if (i < cut.points.size() && lower(cut.points[i].at) <= x) continue;
      CAPTURE(x);
      const Interval difference =
          evaluate(f, Interval(x)) - evaluate(*cut.pieces[i].f, Interval(x));
      CHECK(lower(difference) <= 0);
      CHECK(0 <= upper(difference));
    }
  }
}

TEST_CASE("where the function is not defined the pieces say so, and why") {
  const struct {
    std::string f;
    std::vector<bool> defined;
    std::string reason;
  } cases[] = {
      {"log(x)", {false, true}, "logarithm of a negative number"},
      {"sqrt(1-x^2)", {false, true, false}, "fractional power of a negative number"},
      {"log(sin(x))", {true, false, true, false}, "logarithm of a negative number"},
      {"1/max(x, 0)", {false, true}, "division by zero"},
      {"log(step(x))", {false, true}, "log(0) is undefined"},
      {"sqrt(-1-x^2)", {false}, "fractional power of a negative number"},
      {"x^x", {false, true}, "logarithm of a negative number"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.f);
    const AnalyticPieces cut = analytic_pieces(parse_expression(c.f), 6, 20);
    REQUIRE(cut.pieces.size() == c.defined.size());
    for (std::size_t i = 0; i < c.defined.size(); ++i) {
      CHECK(cut.pieces[i].f.has_value() == c.defined[i]);
      if (!cut.pieces[i].f)
        CHECK(cut.pieces[i].undefined_because.find(c.reason) != std::string::npos);
    }
  }
}

TEST_CASE("what holds beyond the range is told") {
  const auto continues = [](const std::string& text) {
    const AnalyticPieces cut = analytic_pieces(parse_expression(text), 5, 20);
    return cut.left_tail.analytic && cut.right_tail.analytic;
  };
  CHECK(continues("max(x^2-2, 0)"));
  CHECK(continues("abs(exp(x)-x^2)"));
  CHECK(continues("sqrt(exp(x)+exp(-x)-x)"));
  CHECK(continues("log(2+sin(x))"));
  CHECK(!continues("abs(sin(x))"));
  CHECK(!continues("abs(x-20)"));
}

TEST_CASE("zeros that cannot be resolved leave an enclosure that says so") {
  const AnalyticPieces touching = analytic_pieces(parse_expression("abs(1-cos(x))"), 3, 20);
  REQUIRE(touching.points.size() == 1);
  CHECK(!touching.points[0].isolated);
  CHECK(lower(touching.points[0].at) <= 0);
  CHECK(upper(touching.points[0].at) >= 0);
  CHECK(upper(touching.points[0].at) - lower(touching.points[0].at) < Real("1e-12"));

  const AnalyticPieces crowded = analytic_pieces(parse_expression("abs(sin(1/x))"), 1, 10);
  std::size_t isolated = 0;
  for (const SingularPoint& point : crowded.points) {
    isolated += point.isolated;
    if (!point.isolated) CHECK(abs(upper(point.at)) < Real("1e-3"));
  }
  CHECK(isolated > 500);

  const AnalyticPieces hopeless =
      analytic_pieces(parse_expression("abs(sin(x)^2+cos(x)^2-1)"), 3, 20);
  REQUIRE(hopeless.points.size() == 1);
  CHECK(!hopeless.points[0].isolated);
}

TEST_CASE("points come out to as many digits as are asked for") {
  for (const int digits : {1, 15, 60, 400}) {
    CAPTURE(digits);
    const AnalyticPieces cut =
        analytic_pieces(parse_expression("max(x^5-x-1, 0) + abs(cos(x)-x)"), 3, digits);
    const PrecisionScope precision(digits + 30);
    REQUIRE(cut.points.size() == 2);
    for (const SingularPoint& point : cut.points) {
      CHECK(point.isolated);
      CHECK(upper(point.at) - lower(point.at) <= 3 * pow(Real(10), -digits));
    }
    // The ends of the enclosure have different signs.
    const Expression f = parse_expression("cos(x)-x");
    CHECK(evaluate(f, lower(cut.points[0].at)) >= 0);
    CHECK(evaluate(f, upper(cut.points[0].at)) <= 0);
    const Expression g = parse_expression("x^5-x-1");
    CHECK(evaluate(g, lower(cut.points[1].at)) <= 0);
    CHECK(evaluate(g, upper(cut.points[1].at)) >= 0);
  }
  CHECK_THROWS_AS(analytic_pieces(Expression(1), 0, 10), DomainError);
  CHECK_THROWS_AS(analytic_pieces(Expression(1), 1, 0), DomainError);
}
