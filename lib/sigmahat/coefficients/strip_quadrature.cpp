#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <sigmahat/coefficients/hermite_sums.hpp>
#include <sigmahat/coefficients/strip_quadrature.hpp>

namespace sigmahat {
namespace {

// docs/design/trapezoidal-rule.md proves the bounds used here; the names are those of its text.

/// Beyond this e^{a²/2} and √L_k(-a²) eat up what e^{-2πa/h} gains.
constexpr double highest = 3.9;
/// Strips that are lower need more nodes than panels do.
constexpr double lowest = 0.2;

struct Box {
  double left, right, bottom, top;
};

Ball stretch(double from, double to) {
  Ball x, end;
  arb_set_d(x.get(), from);
  arb_set_d(end.get(), to);
  arb_union(x.get(), x.get(), end.get(), bound_bits);
  return x;
}

Ball length(double from, double to) {
  Ball start, result;
  arb_set_d(start.get(), from);
  arb_set_d(result.get(), to);
  arb_sub(result.get(), result.get(), start.get(), bound_bits);
  return result;
}

IntegrandBound times(IntegrandBound bound, const Ball& factor) {
  arb_mul(bound.coefficients.get(), bound.coefficients.get(), factor.get(), bound_bits);
  arb_mul(bound.moment.get(), bound.moment.get(), factor.get(), bound_bits);
  return bound;
}

/// 2πy/h.
Ball periods(double y, const Ball& step) {
  Ball height, result;
  arb_set_d(height.get(), y);
  arb_const_pi(result.get(), bound_bits);
  arb_mul_2exp_si(result.get(), result.get(), 1);
  arb_mul(result.get(), result.get(), height.get(), bound_bits);
  arb_div(result.get(), result.get(), step.get(), bound_bits);
  return result;
}

/// The upper half of a strip, |Re z| <= reach + 1/2, covered with boxes on which the function is
/// analytic and bounded; without its left half where a parity makes it the mirror of the right.
class Strip {
 public:
  Strip(const ComplexFunction& function, Parity parity, int reach, int max_degree, double height)
      : function_(function),
        mirrored_(parity != Parity::none),
        max_degree_(max_degree),
        reach_(reach),
        height_(height) {
    // Singular points are nearest to the line around 0, most often.
    const int columns = static_cast<int>(std::ceil(reach / height));
    const auto column = [&](int i) { return i == columns ? reach_ : reach_ * i / columns; };
    for (int i = 0; i < columns; ++i) add_both({column(i), column(i + 1), 0, height});
    // On the sides the integrand counts the less the higher, which only low boxes can tell.
    constexpr int rows = 16;
    const auto row = [&](int j) { return j == rows ? height : height * j / rows; };
    for (int j = 0; j < rows; ++j) add_both({reach_, reach_ + 0.5, row(j), row(j + 1)});
  }

  double height() const { return height_; }
  /// How high a box lies where the function cannot be told to be analytic.
  std::optional<double> obstacle() const { return obstacle_; }

  /// ∫ |g| over the upper edge.
  IntegrandBound edge() const { return whole(edge_); }

  /// ∫_0^a |g(±X + iy)| e^{-2πy/h} dy, both sides together, for any X from reach to reach + 1/2.
  IntegrandBound sides(const Ball& step) const {
    IntegrandBound sum;
    for (const auto& [box, bound] : sides_) {
      Ball weight = periods(box.bottom, step);
      arb_neg(weight.get(), weight.get());
      weight = exp_of(weight);
      arb_mul(weight.get(), weight.get(), length(box.bottom, box.top).get(), bound_bits);
      sum += times(bound, weight);
    }
    return whole(sum);
  }

 private:
  struct BoundedBox {
    Box box;
    IntegrandBound bound;
  };
  static constexpr int most_halvings = 8;

  void add_both(const Box& box) {
    add(box, most_halvings);
    if (!mirrored_) add({-box.right, -box.left, box.bottom, box.top}, most_halvings);
  }

  void add(const Box& box, int halvings) {
    if (obstacle_) return;
    if (const auto bound =
            bound_on_rectangle(function_, stretch(box.left, box.right),
                               stretch(box.bottom, box.top), max_degree_, bound_bits)) {
      if (box.top == height_) edge_ += times(*bound, length(box.left, box.right));
      if (std::max(box.right, -box.left) > reach_) sides_.push_back({box, *bound});
    } else if (halvings == 0) {
      obstacle_ = box.bottom;
    } else {
      Box first = box, second = box;
      if (box.right - box.left > box.top - box.bottom)
        first.right = second.left = box.left + (box.right - box.left) / 2;
      else
        first.top = second.bottom = box.bottom + (box.top - box.bottom) / 2;
      add(first, halvings - 1);
      add(second, halvings - 1);
    }
  }

  IntegrandBound whole(const IntegrandBound& part) const {
    return mirrored_ ? times(part, Ball(2, bound_bits)) : part;
  }

  const ComplexFunction& function_;
  bool mirrored_;
  int max_degree_;
  double reach_, height_;
  std::optional<double> obstacle_;
  IntegrandBound edge_;
  std::vector<BoundedBox> sides_;
};

/// Bits by which the edge may be larger than the line, so that the rule still needs no more nodes
/// than panels: what h_k takes there, √L_k(-a²) <= e^{a√k}, and a few times what is asked for.
double affordable(double height, int max_degree, slong bits) {
  return height * std::sqrt(max_degree) / M_LN2 + 2 * static_cast<double>(bits) + 64;
}

/// A strip as high as one is found; empty if none is worth it.
std::optional<Strip> find_strip(const ComplexFunction& function, Parity parity, int reach,
                                int max_degree, slong bits) {
  for (double height = highest; height >= lowest;) {
    Strip strip(function, parity, reach, max_degree, height);
    // The function may be analytic there, and only the box too large to tell: not too low at once.
    if (strip.obstacle())
      height = std::clamp(*strip.obstacle(), height / 2, 0.97 * height);
    else if (log2_upper(strip.edge()) > affordable(height, max_degree, bits))
      height /= 2;
    else
      return strip;
  }
  return {};
}

/// What the rule misses of the integral over [-X, X].
IntegrandBound discretisation_bound(const Strip& strip, const Ball& step) {
  Ball factor = periods(strip.height(), step);
  arb_expm1(factor.get(), factor.get(), bound_bits);
  arb_inv(factor.get(), factor.get(), bound_bits);
  IntegrandBound bound = times(strip.edge(), factor);
  bound += strip.sides(step);
  return times(bound, Ball(2, bound_bits));
}

/// The nodes x and -x in one: w (σ(x) + σ(-x)) for the even degrees, w (σ(x) - σ(-x)) for the odd.
struct FoldedWeights {
  std::vector<Ball> even, odd;  ///< empty where parity makes them vanish
  Ball moment;                  ///< Σ w σ²
};

FoldedWeights folded_weights(const ComplexFunction& function, Parity parity, const DyadicGrid& grid,
                             slong count, slong precision) {
  FoldedWeights result;
  const Ball step = grid.step();
  const auto append = [&](std::vector<Ball>& part, const Ball& value, const Ball& weight) {
    part.emplace_back();
    arb_mul(part.back().get(), value.get(), weight.get(), precision);
  };
  for (slong j = 1; j <= count; ++j) {
    const Ball x = grid.node(j), right = value_at(function, x, precision);
    Ball weight = normal_density(x, precision), square;
    arb_mul(weight.get(), weight.get(), step.get(), precision);
    arb_sqr(square.get(), right.get(), precision);
    if (parity == Parity::none) {
      Ball opposite, sum, difference;
      arb_neg(opposite.get(), x.get());
      const Ball left = value_at(function, opposite, precision);
      arb_add(sum.get(), right.get(), left.get(), precision);
      arb_sub(difference.get(), right.get(), left.get(), precision);
      append(result.even, sum, weight);
      append(result.odd, difference, weight);
      arb_addmul(square.get(), left.get(), left.get(), precision);
    } else {
      arb_mul_2exp_si(weight.get(), weight.get(), 1);
      append(parity == Parity::even ? result.even : result.odd, right, weight);
    }
    arb_addmul(result.moment.get(), square.get(), weight.get(), precision);
  }
  return result;
}

}  // namespace

std::optional<QuadratureTable> strip_coefficients(const ComplexFunction& function, Parity parity,
                                                  const GrowthBound& growth, int reach,
                                                  int max_degree, slong bits) {
  const auto strip = find_strip(function, parity, reach, max_degree, bits);
  if (!strip) return {};
  const double wanted = std::max(static_cast<double>(bits) + 3 + log2_upper(strip->edge()), 8.0);
  const DyadicGrid grid =
      dyadic_midpoints(std::min(2 * M_PI * strip->height() / (wanted * M_LN2), 0.5));
  // The sides stand at ±X = ±count·step.
  const Ball step = grid.step();
  const auto count =
      static_cast<slong>(std::ceil(reach / arf_get_d(arb_midref(step.get()), ARF_RND_DOWN)));
  const slong precision = bits + recurrence_loss(max_degree) + 16;
  const FoldedWeights weights = folded_weights(function, parity, grid, count, precision);

  Ball last;
  arb_mul_si(last.get(), step.get(), count, bound_bits);
  IntegrandBound error = times(tail_bound(last, growth), Ball(2, bound_bits));
  error += discretisation_bound(*strip, step);

  QuadratureTable table{std::vector<Ball>(static_cast<std::size_t>(max_degree) + 1),
                        weights.moment};
  arb_add_error(table.second_moment.get(), error.moment.get());
  for (const DegreeParity degrees : {DegreeParity::even, DegreeParity::odd}) {
    const std::vector<Ball>& part = degrees == DegreeParity::even ? weights.even : weights.odd;
    if (part.empty()) continue;
    std::vector<Ball> sums = hermite_sums(grid, part, degrees, max_degree, precision);
    for (int k = degrees == DegreeParity::even ? 0 : 1; k <= max_degree; k += 2) {
      Ball& c = table.coefficients[static_cast<std::size_t>(k)];
      c = std::move(sums[static_cast<std::size_t>(k)]);
      arb_add_error(c.get(), error.coefficients.get());
    }
  }
  return table;
}

}  // namespace sigmahat
