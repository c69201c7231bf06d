#include <doctest/doctest.h>

#include <sigmahat/kernel/derivative_kernel.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;

namespace {

constexpr int digits = 20, order = 6;

/// Every weight a different number; odd degrees zero where mirrored.
std::vector<std::vector<Interval>> some_weights(bool mirrored) {
  std::vector<std::vector<Interval>> weights;
  for (int d = 0; d <= order; ++d) {
    weights.emplace_back();
    for (int p = 0; p <= d; ++p)
      weights.back().push_back(mirrored && d % 2 != 0
                                   ? Interval(0)
                                   : from_rational<Interval>(Rational(3 * p - 2 * d + 1, 7)));
  }
  return weights;
}

/// The same function with a breakpoint where nothing breaks: closed forms do not see through it.
Activation disguised_relu() {
  return Activation("disguised relu",
                    PiecewisePolynomial{{0, 1}, {Polynomial{}, Polynomial{0, 1}, {0, 1}}});
}

}  // namespace

TEST_CASE("The series of the derivatives of ReLU and their moments in closed form agree") {
  const PrecisionScope precision(60);
  const DerivativeKernel series(disguised_relu(), order, digits, Real(0.95));
  // At a correlation of 9/10 the short series that stands beside moments is not enough.
  const DerivativeKernel moments(parse_activation("relu"), order, 60, Real(0.95));
  for (const bool mirrored : {false, true})
    for (const std::vector<int>& without : {std::vector<int>{}, {0}, {0, 1, 2}})
      for (const Rational& rho : {Rational(9, 10), Rational(-19, 20)}) {
        const auto weights = some_weights(mirrored);
        const auto x =
            series.contracted(weights, from_rational<Interval>(rho), {mirrored, without});
        const auto y =
            moments.contracted(weights, from_rational<Interval>(rho), {mirrored, without});
        CAPTURE(mirrored);
        CAPTURE(without.size());
        REQUIRE(x);
        REQUIRE(y);
        CHECK(test::overlap(*x, *y));
        CHECK(upper(*y) - lower(*y) < 1e-30);
        CHECK(upper(*x) - lower(*x) < 1e-8);
      }
}

TEST_CASE("The first derivatives are those of the dual kernel") {
  const PrecisionScope precision(40);
  for (const char* name : {"relu", "tanh", "exp", "gelu"}) {
    const Activation sigma = parse_activation(name);
    const DerivativeKernel kernel(sigma, 4, digits, Real(0.5));
    const auto c = correlation(from_rational<Interval>(Rational(-1, 2)));
    const KernelJet<Interval> jet = make_dual_kernel<Interval>(sigma, sigma, digits)->jet(c);
    const std::vector<Interval> expected{jet.value, *jet.first, *jet.second};
    for (int n = 0; n <= 2; ++n) {
      // Only D_nn.
      std::vector<std::vector<Interval>> weights;
      for (int d = 0; d <= 4; ++d)
        weights.emplace_back(static_cast<std::size_t>(d) + 1, Interval(0));
      weights[static_cast<std::size_t>(2 * n)][static_cast<std::size_t>(n)] = 1;
      CAPTURE(name);
      CAPTURE(n);
      const auto found = kernel.contracted(weights, c.rho, {});
      REQUIRE(found);
      CHECK(test::overlap(*found, expected[static_cast<std::size_t>(n)]));
      CHECK(upper(*found) - lower(*found) < 1e-12);
    }
  }
}
