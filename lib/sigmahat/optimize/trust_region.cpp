#include <algorithm>
#include <cmath>
#include <limits>

#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/trust_region.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

/// Least share of the model's decrease that an accepted step reaches.
constexpr double acceptance = 0.1;
/// The conjugate gradients end where the residual is ‖r_0‖ min(‖r_0‖, 0.1): quadratic convergence.
constexpr double coarsest_residual = 0.1;
constexpr int most_rejections = 60;
/// Units in the last place that the difference of two values may be off.
constexpr double rounding_units = 1e3;

/// τ >= 0 with ‖η + τ δ‖ = radius.
double to_boundary(const Weights<double>& eta, const Weights<double>& delta, double radius) {
  const double a = inner(delta, delta), b = inner(eta, delta);
  const double c = inner(eta, eta) - radius * radius;
  const double root = std::sqrt(std::max(0.0, b * b - a * c));
  return b > 0 ? -c / (b + root) : (root - b) / a;
}

double unit_rows_norm(const Weights<double>& x) {
  return std::sqrt(static_cast<double>(x.B.rows()));
}

}  // namespace

TrustRegion::TrustRegion(const Objective<double>& objective, Weights<double> start,
                         const Freedom& freedom)
    : DescentMethod(objective, std::move(start), freedom),
      // On the sphere a row has nowhere to go beyond its radius.
      largest_radius_(freedom.rows == Constraint::sphere ? unit_rows_norm(current_.x)
                                                         : std::numeric_limits<double>::infinity()),
      radius_(unit_rows_norm(current_.x) / 8) {}

Weights<double> TrustRegion::hessian_times(const Weights<double>& direction) const {
  return riemannian_hessian_product(current_.x, current_.euclidean_gradient,
                                    objective_.hessian_product(current_.x, direction), direction,
                                    freedom_);
}

TrustRegion::ModelStep TrustRegion::minimise_model() const {
  Weights<double> eta = zeros_like(current_.x), h_eta = eta;
  Weights<double> r = current_.gradient, delta = scaled(-1, r);
  double rr = inner(r, r);
  const double first = std::sqrt(rr), wanted = first * std::min(first, coarsest_residual);
  const auto result = [&](bool on_boundary) {
    const double decrease = -inner(current_.gradient, eta) - inner(eta, h_eta) / 2;
    return ModelStep{tangential(current_.x, eta, freedom_), decrease, on_boundary};
  };
  const Eigen::Index most = dimension(current_.x, freedom_);
  for (Eigen::Index n = 0; n < most; ++n) {
    const Weights<double> h_delta = hessian_times(delta);
    const double curvature = inner(delta, h_delta);
    const double alpha = rr / curvature;
    Weights<double> next = eta;
    if (curvature > 0) add(next, alpha, delta);
    if (!(curvature > 0) || norm(next) >= radius_) {
      const double tau = to_boundary(eta, delta, radius_);
      add(eta, tau, delta);
      add(h_eta, tau, h_delta);
      return result(true);
    }
    eta = std::move(next);
    add(h_eta, alpha, h_delta);
    add(r, alpha, h_delta);
    const double rr_next = inner(r, r);
    if (std::sqrt(rr_next) <= wanted) break;
    delta = scaled(rr_next / rr, std::move(delta));
    add(delta, -1, r);
    rr = rr_next;
  }
  return result(false);
}

Move TrustRegion::advance() {
  for (int rejections = 0; rejections < most_rejections; ++rejections) {
    const ModelStep step = minimise_model();
    if (!all_finite(step.direction)) return Move::diverged;
    Iterate next = evaluate(retracted(current_.x, step.direction, freedom_));
    // Where rounding hides both decreases the model is believed.
    const double rounding = rounding_units * std::numeric_limits<double>::epsilon() *
                            std::max(start_scale_, std::abs(current_.value));
    const double ratio =
        (current_.value - next.value + rounding) / (step.model_decrease + rounding);
    const bool usable = is_finite(next);
    if (!usable || ratio < 0.25)
      radius_ /= 4;
    else if (ratio > 0.75 && step.on_boundary)
      radius_ = std::min(2 * radius_, largest_radius_);
    if (!usable || !(ratio > acceptance)) continue;
    current_ = std::move(next);
    return Move::done;
  }
  return Move::none;
}

OptimizerState TrustRegion::state() const {
  OptimizerState state = common_state();
  state["trust_region"] = {radius_};
  return state;
}

void TrustRegion::restore(const Weights<double>& weights, const OptimizerState& state) {
  const double radius = state_entry(state, "trust_region", 1)[0];
  restart_at(weights, state);
  radius_ = radius;
}

}  // namespace sigmahat
