#include <random>

#include <doctest/doctest.h>

#include <sigmahat/numeric/eigenvalues.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

TEST_CASE("The eigenvalues of the second difference matrix are 2 - 2cos(jπ/(n+1))") {
  for (const int digits : {17, 50, 200}) {
    const PrecisionScope precision(digits + 10);
    for (const int n : {1, 2, 5, 20}) {
      CAPTURE(digits);
      CAPTURE(n);
      Matrix<Interval> A = Matrix<Interval>::Constant(n, n, Interval(0));
      for (int i = 0; i < n; ++i) {
        A(i, i) = 2;
        if (i > 0) A(i, i - 1) = A(i - 1, i) = -1;
      }
      const std::vector<Interval> eigenvalues = symmetric_eigenvalues(A);
      REQUIRE(eigenvalues.size() == static_cast<std::size_t>(n));
      for (int j = 1; j <= n; ++j) {
        const Interval& found = eigenvalues[static_cast<std::size_t>(j - 1)];
        const Real exact = 2 - 2 * cos(Real(j * pi<Real>() / (n + 1)));
        // Real's own rounding of the formula is below a unit of the last of its ten more digits.
        CHECK(lower(found) - exact <= pow(Real(10), -digits - 8));
        CHECK(exact - upper(found) <= pow(Real(10), -digits - 8));
        CHECK(upper(found) - lower(found) < pow(Real(10), -digits));
      }
    }
  }
}

TEST_CASE("A multiple eigenvalue and a zero one are enclosed") {
  // I - vvᵀ with v = (1, 1, 1, 1)/2: eigenvalues 0, 1, 1, 1.
  const PrecisionScope precision(40);
  Matrix<Interval> A = Matrix<Interval>::Constant(4, 4, Interval(-1) / 4);
  for (int i = 0; i < 4; ++i) A(i, i) += 1;
  const std::vector<Interval> eigenvalues = symmetric_eigenvalues(A);
  for (std::size_t i = 0; i < 4; ++i) {
    const int exact = i == 0 ? 0 : 1;
    CHECK(lower(eigenvalues[i]) <= exact);
    CHECK(exact <= upper(eigenvalues[i]));
    CHECK(upper(eigenvalues[i]) - lower(eigenvalues[i]) < Real("1e-36"));
  }
}

TEST_CASE("The eigenvalues of wide intervals hold those of every matrix within") {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const PrecisionScope precision(30);
  const int n = 6;
  Matrix<Interval> wide(n, n), inside(n, n);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j <= i; ++j) {
      const double middle = uniform(random), radius = 0.01;
      // Not chained: assigned to itself, an Interval of Boost 1.74 turns to NaN.
      const Interval around = make_interval(Real(middle - radius), Real(middle + radius));
      const Interval point(middle + 0.99 * radius * uniform(random));
      wide(i, j) = around;
      wide(j, i) = around;
      inside(i, j) = point;
      inside(j, i) = point;
    }
  const std::vector<Interval> outer = symmetric_eigenvalues(wide);
  const std::vector<Interval> inner = symmetric_eigenvalues(inside);
  for (std::size_t i = 0; i < outer.size(); ++i) {
    CHECK(lower(outer[i]) <= lower(inner[i]));
    CHECK(upper(inner[i]) <= upper(outer[i]));
  }
}

TEST_CASE(
    "In double the eigenvalues are enclosed too, those of wide entries and of large matrices") {
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal;
  const PrecisionScope precision(30);
  for (const int n : {1, 3, 40}) {
    Matrix<Interval> point(n, n), wide(n, n);
    for (int i = 0; i < n; ++i)
      for (int j = 0; j <= i; ++j) {
        const Real middle = Real(normal(random)) / 3;
        const Real radius = Real(1) / 1'000'000;
        const Interval inner(middle),
            outer = make_interval(Real(middle - radius), Real(middle + radius));
        point(i, j) = inner;
        wide(i, j) = outer;
        if (j < i) point(j, i) = inner;
        if (j < i) wide(j, i) = outer;
      }
    const auto precise = symmetric_eigenvalues(point),
               fast = symmetric_eigenvalues_in_double(point),
               loose = symmetric_eigenvalues_in_double(wide);
    REQUIRE(fast.size() == static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < fast.size(); ++i) {
      CAPTURE(n);
      CAPTURE(i);
      CHECK(lower(fast[i]) <= lower(precise[i]));
      CHECK(upper(precise[i]) <= upper(fast[i]));
      CHECK(upper(fast[i]) - lower(fast[i]) < Real("1e-12"));
      CHECK(lower(loose[i]) <= lower(fast[i]));
      CHECK(upper(fast[i]) <= upper(loose[i]));
      CHECK(upper(loose[i]) - lower(loose[i]) < Real(n) * Real("4e-6"));
    }
  }
  // Second differences: 2 - 2cos(jπ/(n+1)), the smallest of them 2e-5 of the largest.
  const int n = 700;
  Matrix<Interval> A = Matrix<Interval>::Constant(n, n, Interval(0));
  for (int i = 0; i < n; ++i) {
    A(i, i) = 2;
    if (i > 0) A(i, i - 1) = A(i - 1, i) = -1;
  }
  const auto found = symmetric_eigenvalues_in_double(A);
  for (int j = 1; j <= n; ++j) {
    const Real exact = 2 - 2 * cos(Real(j * pi<Real>() / (n + 1)));
    const Interval& x = found[static_cast<std::size_t>(j - 1)];
    CHECK(lower(x) <= exact + Real("1e-28"));
    CHECK(exact - Real("1e-28") <= upper(x));
    CHECK(upper(x) - lower(x) < Real("2e-11"));
  }
}
