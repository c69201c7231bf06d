#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/descent.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {

void evaluate_in_place(const Objective<double>& objective, const Freedom& freedom, Iterate& at) {
  at.value = objective.gradient_into(at.x, at.euclidean_gradient);
  at.gradient = at.euclidean_gradient;
  at.gradient = tangential(at.x, std::move(at.gradient), freedom);
}

Iterate evaluate_at(const Objective<double>& objective, Weights<double> x, const Freedom& freedom) {
  Iterate at;
  at.x = std::move(x);
  evaluate_in_place(objective, freedom, at);
  return at;
}

bool is_finite(const Iterate& iterate) {
  return std::isfinite(iterate.value) && all_finite(iterate.gradient) && all_finite(iterate.x);
}

DescentMethod::DescentMethod(const Objective<double>& objective, Weights<double> start,
                             const Freedom& freedom)
    : objective_(objective),
      freedom_(freedom),
      current_(evaluate(on_manifold(std::move(start), freedom))),
      start_scale_(std::abs(current_.value)) {
  if (!is_finite(current_))
    throw InputError("the start: the objective or its gradient is out of the range of double");
}

void DescentMethod::evaluate(Iterate& at) {
  ++evaluations_;
  try {
    evaluate_in_place(objective_, freedom_, at);
  } catch (const NumericalError&) {
    // Too far: a step that long is not taken.
    at.value = std::numeric_limits<double>::infinity();
    at.gradient = at.euclidean_gradient = zeros_like(at.x);
  }
}

Iterate DescentMethod::evaluate(Weights<double> x) {
  Iterate at;
  at.x = std::move(x);
  evaluate(at);
  return at;
}

double DescentMethod::gradient_norm() const {
  return norm(current_.gradient);
}

double DescentMethod::value_rounding() const {
  constexpr double relative = 1e-10;
  return relative * std::max(start_scale_, std::abs(current_.value));
}

void DescentMethod::restart_at(const Weights<double>& x, const OptimizerState& state) {
  if (x.a.size() != current_.x.a.size() || x.B.rows() != current_.x.B.rows() ||
      x.B.cols() != current_.x.B.cols() || x.c.size() != current_.x.c.size())
    throw InputError("the checkpoint's weights are not of the problem's shape");
  start_scale_ = state_entry(state, "start_scale", 1)[0];
  // The weights as they are: scaling the rows once more would change their last bits.
  current_ = evaluate(x);
  evaluations_ = static_cast<std::uint64_t>(state_entry(state, "evaluations", 1)[0]);
}

OptimizerState DescentMethod::common_state() const {
  return {{"start_scale", {start_scale_}}, {"evaluations", {static_cast<double>(evaluations_)}}};
}

const std::vector<double>& state_entry(const OptimizerState& state, const std::string& name,
                                       std::ptrdiff_t size) {
  const auto found = state.find(name);
  if (found == state.end())
    throw InputError(fmt::format("the checkpoint has no \"{}\": another optimizer's?", name));
  if (size >= 0 && found->second.size() != static_cast<std::size_t>(size))
    throw InputError(fmt::format("the checkpoint's \"{}\" has {} numbers; expected {}", name,
                                 found->second.size(), size));
  return found->second;
}

}  // namespace sigmahat
