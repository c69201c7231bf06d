#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"
#include "../support/reference_data.hpp"

using namespace sigmahat;
using test::contains;
using test::exact;
using test::overlap;
using test::RandomNumbers;

namespace {

/// Every line of the registry and some other parameters.
std::vector<Activation> all_activations() {
  std::vector<Activation> result;
  for (const ActivationEntry& entry : activation_registry())
    result.push_back(parse_activation(entry.example));
  for (const char* text :
       {"leaky_relu(-2/3)", "leaky_relu(1)", "leaky_relu(-1)", "relu_power(0)", "relu_power(1)",
        "relu_power(3)", "hermite(0)", "hermite(1)", "hermite(3)", "hermite(11)"})
    result.push_back(parse_activation(text));
  return result;
}

Interval at(const Activation& activation, const Rational& x) {
  return activation(from_rational<Interval>(x));
}

/// Forward difference of order `order` of σ at start, start+step, ..., divided by step^order.
Real divided_difference(const Activation& activation, const Rational& start, const Rational& step,
                        int order) {
  Real sum(0), binomial(1);
  for (int j = 0; j <= order; ++j) {
    const Real term = binomial * activation(from_rational<Real>(start + j * step));
    sum += (order - j) % 2 == 0 ? term : Real(-term);
    binomial = binomial * (order - j) / (j + 1);
  }
  return sum / pow(from_rational<Real>(abs(step)), order) * (step < 0 && order % 2 == 1 ? -1 : 1);
}

/// The largest jump at x of σ or of one of its first four derivatives, by differences on both
/// sides.
Real jump_at(const Activation& activation, const Rational& x) {
  const Rational step(1, 10'000'000);
  Real result(0);
  for (int order = 0; order <= 4; ++order) {
    const Real right = divided_difference(activation, x + step, step, order);
    const Real left = divided_difference(activation, x - step, -step, order);
    result = std::max(result, Real(abs(Real(right - left))));
  }
  return result;
}

/// E[g(x)], x ~ N(0,1), by Simpson's rule between the kinks and ±15.
template <class Function>
double simpson_expectation(const Function& g, const std::vector<Rational>& kinks) {
  std::vector<double> ends{-15};
  for (const Rational& c : kinks) ends.push_back(from_rational<double>(c));
  ends.push_back(15);
  double sum = 0;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    const int intervals = 20'000;
    const double h = (ends[i + 1] - ends[i]) / intervals;
    const auto value = [&](int j) {
      // A kink is approached from the side of its own piece.
      double x = ends[i] + j * h;
      if (j == 0) x = std::nextafter(x, ends[i + 1]);
      if (j == intervals) x = std::nextafter(ends[i + 1], ends[i]);
      return g(x) * std::exp(-x * x / 2);
    };
    double part = value(0) + value(intervals);
    for (int j = 1; j < intervals; ++j) part += (j % 2 == 1 ? 4 : 2) * value(j);
    sum += part * h / 3;
  }
  return sum / std::sqrt(2 * pi<double>());
}

}  // namespace

TEST_CASE("Activations are the functions whose coefficients the reference data hold") {
  const PrecisionScope scope(30);
  for (const test::ReferenceCoefficients& reference : test::reference_coefficients()) {
    const Activation activation = parse_activation(reference.activation);
    CAPTURE(reference.activation);
    const auto close = [](double value, const Enclosure& expected) {
      const double wanted = from_enclosure<double>(expected);
      return std::abs(value - wanted) <= 1e-10 * std::max(1.0, std::abs(wanted));
    };
    const auto moment = [&](auto g) { return simpson_expectation(g, activation.kinks()); };
    const auto& coefficients = reference.coefficients;
    CHECK(close(moment([&](double x) { return activation(x) * activation(x); }),
                reference.second_moment));
    CHECK(close(moment([&](double x) { return activation(x); }), coefficients.at(0)));
    CHECK(close(moment([&](double x) { return activation(x) * x; }), coefficients.at(1)));
    CHECK(close(moment([&](double x) { return activation(x) * (x * x - 1) / std::sqrt(2.0); }),
                coefficients.at(2)));
  }
}

TEST_CASE("Every line of the registry has reference data") {
  const PrecisionScope scope(30);
  const std::vector<test::ReferenceCoefficients> all = test::reference_coefficients();
  for (const ActivationEntry& entry : activation_registry()) {
    CAPTURE(entry.name);
    CHECK(std::any_of(all.begin(), all.end(), [&](const auto& reference) {
      return reference.activation.substr(0, reference.activation.find('(')) == entry.name;
    }));
  }
}

TEST_CASE("An interval evaluation contains the Real one at twice the digits") {
  RandomNumbers random(51);
  for (const Activation& activation : all_activations()) {
    std::vector<Rational> points = activation.kinks();
    points.insert(points.end(), {0, 1, -1, 30, -30, 200, -200});
    for (int trial = 0; trial < 25; ++trial) points.push_back(random.rational(6));
    for (const Rational& x : points)
      for (const int digits : {5, 17, 50}) {
        CAPTURE(activation.name());
        CAPTURE(x);
        CAPTURE(digits);
        const PrecisionScope scope(digits);
        const Interval range = at(activation, x);
        const PrecisionScope finer(2 * digits);
        // Rounded itself, and its argument before it: some units at twice the digits.
        const Real value = activation(from_rational<Real>(x));
        const Rational tolerance = test::unit_of_rounding(value) * 100'000;
        CHECK(exact(lower(range)) <= exact(value) + tolerance);
        CHECK(exact(value) - tolerance <= exact(upper(range)));
      }
  }
}

TEST_CASE("A wide interval's image contains the images of its points, kinks included") {
  RandomNumbers random(52);
  const PrecisionScope scope(30);
  for (const Activation& activation : all_activations())
    for (int trial = 0; trial < 60; ++trial) {
      // Ends at whole numbers hit the kinks.
      const Rational a = trial % 2 == 0 ? Rational(random.integer(-3, 3)) : random.rational(4);
      const Rational b = trial % 3 == 0 ? Rational(random.integer(-3, 3)) : random.rational(4);
      const Interval argument = hull(from_rational<Interval>(a), from_rational<Interval>(b));
      const Interval image = activation(argument);
      std::vector<Rational> points{a, b, (a + b) / 2, a + (b - a) / 1000};
      for (const Rational& c : activation.kinks())
        if (std::min(a, b) <= c && c <= std::max(a, b)) points.push_back(c);
      for (const Rational& x : points) {
        CAPTURE(activation.name());
        CAPTURE(argument);
        CAPTURE(x);
        CHECK(overlap(image, at(activation, x)));
        const Real value = activation(from_rational<Real>(x));
        // Points of the closed interval, up to their own rounding.
        CHECK(lower(image) <= value + Real("1e-24"));
        CHECK(value - Real("1e-24") <= upper(image));
      }
    }
}

TEST_CASE("The interval evaluation of a point is tight") {
  RandomNumbers random(53);
  const PrecisionScope scope(50);
  for (const Activation& activation : all_activations())
    for (int trial = 0; trial < 20; ++trial) {
      const Rational x = random.rational(5);
      CAPTURE(activation.name());
      CAPTURE(x);
      const Interval range = at(activation, x);
      CHECK(upper(range) - lower(range) <= Real("1e-44"));
    }
}

TEST_CASE("The double evaluation agrees with the Real one") {
  RandomNumbers random(54);
  const PrecisionScope scope(40);
  for (const Activation& activation : all_activations()) {
    if (activation.name() == "hermite(11)")
      continue;  // its terms cancel from 1e5: tested in hermite
    for (int trial = 0; trial < 200; ++trial) {
      const double x = from_rational<double>(random.rational(6));
      CAPTURE(activation.name());
      CAPTURE(x);
      const Real expected = activation(Real(x));
      // The largest intermediate quantity of any of them here is about 1 + x⁴.
      const double scale = 1 + x * x * x * x;
      CHECK(abs(Real(activation(x) - expected)) <=
            8 * scale * std::numeric_limits<double>::epsilon());
    }
  }
}

TEST_CASE("Activations that stay finite do so at the ends of the range of double") {
  for (const char* text : {"relu", "abs", "tanh", "sigmoid", "softplus", "silu", "erf", "gelu",
                           "gaussian", "hard_tanh", "leaky_relu(1/10)", "step", "sign"}) {
    const Activation activation = parse_activation(text);
    for (const double x : {-1e300, -1e5, -800.0, 800.0, 1e5, 1e300}) {
      CAPTURE(text);
      CAPTURE(x);
      CHECK(std::isfinite(activation(x)));
    }
  }
  CHECK(parse_activation("sigmoid")(-800.0) == 0);
  CHECK(parse_activation("sigmoid")(800.0) == 1);
  CHECK(parse_activation("softplus")(800.0) == 800);
  CHECK(parse_activation("silu")(800.0) == 800);
  CHECK(parse_activation("tanh")(-800.0) == -1);
}

TEST_CASE("Jumps take the mean of both sides") {
  for (const int digits : {17, 40}) {
    const PrecisionScope scope(digits);
    CHECK(parse_activation("step")(Real(0)) == Real("0.5"));
    CHECK(parse_activation("sign")(Real(0)) == 0);
    const Interval range = parse_activation("step")(Interval(0));
    CHECK(contains(range, Rational(1, 2)));
  }
  CHECK(parse_activation("step")(0.0) == 0.5);
  CHECK(parse_activation("relu_power(0)")(-0.0) == 0.5);
  CHECK(parse_activation("sign")(0.0) == 0);
}

TEST_CASE("The parity stated is the parity shown, and none means a witness against both") {
  RandomNumbers random(55);
  const PrecisionScope scope(40);
  for (const Activation& activation : all_activations()) {
    bool even = true, odd = true;
    for (int trial = 0; trial < 50; ++trial) {
      const Rational x = random.rational(4);
      const Interval right = at(activation, x), left = at(activation, -x);
      even = even && overlap(right, left);
      odd = odd && overlap(right, Interval(-left));
    }
    CAPTURE(activation.name());
    const Parity expected = even ? Parity::even : odd ? Parity::odd : Parity::none;
    CHECK(to_string(activation.parity()) == to_string(expected));
  }
}

TEST_CASE("The parity agrees with the coefficients that vanish in the reference data") {
  const PrecisionScope scope(30);
  for (const test::ReferenceCoefficients& reference : test::reference_coefficients()) {
    CAPTURE(reference.activation);
    bool even = true, odd = true;
    for (const auto& [degree, value] : reference.coefficients)
      (degree % 2 == 0 ? odd : even) &= value.value == 0;
    const Parity expected = even ? Parity::even : odd ? Parity::odd : Parity::none;
    CHECK(to_string(parse_activation(reference.activation).parity()) == to_string(expected));
  }
}

TEST_CASE("The degree of homogeneity is shown by scaling, and absent where no degree fits") {
  RandomNumbers random(56);
  const PrecisionScope scope(40);
  for (const Activation& activation : all_activations()) {
    std::vector<int> fitting;
    for (int p = 0; p <= 12; ++p) {
      bool fits = true;
      for (int trial = 0; trial < 20; ++trial) {
        const Rational x = random.rational(8);  // beyond every kink
        const Rational r(random.integer(1, 30), 10);
        const Interval scaled = power(from_rational<Interval>(r), p) * at(activation, x);
        fits = fits && overlap(at(activation, r * x), scaled);
      }
      if (fits) fitting.push_back(p);
    }
    CAPTURE(activation.name());
    REQUIRE(fitting.size() <= 1);
    CHECK(activation.homogeneity().has_value() == !fitting.empty());
    if (!fitting.empty()) CHECK(activation.homogeneity() == fitting[0]);
  }
}

TEST_CASE("At a kink one of the first derivatives jumps, and nowhere else") {
  RandomNumbers random(57);
  const PrecisionScope scope(120);
  for (const Activation& activation : all_activations()) {
    const std::vector<Rational> kinks = activation.kinks();
    CHECK(std::is_sorted(kinks.begin(), kinks.end()));
    std::vector<Rational> points{0, 1, -1, 2, -2};
    for (int trial = 0; trial < 5; ++trial) points.push_back(random.rational(3));
    points.insert(points.end(), kinks.begin(), kinks.end());
    for (const Rational& x : points) {
      CAPTURE(activation.name());
      CAPTURE(x);
      // Jumps are multiples of 1/10 here; differences of smooth functions are below 10·1e-7·|σ⁽⁵⁾|.
      const bool kink = std::find(kinks.begin(), kinks.end(), x) != kinks.end();
      CHECK((jump_at(activation, x) > Real("0.05")) == kink);
    }
  }
}

TEST_CASE("Differences beyond the degree of a polynomial vanish, those of its degree do not") {
  const PrecisionScope scope(60);
  const Rational start(-7, 2), step(13, 27);
  for (const Activation& activation : all_activations()) {
    const std::optional<int> degree = activation.polynomial_degree();
    CAPTURE(activation.name());
    if (degree) {
      CHECK(abs(divided_difference(activation, start, step, *degree + 1)) < Real("1e-40"));
      CHECK(abs(divided_difference(activation, start, step, *degree)) > Real("1e-3"));
    } else {
      CHECK(abs(divided_difference(activation, start, step, 16)) > Real("1e-8"));
    }
  }
}
