#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/activation/analytic_pieces.hpp>
#include <sigmahat/activation/expression_ball.hpp>
#include <sigmahat/activation/growth.hpp>
#include <sigmahat/coefficients/closed_form.hpp>
#include <sigmahat/coefficients/panel_quadrature.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/coefficients/trapezoidal.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/complex_ball.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

bool suits_trapezoidal(const Logistic& f) {
  return abs(f.rate) >= lowest_trapezoidal_rate && abs(f.rate) <= highest_trapezoidal_rate;
}

CoefficientTable integrated(const Activation& activation, const Logistic& f, int max_degree,
                            int digits) {
  // E[σ²] is at least about min(1, rate²), and its radius that of the coefficients over the rate.
  const double slowness = -std::log2(std::min(std::abs(f.rate.convert_to<double>()), 1.0));
  const slong bits = PrecisionScope::bits() + 4 + static_cast<slong>(std::ceil(3 * slowness));
  const QuadratureTable quadrature = logistic_coefficients(f, max_degree, bits);
  CoefficientTable table{
      activation, digits, {}, to_enclosure(quadrature.second_moment, Status::certified)};
  table.coefficients.reserve(quadrature.coefficients.size());
  for (const Ball& ball : quadrature.coefficients) {
    HermiteCoefficient coefficient{to_enclosure(ball, Status::certified), {}};
    if (coefficient.enclosure.error_bound == 0) {
      // Parity makes it a rational number that a ball holds exactly: 0 or 1/2.
      coefficient.enclosure.status = Status::exact;
      coefficient.exact =
          ExactValue::rational(Rational(coefficient.enclosure.value.convert_to<double>()));
    }
    table.coefficients.push_back(std::move(coefficient));
  }
  return table;
}

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

QuadratureTable integrate(const Activation& activation, const Expression& f, int max_degree,
                          slong bits) {
  const GrowthBound growth = growth_of(activation, f);
  const int reach = panel_reach(growth, bits + 4);
  const int digits = static_cast<int>(static_cast<double>(bits) * 0.302) + 10;
  const AnalyticPieces cut = [&] {
    const PrecisionScope precision(digits, 5);
    return analytic_pieces(f, reach, digits);
  }();
  const auto end = [](int x) { return Ball(Rational(x), 64); };
  std::vector<IntegrandPiece> pieces;
  for (std::size_t i = 0; i < cut.pieces.size(); ++i) {
    const AnalyticPiece& piece = cut.pieces[i];
    if (!piece.f)
      throw DomainError(fmt::format("{} is not defined everywhere: {}", activation.name(),
                                    piece.undefined_because));
    const ComplexFunction function = [g = *piece.f](acb_ptr value, acb_srcptr z, bool analytic,
                                                    slong b) {
      evaluate_enclosing(value, g, z, analytic, b);
    };
    IntegrandPiece integrand{end(-reach), end(reach), function};
    const auto set_end = [&](Ball& place, std::optional<EndBound>& bound, std::size_t j, int side) {
      const SingularPoint& c = cut.points[j];
      place = c.exact ? Ball(*c.exact, bits + 64) : Ball(c.at);
      if (!c.exact || shows_bound(function, place)) return;
      bound = end_bound(*piece.f, *c.exact, side);
      if (bound) place = Ball(*c.exact, max_end_bits(bits) + 64);
    };
    if (i > 0) set_end(integrand.left, integrand.left_bound, i - 1, 1);
    if (i < cut.points.size()) set_end(integrand.right, integrand.right_bound, i, -1);
    pieces.push_back(std::move(integrand));
  }
  return panel_coefficients(pieces, growth, max_degree, bits);
}

Status status_of(const QuadratureTable& table) {
  return table.estimated_because.empty() ? Status::certified : Status::estimated;
}

/// Bits for the precision in force, relative to sqrt(E[σ²]): sees first how large that is.
slong relative_bits(const Activation& activation, const Expression& f) {
  const double scale =
      to_enclosure(integrate(activation, f, 0, 40).second_moment, Status::certified)
          .value.convert_to<double>();
  const slong extra =
      scale > 0 ? std::clamp(static_cast<slong>(-std::log2(scale)), -2000L, 2000L) : 0;
  return std::max<slong>(PrecisionScope::bits() + 8 + extra, 30);
}

/// In the closed form, or else on panels.
Enclosure second_moment(const Activation& activation, const ClosedForm& form) {
  if (form.second_moment) return to_enclosure(*form.second_moment, Status::exact);
  const auto& f = std::get<Expression>(activation.structure());
  const QuadratureTable table = integrate(activation, f, 0, relative_bits(activation, f));
  return to_enclosure(table.second_moment, status_of(table));
}

CoefficientTable evaluated(const Activation& activation, int digits, ClosedForm form) {
  CoefficientTable table{activation, digits, {}, second_moment(activation, form)};
  table.coefficients.reserve(form.coefficients.size());
  const std::vector<Interval> values = to_intervals(form.coefficients);
  for (std::size_t k = 0; k < values.size(); ++k)
    table.coefficients.push_back(
        {to_enclosure(values[k], Status::exact), std::move(form.coefficients[k])});
  return table;
}

CoefficientTable integrated(const Activation& activation, const Expression& f, int max_degree,
                            int digits) {
  const QuadratureTable quadrature =
      integrate(activation, f, max_degree, relative_bits(activation, f));
  const Status status = status_of(quadrature);
  CoefficientTable table{activation,
                         digits,
                         {},
                         to_enclosure(quadrature.second_moment, status),
                         quadrature.estimated_because};
  const Parity parity = activation.parity();
  for (int k = 0; k <= max_degree; ++k) {
    if (parity != Parity::none && (k % 2 == 0) != (parity == Parity::even))
      table.coefficients.push_back({{Real(0), Real(0), Status::exact}, ExactValue::rational(0)});
    else
      table.coefficients.push_back(
          {to_enclosure(quadrature.coefficients[static_cast<std::size_t>(k)], status), {}});
  }
  return table;
}

}  // namespace

Enclosure CoefficientTable::parseval_defect(int degree) const {
  if (degree < -1 || degree > max_degree())
    throw DomainError(fmt::format("the Parseval defect is known for degrees -1 to {}, not {}",
                                  max_degree(), degree));
  const PrecisionScope precision(static_cast<int>(second_moment.value.precision()));
  Interval defect = to_interval(second_moment);
  Status status = second_moment.status;
  for (int k = 0; k <= degree; ++k) {
    const Enclosure& c = coefficients[static_cast<std::size_t>(k)].enclosure;
    defect -= square(to_interval(c));
    status = weaker(status, c.status);
  }
  // An estimate need not respect what is known of the true defect.
  if (status == Status::estimated) return to_enclosure(defect, status);
  const Interval whole = to_interval(second_moment);
  return to_enclosure(known_within(defect, Interval(0), whole), status);
}

CoefficientTable hermite_coefficients(const Activation& activation, int max_degree, int digits) {
  if (max_degree < 0 || max_degree > max_supported_degree)
    throw DomainError(fmt::format("the highest degree must be between 0 and {}, not {}",
                                  max_supported_degree, max_degree));
  constexpr int guard_digits = 3;
  const PrecisionScope precision(digits, guard_digits);
  if (auto form = closed_form(activation, max_degree); form && form->second_moment)
    return evaluated(activation, digits, std::move(*form));
  if (const auto* f = std::get_if<Logistic>(&activation.structure()))
    return suits_trapezoidal(*f) ? integrated(activation, *f, max_degree, digits)
                                 : integrated(activation, to_expression(*f), max_degree, digits);
  if (const auto* f = std::get_if<Expression>(&activation.structure()))
    return integrated(activation, *f, max_degree, digits);
  throw DomainError(fmt::format("no rule gives proven coefficients of \"{}\"", activation.name()));
}

}  // namespace sigmahat
