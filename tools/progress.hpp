#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sigmahat::cli {

enum class ProgressMode { automatic, always, never };

/// A bar on stderr with rate and time left, once a computation has run for a second.
class ProgressBar {
 public:
  /// @param unit  of what is counted: "samples"
  ProgressBar(std::string unit, std::uint64_t total, ProgressMode mode);
  /// Clears the bar.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void update(std::uint64_t done);

 private:
  using Clock = std::chrono::steady_clock;

  std::string unit_;
  std::uint64_t total_;
  bool enabled_;
  Clock::time_point start_;
  Clock::time_point next_;
  bool drawn_ = false;
};

}  // namespace sigmahat::cli
