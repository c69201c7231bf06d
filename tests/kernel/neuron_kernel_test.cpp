#include <random>

#include <doctest/doctest.h>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/kernel/expansion_kernel.hpp>
#include <sigmahat/kernel/pair_kernel.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

namespace {

/// Two neurons and the correlation of their rows, as rationals: the same for every precision.
struct Pair {
  Rational r, c, s, d, rho;
};

class RandomPairs {
 public:
  explicit RandomPairs(std::uint64_t seed) : random_(seed) {}
  Pair next(bool biased) {
    const auto number = [&](int lo, int hi) {
      return Rational(std::uniform_int_distribution<int>(lo, hi)(random_), 40);
    };
    return {number(10, 70), biased ? number(-40, 40) : Rational(0), number(10, 70),
            biased ? number(-40, 40) : Rational(0), number(-36, 36)};
  }

 private:
  std::mt19937_64 random_;
};

template <Scalar T>
Correlation<T> angle_of(const Rational& rho) {
  return {from_rational<T>(rho), from_rational<T>(1 - rho), from_rational<T>(1 + rho)};
}

/// Everything that a kernel says of a pair, and of each neuron with itself.
template <Scalar T>
std::vector<T> everything(const PairKernel<T>& kernel, const Pair& p, bool diagonals) {
  const Neuron<T> first = kernel.first(from_rational<T>(p.r), from_rational<T>(p.c)),
                  second = kernel.second(from_rational<T>(p.s), from_rational<T>(p.d));
  const Correlation<T> angle = angle_of<T>(p.rho);
  const PairJet<T> k = kernel.jet({first, second, angle});
  REQUIRE(k.differentiable);
  std::vector<T> all{kernel.value({first, second, angle}),
                     k.value,
                     k.rho,
                     k.lambda,
                     k.mu,
                     k.weighted_rho_rho,
                     k.rho_lambda,
                     k.rho_mu,
                     k.lambda_lambda,
                     k.lambda_mu,
                     k.mu_mu};
  const BiasJet<T> b = k.bias.value_or(BiasJet<T>{});
  for (const T& x :
       {b.c, b.d, b.rho_c, b.rho_d, b.lambda_c, b.lambda_d, b.mu_c, b.mu_d, b.cc, b.cd, b.dd})
    all.push_back(x);
  if (diagonals) {
    const DiagonalJet<T> own = kernel.diagonal(first);
    for (const T& x : {own.value, own.first, own.second, own.c, own.lambda_c, own.cc})
      all.push_back(x);
  }
  return all;
}

void check_overlap(const std::vector<Interval>& x, const std::vector<Interval>& y) {
  REQUIRE(x.size() == y.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    CAPTURE(i);
    CHECK(overlap(to_enclosure(x[i], Status::certified), to_enclosure(y[i], Status::certified)));
  }
}

std::unique_ptr<PairKernel<Interval>> series(const Activation& sigma, const Activation& gamma,
                                             const NeuronKind& kind) {
  const ExpansionLength length{.defect_digits = 20};
  return make_expansion_kernel(expansions_of<Interval>(sigma, length),
                               expansions_of<Interval>(gamma, length), kind);
}

}  // namespace

TEST_CASE("Series of neurons and closed forms enclose the same kernels, derivatives and all") {
  const PrecisionScope precision(25);
  RandomPairs random(1);
  for (const char* name : {"erf", "gelu", "exp", "sin", "cos", "gaussian"})
    for (int trial = 0; trial < 3; ++trial) {
      const Activation sigma = parse_activation(name);
      const Pair p = random.next(false);
      CAPTURE(name);
      CAPTURE(trial);
      const NeuronKind kind{Constraint::free, false};
      const auto closed = make_pair_kernel<Interval>(sigma, sigma, kind, 25);
      REQUIRE(closed->method() == "closed form");
      std::vector<Interval> x = everything(*series(sigma, sigma, kind), p, true),
                            y = everything(*closed, p, true);
      x.resize(x.size() - 3);  // the biases of the diagonal, which one of them has not
      y.resize(y.size() - 3);
      check_overlap(x, y);
    }
}

TEST_CASE("Series of neurons and the bivariate normal distribution enclose the same kernels") {
  const PrecisionScope precision(25);
  RandomPairs random(2);
  for (const auto& [first, second] : {std::pair{"relu", "relu"},
                                      {"hard_tanh", "abs"},
                                      {"relu_power(2)", "relu"},
                                      {"max(x - 1/2, 0)", "relu_power(3)"}})
    for (int trial = 0; trial < 3; ++trial) {
      CAPTURE(first);
      CAPTURE(second);
      CAPTURE(trial);
      const Pair p = random.next(true);
      const NeuronKind kind{Constraint::free, true};
      const Activation sigma = parse_activation(first), gamma = parse_activation(second);
      const auto closed = make_pair_kernel<Interval>(sigma, gamma, kind, 25);
      REQUIRE(closed->method() == "closed form");
      check_overlap(everything(*series(sigma, gamma, kind), p, true), everything(*closed, p, true));
    }
}

TEST_CASE(
    "Where the only kink is at zero and there is no bias, neurons have the elementary kernels") {
  const PrecisionScope precision(30);
  RandomPairs random(3);
  for (const char* name : {"relu", "abs", "relu_power(2)", "leaky_relu(1/3)", "step"})
    for (int trial = 0; trial < 3; ++trial) {
      CAPTURE(name);
      const Pair p = random.next(false);
      const Activation sigma = parse_activation(name);
      const auto elementary =
          make_pair_kernel<Interval>(sigma, sigma, {Constraint::free, false}, 30);
      const auto general = make_pair_kernel<Interval>(sigma, sigma, {Constraint::free, true}, 30);
      std::vector<Interval> x = everything(*elementary, p, false),
                            y = everything(*general, p, false);
      x.resize(11);  // without the biases, which one of them has not
      y.resize(11);
      check_overlap(x, y);
    }
}

TEST_CASE("Polynomials of neurons expand as quadrature says") {
  const PrecisionScope precision(30);
  for (const char* name : {"cubic", "hermite(5)", "x^4 - 3*x + 1/2"}) {
    CAPTURE(name);
    const Activation sigma = parse_activation(name);
    std::vector<Interval> g;
    for (const HermiteCoefficient& c :
         hermite_coefficients(sigma, *sigma.polynomial_degree(), 30).coefficients)
      g.push_back(to_interval(c.enclosure));
    const Interval r = from_rational<Interval>(Rational(5, 3)),
                   c = from_rational<Interval>(Rational(-2, 7));
    const auto by_formula = expansions_of_polynomial(g)(r, c);
    const auto by_quadrature =
        expansions_of<Interval>(sigma, {.least_degree = by_formula->degree()})(r, c);
    check_overlap(by_formula->s, by_quadrature->s);
    check_overlap(by_formula->radial_bend, by_quadrature->radial_bend);
  }
}

TEST_CASE("A box of lengths and biases holds the kernels of its points") {
  RandomPairs random(4);
  for (const auto& [first, second] :
       {std::pair{"tanh", "tanh"}, {"softplus", "relu"}, {"hard_tanh", "abs"}})
    for (const Rational& width : {Rational(1, 1000), Rational(1, 1'000'000'000'000)}) {
      CAPTURE(first);
      CAPTURE(width);
      const PrecisionScope precision(25);
      const Pair p = random.next(true);
      const NeuronKind kind{Constraint::free, true};
      const auto kernel =
          make_pair_kernel<Interval>(parse_activation(first), parse_activation(second), kind, 15);
      const auto wide = [&](const Rational& x) {
        return hull(from_rational<Interval>(x - width), from_rational<Interval>(x + width));
      };
      const Neuron<Interval> a = kernel->first(wide(p.r), wide(p.c)),
                             b = kernel->second(wide(p.s), wide(p.d));
      const auto angle = angle_of<Interval>(p.rho);
      const PairJet<Interval> box = kernel->jet({a, b, angle});
      for (const int corner : {0, 5, 10, 15}) {
        const auto moved = [&](const Rational& x, int bit) -> Rational {
          return (corner >> bit) % 2 == 0 ? Rational(x - width) : Rational(x + width);
        };
        const Pair q{moved(p.r, 0), moved(p.c, 1), moved(p.s, 2), moved(p.d, 3), p.rho};
        const Neuron<Interval> f = kernel->first(from_rational<Interval>(q.r),
                                                 from_rational<Interval>(q.c)),
                               g = kernel->second(from_rational<Interval>(q.s),
                                                  from_rational<Interval>(q.d));
        const PairJet<Interval> point = kernel->jet({f, g, angle});
        check_overlap(
            {box.value, box.rho, box.lambda, box.bias->c, box.bias->cd, box.mu_mu},
            {point.value, point.rho, point.lambda, point.bias->c, point.bias->cd, point.mu_mu});
      }
      // and no more than the lengths and biases account for
      CHECK(upper(box.value) - lower(box.value) < 1000 * from_rational<Real>(width));
    }
}

TEST_CASE("Parallel neurons: equal ones have their second moment, others the mean of a product") {
  const PrecisionScope precision(25);
  for (const char* name : {"relu", "hard_tanh", "tanh", "relu_power(2)"}) {
    CAPTURE(name);
    const Activation sigma = parse_activation(name);
    const auto kernel = make_pair_kernel<Interval>(sigma, sigma, {Constraint::free, true}, 25);
    // √2 has a width, and so have the two neurons that it makes.
    const Interval r = sqrt(Interval(2)), c = Interval(1) / 3;
    const Neuron<Interval> a = kernel->first(r, c), b = kernel->second(r, c);
    for (const Interval& gap : {Interval(0), make_interval(Real(0), Real("1e-48"))}) {
      const Correlation<Interval> angle{Interval(1) - gap, gap, Interval(2) - gap};
      const PairJet<Interval> k = kernel->jet({a, b, angle});
      REQUIRE(k.differentiable);
      const DiagonalJet<Interval> own = kernel->diagonal(a);
      check_overlap({k.value, Interval(k.lambda + k.mu), Interval(k.bias->c + k.bias->d)},
                    {own.value, own.first, own.c});
      CHECK(upper(k.value) - lower(k.value) < Real("1e-20"));
      CHECK(upper(k.rho) - lower(k.rho) < Real("1e-9"));
    }
    // E[σ(u + 1) σ(±2u - 1/2)] by the coefficients of the product.
    const std::string text =
        std::string("(") + to_text(compose(to_expression(sigma), parse_expression("x+1"))) + ")*(" +
        to_text(compose(to_expression(sigma), parse_expression("2*x-1/2"))) + ")";
    const Enclosure mean =
        hermite_coefficients(parse_activation(text), 0, 25).coefficients[0].enclosure;
    const Neuron<Interval> e = kernel->first(Interval(1), Interval(1)),
                           f = kernel->second(Interval(2), Interval(-1) / 2);
    const Correlation<Interval> parallel{Interval(1), Interval(0), Interval(2)};
    CHECK(overlap(to_enclosure(kernel->value({e, f, parallel}), Status::certified), mean));
    const std::string turned =
        std::string("(") + to_text(compose(to_expression(sigma), parse_expression("x+1"))) + ")*(" +
        to_text(compose(to_expression(sigma), parse_expression("-2*x-1/2"))) + ")";
    const Enclosure other =
        hermite_coefficients(parse_activation(turned), 0, 25).coefficients[0].enclosure;
    const Correlation<Interval> opposite{Interval(-1), Interval(2), Interval(0)};
    CHECK(overlap(to_enclosure(kernel->value({e, f, opposite}), Status::certified), other));
  }
}

TEST_CASE("Double and Real lie near the enclosures of general neurons") {
  RandomPairs random(5);
  for (const auto& [first, second] :
       {std::pair{"relu", "relu"}, {"hard_tanh", "step"}, {"tanh", "relu"}, {"gelu", "cubic"}}) {
    CAPTURE(first);
    CAPTURE(second);
    const Pair p = random.next(true);
    const NeuronKind kind{Constraint::free, true};
    const Activation sigma = parse_activation(first), gamma = parse_activation(second);
    std::vector<Interval> enclosures;
    {
      const PrecisionScope precision(30);
      enclosures = everything(*make_pair_kernel<Interval>(sigma, gamma, kind, 25), p, true);
    }
    const std::vector<double> doubles =
        everything(*make_pair_kernel<double>(sigma, gamma, kind, 17), p, true);
    const PrecisionScope precision(40);
    const std::vector<Real> reals =
        everything(*make_pair_kernel<Real>(sigma, gamma, kind, 25), p, true);
    for (std::size_t i = 0; i < enclosures.size(); ++i) {
      CAPTURE(i);
      const Real middle = (lower(enclosures[i]) + upper(enclosures[i])) / 2;
      CHECK(abs(Real(reals[i] - middle)) < Real("1e-14") * (1 + abs(middle)));
      CHECK(std::abs(doubles[i] - static_cast<double>(middle)) <
            1e-10 * (1 + std::abs(static_cast<double>(middle))));
    }
  }
}
