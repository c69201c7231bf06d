#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {

/// Asked with the number of pieces done so far; false ends the work, which then throws Interrupted.
using WorkProgress = std::function<bool(std::uint64_t)>;

/// Counts pieces of work that several threads do, for one callback.
class SharedProgress {
 public:
  explicit SharedProgress(const WorkProgress& callback) : callback_(callback) {}

  /// Throws Interrupted where the callback asks for it, and ever after.
  void add(std::uint64_t pieces = 1) {
    if (!callback_) return;
    const std::lock_guard lock(mutex_);
    done_ += pieces;
    stopped_ = stopped_ || !callback_(done_);
    if (stopped_) throw Interrupted("interrupted");
  }

 private:
  const WorkProgress& callback_;
  std::mutex mutex_;
  std::uint64_t done_ = 0;
  bool stopped_ = false;
};

}  // namespace sigmahat
