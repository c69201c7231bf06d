#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/activation/analytic_pieces.hpp>
#include <sigmahat/activation/expression_ball.hpp>
#include <sigmahat/activation/growth.hpp>
#include <sigmahat/coefficients/expression_quadrature.hpp>
#include <sigmahat/coefficients/panel_quadrature.hpp>
#include <sigmahat/coefficients/strip_quadrature.hpp>
#include <sigmahat/numeric/complex_ball.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

double upper_double(const Interval& x) {
  return mpfr_get_d(x.backend().right_data(), MPFR_RNDU);
}

/// What `f` is bounded by far out on both sides.
GrowthBound growth_of(const Activation& activation, const Expression& f) {
  GrowthBound bound{8, -INFINITY, 0, 0, -INFINITY};
  for (const int side : {-8, 8}) {
    const auto growth = tail_growth(f, side).upper;
    if (!growth)
      throw NumericalError(fmt::format("no bound is known on the growth of {}", activation.name()));
    bound.log_scale = std::max(bound.log_scale, upper_double(growth->log_constant));
    bound.power = std::max(bound.power, upper_double(growth->power));
    bound.linear = std::max(bound.linear, upper_double(growth->linear));
    bound.quadratic = std::max(bound.quadratic, upper_double(growth->quadratic));
  }
  // A function that is zero there has a bound of any constant.
  bound.log_scale = std::max(bound.log_scale, -1e6);
  return bound;
}

/// Whether `function` itself tells that it is bounded around x.
bool shows_bound(const ComplexFunction& function, const Ball& x) {
  ComplexBall z, value;
  arb_set(acb_realref(z.get()), x.get());
  arb_add_error_2exp_si(acb_realref(z.get()), -64);
  function(value.get(), z.get(), false, 64);
  return acb_is_finite(value.get());
}

/// A bound on log|f| turned into one on log|2^-exponent f|; the last digits of a double are given
/// away.
double scaled_logarithm(double bound, slong exponent) {
  const double shift = static_cast<double>(exponent) * M_LN2;
  return bound - shift + 1e-12 * (std::abs(bound) + std::abs(shift));
}

/// Near c, on its right (side 1) or left (-1), where f itself shows no bound: that of f(c ± 1/t).
std::optional<EndBound> end_bound(const Expression& f, const Rational& c, int side) {
  const Expression inverse = Expression::power(Expression::variable(), Rational(-1));
  constexpr int from = 16;
  const auto growth =
      tail_growth(compose(f, Expression(c) + Expression(side) * inverse), from).upper;
  if (!growth) return {};
  const EndBound bound{from, std::max(upper_double(growth->log_constant), -1e6),
                       upper_double(growth->power)};
  if (upper_double(growth->linear) > 0 || upper_double(growth->quadratic) > 0 || bound.power >= 0.5)
    return {};
  return bound;
}

/// f on a real or complex ball; on a real one where ball arithmetic finds no bound, by interval
/// arithmetic, which takes infinities in its stride: exp(-1/x²), |x|^(1/3).
void evaluate_enclosing(acb_ptr value, const Expression& f, acb_srcptr z, bool analytic,
                        slong bits) {
  evaluate_complex(value, f, z, analytic, bits);
  if (analytic || acb_is_finite(value) || !acb_is_real(z)) return;
  Ball x;
  arb_set(x.get(), acb_realref(z));
  const Interval range = range_enclosure(f, to_interval(x));
  if (isfinite(lower(range)) && isfinite(upper(range))) acb_set_arb(value, Ball(range).get());
}

/// 2^-exponent f.
ComplexFunction scaled(const Expression& f, slong exponent) {
  return [f, exponent](acb_ptr value, acb_srcptr z, bool analytic, slong bits) {
    evaluate_enclosing(value, f, z, analytic, bits);
    acb_mul_2exp_si(value, value, -exponent);
  };
}

/// log2 of √E[σ²], roughly: from a few values, and from the growth further out.
slong log2_size(const Expression& f, const GrowthBound& growth) {
  const ComplexFunction function = scaled(f, 0);
  double size = -INFINITY;
  for (double x = 0.25 - growth.from; x < growth.from; x += 0.5) {
    ComplexBall z, value;
    acb_set_d(z.get(), x);
    function(value.get(), z.get(), false, 30);
    Ball real;
    arb_swap(real.get(), acb_realref(value.get()));
    const double log2_value = log2_upper(real);
    if (std::isfinite(log2_value)) size = std::max(size, log2_value * M_LN2 - x * x / 4);
  }
  for (double x = growth.from; x < 1e4; x *= 1.1)
    size = std::max(size, growth.log_scale + growth.power * std::log(x) + growth.linear * x +
                              (growth.quadratic - 0.25) * x * x);
  return static_cast<slong>(std::clamp(size / M_LN2, -1e5, 1e5));
}

class ExpressionIntegrator {
 public:
  ExpressionIntegrator(const Activation& activation, const Expression& f, int max_degree)
      : activation_(activation),
        f_(f),
        growth_(growth_of(activation, f)),
        max_degree_(max_degree) {}

  slong log2_size() const { return sigmahat::log2_size(f_, growth_); }

  /// Of 2^-exponent f, each radius below 2^-bits.
  QuadratureTable integrate(slong exponent, slong bits) const {
    GrowthBound growth = growth_;
    growth.log_scale = scaled_logarithm(growth.log_scale, exponent);
    const int reach = panel_reach(growth, bits + 4);
    const int digits = static_cast<int>(static_cast<double>(bits) * 0.302) + 10;
    const AnalyticPieces cut = [&] {
      const PrecisionScope precision(digits, 5);
      return analytic_pieces(f_, reach, digits);
    }();
    for (const AnalyticPiece& piece : cut.pieces)
      if (!piece.f)
        throw DomainError(fmt::format("{} is not defined everywhere: {}", activation_.name(),
                                      piece.undefined_because));
    if (cut.points.empty())
      if (auto table = strip_coefficients(scaled(*cut.pieces[0].f, exponent), activation_.parity(),
                                          growth, reach, max_degree_, bits))
        return *std::move(table);
    return on_panels(cut, growth, reach, exponent, bits);
  }

 private:
  /// Of an even or odd f on [0, reach] only.
  QuadratureTable on_panels(const AnalyticPieces& cut, const GrowthBound& growth, int reach,
                            slong exponent, slong bits) const {
    const auto crosses_zero = [](const SingularPoint& c) {
      return !c.exact && lower(c.at) <= 0 && upper(c.at) >= 0;
    };
    const bool half = activation_.parity() != Parity::none &&
                      std::none_of(cut.points.begin(), cut.points.end(), crosses_zero);
    const auto whole = [](int x) { return Ball(Rational(x), 64); };
    std::vector<IntegrandPiece> pieces;
    for (std::size_t i = 0; i < cut.pieces.size(); ++i) {
      const auto end_point = [&](std::size_t j) {
        return j < cut.points.size() ? &cut.points[j] : nullptr;
      };
      const SingularPoint* from = i == 0 ? nullptr : end_point(i - 1);
      const SingularPoint* to = end_point(i);
      if (half && to && upper(to->at) <= 0) continue;
      if (half && from && upper(from->at) < 0) from = nullptr;
      const Expression& g = *cut.pieces[i].f;
      const ComplexFunction function = scaled(g, exponent);
      IntegrandPiece integrand{whole(half ? 0 : -reach), whole(reach), function};
      const auto set_end = [&](Ball& place, std::optional<EndBound>& bound, const SingularPoint& c,
                               int side) {
        place = c.exact ? Ball(*c.exact, bits + 64) : Ball(c.at);
        if (!c.exact || shows_bound(function, place)) return;
        bound = end_bound(g, *c.exact, side);
        if (!bound) return;
        bound->log_scale = scaled_logarithm(bound->log_scale, exponent);
        place = Ball(*c.exact, max_end_bits(bits) + 64);
      };
      if (from) set_end(integrand.left, integrand.left_bound, *from, 1);
      if (to) set_end(integrand.right, integrand.right_bound, *to, -1);
      pieces.push_back(std::move(integrand));
    }
    QuadratureTable table = panel_coefficients(pieces, growth, max_degree_, half ? bits + 1 : bits);
    if (!half) return table;
    arb_mul_2exp_si(table.second_moment.get(), table.second_moment.get(), 1);
    for (std::size_t k = 0; k < table.coefficients.size(); ++k) {
      Ball& c = table.coefficients[k];
      if ((k % 2 == 0) == (activation_.parity() == Parity::even))
        arb_mul_2exp_si(c.get(), c.get(), 1);
      else
        c = Ball();
    }
    return table;
  }

  const Activation& activation_;
  const Expression& f_;
  GrowthBound growth_;
  int max_degree_;
};

}  // namespace

QuadratureTable expression_coefficients(const Activation& activation, const Expression& f,
                                        int max_degree, slong bits) {
  constexpr slong spare = 4;
  const ExpressionIntegrator integrator(activation, f, max_degree);
  slong exponent = integrator.log2_size();
  QuadratureTable table = integrator.integrate(exponent, bits + spare);
  // 2^-2e E[σ²], about 1 as a rule. Where σ is smaller than it seemed, once more.
  const double size = arf_get_d(arb_midref(table.second_moment.get()), ARF_RND_NEAR);
  if (arb_is_positive(table.second_moment.get()) &&
      size < std::ldexp(1.0, -static_cast<int>(spare))) {
    exponent += static_cast<slong>(std::floor(std::max(std::log2(size), -1e5) / 2));
    table = integrator.integrate(exponent, bits + spare);
  }
  for (Ball& c : table.coefficients) arb_mul_2exp_si(c.get(), c.get(), exponent);
  arb_mul_2exp_si(table.second_moment.get(), table.second_moment.get(), 2 * exponent);
  return table;
}

}  // namespace sigmahat
