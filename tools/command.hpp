#pragma once

#include <functional>
#include <optional>
#include <span>

#include <CLI/App.hpp>

#include "options.hpp"
#include "picture.hpp"
#include "report.hpp"

namespace sigmahat::cli {

enum class ExitCode {
  done = 0,
  refuted = 1,  ///< the claim that was checked is false
  bad_input = 2,
  numerical_failure = 3,
  io_failure = 4,
  interrupted = 130,  ///< by SIGINT
};

/// What a command does once its options have been read.
using Run = std::function<ExitCode()>;

// Each adds a command's options and help to `command`.
Run add_activations(CLI::App& command);
Run add_coefficients(CLI::App& command);
Run add_gadget(CLI::App& command);
Run add_kernel(CLI::App& command);
Run add_loss(CLI::App& command);
Run add_probe_basin(CLI::App& command);
Run add_probe_isotropy(CLI::App& command);
Run add_probe_line(CLI::App& command);
Run add_probe_minima(CLI::App& command);
Run add_probe_path(CLI::App& command);
Run add_probe_saddles(CLI::App& command);
Run add_probe_slice(CLI::App& command);
Run add_probe_spectrum(CLI::App& command);
Run add_train(CLI::App& command);
Run add_verify(CLI::App& command);

/// A word of the command line that names a command, or a group of commands: `probe line`.
struct CommandEntry {
  const char* name;
  const char* summary;
  Run (*add)(CLI::App&);  ///< none for a group
  std::span<const CommandEntry> members = {};
};
/// What `sigmahat probe` can look at.
std::span<const CommandEntry> probe_commands();

/// A picture beside the one of --plot, with the option that asks for it.
struct ExtraPicture {
  std::string option;
  std::string target;
  std::optional<Picture> plot = {};
};

/// A file that a command is to write besides, with the option that names it.
struct Target {
  std::string option;
  std::filesystem::path file;
};

/// Refuses what could not be delivered in the end (output, plots, other files) before a long
/// computation.
void check_delivery(const CommonOptions& options,
                    const std::optional<ExtraPicture>& extra = std::nullopt,
                    const std::vector<Target>& others = {});

/// Writes text that is no report (source code) where --output says.
ExitCode deliver_text(const std::string& text, const CommonOptions& options);
/// Writes report and plots where the options say; all are complete before the first is written.
ExitCode deliver(const Report& report, const std::optional<Picture>& plot,
                 const CommonOptions& options,
                 const std::optional<ExtraPicture>& extra = std::nullopt);

}  // namespace sigmahat::cli
