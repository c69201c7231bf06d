#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <queue>

#include <fmt/format.h>

#include <sigmahat/coefficients/hermite_sums.hpp>
#include <sigmahat/coefficients/panel_quadrature.hpp>
#include <sigmahat/numeric/complex_ball.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

// docs/design/panel-quadrature.md proves the bounds used here.

/// A stretch of the real line, both ends exact.
struct Panel {
  Ball center, half;

  static Panel between(const Ball& left, const Ball& right) {
    Panel panel;
    arb_add(panel.center.get(), left.get(), right.get(), ARF_PREC_EXACT);
    arb_sub(panel.half.get(), right.get(), left.get(), ARF_PREC_EXACT);
    arb_mul_2exp_si(panel.center.get(), panel.center.get(), -1);
    arb_mul_2exp_si(panel.half.get(), panel.half.get(), -1);
    return panel;
  }
  static Panel around(const Ball& x) {
    Panel panel;
    arb_set_arf(panel.center.get(), arb_midref(x.get()));
    arb_get_rad_arb(panel.half.get(), x.get());
    return panel;
  }
  Ball left() const {
    Ball end;
    arb_sub(end.get(), center.get(), half.get(), ARF_PREC_EXACT);
    return end;
  }
  Ball right() const {
    Ball end;
    arb_add(end.get(), center.get(), half.get(), ARF_PREC_EXACT);
    return end;
  }
  double log2_half() const { return log2_upper(half); }
};

/// A rectangle around part of a panel in the coordinate w, z = center + half·w.
struct Box {
  double left, right, bottom, top;
};

/// center + half·[left, right], however short the panel.
Ball stretch(const Panel& panel, double left, double right) {
  Ball side, both;
  arb_set_d(both.get(), left);
  arb_set_d(side.get(), right);
  arb_union(both.get(), both.get(), side.get(), bound_bits);
  arb_mul(both.get(), both.get(), panel.half.get(), bound_bits);
  // The center keeps all its bits: rounded, it would blur a panel that is shorter than its last.
  arb_add(both.get(), both.get(), panel.center.get(), ARF_PREC_EXACT);
  return both;
}

/// Bits to look at a panel with: near a singular point x - c must keep some.
slong bits_to_bound(const Panel& panel) {
  return bound_bits + std::max<slong>(0, static_cast<slong>(-panel.log2_half()));
}

/// Bounds on the box, halved where `function` cannot tell that it is analytic; empty if it cannot.
std::optional<IntegrandBound> bound_on_box(const ComplexFunction& function, const Panel& panel,
                                           const Box& box, int max_degree, int halvings) {
  Ball y;
  arb_sub(y.get(), stretch(panel, box.bottom, box.top).get(), panel.center.get(), bound_bits);
  const auto bound = bound_on_rectangle(function, stretch(panel, box.left, box.right), y,
                                        max_degree, bits_to_bound(panel));
  if (bound) return bound;
  if (halvings == 0) return {};
  Box first = box, second = box;
  if (box.right - box.left >= box.top - box.bottom)
    first.right = second.left = box.left + (box.right - box.left) / 2;
  else
    first.top = second.bottom = box.bottom + (box.top - box.bottom) / 2;
  const auto one = bound_on_box(function, panel, first, max_degree, halvings - 1);
  if (!one) return {};
  const auto other = bound_on_box(function, panel, second, max_degree, halvings - 1);
  if (!other) return {};
  return larger(*one, *other);
}

/// Bounds on the Bernstein ellipse of parameter rho around the panel. A real function is as large
/// below the line as above it.
std::optional<IntegrandBound> bound_on_ellipse(const ComplexFunction& function, const Panel& panel,
                                               double rho, int max_degree) {
  constexpr double outwards = 1 + 1e-12;  // covers the rounding of these doubles
  const double wide = (rho + 1 / rho) / 2 * outwards, high = (rho - 1 / rho) / 2 * outwards;
  const int rows = 3, columns = std::clamp(static_cast<int>(wide / high * rows), 4, 24);
  const auto column = [&](int i) { return i == columns ? wide : wide * (2.0 * i / columns - 1); };
  const auto row = [&](int j) { return j == rows ? high : high * j / rows; };
  std::optional<IntegrandBound> total;
  for (int i = 0; i < columns; ++i)
    for (int j = 0; j < rows; ++j) {
      const Box box{column(i), column(i + 1), row(j), row(j + 1)};
      const double nearest = std::max({box.left, -box.right, 0.0});
      if (nearest * nearest / (wide * wide) + box.bottom * box.bottom / (high * high) > outwards)
        continue;  // outside the ellipse
      const auto bound = bound_on_box(function, panel, box, max_degree, 6);
      if (!bound) return {};
      total = total ? larger(*total, *bound) : *bound;
    }
  return total;
}

struct GaussRule {
  std::vector<Ball> nodes, weights;  // on [-1, 1]
};

GaussRule make_gauss_rule(ulong points, slong precision) {
  GaussRule rule{std::vector<Ball>(points), std::vector<Ball>(points)};
  for (ulong i = 0; i < (points + 1) / 2; ++i) {
    const ulong mirror = points - 1 - i;
    arb_hypgeom_legendre_p_ui_root(rule.nodes[i].get(), rule.weights[i].get(), points, i,
                                   precision);
    arb_neg(rule.nodes[mirror].get(), rule.nodes[i].get());
    arb_set(rule.weights[mirror].get(), rule.weights[i].get());
  }
  return rule;
}

/// (64/15) half M ρ^{-2(n-1)} / (1 - ρ^{-2}) for n points (ATAP, Thm 19.3).
Ball gauss_error(const Ball& bound, const Ball& half, double rho, ulong points) {
  Ball error, shrink, rest(1, bound_bits);
  arb_set_d(shrink.get(), rho);
  arb_sqr(shrink.get(), shrink.get(), bound_bits);
  arb_inv(shrink.get(), shrink.get(), bound_bits);
  arb_sub(rest.get(), rest.get(), shrink.get(), bound_bits);
  arb_pow_ui(error.get(), shrink.get(), points - 1, bound_bits);
  arb_div(error.get(), error.get(), rest.get(), bound_bits);
  arb_mul(error.get(), error.get(), bound.get(), bound_bits);
  arb_mul(error.get(), error.get(), half.get(), bound_bits);
  arb_mul_ui(error.get(), error.get(), 64, bound_bits);
  arb_div_ui(error.get(), error.get(), 15, bound_bits);
  return error;
}

class PanelIntegrator {
 public:
  PanelIntegrator(int max_degree, slong bits)
      : max_degree_(max_degree),
        bits_(bits),
        precision_(bits + recurrence_loss(max_degree) + 24),
        most_points_(static_cast<ulong>(std::max<slong>(bits, 48))) {}

  slong precision() const { return precision_; }

  /// Adds the integral over the panel, halved as often as it takes.
  ///
  /// The panels that weigh most come first: where singular points crowd, as of sin(1/x), and
  /// halving would not end, what is left when the work is spent is little.
  /// @param shortest  log2 of the length of panels at which |h_k φ| <= 1 makes them immaterial
  void add(const ComplexFunction& function, const Panel& whole, double shortest) {
    struct Waiting {
      Panel panel;
      double log2_weight;
      long order;
      bool operator<(const Waiting& other) const {
        return log2_weight != other.log2_weight ? log2_weight < other.log2_weight
                                                : order > other.order;
      }
    };
    std::priority_queue<Waiting> waiting;
    long order = 0;
    const auto wait = [&](Panel panel) {
      const double nearest = smallest_magnitude(stretch(panel, -1, 1));
      const double log2_weight = panel.log2_half() - nearest * nearest / (4 * M_LN2);
      waiting.push({std::move(panel), log2_weight, order++});
    };
    wait(whole);
    for (slong halvings = 0; !waiting.empty();) {
      const auto [panel, log2_weight, place] = waiting.top();
      waiting.pop();
      const bool spent = halvings > 8 * bits_ + 1024;
      std::optional<Plan> plan;
      if (panel.log2_half() < 5 && !spent) plan = make_plan(function, panel);
      if (plan && plan->points <= most_points_) {
        evaluate(function, panel, *plan);
      } else if (spent || panel.log2_half() < shortest) {
        cover(function, panel);
      } else {
        ++halvings;
        wait(Panel::between(panel.left(), panel.center));
        wait(Panel::between(panel.center, panel.right()));
      }
    }
  }

  void add_error(const IntegrandBound& error) { error_ += error; }

  QuadratureTable finish() {
    QuadratureTable table{hermite_sums(nodes_, weights_, max_degree_, precision_), moment_,
                          estimated_because_};
    for (Ball& c : table.coefficients) arb_add_error(c.get(), error_.coefficients.get());
    arb_add_error(table.second_moment.get(), error_.moment.get());
    return table;
  }

  /// The panel at a singular point, too short to matter: its length times the largest integrand.
  /// Where no bound on the integrand is known, its values at the ends stand for it.
  void cover(const ComplexFunction& function, const Panel& panel) {
    ComplexBall z, value;
    arb_set(acb_realref(z.get()), stretch(panel, -1, 1).get());
    function(value.get(), z.get(), false, bits_to_bound(panel));
    if (!acb_is_finite(value.get())) {
      const double place = arf_get_d(arb_midref(panel.center.get()), ARF_RND_NEAR);
      estimated_because_ =
          fmt::format("no bound is known near x = {:g}", std::round(place * 1e6) / 1e6 + 0.0);
      ComplexBall other;
      arb_set(acb_realref(z.get()), panel.left().get());
      function(value.get(), z.get(), false, bits_to_bound(panel));
      arb_set(acb_realref(z.get()), panel.right().get());
      function(other.get(), z.get(), false, bits_to_bound(panel));
      const bool left = acb_is_finite(value.get()), right = acb_is_finite(other.get());
      if (!left && !right)
        throw NumericalError(
            fmt::format("the activation has no finite value: {}", estimated_because_));
      if (!left) acb_swap(value.get(), other.get());
      // Towards a singularity that is integrable |σ| may still grow: ∫ <= 2 |σ| length up to
      // |x|^{-1/2}, taken 16 times.
      acb_mul_2exp_si(value.get(), value.get(), 4);
    }
    // |h_k φ| < e^{-x²/4}/2 and φ < e^{-x²/2}/2.
    const double nearest = smallest_magnitude(stretch(panel, -1, 1));
    Ball density, size;
    arb_set_d(density.get(), nearest);
    arb_sqr(density.get(), density.get(), bound_bits);
    arb_mul_2exp_si(density.get(), density.get(), -2);
    arb_neg(density.get(), density.get());
    density = exp_of(density);
    acb_get_abs_ubound_arf(arb_midref(size.get()), value.get(), bound_bits);
    arb_mul(size.get(), size.get(), density.get(), bound_bits);
    IntegrandBound error;
    arb_mul(error.coefficients.get(), size.get(), panel.half.get(), bound_bits);
    arb_mul(error.moment.get(), error.coefficients.get(), size.get(), bound_bits);
    add_error(error);
  }

 private:
  struct Plan {
    double rho;
    ulong points;
    IntegrandBound bound;
  };

  std::optional<Plan> make_plan(const ComplexFunction& function, const Panel& panel) {
    std::optional<Plan> best;
    for (const double rho : {6.0, 3.0, 1.9, 1.4}) {
      const auto bound = bound_on_ellipse(function, panel, rho, max_degree_);
      if (!bound) continue;
      const double size = log2_upper(*bound);
      const double bits = size + panel.log2_half() + static_cast<double>(bits_) + 12;
      const ulong points = rule_size(bits / (2 * std::log2(rho)) + 2);
      if (best && points >= best->points) break;
      best = Plan{rho, points, *bound};
    }
    return best;
  }

  /// Few sizes, so that few rules have to be made.
  static ulong rule_size(double wanted) {
    double size = 12;
    while (size < wanted) size *= 1.3;
    return static_cast<ulong>(size);
  }

  void evaluate(const ComplexFunction& function, const Panel& panel, const Plan& plan) {
    auto found = rules_.find(plan.points);
    if (found == rules_.end())
      found = rules_.emplace(plan.points, make_gauss_rule(plan.points, precision_)).first;
    const GaussRule& rule = found->second;
    // x - c of a singular point c nearby must keep its digits.
    const slong place_bits =
        precision_ + std::max<slong>(0, static_cast<slong>(-panel.log2_half()));
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
      Ball x = panel.center, weight;
      arb_addmul(x.get(), panel.half.get(), rule.nodes[i].get(), place_bits);
      arb_mul(weight.get(), panel.half.get(), rule.weights[i].get(), precision_);
      add_node(function, x, weight);
    }
    add_error({gauss_error(plan.bound.coefficients, panel.half, plan.rho, plan.points),
               gauss_error(plan.bound.moment, panel.half, plan.rho, plan.points)});
  }

  void add_node(const ComplexFunction& function, const Ball& x, const Ball& weight) {
    const Ball value = value_at(function, x, precision_);
    Ball product = normal_density(x, precision_);
    arb_mul(product.get(), product.get(), weight.get(), precision_);
    arb_mul(product.get(), product.get(), value.get(), precision_);
    arb_addmul(moment_.get(), product.get(), value.get(), precision_);
    nodes_.push_back(x);
    weights_.push_back(std::move(product));
  }

  int max_degree_;
  slong bits_, precision_;
  std::string estimated_because_;
  ulong most_points_;
  std::map<ulong, GaussRule> rules_;
  std::vector<Ball> nodes_, weights_;
  Ball moment_;
  IntegrandBound error_;
};

/// What (end, end + 2^-j) contributes at most: |h_k φ| <= 1, φ <= 1/2, and
/// ∫_0^δ u^-p du = δ^{1-p}/(1-p).
IntegrandBound bound_near_end(const EndBound& growth, slong j) {
  const auto integral = [&](double log_scale, double power) {
    Ball result, part;
    arb_set_d(result.get(), power);
    arb_sub_ui(result.get(), result.get(), 1, bound_bits);  // p - 1
    Ball rate = result;
    arb_const_log2(part.get(), bound_bits);
    arb_mul_si(part.get(), part.get(), j, bound_bits);
    arb_mul(result.get(), result.get(), part.get(), bound_bits);
    arb_set_d(part.get(), log_scale);
    arb_add(result.get(), result.get(), part.get(), bound_bits);
    result = exp_of(result);
    arb_neg(rate.get(), rate.get());
    arb_div(result.get(), result.get(), rate.get(), bound_bits);
    return result;
  };
  IntegrandBound bound{integral(growth.log_scale, growth.power),
                       integral(2 * growth.log_scale, 2 * growth.power)};
  arb_mul_2exp_si(bound.moment.get(), bound.moment.get(), -1);
  return bound;
}

/// j, so that (end, end + 2^-j) owes less than 2^-bits, or not much less with any sense.
slong cut_near_end(const EndBound& growth, double piece_length, slong bits) {
  slong j =
      static_cast<slong>(std::ceil(std::max(std::log2(growth.from), 2 - std::log2(piece_length))));
  for (; j < max_end_bits(bits); ++j) {
    const IntegrandBound bound = bound_near_end(growth, j);
    if (log2_upper(bound) < -static_cast<double>(bits) - 3) break;
  }
  return j;
}

Ball midpoint(const Ball& x) {
  Ball exact;
  arb_set_arf(exact.get(), arb_midref(x.get()));
  return exact;
}

}  // namespace

int panel_reach(const GrowthBound& growth, slong bits) {
  if (!(growth.quadratic < 0.25))
    throw DomainError("the activation grows too fast: its square has no expectation");
  for (int x = std::max(2, static_cast<int>(std::ceil(growth.from)));; x += 1 + x / 32) {
    const IntegrandBound tail = tail_bound(Ball(Rational(x), bound_bits), growth);
    if (log2_upper(tail) < -static_cast<double>(bits) - 1) return x;
  }
}

QuadratureTable panel_coefficients(const std::vector<IntegrandPiece>& pieces,
                                   const GrowthBound& growth, int max_degree, slong bits) {
  PanelIntegrator integrator(max_degree, bits);
  const IntegrandBound tail = tail_bound(pieces.back().right, growth);
  integrator.add_error(tail);
  integrator.add_error(tail);
  for (const IntegrandPiece& piece : pieces) {
    Ball left = midpoint(piece.left), right = midpoint(piece.right), length;
    arb_sub(length.get(), right.get(), left.get(), bound_bits);
    if (!arb_is_positive(length.get())) continue;
    double shortest = -static_cast<double>(bits) - 10;
    // The end of the panels, `direction` away from where the piece ends.
    const auto end_of_panels = [&](const Ball& end, const std::optional<EndBound>& bound,
                                   int direction) {
      if (!bound) {
        if (!arb_is_exact(end.get())) integrator.cover(piece.function, Panel::around(end));
        return midpoint(end);
      }
      const slong j = cut_near_end(*bound, smallest_magnitude(length), bits);
      shortest = std::min(shortest, -static_cast<double>(j) - 10);
      // Half of it for the radius of the end.
      integrator.add_error(bound_near_end(*bound, j));
      Ball cut(Rational(direction), bound_bits);
      arb_mul_2exp_si(cut.get(), cut.get(), -j - 1);
      arb_add(cut.get(), midpoint(end).get(), cut.get(), ARF_PREC_EXACT);
      return cut;
    };
    left = end_of_panels(piece.left, piece.left_bound, 1);
    right = end_of_panels(piece.right, piece.right_bound, -1);
    integrator.add(piece.function, Panel::between(left, right), shortest);
  }
  return integrator.finish();
}

}  // namespace sigmahat
