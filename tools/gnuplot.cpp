#include "gnuplot.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sigmahat/numeric/errors.hpp>

extern char** environ;

namespace sigmahat::cli {
namespace {

/// A nameless file: gnuplot's input and output cannot block on each other as pipes would.
class ScratchFile {
 public:
  ScratchFile() : file_(std::tmpfile()) {
    if (!file_) throw IoError("no temporary file can be made for gnuplot");
  }
  int descriptor() const { return ::fileno(file_.get()); }
  void write(std::string_view content) {
    std::fwrite(content.data(), 1, content.size(), file_.get());
    if (std::fflush(file_.get()) != 0)
      throw IoError("a temporary file for gnuplot cannot be written");
    std::rewind(file_.get());
  }
  std::string read() {
    std::rewind(file_.get());
    std::string content;
    char block[1 << 16];
    while (const std::size_t count = std::fread(block, 1, sizeof block, file_.get()))
      content.append(block, count);
    return content;
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace

void require_gnuplot() {
  const char* variable = std::getenv("PATH");
  std::istringstream folders(variable ? variable : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/gnuplot").c_str(), X_OK) == 0) return;
  throw IoError("--plot needs gnuplot, which is not on the PATH (Debian: gnuplot-nox)");
}

std::string run_gnuplot(const std::string& script) {
  ScratchFile input, output, complaints;
  input.write(script);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output.descriptor(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, complaints.descriptor(), STDERR_FILENO);
  // This program ignores SIGPIPE, which a child would inherit.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  char program[] = "gnuplot", no_user_settings[] = "-d";
  char* arguments[] = {program, no_user_settings, nullptr};
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, program, &files, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error == ENOENT) require_gnuplot();
  if (error != 0) throw IoError("gnuplot cannot be started");

  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  std::string picture = output.read();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || picture.empty()) {
    std::istringstream lines(complaints.read());
    std::string first;
    while (std::getline(lines, first) && first.find_first_not_of(" \t^") == std::string::npos) {
    }
    throw IoError(fmt::format("gnuplot failed: {}", first.empty() ? "no picture came" : first));
  }
  return picture;
}

}  // namespace sigmahat::cli
