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
#include "train_sweep.hpp"

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
  std::optional<std::uint64_t> center_samples;  ///< none: what is subtracted is the teacher's
  std::uint64_t data_set = 0;
  bool float32 = false;
  std::optional<std::filesystem::path> trajectory, output_problem, checkpoint, resume;
  double checkpoint_seconds = 5;  ///< between two checkpoints, at least
  Sweep sweep;
  std::optional<std::string> plot_against;  ///< an axis of the sweep
  /// The start is drawn from the seed also where the problem comes from a file with a student.
  bool random_start = false;
};

/// What the options of one run come to, presets and defaults filled in.
struct TrainPlan {
  ObjectiveChoice objective;
  TrainingOptions training;
  /// None: exact gradients. Threads and what is subtracted from the labels are not filled in.
  std::optional<BatchSampling> sampling;
  std::vector<int> center;  ///< degrees subtracted from the labels
  std::optional<std::uint64_t> center_samples;
};

/// A run of a sweep.
struct PlannedRun {
  std::vector<std::string> settings;  ///< its value of each axis
  TrainOptions options;               ///< with these values
  TrainPlan plan;
};

void add_train_options(CLI::App& command, TrainOptions& options);

/// Throws InputError for options that do not go together.
TrainPlan make_plan(const TrainOptions& options);
/// Every run that the options ask for, in the order of its table. Throws as make_plan does.
std::vector<PlannedRun> planned_runs(const TrainOptions& options);
/// The problem of one run: where it comes from flags the seed draws the student.
Problem make_problem(const TrainOptions& options);

/// What is subtracted from the labels: "whole", "without degrees 0, 1".
std::string labels_in_words(const TrainPlan& plan);

/// What decides where a run goes, for checkpoints: not how it is shown.
Json settings_of(const PlannedRun& run, const Problem& problem);

}  // namespace sigmahat::cli
