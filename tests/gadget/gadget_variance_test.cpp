#include <set>

#include <doctest/doctest.h>

#include <sigmahat/gadget/gadget_problem.hpp>
#include <sigmahat/gadget/gadget_variance.hpp>
#include <sigmahat/gadget/wick.hpp>
#include <sigmahat/kernel/dual_kernel.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

namespace {

using Exponents = MultivariatePolynomial::Exponents;
constexpr int digits = 25;

Matrix<Rational> rows(std::initializer_list<std::initializer_list<Rational>> entries) {
  Matrix<Rational> result(static_cast<Eigen::Index>(entries.size()),
                          static_cast<Eigen::Index>(entries.begin()->size()));
  Eigen::Index i = 0;
  for (const auto& row : entries) {
    Eigen::Index j = 0;
    for (const Rational& x : row) result(i, j++) = x;
    ++i;
  }
  return result;
}

/// Labels of the rows B; the vectors are the student's rows.
Problem problem_of(const std::string& activation, const std::vector<Rational>& a,
                   const Matrix<Rational>& B, const Matrix<Rational>& vectors,
                   const Rational& noise_variance = 0) {
  return {{parse_activation(activation), a, {WeightMatrix::Entries{B}}},
          {parse_activation("linear"),
           std::vector<Rational>(static_cast<std::size_t>(vectors.rows()), Rational(1)),
           {WeightMatrix::Entries{vectors}}},
          noise_variance};
}

/// Unit rows in R^3 at correlations 3/5, 0 and 12/25; vectors neither unit nor orthogonal.
Matrix<Rational> unit_rows() {
  return rows(
      {{Rational(3, 5), Rational(4, 5), 0}, {1, 0, 0}, {0, Rational(3, 5), Rational(4, 5)}});
}
/// At an angle of 2·10^-4.
Matrix<Rational> close_rows() {
  const Rational t(1, 10'000), norm = 1 + t * t;
  return rows({{1, 0, 0}, {(1 - t * t) / norm, 2 * t / norm, 0}});
}
Matrix<Rational> some_vectors() {
  return rows({{Rational(1, 2), -1, Rational(1, 3)},
               {Rational(2, 3), Rational(1, 4), 1},
               {0, Rational(1, 2), Rational(-3, 4)}});
}

// ---- The variance of a polynomial teacher, coordinate by coordinate in rational arithmetic -----

Rational moment(const Exponents& exponents) {
  Rational result = 1;
  for (const int e : exponents) {
    if (e % 2 != 0) return 0;
    for (int i = e - 1; i > 1; i -= 2) result *= i;
  }
  return result;
}
/// E[f(x)], the coordinates of x being independent standard normals.
Rational mean(const MultivariatePolynomial& f) {
  Rational sum = 0;
  for (const auto& [exponents, coefficient] : f.terms()) sum += coefficient * moment(exponents);
  return sum;
}

MultivariatePolynomial line(const Matrix<Rational>& B, Eigen::Index row) {
  const auto d = static_cast<std::size_t>(B.cols());
  MultivariatePolynomial result(d);
  for (std::size_t i = 0; i < d; ++i) {
    MultivariatePolynomial term = MultivariatePolynomial::variable(d, i);
    term *= B(row, static_cast<Eigen::Index>(i));
    result += term;
  }
  return result;
}

MultivariatePolynomial power_of(const MultivariatePolynomial& f, int e) {
  MultivariatePolynomial result = MultivariatePolynomial::constant(f.variables(), 1);
  for (; e > 0; --e) result = result * f;
  return result;
}

/// He_k.
Polynomial monic_hermite(int k) {
  Polynomial before{}, current{1};
  for (int i = 0; i < k; ++i) {
    Polynomial next(current.size() + 1, Rational(0));
    for (std::size_t j = 0; j < current.size(); ++j) next[j + 1] = current[j];
    for (std::size_t j = 0; j < before.size(); ++j) next[j] -= i * before[j];
    before = std::move(current);
    current = std::move(next);
  }
  return current;
}

/// E[f(z) He_k(z)].
Rational hermite_moment(const Polynomial& f, int k) {
  const Polynomial he = monic_hermite(k);
  Rational sum = 0;
  for (std::size_t i = 0; i < f.size(); ++i)
    for (std::size_t j = 0; j < he.size(); ++j)
      sum += f[i] * he[j] * moment({static_cast<int>(i + j)});
  return sum;
}

struct PolynomialCase {
  Polynomial sigma;
  std::vector<Rational> a;
  Matrix<Rational> B, vectors;
  Rational noise_variance;
};

/// f(-x).
MultivariatePolynomial reflected(const MultivariatePolynomial& f) {
  MultivariatePolynomial result(f.variables());
  for (int k = 0; k <= f.degree(); ++k) {
    MultivariatePolynomial part = f.homogeneous_part(k);
    part *= k % 2 == 0 ? 1 : -1;
    result += part;
  }
  return result;
}

Rational exact_variance(const PolynomialCase& c, const Gadget& gadget,
                        const VarianceReduction& reduction) {
  Polynomial sigma = c.sigma;
  for (const int k : std::set<int>(reduction.centered.begin(), reduction.centered.end())) {
    Rational factorial = 1;
    for (int i = 2; i <= k; ++i) factorial *= i;
    const Polynomial he = monic_hermite(k);
    const Rational coefficient = hermite_moment(c.sigma, k) / factorial;
    if (sigma.size() < he.size()) sigma.resize(he.size(), Rational(0));
    for (std::size_t j = 0; j < he.size(); ++j) sigma[j] -= coefficient * he[j];
  }
  const auto d = static_cast<std::size_t>(c.B.cols());
  MultivariatePolynomial labels(d);
  for (Eigen::Index j = 0; j < c.B.rows(); ++j)
    for (std::size_t e = 0; e < sigma.size(); ++e) {
      MultivariatePolynomial term = power_of(line(c.B, j), static_cast<int>(e));
      term *= sigma[e] * c.a[static_cast<std::size_t>(j)];
      labels += term;
    }
  const Matrix<Rational> gram = c.vectors * c.vectors.transpose();
  const std::size_t n = gadget.vectors();
  const WickVariables variables{n};
  MultivariatePolynomial phi(d);
  for (const Gadget::Part& part : gadget.parts())
    for (const auto& [exponents, coefficient] : part.wick.terms()) {
      Rational factor = coefficient / hermite_moment(c.sigma, part.degree);
      MultivariatePolynomial term = MultivariatePolynomial::constant(d, 1);
      for (std::size_t j = 0; j < n; ++j) {
        term = term * power_of(line(c.vectors, static_cast<Eigen::Index>(j)), exponents[j]);
        for (std::size_t k = j; k < n; ++k)
          for (int e = exponents[variables.gram(j, k)]; e > 0; --e)
            factor *= gram(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(k));
      }
      term *= factor;
      phi += term;
    }
  MultivariatePolynomial product = labels * phi;
  Rational noise = c.noise_variance * mean(phi * phi);
  if (reduction.antithetic) {
    product += reflected(product);
    product *= Rational(1, 2);
    noise /= 2;
  }
  const Rational expected = mean(product);
  return mean(product * product) - expected * expected + noise;
}

std::string to_text(const VarianceReduction& reduction) {
  std::string text = reduction.antithetic ? "antithetic, without" : "without";
  for (const int k : reduction.centered) text += " " + std::to_string(k);
  return text;
}

}  // namespace

TEST_CASE("The variance for polynomial labels is the rational number that their moments give") {
  const PrecisionScope precision(digits, 10);
  PolynomialCase c{{Rational(1, 2), 1, Rational(-1, 3), Rational(2, 5), Rational(1, 7)},
                   {1, Rational(-1, 2), Rational(2, 3)},
                   unit_rows(),
                   {},
                   Rational(1, 4)};
  const std::string sigma = "1/2 + x - x^2/3 + 2*x^3/5 + x^4/7";
  for (const char* text : {"t", "t^2", "s*t", "s^2*t - t", "t^4 - 2", "t1*t2*t3", "t1^2*t2*t3 + t3",
                           "s^2*t^2 - t^4/20"}) {
    const Gadget gadget(parse_inner_product_polynomial(text), parse_activation(sigma), digits);
    c.vectors = some_vectors().topRows(static_cast<Eigen::Index>(gadget.vectors()));
    const GadgetVariance variance(gadget, problem_of(sigma, c.a, c.B, c.vectors, c.noise_variance),
                                  digits);
    for (const bool antithetic : {false, true})
      for (const std::vector<int>& centered :
           {std::vector<int>{}, {0}, {1}, {1, 0, 1}, {0, 2}, {3}, {0, 1, 2, 3, 4}, {7, 5}}) {
        const VarianceReduction reduction{centered, antithetic};
        bool biased = false;
        for (const Gadget::Part& part : gadget.parts())
          biased = biased || std::count(centered.begin(), centered.end(), part.degree) > 0;
        if (biased) {
          CHECK_THROWS_AS(variance.of(reduction), DomainError);
          continue;
        }
        CAPTURE(text);
        CAPTURE(to_text(reduction));
        const GadgetVariance::Result result = variance.of(reduction);
        REQUIRE(result.value);
        const Rational expected = exact_variance(c, gadget, reduction);
        CHECK(contains(*result.value, from_rational<Real>(expected)));
        CHECK(result.value->error_bound < 1e-20 * from_rational<Real>(expected));
      }
  }
}

TEST_CASE("Opposite ReLU neurons are a linear one, or an absolute value") {
  const PrecisionScope precision(digits, 10);
  const Matrix<Rational> B = unit_rows();
  Matrix<Rational> both(6, 3);
  both << B, -B;
  const std::vector<Rational> a{1, Rational(-1, 2), Rational(2, 3)};
  for (const int sign : {1, -1}) {
    std::vector<Rational> of_both = a;
    for (const Rational& x : a) of_both.push_back(sign * x);
    const std::string sum = sign == 1 ? "abs" : "linear";
    // p in a degree that both activations have; φ scales with 1/σ̂_k.
    const MultivariatePolynomial p = parse_inner_product_polynomial(sign == 1 ? "s*t" : "t");
    const Gadget of_relu(p, parse_activation("relu"), digits);
    const Gadget of_sum(p, parse_activation(sum), digits);
    const Matrix<Rational> vectors =
        some_vectors().topRows(static_cast<Eigen::Index>(p.variables()));
    const GadgetVariance first(of_relu, problem_of("relu", of_both, both, vectors), digits);
    const GadgetVariance second(of_sum, problem_of(sum, a, B, vectors), digits);
    for (const bool antithetic : {false, true})
      for (const std::vector<int>& centered : {std::vector<int>{}, {0}}) {
        CAPTURE(sum);
        CAPTURE(antithetic);
        CAPTURE(centered.size());
        const auto x = first.of({centered, antithetic}), y = second.of({centered, antithetic});
        REQUIRE(x.value);
        REQUIRE(y.value);
        // relu(u) ± relu(-u) has twice relu's coefficient: its φ is half of relu's.
        CHECK(overlap(*x.value,
                      to_enclosure(Interval(4 * to_interval(*y.value)), Status::certified)));
        CHECK(x.value->error_bound < 1e-18);
      }
  }
}

TEST_CASE("The series for ReLU agrees with closed forms of E[u^p σ(u) v^q σ(v)]") {
  const PrecisionScope precision(digits, 10);
  // The vector 2 b_1 - b_2/2 is in the span of the two rows, so that φ is a polynomial in u and v.
  const Rational rho(3, 5), alpha(2), beta(-1, 2);
  const Matrix<Rational> B = unit_rows().topRows(2);
  const Matrix<Rational> vectors = alpha * B.row(0) + beta * B.row(1);
  const Gadget gadget(parse_inner_product_polynomial("t^4 - t^2"), parse_activation("relu"),
                      digits);
  const Problem given = problem_of("relu", {1, 1}, B, vectors);
  const GadgetVariance variance(gadget, given, digits);
  const auto problem = gadget_problem<Interval>(given, 1);
  const Matrix<Interval>& exact = problem.vectors;
  const BoundGadget<Interval> bound(gadget, Matrix<Interval>(exact * exact.transpose()));
  std::vector<Interval> square(9, Interval(0));  // φ² in powers of αu + βv
  for (const auto& x : bound.terms())
    for (const auto& y : bound.terms())
      square[static_cast<std::size_t>(x.exponents[0] + y.exponents[0])] +=
          x.coefficient * y.coefficient;
  const auto times_relu = [](int p) {
    return parse_activation(p == 0 ? "relu" : "x^" + std::to_string(p) + "*max(x, 0)");
  };
  const auto pair_moment = [&](int p, int q, const Rational& correlated) {
    return make_dual_kernel<Interval>(times_relu(p), times_relu(q), digits)
        ->value(correlation(from_rational<Interval>(correlated)));
  };
  // E[σ(u)² φ²] = E[u^e σ(u) v^0 ...] needs powers of both: E[σ(b_i)σ(b_j) (αu + βv)^e] for i != j,
  // and for i = j with v = ρu + √(1-ρ²) w.
  Interval second(0);
  for (int e = 0; e <= 8; ++e) {
    Rational binomial = 1;
    for (int p = 0; p <= e; ++p) {
      Rational weight = binomial;
      for (int i = 0; i < p; ++i) weight *= alpha;
      for (int i = 0; i < e - p; ++i) weight *= beta;
      second += 2 * square[static_cast<std::size_t>(e)] * from_rational<Interval>(weight) *
                pair_moment(p, e - p, rho);
      // u' is the neuron's own projection, the other ρu' + w, E[w^r] = (1-ρ²)^{r/2} (r-1)!!.
      for (const int neuron : {0, 1}) {
        const int own = neuron == 0 ? p : e - p, other = e - own;
        Rational ways = 1, rho_power = 1;
        for (int i = 0; i < other; ++i) rho_power *= rho;
        for (int r = 0; r <= other; ++r) {
          if (r % 2 == 0) {
            Rational spread = moment({r});
            for (int i = 0; i < r / 2; ++i) spread *= 1 - rho * rho;
            second += square[static_cast<std::size_t>(e)] *
                      from_rational<Interval>(weight * ways * rho_power * spread) *
                      pair_moment(own + other - r, 0, 1);
          }
          ways = ways * (other - r) / (r + 1);
          rho_power /= rho;
        }
      }
      binomial = binomial * (e - p) / (p + 1);
    }
  }
  const Interval mean = expectation(gadget, problem.teacher.a,
                                    Matrix<Interval>(problem.teacher.B * exact.transpose()));
  const Interval expected = second - mean * mean;
  const GadgetVariance::Result result = variance.of({});
  REQUIRE(result.value);
  CHECK(overlap(*result.value, to_enclosure(expected, Status::certified)));
  CHECK(result.value->error_bound < 1e-18 * result.value->value);
}

TEST_CASE("For exponential labels the shift of Cameron and Martin is a closed form") {
  // E[e^{u+v} φ(x)²] = e^{1+ρ} E[φ(x + b_i + b_j)²], and with z = ⟨v, b_i + b_j⟩, g = ‖v‖²,
  // E[W_2(x + h)²] = 2g² + 4gz² + z⁴.
  using std::exp;
  const PrecisionScope precision(digits, 10);
  const Matrix<Rational> B = unit_rows(), vectors = some_vectors().topRows(1);
  const std::vector<Rational> a{1, Rational(-1, 2), Rational(2, 3)};
  const Gadget gadget(parse_inner_product_polynomial("t^2"), parse_activation("exp"), digits);
  const Matrix<Rational> gram = B * B.transpose(), inner = B * vectors.transpose();
  const Rational g = vectors.row(0).dot(vectors.row(0));
  Interval expected(0), mean(0);
  for (Eigen::Index i = 0; i < 3; ++i) {
    for (Eigen::Index j = 0; j < 3; ++j) {
      const Rational z = inner(i, 0) + inner(j, 0);
      const Rational weight = a[static_cast<std::size_t>(i)] * a[static_cast<std::size_t>(j)] *
                              (2 * g * g + 4 * g * z * z + z * z * z * z);
      // φ = W_2/(√2 σ̂_2), √2 σ̂_2 = e^{1/2}.
      expected += from_rational<Interval>(weight) * exp(from_rational<Interval>(gram(i, j)));
    }
    mean += from_rational<Interval>(a[static_cast<std::size_t>(i)] * inner(i, 0) * inner(i, 0));
  }
  const GadgetVariance variance(gadget, problem_of("exp", a, B, vectors), digits);
  const GadgetVariance::Result result = variance.of({});
  REQUIRE(result.value);
  CHECK(overlap(*result.value, to_enclosure(Interval(expected - mean * mean), Status::certified)));
  CHECK(result.value->error_bound < 1e-18);
}

TEST_CASE("Nearly parallel ReLU neurons are nearly one neuron") {
  // With u and v at the angle ε, |relu(u) - relu(v)| <= |u - v| = ε|w|, w standard normal; so with
  // y = 2 relu(u), y' = relu(u) + relu(v) and f = φ² or φ,
  // |E[(y² - y'²) φ²]| <= ε E[|w| (4|u| + |w|ε) φ²] <= ε (4 + ε) √3 E[φ⁴]^{1/2}: E[w²u²] <= 3.
  const PrecisionScope precision(digits, 10);
  const Matrix<Rational> B = close_rows(), vectors = some_vectors().topRows(1);
  const Gadget gadget(parse_inner_product_polynomial("t^2"), parse_activation("relu"), digits);
  const auto two = GadgetVariance(gadget, problem_of("relu", {1, 1}, B, vectors), digits).of({});
  const auto one =
      GadgetVariance(gadget, problem_of("relu", {2}, B.topRows(1), vectors), digits).of({});
  REQUIRE(two.value);
  REQUIRE(one.value);
  CHECK(two.value->error_bound < 1e-20);
  // φ = √(2π) W_2 has E[φ⁴] = (2π)² 60 g⁴, g = ‖v‖² = 49/36. The means are 2z² and z² + z'² with
  // z = ⟨b,v⟩ = 1/2 and |z - z'| <= ε‖v‖ < 6ε/5: their squares differ by less than 2ε.
  const double epsilon = 2e-4, bound = epsilon * (4 + epsilon) * std::sqrt(3 * 60.0) * 6.29 * 1.86;
  const Real difference = abs(Real(two.value->value - one.value->value));
  CHECK(difference < bound + 2 * epsilon);
  CHECK(difference > 0);
}

TEST_CASE("Degrees that no gadget has cannot be taken out of labels") {
  const Gadget gadget(parse_inner_product_polynomial("t^2"), parse_activation("relu"));
  CHECK_THROWS_AS(require_unbiased(gadget, {-1}), DomainError);
  CHECK_THROWS_AS(require_unbiased(gadget, {max_gadget_degree + 1}), DomainError);
  CHECK_NOTHROW(require_unbiased(gadget, {0, 1, max_gadget_degree}));
  const GadgetVariance variance(
      gadget, problem_of("relu", {1}, unit_rows().topRows(1), some_vectors().topRows(1)), 17);
  CHECK(variance.of({{max_gadget_degree}, true}).value);
}

TEST_CASE("Where no variance can be had the reason is told") {
  const PrecisionScope precision(digits, 10);
  const Matrix<Rational> one = some_vectors().topRows(1);
  const MultivariatePolynomial p = parse_inner_product_polynomial("t^2");
  CHECK(GadgetVariance(Gadget(p, parse_activation("softplus")),
                       problem_of("softplus", {1, 1}, close_rows(), one), 17)
            .of({})
            .obstacle == "rows 0 and 1 of the teacher are nearly parallel");
  // E[σ²] is finite, E[σ⁴] is not.
  const GadgetVariance grows(Gadget(p, parse_activation("exp(x^2/6)")),
                             problem_of("exp(x^2/6)", {1, 1}, unit_rows().topRows(2), one), digits);
  CHECK(grows.of({}).obstacle == "E[σ⁴] is not known to be finite for exp(x^2/6)");
}
