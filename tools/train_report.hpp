#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/optimize/training.hpp>

#include "plot.hpp"
#include "report.hpp"
#include "train_sweep.hpp"

namespace sigmahat::cli {

/// How one run ended.
struct TrainedRun {
  std::uint64_t seed;
  std::vector<std::string> settings;  ///< its value of each axis of the sweep
  std::string labels;  ///< what was subtracted from them, in words; empty without samples
  Outcome outcome;
  double constant;                         ///< of the objective
  std::optional<double> batch_noise = {};  ///< of the last gradient, where samples are fresh
  std::optional<double> noise_floor = {};  ///< of the loss, at the last step of sgd
  Weights<double> weights;
  Trajectory trajectory;
};

/// The end of a run, and a table of some points on the way.
/// @param squared_distance  the objective is one: something of it may be out of every student's
/// reach
std::vector<Section> run_sections(const TrainedRun& run, const Problem& end, bool squared_distance,
                                  const std::string& trajectory_file);
/// One row a run; of settings that several seeds have run with, their medians.
std::vector<Section> sweep_sections(const Sweep& sweep, const std::vector<TrainedRun>& runs,
                                    const std::string& trajectory_file);

/// Distances from the teacher against iterations; of several seeds the median and the band of all,
/// of several settings the surrogate distance alone.
///
/// Title and subtitle are the caller's.
Plot trajectory_plot(const Sweep& sweep, const std::vector<TrainedRun>& runs);
/// The ends against an axis of the sweep, medians and bands over seeds: the loss above its constant
/// where the objective is a squared distance, and the surrogate distance.
///
/// Throws InputError where `axis` is none of the sweep, or its values are no numbers.
Plot ends_plot(const Sweep& sweep, const std::vector<TrainedRun>& runs, const std::string& axis,
               bool squared_distance);
/// Throws as ends_plot does.
void check_plot_axis(const Sweep& sweep, const std::string& axis);

/// Whether its name ends in .npy; throws InputError unless that or .csv, and for .npy where the
/// runs have settings besides seeds: these are no numbers.
bool is_npy(const Sweep& sweep, const std::filesystem::path& trajectory_file);
/// All points of all runs, as CSV or in NumPy's format.
std::string trajectory_bytes(const Sweep& sweep, const std::vector<TrainedRun>& runs, bool npy);

}  // namespace sigmahat::cli
