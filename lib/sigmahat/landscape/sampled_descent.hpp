#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <sigmahat/optimize/step_schedule.hpp>
#include <sigmahat/sampling/stochastic_objective.hpp>

namespace sigmahat {

/// Stochastic gradient descent as a part of a search.
struct SgdOptions {
  std::uint64_t batch = 256;  ///< fresh samples an iteration
  std::uint64_t iterations = 5000;
  StepSchedule step{StepSchedule::Shape::geometric, 0.1, 0.001};
  double momentum = 0;
  /// Makes what a search samples from, for each search one of its own.
  std::function<std::unique_ptr<StochasticObjective>()> batches = {};
};

/// Those above for f; for f_γ, whose curvature is small, and for the objectives of gadgets, whose
/// samples scatter, those of the talk's runs (docs/experiments.md).
SgdOptions default_sgd(const ObjectiveChoice& choice);

/// What SgdOptions::batches makes: batches of fresh samples, each the work of one thread. The
/// labels' degrees 0, 1 and 2 are subtracted where the objective does not see them: its gradient's
/// mean stays, its scatter shrinks.
///
/// Throws InputError for an objective that no batch estimates.
/// @param problem  copied
std::function<std::unique_ptr<StochasticObjective>()> fresh_batches(
    const ObjectiveChoice& choice, const ProblemValues<double>& problem, Constraint constraint,
    std::uint64_t batch, std::uint64_t seed);

}  // namespace sigmahat
