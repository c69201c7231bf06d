#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include <sigmahat/activation/transformed.hpp>
#include <sigmahat/coefficients/decay.hpp>

using namespace sigmahat;
using Law = DecayFit::Law;

namespace {

std::optional<DecayFit> fit_of(const std::string& name, int max_degree, int digits = 17) {
  return fit_decay(hermite_coefficients(parse_activation(name), max_degree, digits));
}

void check_power(const std::string& name, double p) {
  CAPTURE(name);
  const auto fit = fit_of(name, 1000);
  REQUIRE(fit);
  CHECK(fit->law == Law::power);
  // The next term of the asymptotic series is of relative order 1/k.
  CHECK(fit->p == doctest::Approx(p).epsilon(2.0 / fit->first_degree));
  CHECK(fit->c == 0);
}

/// Where the next term of log |σ̂_k| is `next` k^{-q}, a fit that follows slope and curvature has
/// the errors next k^{-q} in p and next k^{-2q} in c; for q = 1 twice the former.
void check_exponential(const std::string& name, double q, double c, double p, double next) {
  CAPTURE(name);
  const auto fit = fit_of(name, 1000, 60);
  REQUIRE(fit);
  CHECK(fit->law == Law::exponential);
  CHECK(fit->q == q);
  const double size = next * std::pow(fit->first_degree, -q);
  CHECK(std::abs(fit->p - p) < 2 * size);
  CHECK(std::abs(fit->c - c) < size * std::pow(fit->first_degree, -q));
}

}  // namespace

TEST_CASE("A jump of the m-th derivative makes |c_k| fall like k^{-m/2-3/4}") {
  check_power("step", 3 / 4.0);
  check_power("sign", 3 / 4.0);
  check_power("relu", 5 / 4.0);
  check_power("abs", 5 / 4.0);
  check_power("leaky_relu(1/10)", 5 / 4.0);
  check_power("selu", 5 / 4.0);
  check_power("relu_power(2)", 7 / 4.0);
  // Its even coefficients are of the next order, and at degree 1000 the last.
  check_power("elu(1)", 7 / 4.0);
}

TEST_CASE("Poles at distance a make it fall like k^{-1/4} e^{-a sqrt(k)}") {
  // By WKB the exponent is -∫_0^a sqrt(k + 1/2 + y²/4) dy: the next term.
  const auto next = [](double a) { return a / 4 + a * a * a / 24; };
  check_exponential("tanh", 1 / 2.0, M_PI / 2, 1 / 4.0, next(M_PI / 2));
  check_exponential("sigmoid", 1 / 2.0, M_PI, 1 / 4.0, next(M_PI));
  check_exponential("silu", 1 / 2.0, M_PI, 1 / 4.0, next(M_PI));
  check_exponential("tanh(x/2)", 1 / 2.0, M_PI, 1 / 4.0, next(M_PI));
  check_exponential("tanh(2*x)", 1 / 2.0, M_PI / 4, 1 / 4.0, next(M_PI / 4));
  check_exponential("1/(1 + x^2)", 1 / 2.0, 1, 1 / 4.0, next(1));
  // The integral of the sigmoid: one more 1/sqrt(k).
  check_exponential("softplus", 1 / 2.0, M_PI, 3 / 4.0, next(M_PI));
}

TEST_CASE("Gaussians fall geometrically, the sharper the slower") {
  // e^{-sx²/2}: (s/(1+s))^{k/2} k^{-1/4}, by Stirling's formula from the closed form.
  check_exponential("gaussian", 1, std::log(2) / 2, 1 / 4.0, 1 / 8.0);
  check_exponential("exp(-x^2)", 1, std::log(3 / 2.0) / 2, 1 / 4.0, 1 / 8.0);
  // σ̂_k = 2/sqrt(π) e^{-x²}^_{k-1} / sqrt(k).
  check_exponential("erf", 1, std::log(3 / 2.0) / 2, 3 / 4.0, 1 / 8.0 + 1 / 4.0);
  // GELU'' = (2 - x²) φ has the coefficients of φ times (k + 3)/2 or so, then the ladder twice.
  check_exponential("gelu", 1, std::log(2) / 2, 1 / 4.0, 4);
}

TEST_CASE("Exponentials and waves follow t^k / sqrt(k!), far below the range of double too") {
  for (const int max_degree : {30, 2000}) {
    for (const std::string name : {"exp", "sin", "cos"}) {
      const auto fit = fit_of(name, max_degree);
      REQUIRE(fit);
      CHECK(fit->law == Law::factorial);
      CHECK(std::abs(fit->c) < 1e-9);
      CHECK(std::abs(fit->p) < 1e-7);
      CHECK(fit->log_scale == doctest::Approx(name == "exp" ? 0.5 : -0.5));
      CHECK(fit->last_degree >= max_degree - 1);
    }
    const auto fit = fit_of("exp(x/3)", max_degree);
    REQUIRE(fit);
    CHECK(fit->c == doctest::Approx(std::log(3)));
  }
}

TEST_CASE("A fit tells where it was made, and misses there by its residual") {
  for (const char* name : {"relu", "tanh", "gaussian", "exp"}) {
    const CoefficientTable table = hermite_coefficients(parse_activation(name), 80, 40);
    const auto fit = fit_decay(table);
    REQUIRE(fit);
    double squares = 0;
    int points = 0;
    for (int k = 40; k <= 80; ++k) {
      const Real& value = table.coefficients[static_cast<std::size_t>(k)].enclosure.value;
      if (value == 0) continue;
      const double difference = std::log(std::abs(value.convert_to<double>())) - log_size(*fit, k);
      squares += difference * difference;
      ++points;
    }
    CHECK(fit->points == points);
    CHECK(fit->residual == doctest::Approx(std::sqrt(squares / points)).epsilon(1e-3));
  }
}

TEST_CASE("Unresolved degrees are no part of a fit") {
  // At 10 digits tanh's coefficients sink into their bounds at about k = 200.
  const auto fit = fit_of("tanh", 3000, 10);
  REQUIRE(fit);
  CHECK(fit->last_degree < 400);
  CHECK(fit->q == 0.5);
}

TEST_CASE("Polynomials, short tables and a few waves of an oscillation are given no law") {
  for (const char* name : {"linear", "cubic", "hermite(6)", "he(2) + he(4)/3", "x^20"})
    CHECK_FALSE(fit_of(name, 40));
  CHECK_FALSE(fit_of("relu", 0));
  CHECK_FALSE(fit_of("relu", 6));
  CHECK_FALSE(fit_of("relu", 8));
  CHECK_FALSE(fit_of("hard_tanh", 100));
}
