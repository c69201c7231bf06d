#include <doctest/doctest.h>

#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/numeric/vector_operations.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;
using test::contains;
using test::exact;
using test::RandomNumbers;

namespace {

/// Numbers of 50 bits and very different sizes, exactly the same for every scalar of 17 digits.
Vector<Real> random_vector(RandomNumbers& random, Eigen::Index size) {
  Vector<Real> x(size);
  for (Real& entry : x)
    entry = ldexp(Real(random.integer(-(1LL << 50), 1LL << 50)),
                  static_cast<int>(random.integer(-90, -40)));
  return x;
}
template <Scalar T>
Vector<T> as(const Vector<Real>& x) {
  Vector<T> y(x.size());
  for (Eigen::Index k = 0; k < x.size(); ++k) y[k] = from_rational<T>(exact(x[k]));
  return y;
}
Rational value_of(double x) {
  return Rational(x);
}
Rational value_of(const Real& x) {
  return exact(x);
}
/// 2^-p of the arithmetic.
template <Scalar T>
Rational roundoff() {
  const int bits = std::same_as<T, double> ? 53 : PrecisionScope::bits();
  return Rational(1, Integer(1) << bits);
}

/// n terms, each of at most two roundings and added up with n more, no farther from the exact sum
/// than (n + 3) 2^-p of the sum of their absolute values, to first order; 2 stands for the rest.
template <Scalar T>
void check_sum(const T& computed, const Rational& expected, const Rational& absolute,
               Eigen::Index terms) {
  if constexpr (std::same_as<T, Interval>) {
    CHECK(contains(computed, expected));
    const Rational width = exact(upper(computed)) - exact(lower(computed));
    CHECK(width <= 4 * (terms + 3) * roundoff<T>() * absolute);
  } else {
    CHECK(abs(Rational(value_of(computed) - expected)) <=
          2 * (terms + 3) * roundoff<T>() * absolute);
  }
}

template <Scalar T>
void check_operations(RandomNumbers& random) {
  const auto size = static_cast<Eigen::Index>(random.integer(0, 12));
  const Vector<Real> x = random_vector(random, size), y = random_vector(random, size);
  const Vector<Real> f = random_vector(random, 1);
  const Vector<T> u = as<T>(x), v = as<T>(y);
  Vector<T> moved = v;
  const T factor = as<T>(f)[0];
  add(moved, factor, u);
  Rational product = 0, product_size = 0, apart = 0, together = 0, size_squared = 0;
  for (Eigen::Index k = 0; k < size; ++k) {
    const Rational a = exact(x[k]), b = exact(y[k]), scaled = exact(f[0]) * a;
    check_sum<T>(moved[k], b + scaled, abs(b) + abs(scaled), 1);
    product += a * b;
    product_size += abs(Rational(a * b));
    apart += (a - b) * (a - b);
    together += (a + b) * (a + b);
    size_squared += (abs(a) + abs(b)) * (abs(a) + abs(b));
  }
  check_sum<T>(dot(u, v), product, product_size, size);
  // No cancellation: relative to the distance itself, and a sum of squares is not negative.
  check_sum<T>(squared_distance(u, v), apart, apart, size);
  check_sum<T>(squared_norm_of_sum(u, v), together, together, size);
}

}  // namespace

TEST_CASE_TEMPLATE("Products of vectors are the exact ones but for rounding", T, double, Real,
                   Interval) {
  RandomNumbers random(41);
  for (int trial = 0; trial < 200; ++trial) {
    const int digits = static_cast<int>(random.integer(17, 150));
    CAPTURE(trial);
    CAPTURE(digits);
    const PrecisionScope scope(digits);
    check_operations<T>(random);
  }
}

TEST_CASE("Intervals with width hold the products of all their points") {
  RandomNumbers random(42);
  const PrecisionScope scope(30);
  for (int trial = 0; trial < 200; ++trial) {
    Vector<Interval> u(5), v(5);
    std::vector<Rational> x, y;
    const auto sample = [&](Interval& range, std::vector<Rational>& points) {
      const Rational a = random.rational(3), b = random.rational(3);
      range = hull(from_rational<Interval>(a), from_rational<Interval>(b));
      points.push_back(a + Rational(random.integer(0, 10), 10) * (b - a));
    };
    for (Eigen::Index k = 0; k < 5; ++k) {
      sample(u[k], x);
      sample(v[k], y);
    }
    Rational product = 0, apart = 0, together = 0;
    for (std::size_t k = 0; k < 5; ++k) {
      product += x[k] * y[k];
      apart += (x[k] - y[k]) * (x[k] - y[k]);
      together += (x[k] + y[k]) * (x[k] + y[k]);
    }
    CAPTURE(trial);
    CHECK(contains(dot(u, v), product));
    CHECK(contains(squared_distance(u, v), apart));
    CHECK(contains(squared_norm_of_sum(u, v), together));
    Vector<Interval> moved = u;
    add(moved, v[0], u);
    CHECK(contains(moved[3], Rational(x[3] + y[0] * x[3])));
  }
}
