#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace sigmahat::cli {

/// Throws IoError, with the reason, unless `file` can be written: asked before a long computation.
void check_writable(const std::filesystem::path& file);

/// The whole content. Throws IoError.
std::string read_file(const std::filesystem::path& file);

/// Writes a temporary file beside `file` and renames it, so that a reader sees the old content or
/// the new one, never a part. What is no regular file (/dev/null, a pipe) is written to directly.
void write_file(const std::filesystem::path& file, std::string_view content);

/// Writes to standard output. A reader that has closed the pipe has seen enough: no error.
void write_stdout(std::string_view content);

/// Ends the program on SIGINT, SIGTERM or SIGHUP with exit code 128 + signal, a word on stderr and
/// no temporary file left behind; a closed pipe no longer ends it.
void handle_signals();

/// While it lives, the first SIGINT, SIGTERM or SIGHUP is only noted; the next one ends the program
/// as ever. For runs that leave a checkpoint.
class SignalNote {
 public:
  SignalNote();
  ~SignalNote();
  SignalNote(const SignalNote&) = delete;
  SignalNote& operator=(const SignalNote&) = delete;

  /// The signal, 0 for none.
  int signal() const;
};

}  // namespace sigmahat::cli
