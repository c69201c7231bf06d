#pragma once

#include <functional>
#include <optional>

#include <CLI/App.hpp>

#include "options.hpp"
#include "plot.hpp"
#include "report.hpp"

namespace sigmahat::cli {

enum class ExitCode {
  done = 0,
  refuted = 1,  ///< the claim that was checked is false
  bad_input = 2,
  numerical_failure = 3,
  io_failure = 4,
};

/// What a command does once its options have been read.
using Run = std::function<ExitCode()>;

// Each adds a command's options and help to `command`.
Run add_activations(CLI::App& command);
Run add_coefficients(CLI::App& command);
Run add_kernel(CLI::App& command);
Run add_loss(CLI::App& command);
Run add_verify(CLI::App& command);

/// Refuses what could not be delivered in the end (output, plot) before a long computation.
void check_delivery(const CommonOptions& options);

/// Writes report and plot where the options say; both are complete before either is written.
ExitCode deliver(const Report& report, const std::optional<Plot>& plot,
                 const CommonOptions& options);

}  // namespace sigmahat::cli
