#include <cmath>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/descent.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/stochastic.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

std::vector<double> numbers_of(const Weights<double>& x) {
  const Vector<double> flat = flattened(x);
  return {flat.begin(), flat.end()};
}

Weights<double> weights_from(const OptimizerState& state, const std::string& name,
                             const Weights<double>& like) {
  const std::vector<double>& numbers = state_entry(state, name, flattened(like).size());
  return unflattened<double>(
      Eigen::Map<const Vector<double>>(numbers.data(), static_cast<Eigen::Index>(numbers.size())),
      like.B.rows(), like.B.cols());
}

}  // namespace

void ExactGradient::evaluate(std::uint64_t /*iteration*/, const Weights<double>& x,
                             Evaluation& result) {
  result = objective_.value_and_gradient(x);
}

StochasticMethod::StochasticMethod(StochasticObjective& sampled, Weights<double> start,
                                   const Freedom& freedom, const StepSchedule& schedule,
                                   std::uint64_t iterations)
    : freedom_(freedom),
      sampled_(sampled),
      x_(on_manifold(std::move(start), freedom)),
      schedule_(schedule),
      iterations_(iterations) {}

Move StochasticMethod::advance() {
  auto& [loss, gradient] = evaluation_;
  try {
    sampled_.evaluate(iteration_, x_, evaluation_);
  } catch (const NumericalError&) {
    return Move::diverged;  // a sample has left the range of double
  }
  if (!std::isfinite(loss) || !all_finite(gradient)) return Move::diverged;
  const Weights<double> step = direction(x_, tangential(x_, gradient, freedom_));
  Weights<double> next = retracted(x_, scaled(-schedule_(iteration_, iterations_), step), freedom_);
  if (!all_finite(next)) return Move::diverged;
  x_ = std::move(next);
  transport(x_);
  last_loss_ = loss;
  ++iteration_;
  return Move::done;
}

OptimizerState StochasticMethod::common_state() const {
  return {{"iteration", {static_cast<double>(iteration_)}}, {"last_loss", {last_loss_}}};
}

void StochasticMethod::restore_common(const Weights<double>& weights, const OptimizerState& state) {
  if (weights.a.size() != x_.a.size() || weights.B.rows() != x_.B.rows() ||
      weights.B.cols() != x_.B.cols() || weights.c.size() != x_.c.size())
    throw InputError("the checkpoint's weights are not of the problem's shape");
  iteration_ = static_cast<std::uint64_t>(state_entry(state, "iteration", 1)[0]);
  last_loss_ = state_entry(state, "last_loss", 1)[0];
  x_ = weights;
}

// ---- Stochastic gradient descent ----------------------------------------------------------------

StochasticDescent::StochasticDescent(StochasticObjective& sampled, Weights<double> start,
                                     const Freedom& freedom, const StepSchedule& schedule,
                                     std::uint64_t iterations, double momentum)
    : StochasticMethod(sampled, std::move(start), freedom, schedule, iterations),
      momentum_(momentum),
      velocity_(zeros_like(weights())) {}

Weights<double> StochasticDescent::direction(const Weights<double>& /*x*/,
                                             Weights<double> gradient) {
  if (momentum_ == 0) return gradient;
  add(gradient, momentum_, velocity_);
  velocity_ = std::move(gradient);
  return velocity_;
}

void StochasticDescent::transport(const Weights<double>& x) {
  if (momentum_ != 0) velocity_ = tangential(x, velocity_, freedom_);
}

OptimizerState StochasticDescent::state() const {
  OptimizerState state = common_state();
  state["velocity"] = numbers_of(velocity_);
  return state;
}

void StochasticDescent::restore(const Weights<double>& weights, const OptimizerState& state) {
  Weights<double> velocity = weights_from(state, "velocity", velocity_);
  restore_common(weights, state);
  velocity_ = std::move(velocity);
}

// ---- Adam ---------------------------------------------------------------------------------------

Adam::Adam(StochasticObjective& sampled, Weights<double> start, const Freedom& freedom,
           const StepSchedule& schedule, std::uint64_t iterations, const Decay& decay)
    : StochasticMethod(sampled, std::move(start), freedom, schedule, iterations),
      decay_(decay),
      mean_(zeros_like(weights())),
      square_(zeros_like(weights())) {}

Weights<double> Adam::direction(const Weights<double>& x, Weights<double> gradient) {
  mean_ = scaled(decay_.first, std::move(mean_));
  add(mean_, 1 - decay_.first, gradient);
  Weights<double> squares{gradient.a.cwiseAbs2(), gradient.B.cwiseAbs2(), gradient.c.cwiseAbs2()};
  if (freedom_.rows == Constraint::sphere) {
    const Vector<double> lengths = squares.B.rowwise().sum();
    squares.B.colwise() = lengths;
  }
  square_ = scaled(decay_.second, std::move(square_));
  add(square_, 1 - decay_.second, squares);
  // The moments begin at zero; this takes the bias of that out.
  const auto steps = static_cast<double>(iteration() + 1);
  const double first = 1 - std::pow(decay_.first, steps);
  const double second = 1 - std::pow(decay_.second, steps);
  constexpr double least = 1e-8;
  const auto entry = [&](double mean, double square) {
    return mean / first / (std::sqrt(square / second) + least);
  };
  return tangential(
      x,
      Weights<double>{mean_.a.binaryExpr(square_.a, entry), mean_.B.binaryExpr(square_.B, entry),
                      mean_.c.binaryExpr(square_.c, entry)},
      freedom_);
}

void Adam::transport(const Weights<double>& x) {
  mean_ = tangential(x, mean_, freedom_);
}

OptimizerState Adam::state() const {
  OptimizerState state = common_state();
  state["mean"] = numbers_of(mean_);
  state["square"] = numbers_of(square_);
  return state;
}

void Adam::restore(const Weights<double>& weights, const OptimizerState& state) {
  Weights<double> mean = weights_from(state, "mean", mean_);
  Weights<double> square = weights_from(state, "square", square_);
  restore_common(weights, state);
  mean_ = std::move(mean);
  square_ = std::move(square);
}

}  // namespace sigmahat
