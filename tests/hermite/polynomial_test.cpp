#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;
using test::contains;
using test::exact;
using test::overlap;
using test::RandomNumbers;

namespace {

Rational factorial(int n) {
  Integer result = 1;
  for (int i = 2; i <= n; ++i) result *= i;
  return Rational(result);
}
Rational binomial(int n, int k) {
  return factorial(n) / (factorial(k) * factorial(n - k));
}
Rational exact_power(const Rational& x, int n) {
  Rational result = 1;
  for (int i = 0; i < n; ++i) result *= x;
  return result;
}

template <class T>
T largest(const std::vector<T>& values) {
  T result(0);
  for (const T& value : values) {
    const T magnitude = value < 0 ? T(-value) : value;
    if (result < magnitude) result = magnitude;
  }
  return result;
}

/// Decimal digits that keep the recurrence up to degree K at x from eating the last 30.
int ample_digits(double x, int max_degree) {
  return 50 + static_cast<int>(std::abs(x) * std::sqrt(max_degree) / std::log(10.0));
}

const int probe_degrees[] = {0, 1, 2, 3, 7, 50, 199, 1000, 4999, 10'000};

}  // namespace

TEST_CASE("Monic Hermite polynomials have the coefficients of DLMF 18.5.19") {
  struct Line {
    int degree;
    std::vector<int> coefficients;  // from x^0 upwards
  };
  const std::vector<Line> table{
      {0, {1}},
      {1, {0, 1}},
      {2, {-1, 0, 1}},
      {3, {0, -3, 0, 1}},
      {4, {3, 0, -6, 0, 1}},
      {5, {0, 15, 0, -10, 0, 1}},
      {6, {-15, 0, 45, 0, -15, 0, 1}},
  };
  RandomNumbers random(41);
  for (int trial = 0; trial < 20; ++trial) {
    const Rational x = random.rational(10);
    const std::vector<Rational> values = monic_hermite_polynomials(x, 6);
    REQUIRE(values.size() == 7);
    for (const Line& line : table) {
      Rational expected = 0;
      for (std::size_t i = 0; i < line.coefficients.size(); ++i)
        expected += line.coefficients[i] * exact_power(x, static_cast<int>(i));
      CAPTURE(x);
      CAPTURE(line.degree);
      CHECK(values[static_cast<std::size_t>(line.degree)] == expected);
    }
  }
}

TEST_CASE("Monic Hermite polynomials equal their explicit sum") {
  RandomNumbers random(42);
  for (int trial = 0; trial < 10; ++trial) {
    const Rational x(random.integer(-50, 50), random.integer(1, 20));
    const std::vector<Rational> values = monic_hermite_polynomials(x, 60);
    for (int k = 0; k <= 60; k += 1 + trial) {
      Rational sum = 0;
      for (int m = 0; 2 * m <= k; ++m) {
        const Rational term = factorial(k) * exact_power(x, k - 2 * m) /
                              (factorial(m) * factorial(k - 2 * m) * exact_power(Rational(2), m));
        sum += m % 2 == 0 ? term : Rational(-term);
      }
      CAPTURE(x);
      CAPTURE(k);
      CHECK(values[static_cast<std::size_t>(k)] == sum);
    }
  }
}

TEST_CASE("Interval Hermite polynomials contain the exact ones") {
  RandomNumbers random(43);
  for (const int digits : {17, 60}) {
    const PrecisionScope scope(digits);
    for (int trial = 0; trial < 10; ++trial) {
      const Rational x(random.integer(-200, 200), random.integer(1, 40));
      const std::vector<Rational> monic = monic_hermite_polynomials(x, 60);
      const std::vector<Interval> values = hermite_polynomials(from_rational<Interval>(x), 60);
      REQUIRE(values.size() == 61);
      for (int k = 0; k <= 60; ++k) {
        const auto i = static_cast<std::size_t>(k);
        CAPTURE(digits);
        CAPTURE(x);
        CAPTURE(k);
        // h_k = He_k / sqrt(k!)
        CHECK(overlap(Interval(values[i] * sqrt(from_rational<Interval>(factorial(k)))),
                      from_rational<Interval>(monic[i])));
        CHECK(overlap(hermite_polynomial(k, from_rational<Interval>(x)), values[i]));
      }
    }
  }
}

TEST_CASE("Interval Hermite polynomials contain the Real ones at twice the digits") {
  RandomNumbers random(44);
  for (int trial = 0; trial < 6; ++trial) {
    const Rational x(random.integer(-500, 500), 100);
    const int max_degree = 300;
    const int digits = ample_digits(5, max_degree);
    const PrecisionScope scope(digits);
    const std::vector<Interval> ranges =
        hermite_polynomials(from_rational<Interval>(x), max_degree);
    const PrecisionScope finer(2 * digits);
    const std::vector<Real> values = hermite_polynomials(from_rational<Real>(x), max_degree);
    for (std::size_t k = 0; k < ranges.size(); ++k) {
      CAPTURE(x);
      CAPTURE(k);
      CHECK(contains(ranges[k], exact(values[k])));
      CHECK(upper(ranges[k]) - lower(ranges[k]) <= Real("1e-30") * largest(values));
    }
  }
}

TEST_CASE("At zero the even degrees follow from factorials and the odd ones vanish") {
  const PrecisionScope scope(60);
  const std::vector<Interval> values = hermite_polynomials(Interval(0), 200);
  for (int n = 0; n <= 100; ++n) {
    CAPTURE(n);
    // h_{2n}(0) = (-1)^n sqrt((2n)!) / (2^n n!)
    Interval expected = sqrt(from_rational<Interval>(factorial(2 * n))) /
                        from_rational<Interval>(exact_power(Rational(2), n) * factorial(n));
    if (n % 2 == 1) expected = -expected;
    CHECK(overlap(values[static_cast<std::size_t>(2 * n)], expected));
    if (n > 0) {
      const Interval& odd = values[static_cast<std::size_t>(2 * n - 1)];
      CHECK(lower(odd) == 0);
      CHECK(upper(odd) == 0);
    }
  }
}

TEST_CASE("Hermite polynomials are orthonormal under the normal density") {
  const PrecisionScope scope(60);
  const int max_degree = 24;
  // The trapezoidal rule of step 1/4 on [-25, 25]: for a polynomial of degree 48 times φ its error
  // is about e^{-2π²·16} = 1e-137, and the tail beyond 25 about 1e-135 · 25^48/24! < 1e-90.
  std::vector<Real> sums((max_degree + 1) * (max_degree + 1), Real(0));
  for (int j = -100; j <= 100; ++j) {
    const Real x = Real(j) / 4;
    const Real weight = exp(Real(-x * x / 2)) / sqrt(Real(2 * pi<Real>())) / 4;
    const std::vector<Real> h = hermite_polynomials(x, max_degree);
    for (std::size_t m = 0; m < h.size(); ++m)
      for (std::size_t n = 0; n < h.size(); ++n) sums[m * h.size() + n] += weight * h[m] * h[n];
  }
  for (std::size_t m = 0; m <= max_degree; ++m)
    for (std::size_t n = 0; n <= max_degree; ++n) {
      CAPTURE(m);
      CAPTURE(n);
      // Rounding: 201 terms of size below E[h_24^2] each, at 60 digits.
      CHECK(abs(Real(sums[m * (max_degree + 1) + n] - (m == n ? 1 : 0))) < Real("1e-55"));
    }
}

TEST_CASE("The addition theorem holds") {
  RandomNumbers random(45);
  const PrecisionScope scope(60);
  for (int trial = 0; trial < 20; ++trial) {
    const Rational x(random.integer(-300, 300), 100), y(random.integer(-300, 300), 70);
    const auto k = static_cast<int>(random.integer(0, 40));
    CAPTURE(x);
    CAPTURE(y);
    CAPTURE(k);
    const std::vector<Interval> h = hermite_polynomials(from_rational<Interval>(x), k);
    Interval sum(0);
    for (int j = 0; j <= k; ++j)
      sum += sqrt(from_rational<Interval>(binomial(k, j) / factorial(k - j))) *
             from_rational<Interval>(exact_power(y, k - j)) * h[static_cast<std::size_t>(j)];
    const Interval direct = hermite_polynomial(k, from_rational<Interval>(x + y));
    CHECK(overlap(direct, sum));
    CHECK(upper(sum) - lower(sum) < Real("1e-30"));
  }
}

TEST_CASE("The derivative of h_k is sqrt(k) h_{k-1}") {
  RandomNumbers random(46);
  const PrecisionScope scope(100);
  const Real step("1e-25");
  for (int trial = 0; trial < 30; ++trial) {
    const Real x = from_rational<Real>(random.rational(5));
    const auto k = static_cast<int>(random.integer(3, 100));
    CAPTURE(x);
    CAPTURE(k);
    const Real slope =
        (hermite_polynomial(k, Real(x + step)) - hermite_polynomial(k, Real(x - step))) /
        (2 * step);
    const Real expected = sqrt(Real(k)) * hermite_polynomial(k - 1, x);
    // Central differences: step²/6 · |h_k'''|, and |h_k'''| <= k^{3/2} e^{x²/4} (Cramér) nearby.
    const Real bound =
        step * step / 6 * pow(Real(k), 1.5) * exp(Real((abs(x) + 1) * (abs(x) + 1) / 4));
    CHECK(abs(Real(slope - expected)) <= bound);
  }
}

TEST_CASE("Mehler's formula sums the series of products") {
  RandomNumbers random(47);
  const PrecisionScope scope(60);
  for (int trial = 0; trial < 10; ++trial) {
    const Real x = from_rational<Real>(random.rational(3)),
               y = from_rational<Real>(random.rational(3));
    const Real rho = from_rational<Real>(Rational(random.integer(-60, 60), 100));
    CAPTURE(x);
    CAPTURE(y);
    CAPTURE(rho);
    const int max_degree = 250;
    const std::vector<Real> hx = hermite_polynomials(x, max_degree);
    const std::vector<Real> hy = hermite_polynomials(y, max_degree);
    Real sum(0), power(1);
    for (std::size_t k = 0; k < hx.size(); ++k, power *= rho) sum += power * hx[k] * hy[k];
    const Real complement = 1 - rho * rho;
    const Real expected =
        exp(Real((2 * rho * x * y - rho * rho * (x * x + y * y)) / (2 * complement))) /
        sqrt(complement);
    // Cramér: |h_k(x)| <= 1.0865 e^{x²/4}.
    const Real tail = 2 * exp(Real((x * x + y * y) / 4)) * abs(power) / (1 - abs(rho));
    CHECK(abs(Real(sum - expected)) <= tail + Real("1e-50"));
  }
}

TEST_CASE("In double every degree up to 10,000 is accurate to K units of rounding of the largest") {
  for (const double x : {0.0, 1e-8, 0.5, -1.25, 3.0, 7.7, -12.0, 20.0, 30.0, 38.0}) {
    const int max_degree = max_supported_degree;
    const std::vector<double> values = hermite_polynomials(x, max_degree);
    const PrecisionScope scope(ample_digits(x, max_degree));
    const std::vector<Real> expected = hermite_polynomials(Real(x), max_degree);
    const Real unit = largest(expected) * std::numeric_limits<double>::epsilon();
    Real worst(0);
    for (std::size_t k = 0; k < values.size(); ++k)
      worst = std::max(worst, Real(abs(Real(values[k] - expected[k]))));
    CAPTURE(x);
    CHECK(worst <= max_degree * unit);
    for (const int k : probe_degrees)
      CHECK(hermite_polynomial(k, x) == values[static_cast<std::size_t>(k)]);
  }
}

TEST_CASE("Hermite functions agree with e^{-x²/4} h_k(x) in high precision, far out too") {
  for (const double x : {0.0, 1.0, -7.5, 37.0, 60.0, -150.0, 199.0, 250.0}) {
    const int max_degree = max_supported_degree;
    const std::vector<double> values = hermite_functions(x, max_degree);
    REQUIRE(values.size() == static_cast<std::size_t>(max_degree) + 1);
    const PrecisionScope scope(ample_digits(x, max_degree));
    const Real weight = exp(Real(-Real(x) * x / 4));
    const std::vector<Real> h = hermite_polynomials(Real(x), max_degree);
    Real worst(0);
    for (std::size_t k = 0; k < values.size(); ++k)
      worst = std::max(worst, Real(abs(Real(values[k] - weight * h[k]))));
    // The recurrence costs K units of rounding, the carried exponent x²/4 of them.
    CAPTURE(x);
    CHECK(worst <= (max_degree + x * x / 4) * std::numeric_limits<double>::epsilon());
  }
}

TEST_CASE("Hermite functions keep their relative accuracy where they are tiny") {
  const double x = 40;
  const std::vector<double> values = hermite_functions(x, 200);
  const PrecisionScope scope(ample_digits(x, 200));
  const std::vector<Real> h = hermite_polynomials(Real(x), 200);
  for (std::size_t k = 0; k < values.size(); ++k) {
    // No zero of h_k comes near x here (they lie within ±2 sqrt(k)): nothing cancels.
    const Real expected = exp(Real(-Real(x) * x / 4)) * h[k];
    CAPTURE(k);
    CHECK(abs(Real(values[k] / expected - 1)) <=
          (2 * static_cast<double>(k) + x * x / 4) * std::numeric_limits<double>::epsilon());
  }
}

TEST_CASE("Hermite functions are finite and small for every finite argument") {
  for (const double x : {300.0, 1e3, -1e10, 1e100, 1e160, -1e300, 1.7e308}) {
    CAPTURE(x);
    const std::vector<double> values = hermite_functions(x, max_supported_degree);
    CHECK(std::all_of(values.begin(), values.end(),
                      [](double value) { return std::abs(value) <= 1.0865; }));
  }
}

TEST_CASE("Degrees outside 0..10000 are refused") {
  for (const int degree : {-1, max_supported_degree + 1, std::numeric_limits<int>::min()}) {
    CAPTURE(degree);
    CHECK_THROWS_AS(hermite_polynomials(0.5, degree), DomainError);
    CHECK_THROWS_AS(hermite_polynomial(degree, 0.5), DomainError);
    CHECK_THROWS_AS(hermite_functions(0.5, degree), DomainError);
    CHECK_THROWS_AS(monic_hermite_polynomials(Rational(1), degree), DomainError);
  }
}

TEST_CASE("A value beyond the range of double, or an argument that is no number, is refused") {
  CHECK_THROWS_AS(hermite_polynomials(100.0, max_supported_degree), NumericalError);
  CHECK_THROWS_AS(hermite_polynomial(max_supported_degree, -100.0), NumericalError);
  for (const double x : {std::nan(""), double(INFINITY), -double(INFINITY)}) {
    CAPTURE(x);
    CHECK_THROWS_AS(hermite_polynomials(x, 5), Error);
    CHECK_THROWS_AS(hermite_polynomial(5, x), Error);
    CHECK_THROWS_AS(hermite_functions(x, 5), DomainError);
  }
}
