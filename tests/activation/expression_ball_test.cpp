#include <doctest/doctest.h>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/activation/expression_ball.hpp>
#include <sigmahat/numeric/ball.hpp>
#include <sigmahat/numeric/complex_ball.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/arb_integral.hpp"
#include "../support/random_numbers.hpp"
#include "random_expression.hpp"

using namespace sigmahat;
using sigmahat::test::overlap;
using sigmahat::test::RandomExpression;

namespace {

ComplexBall ball(double re, double im, double radius) {
  ComplexBall z;
  acb_set_d_d(z.get(), re, im);
  mag_t r;
  mag_init(r);
  mag_set_d(r, radius);
  acb_add_error_mag(z.get(), r);
  mag_clear(r);
  return z;
}

ComplexBall value(const Expression& f, const ComplexBall& z, bool analytic, slong bits = 128) {
  ComplexBall result;
  evaluate_complex(result.get(), f, z.get(), analytic, bits);
  return result;
}

bool is_finite(const ComplexBall& z) {
  return acb_is_finite(z.get()) != 0;
}

}  // namespace

TEST_CASE("ball and interval arithmetic agree on the real line") {
  const PrecisionScope precision(40);
  for (unsigned seed = 0; seed < 500; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::total);
    const Expression f = random.draw(6);
    const double at = random.point();
    const Interval interval = evaluate(f, Interval(at));
    const ComplexBall complex = value(f, ball(at, 0, 0), false, 140);
    Ball real;
    arb_set(real.get(), acb_realref(complex.get()));
    CAPTURE(seed);
    CAPTURE(to_text(f));
    CAPTURE(at);
    REQUIRE(is_finite(complex));
    CHECK(arb_contains_zero(acb_imagref(complex.get())));
    const Interval other = to_interval(real);
    CHECK(overlap(interval, other));
  }
}

TEST_CASE("a ball's image holds the images of its points") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::total);
    const Expression f = random.draw(5);
    const double re = random.point(), im = random.point() / 10;
    const ComplexBall image = value(f, ball(re, im, 0.0625), false);
    CAPTURE(seed);
    CAPTURE(to_text(f));
    CAPTURE(re);
    CAPTURE(im);
    if (!is_finite(image)) continue;
    for (const double shift : {-0.0625, -0.02, 0.03, 0.0625}) {
      const ComplexBall point = value(f, ball(re + shift, im - shift, 0), false);
      CHECK(acb_overlaps(image.get(), point.get()));
    }
  }
}

TEST_CASE("where the image is called analytic the mean over a circle is the value at its centre") {
  // Cauchy: holds for analytic functions only, and fails across a kink or a cut.
  constexpr int points = 64;
  int analytic = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::total);
    const Expression f = random.draw(5);
    const double re = random.point(), im = random.point() / 4, radius = 0.05;
    if (!is_finite(value(f, ball(re, im, 2 * radius), true))) continue;
    ++analytic;
    ComplexBall mean;
    for (int j = 0; j < points; ++j) {
      const double angle = 2 * pi<double>() * j / points;
      const ComplexBall z = ball(re + radius * std::cos(angle), im + radius * std::sin(angle), 0);
      acb_add(mean.get(), mean.get(), value(f, z, false).get(), 128);
    }
    acb_div_ui(mean.get(), mean.get(), points, 128);
    const ComplexBall centre = value(f, ball(re, im, 0), false);
    acb_sub(mean.get(), mean.get(), centre.get(), 128);
    // |f| on the disc of twice the radius bounds the aliased Taylor terms by M 2^-64.
    const ComplexBall disc = value(f, ball(re, im, 2 * radius), false);
    Ball bound, defect;
    acb_abs(bound.get(), disc.get(), 64);
    acb_abs(defect.get(), mean.get(), 64);
    // The points' coordinates are rounded to doubles: 1e-16 relative, times a derivative of M/r.
    arb_mul_ui(bound.get(), bound.get(), 1000, 64);
    arb_add_ui(bound.get(), bound.get(), 1, 64);
    arb_mul_2exp_si(bound.get(), bound.get(), -50);
    CAPTURE(seed);
    CAPTURE(to_text(f));
    CAPTURE(re);
    CAPTURE(im);
    CHECK(!arb_gt(defect.get(), bound.get()));
  }
  CHECK(analytic > 100);
}

TEST_CASE("kinks, cuts and poles make an analytic image non-finite") {
  const struct {
    std::string text;
    double re, im, radius;
    bool analytic;
  } cases[] = {
      {"abs(x)", 0, 0, 0.1, false},        {"abs(x)", 1, 0, 0.1, true},
      {"abs(x)", 0, 1, 0.1, false},        {"max(x, 0)", 0.05, 0, 0.1, false},
      {"max(x, 0)", -1, 3, 0.1, true},     {"min(x^2, 1)", 1, 0, 0.1, false},
      {"sign(x)", 0, 0, 0.1, false},       {"step(x-1)", 1, 0, 0.1, false},
      {"log(x)", -1, 0, 0.1, false},       {"log(x)", 1, 0, 0.1, true},
      {"sqrt(x)", -1, 0, 0.1, false},      {"sqrt(x)", 0, 0, 0.1, false},
      {"1/sqrt(x)", -1, 0, 0.1, false},    {"x^(1/3)", -1, 0, 0.1, false},
      {"x^(1/3)", 1, 0, 0.1, true},        {"1/x", 0, 0, 0.1, false},
      {"1/(1+x^2)", 0, 1, 0.1, false},     {"arctan(x)", 0, 1.5, 0.1, false},
      {"arctan(x)", 0, -1.5, 0.1, false},  {"arctan(x)", 0, 0.5, 0.1, true},
      {"arctan(x)", 1, 1.5, 0.1, true},    {"arcsinh(x)", 0, 2, 0.1, false},
      {"arcsinh(x)", 0.5, 2, 0.01, true},  {"tanh(x)", 0, 1.6, 0.1, false},
      {"tan(x)", 1.6, 0, 0.1, false},      {"sigmoid(x)", 0, 3.1, 0.1, false},
      {"softplus(x)", 0, 3.1, 0.1, false}, {"softplus(x)", 3, 3.1, 0.1, true},
      {"softplus(x)", 3, 1, 0.1, true},    {"softplus(x)", -3, 6, 0.1, true},
      {"gelu(x)", 0, 5, 0.5, true},        {"x^5*exp(-x^2)*erfc(x)", 0, 0, 1, true},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CAPTURE(c.re);
    CAPTURE(c.im);
    CHECK(is_finite(value(parse_expression(c.text), ball(c.re, c.im, c.radius), true)) ==
          c.analytic);
  }
}

TEST_CASE("without the analytic flag both sides of a cut are enclosed") {
  const Expression f = parse_expression("abs(x) + step(x)");
  const ComplexBall both = value(f, ball(0, 0, 0.25), false);
  REQUIRE(is_finite(both));
  CHECK(acb_contains(both.get(), value(f, ball(0.2, 0, 0), false).get()));
  CHECK(acb_contains(both.get(), value(f, ball(-0.2, 0, 0), false).get()));
}

TEST_CASE("the integrator of Arb takes an expression as its integrand") {
  // E[max(x-1,0)] = φ(1) - Φ(-1), with the kink as an end point.
  const Expression f = parse_expression("max(x-1, 0)*phi(x)");
  const slong bits = 200;
  const auto integral_over = [&](double from, double to) {
    return test::arb_integral([&](acb_ptr value_of, acb_srcptr z, bool analytic,
                                  slong b) { evaluate_complex(value_of, f, z, analytic, b); },
                              from, to, bits, bits);
  };
  Ball total = integral_over(-20, 1);
  arb_add(total.get(), total.get(), integral_over(1, 20).get(), bits);
  const PrecisionScope precision(60);
  const Interval exact = evaluate(parse_expression("phi(1) - Phi(-1)"), Interval(0));
  const Interval integral = to_interval(total);
  // What lies beyond 20 is less than e^{-200}.
  CHECK(abs(upper(Interval(integral - exact))) < Real("1e-55"));
  CHECK(abs(lower(Interval(integral - exact))) < Real("1e-55"));
}
