#include <algorithm>
#include <functional>
#include <limits>
#include <unordered_map>

#include <sigmahat/activation/analytic_pieces.hpp>
#include <sigmahat/activation/local_behaviour.hpp>
#include <sigmahat/activation/real_roots.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/overloaded.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

constexpr int lowest_working_digits = 30;
constexpr int guard_digits = 10;
/// Pieces times nodes that the whole work may touch.
constexpr std::size_t max_parts = 1'000'000;

Real infinity() {
  return std::numeric_limits<Real>::infinity();
}

/// A singular point while the work is under way.
struct Break {
  Interval at;
  std::optional<Rational> exact;
  bool isolated;
  bool artificial;        ///< an end of the range, and nothing else
  bool may_jump = false;  ///< the function need not be continuous there
  bool single = true;     ///< one point, not several that came too close to keep apart
};

/// A stretch where there may be anything.
Break unresolved(const Interval& at) {
  return {at, {}, /*isolated=*/false, /*artificial=*/false, /*may_jump=*/true, /*single=*/false};
}

/// A function cut at `breaks`; the first and the last part are the tails outside the range.
struct Cut {
  std::vector<Break> breaks;
  std::vector<AnalyticPiece> parts;
};

using Operands = std::vector<Expression>;

/// An operation that is singular where `probe` vanishes and, for its operands on either side, takes
/// the form `build` gives it for the sign of the probe (0: it is zero throughout, or unknown).
struct SingularOperation {
  bool continuous;  ///< does not make jumps out of continuous operands
  std::function<Expression(const Operands&)> probe;
  std::function<AnalyticPiece(const Operands&, int sign)> build;
};

AnalyticPiece defined(Expression f, bool analytic = true) {
  return {std::move(f), {}, analytic};
}
AnalyticPiece undefined(std::string reason) {
  return {std::nullopt, std::move(reason), true};
}

bool same(const AnalyticPiece& a, const AnalyticPiece& b) {
  return a.analytic && b.analytic && a.f == b.f;
}

class Cutter {
 public:
  Cutter(const Rational& range, int digits)
      : range_(range),
        // Neighbouring roots may be joined: two more digits keep what comes of it narrow enough.
        finder_(digits + 2),
        tolerance_(pow(Real(10), -digits)) {}

  Cut cut(const Expression& f) {
    if (const auto known = known_.find(&f.node()); known != known_.end()) return known->second;
    Cut result = std::visit(
        Overloaded{
            [&](const Expression::Number&) { return whole(f); },
            [&](const Expression::Variable&) { return whole(f); },
            [&](const Expression::Pi&) { return whole(f); },
            [&](const Expression::Sum& u) { return mapped(u.terms, &Expression::sum); },
            [&](const Expression::Product& u) { return mapped(u.factors, &Expression::product); },
            [&](const Expression::Power& u) { return cut_power(u); },
            [&](const Expression::Call& u) { return cut_call(u); },
        },
        f.node());
    if (parts_made_ > max_parts) result = given_up(f);
    known_.emplace(&f.node(), result);
    return result;
  }

  bool narrow(const Interval& at) const {
    const Real size = std::max(Real(1), std::max(abs(lower(at)), abs(upper(at))));
    return upper(at) - lower(at) <= size * tolerance_;
  }

 private:
  Cut whole(const Expression& f) const {
    const Break left{from_rational<Interval>(-range_), Rational(-range_), true, true};
    const Break right{from_rational<Interval>(range_), range_, true, true};
    return {{left, right}, {defined(f), defined(f), defined(f)}};
  }

  Cut given_up(const Expression& f) const {
    const Interval all = hull(from_rational<Interval>(-range_), from_rational<Interval>(range_));
    return {{unresolved(all)}, {defined(f, false), defined(f, false)}};
  }

  // ------------------------------------------------------------ one operation

  /// An analytic operation on functions that are cut already.
  Cut mapped(const std::vector<Expression>& operands,
             const std::function<Expression(const Operands&)>& operation) {
    std::vector<Cut> cuts;
    for (const Expression& u : operands) cuts.push_back(cut(u));
    std::vector<Break> breaks;
    for (const Cut& u : cuts) breaks.insert(breaks.end(), u.breaks.begin(), u.breaks.end());
    Cut result{merged(std::move(breaks)), {}};
    for (std::size_t gap = 0; gap <= result.breaks.size(); ++gap)
      result.parts.push_back(built(operands_in(cuts, result.breaks, gap),
                                   [&](const Operands& u) { return defined(operation(u)); }));
    return result;
  }

  Cut singular(const std::vector<Cut>& cuts, const SingularOperation& operation) {
    std::vector<Break> breaks;
    for (const Cut& u : cuts) breaks.insert(breaks.end(), u.breaks.begin(), u.breaks.end());
    breaks = merged(std::move(breaks));
    for (Break& point : breaks) point.may_jump = point.may_jump || !operation.continuous;
    std::vector<Break> found = breaks;
    for (std::size_t gap = 1; gap < breaks.size(); ++gap) {
      const auto operands = operands_in(cuts, breaks, gap);
      if (!all_defined(operands)) continue;
      const Expression probe = operation.probe(expressions(operands));
      if (probe.number()) continue;
      const Real from = upper(breaks[gap - 1].at), to = lower(breaks[gap].at);
      for (RealRoot& root : finder_.roots(probe, from, to))
        found.push_back({std::move(root.at), std::move(root.exact), root.isolated, false,
                         !operation.continuous, root.isolated});
    }
    found = merged(std::move(found));

    // A gap where the sign cannot be told joins the breaks beside it.
    std::vector<std::optional<int>> signs = signs_in(cuts, found, operation);
    std::vector<Break> undecided;
    for (std::size_t gap = 1; gap < found.size(); ++gap)
      if (!signs[gap])
        undecided.push_back(
            unresolved(make_interval(upper(found[gap - 1].at), lower(found[gap].at))));
    if (!undecided.empty()) {
      found.insert(found.end(), undecided.begin(), undecided.end());
      found = merged(std::move(found));
      signs = signs_in(cuts, found, operation);
    }

    Cut result{std::move(found), {}};
    for (std::size_t gap = 0; gap <= result.breaks.size(); ++gap)
      result.parts.push_back(built(operands_in(cuts, result.breaks, gap), [&](const Operands& u) {
        AnalyticPiece part = operation.build(u, signs[gap].value_or(0));
        part.analytic = signs[gap].has_value();
        return part;
      }));
    return result;
  }

  /// The sign of the probe on each gap, 0 where it is zero throughout; nothing where it cannot be
  /// told.
  std::vector<std::optional<int>> signs_in(const std::vector<Cut>& cuts,
                                           const std::vector<Break>& breaks,
                                           const SingularOperation& operation) {
    std::vector<std::optional<int>> signs;
    for (std::size_t gap = 0; gap <= breaks.size(); ++gap) {
      const auto operands = operands_in(cuts, breaks, gap);
      if (!all_defined(operands)) {
        signs.emplace_back(0);
        continue;
      }
      const Expression probe = operation.probe(expressions(operands));
      int sign = 0;
      if (probe.number())
        sign = probe.number()->sign();
      else if (!all_analytic(operands))
        sign = 0;
      else if (gap == 0)
        sign = finder_.sign_beyond(probe, lower(breaks.front().at));
      else if (gap == breaks.size())
        sign = finder_.sign_beyond(probe, upper(breaks.back().at));
      else
        sign = finder_.sign_at(probe, middle_of(breaks, gap));
      signs.push_back(sign == 0 && !probe.number() ? std::nullopt : std::optional(sign));
    }
    return signs;
  }

  Cut cut_power(const Expression::Power& f) {
    const bool is_whole = denominator(f.exponent) == 1;
    if (is_whole && f.exponent > 0)
      return mapped({f.base},
                    [&](const Operands& u) { return Expression::power(u[0], f.exponent); });
    return singular({cut(f.base)},
                    {/*continuous=*/f.exponent > 0, [](const Operands& u) { return u[0]; },
                     [&](const Operands& u, int sign) {
                       if (!is_whole && sign < 0)
                         return undefined("a fractional power of a negative number");
                       return defined(Expression::power(u[0], f.exponent));
                     }});
  }

  Cut cut_extremum(const Expression::Call& f) {
    Cut result = cut(f.arguments[0]);
    const int winner = f.function == Function::max ? 1 : -1;
    for (std::size_t i = 1; i < f.arguments.size(); ++i)
      result = singular({result, cut(f.arguments[i])},
                        {/*continuous=*/true, [](const Operands& u) { return u[0] - u[1]; },
                         [&](const Operands& u, int sign) {
                           if (u[0] == u[1]) return defined(u[0]);
                           if (sign == 0) return defined(Expression::call(f.function, u));
                           return defined(u[sign == winner ? 0 : 1]);
                         }});
    return result;
  }

  Cut cut_call(const Expression::Call& f) {
    const auto operand = [](const Operands& u) { return u[0]; };
    const bool continuous = f.function == Function::abs;
    const auto with_probe = [&](std::function<Expression(const Operands&)> probe,
                                std::function<AnalyticPiece(const Operands&, int)> build) {
      return singular({cut(f.arguments[0])}, {continuous, std::move(probe), std::move(build)});
    };
    const auto again = [&](const Operands& u) {
      return f.function == Function::hermite ? Expression::hermite(f.degree, u[0])
                                             : Expression::call(f.function, u);
    };
    switch (f.function) {
      case Function::max:
      case Function::min:
        return cut_extremum(f);
      case Function::abs:
        return with_probe(operand, [&](const Operands& u, int sign) {
          return sign == 0 ? defined(again(u)) : defined(sign * u[0]);
        });
      case Function::sign:
        return with_probe(operand, [&](const Operands& u, int sign) {
          return sign == 0 ? defined(again(u)) : defined(sign);
        });
      case Function::step:
        return with_probe(operand, [&](const Operands& u, int sign) {
          return sign == 0 ? defined(again(u)) : defined((sign + 1) / 2);
        });
      case Function::log:
        return with_probe(operand, [&](const Operands& u, int sign) {
          if (sign < 0) return undefined("the logarithm of a negative number");
          return defined(again(u));
        });
      case Function::tan:
        return with_probe([](const Operands& u) { return Expression::call(Function::cos, u[0]); },
                          [&](const Operands& u, int) { return defined(again(u)); });
      default:
        return mapped(f.arguments, again);
    }
  }

  // ------------------------------------------------------------ breaks and parts

  /// Ascending and disjoint: what overlaps, or leaves no room between, becomes one.
  std::vector<Break> merged(std::vector<Break> breaks) const {
    std::sort(breaks.begin(), breaks.end(),
              [](const Break& a, const Break& b) { return lower(a.at) < lower(b.at); });
    std::vector<Break> result;
    for (Break& next : breaks) {
      const bool apart =
          result.empty() || (lower(next.at) > upper(result.back().at) &&
                             !narrow(make_interval(upper(result.back().at), lower(next.at))));
      if (apart) {
        result.push_back(std::move(next));
        continue;
      }
      Break& last = result.back();
      const bool equal = last.exact && last.exact == next.exact;
      last.at = hull(last.at, next.at);
      if (!equal) last.exact.reset();
      last.single = equal && last.single && next.single;
      last.isolated = last.isolated && next.isolated && narrow(last.at);
      last.artificial = last.artificial && next.artificial;
      last.may_jump = last.may_jump || next.may_jump;
    }
    return result;
  }

  static Real middle_of(const std::vector<Break>& breaks, std::size_t gap) {
    if (gap == 0) return -infinity();
    if (gap == breaks.size()) return infinity();
    return (upper(breaks[gap - 1].at) + lower(breaks[gap].at)) / 2;
  }

  /// The part of each function on a gap of breaks that hold all of its own.
  std::vector<AnalyticPiece> operands_in(const std::vector<Cut>& cuts,
                                         const std::vector<Break>& breaks, std::size_t gap) {
    const Real x = middle_of(breaks, gap);
    std::vector<AnalyticPiece> result;
    for (const Cut& u : cuts) {
      const auto next = std::partition_point(u.breaks.begin(), u.breaks.end(),
                                             [&](const Break& b) { return lower(b.at) < x; });
      result.push_back(u.parts[static_cast<std::size_t>(next - u.breaks.begin())]);
      ++parts_made_;
    }
    return result;
  }

  static bool all_defined(const std::vector<AnalyticPiece>& parts) {
    return std::all_of(parts.begin(), parts.end(),
                       [](const AnalyticPiece& p) { return p.f.has_value(); });
  }

  static bool all_analytic(const std::vector<AnalyticPiece>& parts) {
    return std::all_of(parts.begin(), parts.end(),
                       [](const AnalyticPiece& p) { return p.analytic; });
  }

  static Operands expressions(const std::vector<AnalyticPiece>& parts) {
    Operands result;
    for (const AnalyticPiece& part : parts) result.push_back(*part.f);
    return result;
  }

  template <class Build>
  static AnalyticPiece built(const std::vector<AnalyticPiece>& parts, Build build) {
    for (const AnalyticPiece& part : parts)
      if (!part.f) return part;
    try {
      AnalyticPiece result = build(expressions(parts));
      for (const AnalyticPiece& part : parts) result.analytic = result.analytic && part.analytic;
      return result;
    } catch (const DomainError& error) {
      return undefined(error.what());
    }
  }

  Rational range_;
  RootFinder finder_;
  Real tolerance_;
  std::size_t parts_made_ = 0;
  std::unordered_map<const Expression::Node*, Cut> known_;
};

// ---------------------------------------------------------------- what kind of point it is

bool are_apart(const Interval& a, const Interval& b) {
  return upper(a) < lower(b) || upper(b) < lower(a);
}
bool is_bounded(const Interval& u) {
  return mpfi_bounded_p(u.backend().data()) != 0;
}

/// Whether both have one value at c by exact arithmetic.
bool agree_exactly(const Expression& f, const Expression& g, const Rational& c) {
  try {
    return compose(f, Expression(c)) == compose(g, Expression(c));
  } catch (const InputError&) {
    return false;
  }
}

Singularity kind_of(const Break& point, const AnalyticPiece& left, const AnalyticPiece& right) {
  if (!point.isolated) return Singularity::unknown;
  const LocalBehaviour local(point.at, point.exact);
  bool analytic = true, meromorphic = true, single_valued = true, bounded = true, pole = false;
  for (const AnalyticPiece* side : {&left, &right}) {
    if (!side->f) continue;
    if (local.is_analytic(*side->f)) continue;
    analytic = false;
    meromorphic = meromorphic && local.is_meromorphic(*side->f);
    single_valued = single_valued && local.is_single_valued(*side->f);
    const auto order = local.order(*side->f);
    bounded = bounded && order && order->low >= 0;
    pole = pole || (order && order->high && *order->high < 0);
  }
  if (pole) return Singularity::pole;
  if (!left.f || !right.f) return bounded ? Singularity::branch_point : Singularity::unknown;
  if (!analytic) {
    const Real step = ldexp(std::max(Real(1), abs(upper(point.at))), -30);
    const Interval before = make_interval(lower(point.at) - step, upper(point.at));
    const Interval after = make_interval(lower(point.at), upper(point.at) + step);
    const Interval from_left = range_enclosure(*left.f, before);
    const Interval from_right = range_enclosure(*right.f, after);
    if (is_bounded(from_left) && is_bounded(from_right) && are_apart(from_left, from_right))
      return Singularity::jump;
    if (meromorphic && bounded && left.f == right.f) return Singularity::removable;
    return single_valued ? Singularity::unknown : Singularity::branch_point;
  }
  if (are_apart(range_enclosure(*left.f, point.at), range_enclosure(*right.f, point.at)))
    return Singularity::jump;
  if (!point.may_jump) return Singularity::kink;
  return point.exact && agree_exactly(*left.f, *right.f, *point.exact) ? Singularity::kink
                                                                       : Singularity::unknown;
}

}  // namespace

std::string_view to_string(Singularity kind) {
  switch (kind) {
    case Singularity::kink:
      return "kink";
    case Singularity::jump:
      return "jump";
    case Singularity::pole:
      return "pole";
    case Singularity::branch_point:
      return "branch point";
    case Singularity::removable:
      return "removable";
    case Singularity::unknown:
      return "unknown";
  }
  return "";
}

AnalyticPieces analytic_pieces(const Expression& f, const Rational& range, int digits) {
  if (range <= 0) throw DomainError("the range of x must be positive");
  if (digits < 1) throw DomainError("at least one digit must be asked for");
  const PrecisionScope precision(std::max(digits, lowest_working_digits) + guard_digits);
  const Cut cut = Cutter(range, digits).cut(f);

  AnalyticPieces result;
  result.left_tail = cut.parts.front();
  result.right_tail = cut.parts.back();
  // An end of the range is a point only if something else sits there.
  const bool left_end = cut.breaks.front().artificial;
  const bool right_end = cut.breaks.back().artificial;
  const std::size_t first = left_end ? 1 : 0;
  const std::size_t last = cut.breaks.size() - (right_end ? 1 : 0);
  result.pieces.push_back(cut.parts[first]);
  for (std::size_t i = first; i < last; ++i) {
    const Break& point = cut.breaks[i];
    const AnalyticPiece& left = result.pieces.back();
    const AnalyticPiece& right = cut.parts[i + 1];
    const bool alike = point.single && same(left, right) &&
                       (!left.f || LocalBehaviour(point.at, point.exact).is_analytic(*left.f));
    if (alike) continue;
    result.points.push_back({point.at, point.exact, kind_of(point, left, right), point.isolated});
    result.pieces.push_back(right);
  }
  return result;
}

}  // namespace sigmahat
