#include <random>

#include <doctest/doctest.h>

#include <sigmahat/kernel/dual_kernel.hpp>
#include <sigmahat/kernel/exact_kernel.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

namespace {

ExactKernel exact(const std::string& sigma, const std::string& gamma) {
  return make_exact_kernel(parse_activation(sigma), parse_activation(gamma));
}

/// ρ, 1 - ρ and 1 + ρ for ρ = sign(s)·sqrt(|s|).
Correlation<Interval> correlation_of(const Rational& s) {
  const Interval size = sqrt(from_rational<Interval>(abs(s)));
  const Interval rest = from_rational<Interval>(1 - abs(s));
  const Interval small = rest / (1 + size), large = 1 + size;
  return s < 0 ? Correlation<Interval>{Interval(-size), large, small}
               : Correlation<Interval>{size, small, large};
}

Rational random_signed_square(std::mt19937_64& random) {
  const int bottom = std::uniform_int_distribution<int>(1, 12)(random);
  return Rational(std::uniform_int_distribution<int>(-bottom, bottom)(random), bottom);
}

}  // namespace

TEST_CASE("The exact kernel is the number that the dual kernel encloses, to a hundred digits") {
  const PrecisionScope precision(110);
  std::mt19937_64 random(3);
  for (const auto& [sigma, gamma] : {std::pair{"relu", "relu"},
                                     {"leaky_relu(1/10)", "leaky_relu(-3)"},
                                     {"abs", "step"},
                                     {"sign", "relu_power(3)"},
                                     {"relu_power(4)", "relu_power(7)"},
                                     {"relu_power(2) + step(x)", "abs"},
                                     {"gaussian", "gaussian"},
                                     {"exp(-x^2)", "gaussian"},
                                     {"erf", "erf"},
                                     {"gelu", "gelu"},
                                     {"sin", "cos"},
                                     {"cubic", "relu"},
                                     {"hermite(3)", "exp"},
                                     {"quadratic", "gelu"}}) {
    const Activation s = parse_activation(sigma), g = parse_activation(gamma);
    const auto kernel = make_dual_kernel<Interval>(s, g, 110);
    const ExactKernel symbols = make_exact_kernel(s, g);
    REQUIRE(symbols);
    std::vector<Rational> squares{-1, 0, 1, Rational(1, 4), Rational(-3, 4), Rational(9, 25)};
    for (int i = 0; i < 4; ++i) squares.push_back(random_signed_square(random));
    for (const Rational& square : squares) {
      CAPTURE(sigma);
      CAPTURE(gamma);
      CAPTURE(square.str());
      const auto value = symbols(square);
      REQUIRE(value);
      CAPTURE(to_text(*value));
      const Interval digits = to_interval(*value);
      const Interval enclosure = kernel->value(correlation_of(square));
      CHECK(lower(digits) <= upper(enclosure));
      CHECK(lower(enclosure) <= upper(digits));
      CHECK(upper(enclosure) - lower(enclosure) < Real("1e-100"));
    }
  }
}

TEST_CASE("Exponentials and sinusoids are exact at rational correlations alone") {
  const PrecisionScope precision(60);
  for (const auto& [sigma, gamma] :
       {std::pair{"exp", "exp(-x/3)"}, {"sin", "sin(2*x)"}, {"cos", "cos"}}) {
    CAPTURE(sigma);
    const Activation s = parse_activation(sigma), g = parse_activation(gamma);
    const auto kernel = make_dual_kernel<Interval>(s, g, 60);
    const ExactKernel symbols = make_exact_kernel(s, g);
    REQUIRE(symbols);
    for (const Rational& square : {Rational(-1), Rational(0), Rational(4, 9), Rational(-9, 25)}) {
      const auto value = symbols(square);
      REQUIRE(value);
      const Interval digits = to_interval(*value);
      const Interval enclosure = kernel->value(correlation_of(square));
      CHECK(lower(digits) <= upper(enclosure));
      CHECK(lower(enclosure) <= upper(digits));
    }
    CHECK_FALSE(symbols(Rational(1, 2)));
  }
}

TEST_CASE("Identities between activations are identities between exact kernels, as objects") {
  std::mt19937_64 random(4);
  const ExactKernel relu = exact("relu", "relu"), step = exact("step", "step");
  const ExactKernel abs = exact("abs", "abs"), sign = exact("sign", "sign");
  for (int trial = 0; trial < 20; ++trial) {
    const Rational s = random_signed_square(random);
    CAPTURE(s.str());
    // relu(v) - relu(-v) = v, and E[relu(u) v] = ρ/2
    CHECK(*relu(s) - *relu(-s) == ExactValue::root(s / 4));
    // |u| = relu(u) + relu(-u)
    CHECK(*abs(s) == Rational(2) * (*relu(s) + *relu(-s)));
    // sign = 2 step - 1, E[step] = 1/2
    CHECK(*sign(s) == Rational(4) * *step(s) - ExactValue::rational(1));
  }
}

TEST_CASE("Kernels by hand") {
  CHECK(to_text(*exact("relu", "relu")(0)) == "1/(2*pi)");
  CHECK(*exact("relu", "relu")(1) == ExactValue::rational(Rational(1, 2)));
  CHECK(exact("relu", "relu")(-1)->is_zero());
  // (√3/2 + (π - π/3)/2)/(2π)
  CHECK(*exact("relu", "relu")(Rational(1, 4)) ==
        ExactValue::root(Rational(3, 16), -2) + ExactValue::rational(Rational(1, 6)));
  CHECK(*exact("sign", "sign")(Rational(1, 2)) == ExactValue::rational(Rational(1, 2)));
  CHECK(to_text(*exact("erf", "erf")(Rational(9, 25))) == "2*arcsin(2/5)/pi");
  CHECK(to_text(*exact("exp", "exp")(Rational(-1, 4))) == "exp(1/2)");
}

TEST_CASE("Where no closed form is known there is no exact kernel") {
  CHECK_FALSE(exact("tanh", "tanh"));
  CHECK_FALSE(exact("relu", "erf"));
  CHECK_FALSE(exact("hard_tanh", "hard_tanh"));
  CHECK_FALSE(exact("linear", "tanh"));
  CHECK_FALSE(exact("relu_power(21)", "relu"));
}
