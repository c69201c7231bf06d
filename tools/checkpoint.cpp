#include "checkpoint.hpp"

#include <algorithm>
#include <cstdio>

namespace sigmahat::cli {

void add_checkpoint_options(CLI::App& command, CheckpointOptions& options) {
  add_file(command, "--checkpoint", options.file, "save now and then, to go on from");
  add_parsed_option(command, "--checkpoint-seconds", "S", "between two checkpoints, at least (5)",
                    [&options](const std::string& text) { options.seconds = positive(text); });
  add_file(command, "--resume", options.resume, "go on from a checkpoint, same options else");
}

void describe(const CheckpointOptions& options, Json& inputs) {
  inputs["checkpoint"] = options.file ? Json(options.file->string()) : Json(nullptr);
  inputs["resume"] = options.resume ? Json(options.resume->string()) : Json(nullptr);
  inputs["checkpoint_seconds"] = options.seconds;
}

std::vector<Target> targets_of(const CheckpointOptions& options) {
  if (!options.file) return {};
  return {{"--checkpoint", *options.file}};
}

CheckpointKeeper::CheckpointKeeper(const CheckpointOptions& options, std::string name,
                                   std::function<std::string()> text)
    : options_(options), name_(std::move(name)), text_(std::move(text)) {}

bool CheckpointKeeper::go_on() {
  if (options_.file && Clock::now() >= due_) save();
  return !signalled();
}

RunWatch CheckpointKeeper::watch(std::function<void()> done) {
  return {[this, done = std::move(done)] {
            done();
            return go_on();
          },
          [this] { return signalled(); }};
}

void CheckpointKeeper::finish() {
  if (options_.file) save();
}

ExitCode CheckpointKeeper::interrupted() {
  save();
  std::fputs(fmt::format("sigmahat probe {}: interrupted; go on with the same options and "
                         "--resume {}\n",
                         name_, file().string())
                 .c_str(),
             stderr);
  return static_cast<ExitCode>(128 + note_.signal());
}

void CheckpointKeeper::save() {
  // Saving is to cost a small part of the time.
  constexpr int rest_after = 20;
  const Clock::time_point start = Clock::now();
  write_file(file(), text_());
  const Clock::time_point now = Clock::now();
  const auto between =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.seconds));
  due_ = now + std::max(between, rest_after * (now - start));
}

std::filesystem::path CheckpointKeeper::file() const {
  return options_.file.value_or(fmt::format("sigmahat-{}.checkpoint", name_));
}

}  // namespace sigmahat::cli
