#include <functional>

#include <doctest/doctest.h>

#include <sigmahat/activation/admissibility.hpp>
#include <sigmahat/activation/expression_ball.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/ball.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../activation/random_expression.hpp"
#include "../support/arb_integral.hpp"

using namespace sigmahat;

namespace {

CoefficientTable table(const std::string& text, int max_degree, int digits) {
  return hermite_coefficients(parse_activation(text), max_degree, digits);
}

const Enclosure& at(const CoefficientTable& t, int k) {
  return t.coefficients[static_cast<std::size_t>(k)].enclosure;
}

}  // namespace

TEST_CASE("An expression that is a built-in activation has its coefficients, in symbols too") {
  for (const auto& [text, name] : {std::pair<std::string, std::string>{"max(x, 0)", "relu"},
                                   {"(x + abs(x))/2", "relu"},
                                   {"x*Phi(x)", "gelu"},
                                   {"he(3)", "hermite(3)"},
                                   {"min(max(x, -1), 1)", "hard_tanh"},
                                   {"exp(-x^2/2)", "gaussian"}}) {
    CAPTURE(text);
    const CoefficientTable written = table(text, 30, 30), named = table(name, 30, 30);
    for (std::size_t k = 0; k <= 30; ++k) {
      CAPTURE(k);
      REQUIRE(written.coefficients[k].exact);
      CHECK(*written.coefficients[k].exact == *named.coefficients[k].exact);
    }
  }
}

TEST_CASE("Linearity: expressions that the exact ring does not hold add up to ones that it does") {
  // tanh + (x² - tanh): the second is integrated on panels, the first by the trapezoidal rule.
  const CoefficientTable rest = table("x^2 - tanh(x)", 20, 40), tanh = table("tanh", 20, 40);
  const CoefficientTable square = table("quadratic", 20, 40);
  const PrecisionScope precision(60);
  for (int k = 0; k <= 20; ++k) {
    CAPTURE(k);
    CHECK(at(rest, k).status == Status::certified);
    const Interval sum = to_interval(at(rest, k)) + to_interval(at(tanh, k));
    CHECK(overlap(to_enclosure(sum, Status::certified), at(square, k)));
  }
}

TEST_CASE("A kink at an irrational point is found: max(x - sqrt(2), 0) (MATH.md 2)") {
  const CoefficientTable t = table("max(x - sqrt(2), 0)", 40, 40);
  const PrecisionScope precision(70);
  const Interval c = sqrt(Interval(2));
  const std::vector<Interval> h = hermite_polynomials(c, 40);
  const Interval density = exp(Interval(-1)) / sqrt(Interval(2 * pi<Interval>()));
  for (int k = 2; k <= 40; ++k) {
    CAPTURE(k);
    const Interval expected =
        density * h[static_cast<std::size_t>(k) - 2] / sqrt(Interval(k * (k - 1)));
    CHECK(overlap(at(t, k), to_enclosure(expected, Status::exact)));
    CHECK(at(t, k).error_bound < Real("1e-40"));
  }
}

TEST_CASE("Enclosures overlap and shrink when more digits are asked for, whatever the expression") {
  for (const std::string text :
       {"log(1+x^2)", "abs(sin(x))", "mish", "elu(1)", "softsign", "sqrt(abs(x))", "squareplus(4)",
        "exp(-abs(x-1/3))", "arctan(x)*step(x-sqrt(3))", "log_cosh"}) {
    CAPTURE(text);
    const CoefficientTable coarse = table(text, 12, 8), fine = table(text, 15, 25);
    const PrecisionScope precision(40);
    CHECK(overlap(coarse.second_moment, fine.second_moment));
    CHECK(fine.parseval_defect().value > 0);
    for (int k = 0; k <= 12; ++k) {
      CAPTURE(k);
      CHECK(overlap(at(coarse, k), at(fine, k)));
      CHECK(at(fine, k).error_bound <= Real("1e-25") * sqrt(fine.second_moment.value));
    }
  }
}

TEST_CASE("Half an activation's derivative: E[log(1 + x^2)] by its integral over the scale") {
  // d/ds E[log(1 + s x²)] = E[x²/(1 + s x²)]; at s = 1 both sides by panels, the left as a central
  // difference of width 1e-8, its error below 1e-15.
  const auto mean = [](const std::string& text) { return at(table(text, 0, 40), 0).value; };
  const PrecisionScope precision(50);
  const Real quotient =
      (mean("log(1 + (1+1e-8)*x^2)") - mean("log(1 + (1-1e-8)*x^2)")) / Real("2e-8");
  CHECK(abs(Real(quotient - mean("x^2/(1+x^2)"))) < Real("1e-15"));
}

TEST_CASE("Parity is read off the tree, and makes coefficients exactly zero") {
  for (const auto& [text, parity] : {std::pair<std::string, Parity>{"softsign", Parity::odd},
                                     {"arctan", Parity::odd},
                                     {"log_cosh", Parity::even},
                                     {"abs(sin(x))", Parity::even},
                                     {"x^3*cos(x)/(1+x^2)", Parity::odd},
                                     {"mish", Parity::none},
                                     {"x^2 + sin(x)", Parity::none}}) {
    CAPTURE(text);
    CHECK(parse_activation(text).parity() == parity);
  }
  const CoefficientTable odd = table("softsign", 6, 20);
  for (const int k : {0, 2, 4, 6}) CHECK(at(odd, k).error_bound == 0);
}

TEST_CASE("What is no activation is refused with the reason") {
  CHECK_THROWS_AS(parse_activation("exp(x^2)"), DomainError);
  CHECK_THROWS_AS(parse_activation("exp(x^2/4)"), DomainError);
  CHECK_THROWS_AS(parse_activation("log(x)"), DomainError);
  CHECK_THROWS_AS(parse_activation("1/x"), DomainError);
  CHECK_THROWS_AS(parse_activation("max(x,"), ParseError);
  CHECK_THROWS_AS(parse_activation("x +"), ParseError);
  CHECK_THROWS_AS(parse_activation("foo(x)"), ParseError);
}

TEST_CASE("Integrable singularities, removable ones and essential ones are certified") {
  struct Known {
    std::string text;
    std::function<Real()> mean, second_moment;
  };
  const auto gamma = [](const Real& x) {
    Real result;
    mpfr_gamma(result.backend().data(), x.backend().data(), MPFR_RNDN);
    return result;
  };
  const auto power_moment = [&](int numerator, int denominator) {  // E|x|^p
    const Real p = Real(numerator) / denominator;
    return Real(pow(Real(2), Real(p / 2)) * gamma(Real((p + 1) / 2)) / sqrt(pi<Real>()));
  };
  const auto euler = [] {
    Real result;
    mpfr_const_euler(result.backend().data(), MPFR_RNDN);
    return result;
  };
  for (const Known& known : {
           Known{"abs(x)^(1/3)", [&] { return power_moment(1, 3); },
                 [&] { return power_moment(2, 3); }},
           Known{"abs(x)^(-1/4)", [&] { return power_moment(-1, 4); },
                 [&] { return power_moment(-1, 2); }},
           // log|x|: the derivatives of E|x|^p at p = 0
           Known{"log(abs(x))", [&] { return Real(-(euler() + log(Real(2))) / 2); },
                 [&] {
                   const Real mean = (euler() + log(Real(2))) / 2;
                   return Real(mean * mean + pi<Real>() * pi<Real>() / 8);
                 }},
           // sin(x)/x = ∫_0^1 cos(tx) dt, its square ∫_0^2 (1 - t/2) cos(tx) dt, and E[cos(tx)] =
           // e^{-t²/2}
           Known{"sin(x)/x",
                 [] {
                   return Real(sqrt(Real(pi<Real>() / 2)) *
                               error_function(Real(1 / sqrt(Real(2)))));
                 },
                 [] {
                   return Real(sqrt(Real(pi<Real>() / 2)) * error_function(Real(sqrt(Real(2)))) -
                               (1 - exp(Real(-2))) / 2);
                 }},
           // E[e^{-s/x²}] = e^{-√(2s)}
           Known{"exp(-1/x^2)", [] { return Real(exp(Real(-sqrt(Real(2))))); },
                 [] { return Real(exp(Real(-2))); }},
       }) {
    CAPTURE(known.text);
    const CoefficientTable t = table(known.text, 4, 30);
    const PrecisionScope precision(60);
    CHECK(t.estimated_because.empty());
    CHECK(at(t, 0).status == Status::certified);
    CHECK(contains(at(t, 0), known.mean()));
    CHECK(contains(t.second_moment, known.second_moment()));
    CHECK(at(t, 0).error_bound < Real("1e-28"));
  }
}

TEST_CASE("Where singular points crowd the bound is wide, and a bound all the same") {
  for (const std::string text : {"sin(1/x)", "cos(exp(x))", "sign(sin(1/x))"}) {
    CAPTURE(text);
    const CoefficientTable coarse = table(text, 3, 8), fine = table(text, 3, 15);
    CHECK(coarse.estimated_because.empty());
    CHECK(overlap(coarse.second_moment, fine.second_moment));
    CHECK(fine.second_moment.error_bound < Real("1e-2"));
    for (int k = 0; k <= 3; ++k) CHECK(overlap(at(coarse, k), at(fine, k)));
  }
}

TEST_CASE("What cannot be proven is called estimated, and the table says where") {
  const CoefficientTable t = table("log(abs(x - sqrt(2)))", 3, 20);
  CHECK(t.estimated_because == "no bound is known near x = 1.41421");
  CHECK(at(t, 1).status == Status::estimated);
  const PrecisionScope precision(40);
  // mpmath 1.2.1, quad on both sides of the singularity at 40 digits
  CHECK(contains(t.second_moment, Real("0.926686946847843105970018551960408304414")));
}

namespace {

/// f(z) h_k(z) φ(z), h_k from its own recurrence in complex balls.
void evaluate_integrand(const Expression& f, int degree, acb_ptr out, acb_srcptr z, bool analytic,
                        slong bits) {
  acb_t h, previous, part;
  acb_init(h);
  acb_init(previous);
  acb_init(part);
  acb_one(h);
  arb_t root;
  arb_init(root);
  for (int k = 0; k < degree; ++k) {
    // √(k+1) h_{k+1} = z h_k - √k h_{k-1}
    arb_sqrt_ui(root, static_cast<ulong>(k), bits);
    acb_mul_arb(previous, previous, root, bits);
    acb_mul(part, z, h, bits);
    acb_sub(part, part, previous, bits);
    arb_sqrt_ui(root, static_cast<ulong>(k) + 1, bits);
    acb_div_arb(part, part, root, bits);
    acb_swap(previous, h);
    acb_swap(h, part);
  }
  acb_mul(part, z, z, bits);
  acb_mul_2exp_si(part, part, -1);
  acb_neg(part, part);
  acb_exp(part, part, bits);
  acb_mul(h, h, part, bits);
  arb_const_pi(root, bits);
  arb_mul_2exp_si(root, root, 1);
  arb_rsqrt(root, root, bits);
  acb_mul_arb(h, h, root, bits);
  evaluate_complex(part, f, z, analytic, bits);
  acb_mul(out, part, h, bits);
  acb_clear(h);
  acb_clear(previous);
  acb_clear(part);
  arb_clear(root);
}

/// σ̂_k by Arb's rigorous integrator on [-X, X], kinks and all; the rest is left to the caller.
Ball integrated(const Expression& f, int degree, int reach, slong bits) {
  return test::arb_integral(
      [&](acb_ptr out, acb_srcptr z, bool analytic, slong precision) {
        evaluate_integrand(f, degree, out, z, analytic, precision);
      },
      -reach, reach, bits, bits + 30);
}

}  // namespace

TEST_CASE("Random expressions agree with a rigorous integrator that is told of no kink") {
  test::RandomExpression random(2026, test::RandomExpression::Kind::total);
  int compared = 0;
  while (compared < 25) {
    const Expression f = random.draw(4);
    if (f.is_constant() || f.node_count() > 40) continue;
    CAPTURE(to_text(f));
    if (admissibility(f).verdict != Admissibility::square_integrable) continue;
    const CoefficientTable t = hermite_coefficients(Activation(to_text(f), f), 5, 12);
    ++compared;
    CHECK(t.estimated_because.empty());
    const PrecisionScope precision(30);
    for (const int k : {0, 1, 5}) {
      CAPTURE(k);
      // |f h_5| <= 20^40 at 20 for trees of this depth: e^{-200} leaves less than 1e-30.
      Enclosure expected = to_enclosure(integrated(f, k, 20, 50), Status::certified);
      expected.error_bound += Real("1e-30");
      CHECK(overlap(at(t, k), expected));
      CHECK(at(t, k).error_bound < Real("1e-12") * (1 + sqrt(t.second_moment.value)));
    }
  }
}

TEST_CASE("Compositions with kinks at irrational points come out certified") {
  for (const std::string text : {"max(x^2 - 2, abs(x) - 1)",
                                 "tanh(max(x, x^3 - pi))",
                                 "abs(erf(x) - 1/3)",
                                 "sqrt(1 + abs(x - e))",
                                 "min(exp(x), 2 - x)",
                                 "sin(x^2)*step(x + sqrt(3))",
                                 "relu(cos(3*x) - 1/2)",
                                 "log(1 + exp(x) + exp(-x))",
                                 "exp(-abs(sin(x)))",
                                 "max(sin(x), cos(x))",
                                 "abs(x^3 - x - 1)^(3/2)",
                                 "arctan(exp(x) - 2)",
                                 "Phi(max(x, x^2 - 1))",
                                 "sigmoid(10*(x^2 - 2))",
                                 "softplus(x^3 - 2*x)/(1 + x^2)",
                                 "sign(x^5 - 4*x + 2)",
                                 "mish(x)*gelu(-x)",
                                 "1/(1 + exp(-x)) - step(x - log(2))",

                                 "min(max(x*tanh(x), 1), 2)",
                                 "cosh(x)^(1/3)",
                                 "exp(x - x^2/8)*abs(x)"}) {
    CAPTURE(text);
    const CoefficientTable t = table(text, 8, 15);
    const PrecisionScope precision(30);
    CHECK(t.estimated_because.empty());
    const Expression f = parse_expression(text);
    for (const int k : {0, 3, 8}) {
      CAPTURE(k);
      Enclosure expected = to_enclosure(integrated(f, k, 24, 40), Status::certified);
      // |f h_8| <= 24^16 e^24 beyond 24, and φ <= e^{-288}.
      expected.error_bound += Real("1e-80");
      CHECK(overlap(at(t, k), expected));
    }
  }
}
