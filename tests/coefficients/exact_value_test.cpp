#include <doctest/doctest.h>

#include <sigmahat/coefficients/closed_form.hpp>
#include <sigmahat/coefficients/exact_value.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

TEST_CASE("Zero is printed and compared as zero whatever it was made from") {
  CHECK(ExactValue::rational(0) == ExactValue::zero());
  CHECK(ExactValue::root(0, 3, Rational(1, 2)) == ExactValue::zero());
  CHECK(Rational(0) * ExactValue::rational(7) == ExactValue::zero());
  CHECK(to_text(ExactValue::zero()) == "0");
  CHECK(to_latex(ExactValue::zero()) == "0");
}

TEST_CASE("Exact values print with the root entire and no nested fractions") {
  CHECK(to_text(ExactValue::rational(Rational(-3, 4))) == "-3/4");
  CHECK(to_text(ExactValue::root(Rational(1, 4), -1)) == "1/(2*sqrt(pi))");
  CHECK(to_text(ExactValue::root(Rational(-1, 48), -1)) == "-1/sqrt(48*pi)");
  CHECK(to_text(ExactValue::root(2)) == "sqrt(2)");
  CHECK(to_text(ExactValue::root(Rational(2, 3))) == "sqrt(2/3)");
  CHECK(to_text(ExactValue::root(9, -2)) == "3/pi");
  CHECK(to_text(ExactValue::root(1, 0, 1)) == "exp(1/2)");
  CHECK(to_latex(ExactValue::root(Rational(-1, 48), -1)) == "-\\frac{1}{\\sqrt{48 \\pi}}");
  CHECK(to_latex(ExactValue::root(Rational(2, 3), 1)) == "\\sqrt{\\frac{2 \\pi}{3}}");
}

TEST_CASE("Exact values evaluate to the elementary functions they name") {
  const PrecisionScope precision(60);
  const auto overlaps = [](const Interval& x, const Interval& y) {
    return lower(x) <= upper(y) && lower(y) <= upper(x);
  };
  const Interval pi_value = pi<Interval>();
  CHECK(overlaps(
      to_interval(ExactValue::root(Rational(-5, 7), 3, Rational(-2, 3))),
      -sqrt(Interval(5 * pi_value * pi_value * pi_value / 7)) * exp(Interval(Interval(-1) / 3))));
  const ExactValue mass = Rational(2) * ExactValue::error_function(Rational(1, 2));
  // 2 erf(1/√2) = 2 P(|x| < 1), by mpmath
  const Interval value = to_interval(mass);
  const Real reference("1.36537898427417179434093018252815168991165");
  CHECK(abs(Real(lower(value) - reference)) < Real("1e-41"));
  CHECK(abs(Real(upper(value) - reference)) < Real("1e-41"));
  CHECK(to_text(mass) == "2*erf(1/sqrt(2))");
}
