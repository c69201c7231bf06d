#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include <sigmahat/activation/admissibility.hpp>
#include <sigmahat/activation/analytic_pieces.hpp>
#include <sigmahat/activation/growth.hpp>
#include <sigmahat/activation/local_behaviour.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/overloaded.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

constexpr int range = 32;
constexpr int digits = 20;
constexpr int working_digits = 40;
/// Where growth is looked at: farther out it is seen more sharply.
constexpr int growth_starts[] = {range, 1 << 30};

bool is_bounded(const Interval& u) {
  return mpfi_bounded_p(u.backend().data()) != 0;
}

/// Whether f is proven to have a value almost everywhere on x: nothing negative under a fractional
/// power or in a logarithm.
bool is_defined_on(const Expression& f, const Interval& x) {
  const auto all = [&](const std::vector<Expression>& operands) {
    return std::all_of(operands.begin(), operands.end(),
                       [&](const Expression& u) { return is_defined_on(u, x); });
  };
  const auto not_negative = [&](const Expression& u) { return lower(range_enclosure(u, x)) >= 0; };
  return std::visit(Overloaded{
                        [&](const Expression::Sum& u) { return all(u.terms); },
                        [&](const Expression::Product& u) { return all(u.factors); },
                        [&](const Expression::Power& u) {
                          return is_defined_on(u.base, x) &&
                                 (denominator(u.exponent) == 1 || not_negative(u.base));
                        },
                        [&](const Expression::Call& u) {
                          return all(u.arguments) &&
                                 (u.function != Function::log || not_negative(u.arguments[0]));
                        },
                        [](const auto&) { return true; },
                    },
                    f.node());
}

std::string place(const SingularPoint& point) {
  if (point.exact) return fmt::format("x = {}", to_text(*point.exact));
  return fmt::format("x = {}", to_text(lower(point.at), 6));
}

/// "for x < 0", "for -1 < x < 1": the piece number i.
std::string where(const AnalyticPieces& cut, std::size_t i) {
  const auto end = [](const SingularPoint& point) { return place(point).substr(4); };
  const bool first = i == 0, last = i == cut.points.size();
  if (first && last) return "for any x";
  if (first) return fmt::format("for x < {}", end(cut.points[0]));
  if (last) return fmt::format("for x > {}", end(cut.points[i - 1]));
  return fmt::format("for {} < x < {}", end(cut.points[i - 1]), end(cut.points[i]));
}

AdmissibilityReport admissible() {
  return {Admissibility::square_integrable, ""};
}
AdmissibilityReport undecided(std::string reason) {
  return {Admissibility::undecided, std::move(reason)};
}
AdmissibilityReport not_integrable(std::string reason) {
  return {Admissibility::not_square_integrable, std::move(reason)};
}

AdmissibilityReport check_domain(const AnalyticPieces& cut) {
  const auto refuse = [](const std::string& why, const std::string& where) {
    return AdmissibilityReport{Admissibility::undefined,
                               fmt::format("it is not defined {}: {}", where, why)};
  };
  for (std::size_t i = 0; i < cut.pieces.size(); ++i)
    if (!cut.pieces[i].f) return refuse(cut.pieces[i].undefined_because, where(cut, i));
  if (!cut.left_tail.f)
    return refuse(cut.left_tail.undefined_because, fmt::format("for x < {}", -range));
  if (!cut.right_tail.f)
    return refuse(cut.right_tail.undefined_because, fmt::format("for x > {}", range));
  return admissible();
}

/// Whether |f|² can be integrated over one side of a singular point.
AdmissibilityReport check_side(const Expression& f, const SingularPoint& point) {
  const LocalBehaviour local(point.at, point.exact);
  if (local.is_analytic(f)) return admissible();
  const Real step = ldexp(std::max(Real(1), abs(upper(point.at))), -30);
  const Interval around = make_interval(lower(point.at) - step, upper(point.at) + step);
  if (is_bounded(range_enclosure(f, around))) return admissible();
  const auto order = local.order(f);
  const Rational critical(-1, 2);
  if (order && order->low > critical) return admissible();
  if (order && order->high &&
      (*order->high < critical || (*order->high == critical && !order->logarithm)))
    return not_integrable(fmt::format("at {} it is unbounded like |x - c|^({})", place(point),
                                      to_text(*order->high)));
  return undecided(fmt::format("its behaviour near {} could not be bounded", place(point)));
}

AdmissibilityReport check_points(const Expression& f, const AnalyticPieces& cut) {
  AdmissibilityReport result = admissible();
  for (std::size_t i = 0; i < cut.points.size(); ++i) {
    const SingularPoint& point = cut.points[i];
    if (!point.isolated) {
      if (is_bounded(range_enclosure(f, point.at)) && is_defined_on(f, point.at)) continue;
      result =
          undecided(fmt::format("its singularities near {} could not be resolved", place(point)));
      continue;
    }
    for (const std::size_t side : {i, i + 1}) {
      const AdmissibilityReport here = check_side(*cut.pieces[side].f, point);
      if (here.verdict == Admissibility::not_square_integrable) return here;
      if (here.verdict == Admissibility::undecided) result = here;
    }
  }
  return result;
}

bool integrable(const Growth& g) {
  const Real quarter = ldexp(Real(1), -2);
  if (upper(g.quadratic) != quarter) return upper(g.quadratic) < quarter;
  if (upper(g.linear) != 0) return upper(g.linear) < 0;
  return 2 * upper(g.power) < -1;
}

bool not_integrable(const Growth& g) {
  const Real quarter = ldexp(Real(1), -2);
  if (lower(g.quadratic) != quarter) return lower(g.quadratic) > quarter;
  if (lower(g.linear) != 0) return lower(g.linear) > 0;
  return 2 * lower(g.power) >= -1;
}

/// "exp(x^2)", "|x|^2 exp(0.25 x^2)": the shape without its constant.
std::string text_of(const Growth& g) {
  const auto number = [](const Interval& u) { return to_text(lower(u), 3); };
  std::string exponent;
  const auto add = [&](const Interval& coefficient, const std::string& monomial) {
    const std::string value = number(coefficient);
    if (value == "0") return;
    exponent += exponent.empty() ? "" : " + ";
    exponent += value == "1" ? monomial : value + " " + monomial;
  };
  add(g.quadratic, "x^2");
  add(g.linear, "|x|");
  const std::string power = number(g.power);
  std::string text = power == "0" ? "" : fmt::format("|x|^{}", power);
  if (!exponent.empty()) text += fmt::format("{}exp({})", text.empty() ? "" : " ", exponent);
  return text.empty() ? "a constant" : text;
}

AdmissibilityReport check_tail(const Expression& f, const AnalyticPiece& tail, int side) {
  const std::string direction = side > 0 ? "x -> infinity" : "x -> -infinity";
  const Real infinity = std::numeric_limits<Real>::infinity();
  const Interval half_line =
      side > 0 ? make_interval(Real(range), infinity) : make_interval(-infinity, Real(-range));
  const Expression& g = tail.analytic ? *tail.f : f;
  if (!tail.analytic && !is_defined_on(g, half_line))
    return undecided(fmt::format("whether it is defined for all large x could not be told"));
  for (const int start : growth_starts) {
    const TailGrowth growth = tail_growth(g, Rational(side * start));
    if (growth.upper && integrable(*growth.upper)) {
      // Up to where the bound begins, an analytic function is bounded; another must be shown to be.
      const Interval between = side > 0 ? make_interval(Real(range), Real(start))
                                        : make_interval(Real(-start), Real(-range));
      if (tail.analytic || start == range || is_bounded(range_enclosure(g, between)))
        return admissible();
    }
    if (growth.lower && not_integrable(*growth.lower))
      return not_integrable(fmt::format(
          "as {} it grows at least like {}, and only less than exp(x^2/4) is square-integrable",
          direction, text_of(*growth.lower)));
  }
  return undecided(fmt::format("no sufficient bound could be found as {}", direction));
}

}  // namespace

std::string_view to_string(Admissibility verdict) {
  switch (verdict) {
    case Admissibility::square_integrable:
      return "square-integrable";
    case Admissibility::not_square_integrable:
      return "not square-integrable";
    case Admissibility::undefined:
      return "undefined";
    case Admissibility::undecided:
      return "undecided";
  }
  return "";
}

AdmissibilityReport admissibility(const Expression& f) {
  const PrecisionScope precision(working_digits);
  const AnalyticPieces cut = analytic_pieces(f, range, digits);
  AdmissibilityReport result = check_domain(cut);
  if (result.verdict == Admissibility::undefined) return result;
  for (const auto& check :
       {check_points(f, cut), check_tail(f, cut.right_tail, 1), check_tail(f, cut.left_tail, -1)}) {
    if (check.verdict == Admissibility::not_square_integrable) return check;
    if (check.verdict == Admissibility::undecided) result = check;
  }
  return result;
}

void require_admissible(const Expression& f) {
  const AdmissibilityReport report = admissibility(f);
  if (report.verdict == Admissibility::square_integrable ||
      report.verdict == Admissibility::undecided)
    return;
  // A tree of any size may come here: its text would bury the message.
  const std::string name = f.node_count() <= 60 ? to_text(f) : "the expression";
  throw DomainError(fmt::format("{} is not an activation: {}", name, report.reason));
}

}  // namespace sigmahat
