#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {

/// Counts samples for the caller's progress callback, one thread at a time. Internal: not
/// installed.
class SampleProgress {
 public:
  SampleProgress(const std::function<bool(std::uint64_t)>& callback, std::uint64_t total)
      : callback_(callback), total_(total) {}

  /// Throws Interrupted where the callback asks for it, and ever after.
  void add(std::uint64_t samples) {
    if (!callback_) return;
    const std::lock_guard lock(mutex_);
    done_ = std::min(done_ + samples, total_);
    stopped_ = stopped_ || !callback_(done_);
    if (stopped_) throw Interrupted("interrupted after " + std::to_string(done_) + " samples");
  }

 private:
  const std::function<bool(std::uint64_t)>& callback_;
  std::uint64_t total_;
  std::mutex mutex_;
  std::uint64_t done_ = 0;
  bool stopped_ = false;
};

}  // namespace sigmahat
