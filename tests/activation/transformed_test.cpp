#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <sigmahat/activation/transformed.hpp>
#include <sigmahat/numeric/errors.hpp>

using namespace sigmahat;

namespace {

const std::vector<Rational> scales{Rational(1, 3), Rational(2), Rational(7, 4), Rational(-1),
                                   Rational(-5, 2)};

/// Every line of the registry, every function known to the grammar alone, and some expressions.
std::vector<Activation> many_activations() {
  std::vector<Activation> result;
  for (const ActivationEntry& entry : activation_registry())
    result.push_back(parse_activation(entry.example));
  for (const NamedFunction& function : named_functions())
    if (function.name != "sqrt")
      result.push_back(
          parse_activation(function.parameters.empty() ? function.name : function.name + "(1)"));
  for (const char* text : {"max(x - 1/2, 0)", "log(1 + x^2)", "0.2*he(2) + 0.1*he(4)",
                           "abs(x - 1)*exp(x/3)", "hermite(7)", "relu_power(0)"})
    result.push_back(parse_activation(text));
  return result;
}

template <class T>
const T& structure(const Activation& activation) {
  REQUIRE(std::holds_alternative<T>(activation.structure()));
  return std::get<T>(activation.structure());
}

}  // namespace

TEST_CASE("The scaled activation at x is the activation at r x") {
  for (const Activation& sigma : many_activations())
    for (const Rational& r : scales) {
      const Activation sigma_r = scaled(sigma, r);
      for (const Rational& x : {Rational(0), Rational(1, 2), Rational(-3, 5), Rational(2)}) {
        CAPTURE(sigma.name());
        CAPTURE(sigma_r.name());
        CAPTURE(x);
        const double expected = sigma(from_rational<double>(r * x));
        CHECK(sigma_r(from_rational<double>(x)) == doctest::Approx(expected).epsilon(1e-12));
      }
    }
}

TEST_CASE("The name of a scaled activation reads back as the same function") {
  for (const Activation& sigma : many_activations())
    for (const Rational& r : scales) {
      const Activation sigma_r = scaled(sigma, r);
      CAPTURE(sigma_r.name());
      const Activation read = parse_activation(sigma_r.name());
      CHECK(read.name() == sigma_r.name());
      CHECK(read.structure().index() == sigma_r.structure().index());
    }
}

TEST_CASE("What has a structure keeps it, with the scale inside") {
  const auto kinked = structure<PiecewisePolynomial>(scaled(parse_activation("hard_tanh"), 3));
  CHECK(kinked.breakpoints == std::vector<Rational>{Rational(-1, 3), Rational(1, 3)});
  CHECK(kinked.pieces == std::vector<Polynomial>{{-1}, {0, 3}, {1}});
  // A negative scale turns the line around.
  const auto mirrored = structure<PiecewisePolynomial>(scaled(parse_activation("relu"), -2));
  CHECK(mirrored.pieces == std::vector<Polynomial>{{0, -2}, {}});
  CHECK(structure<Exponential>(scaled(parse_activation("exp"), Rational(2, 3))).rate ==
        Rational(2, 3));
  CHECK(structure<Sinusoid>(scaled(parse_activation("sin"), 5)).frequency == 5);
  CHECK(structure<Sinusoid>(scaled(parse_activation("cos"), 5)).phase == Sinusoid::Phase::cosine);
  CHECK(structure<GaussianBump>(scaled(parse_activation("gaussian"), Rational(1, 2))).sharpness ==
        Rational(1, 4));
}

TEST_CASE("Scales multiply, and the scale one is none") {
  for (const Activation& sigma : many_activations()) {
    CAPTURE(sigma.name());
    CHECK(scaled(sigma, 1) == sigma);
    CHECK(scaled(scaled(sigma, 2), Rational(3, 4)) == scaled(sigma, Rational(3, 2)));
  }
}

TEST_CASE("What a scale makes constant or no longer square integrable is refused") {
  CHECK_THROWS_WITH_AS(scaled(parse_activation("relu"), 0),
                       "relu scaled by 0 is a constant; expected another scale", DomainError);
  const Activation sigma = parse_activation("exp(x^2/8)");
  CHECK_NOTHROW(scaled(sigma, Rational(7, 5)));
  CHECK_THROWS_AS(scaled(sigma, 2), DomainError);
}
