#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/optimize/training.hpp>
#include <sigmahat/sampling/stochastic_objective.hpp>

#include "objective_options.hpp"
#include "options.hpp"
#include "problem_options.hpp"

namespace sigmahat::cli {

struct TrainOptions {
  CommonOptions common;
  ProblemOptions problem;
  std::string preset;  ///< empty: none
  ObjectiveOptions minimised;
  std::optional<Method> method;
  bool exact = false;
  std::optional<std::uint64_t> batch;
  std::optional<std::uint64_t> iterations;
  std::optional<StepSchedule> step;
  std::optional<double> momentum;
  double tolerance = 1e-9;
  std::optional<std::uint64_t> record_every;
  std::optional<std::vector<int>> center;
  std::uint64_t data_set = 0;
  bool float32 = false;
  std::optional<std::filesystem::path> trajectory, output_problem, checkpoint, resume;
  double checkpoint_seconds = 5;     ///< between two checkpoints
  std::vector<std::uint64_t> seeds;  ///< empty: the one of --seed
};

/// What the options come to, presets and defaults filled in.
struct TrainPlan {
  ObjectiveChoice objective;
  TrainingOptions training;
  /// None: exact gradients. Seed, threads and what `center` subtracts are those of a run.
  std::optional<BatchSampling> sampling;
  std::vector<int> center;  ///< degrees subtracted from the labels
  std::vector<std::uint64_t> seeds;
  bool many_seeds;  ///< a table of runs, one seed or more
};

void add_train_options(CLI::App& command, TrainOptions& options);

/// Throws InputError for options that do not go together.
TrainPlan make_plan(const TrainOptions& options);
/// The problem of one seed: where it comes from flags the seed draws the student.
Problem make_problem(const TrainOptions& options, std::uint64_t seed);

/// What decides where a run goes, for checkpoints: not how it is shown.
Json settings_of(const TrainPlan& plan, const Problem& problem, std::uint64_t seed);

}  // namespace sigmahat::cli
