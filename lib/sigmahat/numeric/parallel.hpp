#pragma once

#include <cstddef>
#include <functional>

namespace sigmahat {

/// Calls `work(block)` once for each block = 0..blocks-1, on `threads` threads (0: all cores).
///
/// The blocks are the unit of determinism: let each write to its own place and combine the places
/// in order of their index, and the result is bitwise the same for every number of threads. The
/// first exception thrown by a block is thrown again here.
void for_each_block(std::size_t blocks, int threads, const std::function<void(std::size_t)>& work);

}  // namespace sigmahat
