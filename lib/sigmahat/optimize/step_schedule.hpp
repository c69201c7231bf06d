#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sigmahat {

/// The step of each iteration of a stochastic method.
struct StepSchedule {
  enum class Shape {
    constant,   ///< first
    geometric,  ///< from first to last over the run, the same factor each time
    cosine,     ///< from first to last over the run, along half a wave
    inverse     ///< first/(1 + k/last): falls by half in `last` iterations
  };
  Shape shape = Shape::constant;
  double first = 0.1;
  double last = 0;

  /// @param iteration  k, from 0
  /// @param iterations  of the whole run
  double operator()(std::uint64_t iteration, std::uint64_t iterations) const;
};

/// Reads "0.5", "geometric:0.5,0.01", "cosine:0.5,0.01" and "inverse:0.5,1000"; throws ParseError
/// otherwise.
StepSchedule parse_step_schedule(std::string_view text);
/// What parse_step_schedule reads back.
std::string to_text(const StepSchedule& schedule);

}  // namespace sigmahat
