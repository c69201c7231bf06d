#include <doctest/doctest.h>

#include <sigmahat/activation/weak_derivative.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

TEST_CASE("Every activation of the registry is a tree with the same values") {
  const PrecisionScope precision(30);
  for (const ActivationEntry& entry : activation_registry()) {
    CAPTURE(entry.example);
    const Activation sigma = parse_activation(entry.example);
    const Expression f = to_expression(sigma);
    for (const char* x : {"-2.25", "-0.375", "0.625", "3.5"})
      CHECK(abs(Real(evaluate(f, Real(x)) - sigma(Real(x)))) < Real("1e-25"));
  }
  CHECK(to_text(to_expression(parse_activation("x*tanh(x/2)"))) ==
        parse_activation("x*tanh(x/2)").name());
}

TEST_CASE("A weak derivative is the slope between the kinks") {
  const PrecisionScope precision(60);
  const Real h("1e-20");
  for (const char* name : {"relu", "abs", "leaky_relu(1/10)", "hard_tanh", "tanh", "softplus",
                           "silu", "gelu", "erf", "elu(1)", "mish", "sin", "max(x-1/2,0)"}) {
    CAPTURE(name);
    const Activation sigma = parse_activation(name);
    const auto slope = weak_derivative(sigma);
    REQUIRE(slope);
    for (const char* at : {"-2.25", "-0.375", "0.625", "3.5"}) {
      const Real x(at);
      CHECK(abs(Real((*slope)(x) - (sigma(Real(x + h)) - sigma(Real(x - h))) / (2 * h))) <
            Real("1e-35"));
    }
  }
}

TEST_CASE("What jumps has no weak derivative, and what kinks has one and no second") {
  for (const char* name : {"step", "sign", "hard_shrink(1)"}) {
    CAPTURE(name);
    CHECK_FALSE(weak_derivative(parse_activation(name)));
  }
  for (const char* name : {"relu", "hard_tanh", "triangle", "elu(1/2)"}) {
    CAPTURE(name);
    const auto slope = weak_derivative(parse_activation(name));
    REQUIRE(slope);
    CHECK_FALSE(weak_derivative(*slope));
  }
}
