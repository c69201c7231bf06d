#include <cmath>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include <sigmahat/numeric/arcsine.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/numeric/scalar.hpp>

using namespace sigmahat;

namespace {

/// (asin(√z)/√z - 1)/z for z > 0.
Real arcsine_quotient(const Real& z) {
  const Real root = sqrt(z);
  return (asin(root) / root - 1) / z;
}

Real polynomial(const Real& z) {
  Real value(0);
  for (std::size_t i = arcsine_coefficients.size(); i-- > 0;)
    value = value * z + Real(arcsine_coefficients[i]);
  return value;
}

/// The doubles in question: dense near 0, 1/2 and 1, and all over; both signs.
std::vector<double> arguments() {
  std::vector<double> x{0, 0.5, std::nextafter(0.5, 1), 1, std::nextafter(1, 0)};
  for (int e = 1; e <= 300; e += 7) x.push_back(std::ldexp(1.37, -e));
  for (int e = 1; e <= 52; ++e) x.push_back(1 - std::ldexp(1.0, -e));
  std::mt19937_64 random(20180215);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int i = 0; i < 20000; ++i) x.push_back(uniform(random));
  const std::size_t count = x.size();
  for (std::size_t i = 0; i < count; ++i) x.push_back(-x[i]);
  return x;
}

}  // namespace

TEST_CASE("The arcsine polynomial is within 2^-57 |x| of the arcsine on all of [0, 1/2]") {
  // z (P - g) with g the series Σ g_k z^k, all g_k > 0 and falling. Cut after degree 60 the series
  // loses less than z^61 on [0, 1/4], and what is left is a polynomial E of degree 61. By Markov's
  // inequality |E'| <= 61²·8 max|E|, so that on a grid of step h, whose points are at most h/2
  // away, max|E| <= max over the grid / (1 - 61²·4 h).
  const PrecisionScope precision(80);
  constexpr int steps = 1 << 15;
  const Real step = Real(1) / (4 * steps);
  const Real cut = pow(Real(0.25), 61);
  Real on_grid(0);
  for (int i = 1; i <= steps; ++i) {
    const Real z = i * step;
    const Real error = abs(Real(z * (polynomial(z) - arcsine_quotient(z))));
    if (error > on_grid) on_grid = error;
  }
  const Real everywhere = (on_grid + cut) / (1 - 61 * 61 * 4 * step) + cut;
  CHECK(everywhere < Real(0x1p-57));
}

TEST_CASE("Arcsines and cosines keep the accuracy that is promised") {
  const PrecisionScope precision(60);
  const std::vector<double> x = arguments();
  std::vector<double> arcsines(x.size()), cosines(x.size());
  arcsines_and_cosines(x.size(), x.data(), arcsines.data(), cosines.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    CAPTURE(x[i]);
    const Real exact(x[i]), arcsine = asin(exact);
    const Real bound = std::abs(x[i]) <= 0.5 ? Real(0x1p-52 * abs(arcsine)) : Real(0x1p-51);
    REQUIRE(abs(Real(arcsines[i] - arcsine)) <= bound);
    const Real cosine = sqrt(Real((1 - exact) * (1 + exact)));
    REQUIRE(abs(Real(cosines[i] - cosine)) <= 0x1p-51 * cosine);
  }
}

TEST_CASE("A number has the same arcsine in every company and in place") {
  const std::vector<double> x = arguments();
  std::vector<double> arcsines(x.size()), cosines(x.size());
  arcsines_and_cosines(x.size(), x.data(), arcsines.data(), cosines.data());
  std::vector<double> places = x, other_cosines(x.size());
  arcsines_and_cosines(x.size() - 3, places.data() + 3, places.data() + 3, other_cosines.data());
  for (std::size_t i = 3; i < x.size(); ++i) {
    CAPTURE(x[i]);
    REQUIRE(places[i] == arcsines[i]);
  }
}

TEST_CASE("Beyond one the arcsine is that of one") {
  const std::vector<double> x{1 + 0x1p-52, -1 - 0x1p-52, 7};
  std::vector<double> arcsines(3), cosines(3);
  arcsines_and_cosines(3, x.data(), arcsines.data(), cosines.data());
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(arcsines[i] == std::copysign(std::asin(1.0), x[i]));
    CHECK(cosines[i] == 0);
  }
}
