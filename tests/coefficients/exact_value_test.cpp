#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include <sigmahat/coefficients/exact_value.hpp>
#include <sigmahat/numeric/errors.hpp>
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

namespace {

using Random = std::mt19937_64;

int uniform(Random& random, int from, int to) {
  return std::uniform_int_distribution<int>(from, to)(random);
}

/// Few different fields, so that many terms are alike.
ExactTerm random_term(Random& random) {
  const int unit = uniform(random, 1, 3);
  const Rational factor(uniform(random, 1, 6), uniform(random, 1, 6));
  ExactTerm term = ExactTerm::root(unit * factor * factor, uniform(random, -1, 1),
                                   Rational(uniform(random, -1, 1), 2));
  if (uniform(random, 0, 1) == 0) term.sign = -1;
  using Function = SpecialValue::Function;
  if (const int kind = uniform(random, 0, 4); kind < 2)
    term.special = SpecialValue{kind == 0 ? Function::erf : Function::arcsin,
                                Rational(uniform(random, 1, 2), 5)};
  return term;
}

std::vector<ExactTerm> random_terms(Random& random, int count) {
  std::vector<ExactTerm> terms;
  for (int i = 0; i < count; ++i) terms.push_back(random_term(random));
  return terms;
}

}  // namespace

TEST_CASE("A sum is the same object in whatever order it is put together") {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<ExactTerm> terms = random_terms(random, 30);
    const ExactValue at_once = ExactValue::sum(terms);
    ExactValue one_by_one;
    for (const ExactTerm& term : terms) one_by_one = one_by_one + ExactValue(term);
    CHECK(one_by_one == at_once);
    std::shuffle(terms.begin(), terms.end(), random);
    CHECK(ExactValue::sum(terms) == at_once);
    CHECK((at_once - ExactValue::sum(terms)).is_zero());
    for (std::size_t i = 0; i < at_once.terms().size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        CHECK_FALSE(rational_ratio(at_once.terms()[i], at_once.terms()[j]));
  }
}

TEST_CASE("Exact values obey the laws of arithmetic, as objects") {
  for (unsigned seed = 101; seed <= 130; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const ExactValue a = ExactValue::sum(random_terms(random, 6));
    const ExactValue b = ExactValue::sum(random_terms(random, 6));
    ExactTerm factor = random_term(random);
    factor.special.reset();
    const Rational r(uniform(random, -9, 9), uniform(random, 1, 9));
    CHECK(a + b == b + a);
    CHECK((a + b) - b == a);
    CHECK(-(-a) == a);
    CHECK(a - b == -(b - a));
    CHECK(r * (a + b) == r * a + r * b);
    CHECK(factor * (a + b) == factor * a + factor * b);
    CHECK(ExactTerm::root(1 / factor.square, -factor.pi_power, -factor.exponent) * (factor * a) ==
          Rational(factor.sign) * a);
  }
}

TEST_CASE("Sums of exact values evaluate to sums of numbers") {
  const PrecisionScope precision(40);
  for (unsigned seed = 201; seed <= 220; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const std::vector<ExactTerm> terms = random_terms(random, 20);
    Interval total(0);
    for (const ExactTerm& term : terms) total += to_interval(ExactValue(term));
    const Interval value = to_interval(ExactValue::sum(terms));
    CHECK(lower(value) <= upper(total));
    CHECK(lower(total) <= upper(value));
  }
}

TEST_CASE("Roots of different squarefree parts stay apart, others are merged") {
  // 8 = 2·2², 18 = 2·3², and no factor of the large square is ever looked for
  CHECK(ExactValue::root(8) + ExactValue::root(18) == ExactValue::root(50));
  CHECK((ExactValue::root(2) + ExactValue::root(3)).terms().size() == 2);
  const Integer large = Integer(2) * pow(Integer(10), 400) + 123457;
  const ExactValue root = ExactValue::root(Rational(large));
  CHECK(root + ExactValue::root(Rational(4 * large, 9)) == Rational(5, 3) * root);
}

TEST_CASE("Equality is decided, also between numbers that agree in many digits") {
  const ExactValue pi_value = ExactValue::root(1, 2);
  CHECK(equal(pi_value, Rational(1, 2) * (pi_value + pi_value)));
  CHECK_FALSE(equal(pi_value, ExactValue::rational(Rational(355, 113))));
  for (const int digits : {30, 300, 3000}) {
    CAPTURE(digits);
    const PrecisionScope precision(digits);
    // e^{-1/8}/√(2π) + erf(1)/3 cut off after so many digits
    const ExactValue x = ExactValue::root(Rational(1, 2), -1, Rational(-1, 4)) +
                         Rational(1, 3) * ExactValue::error_function(1);
    Rational near;
    const Real cut = lower(to_interval(x));
    mpfr_get_q(near.backend().data(), cut.backend().data());
    CHECK_FALSE(equal(x, ExactValue::rational(near)));
    // and what is left when nearly everything cancels has all its digits
    const PrecisionScope few(20);
    const Interval rest = to_interval(x - ExactValue::rational(near));
    CHECK(upper(rest) - lower(rest) < Real("1e-19") * abs(lower(rest)));
  }
}

TEST_CASE("Sums print with their signs between the terms") {
  const ExactValue mean = ExactValue::root(Rational(1, 2), -1, Rational(-1, 4)) -
                          ExactValue::rational(Rational(1, 4)) +
                          Rational(1, 4) * ExactValue::error_function(Rational(1, 8));
  CHECK(to_text(mean) == "exp(-1/8)/sqrt(2*pi) - 1/4 + erf(1/sqrt(8))/4");
  CHECK(to_text(-mean) == "-exp(-1/8)/sqrt(2*pi) + 1/4 - erf(1/sqrt(8))/4");
  CHECK(to_latex(mean) ==
        "\\frac{e^{-1/8}}{\\sqrt{2 \\pi}} - \\frac{1}{4} + "
        "\\frac{\\operatorname{erf}\\left(\\frac{1}{\\sqrt{8}}\\right)}{4}");
}

TEST_CASE("Arcsines are multiples of pi where they are, and one of every two complements") {
  const auto part_of_pi = [](int top, int bottom) {
    return Rational(top, bottom) * ExactValue::root(1, 2);
  };
  CHECK(ExactValue::arcsine(0).is_zero());
  CHECK(ExactValue::arcsine(Rational(1, 4)) == part_of_pi(1, 6));
  CHECK(ExactValue::arcsine(Rational(-1, 2)) == part_of_pi(-1, 4));
  CHECK(ExactValue::arcsine(Rational(3, 4)) == part_of_pi(1, 3));
  CHECK(ExactValue::arcsine(-1) == part_of_pi(-1, 2));
  CHECK(to_text(ExactValue::arcsine(Rational(9, 25))) == "arcsin(3/5)");
  CHECK(to_text(ExactValue::arcsine(Rational(-2, 9))) == "-arcsin(sqrt(2)/3)");
  CHECK(to_text(ExactValue::arcsine(Rational(16, 25))) == "pi/2 - arcsin(3/5)");
  CHECK(to_latex(ExactValue::arcsine(Rational(9, 25))) == "\\arcsin\\left(\\frac{3}{5}\\right)");
  CHECK_THROWS_AS(ExactValue::arcsine(Rational(26, 25)), DomainError);

  const PrecisionScope precision(60);
  for (int n = -40; n <= 40; ++n) {
    CAPTURE(n);
    const Rational square = Rational(n * abs(n), 1600);  // of n/40
    const Interval value = to_interval(ExactValue::arcsine(square));
    const Interval sine = sin(value), expected = from_rational<Interval>(Rational(n, 40));
    CHECK(lower(sine) <= upper(expected));
    CHECK(lower(expected) <= upper(sine));
    CHECK(abs(lower(value)) < Real("1.5708"));
  }
}

TEST_CASE("Reduced radicals let the squares of small primes leave the root") {
  const auto text = [](const Rational& square) {
    return to_text(ExactValue::root(square, -1), Radicals::reduced);
  };
  CHECK(text(Rational(1, 48)) == "1/(4*sqrt(3*pi))");
  CHECK(text(Rational(27, 50)) == "3*sqrt(3/(2*pi))/5");
  CHECK(text(Rational(Integer(2) * 997 * 997)) == "997*sqrt(2/pi)");
  CHECK(to_latex(ExactValue::root(12), Radicals::reduced) == "2 \\sqrt{3}");
  CHECK(to_text(ExactValue::arcsine(Rational(8, 25)), Radicals::reduced) == "arcsin(2*sqrt(2)/5)");
  CHECK(to_text(ExactValue::root(12)) == "sqrt(12)");
}

TEST_CASE("The ring holds no product of error functions and no zero monomial") {
  const ExactTerm term = ExactValue::error_function(1).terms()[0];
  CHECK_THROWS_AS(term * term, DomainError);
  CHECK_THROWS_AS(term * ExactValue::error_function(2), DomainError);
  CHECK_THROWS_AS(term * ExactValue::arcsine(Rational(1, 3)), DomainError);
  CHECK_FALSE(product(ExactValue::error_function(1), ExactValue::arcsine(Rational(1, 3))));
  CHECK_THROWS_AS(ExactTerm::root(0), DomainError);
}
