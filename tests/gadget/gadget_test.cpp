#include <functional>

#include <doctest/doctest.h>

#include <sigmahat/coefficients/exact_value.hpp>
#include <sigmahat/gadget/gadget.hpp>
#include <sigmahat/gadget/wick.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;

namespace {

using Exponents = MultivariatePolynomial::Exponents;
using RationalMatrix = std::vector<std::vector<Rational>>;

/// E[Π w_i] of centred Gaussians, `list` naming them by index: Isserlis, the first paired with each
/// of the others.
Rational isserlis(const RationalMatrix& covariance, std::vector<std::size_t> list) {
  if (list.empty()) return 1;
  if (list.size() % 2 == 1) return 0;
  Rational sum = 0;
  for (std::size_t i = 1; i < list.size(); ++i) {
    std::vector<std::size_t> rest;
    for (std::size_t j = 1; j < list.size(); ++j)
      if (j != i) rest.push_back(list[j]);
    if (const Rational& c = covariance[list[0]][list[i]]; c != 0)
      sum += c * isserlis(covariance, rest);
  }
  return sum;
}

/// E[σ(z) z^m], z ~ N(0,1), m = 0, 1, ...
using Moments = std::function<ExactValue(int m)>;

/// E[σ(b*·x) φ-part(x)] with u_j = ρ_j z + w_j, z = b*·x, and w independent of z: powers of w by
/// Isserlis, those of z by the moments. No Hermite polynomial, no Wick recurrence.
ExactValue expectation_by_isserlis(const MultivariatePolynomial& wick, const RationalMatrix& gram,
                                   const std::vector<Rational>& rho, const Moments& moments) {
  const std::size_t n = rho.size();
  const WickVariables variables{n};
  RationalMatrix rest = gram;
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t k = 0; k < n; ++k) rest[j][k] -= rho[j] * rho[k];
  std::map<int, Rational> by_power;  // of z
  for (const auto& [exponents, coefficient] : wick.terms()) {
    Rational factor = coefficient;
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = j; k < n; ++k)
        for (int e = exponents[variables.gram(j, k)]; e > 0; --e) factor *= gram[j][k];
    // Π (ρ_j z + w_j)^{e_j}, expanded.
    const std::function<void(std::size_t, int, Rational, std::vector<std::size_t>)> expand =
        [&](std::size_t j, int power, Rational weight, std::vector<std::size_t> ws) {
          if (weight == 0) return;
          if (j == n) {
            by_power[power] += factor * weight * isserlis(rest, ws);
            return;
          }
          Rational binomial = 1, rho_power = 1;
          const int e = exponents[j];
          for (int i = 0; i <= e; ++i) {
            std::vector<std::size_t> more = ws;
            more.insert(more.end(), static_cast<std::size_t>(e - i), j);
            expand(j + 1, power + i, weight * binomial * rho_power, more);
            binomial = binomial * (e - i) / (i + 1);
            rho_power *= rho[j];
          }
        };
    expand(0, 0, 1, {});
  }
  ExactValue sum;
  for (const auto& [power, weight] : by_power)
    if (weight != 0) sum = sum + weight * moments(power);
  return sum;
}

Rational double_factorial(int n) {
  Rational result = 1;
  for (; n > 1; n -= 2) result *= n;
  return result;
}

/// E[z_+^{m+1}] = m!! · (1/√(2π) for even m, 1/2 for odd m).
ExactValue relu_moment(int m) {
  const ExactTerm half_mean =
      m % 2 == 0 ? ExactTerm::root(Rational(1, 2), -1) : ExactTerm::rational(Rational(1, 2));
  return double_factorial(m) * ExactValue(half_mean);
}

/// E[e^z z^m] = e^{1/2} E[(z+1)^m].
ExactValue exp_moment(int m) {
  Rational sum = 0, binomial = 1;
  for (int i = 0; i <= m; ++i) {
    if (i % 2 == 0) sum += binomial * double_factorial(i - 1);
    binomial = binomial * (m - i) / (i + 1);
  }
  return sum * ExactValue::root(1, 0, 1);
}

/// E[erf(z) z^m]: integration by parts with erf' = 2 e^{-z²}/√π, under which z has variance 1/3.
ExactValue erf_moment(int m) {
  if (m % 2 == 0) return {};
  // M_m = (m-1) M_{m-2} + (2/√π) E[z^{m-1} e^{-z²}], the last (m-2)!! 3^{-(m-1)/2} / √3.
  ExactValue result;
  for (int j = 1; j <= m; j += 2) {
    Rational third = 1;
    for (int i = 0; i < (j - 1) / 2; ++i) third /= 3;
    result = Rational(j - 1) * result +
             double_factorial(j - 2) * third * ExactValue::root(Rational(4, 3), -1);
  }
  return result;
}

/// E[max(z - 1/2, 0) z^m] = ∫_{1/2}^∞ (z^{m+1} - z^m/2) φ, with J_0 = Φ(-1/2),
/// J_1 = φ(1/2), J_m = (1/2)^{m-1} φ(1/2) + (m-1) J_{m-2}.
ExactValue shifted_relu_moment(int m) {
  const Rational c(1, 2);
  const ExactValue density = ExactValue::root(Rational(1, 2), -1, -c * c);
  const auto tail = [&](int top) {
    ExactValue even =
        ExactValue::rational(c) - Rational(1, 2) * ExactValue::error_function(c * c / 2);
    ExactValue odd = density;
    ExactValue& result = top % 2 == 0 ? even : odd;
    Rational c_power = top % 2 == 0 ? c : c * c;
    for (int j = top % 2 == 0 ? 2 : 3; j <= top; j += 2) {
      result = c_power * density + Rational(j - 1) * result;
      c_power *= c * c;
    }
    return result;
  };
  return tail(m + 1) - c * tail(m);
}

/// All exponents of n variables that add up to `degree`.
std::vector<Exponents> monomials(std::size_t n, int degree) {
  if (n == 1) return {{degree}};
  std::vector<Exponents> all;
  for (int e = 0; e <= degree; ++e)
    for (Exponents rest : monomials(n - 1, degree - e)) {
      rest.insert(rest.begin(), e);
      all.push_back(rest);
    }
  return all;
}

/// Vectors with rational entries, neither unit nor orthogonal, and a unit one.
struct Geometry {
  RationalMatrix gram;
  std::vector<Rational> rho;
};
Geometry random_geometry(std::size_t n, test::RandomNumbers& random) {
  const std::vector<Rational> unit{Rational(3, 5), Rational(4, 5), 0, 0};
  std::vector<std::vector<Rational>> b(n, std::vector<Rational>(4));
  for (auto& row : b)
    for (Rational& entry : row) entry = Rational(random.integer(-4, 4), random.integer(1, 3));
  Geometry g{RationalMatrix(n, std::vector<Rational>(n)), std::vector<Rational>(n)};
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = 0; i < 4; ++i) {
      g.rho[j] += b[j][i] * unit[i];
      for (std::size_t k = 0; k < n; ++k) g.gram[j][k] += b[j][i] * b[k][i];
    }
  return g;
}

}  // namespace

TEST_CASE("W_22 is that of MATH.md 6") {
  const std::vector<std::string> names{"u", "v", "bb", "bc", "cc"};
  CHECK(to_text(wick_polynomial({2, 2}), names) ==
        to_text(parse_polynomial("u^2*v^2 - bb*v^2 - cc*u^2 - 4*bc*u*v + bb*cc + 2*bc^2", names, 8),
                names));
}

TEST_CASE("Every monomial up to degree 8 has its expectation, by Isserlis in exact arithmetic") {
  struct Teacher {
    std::string activation;
    Moments moments;
  };
  test::RandomNumbers random(5);
  for (const Teacher& teacher :
       {Teacher{"relu", relu_moment}, Teacher{"exp", exp_moment}, Teacher{"erf", erf_moment},
        Teacher{"max(x - 1/2, 0)", shifted_relu_moment}}) {
    const CoefficientTable table =
        hermite_coefficients(parse_activation(teacher.activation), 8, 17);
    for (const std::size_t n : {std::size_t{2}, std::size_t{3}}) {
      const Geometry geometry = random_geometry(n, random);
      for (int degree = 0; degree <= 8; ++degree) {
        const auto& coefficient = table.coefficients[static_cast<std::size_t>(degree)].exact;
        REQUIRE(coefficient);
        if (coefficient->is_zero()) continue;
        Rational factorial = 1;
        for (int i = 2; i <= degree; ++i) factorial *= i;
        for (const Exponents& exponents : monomials(n, degree)) {
          Rational product = 1;
          for (std::size_t j = 0; j < n; ++j)
            for (int e = 0; e < exponents[j]; ++e) product *= geometry.rho[j];
          CAPTURE(teacher.activation);
          CAPTURE(n);
          CAPTURE(degree);
          const ExactValue expected = product * (ExactTerm::root(factorial) * *coefficient);
          const ExactValue found = expectation_by_isserlis(
              wick_polynomial(exponents), geometry.gram, geometry.rho, teacher.moments);
          CHECK(equal(found, expected));
        }
      }
    }
  }
}

TEST_CASE("A bound gadget is the formula at its vectors, for many samples at once") {
  test::RandomNumbers random(6);
  const Gadget gadget(parse_inner_product_polynomial("s^2*t^2 - t^4/20 + 3"),
                      parse_activation("relu"));
  const Geometry g = random_geometry(2, random);
  Matrix<double> gram(2, 2);
  for (Eigen::Index j = 0; j < 2; ++j)
    for (Eigen::Index k = 0; k < 2; ++k)
      gram(j, k) =
          from_rational<double>(g.gram[static_cast<std::size_t>(j)][static_cast<std::size_t>(k)]);
  const BoundGadget<double> bound(gadget, gram);
  const Matrix<double> u = Matrix<double>::Random(17, 2);
  const Vector<double> values = bound(u);
  for (Eigen::Index i = 0; i < u.rows(); ++i) {
    const std::vector<double> point{u(i, 0), u(i, 1), gram(0, 0), gram(0, 1), gram(1, 1)};
    double expected = 0;
    for (const Gadget::Part& part : gadget.parts())
      expected += factor_of<double>(part) * part.wick.value_at(std::span<const double>(point));
    CHECK(values[i] == doctest::Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("The text of a polynomial names its vectors") {
  CHECK(parse_inner_product_polynomial("t^4").variables() == 1);
  CHECK(parse_inner_product_polynomial("s").variables() == 1);
  CHECK(parse_inner_product_polynomial("s*t") == parse_inner_product_polynomial("t1*t2"));
  CHECK(parse_inner_product_polynomial("t3").variables() == 3);
  CHECK(parse_inner_product_polynomial("(s - t)^2") ==
        parse_inner_product_polynomial("s^2 - 2*s*t + t^2"));
  CHECK(parse_inner_product_polynomial("0.05*t").terms().begin()->second == Rational(1, 20));
  for (const char* text : {"", "t^", "t^-1", "t/0", "t/s", "u", "2 t", "t^33", "(t", "t)",
                           "t^99999", "(s+t)^40", "1/", "t**2"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_inner_product_polynomial(text), ParseError);
  }
}

TEST_CASE("A degree that the activation lacks is refused by name, with one that would serve") {
  CHECK_THROWS_WITH_AS(
      Gadget(parse_inner_product_polynomial("t^3"), parse_activation("relu")),
      "degree 3 cannot be estimated from labels of relu: its coefficient vanishes; "
      "erf would serve",
      DomainError);
  CHECK_THROWS_WITH_AS(Gadget(parse_inner_product_polynomial("t^3 + t^4"), parse_activation("erf")),
                       doctest::Contains("degree 4"), DomainError);
  CHECK_NOTHROW(Gadget(parse_inner_product_polynomial("t^3"), parse_activation("exp")));
}
