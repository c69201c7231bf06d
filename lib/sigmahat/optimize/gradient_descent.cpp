#include <algorithm>
#include <cmath>

#include <sigmahat/optimize/gradient_descent.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

constexpr double decrease = 1e-4;
/// How much the average of the values remembers.
constexpr double memory = 0.85;
constexpr double shortest_trial = 1e-10, longest_trial = 1e10;
constexpr int most_halvings = 60;

}  // namespace

GradientDescent::GradientDescent(const Objective<double>& objective, Weights<double> start,
                                 const Freedom& freedom, std::optional<double> fixed_step)
    : DescentMethod(objective, std::move(start), freedom),
      fixed_step_(fixed_step),
      trial_(1 / std::max(1.0, gradient_norm())),
      average_(current_.value) {}

Move GradientDescent::advance_by(double step) {
  Iterate next = evaluate(retracted(current_.x, scaled(-step, current_.gradient), freedom_));
  if (!is_finite(next)) return Move::diverged;
  current_ = std::move(next);
  return Move::done;
}

Move GradientDescent::advance() {
  if (fixed_step_) return advance_by(*fixed_step_);
  const double slope = -inner(current_.gradient, current_.gradient);
  double t = trial_;
  for (int halvings = 0; halvings < most_halvings; ++halvings, t /= 2) {
    const Weights<double> moved = scaled(-t, current_.gradient);
    Iterate next = evaluate(retracted(current_.x, moved, freedom_));
    if (!is_finite(next)) continue;
    const bool decreased = next.value <= average_ + decrease * t * slope;
    const double end_slope =
        slope_along(current_.x, scaled(-1, current_.gradient), t, next.gradient, freedom_);
    const bool level =
        next.value <= current_.value + value_rounding() && end_slope <= (2 * decrease - 1) * slope;
    if (!decreased && !level) continue;
    choose_next_trial(moved, next);
    current_ = std::move(next);
    average_weight_ = memory * average_weight_ + 1;
    average_ += (current_.value - average_) / average_weight_;
    return Move::done;
  }
  return Move::none;
}

/// ⟨s,s⟩/⟨s,y⟩ with s the step and y the change of the gradient, both in the new tangent space.
void GradientDescent::choose_next_trial(const Weights<double>& moved, const Iterate& next) {
  const Weights<double> s = tangential(next.x, moved, freedom_);
  Weights<double> y = next.gradient;
  add(y, -1, tangential(next.x, current_.gradient, freedom_));
  const double curvature = inner(s, y);
  const double trial = inner(s, s) / curvature;
  trial_ = curvature > 0 && std::isfinite(trial) ? std::clamp(trial, shortest_trial, longest_trial)
                                                 : std::min(2 * trial_, longest_trial);
}

OptimizerState GradientDescent::state() const {
  OptimizerState state = common_state();
  state["gradient_descent"] = {trial_, average_, average_weight_};
  return state;
}

void GradientDescent::restore(const Weights<double>& weights, const OptimizerState& state) {
  const std::vector<double>& own = state_entry(state, "gradient_descent", 3);
  restart_at(weights, state);
  trial_ = own[0];
  average_ = own[1];
  average_weight_ = own[2];
}

}  // namespace sigmahat
