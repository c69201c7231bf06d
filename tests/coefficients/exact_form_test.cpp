#include <cmath>
#include <random>

#include <doctest/doctest.h>

#include <sigmahat/coefficients/exact_form.hpp>
#include <sigmahat/coefficients/panel_quadrature.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/complex_ball.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

namespace {

using Random = std::mt19937_64;

const ExactForm x(Polynomial{0, 1});

ExactForm number(const Rational& value) {
  return value == 0 ? ExactForm() : ExactForm(ExactTerm::rational(value));
}
ExactForm exponential(const Rational& sharpness, const Rational& rate) {
  return ExactForm::exponential(sharpness, rate);
}
/// f to the left of c, g to the right.
ExactForm split(const ExactForm& f, const Rational& c, const ExactForm& g) {
  return f + ExactForm::step(c) * (g - f);
}
ExactForm shifted_relu(const Rational& c) {
  return split({}, c, x - number(c));
}

std::vector<ExactValue> coefficients(const ExactForm& f, int max_degree) {
  const auto values = exact_coefficients(f, max_degree);
  REQUIRE(values);
  return *values;
}

int uniform(Random& random, int from, int to) {
  return std::uniform_int_distribution<int>(from, to)(random);
}

Rational random_rational(Random& random, int largest, int denominators) {
  const int denominator = uniform(random, 1, denominators);
  return Rational(uniform(random, -largest * denominator, largest * denominator), denominator);
}

Polynomial random_polynomial(Random& random, int max_degree) {
  Polynomial p(static_cast<std::size_t>(uniform(random, 0, max_degree)) + 1);
  for (Rational& coefficient : p) coefficient = random_rational(random, 3, 4);
  while (!p.empty() && p.back() == 0) p.pop_back();
  return p;
}

ExactTerm random_scale(Random& random) {
  const Rational value = random_rational(random, 3, 5);
  return ExactTerm::root(value == 0 ? Rational(1) : value, uniform(random, -2, 2),
                         random_rational(random, 2, 3));
}

/// Polynomials times exponentials that are square integrable, on up to four pieces.
ExactForm random_piecewise(Random& random) {
  const std::vector<Rational> sharpness{0, 0, Rational(1, 2), 1, 3, Rational(-1, 4)};
  const auto piece = [&] {
    ExactForm sum;
    for (int terms = uniform(random, 1, 2); terms > 0; --terms) {
      const auto choice = static_cast<std::size_t>(uniform(random, 0, 5));
      sum = sum + ExactForm(random_scale(random)) * ExactForm(random_polynomial(random, 3)) *
                      exponential(sharpness[choice], random_rational(random, 1, 3));
    }
    return sum;
  };
  ExactForm f = piece();
  for (int breaks = uniform(random, 0, 3); breaks > 0; --breaks)
    f = split(f, random_rational(random, 2, 6), piece());
  return f;
}

/// Waves and smooth steps, times polynomials and what else is allowed.
ExactForm random_smooth(Random& random) {
  const ExactForm wave = uniform(random, 0, 1) == 0
                             ? ExactForm::sine(random_rational(random, 3, 4))
                             : ExactForm::cosine(random_rational(random, 3, 4));
  const ExactForm step = ExactForm::error_function(
      Rational(uniform(random, 1, 8), uniform(random, 1, 4)), random_rational(random, 2, 3));
  return wave * exponential(Rational(uniform(random, 0, 3), 2), 0) *
             ExactForm(random_polynomial(random, 2)) +
         ExactForm(random_scale(random)) * ExactForm(random_polynomial(random, 2)) * step *
             exponential(Rational(uniform(random, -1, 3), 3), random_rational(random, 1, 3));
}

Interval root_of(int k) {
  return sqrt(Interval(k));
}

// An independent evaluation of forms, for the quadrature.

void evaluate(acb_ptr value, const FormTerm& term, acb_srcptr z, slong bits) {
  ComplexBall factor, argument;
  const auto add_real = [&](acb_ptr to, const Rational& number) {
    arb_add(acb_realref(to), acb_realref(to), Ball(number, bits).get(), bits);
  };
  const auto multiply = [&] { acb_mul(value, value, factor.get(), bits); };
  acb_zero(value);
  for (auto c = term.polynomial.rbegin(); c != term.polynomial.rend(); ++c) {
    acb_mul(value, value, z, bits);
    add_real(value, *c);
  }
  acb_mul_arb(argument.get(), z, Ball(-term.shape.sharpness / 2, bits).get(), bits);
  add_real(argument.get(), term.shape.rate);
  acb_mul(argument.get(), argument.get(), z, bits);
  acb_exp(factor.get(), argument.get(), bits);
  multiply();
  if (term.shape.wave) {
    acb_mul_arb(argument.get(), z, Ball(term.shape.wave->frequency, bits).get(), bits);
    if (term.shape.wave->phase == Wave::Phase::sine)
      acb_sin(factor.get(), argument.get(), bits);
    else
      acb_cos(factor.get(), argument.get(), bits);
    multiply();
  }
  for (const SmoothStep& step : term.shape.steps) {
    Ball slope(step.slope_square, bits);
    arb_sqrt(slope.get(), slope.get(), bits);
    acb_set(argument.get(), z);
    add_real(argument.get(), step.shift);
    acb_mul_arb(argument.get(), argument.get(), slope.get(), bits);
    acb_hypgeom_erf(factor.get(), argument.get(), bits);
    multiply();
  }
  const PrecisionScope precision(static_cast<int>(static_cast<double>(bits) / 3.3) + 2);
  acb_mul_arb(value, value, Ball(to_interval(ExactValue(term.scale))).get(), bits);
}

ComplexFunction function_of(const ExactForm::Piece& piece) {
  return [piece](acb_ptr value, acb_srcptr z, bool, slong bits) {
    ComplexBall sum, part;
    for (const FormTerm& term : piece) {
      evaluate(part.get(), term, z, bits);
      acb_add(sum.get(), sum.get(), part.get(), bits);
    }
    acb_set(value, sum.get());
  };
}

/// A bound beyond all breakpoints, from the triangle inequality.
GrowthBound growth_of(const ExactForm& f) {
  GrowthBound growth;
  double sum = 1;
  for (const Rational& c : f.breakpoints())
    growth.from = std::max(growth.from, std::abs(from_rational<double>(c)) + 1);
  for (const ExactForm::Piece* piece : {&f.pieces().front(), &f.pieces().back()}) {
    for (const FormTerm& term : *piece) {
      double magnitude = 0;
      for (const Rational& c : term.polynomial) magnitude += std::abs(from_rational<double>(c));
      sum += magnitude * std::abs(upper(to_interval(ExactValue(term.scale))).convert_to<double>());
      growth.power = std::max(growth.power, static_cast<double>(term.polynomial.size()));
      growth.linear = std::max(growth.linear, std::abs(from_rational<double>(term.shape.rate)));
      growth.quadratic =
          std::max(growth.quadratic, -from_rational<double>(term.shape.sharpness) / 2);
    }
  }
  growth.log_scale = std::log(sum) + 0.1;
  return growth;
}

QuadratureTable integrate(const ExactForm& f, int max_degree, slong bits) {
  const GrowthBound growth = growth_of(f);
  const int reach = panel_reach(growth, bits + 4);
  std::vector<Rational> ends{-reach};
  ends.insert(ends.end(), f.breakpoints().begin(), f.breakpoints().end());
  ends.emplace_back(reach);
  std::vector<IntegrandPiece> pieces;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i)
    pieces.push_back(
        {Ball(ends[i], 2 * bits), Ball(ends[i + 1], 2 * bits), function_of(f.pieces()[i])});
  return panel_coefficients(pieces, growth, max_degree, bits);
}

void check_against_quadrature(const ExactForm& f) {
  const int max_degree = 24;
  const slong bits = 150;  // 45 digits
  const PrecisionScope precision(60);
  const QuadratureTable table = integrate(f, max_degree, bits);
  const std::vector<Interval> values = to_intervals(coefficients(f, max_degree));
  for (int k = 0; k <= max_degree; ++k) {
    CAPTURE(k);
    const Ball& ball = table.coefficients[static_cast<std::size_t>(k)];
    CHECK(mag_cmp_2exp_si(arb_radref(ball.get()), -140) < 0);
    CHECK(overlap(to_enclosure(ball, Status::certified),
                  to_enclosure(values[static_cast<std::size_t>(k)], Status::exact)));
  }
  if (const auto moment = exact_second_moment(f))
    CHECK(overlap(to_enclosure(table.second_moment, Status::certified),
                  to_enclosure(*moment, Status::exact)));
}

}  // namespace

TEST_CASE("Shifted steps and ReLUs are those of MATH.md 2") {
  Random random(1);
  for (int trial = 0; trial < 20; ++trial) {
    const Rational c = random_rational(random, 3, 12);
    CAPTURE(to_text(c));
    const int highest = 40;
    const std::vector<Rational> he = monic_hermite_polynomials(c, highest);
    // φ(c) He_{k-j}(c)/√k!, which is φ(c) h_{k-j}(c)/√(k (k-1) ... (k-j+1))
    const auto boundary = [&](int k, int j) {
      const Rational& value = he[static_cast<std::size_t>(k - j)];
      Rational square = value * value / 2;
      for (int i = 2; i <= k; ++i) square /= i;
      return ExactValue::root(value < 0 ? -square : square, -1, -c * c);
    };
    const Rational half(1, 2);
    const ExactValue tail =  // Φ(-c)
        ExactValue::rational(half) -
        half * ExactValue::error_function((c < 0 ? -1 : 1) * c * c / 2);
    const std::vector<ExactValue> step = coefficients(ExactForm::step(c), highest);
    const std::vector<ExactValue> relu = coefficients(shifted_relu(c), highest);
    CHECK(step[0] == tail);
    CHECK(relu[0] == boundary(0, 0) - c * tail);
    CHECK(relu[1] == tail);
    for (int k = 1; k <= highest; ++k) {
      CAPTURE(k);
      CHECK(step[static_cast<std::size_t>(k)] == boundary(k, 1));
      if (k >= 2) CHECK(relu[static_cast<std::size_t>(k)] == boundary(k, 2));
    }
  }
}

TEST_CASE("What the issue writes down comes out as it is written") {
  const std::vector<ExactValue> values = coefficients(shifted_relu(Rational(1, 2)), 0);
  CHECK(to_text(values[0]) == "exp(-1/8)/sqrt(2*pi) - 1/4 + erf(1/sqrt(8))/4");
}

TEST_CASE("Random piecewise functions agree with rigorous quadrature") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    check_against_quadrature(random_piecewise(random));
  }
}

TEST_CASE("Random waves and smooth steps agree with rigorous quadrature") {
  for (unsigned seed = 101; seed <= 108; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    check_against_quadrature(random_smooth(random));
  }
}

TEST_CASE("Functions that people use agree with rigorous quadrature") {
  const ExactForm phi = exponential(1, 0) * ExactForm(ExactTerm::root(Rational(1, 2), -1));
  const ExactForm cdf =
      number(Rational(1, 2)) * (number(1) + ExactForm::error_function(Rational(1, 2), 0));
  const ExactForm hat = split(split(split({}, -1, x + number(1)), 0, number(1) - x), 1, {});
  const ExactForm relu = shifted_relu(Rational(1, 2));
  const ExactForm hard_sigmoid =
      split(split({}, -3, number(Rational(1, 6)) * x + number(Rational(1, 2))), 3, number(1));
  const std::vector<ExactForm> functions{
      x * cdf,
      phi * (x * x * x - x),
      exponential(0, 1) - exponential(0, -1),
      x * ExactForm::sine(1),
      // x² erf(x/3 - 1)
      x * x * ExactForm::error_function(Rational(1, 9), -3),
      relu * relu * relu,
      split(number(1) - x, 1, x - number(1)) - split(-x - number(1), -1, x + number(1)),
      split(exponential(0, 1), 0, exponential(0, -1)),
      hat,
      split(split({}, 0, x), 6, number(6)),
      hard_sigmoid,
      x * hard_sigmoid,
      split(exponential(0, 1) - number(1), 0, x),
      // e^{x²/3} between -1 and 1, where it is allowed to grow
      split(split({}, -1, exponential(Rational(-2, 3), 0)), 1, {}),
  };
  for (std::size_t i = 0; i < functions.size(); ++i) {
    CAPTURE(i);
    check_against_quadrature(functions[i]);
    // x² erf(x/3 - 1) squared needs a bivariate normal distribution, e^{x²/3} squared an erfi.
    CHECK(exact_second_moment(functions[i]).has_value() == (i != 4 && i != 13));
  }
}

TEST_CASE("The sum of two functions has the sum of their coefficients") {
  for (unsigned seed = 201; seed <= 210; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const ExactForm f = random_piecewise(random), g = random_piecewise(random);
    const auto a = coefficients(f, 15), b = coefficients(g, 15), sum = coefficients(f + g, 15);
    for (std::size_t k = 0; k <= 15; ++k) CHECK(a[k] + b[k] == sum[k]);
  }
}

TEST_CASE("Multiplication by x is the three-term recurrence of the Hermite polynomials") {
  for (unsigned seed = 301; seed <= 310; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const ExactForm f = seed % 2 == 0 ? random_piecewise(random) : random_smooth(random);
    const auto a = coefficients(f, 16), b = coefficients(x * f, 15);
    for (std::size_t k = 0; k <= 15; ++k) {
      ExactValue expected = ExactTerm::root(Rational(k + 1)) * a[k + 1];
      if (k > 0) expected = expected + ExactTerm::root(Rational(k)) * a[k - 1];
      CHECK(b[k] == expected);
    }
  }
}

TEST_CASE("Ladder: the derivative and the jumps give the coefficients (MATH.md 2)") {
  for (unsigned seed = 401; seed <= 410; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const ExactForm f = random_piecewise(random);
    std::vector<ExactForm::Piece> slopes;
    for (const ExactForm::Piece& piece : f.pieces()) {
      slopes.emplace_back();
      for (FormTerm term : piece) {
        const Polynomial outer{term.shape.rate, -term.shape.sharpness};
        term.polynomial = sum(derivative(term.polynomial), product(term.polynomial, outer));
        slopes.back().push_back(term);
      }
    }
    const int highest = 20;
    const auto a = coefficients(f, highest);
    const auto b = coefficients(ExactForm(f.breakpoints(), slopes), highest);
    for (int k = 1; k <= highest; ++k) {
      CAPTURE(k);
      ExactValue expected = b[static_cast<std::size_t>(k) - 1];
      for (std::size_t i = 0; i < f.breakpoints().size(); ++i) {
        const Rational& c = f.breakpoints()[i];
        // φ(c) h_{k-1}(c)
        const Rational he = monic_hermite_polynomials(c, k - 1).back();
        Rational square = he * he / 2;
        for (int j = 2; j < k; ++j) square /= j;
        if (square == 0) continue;
        const ExactTerm mass = ExactTerm::root(he < 0 ? -square : square, -1, -c * c);
        for (const int side : {1, -1}) {
          for (const FormTerm& term : f.pieces()[side > 0 ? i + 1 : i]) {
            const Rational value = side * value_at(term.polynomial, c);
            if (value == 0) continue;
            // e^{-sc²/2 + βc} as the square root of e^{-sc² + 2βc}
            const ExactTerm jump =
                ExactTerm::root(1, 0, c * (2 * term.shape.rate - c * term.shape.sharpness));
            expected = expected + mass * (jump * (term.scale * (ExactTerm::rational(value))));
          }
        }
      }
      CHECK(a[static_cast<std::size_t>(k)] == ExactTerm::root(Rational(1, k)) * expected);
    }
  }
}

TEST_CASE("An even function has no odd coefficients, an odd one no even ones") {
  for (unsigned seed = 501; seed <= 510; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const ExactForm f = random_piecewise(random);
    std::vector<Rational> breakpoints;
    std::vector<ExactForm::Piece> pieces;
    for (std::size_t i = f.pieces().size(); i-- > 0;) {
      pieces.push_back(f.pieces()[i]);
      for (FormTerm& term : pieces.back()) {
        for (std::size_t j = 1; j < term.polynomial.size(); j += 2)
          term.polynomial[j] = -term.polynomial[j];
        term.shape.rate = -term.shape.rate;
      }
      if (i > 0) breakpoints.push_back(-f.breakpoints()[i - 1]);
    }
    const ExactForm mirrored(breakpoints, pieces);
    const auto even = coefficients(f + mirrored, 15), odd = coefficients(f - mirrored, 15);
    for (std::size_t k = 0; k <= 15; ++k) {
      CAPTURE(k);
      CHECK((k % 2 == 0 ? odd : even)[k].is_zero());
    }
  }
}

TEST_CASE("Parseval holds exactly for polynomials") {
  for (unsigned seed = 601; seed <= 605; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const ExactForm f(random_polynomial(random, 9));
    const auto mean_square = exact_mean(f * f);
    REQUIRE(mean_square);
    ExactValue total;
    for (const ExactValue& value : coefficients(f, 12))
      for (const ExactTerm& term : value.terms()) total = total + ExactValue(term * term);
    CHECK(total == *mean_square);
  }
}

TEST_CASE("Parseval: the squares of an entire function's coefficients add up to its moment") {
  const PrecisionScope precision(50);
  const ExactForm erf_x = ExactForm::error_function(Rational(1, 3), 0);
  const std::vector<ExactForm> functions{
      exponential(0, Rational(2, 3)) * x, ExactForm::cosine(2) * ExactForm::sine(1) + x,
      x * x * erf_x + erf_x, exponential(Rational(1, 2), 1) + exponential(0, -1)};
  for (std::size_t i = 0; i < functions.size(); ++i) {
    CAPTURE(i);
    const auto moment = exact_second_moment(functions[i]);
    REQUIRE(moment);
    Interval rest = *moment;
    for (const Interval& value : to_intervals(coefficients(functions[i], 300)))
      rest -= square(value);
    CHECK(abs(lower(rest)) < Real("1e-40"));
    CHECK(abs(upper(rest)) < Real("1e-40"));
  }
}

TEST_CASE("High degrees of exponential pieces keep every digit that is asked for") {
  // e^{-|x|} and e^{-4|x|}: the parts cancel the more the steeper, and the ladder twice gives
  // σ'' = r² σ - 2r δ, so √(k(k-1)) σ̂_k - r² σ̂_{k-2} + 2r φ(0) h_{k-2}(0) = 0.
  const int highest = 400;
  for (const int rate : {1, 4}) {
    CAPTURE(rate);
    const auto values =
        coefficients(split(exponential(0, rate), 0, exponential(0, -rate)), highest);
    const PrecisionScope precision(40);
    const std::vector<Interval> intervals = to_intervals(values);
    const std::vector<Interval> h = hermite_polynomials(Interval(0), highest);
    const Interval density = 1 / sqrt(Interval(2 * pi<Interval>()));
    for (std::size_t k = 2; k <= highest; k += 2) {
      CAPTURE(k);
      const Interval& c = intervals[k];
      CHECK(upper(c) - lower(c) <= Real("1e-39") * abs(lower(c)));
      const Interval expected = (rate * rate * intervals[k - 2] - 2 * rate * density * h[k - 2]) /
                                (root_of(static_cast<int>(k)) * root_of(static_cast<int>(k) - 1));
      CHECK(lower(c) <= upper(expected));
      CHECK(lower(expected) <= upper(c));
    }
  }
}

TEST_CASE("What has no closed form in the ring is not given one") {
  const ExactForm sine = ExactForm::sine(1), erf_x = ExactForm::error_function(1, 0);
  const std::vector<ExactForm> functions{
      ExactForm::step(0) * sine,
      ExactForm::step(0) * erf_x,
      sine * exponential(0, 1),
      sine * erf_x,
      erf_x * erf_x,
      exponential(Rational(-1, 2), 0),                        // e^{x²/4}
      ExactForm::step(1) * exponential(Rational(-1, 2), -1),  // on half a line
      split(split({}, 0, exponential(-1, 0)), 1, {}),         // e^{x²/2} on [0, 1]
      ExactForm::step(Rational(Integer("123456789"), Integer("987654321"))),
  };
  for (std::size_t i = 0; i < functions.size(); ++i) {
    CAPTURE(i);
    CHECK_FALSE(exact_coefficients(functions[i], max_supported_degree));
  }
  // What breaks the rule on both sides of a breakpoint alike does not break there.
  CHECK(exact_coefficients(split(sine + x, 0, sine), 3));
  CHECK(sine * sine == number(Rational(1, 2)) * (number(1) - ExactForm::cosine(2)));
}

TEST_CASE("Forms are canonical: sums and products in any order are the same object") {
  for (unsigned seed = 701; seed <= 720; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const ExactForm f = random_piecewise(random), g = random_smooth(random),
                    h = random_piecewise(random);
    CHECK((f + g) + h == h + (g + f));
    CHECK((f * g) * h == h * (g * f));
    CHECK(f * (g + h) == f * g + f * h);
    CHECK((f + g) - f == g);
    CHECK((f - f).is_zero());
  }
}
