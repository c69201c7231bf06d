#include <algorithm>

#include <sigmahat/optimize/lbfgs.hpp>
#include <sigmahat/optimize/line_search.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

/// Pairs of less curvature than this, against their lengths, would make the matrix indefinite or
/// hold nothing but rounding.
constexpr double least_curvature = 1e-10;

}  // namespace

LimitedMemoryBfgs::LimitedMemoryBfgs(const Objective<double>& objective, Weights<double> start,
                                     const Freedom& freedom, int memory)
    : DescentMethod(objective, std::move(start), freedom),
      memory_(static_cast<std::size_t>(memory)) {}

Weights<double> LimitedMemoryBfgs::direction() const {
  Weights<double> q = scaled(-1, current_.gradient);
  std::vector<double> factors(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    factors[i] = pairs_[i].inverse_curvature * inner(pairs_[i].s, q);
    add(q, -factors[i], pairs_[i].y);
  }
  if (!pairs_.empty()) {
    const Pair& last = pairs_.back();
    q = scaled(1 / (last.inverse_curvature * inner(last.y, last.y)), std::move(q));
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i)
    add(q, factors[i] - pairs_[i].inverse_curvature * inner(pairs_[i].y, q), pairs_[i].s);
  return q;
}

void LimitedMemoryBfgs::remember(Weights<double> s, Weights<double> y) {
  const double curvature = inner(s, y);
  if (!(curvature > least_curvature * norm(s) * norm(y))) return;
  pairs_.push_back({std::move(s), std::move(y), 1 / curvature});
  if (pairs_.size() > memory_) pairs_.pop_front();
}

Move LimitedMemoryBfgs::advance() {
  const auto evaluate_point = [this](Weights<double> x) { return evaluate(std::move(x)); };
  std::optional<LineStep> step;
  Weights<double> v;
  // Where the memory leads nowhere, once more without it.
  for (;;) {
    v = direction();
    const double trial = pairs_.empty() ? 1 / std::max(1.0, gradient_norm()) : 1;
    step = wolfe_step(current_, v, trial, value_rounding(), freedom_, evaluate_point);
    if (step) break;
    if (pairs_.empty()) return Move::none;
    pairs_.clear();
  }
  Iterate& next = step->iterate;
  // The tangent space of free rows is everywhere the same.
  if (freedom_.rows == Constraint::sphere) {
    for (Pair& pair : pairs_) {
      pair.s = tangential(next.x, std::move(pair.s), freedom_);
      pair.y = tangential(next.x, std::move(pair.y), freedom_);
      pair.inverse_curvature = 1 / inner(pair.s, pair.y);
    }
    std::erase_if(pairs_, [](const Pair& pair) {
      return !(1 / pair.inverse_curvature > least_curvature * norm(pair.s) * norm(pair.y));
    });
  }
  Weights<double> y = next.gradient;
  add(y, -1, tangential(next.x, current_.gradient, freedom_));
  remember(tangential(next.x, scaled(step->t, v), freedom_), std::move(y));
  current_ = std::move(next);
  return Move::done;
}

OptimizerState LimitedMemoryBfgs::state() const {
  OptimizerState state = common_state();
  std::vector<double>& history = state["lbfgs"];
  for (const Pair& pair : pairs_)
    for (const Weights<double>* part : {&pair.s, &pair.y}) {
      const Vector<double> flat = flattened(*part);
      history.insert(history.end(), flat.begin(), flat.end());
    }
  return state;
}

void LimitedMemoryBfgs::restore(const Weights<double>& weights, const OptimizerState& state) {
  const std::vector<double>& history = state_entry(state, "lbfgs");
  restart_at(weights, state);
  const auto size = static_cast<std::size_t>(flattened(weights).size());
  pairs_.clear();
  const auto part = [&](std::size_t i) {
    return unflattened<double>(Eigen::Map<const Vector<double>>(history.data() + i * size,
                                                                static_cast<Eigen::Index>(size)),
                               weights.B.rows(), weights.B.cols());
  };
  for (std::size_t i = 0; (i + 2) * size <= history.size(); i += 2) {
    Pair pair{part(i), part(i + 1), 0};
    pair.inverse_curvature = 1 / inner(pair.s, pair.y);
    pairs_.push_back(std::move(pair));
  }
}

}  // namespace sigmahat
