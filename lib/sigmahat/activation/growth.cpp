#include <algorithm>
#include <array>
#include <limits>

#include <sigmahat/activation/growth.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/overloaded.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

constexpr int working_digits = 30;
constexpr int max_polynomial_degree = 50;
/// Every node is bounded over the half-line by going down its subtree once more.
constexpr std::size_t max_nodes = 2000;

/// a t² + b t + c, t = |x|.
struct Quadratic {
  Interval a, b, c;
};

/// What is known of a function on the half-line; lower <= |u| <= upper, below <= u <= above.
struct Bounds {
  std::optional<Growth> lower, upper;
  std::optional<Quadratic> below, above;
};

Growth constant_growth(const Interval& magnitude) {
  return {log(magnitude), 0, 0, 0};
}

Growth times(const Growth& a, const Growth& b) {
  return {a.log_constant + b.log_constant, a.power + b.power, a.linear + b.linear,
          a.quadratic + b.quadratic};
}

Growth raised(const Growth& g, const Interval& exponent) {
  return {g.log_constant * exponent, g.power * exponent, g.linear * exponent,
          g.quadratic * exponent};
}

Quadratic plus(const Quadratic& p, const Quadratic& q) {
  return {p.a + q.a, p.b + q.b, p.c + q.c};
}

Quadratic scaled(const Quadratic& p, const Interval& factor) {
  return {p.a * factor, p.b * factor, p.c * factor};
}

/// At least as large as both for every t >= 0.
Quadratic larger(const Quadratic& p, const Quadratic& q) {
  const auto max = [](const Interval& u, const Interval& v) {
    return make_interval(std::max(lower(u), lower(v)), std::max(upper(u), upper(v)));
  };
  return {max(p.a, q.a), max(p.b, q.b), max(p.c, q.c)};
}

Growth exponential(const Quadratic& p) {
  return {p.c, 0, p.b, p.a};
}

bool grows(const Growth& g) {
  return upper(g.power) > 0 || upper(g.linear) > 0 || upper(g.quadratic) > 0;
}
bool is_bounded_above(const Interval& u) {
  return isfinite(upper(u));
}
bool is_bounded_below(const Interval& u) {
  return isfinite(lower(u));
}

class GrowthFinder {
 public:
  explicit GrowthFinder(const Rational& from)
      : direction_(from > 0 ? 1 : -1),
        start_(from_rational<Interval>(abs(from))),
        log_start_(log(start_)) {
    const Real infinity = std::numeric_limits<Real>::infinity();
    half_line_ = from > 0 ? make_interval(lower(start_), infinity)
                          : make_interval(-infinity, -lower(start_));
  }

  Bounds of(const Expression& f) const {
    Bounds result;
    if (const auto p = rational_polynomial(f, max_polynomial_degree); p && !p->empty()) {
      result = of_polynomial(*p);
    } else if (!f.is_constant()) {
      result = std::visit(Overloaded{
                              [&](const Expression::Sum& u) { return of_sum(u.terms); },
                              [&](const Expression::Product& u) { return of_product(u); },
                              [&](const Expression::Power& u) { return of_power(u); },
                              [&](const Expression::Call& u) { return of_call(u); },
                              [](const auto&) { return Bounds{}; },
                          },
                          f.node());
    }
    complete(result, range_enclosure(f, half_line_));
    return result;
  }

 private:
  // ------------------------------------------------------------ from one kind of bound to another

  /// Fills in what the range of values on the half-line and the bounds found so far imply.
  void complete(Bounds& u, const Interval& range) const {
    const Real largest = std::max(abs(lower(range)), abs(upper(range)));
    if ((!u.upper || grows(*u.upper)) && isfinite(largest))
      u.upper = constant_growth(largest > 0 ? Interval(largest) : Interval(1));
    const bool positive = lower(range) > 0, negative = upper(range) < 0;
    if (!u.lower && (positive || negative))
      u.lower = constant_growth(Interval(positive ? lower(range) : Real(-upper(range))));

    if (u.upper) {
      const auto limit = quadratic_above(*u.upper);
      if (!u.above) u.above = limit;
      if (!u.below && limit) u.below = scaled(*limit, -1);
    }
    if (u.lower) {
      const auto limit = quadratic_below(*u.lower);
      if (!u.below && positive) u.below = limit;
      if (!u.above && negative && limit) u.above = scaled(*limit, -1);
    }
    const auto falls = [](const Quadratic& p) {
      return upper(p.a) < 0 || (upper(p.a) <= 0 && upper(p.b) < 0);
    };
    const auto rises = [](const Quadratic& p) {
      return lower(p.a) > 0 || (lower(p.a) >= 0 && lower(p.b) > 0);
    };
    if (is_bounded_above(range) && (!u.above || !falls(*u.above)))
      u.above = Quadratic{0, 0, Interval(upper(range))};
    if (is_bounded_below(range) && (!u.below || !rises(*u.below)))
      u.below = Quadratic{0, 0, Interval(lower(range))};
  }

  /// A quadratic above C t^p e^{...}; the exponential must not grow.
  std::optional<Quadratic> quadratic_above(const Growth& g) const {
    if (upper(g.linear) > 0 || upper(g.quadratic) > 0) return {};
    // t^p <= t0^{p-q} t^q for p <= q.
    const auto coefficient = [&](int q) {
      return Interval(exp(Interval(g.log_constant + (g.power - q) * log_start_)));
    };
    if (upper(g.power) <= 0) return Quadratic{0, 0, coefficient(0)};
    if (upper(g.power) <= 1) return Quadratic{0, coefficient(1), 0};
    if (upper(g.power) <= 2) return Quadratic{coefficient(2), 0, 0};
    return {};
  }

  /// A quadratic below C t^p e^{...}.
  std::optional<Quadratic> quadratic_below(const Growth& g) const {
    // g(t)/t^q increases where (p-q)/t + linear + 2 quadratic t >= 0, and for p <= q that holds
    // from t0 on if it holds at t0.
    const auto coefficient = [&](int q) -> std::optional<Interval> {
      const Interval slope = (g.power - q) / start_ + g.linear + 2 * g.quadratic * start_;
      const bool rising = lower(g.quadratic) >= 0 && lower(slope) >= 0 &&
                          (upper(g.power) <= q || lower(g.linear) >= 0);
      if (!rising) return {};
      return Interval(exp(Interval(g.log_constant + (g.power - q) * log_start_ + g.linear * start_ +
                                   g.quadratic * square(start_))));
    };
    if (const auto a = coefficient(2)) return Quadratic{*a, 0, 0};
    if (const auto b = coefficient(1)) return Quadratic{0, *b, 0};
    if (const auto c = coefficient(0)) return Quadratic{0, 0, *c};
    return Quadratic{0, 0, 0};
  }

  /// C t^p >= |u|, from quadratics on both sides.
  std::optional<Growth> growth_above(const std::optional<Quadratic>& below,
                                     const std::optional<Quadratic>& above) const {
    if (!below || !above) return {};
    const Quadratic size = larger(*above, scaled(*below, -1));
    const int p = upper(size.a) > 0 ? 2 : upper(size.b) > 0 ? 1 : 0;
    const auto part = [&](const Interval& coefficient, int q) {
      return upper(coefficient) > 0
                 ? Interval(upper(coefficient)) * exp(Interval((q - p) * log_start_))
                 : Interval(0);
    };
    const Interval constant = part(size.a, 2) + part(size.b, 1) + part(size.c, 0);
    if (upper(constant) <= 0) return {};
    return Growth{log(Interval(upper(constant))), p, 0, 0};
  }

  // ------------------------------------------------------------ sums

  /// log of the largest value of (g/h)/(their constants) for t >= t0; nothing if unbounded.
  std::optional<Interval> log_ratio(const Growth& g, const Growth& h) const {
    const Real p = upper(g.power - h.power), b = upper(g.linear - h.linear),
               a = upper(g.quadratic - h.quadratic);
    if (a > 0 || (a == 0 && b > 0) || (a == 0 && b == 0 && p > 0)) return {};
    const Interval power(p), linear(b), quadratic(a);
    if (a == 0) return log_peak(power, Interval(0), linear);
    // Half of the Gaussian against the power, half against the exponential.
    const Interval half = quadratic / 2;
    const Interval vertex = -linear / (2 * half);
    const Interval at = make_interval(std::max(lower(vertex), lower(start_)),
                                      std::max(upper(vertex), upper(start_)));
    return Interval(log_peak(power, half, Interval(0)) + linear * at + half * square(at));
  }

  /// The largest value of p log t + a t² + b t on t >= t0, one of a and b zero, neither positive.
  Interval log_peak(const Interval& p, const Interval& a, const Interval& b) const {
    const auto at = [&](const Interval& t) { return Interval(p * log(t) + a * square(t) + b * t); };
    if (upper(p) <= 0 || (upper(a) == 0 && upper(b) == 0)) return at(start_);
    const Interval peak = upper(a) < 0 ? Interval(sqrt(Interval(p / (-2 * a)))) : Interval(-p / b);
    return upper(peak) <= lower(start_) ? at(start_) : hull(at(start_), at(peak));
  }

  static bool dominates(const Growth& g, const Growth& h) {
    const auto key = [](const Growth& u) {
      return std::array<Real, 3>{upper(u.quadratic), upper(u.linear), upper(u.power)};
    };
    return key(g) > key(h);
  }

  /// Σ g_i <= (Σ C_i sup g_i/g) g for the dominant g.
  std::optional<Growth> sum_above(const std::vector<Growth>& all) const {
    Growth result = *std::max_element(
        all.begin(), all.end(), [](const Growth& g, const Growth& h) { return dominates(h, g); });
    // The exponents' upper ends are what is claimed.
    result.power = Interval(upper(result.power));
    result.linear = Interval(upper(result.linear));
    result.quadratic = Interval(upper(result.quadratic));
    Interval constant(0);
    for (const Growth& g : all) {
      const auto ratio = log_ratio(g, result);
      if (!ratio) return {};
      constant += exp(Interval(g.log_constant + *ratio));
    }
    result.log_constant = log(Interval(upper(constant)));
    return result;
  }

  /// |Σ u_i| >= |u_k| - Σ |u_i| where u_k outgrows the others.
  std::optional<Growth> sum_below(const std::vector<Bounds>& all) const {
    for (std::size_t k = 0; k < all.size(); ++k) {
      if (!all[k].lower) continue;
      Growth result = *all[k].lower;
      result.power = Interval(lower(result.power));
      result.linear = Interval(lower(result.linear));
      result.quadratic = Interval(lower(result.quadratic));
      Interval constant = exp(result.log_constant);
      bool holds = true;
      for (std::size_t i = 0; i < all.size() && holds; ++i) {
        if (i == k) continue;
        const auto ratio = all[i].upper ? log_ratio(*all[i].upper, result) : std::nullopt;
        holds = ratio.has_value();
        if (holds) constant -= exp(Interval(all[i].upper->log_constant + *ratio));
      }
      if (!holds || lower(constant) <= 0) continue;
      result.log_constant = log(Interval(lower(constant)));
      return result;
    }
    return {};
  }

  // ------------------------------------------------------------ the nodes

  Bounds of_polynomial(const Polynomial& p) const {
    const std::size_t degree = p.size() - 1;
    // Σ d_i t^i with t = |x|.
    std::vector<Interval> d;
    for (std::size_t i = 0; i <= degree; ++i)
      d.push_back(from_rational<Interval>(i % 2 == 0 ? p[i] : Rational(direction_ * p[i])));
    // The lower terms relative to the leading one are largest at t0.
    Interval others(0);
    for (std::size_t i = 0; i < degree; ++i)
      others +=
          abs(Interval(d[i] / d[degree])) / sigmahat::power(start_, static_cast<int>(degree - i));
    const Interval lead = abs(d[degree]);
    Bounds result;
    result.upper =
        Growth{log(Interval(lead * (1 + others))), Interval(static_cast<int>(degree)), 0, 0};
    const Interval least = lead * (1 - others);
    if (lower(least) > 0)
      result.lower = Growth{log(least), Interval(static_cast<int>(degree)), 0, 0};
    if (degree <= 2) {
      d.resize(3, Interval(0));
      result.above = result.below = Quadratic{d[2], d[1], d[0]};
    }
    return result;
  }

  Bounds of_sum(const std::vector<Expression>& terms) const {
    std::vector<Bounds> all;
    for (const Expression& term : terms) all.push_back(of(term));
    Bounds result;
    result.above = result.below = Quadratic{0, 0, 0};
    std::vector<Growth> uppers;
    for (const Bounds& u : all) {
      if (u.upper) uppers.push_back(*u.upper);
      result.above =
          result.above && u.above ? std::optional(plus(*result.above, *u.above)) : std::nullopt;
      result.below =
          result.below && u.below ? std::optional(plus(*result.below, *u.below)) : std::nullopt;
    }
    if (uppers.size() == all.size()) result.upper = sum_above(uppers);
    result.lower = sum_below(all);
    return result;
  }

  Bounds of_product(const Expression::Product& f) const {
    Bounds result;
    const Growth one{0, 0, 0, 0};
    result.upper = result.lower = one;
    std::vector<Expression> factors = f.factors;
    for (const Expression& factor : factors) {
      const Bounds u = of(factor);
      result.upper =
          result.upper && u.upper ? std::optional(times(*result.upper, *u.upper)) : std::nullopt;
      result.lower =
          result.lower && u.lower ? std::optional(times(*result.lower, *u.lower)) : std::nullopt;
    }
    const auto first_variable = std::stable_partition(
        factors.begin(), factors.end(), [](const Expression& u) { return u.is_constant(); });
    if (first_variable != factors.begin()) {
      const Interval factor =
          range_enclosure(Expression::product({factors.begin(), first_variable}), half_line_);
      Bounds u = of(Expression::product({first_variable, factors.end()}));
      if (upper(factor) < 0) std::swap(u.above, u.below);
      if (lower(factor) > 0 || upper(factor) < 0) {
        if (u.above) result.above = scaled(*u.above, factor);
        if (u.below) result.below = scaled(*u.below, factor);
      }
    }
    return result;
  }

  Bounds of_power(const Expression::Power& f) const {
    const Bounds base = of(f.base);
    const Interval exponent = from_rational<Interval>(f.exponent);
    Bounds result;
    const auto& above = f.exponent > 0 ? base.upper : base.lower;
    const auto& below = f.exponent > 0 ? base.lower : base.upper;
    if (above) result.upper = raised(*above, exponent);
    if (below) result.lower = raised(*below, exponent);
    return result;
  }

  /// e^u. Terms c·log(w) of u are powers |w|^c, which a quadratic could only bound with waste.
  Bounds of_exponential(const Expression& u) const {
    std::vector<Expression> rest;
    Growth above{0, 0, 0, 0}, below{0, 0, 0, 0};
    bool has_above = true, has_below = true;
    const auto* sum = u.as<Expression::Sum>();
    for (const Expression& term : sum ? sum->terms : std::vector<Expression>{u}) {
      const auto logarithm = scaled_logarithm(term);
      if (!logarithm) {
        rest.push_back(term);
        continue;
      }
      const Bounds w = of(logarithm->second);
      const auto& larger_one = lower(logarithm->first) > 0 ? w.upper : w.lower;
      const auto& smaller_one = lower(logarithm->first) > 0 ? w.lower : w.upper;
      has_above = has_above && larger_one;
      has_below = has_below && smaller_one;
      if (larger_one) above = times(above, raised(*larger_one, logarithm->first));
      if (smaller_one) below = times(below, raised(*smaller_one, logarithm->first));
    }
    const Bounds exponent = of(Expression::sum(rest));
    Bounds result;
    if (has_above && exponent.above) result.upper = times(above, exponential(*exponent.above));
    if (has_below && exponent.below) result.lower = times(below, exponential(*exponent.below));
    return result;
  }

  /// c and w in c·log(w), c of one sign.
  std::optional<std::pair<Interval, Expression>> scaled_logarithm(const Expression& f) const {
    const auto* product = f.as<Expression::Product>();
    std::vector<Expression> constants;
    std::optional<Expression> inside;
    for (const Expression& factor : product ? product->factors : std::vector<Expression>{f}) {
      const auto* call = factor.as<Expression::Call>();
      if (factor.is_constant())
        constants.push_back(factor);
      else if (call && call->function == Function::log && !inside)
        inside = call->arguments[0];
      else
        return {};
    }
    if (!inside) return {};
    const Interval c = range_enclosure(Expression::product(constants), half_line_);
    if (lower(c) <= 0 && upper(c) >= 0) return {};
    return std::pair{c, *inside};
  }

  Bounds of_call(const Expression::Call& f) const {
    if (f.function == Function::exp) return of_exponential(f.arguments[0]);
    if (f.arguments.size() > 1) return of_extremum(f);
    const Bounds u = of(f.arguments[0]);
    const Interval range = range_enclosure(f.arguments[0], half_line_);
    Bounds result;
    switch (f.function) {
      case Function::abs:
        result.upper = u.upper;
        result.lower = u.lower;
        if (u.above && u.below) result.above = larger(*u.above, scaled(*u.below, -1));
        return result;
      case Function::sinh:
      case Function::cosh:
        if (u.above && u.below) result.upper = exponential(larger(*u.above, scaled(*u.below, -1)));
        // sinh v >= e^v/4 for v >= 1.
        if (lower(range) >= 1 && u.below)
          result.lower = times(constant_growth(Interval(1) / 4), exponential(*u.below));
        if (upper(range) <= -1 && u.above)
          result.lower = times(constant_growth(Interval(1) / 4), exponential(scaled(*u.above, -1)));
        return result;
      case Function::log:
        return of_logarithm(u);
      case Function::softplus:
        // max(u, 0) <= softplus u <= max(u, 0) + log 2, and softplus u <= e^u.
        if (u.above) {
          result.above = larger(*u.above, Quadratic{0, 0, 0});
          result.above->c += log(Interval(2));
          result.upper = upper(range) <= 0 ? exponential(*u.above)
                                           : growth_above(Quadratic{0, 0, 0}, result.above);
        }
        if (!result.upper && u.upper)
          result.upper = sum_above({*u.upper, constant_growth(log(Interval(2)))});
        if (lower(range) >= 0) result.below = u.below;
        return result;
      case Function::sigmoid:
        if (u.above && upper(range) <= 0) result.upper = exponential(*u.above);
        if (u.below && upper(range) <= 0)
          result.lower = times(constant_growth(Interval(1) / 2), exponential(*u.below));
        return result;
      case Function::erfc:
        // erfc v <= e^{-v²} for v >= 0.
        if (u.below) result.upper = gaussian(*u.below, 1);
        return result;
      case Function::normal_cdf:
        if (u.above) result.upper = gaussian(scaled(*u.above, -1), Interval(1) / 2);
        return result;
      case Function::arcsinh:
        result.upper = u.upper;
        return result;
      case Function::sin:
      case Function::tanh:
      case Function::arctan:
      case Function::erf:
        // |f(u)| <= |u|, of erf 2/√π |u|: better than 1 where u vanishes in the end.
        if (u.upper && vanishes(*u.upper))
          result.upper = f.function == Function::erf
                             ? times(constant_growth(2 / sqrt(pi<Interval>())), *u.upper)
                             : u.upper;
        return result;
      case Function::hermite:
        if (u.upper) result.upper = hermite_above(f.degree, *u.upper);
        return result;
      default:
        return result;  // bounded, or nothing is known: the range of values says which
    }
  }

  static bool vanishes(const Growth& g) {
    return upper(g.power) < 0 && upper(g.linear) <= 0 && upper(g.quadratic) <= 0;
  }

  /// e^{-s v²} where v >= b t + c >= 0.
  std::optional<Growth> gaussian(const Quadratic& v, const Interval& s) const {
    if (lower(v.a) < 0 || lower(v.b) <= 0 || lower(v.b * start_ + v.c) < 0) return {};
    return Growth{-s * square(v.c), 0, -2 * s * v.b * v.c, -s * square(v.b)};
  }

  Bounds of_extremum(const Expression::Call& f) const {
    std::vector<Growth> uppers;
    Bounds result;
    bool first = true;
    const bool max = f.function == Function::max;
    for (const Expression& argument : f.arguments) {
      Bounds u = of(argument);
      if (u.upper) uppers.push_back(*u.upper);
      // min(u, v) = -max(-u, -v).
      auto& far = max ? u.above : u.below;
      auto& near = max ? u.below : u.above;
      auto& result_far = max ? result.above : result.below;
      auto& result_near = max ? result.below : result.above;
      if (!result_near) result_near = near;
      if (first)
        result_far = far;
      else if (result_far && far)
        result_far = max ? larger(*result_far, *far)
                         : scaled(larger(scaled(*result_far, -1), scaled(*far, -1)), -1);
      else
        result_far.reset();
      first = false;
    }
    if (uppers.size() == f.arguments.size()) result.upper = sum_above(uppers);
    return result;
  }

  /// log u = log C + p log t + b t + a t² for u = C t^p e^{...}; log t <= t log(t0)/t0.
  Bounds of_logarithm(const Bounds& u) const {
    Bounds result;
    const Interval line = log_start_ / start_;
    if (u.upper) {
      const Growth& g = *u.upper;
      result.above = Quadratic{g.quadratic, g.linear, g.log_constant};
      if (upper(g.power) > 0)
        result.above->b += g.power * line;
      else
        result.above->c += g.power * log_start_;
    }
    if (u.lower) {
      const Growth& g = *u.lower;
      result.below = Quadratic{g.quadratic, g.linear, g.log_constant};
      if (lower(g.power) < 0)
        result.below->b += g.power * line;
      else
        result.below->c += g.power * log_start_;
    }
    if (!u.upper || !u.lower) return result;
    const auto is_power = [](const Growth& g) {
      return upper(abs(g.linear)) == 0 && upper(abs(g.quadratic)) == 0;
    };
    if (is_power(*u.upper) && is_power(*u.lower)) {
      // log t <= C t^q from t0 on: log t/t^q falls from e^{1/q} on, where it is 1/(e q).
      const Interval q = Interval(1) / 8, peak = 1 / q;
      const Interval slow = lower(log_start_) >= upper(peak)
                                ? Interval(log_start_ * exp(Interval(-q * log_start_)))
                                : Interval(peak / exp(Interval(1)));
      const auto size = [&](const Growth& g) {
        return upper(
            Interval(abs(g.log_constant) * exp(Interval(-q * log_start_)) + abs(g.power) * slow));
      };
      const Real constant = std::max(size(*u.upper), size(*u.lower));
      if (constant > 0) result.upper = Growth{log(Interval(constant)), q, 0, 0};
    } else {
      result.upper = growth_above(result.below, result.above);
    }
    return result;
  }

  /// |h_k(u)| <= A_k(|u|)/√k!, A_k having the coefficients of He_k without their signs; and
  /// A_k(v)/v^k falls with v.
  std::optional<Growth> hermite_above(int degree, const Growth& u) const {
    if (lower(u.power) < 0 || lower(u.linear) < 0 || lower(u.quadratic) < 0) return {};
    const Interval v = exp(Interval(u.log_constant + u.power * log_start_ + u.linear * start_ +
                                    u.quadratic * square(start_)));
    Interval previous(0), current(1), log_factorial(0);
    for (int k = 0; k < degree; ++k) {
      const Interval next = v * current + k * previous;
      previous = current;
      current = next;
      log_factorial += log(Interval(k + 1));
    }
    Growth result = raised(u, Interval(degree));
    result.log_constant += log(current) - degree * log(v) - log_factorial / 2;
    return result;
  }

  int direction_;
  Interval start_;      ///< t0
  Interval log_start_;  ///< log t0
  Interval half_line_;  ///< of x
};

}  // namespace

TailGrowth tail_growth(const Expression& f, const Rational& from) {
  if (abs(from) < 8) throw DomainError("growth is bounded from |x| = 8 on or from farther out");
  if (f.node_count() > max_nodes) return {};
  const PrecisionScope precision(working_digits);
  const Bounds bounds = GrowthFinder(from).of(f);
  return {bounds.lower, bounds.upper};
}

}  // namespace sigmahat
