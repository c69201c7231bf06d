#include "output.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sigmahat/numeric/errors.hpp>

namespace sigmahat::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& file, const char* what, int error) {
  throw IoError(
      fmt::format("{}: {}: {}", file.string(), what, std::generic_category().message(error)));
}

/// The temporary file that exists now, for the signal handler to remove.
std::atomic<const char*> temporary_file{nullptr};

extern "C" void end_on_signal(int signal) {
  // Only async-signal-safe calls: write, unlink, _exit.
  if (const char* file = temporary_file.load()) ::unlink(file);
  constexpr std::string_view message = "\nsigmahat: interrupted; nothing was written\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message.data(), message.size());
  ::_exit(128 + signal);
}

/// SignalNote's.
std::atomic<bool> signals_are_noted{false};
std::atomic<int> noted_signal{0};

extern "C" void note_or_end_on_signal(int signal) {
  int none = 0;
  if (!signals_are_noted.load() || !noted_signal.compare_exchange_strong(none, signal))
    end_on_signal(signal);
}

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }
  /// Closes now; false, with errno set, where what was written did not arrive.
  bool close() { return ::close(std::exchange(descriptor_, -1)) == 0; }

 private:
  int descriptor_;
};

/// A file beside the wanted one, removed unless it has been renamed to it.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& wanted)
      : wanted_(wanted),
        name_((wanted.parent_path() / ("." + wanted.filename().string() + ".XXXXXX")).string()),
        descriptor_(::mkostemp(name_.data(), O_CLOEXEC)) {
    if (descriptor_.get() < 0) refuse(wanted_, "cannot be written", errno);
    temporary_file = name_.c_str();
  }
  ~TemporaryFile() {
    temporary_file = nullptr;
    if (!renamed_) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int descriptor() const { return descriptor_.get(); }

  void rename_to_wanted() {
    // mkstemp makes a file for its owner alone; give it what a plain open would have given.
    struct stat old {};
    mode_t mode = 0;
    if (::stat(wanted_.c_str(), &old) == 0) {
      mode = old.st_mode & 07777;
    } else {
      const mode_t mask = ::umask(0);
      ::umask(mask);
      mode = 0666 & ~mask;
    }
    if (::fchmod(descriptor_.get(), mode) != 0 || ::fsync(descriptor_.get()) != 0 ||
        !descriptor_.close() || ::rename(name_.c_str(), wanted_.c_str()) != 0)
      refuse(wanted_, "cannot be written", errno);
    renamed_ = true;
  }

 private:
  fs::path wanted_;
  std::string name_;
  Descriptor descriptor_;
  bool renamed_ = false;
};

/// Writes all of it; an error number where that fails, 0 otherwise.
int write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// Where the content goes in the end: a rename would replace a link, not what it points to.
fs::path behind_links(const fs::path& file) {
  std::error_code error;
  if (!fs::is_symlink(file, error)) return file;
  const fs::path target = fs::weakly_canonical(file, error);
  if (error) refuse(file, "cannot be written", error.value());
  return target;
}

bool is_special(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  return fs::exists(status) && !fs::is_regular_file(status);
}

}  // namespace

void check_writable(const fs::path& file) {
  std::error_code unknown;
  if (fs::is_directory(file, unknown)) refuse(file, "cannot be written", EISDIR);
  if (is_special(file)) {
    if (::access(file.c_str(), W_OK) != 0) refuse(file, "cannot be written", errno);
    return;
  }
  const fs::path target = behind_links(file);
  if (target.filename().empty()) refuse(file, "cannot be written", ENOENT);
  if (fs::exists(target, unknown) && ::access(target.c_str(), W_OK) != 0)
    refuse(file, "cannot be written", errno);
  const TemporaryFile probe(target);
}

std::string read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) throw IoError(file.string() + ": cannot be read");
  return text.str();
}

void write_file(const fs::path& file, std::string_view content) {
  if (is_special(file)) {
    const Descriptor descriptor(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (descriptor.get() < 0) refuse(file, "cannot be written", errno);
    if (const int error = write_all(descriptor.get(), content); error != 0)
      refuse(file, "cannot be written", error);
    return;
  }
  TemporaryFile temporary(behind_links(file));
  if (const int error = write_all(temporary.descriptor(), content); error != 0)
    refuse(file, "cannot be written", error);
  temporary.rename_to_wanted();
}

void write_stdout(std::string_view content) {
  const int error = write_all(STDOUT_FILENO, content);
  if (error != 0 && error != EPIPE) refuse("standard output", "cannot be written", error);
}

SignalNote::SignalNote() {
  noted_signal = 0;
  signals_are_noted = true;
}

SignalNote::~SignalNote() {
  signals_are_noted = false;
}

int SignalNote::signal() const {
  return noted_signal.load();
}

void handle_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // A shell starts background jobs with SIGINT ignored, nohup with SIGHUP ignored: leave that.
    struct sigaction current {};
    ::sigaction(signal, nullptr, &current);
    if (current.sa_handler != SIG_IGN) std::signal(signal, note_or_end_on_signal);
  }
}

}  // namespace sigmahat::cli
