#pragma once

#include <cstdint>
#include <vector>

#include "train_plan.hpp"
#include "train_report.hpp"

namespace sigmahat::cli {

/// What came of all runs of a call, or of what there was of them when a signal came.
struct RunsEnd {
  std::vector<TrainedRun> runs;  ///< empty after a signal
  int signal = 0;
  std::uint64_t iterations = 0;      ///< of all runs together
  std::size_t ended = 0;             ///< runs
  std::filesystem::path checkpoint;  ///< that the signal has left
};

/// Runs them, in parallel where there are several, with a bar on stderr, a checkpoint now and then,
/// and one where a signal ends them.
///
/// Throws InputError for a run that cannot begin before any has, and for a checkpoint to resume
/// that is of other runs.
RunsEnd run_all(const TrainOptions& options, const std::vector<PlannedRun>& planned);

}  // namespace sigmahat::cli
