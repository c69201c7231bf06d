#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace sigmahat {

/// Calls `work(block)` once for each block = 0..blocks-1, on `threads` threads (0: all cores).
///
/// The blocks are the unit of determinism: let each write to its own place and combine the places
/// in order of their index, and the result is bitwise the same for every number of threads. The
/// first exception thrown by a block is thrown again here.
void for_each_block(std::size_t blocks, int threads, const std::function<void(std::size_t)>& work);

/// for_each_block on threads that are kept from call to call: where calls follow each other
/// closely, a tenth of a millisecond is too long to wait for new ones.
class Team {
 public:
  /// @param threads  0: all cores
  explicit Team(int threads);
  ~Team();
  Team(Team&&) noexcept;
  Team& operator=(Team&&) noexcept;

  void for_each_block(std::size_t blocks, const std::function<void(std::size_t)>& work);

 private:
  struct Arena;
  std::unique_ptr<Arena> arena_;  ///< none for one thread
};

}  // namespace sigmahat
