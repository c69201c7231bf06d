#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/optimize/training.hpp>

#include "plot.hpp"
#include "report.hpp"

namespace sigmahat::cli {

/// How one run ended.
struct TrainedRun {
  std::uint64_t seed;
  Outcome outcome;
  double constant;  ///< of the objective
  Weights<double> weights;
  Trajectory trajectory;
};

/// The end of a run, and a table of some points on the way.
/// @param squared_distance  the objective is one: something of it may be out of every student's
/// reach
std::vector<Section> run_sections(const TrainedRun& run, const Problem& end, bool squared_distance,
                                  const std::string& trajectory_file);
/// One row a run.
Section runs_section(const std::vector<TrainedRun>& runs);

/// Distances from the teacher against iterations; of several runs the median and the band of all.
Plot trajectory_plot(const std::vector<TrainedRun>& runs, const std::string& title);

/// Whether its name ends in .npy; throws InputError unless that or .csv.
bool is_npy(const std::filesystem::path& trajectory_file);
/// All points of all runs, as CSV or in NumPy's format.
std::string trajectory_bytes(const std::vector<TrainedRun>& runs, bool npy);

}  // namespace sigmahat::cli
