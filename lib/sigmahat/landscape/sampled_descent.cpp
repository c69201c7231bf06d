#include <variant>
#include <vector>

#include <sigmahat/landscape/sampled_descent.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

/// The degrees of the labels whose subtraction leaves the gradient's mean as it is.
LabelDegrees unseen_degrees(const ObjectiveChoice& choice, const ProblemValues<double>& problem,
                            Constraint constraint) {
  std::vector<int> unseen;
  for (int k = 0; k <= highest_label_degree; ++k) {
    try {
      BatchSampling sampling;
      sampling.center = label_degrees(problem.teacher, {k});
      make_stochastic_objective(choice, problem, constraint, sampling);
      unseen.push_back(k);
    } catch (const InputError&) {
      // The objective has a part of this degree.
    }
  }
  return label_degrees(problem.teacher, unseen);
}

}  // namespace

SgdOptions default_sgd(const ObjectiveChoice& choice) {
  using Shape = StepSchedule::Shape;
  if (std::holds_alternative<DesignedLoss>(choice))
    return {1024, 10'000, {Shape::geometric, 0.5, 0.016}};
  if (is_squared_distance(choice)) return {};
  return {8192, 8'000, {Shape::geometric, 0.003, 0.0001}};
}

std::function<std::unique_ptr<StochasticObjective>()> fresh_batches(
    const ObjectiveChoice& choice, const ProblemValues<double>& problem, Constraint constraint,
    std::uint64_t batch, std::uint64_t seed) {
  BatchSampling sampling;
  sampling.batch = batch;
  sampling.seed = seed;
  sampling.threads = 1;
  make_stochastic_objective(choice, problem, constraint, sampling);  // or it says why not
  sampling.center = unseen_degrees(choice, problem, constraint);
  return [=] { return make_stochastic_objective(choice, problem, constraint, sampling); };
}

}  // namespace sigmahat
