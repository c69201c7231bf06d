#include <random>
#include <type_traits>

#include <doctest/doctest.h>

#include <sigmahat/activation/weak_derivative.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/kernel/dual_kernel.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;

namespace {

bool overlap(const Interval& x, const Interval& y) {
  return lower(x) <= upper(y) && lower(y) <= upper(x);
}

/// Σ σ̂_k γ̂_k ρ^k with its Parseval tail, from the tables: knows nothing of closed forms.
Interval mehler(const std::string& sigma, const std::string& gamma, const Interval& rho, int terms,
                int digits) {
  const CoefficientTable s = hermite_coefficients(parse_activation(sigma), terms, digits);
  const CoefficientTable g = hermite_coefficients(parse_activation(gamma), terms, digits);
  Interval sum(0), rho_power(1);
  for (std::size_t k = 0; k < s.coefficients.size(); ++k) {
    sum += to_interval(s.coefficients[k].enclosure) * to_interval(g.coefficients[k].enclosure) *
           rho_power;
    rho_power *= rho;
  }
  const Real tail =
      upper(Interval(abs(rho_power) *
                     sqrt(Interval(to_interval(s.second_moment) * to_interval(g.second_moment)))));
  return sum + make_interval(-tail, tail);
}

Rational random_correlation(std::mt19937_64& random, int largest_percent) {
  return Rational(std::uniform_int_distribution<int>(-largest_percent, largest_percent)(random),
                  100);
}

struct Pair {
  std::string sigma, gamma;
};
const std::vector<Pair> closed_pairs{{"relu", "relu"},
                                     {"leaky_relu(1/10)", "leaky_relu(1/10)"},
                                     {"abs", "abs"},
                                     {"step", "step"},
                                     {"sign", "sign"},
                                     {"relu_power(2)", "relu_power(2)"},
                                     {"relu_power(5)", "relu_power(5)"},
                                     {"relu", "abs"},
                                     {"relu", "step"},
                                     {"sign", "relu_power(3)"},
                                     {"relu_power(2)", "leaky_relu(-2)"},
                                     {"relu_power(4)", "relu_power(7)"},
                                     {"exp", "exp"},
                                     {"sin", "sin"},
                                     {"cos", "cos"},
                                     {"gaussian", "gaussian"},
                                     {"erf", "erf"},
                                     {"gelu", "gelu"}};
const std::vector<Pair> other_pairs{
    {"quadratic", "relu"}, {"cubic", "tanh"}, {"linear", "softplus"}, {"hermite(4)", "relu"},
    {"tanh", "tanh"},      {"tanh", "relu"},  {"silu", "gelu"},       {"hard_tanh", "hard_tanh"}};
std::vector<Pair> all_pairs() {
  std::vector<Pair> all = closed_pairs;
  all.insert(all.end(), other_pairs.begin(), other_pairs.end());
  return all;
}

template <Scalar T>
std::unique_ptr<DualKernel<T>> kernel(const Pair& pair, int digits) {
  return make_dual_kernel<T>(parse_activation(pair.sigma), parse_activation(pair.gamma), digits);
}

}  // namespace

TEST_CASE("Mehler: the kernel is the power series with the products of the coefficients") {
  std::mt19937_64 random(11);
  const PrecisionScope precision(50);
  for (const Pair& pair : all_pairs()) {
    const auto k = kernel<Interval>(pair, 50);
    for (int trial = 0; trial < 4; ++trial) {
      const Rational rho = random_correlation(random, 80);
      CAPTURE(pair.sigma);
      CAPTURE(pair.gamma);
      CAPTURE(rho.str());
      const Interval x = from_rational<Interval>(rho);
      const Interval value = k->value(correlation(x));
      CHECK(overlap(value, mehler(pair.sigma, pair.gamma, x, 300, 50)));
      CHECK(upper(value) - lower(value) < Real("1e-28"));
    }
  }
}

TEST_CASE("Price: the derivatives in rho are the limits of difference quotients") {
  std::mt19937_64 random(12);
  const PrecisionScope precision(60);
  const Real step("1e-15");
  for (const Pair& pair : all_pairs()) {
    const auto k = kernel<Real>(pair, 60);
    const Rational rho = random_correlation(random, 70);
    CAPTURE(pair.sigma);
    CAPTURE(pair.gamma);
    CAPTURE(rho.str());
    const Real x = from_rational<Real>(rho);
    const auto at = [&](const Real& r) { return k->value(correlation(r)); };
    const KernelJet<Real> jet = k->jet(correlation(x));
    REQUIRE(jet.first);
    REQUIRE(jet.second);
    // Central quotients: the error is step²/6 times a third derivative, which stays far below 1e5
    // for |rho| <= 0.7; 60 - 30 digits survive the second difference.
    CHECK(jet.value == at(x));
    CHECK(abs(Real(*jet.first - (at(x + step) - at(x - step)) / (2 * step))) < Real("1e-24"));
    CHECK(abs(Real(*jet.second - (at(x + step) - 2 * at(x) + at(x - step)) / (step * step))) <
          Real("1e-22"));
  }
}

TEST_CASE("At correlation one the kernel is the second moment") {
  const PrecisionScope precision(40);
  for (const Pair& pair : all_pairs()) {
    if (pair.sigma != pair.gamma) continue;
    CAPTURE(pair.sigma);
    const auto k = kernel<Interval>(pair, 40);
    const CoefficientTable t = hermite_coefficients(parse_activation(pair.sigma), 0, 40);
    const Interval value = k->value(correlation(Interval(1)));
    CHECK(overlap(value, to_interval(t.second_moment)));
    CHECK(upper(value) - lower(value) < Real("1e-35"));
  }
}

TEST_CASE(
    "At correlation minus one an even activation gives what it gives at one, an odd its negative") {
  const PrecisionScope precision(40);
  for (const char* name : {"abs", "quadratic", "cos", "gaussian", "sign", "erf", "cubic", "sin"}) {
    CAPTURE(name);
    const auto k = kernel<Interval>({name, name}, 40);
    const int sign = parse_activation(name).parity() == Parity::even ? 1 : -1;
    CHECK(overlap(k->value(correlation(Interval(-1))),
                  Interval(sign * k->value(correlation(Interval(1))))));
  }
}

TEST_CASE("Derivatives that are infinite at correlation one are absent and the others are there") {
  const PrecisionScope precision(30);
  const auto at_one = [](const char* sigma, const char* gamma) {
    return kernel<Interval>({sigma, gamma}, 30)->jet(correlation(Interval(1)));
  };
  CHECK(at_one("relu", "relu").first);
  CHECK_FALSE(at_one("relu", "relu").second);
  CHECK_FALSE(at_one("step", "step").first);
  CHECK_FALSE(at_one("step", "step").second);
  CHECK(at_one("relu_power(2)", "relu_power(2)").second);
  CHECK(at_one("gelu", "gelu").second);
  // ReLU's second derivative is a point mass, x²'s a constant: E[δ(u) 2] is finite.
  const KernelJet<Interval> mixed = at_one("relu", "quadratic");
  REQUIRE(mixed.second);
  CHECK(overlap(*mixed.second, Interval(2 / sqrt(Interval(2 * pi<Interval>())))));
  // E[relu' relu'] = P(u > 0) = 1/2
  CHECK(overlap(*at_one("relu", "relu").first, Interval(1) / 2));
  CHECK_FALSE(kernel<double>({"relu", "relu"}, 17)->jet(correlation(1.0)).second);
  CHECK_FALSE(kernel<double>({"relu", "relu"}, 17)->jet(correlation(-1.0)).second);
}

TEST_CASE("Intervals contain what points at twice the precision give") {
  std::mt19937_64 random(13);
  for (const Pair& pair : closed_pairs)
    for (const int digits : {17, 45}) {
      const Rational rho = random_correlation(random, 99);
      CAPTURE(pair.sigma);
      CAPTURE(pair.gamma);
      CAPTURE(rho.str());
      CAPTURE(digits);
      std::optional<KernelJet<Interval>> enclosed;
      {
        const PrecisionScope precision(digits);
        enclosed = kernel<Interval>(pair, digits)->jet(correlation(from_rational<Interval>(rho)));
      }
      const PrecisionScope precision(2 * digits + 5);
      const KernelJet<Real> point =
          kernel<Real>(pair, 2 * digits)->jet(correlation(from_rational<Real>(rho)));
      const auto holds = [](const Interval& x, const Real& y) {
        return lower(x) <= y && y <= upper(x);
      };
      CHECK(holds(enclosed->value, point.value));
      CHECK(holds(*enclosed->first, *point.first));
      CHECK(holds(*enclosed->second, *point.second));
    }
}

TEST_CASE("Doubles agree with the enclosures to a few units of rounding") {
  std::mt19937_64 random(14);
  for (const Pair& pair : all_pairs()) {
    const auto fast = kernel<double>(pair, 17);
    const PrecisionScope precision(30);
    const auto proven = kernel<Interval>(pair, 30);
    const double scale = upper(proven->value(correlation(Interval(0)))).convert_to<double>() +
                         std::abs(fast->value(correlation(1.0)));
    for (int trial = 0; trial < 5; ++trial) {
      const double rho = std::uniform_real_distribution<double>(-0.97, 0.97)(random);
      CAPTURE(pair.sigma);
      CAPTURE(pair.gamma);
      CAPTURE(rho);
      const Interval exact = proven->value(correlation(Interval(rho)));
      if (upper(exact) - lower(exact) > Real("1e-20")) continue;  // a slow series near |rho| = 1
      CHECK(std::abs(fast->value(correlation(rho)) - exact.convert_to<double>()) <= 4e-15 * scale);
    }
  }
}

TEST_CASE("Nearly parallel unit vectors keep the relative accuracy of 1 - rho") {
  // u = (1, 0), v = (1 - t², 2t)/(1 + t²): 1 - ρ = 2t²/(1 + t²)
  const PrecisionScope precision(17);
  const double t = 1e-9;
  const Vector<double> u{{1.0, 0.0}}, v{{(1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)}};
  const Correlation<double> c = correlation<double>(u, v);
  CHECK(c.one_minus == doctest::Approx(2e-18).epsilon(1e-12));
  // ReLU: κ(1) - κ(ρ) = (θ + ...)·.../(2π) ≈ θ²/4 with θ = arccos ρ ≈ 2t; step: κ(1) - κ(ρ) =
  // θ/(2π)
  const double lost = 0.5 - kernel<double>({"step", "step"}, 17)->value(c);
  CHECK(lost == doctest::Approx(2 * t / (2 * 3.14159265358979)).epsilon(1e-6));
}

TEST_CASE("1 - rho and 1 + rho are accurate at every angle, and enclosed") {
  std::mt19937_64 random(17);
  for (int trial = 0; trial < 300; ++trial) {
    // ±e_1 and the point of the sphere whose stereographic projection is t: rational, of any
    // distance.
    const int d = 2 + trial % 6, digits = 17 + trial % 90, sign = trial % 2 == 0 ? 1 : -1;
    const Rational scale(1, Integer(1) << (trial % 4 == 0 ? trial / 4 : trial % 3));
    std::vector<Rational> t;
    Rational squared = 0;
    for (int k = 1; k < d; ++k) {
      t.push_back(scale * random_correlation(random, 200));
      squared += t.back() * t.back();
    }
    const Rational one_minus = 2 * squared / (1 + squared);
    CAPTURE(trial);
    const PrecisionScope precision(digits);
    const auto vectors = [&]<Scalar T>(std::type_identity<T>) {
      Vector<T> u(d), v(d);
      u[0] = T(sign);
      v[0] = from_rational<T>(Rational((1 - squared) / (1 + squared)));
      for (int k = 1; k < d; ++k) {
        u[k] = T(0);
        v[k] = from_rational<T>(Rational(2 * t[static_cast<std::size_t>(k) - 1] / (1 + squared)));
      }
      return correlation(u, v);
    };
    const Rational minus = sign > 0 ? one_minus : Rational(2 - one_minus);
    const auto enclosed = vectors(std::type_identity<Interval>{});
    CHECK(test::contains(enclosed.rho, Rational(1 - minus)));
    CHECK(test::contains(enclosed.one_minus, minus));
    CHECK(test::contains(enclosed.one_plus, Rational(2 - minus)));
    // v rounded, d products and sums; two bits lost where ρ itself is used.
    const auto near = vectors(std::type_identity<Real>{});
    const Rational bound = Rational(4 * (d + 8)) / (Integer(1) << PrecisionScope::bits());
    CHECK(abs(Rational(test::exact(near.one_minus) - minus)) <= bound * minus);
    CHECK(abs(Rational(test::exact(near.one_plus) - (2 - minus))) <= bound * (2 - minus));
  }
}

TEST_CASE("The method of each kernel is told") {
  CHECK(kernel<double>({"relu", "relu"}, 17)->method() == "closed form");
  CHECK(kernel<double>({"quadratic", "tanh"}, 17)->method() == "polynomial of degree 2");
  CHECK(kernel<double>({"tanh", "tanh"}, 17)->method().starts_with("series, K = "));
}

TEST_CASE("Price: the derivatives are the kernels of the derivatives, at parallel inputs too") {
  const PrecisionScope precision(40);
  for (const Pair& pair : {Pair{"tanh", "tanh"},
                           {"softplus", "softplus"},
                           {"sigmoid", "gelu"},
                           {"mish", "mish"},
                           {"tanh", "silu"}}) {
    CAPTURE(pair.sigma);
    CAPTURE(pair.gamma);
    const auto k = kernel<Interval>(pair, 20);
    const auto sigma = weak_derivative(parse_activation(pair.sigma));
    const auto gamma = weak_derivative(parse_activation(pair.gamma));
    REQUIRE(sigma);
    REQUIRE(gamma);
    const auto slope = make_dual_kernel<Interval>(*sigma, *gamma, 20);
    for (const Rational& rho : {Rational(1), Rational(-1), Rational(99, 100), Rational(1, 3)}) {
      CAPTURE(rho.str());
      const Correlation<Interval> c{from_rational<Interval>(rho),
                                    from_rational<Interval>(Rational(1 - rho)),
                                    from_rational<Interval>(Rational(1 + rho))};
      const KernelJet<Interval> jet = k->jet(c), slopes = slope->jet(c);
      REQUIRE(jet.first);
      REQUIRE(jet.second);
      REQUIRE(jet.weighted_second);
      REQUIRE(slopes.first);
      CHECK(overlap(*jet.first, slopes.value));
      CHECK(upper(*jet.first) - lower(*jet.first) < Real("1e-12"));
      CHECK(overlap(*jet.second, *slopes.first));
      CHECK(overlap(*jet.weighted_second, Interval(c.one_minus * c.one_plus * *slopes.first)));
    }
  }
}

TEST_CASE("Where the second derivative is infinite, (1-rho²) times it is still enclosed") {
  const PrecisionScope precision(40);
  for (const Pair& pair : all_pairs()) {
    CAPTURE(pair.sigma);
    CAPTURE(pair.gamma);
    const auto k = kernel<Interval>(pair, 30);
    const auto fine = kernel<Real>(pair, 35);
    for (const int sign : {1, -1})
      for (const char* distance : {"0", "1e-30", "1e-6"}) {
        CAPTURE(sign);
        CAPTURE(distance);
        // All correlations at most that far from ±1.
        const Interval near = make_interval(Real(0), Real(distance));
        const KernelJet<Interval> jet =
            sign > 0 ? k->jet({Interval(1 - near), near, Interval(2 - near)})
                     : k->jet({Interval(near - 1), Interval(2 - near), near});
        if (!jet.first) continue;
        REQUIRE(jet.weighted_second);
        if (upper(near) == 0) continue;
        const Real inside = Real(distance) / 3;
        const KernelJet<Real> point = sign > 0
                                          ? fine->jet({Real(1 - inside), inside, Real(2 - inside)})
                                          : fine->jet({Real(inside - 1), Real(2 - inside), inside});
        REQUIRE(point.weighted_second);
        CHECK(lower(*jet.weighted_second) <= *point.weighted_second);
        CHECK(*point.weighted_second <= upper(*jet.weighted_second));
      }
  }
}
