#include <algorithm>
#include <cmath>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/gradient_flow.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

/// Damping of the Chebyshev polynomial, which keeps the flow's fast modes decaying.
constexpr double damping = 2.0 / 13;
constexpr int most_stages = 200;
/// The step is stable up to this over the stiffness.
double stable_length(int stages) {
  return 2.0 / 3 * (stages * stages - 1) * (1 - 2.0 / 15 * damping);
}
int stages_for(double length) {
  const double exact = std::sqrt(1 + length / stable_length(2) * 3);
  return std::clamp(static_cast<int>(std::ceil(exact)), 2, most_stages);
}

constexpr int steps_between_estimates = 25;
constexpr int most_power_steps = 30;
/// The estimate comes from below.
constexpr double stiffness_margin = 1.2;
constexpr double settled = 0.05;
/// Length of the difference that a curvature is taken over, as a share of the weights' length.
constexpr double difference = 1e-6;
constexpr int most_rejections = 60;

/// The coefficients of one step of s stages, from the Chebyshev polynomials at w_0.
class ChebyshevCoefficients {
 public:
  explicit ChebyshevCoefficients(int stages) {
    const double w0 = 1 + damping / (stages * stages);
    const auto n = static_cast<std::size_t>(stages) + 1;
    std::vector<double> t(n), d(n), d2(n);  // T_j, T_j', T_j'' at w_0
    t[0] = 1, t[1] = w0;
    d[0] = 0, d[1] = 1;
    d2[0] = d2[1] = 0;
    for (std::size_t j = 2; j < n; ++j) {
      t[j] = 2 * w0 * t[j - 1] - t[j - 2];
      d[j] = 2 * t[j - 1] + 2 * w0 * d[j - 1] - d[j - 2];
      d2[j] = 4 * d[j - 1] + 2 * w0 * d2[j - 1] - d2[j - 2];
    }
    const double w1 = d.back() / d2.back();
    std::vector<double> b(n);
    for (std::size_t j = 2; j < n; ++j) b[j] = d2[j] / (d[j] * d[j]);
    b[0] = b[1] = b[2];
    first = b[1] * w1;
    stage.resize(n);
    for (std::size_t j = 2; j < n; ++j) {
      const double mu = 2 * b[j] / b[j - 1];
      stage[j] = {mu * w0, -b[j] / b[j - 2], mu * w1, -(1 - b[j - 1] * t[j - 1]) * mu * w1};
    }
  }

  struct Stage {
    double last, before_last;         ///< μ, ν
    double gradient, start_gradient;  ///< μ̃, γ̃
  };
  double first;              ///< μ̃_1
  std::vector<Stage> stage;  ///< from 2 on
};

}  // namespace

GradientFlow::GradientFlow(const Objective<double>& objective, Weights<double> start,
                           const Freedom& freedom, double tolerance)
    : DescentMethod(objective, std::move(start), freedom), tolerance_(tolerance) {}

double GradientFlow::length_of_weights() const {
  const Weights<double>& x = current_.x;
  const double a = freedom_.trains_a ? x.a.squaredNorm() : 0;
  return std::sqrt(a + x.B.squaredNorm() + x.c.squaredNorm());
}

/// Power iteration on differences of gradients.
void GradientFlow::estimate_stiffness() {
  since_estimate_ = 0;
  const Eigen::Index m = current_.x.B.rows(), d = current_.x.B.cols();
  const double reach = difference * length_of_weights();
  Weights<double> v = stiff_.size() == 0
                          ? current_.gradient
                          : tangential(current_.x, unflattened(stiff_, m, d), freedom_);
  double length = norm(v), estimate = 0;
  for (int n = 0; n < most_power_steps && length > 0; ++n) {
    Iterate moved = evaluate(retracted(current_.x, scaled(reach / length, std::move(v)), freedom_));
    if (!is_finite(moved)) break;
    v = tangential(current_.x, std::move(moved.gradient), freedom_);
    add(v, -1, current_.gradient);
    length = norm(v);
    const double next = length / reach;
    const bool is_settled = std::abs(next - estimate) <= settled * next;
    estimate = next;
    if (is_settled) break;
  }
  if (length > 0) stiff_ = flattened(v) / length;
  stiffness_ = stiffness_margin * estimate;
}

double GradientFlow::chebyshev_step(double step, int stages) {
  const ChebyshevCoefficients coefficients(stages);
  const auto evaluate_stage = [&] {
    next_.x = current_.x;
    retract(next_.x, last_, freedom_);
    evaluate(next_);
    return is_finite(next_);
  };
  last_ = current_.gradient;
  scale(last_, -coefficients.first * step);
  before_last_ = last_;
  scale(before_last_, 0);
  // Offsets from the start; stages are evaluated where the manifold takes them.
  for (int j = 2; j <= stages; ++j) {
    if (!evaluate_stage()) return HUGE_VAL;
    const auto& c = coefficients.stage[static_cast<std::size_t>(j)];
    // The next stage in the room of the one before last.
    const auto advance = [&](auto& room, const auto& last, const auto& here, const auto& start) {
      room = c.before_last * room + c.last * last - (c.gradient * step) * here -
             (c.start_gradient * step) * start;
    };
    advance(before_last_.a, last_.a, next_.gradient.a, current_.gradient.a);
    advance(before_last_.B, last_.B, next_.gradient.B, current_.gradient.B);
    advance(before_last_.c, last_.c, next_.gradient.c, current_.gradient.c);
    std::swap(before_last_, last_);
  }
  if (!evaluate_stage()) return HUGE_VAL;
  Weights<double>& error = last_;
  scale(error, -0.8);
  add(error, -0.4 * step, current_.gradient);
  add(error, -0.4 * step, next_.gradient);
  // Across the sphere nothing can go wrong.
  error = tangential(next_.x, std::move(error), freedom_);
  return norm(error) / (tolerance_ * length_of_weights());
}

Move GradientFlow::advance() {
  if (since_estimate_ == 0) estimate_stiffness();
  since_estimate_ = (since_estimate_ + 1) % steps_between_estimates;
  if (step_ == 0) step_ = 0.25 / std::max(stiffness_, 1e-300);
  for (int rejections = 0; rejections < most_rejections; ++rejections) {
    const double longest = stable_length(most_stages) / std::max(stiffness_, 1e-300);
    const double step = std::min(step_, longest);
    const double error = chebyshev_step(step, stages_for(step * stiffness_));
    const double growth = 0.8 / std::cbrt(std::max(error, 1e-12));
    // A flow goes down: values that rise by more than their rounding show an unstable step.
    const bool falls = next_.value <= current_.value + value_rounding();
    if (!(error <= 1) || !falls) {
      step_ = step * (std::isfinite(error) ? std::clamp(growth, 0.1, 0.5) : 0.1);
      estimate_stiffness();
      continue;
    }
    time_ += step;
    step_ = step * std::clamp(growth, 0.1, 5.0);
    std::swap(current_, next_);
    return Move::done;
  }
  return Move::none;
}

OptimizerState GradientFlow::state() const {
  OptimizerState state = common_state();
  state["gradient_flow"] = {time_, step_, stiffness_, static_cast<double>(since_estimate_)};
  state["gradient_flow_stiff"] = {stiff_.begin(), stiff_.end()};
  return state;
}

void GradientFlow::restore(const Weights<double>& weights, const OptimizerState& state) {
  const std::vector<double>& own = state_entry(state, "gradient_flow", 4);
  const std::vector<double>& stiff = state_entry(state, "gradient_flow_stiff");
  const Eigen::Index entries = weights.a.size() + weights.B.size() + weights.c.size();
  if (!stiff.empty() && static_cast<Eigen::Index>(stiff.size()) != entries)
    throw InputError("the checkpoint's stiff direction is not of the problem's shape");
  restart_at(weights, state);
  time_ = own[0];
  step_ = own[1];
  stiffness_ = own[2];
  since_estimate_ = static_cast<int>(own[3]);
  stiff_ = Eigen::Map<const Vector<double>>(stiff.data(), static_cast<Eigen::Index>(stiff.size()));
}

}  // namespace sigmahat
