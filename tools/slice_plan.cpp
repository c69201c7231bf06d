#include "slice_plan.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sigmahat/landscape/line.hpp>

namespace sigmahat::cli {
namespace {

std::vector<std::string> directions_of(const SlicePlanOptions& options) {
  return options.directions.value_or(std::vector<std::string>{"random:0", "random:1"});
}

/// The three points with room around them.
Span with_margin(double first, double second, double third) {
  const auto [low, high] = std::minmax({first, second, third});
  const double margin = 0.3 * (high - low);
  return {low - margin, high + margin};
}

SlicePlan plan_through(const SlicePlanOptions& options, const Landscape& landscape) {
  const Weights<double>& x = landscape.student;
  SlicePlan plan{.slice = {}, .points = {{"student", x}}};
  for (const std::string& name : *options.through) {
    const Weights<double> y = read_point(name, landscape);
    plan.points.push_back({name, options.match ? matched_in(landscape, x, y) : y});
  }
  plan.slice = slice_through(x, plan.points[1].x, plan.points[2].x, landscape.freedom);
  const SlicePosition y = plane_position(plan.slice, plan.points[1].x),
                      z = plane_position(plan.slice, plan.points[2].x);
  plan.range = options.range.value_or(with_margin(0, y.s, z.s));
  plan.range_2 = options.range_2.value_or(with_margin(0, y.t, z.t));
  plan.in_words = fmt::format("through the student, {}{}", fmt::join(*options.through, " and "),
                              options.match ? ", neurons matched" : "");
  plan.s_label = "s, towards " + plan.points[1].name;
  plan.t_label = "t";
  return plan;
}

SlicePlan plan_along(const SlicePlanOptions& options, const Landscape& landscape,
                     std::uint64_t seed) {
  const Weights<double>& x = landscape.student;
  const std::vector<std::string> names = directions_of(options);
  const auto direction = [&](const std::string& name) {
    return read_direction(name, landscape, x, seed);
  };
  SlicePlan plan{
      .slice = slice_along(x, direction(names[0]), direction(names[1]), landscape.freedom),
      .points = {{"student", x}}};
  plan.range = options.range.value_or(Span{-1, 1});
  plan.range_2 = options.range_2.value_or(plan.range);
  plan.in_words = fmt::format("at the student, along {}", fmt::join(names, " and "));
  plan.s_label = "s, along " + names[0];
  plan.t_label = "t, along " + names[1];
  return plan;
}

std::vector<std::string> two_words(const std::string& text) {
  std::vector<std::string> words = parse_words(text);
  if (words.size() != 2)
    throw ParseError(fmt::format("expected two, with a comma between them, not \"{}\"", text));
  return words;
}

}  // namespace

void add_slice_plan_options(CLI::App& command, SlicePlanOptions& options, int most_grid_points) {
  add_parsed_option(command, "--directions", "D1,D2",
                    "each random:I, gradient, eigenvector:K, FILE",
                    [&options](const std::string& text) { options.directions = two_words(text); });
  add_parsed_option(command, "--through", "P1,P2", "two points: teacher, FILE",
                    [&options](const std::string& text) { options.through = two_words(text); });
  command.add_flag("--match", options.match, "the neurons of --through in the nearest order");
  add_parsed_option(command, "--range", "S1,S2", "of the first direction (-1,1)",
                    [&options](const std::string& text) { options.range = parse_range(text); });
  add_parsed_option(command, "--range-2", "T1,T2", "of the second (that of the first)",
                    [&options](const std::string& text) { options.range_2 = parse_range(text); });
  add_whole_number(command, "--grid", options.grid, 2, most_grid_points,
                   fmt::format("points each way ({})", options.grid));
}

void check(const SlicePlanOptions& options) {
  if (options.through && options.directions)
    throw InputError("--directions: not together with --through; expected one of them");
  if (options.match && !options.through)
    throw InputError("--match: for --through, whose points' neurons it brings in order");
}

SlicePlan plan_of(const SlicePlanOptions& options, const Landscape& landscape, std::uint64_t seed) {
  SlicePlan plan =
      options.through ? plan_through(options, landscape) : plan_along(options, landscape, seed);
  plan.s = equally_spaced(plan.range.first, plan.range.second, options.grid);
  plan.t = equally_spaced(plan.range_2.first, plan.range_2.second, options.grid);
  return plan;
}

void describe(const SlicePlanOptions& options, const SlicePlan& plan, Json& inputs) {
  inputs["directions"] = options.through ? Json(nullptr) : Json(directions_of(options));
  inputs["through"] = options.through ? Json(*options.through) : Json(nullptr);
  inputs["match"] = options.match;
  inputs["range"] = {plan.range.first, plan.range.second};
  inputs["range_2"] = {plan.range_2.first, plan.range_2.second};
  inputs["grid"] = options.grid;
}

std::vector<std::pair<std::string, std::string>> describe(const SlicePlan& plan) {
  return {{"slice", plan.in_words},
          {"grid", fmt::format("{} x {}, s from {:.6g} to {:.6g}, t from {:.6g} to {:.6g}",
                               plan.s.size(), plan.t.size(), plan.range.first, plan.range.second,
                               plan.range_2.first, plan.range_2.second)}};
}

}  // namespace sigmahat::cli
