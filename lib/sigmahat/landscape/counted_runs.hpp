#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sigmahat/numeric/parallel.hpp>

namespace sigmahat {

/// How runs are watched that can be broken off and gone on with.
struct RunWatch {
  /// Asked between blocks of runs, where what has been counted can be kept; false ends the work.
  std::function<bool()> go_on = {};
  /// Asked before each run, from any thread; true: no run begins any more.
  std::function<bool()> stops = {};
};

/// The runs first..all-1, many at a time and counted in their order, whose count is then the same
/// for every number of threads and wherever it is broken off.
///
/// @param run    (number) -> what the run ends at; from any thread
/// @param count  (number, what it has ended at)
/// @return whether all runs are done
template <class Run, class Count>
bool count_runs(std::uint64_t first, std::uint64_t all, int threads, const Run& run,
                const Count& count, const RunWatch& watch) {
  // Looks between blocks shall be rare for the threads and frequent for who waits.
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds short_block(200), long_block(1000);
  constexpr std::uint64_t smallest = 8;
  std::uint64_t block = 64;
  while (first < all) {
    if (watch.go_on && !watch.go_on()) return false;
    const Clock::time_point begin = Clock::now();
    const auto runs = static_cast<std::size_t>(std::min(block, all - first));
    using End = decltype(run(first));
    std::vector<std::optional<End>> ends(runs);
    for_each_block(runs, threads, [&](std::size_t i) {
      if (!watch.stops || !watch.stops()) ends[i].emplace(run(first + i));
    });
    for (std::size_t i = 0; i < runs; ++i, ++first) {
      if (!ends[i]) return false;  // what follows it is done again
      count(first, std::move(*ends[i]));
    }
    const Clock::duration taken = Clock::now() - begin;
    if (taken < short_block) block *= 2;
    if (taken > long_block) block = std::max(block / 2, smallest);
  }
  return true;
}

/// What a checkpoint holds.
template <class State>
struct Stored {
  State state;
  std::string settings;  ///< what was asked for, for the reader to compare
};

}  // namespace sigmahat
