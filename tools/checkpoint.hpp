#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/App.hpp>
#include <fmt/format.h>

#include <sigmahat/landscape/counted_runs.hpp>
#include <sigmahat/numeric/errors.hpp>

#include "command.hpp"
#include "options.hpp"
#include "output.hpp"

namespace sigmahat::cli {

/// Where a command keeps its work, to go on from after an end.
struct CheckpointOptions {
  std::optional<std::filesystem::path> file, resume;
  double seconds = 5;  ///< between two checkpoints, at least
};
void add_checkpoint_options(CLI::App& command, CheckpointOptions& options);
/// As they stand in a report's inputs.
void describe(const CheckpointOptions& options, Json& inputs);
/// What is to be written, for check_delivery.
std::vector<Target> targets_of(const CheckpointOptions& options);

/// What `read` makes of the file that is to be resumed; none where there is none. What it refuses
/// names the file.
/// @param read  (text) -> anything; throws InputError
template <class Read>
auto resumed(const CheckpointOptions& options, const Read& read)
    -> std::optional<decltype(read(std::string()))> {
  if (!options.resume) return std::nullopt;
  const std::string text = read_file(*options.resume);
  try {
    return read(text);
  } catch (const InputError& error) {
    throw InputError(fmt::format("--resume {}: {}", options.resume->string(), error.what()));
  }
}

/// The state of a checkpoint whose settings are those of this call.
/// @param subject  whose settings they are: "search"
template <class State>
std::optional<State> resumed_state(const CheckpointOptions& options, const Json& settings,
                                   std::string_view subject,
                                   Stored<State> (*parse)(std::string_view)) {
  return resumed(options, [&](const std::string& text) {
    Stored<State> stored = parse(text);
    require_same_settings(stored.settings, settings, subject);
    return std::move(stored.state);
  });
}

/// Keeps the checkpoint of a command while it lives, and an eye on signals.
class CheckpointKeeper {
 public:
  /// @param name  of the probe: "path"
  /// @param text  the checkpoint of the work as it stands
  CheckpointKeeper(const CheckpointOptions& options, std::string name,
                   std::function<std::string()> text);

  /// Asked where the work can be kept: saves it where that is due. False once a signal has come.
  bool go_on();
  bool signalled() const { return note_.signal() != 0; }
  /// The same for runs.
  /// @param done  told between blocks, for a bar
  RunWatch watch(std::function<void()> done);

  /// The work is done: its end is kept where a checkpoint was asked for.
  void finish();
  /// Leaves a checkpoint after a signal and says how to go on.
  ExitCode interrupted();

 private:
  using Clock = std::chrono::steady_clock;

  void save();
  std::filesystem::path file() const;

  const CheckpointOptions& options_;
  const SignalNote note_;
  std::string name_;
  std::function<std::string()> text_;
  Clock::time_point due_ = Clock::now();
};

}  // namespace sigmahat::cli
