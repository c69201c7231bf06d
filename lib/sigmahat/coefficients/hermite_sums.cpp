#include <cmath>

#include <sigmahat/coefficients/hermite_sums.hpp>

namespace sigmahat {
namespace {

constexpr slong bound_bits = 64;  // precision at which error bounds are evaluated

/// Owns one Arb floating-point number.
class Float {
 public:
  Float() { arf_init(value_); }
  Float(Float&& other) noexcept : Float() { swap(other); }
  Float& operator=(const Float&) = delete;
  ~Float() { arf_clear(value_); }
  arf_ptr get() { return value_; }
  void swap(Float& other) noexcept { arf_swap(value_, other.value_); }

 private:
  arf_t value_;
};

/// 2 e^{x²/4} or more, hence above Cramér's 1.0865 e^{x²/4} >= |h_k(x)|.
Ball hermite_bound(const Ball& x) {
  Ball bound;
  arb_sqr(bound.get(), x.get(), bound_bits);
  arb_mul_2exp_si(bound.get(), bound.get(), -2);
  arb_exp(bound.get(), bound.get(), bound_bits);
  arb_mul_2exp_si(bound.get(), bound.get(), 1);
  return bound;
}

Ball absolute_bound(const Ball& x) {
  Ball bound;
  arb_get_abs_ubound_arf(arb_midref(bound.get()), x.get(), bound_bits);
  return bound;
}

Ball radius_of(const Ball& x) {
  Ball radius;
  arb_get_rad_arb(radius.get(), x.get());
  return radius;
}

/// What the roundings of the recurrence from degree to degree, `amplified` so many times, and the
/// radii of weight and node make of w h_k(x).
Ball recurrence_error(const Ball& x, const Ball& weight, int max_degree, slong precision,
                      const Ball& amplified) {
  const Ball magnitude = absolute_bound(weight), weight_radius = radius_of(weight);
  Ball error, node_part = radius_of(x);
  arb_mul(error.get(), magnitude.get(), amplified.get(), bound_bits);
  arb_mul_2exp_si(error.get(), error.get(), recurrence_loss(max_degree) - precision);
  arb_add(error.get(), error.get(), weight_radius.get(), bound_bits);
  // h_k' = √k h_{k-1}
  Ball root;
  arb_sqrt_ui(root.get(), static_cast<ulong>(max_degree), bound_bits);
  arb_mul(node_part.get(), node_part.get(), root.get(), bound_bits);
  arb_addmul(error.get(), node_part.get(), magnitude.get(), bound_bits);
  const Ball growth = hermite_bound(x);
  arb_mul(error.get(), error.get(), growth.get(), bound_bits);
  return error;
}

std::vector<Float> rounded(const std::vector<Ball>& weights, slong precision) {
  std::vector<Float> result(weights.size());
  for (std::size_t j = 0; j < weights.size(); ++j)
    arf_set_round(result[j].get(), arb_midref(weights[j].get()), precision, ARF_RND_DOWN);
  return result;
}

/// Runs the recurrence of w He_k for all nodes side by side, from `current` of degree `first` in
/// steps of `stride`, and sums; `advance` makes of the states of degrees k and k - stride, its last
/// two arguments, that of degree k + stride, in place of the last. The state of degree k is
/// 2^{shift·k} w He_k.
template <class Advance>
std::vector<Ball> run(std::vector<Float> current, int first, int stride, const Ball& error,
                      int max_degree, slong precision, slong shift, Advance advance) {
  const std::size_t count = current.size();
  std::vector<Float> previous(count);
  std::vector<Ball> sums(static_cast<std::size_t>(max_degree) + 1);
  Ball factorial(1, precision), scale;
  for (int k = first; k <= max_degree; k += stride) {
    Ball& sum = sums[static_cast<std::size_t>(k)];
    for (std::size_t j = 0; j < count; ++j)
      arb_add_arf(sum.get(), sum.get(), current[j].get(), precision);
    arb_mul_2exp_si(sum.get(), sum.get(), -shift * k);
    arb_rsqrt(scale.get(), factorial.get(), precision);
    arb_mul(sum.get(), sum.get(), scale.get(), precision);
    arb_add_error(sum.get(), error.get());
    for (std::size_t j = 0; j < count; ++j) {
      advance(j, static_cast<ulong>(k), current[j].get(), previous[j].get());
      previous[j].swap(current[j]);
    }
    for (int next = k + 1; next <= k + stride; ++next)
      arb_mul_ui(factorial.get(), factorial.get(), static_cast<ulong>(next), precision);
  }
  return sums;
}

}  // namespace

ulong DyadicGrid::word(slong j) const {
  return static_cast<ulong>(odd ? 2 * j - 1 : j) * multiple;
}

Ball DyadicGrid::node(slong j) const {
  Ball x;
  arb_set_ui(x.get(), word(j));
  arb_mul_2exp_si(x.get(), x.get(), -shift);
  return x;
}

Ball DyadicGrid::step() const {
  Ball h;
  arb_set_ui(h.get(), odd ? 2 * multiple : multiple);
  arb_mul_2exp_si(h.get(), h.get(), -shift);
  return h;
}

DyadicGrid dyadic_grid(double step) {
  DyadicGrid grid{0, 0};
  while (std::ldexp(step, static_cast<int>(grid.shift)) < 512) ++grid.shift;
  grid.multiple = static_cast<ulong>(std::ldexp(step, static_cast<int>(grid.shift)));
  return grid;
}

DyadicGrid dyadic_midpoints(double step) {
  DyadicGrid grid = dyadic_grid(step / 2);
  grid.odd = true;
  return grid;
}

slong recurrence_loss(int max_degree) {
  return static_cast<slong>(std::ceil(std::log2(12.0) + 2.5 * std::log2(max_degree + 2.0)));
}

std::vector<Ball> hermite_sums(const DyadicGrid& grid, const std::vector<Ball>& weights,
                               DegreeParity parity, int max_degree, slong precision) {
  Ball error;
  for (std::size_t j = 0; j < weights.size(); ++j) {
    const Ball x = grid.node(static_cast<slong>(j) + 1), one(1, bound_bits);
    Ball amplified;
    arb_div(amplified.get(), one.get(), x.get(), bound_bits);
    arb_max(amplified.get(), amplified.get(), one.get(), bound_bits);
    const Ball lost = recurrence_error(x, weights[j], max_degree, precision, amplified);
    arb_add(error.get(), error.get(), lost.get(), bound_bits);
  }
  const auto word = [&](std::size_t j) { return grid.word(static_cast<slong>(j) + 1); };
  std::vector<Float> start = rounded(weights, precision);
  if (parity == DegreeParity::odd)
    for (std::size_t j = 0; j < start.size(); ++j)
      arf_mul_ui(start[j].get(), start[j].get(), word(j), precision, ARF_RND_DOWN);
  // He_{k+2} = (x² - (2k+1)) He_k - k (k-1) He_{k-2}
  return run(std::move(start), parity == DegreeParity::odd ? 1 : 0, 2, error, max_degree, precision,
             grid.shift, [&](std::size_t j, ulong k, arf_ptr current, arf_ptr previous) {
               const auto factor = static_cast<slong>(word(j) * word(j)) -
                                   static_cast<slong>((2 * k + 1) << (2 * grid.shift));
               arf_neg(previous, previous);
               arf_mul_ui(previous, previous, k == 0 ? 0 : k * (k - 1), ARF_PREC_EXACT,
                          ARF_RND_DOWN);
               arf_mul_2exp_si(previous, previous, 4 * grid.shift);
               arf_addmul_si(previous, current, factor, precision, ARF_RND_DOWN);
             });
}

std::vector<Ball> hermite_sums(const std::vector<Ball>& nodes, const std::vector<Ball>& weights,
                               int max_degree, slong precision) {
  Ball error;
  for (std::size_t j = 0; j < nodes.size(); ++j) {
    const Ball lost =
        recurrence_error(nodes[j], weights[j], max_degree, precision, Ball(1, bound_bits));
    arb_add(error.get(), error.get(), lost.get(), bound_bits);
  }
  // He_{k+1} = x He_k - k He_{k-1}
  return run(rounded(weights, precision), 0, 1, error, max_degree, precision, 0,
             [&](std::size_t j, ulong k, arf_ptr current, arf_ptr previous) {
               arf_neg(previous, previous);
               arf_mul_ui(previous, previous, k, ARF_PREC_EXACT, ARF_RND_DOWN);
               arf_addmul(previous, current, arb_midref(nodes[j].get()), precision, ARF_RND_DOWN);
             });
}

}  // namespace sigmahat
