#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sigmahat::cli {

/// An option and the values that it takes in turn.
struct SweepAxis {
  std::string option;               ///< without its dashes
  std::vector<std::string> values;  ///< as on the command line
};
/// One run for every combination of values, the last axis changing fastest. One without axes is one
/// run.
using Sweep = std::vector<SweepAxis>;

inline constexpr std::size_t most_runs = 10'000;

/// Reads "step=0.1|0.2,batch=256|1024,seed=1..20". A comma begins another option only where the
/// name of one follows: "center=none|0,1,seed=1..3". Throws ParseError where an option is none of
/// `options`.
Sweep parse_sweep(std::string_view text, const std::set<std::string>& options);
/// Reads "1..10" or "3,5,8".
SweepAxis parse_seeds(std::string_view text);

/// Throws InputError where an option has two axes or the runs are too many.
void check_sweep(const Sweep& sweep);
/// The values, those that follow each other as "1..20".
std::string values_in_words(const SweepAxis& axis);
/// How many runs there are.
std::size_t run_count(const Sweep& sweep);
/// The place in each axis' values that a run has.
std::vector<std::size_t> combination(const Sweep& sweep, std::size_t run);

}  // namespace sigmahat::cli
