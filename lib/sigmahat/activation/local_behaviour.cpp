#include <algorithm>
#include <functional>

#include <sigmahat/activation/local_behaviour.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/overloaded.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

constexpr int max_zero_order = 12;

bool excludes_zero(const Interval& u) {
  return lower(u) > 0 || upper(u) < 0;
}
bool is_whole(const Rational& value) {
  return denominator(value) == 1;
}

std::optional<Expression> if_defined(const std::function<Expression()>& make) {
  try {
    return make();
  } catch (const InputError&) {
    return {};
  }
}

enum class Allowed { nothing, poles, isolated_singularities };

/// Goes down the tree and asks at each singular operation whether its operand stays away from the
/// singular values.
class AnalyticityCheck {
 public:
  AnalyticityCheck(const Interval& at, Allowed allowed) : at_(at), allowed_(allowed) {}

  bool holds(const Expression& f) const {
    const auto all = [this](const std::vector<Expression>& operands) {
      return std::all_of(operands.begin(), operands.end(),
                         [this](const Expression& u) { return holds(u); });
    };
    return std::visit(
        Overloaded{
            [](const Expression::Number&) { return true; },
            [](const Expression::Variable&) { return true; },
            [](const Expression::Pi&) { return true; },
            [&](const Expression::Sum& u) { return all(u.terms); },
            [&](const Expression::Product& u) { return all(u.factors); },
            [&](const Expression::Power& u) {
              if (!holds(u.base)) return false;
              if (is_whole(u.exponent) && (u.exponent > 0 || allowed_ != Allowed::nothing))
                return true;
              const Interval base = range_enclosure(u.base, at_);
              return is_whole(u.exponent) ? excludes_zero(base) : lower(base) > 0;
            },
            [&](const Expression::Call& u) { return call_holds(u); },
        },
        f.node());
  }

 private:
  bool call_holds(const Expression::Call& f) const {
    const Expression& u = f.arguments[0];
    // A pole inside any function but a rational one is an essential singularity.
    const Allowed inside = allowed_ == Allowed::poles ? Allowed::nothing : allowed_;
    if (!AnalyticityCheck(at_, inside).holds(u)) return false;
    switch (f.function) {
      case Function::abs:
      case Function::sign:
      case Function::step:
        return excludes_zero(range_enclosure(u, at_));
      case Function::log:
        return lower(range_enclosure(u, at_)) > 0;
      case Function::tan:
        return allowed_ != Allowed::nothing ||
               excludes_zero(range_enclosure(Expression::call(Function::cos, u), at_));
      case Function::max:
      case Function::min:
        return f.arguments.size() == 1;
      default:
        return true;
    }
  }

  const Interval& at_;
  Allowed allowed_;
};

class OrderFinder {
 public:
  OrderFinder(const Interval& at, const std::optional<Rational>& exact) : at_(at), exact_(exact) {}

  /// Two functions that vanish in the enclosure may do so at different points of it: then each may
  /// or may not vanish where the other does, and what the first pass took for sure is not.
  std::optional<LocalOrder> find(const Expression& f) {
    const auto order = of(f);
    return vanishing_.size() > 1 ? of(f) : order;
  }

 private:
  std::optional<LocalOrder> of(const Expression& f) {
    if (AnalyticityCheck(at_, Allowed::nothing).holds(f)) return of_analytic(f);
    return std::visit(Overloaded{
                          [&](const Expression::Sum& u) { return of_sum(u); },
                          [&](const Expression::Product& u) { return of_product(u); },
                          [&](const Expression::Power& u) -> std::optional<LocalOrder> {
                            const auto base = of(u.base);
                            if (!base) return {};
                            return scaled(*base, u.exponent);
                          },
                          [&](const Expression::Call& u) { return of_call(u); },
                          [](const auto&) -> std::optional<LocalOrder> {
                            return LocalOrder{0, 0, false};
                          },
                      },
                      f.node());
  }

  static std::optional<LocalOrder> scaled(const LocalOrder& order, const Rational& factor) {
    if (factor > 0)
      return LocalOrder{order.low * factor,
                        order.high ? std::optional<Rational>(*order.high * factor) : std::nullopt,
                        order.logarithm};
    if (!order.high) return {};
    return LocalOrder{*order.high * factor, Rational(order.low * factor), order.logarithm};
  }

  /// The order of the zero: a whole number.
  LocalOrder of_analytic(const Expression& f) {
    if (excludes_zero(range_enclosure(f, at_))) return {0, 0, false};
    if (exact_) return of_zero_at(f, *exact_);
    const auto slope = if_defined([&] { return derivative(f); });
    if (!slope || !excludes_zero(range_enclosure(*slope, at_))) return {0, {}, false};
    if (std::find(vanishing_.begin(), vanishing_.end(), f) == vanishing_.end())
      vanishing_.push_back(f);
    return {vanishing_.size() == 1 && changes_sign(f) ? 1 : 0, 1, false};
  }

  bool changes_sign(const Expression& f) const {
    // The enclosure may be as narrow as the precision in force allows: its ends need more.
    const PrecisionScope precision(2 * PrecisionScope::digits());
    const Interval left = range_enclosure(f, Interval(lower(at_)));
    const Interval right = range_enclosure(f, Interval(upper(at_)));
    return (lower(left) > 0 && upper(right) < 0) || (upper(left) < 0 && lower(right) > 0);
  }

  static LocalOrder of_zero_at(const Expression& f, const Rational& c) {
    std::optional<Expression> g = f;
    for (int k = 0; k <= max_zero_order; ++k) {
      const auto value = if_defined([&] { return compose(*g, Expression(c)); });
      if (!value) return {k, {}, false};
      const Rational* number = value->number();
      if (!number && !excludes_zero(range_enclosure(*value, Interval(0)))) return {k, {}, false};
      if (!number || *number != 0) return {k, k, false};
      g = if_defined([&] { return derivative(*g); });
      if (!g) return {k + 1, {}, false};
    }
    return {max_zero_order + 1, {}, false};
  }

  std::optional<LocalOrder> of_product(const Expression::Product& f) {
    LocalOrder result{0, Rational(0), false};
    for (const Expression& factor : f.factors) {
      const auto order = of(factor);
      if (!order) return {};
      result.low += order->low;
      if (result.high && order->high)
        *result.high += *order->high;
      else
        result.high.reset();
      result.logarithm = result.logarithm || order->logarithm;
    }
    return result;
  }

  /// The lowest order, unless terms of equal order cancel.
  std::optional<LocalOrder> of_sum(const Expression::Sum& f) {
    std::vector<LocalOrder> orders;
    for (const Expression& term : f.terms) {
      const auto order = of(term);
      if (!order) return {};
      orders.push_back(*order);
    }
    std::sort(orders.begin(), orders.end(),
              [](const LocalOrder& a, const LocalOrder& b) { return a.low < b.low; });
    LocalOrder result = orders[0];
    if (result.high && *result.high >= orders[1].low) result.high.reset();
    for (const LocalOrder& order : orders)
      result.logarithm = result.logarithm || (order.logarithm && order.low == result.low);
    return result;
  }

  std::optional<LocalOrder> of_call(const Expression::Call& f) {
    const LocalOrder bounded{0, {}, false};
    const auto u = of(f.arguments[0]);
    switch (f.function) {
      case Function::sin:
      case Function::cos:
      case Function::tanh:
      case Function::arctan:
      case Function::erf:
      case Function::erfc:
      case Function::normal_cdf:
      case Function::sigmoid:
      case Function::sign:
      case Function::step:
        return bounded;
      case Function::log:
      case Function::arcsinh:
        if (!u || !u->high) return {};
        return LocalOrder{0, {}, true};
      case Function::abs:
        return u;
      case Function::tan: {
        const auto cosine = of(Expression::call(Function::cos, f.arguments[0]));
        // Where the cosine vanishes the sine is ±1.
        if (!cosine || cosine->low <= 0) return {};
        return scaled(*cosine, -1);
      }
      case Function::softplus:
        if (!u) return {};
        return LocalOrder{std::min(u->low, Rational(0)), {}, u->logarithm};
      default:
        // Bounded arguments give bounded values; of an essential singularity nothing is known.
        if (u && u->low >= 0 && !u->logarithm) return bounded;
        return {};
    }
  }

  const Interval& at_;
  const std::optional<Rational>& exact_;
  std::vector<Expression> vanishing_;  ///< what has a simple zero in the enclosure
};

}  // namespace

bool LocalBehaviour::is_analytic(const Expression& f) const {
  return AnalyticityCheck(at_, Allowed::nothing).holds(f);
}
bool LocalBehaviour::is_meromorphic(const Expression& f) const {
  return AnalyticityCheck(at_, Allowed::poles).holds(f);
}
bool LocalBehaviour::is_single_valued(const Expression& f) const {
  return AnalyticityCheck(at_, Allowed::isolated_singularities).holds(f);
}
std::optional<LocalOrder> LocalBehaviour::order(const Expression& f) const {
  if (auto order = OrderFinder(at_, exact_).find(f)) return order;
  if (mpfi_bounded_p(range_enclosure(f, at_).backend().data())) return LocalOrder{0, {}, false};
  return {};
}

}  // namespace sigmahat
