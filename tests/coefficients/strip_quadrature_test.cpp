#include <random>

#include <doctest/doctest.h>

#include <sigmahat/activation/expression_ball.hpp>
#include <sigmahat/coefficients/panel_quadrature.hpp>
#include <sigmahat/coefficients/strip_quadrature.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

namespace {

ComplexFunction function_of(const char* text) {
  return [f = parse_expression(text)](acb_ptr value, acb_srcptr z, bool analytic, slong bits) {
    evaluate_complex(value, f, z, analytic, bits);
  };
}

/// With |f(x)| <= e^|x|, roughly and far enough for the functions below.
constexpr GrowthBound exponential{1, 2, 0, 1, 0};

std::optional<QuadratureTable> on_strip(const char* text, Parity parity, int max_degree,
                                        slong bits) {
  return strip_coefficients(function_of(text), parity, exponential,
                            panel_reach(exponential, bits + 4), max_degree, bits);
}

QuadratureTable on_panels(const char* text, int max_degree, slong bits) {
  const int reach = panel_reach(exponential, bits + 4);
  return panel_coefficients(
      {{Ball(Rational(-reach), 64), Ball(Rational(reach), 64), function_of(text)}}, exponential,
      max_degree, bits);
}

bool within(const Ball& x, slong bits) {
  return mag_cmp_2exp_si(arb_radref(x.get()), -bits) <= 0;
}

}  // namespace

TEST_CASE("The strip rule agrees with panels, for functions of each parity") {
  std::mt19937_64 random(7);
  for (const auto& [text, parity] :
       {std::pair{"log(1 + x^2)", Parity::even}, std::pair{"arctan(x)", Parity::odd},
        std::pair{"x/(3 + cos(x))", Parity::odd}, std::pair{"x*sigmoid(2*x)", Parity::none},
        std::pair{"exp(x)/cosh(x)", Parity::none}, std::pair{"sqrt(x^2 + x + 4)", Parity::none}}) {
    const slong bits = std::uniform_int_distribution<int>(30, 220)(random);
    const int degree = std::uniform_int_distribution<int>(0, 150)(random);
    CAPTURE(text);
    CAPTURE(bits);
    CAPTURE(degree);
    const auto strip = on_strip(text, parity, degree, bits);
    REQUIRE(strip);
    const QuadratureTable panels = on_panels(text, degree, bits + 20);
    CHECK(arb_overlaps(strip->second_moment.get(), panels.second_moment.get()));
    CHECK(within(strip->second_moment, bits));
    for (std::size_t k = 0; k < panels.coefficients.size(); ++k) {
      CAPTURE(k);
      CHECK(arb_overlaps(strip->coefficients[k].get(), panels.coefficients[k].get()));
      CHECK(within(strip->coefficients[k], bits));
    }
  }
}

TEST_CASE("The strip rule agrees with closed forms and with the rule that corrects for poles") {
  for (const auto& [text, parity] :
       {std::pair{"tanh(x)", Parity::odd}, std::pair{"x*Phi(x)", Parity::none},
        std::pair{"cos(x)", Parity::even}, std::pair{"exp(x)", Parity::none}}) {
    CAPTURE(text);
    const auto strip = on_strip(text, parity, 120, 120);
    REQUIRE(strip);
    const CoefficientTable table = hermite_coefficients(parse_activation(text), 120, 60);
    const PrecisionScope precision(60);
    CHECK(overlap(to_enclosure(strip->second_moment, Status::certified), table.second_moment));
    for (std::size_t k = 0; k < strip->coefficients.size(); ++k) {
      CAPTURE(k);
      CHECK(overlap(to_enclosure(strip->coefficients[k], Status::certified),
                    table.coefficients[k].enclosure));
      CHECK(within(strip->coefficients[k], 120));
    }
  }
}

TEST_CASE("A parity halves the nodes and changes nothing else") {
  const auto folded = on_strip("log(1 + x^2)", Parity::even, 40, 100);
  const auto whole = on_strip("log(1 + x^2)", Parity::none, 40, 100);
  REQUIRE(folded);
  REQUIRE(whole);
  for (std::size_t k = 0; k <= 40; ++k) {
    CAPTURE(k);
    CHECK(arb_overlaps(folded->coefficients[k].get(), whole->coefficients[k].get()));
    if (k % 2 == 1) CHECK(arb_is_zero(folded->coefficients[k].get()));
  }
}

TEST_CASE("No strip is claimed where there is none, or none worth it") {
  CHECK(!on_strip("abs(x)", Parity::even, 10, 60));
  CHECK(!on_strip("arctan(10*x)", Parity::odd, 10, 60));  // branch points at ±i/10
  CHECK(!on_strip("cos(exp(x))", Parity::none, 10, 60));  // |cos(e^{x+iy})| is e^{e^x |sin y|}
}

TEST_CASE("Coefficients keep their digits however large or small the function is") {
  // The same function times a power of ten, which relative bounds must not see.
  const CoefficientTable one = hermite_coefficients(parse_activation("exp(x)*arctan(x)"), 12, 20);
  for (const char* text : {"10^60*exp(x)*arctan(x)", "exp(x)*arctan(x)/10^60"}) {
    CAPTURE(text);
    const CoefficientTable other = hermite_coefficients(parse_activation(text), 12, 20);
    const PrecisionScope precision(40);
    const Real scale = sqrt(other.second_moment.value / one.second_moment.value);
    for (std::size_t k = 0; k <= 12; ++k) {
      CAPTURE(k);
      const Enclosure& c = other.coefficients[k].enclosure;
      CHECK(c.error_bound < Real("1e-20") * sqrt(other.second_moment.value));
      CHECK(abs(c.value / scale - one.coefficients[k].enclosure.value) <
            Real("1e-19") * sqrt(one.second_moment.value));
    }
  }
  // E[e^{40x} tanh(x)²] = e^{800} (1 - E[sech²(x + 40)]), and sech²(t) < 4 e^{-2t}.
  const CoefficientTable steep = hermite_coefficients(parse_activation("exp(20*x)*tanh(x)"), 2, 17);
  const PrecisionScope precision(40);
  CHECK(abs(steep.second_moment.value / exp(Real(800)) - 1) < Real("1e-17"));
}
