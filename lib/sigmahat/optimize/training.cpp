#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/descent.hpp>
#include <sigmahat/optimize/gradient_descent.hpp>
#include <sigmahat/optimize/lbfgs.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/training.hpp>
#include <sigmahat/optimize/trust_region.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

constexpr std::array methods{std::pair{Method::sgd, std::string_view("sgd")},
                             std::pair{Method::adam, std::string_view("adam")},
                             std::pair{Method::gradient_descent, std::string_view("gd")},
                             std::pair{Method::lbfgs, std::string_view("lbfgs")},
                             std::pair{Method::trust_region, std::string_view("trust-region")}};

constexpr std::array outcomes{std::pair{Outcome::converged, std::string_view("converged")},
                              std::pair{Outcome::spent, std::string_view("spent")},
                              std::pair{Outcome::stalled, std::string_view("stalled")},
                              std::pair{Outcome::diverged, std::string_view("diverged")},
                              std::pair{Outcome::interrupted, std::string_view("interrupted")}};

std::unique_ptr<Optimizer> make_optimizer(const Objective<double>& objective,
                                          StochasticObjective* sampled, Weights<double> start,
                                          const TrainingOptions& options) {
  const Freedom& freedom = options.freedom;
  if (is_stochastic(options.method) && !options.step)
    throw InputError(fmt::format("{}: expected a step", to_string(options.method)));
  switch (options.method) {
    case Method::sgd:
      return std::make_unique<StochasticDescent>(*sampled, std::move(start), freedom, *options.step,
                                                 options.iterations, options.momentum);
    case Method::adam:
      return std::make_unique<Adam>(*sampled, std::move(start), freedom, *options.step,
                                    options.iterations, Adam::Decay{});
    case Method::gradient_descent: {
      if (options.step && options.step->shape != StepSchedule::Shape::constant)
        throw InputError("gd: expected one step for all iterations");
      return std::make_unique<GradientDescent>(
          objective, std::move(start), freedom,
          options.step ? std::optional(options.step->first) : std::nullopt);
    }
    case Method::lbfgs:
      return std::make_unique<LimitedMemoryBfgs>(objective, std::move(start), freedom);
    case Method::trust_region:
      return std::make_unique<TrustRegion>(objective, std::move(start), freedom);
  }
  throw InputError("no such optimizer");
}

}  // namespace

bool is_stochastic(Method method) {
  return method == Method::sgd || method == Method::adam;
}

Method parse_method(std::string_view text) {
  for (const auto& [method, name] : methods)
    if (name == text) return method;
  throw ParseError(fmt::format("expected sgd, adam, gd, lbfgs or trust-region, not \"{}\"", text));
}

std::string_view to_string(Method method) {
  for (const auto& [m, name] : methods)
    if (m == method) return name;
  return "";
}

std::string_view to_string(Outcome outcome) {
  for (const auto& [o, name] : outcomes)
    if (o == outcome) return name;
  return "";
}

Outcome parse_outcome(std::string_view text) {
  for (const auto& [outcome, name] : outcomes)
    if (name == text) return outcome;
  throw ParseError(fmt::format("\"{}\" is no outcome of a run", text));
}

Training::Training(const Objective<double>& objective, Weights<double> start,
                   const Matrix<double>& teacher, const TrainingOptions& options,
                   StochasticObjective* sampled)
    : objective_(objective), teacher_(teacher), options_(options), sampled_(sampled) {
  if (is_stochastic(options.method) && !sampled) {
    exact_gradient_ = std::make_unique<ExactGradient>(objective);
    sampled_ = exact_gradient_.get();
  }
  optimizer_ = make_optimizer(objective_, sampled_, std::move(start), options_);
}

Training::~Training() = default;

void Training::resume(const Checkpoint& checkpoint) {
  optimizer_->restore(checkpoint.weights, checkpoint.optimizer);
  iteration_ = checkpoint.iteration;
  trajectory_ = checkpoint.trajectory;
}

Checkpoint Training::checkpoint() const {
  return {iteration_, weights(), optimizer_->state(), trajectory_};
}

std::uint64_t Training::samples() const {
  return is_stochastic(options_.method) ? iteration_ * sampled_->batch() : 0;
}

std::optional<double> Training::known_gradient_norm() const {
  const auto* descent = dynamic_cast<const DescentMethod*>(optimizer_.get());
  return descent ? std::optional(descent->gradient_norm()) : std::nullopt;
}

TrajectoryPoint Training::observe() const {
  TrajectoryPoint point{iteration_, samples(), 0, 0, {}, {}};
  if (const auto* descent = dynamic_cast<const DescentMethod*>(optimizer_.get())) {
    point.loss = descent->current().value;
    point.gradient_norm = descent->gradient_norm();
  } else {
    const Iterate here = evaluate_at(objective_, weights(), options_.freedom);
    point.loss = here.value;
    point.gradient_norm = norm(here.gradient);
    const auto& method = dynamic_cast<const StochasticMethod&>(*optimizer_);
    if (iteration_ > 0 && sampled_->batch() > 0) point.sampled_loss = method.last_loss();
  }
  if (!std::isfinite(point.loss) || !std::isfinite(point.gradient_norm))
    throw NumericalError(
        fmt::format("iteration {}: the objective has left the range of double", iteration_));
  point.distance = teacher_distance(weights().B, teacher_);
  return point;
}

bool Training::is_recorded() const {
  return !trajectory_.empty() && trajectory_.back().iteration == iteration_;
}

void Training::record() {
  if (!is_recorded()) trajectory_.push_back(observe());
}

bool Training::is_converged() const {
  if (const auto known = known_gradient_norm()) return *known <= options_.tolerance;
  return is_recorded() && trajectory_.back().gradient_norm <= options_.tolerance;
}

bool Training::try_to_record() {
  try {
    record();
    return true;
  } catch (const NumericalError&) {
    if (trajectory_.empty()) throw;  // the start itself
    return false;
  }
}

Outcome Training::run(const std::function<bool(const Training&)>& go_on) {
  const auto finish = [&](Outcome outcome) {
    return try_to_record() ? outcome : Outcome::diverged;
  };
  for (;;) {
    if (iteration_ % options_.record_every == 0 && !try_to_record()) return Outcome::diverged;
    if (is_converged()) return finish(Outcome::converged);
    if (iteration_ >= options_.iterations) return finish(Outcome::spent);
    // Where an interrupted run ends is no point of the trajectory: the uninterrupted run has none.
    if (go_on && !go_on(*this)) return Outcome::interrupted;
    switch (optimizer_->advance()) {
      case Move::done:
        ++iteration_;
        break;
      case Move::none:
        return finish(Outcome::stalled);
      case Move::diverged:
        return finish(Outcome::diverged);
    }
  }
}

}  // namespace sigmahat
