#include <random>

#include <doctest/doctest.h>

#include <sigmahat/coefficients/panel_quadrature.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

using namespace sigmahat;

namespace {

Ball whole(int x) {
  return Ball(Rational(x), 64);
}

/// `functions` between the ends of [-X, X] and the `kinks`, X as `growth` and `bits` demand.
QuadratureTable integrate(const std::vector<ComplexFunction>& functions,
                          const std::vector<Ball>& kinks, const GrowthBound& growth, int max_degree,
                          slong bits) {
  const int reach = panel_reach(growth, bits + 4);
  std::vector<IntegrandPiece> pieces;
  for (std::size_t i = 0; i < functions.size(); ++i)
    pieces.push_back({i == 0 ? whole(-reach) : kinks[i - 1],
                      i == kinks.size() ? whole(reach) : kinks[i], functions[i]});
  return panel_coefficients(pieces, growth, max_degree, bits);
}

const GrowthBound bounded{};
const GrowthBound linear{1, 0, 1, 0, 0};
const GrowthBound exponential{1, 0, 0, 1, 0};

ComplexFunction line(const Rational& slope) {
  return [slope](acb_ptr value, acb_srcptr z, bool, slong bits) {
    acb_mul_arb(value, z, Ball(slope, bits).get(), bits);
  };
}

bool within(const Ball& x, slong bits) {
  return mag_cmp_2exp_si(arb_radref(x.get()), -bits) <= 0;
}

void check_against(const char* name, const QuadratureTable& panels, slong bits) {
  CAPTURE(name);
  CAPTURE(bits);
  const int max_degree = static_cast<int>(panels.coefficients.size()) - 1;
  const int digits = static_cast<int>(static_cast<double>(bits) / 3) + 20;
  const CoefficientTable table = hermite_coefficients(parse_activation(name), max_degree, digits);
  const PrecisionScope precision(digits);
  CHECK(overlap(to_enclosure(panels.second_moment, Status::certified), table.second_moment));
  CHECK(within(panels.second_moment, bits));
  for (int k = 0; k <= max_degree; ++k) {
    CAPTURE(k);
    const Ball& c = panels.coefficients[static_cast<std::size_t>(k)];
    CHECK(overlap(to_enclosure(c, Status::certified),
                  table.coefficients[static_cast<std::size_t>(k)].enclosure));
    CHECK(within(c, bits));
  }
}

}  // namespace

TEST_CASE("Panels agree with the closed forms and with the trapezoidal rule") {
  std::mt19937_64 random(31);
  for (int trial = 0; trial < 3; ++trial) {
    const slong bits = std::uniform_int_distribution<int>(30, 250)(random);
    const int degree = std::uniform_int_distribution<int>(0, 150)(random);
    const auto tanh = [](acb_ptr y, acb_srcptr z, bool, slong b) { acb_tanh(y, z, b); };
    check_against("tanh", integrate({tanh}, {}, bounded, degree, bits), bits);
    const auto exp = [](acb_ptr y, acb_srcptr z, bool, slong b) { acb_exp(y, z, b); };
    check_against("exp", integrate({exp}, {}, exponential, degree, bits), bits);
    check_against("leaky_relu(-3/7)",
                  integrate({line(Rational(-3, 7)), line(1)}, {whole(0)}, linear, degree, bits),
                  bits);
  }
}

TEST_CASE("A kink at an irrational point: shifted ReLU at sqrt(2) (MATH.md 2)") {
  const slong bits = 160;
  Ball kink;
  arb_sqrt_ui(kink.get(), 2, bits + 30);
  const auto shifted = [](acb_ptr y, acb_srcptr z, bool, slong b) {
    Ball root;
    arb_sqrt_ui(root.get(), 2, b);
    acb_sub_arb(y, z, root.get(), b);
  };
  const QuadratureTable table = integrate({line(0), shifted}, {kink}, linear, 40, bits);
  const PrecisionScope precision(90);
  const Interval c = sqrt(Interval(2));
  const std::vector<Interval> h = hermite_polynomials(c, 40);
  const Interval density = exp(Interval(-1)) / sqrt(Interval(2 * pi<Interval>()));
  for (int k = 2; k <= 40; ++k) {
    CAPTURE(k);
    const Interval expected =
        density * h[static_cast<std::size_t>(k) - 2] / sqrt(Interval(k * (k - 1)));
    const Ball& ball = table.coefficients[static_cast<std::size_t>(k)];
    CHECK(overlap(to_enclosure(ball, Status::certified), to_enclosure(expected, Status::exact)));
    CHECK(within(ball, bits));
  }
}

TEST_CASE("A singular point that nobody announced: sqrt|x| (moments by the Gamma function)") {
  const slong bits = 80;
  const auto root = [](acb_ptr y, acb_srcptr z, bool analytic, slong b) {
    acb_real_abs(y, z, analytic, b);
    acb_sqrt_analytic(y, y, analytic, b);
  };
  const QuadratureTable table = integrate({root}, {}, linear, 4, bits);
  const PrecisionScope precision(40);
  // E|x|^p = 2^{p/2} Γ((p+1)/2)/√π
  const auto moment = [](const Real& p) {
    Real gamma;
    const Real half = (p + 1) / 2;
    mpfr_gamma(gamma.backend().data(), half.backend().data(), MPFR_RNDN);
    return Real(pow(Real(2), Real(p / 2)) * gamma / sqrt(pi<Real>()));
  };
  const auto holds = [](const Ball& ball, const Real& value) {
    Enclosure enclosure = to_enclosure(ball, Status::certified);
    enclosure.error_bound += Real("1e-38");
    return contains(enclosure, value);
  };
  CHECK(holds(table.second_moment, moment(1)));
  CHECK(holds(table.coefficients[0], moment(Real(1) / 2)));
  CHECK(holds(table.coefficients[1], Real(0)));
  // √2 h_2 = x² - 1
  CHECK(holds(table.coefficients[2],
              Real((moment(Real(5) / 2) - moment(Real(1) / 2)) / sqrt(Real(2)))));
  for (const Ball& c : table.coefficients) CHECK(within(c, bits - 2));
}

TEST_CASE("What is not square integrable is refused, and what shows no bound is no proof") {
  CHECK_THROWS_AS(panel_reach({1, 0, 0, 0, 0.25}, 60), DomainError);
  const auto pole = [](acb_ptr y, acb_srcptr z, bool, slong b) { acb_inv(y, z, b); };
  CHECK(integrate({pole}, {}, bounded, 3, 60).estimated_because == "no bound is known near x = 0");
}
