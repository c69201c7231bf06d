#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sigmahat/landscape/slice.hpp>

#include "probe_options.hpp"

namespace sigmahat::cli {

using Span = std::pair<double, double>;

/// Which plane is looked at, and how much of it.
struct SlicePlanOptions {
  std::optional<std::vector<std::string>> directions = {};  ///< two
  std::optional<std::vector<std::string>> through = {};     ///< two points besides the student
  bool match = false;
  std::optional<Span> range = {}, range_2 = {};
  int grid = 41;  ///< points each way
};
void add_slice_plan_options(CLI::App& command, SlicePlanOptions& options, int most_grid_points);
/// Throws InputError for options that do not go together.
void check(const SlicePlanOptions& options);

/// A point that has a name.
struct NamedPoint {
  std::string name;
  Weights<double> x;
};

struct SlicePlan {
  Slice slice;
  std::vector<NamedPoint> points;  ///< that the slice goes through, the student first
  Span range = {}, range_2 = {};   ///< of s and t
  std::vector<double> s = {}, t = {};
  std::string in_words = {};  ///< "at the student, along random:0 and random:1"
  std::string s_label = {}, t_label = {};
};
SlicePlan plan_of(const SlicePlanOptions& options, const Landscape& landscape, std::uint64_t seed);

/// Adds to a report what is looked at.
void describe(const SlicePlanOptions& options, const SlicePlan& plan, Json& inputs);
std::vector<std::pair<std::string, std::string>> describe(const SlicePlan& plan);

}  // namespace sigmahat::cli
