#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace sigmahat::cli {

enum class ProgressMode { automatic, always, never };

/// A bar on stderr with rate and time left, once a computation has run for a second.
class ProgressBar {
 public:
  /// @param unit   of what is counted: "samples"
  /// @param begun  what is done already and tells nothing of the rate
  ProgressBar(std::string unit, std::uint64_t total, ProgressMode mode, std::uint64_t begun = 0);
  /// Clears the bar.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// @param note  shown behind the rest: "loss 0.12"
  void update(std::uint64_t done, const std::function<std::string()>& note = {});
  /// Calls `update` and asks for no stop: what sampling reports its progress to. Not to outlive the
  /// bar.
  std::function<bool(std::uint64_t)> callback();

 private:
  using Clock = std::chrono::steady_clock;

  std::string unit_;
  std::uint64_t total_, begun_;
  bool enabled_;
  Clock::time_point start_;
  Clock::time_point next_;
  bool drawn_ = false;
};

/// The seconds gone by on stderr, once a computation of unknown length has run for a second.
class ElapsedTime {
 public:
  /// @param doing  what takes the time: "coefficients"
  ElapsedTime(std::string doing, ProgressMode mode);
  /// Clears the line.
  ~ElapsedTime();
  ElapsedTime(const ElapsedTime&) = delete;
  ElapsedTime& operator=(const ElapsedTime&) = delete;

 private:
  void show_until_stopped();

  std::string doing_;
  bool stopped_ = false;
  std::mutex mutex_;
  std::condition_variable stop_;
  std::thread thread_;
};

}  // namespace sigmahat::cli
