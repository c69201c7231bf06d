#include <algorithm>
#include <limits>
#include <memory>
#include <variant>

#include <fmt/format.h>

#include <sigmahat/landscape/slice.hpp>

#include "checkpoint.hpp"
#include "command.hpp"
#include "slice_plan.hpp"

namespace sigmahat::cli {
namespace {

using Align = Column::Align;

constexpr int most_grid_points = 2000;
constexpr int digits = 7;

struct SliceOptions : ProbeOptions {
  SlicePlanOptions plan{.grid = 81};
  std::vector<std::string> marks;
  bool no_refine = false;
  CheckpointOptions checkpoint;
};

/// A named point as the slice shows it.
struct Mark {
  std::string name;
  double value;
  NearestOnSlice seen;
};

struct SliceFindings {
  SliceGrid grid;
  std::vector<Mark> marks;
  std::vector<SliceCriticalPoint> critical_points;
};

/// The objective on the grid, or the exit code where a signal ended it.
std::variant<SliceGrid, ExitCode> values_on(const SlicePlan& plan, const SliceOptions& options,
                                            const Landscape& landscape) {
  Json settings = settings_of(options, landscape);
  describe(options.plan, plan, settings);
  SliceGrid grid = resumed_state(options.checkpoint, settings, "grid", parse_slice_grid)
                       .value_or(SliceGrid{plan.s, plan.t, {}});
  CheckpointKeeper keeper(options.checkpoint, "slice",
                          [&] { return to_json(grid, settings.dump()); });
  ProgressBar bar("points", plan.s.size() * plan.t.size(), progress_mode(options.common));
  const auto show = [&] { bar.update(grid.values.size() * grid.s.size()); };
  if (!complete(grid, *landscape.objective, plan.slice, landscape.freedom, options.common.threads,
                keeper.watch(show)))
    return keeper.interrupted();
  keeper.finish();
  return grid;
}

SliceFindings find(SliceGrid grid, const SlicePlan& plan, const SliceOptions& options,
                   const Landscape& landscape) {
  const Objective<double>& objective = *landscape.objective;
  SliceFindings findings{std::move(grid), {}, {}};
  for (const NamedPoint& point : plan.points)
    findings.marks.push_back(
        {point.name, objective.value(point.x),
         nearest_on(plan.slice, point.x, plane_position(plan.slice, point.x), landscape.freedom)});
  if (options.no_refine) return findings;
  const ElapsedTime time("Newton's method", progress_mode(options.common));
  constexpr int most_tried = 100;
  findings.critical_points = critical_points_near(
      objective, plan.slice, findings.grid, landscape.freedom, most_tried, options.common.threads);
  return findings;
}

// ---- Report ------------------------------------------------------------------------------------

Json own_inputs(const SliceOptions& options, const SlicePlan& plan) {
  Json inputs;
  describe(options.plan, plan, inputs);
  inputs["mark"] = options.marks;
  inputs["refine"] = !options.no_refine;
  describe(options.checkpoint, inputs);
  return inputs;
}

Table grid_table(const SliceGrid& grid) {
  Table table{"points",
              {{"s", "s", "$s$", Align::point, Audience::programs},
               {"t", "t", "$t$", Align::point, Audience::programs},
               {"value", "value", "", Align::point, Audience::programs}},
              {}};
  for (std::size_t j = 0; j < grid.t.size(); ++j)
    for (std::size_t i = 0; i < grid.s.size(); ++i) {
      const std::optional<double>& value = grid.values[j][i];
      table.rows.push_back({{rounded(grid.s[i], digits), rounded(grid.t[j], digits),
                             value ? rounded(*value, digits) : absent("")}});
    }
  return table;
}

Section grid_section(const SliceGrid& grid) {
  std::optional<double> lowest, highest;
  SlicePosition low{}, high{};
  for (std::size_t j = 0; j < grid.t.size(); ++j)
    for (std::size_t i = 0; i < grid.s.size(); ++i) {
      const std::optional<double>& value = grid.values[j][i];
      if (!value) continue;
      if (!lowest || *value < *lowest) lowest = value, low = {grid.s[i], grid.t[j]};
      if (!highest || *value > *highest) highest = value, high = {grid.s[i], grid.t[j]};
    }
  if (!lowest) throw NumericalError("the objective has no value anywhere on the slice");
  const auto place = [](const SlicePosition& p) {
    return fmt::format("at s = {:.4g}, t = {:.4g}", p.s, p.t);
  };
  const auto add_extreme = [&](std::vector<Field>& fields, const std::string& key, double value,
                               const SlicePosition& at) {
    fields.push_back({key + ".value", key + " value", rounded(value, digits), place(at)});
    fields.push_back({key + ".s", "", rounded(at.s, digits), "", Audience::programs});
    fields.push_back({key + ".t", "", rounded(at.t, digits), "", Audience::programs});
  };
  Section section{.title = "", .table = grid_table(grid)};
  add_extreme(section.fields, "lowest", *lowest, low);
  add_extreme(section.fields, "highest", *highest, high);
  return section;
}

Section marks_section(const std::vector<Mark>& marks, double rounding) {
  Section section{.title = "Points",
                  .table = Table{"marks",
                                 {{"name", "point", ""},
                                  {"s", "s", "$s$", Align::point},
                                  {"t", "t", "$t$", Align::point},
                                  {"distance", "off the slice", "", Align::point},
                                  {"value", "value", "", Align::point}},
                                 {}}};
  for (const Mark& mark : marks)
    section.table->rows.push_back(
        {{word(mark.name), rounded(mark.seen.position.s, 5), rounded(mark.seen.position.t, 5),
          rounded_norm(mark.seen.distance, 3, norm_rounding),
          rounded(mark.value, digits, rounding)}});
  return section;
}

Section critical_section(const std::vector<SliceCriticalPoint>& points, double rounding) {
  Section section{.title = points.empty()
                               ? "Newton's method finds no critical point from the grid's"
                               : "Critical points that Newton's method finds from the grid's",
                  .table = Table{"critical_points",
                                 {{"s", "s", "$s$", Align::point},
                                  {"t", "t", "$t$", Align::point},
                                  {"distance", "off the slice", "", Align::point},
                                  {"value", "value", "", Align::point},
                                  {"morse_index", "index", "", Align::right},
                                  {"flat_directions", "flat", "", Align::right},
                                  {"min_eigenvalue", "least eigenvalue", "", Align::point},
                                  {"gradient_norm", "gradient", "", Align::point}},
                                 {}}};
  for (const SliceCriticalPoint& found : points)
    section.table->rows.push_back(
        {{rounded(found.seen.position.s, 4), rounded(found.seen.position.t, 4),
          rounded_norm(found.seen.distance, 2, norm_rounding),
          rounded(found.point.value, digits, rounding),
          whole(static_cast<std::uint64_t>(found.curvature.negative)),
          whole(static_cast<std::uint64_t>(found.curvature.zero)),
          rounded(found.curvature.smallest, 4),
          rounded_norm(found.point.gradient_norm, 2, norm_rounding)}});
  return section;
}

NumberArray grid_array(const SliceGrid& grid, const std::string& objective,
                       const std::string& where) {
  NumberArray array{.name = "slice",
                    .title = objective + " on a slice " + where,
                    .remarks = {fmt::format("row j is t = {:.6g} + {:.6g} j, column i s = {:.6g} "
                                            "+ {:.6g} i; NaN: no value",
                                            grid.t.front(), grid.t[1] - grid.t[0], grid.s.front(),
                                            grid.s[1] - grid.s[0])},
                    .call = "sigmahat probe slice"};
  array.row_heads_name = "t";
  for (std::size_t j = 0; j < grid.t.size(); ++j) {
    array.rows.emplace_back();
    array.row_heads.push_back(grid.t[j]);
    for (const auto& value : grid.values[j])
      array.rows.back().push_back(value.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return array;
}

MapMarks marks_of(std::string title, const std::vector<SliceCriticalPoint>& points,
                  const SliceGrid& grid, bool minima) {
  // What is farther off than the grid is wide is not in this picture.
  const double near = std::max(grid.s[1] - grid.s[0], grid.t[1] - grid.t[0]);
  MapMarks marks{std::move(title), {}, {}};
  for (const SliceCriticalPoint& found : points) {
    if (found.seen.distance > near || (found.curvature.negative == 0) != minima) continue;
    marks.x.push_back(found.seen.position.s);
    marks.y.push_back(found.seen.position.t);
  }
  return marks;
}

MapPlot slice_map(const SliceFindings& findings, const SlicePlan& plan,
                  const std::string& objective) {
  const SliceGrid& grid = findings.grid;
  MapPlot map{.title = objective + ", slice " + plan.in_words,
              .x_label = plan.s_label,
              .y_label = plan.t_label,
              .value_label = "value",
              .x = grid.s,
              .y = grid.t,
              .values = {}};
  for (const auto& row : grid.values) {
    map.values.emplace_back();
    for (const auto& value : row)
      map.values.back().push_back(value.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  map.levels = contour_levels(map);
  MapMarks student{"student", {}, {}}, others{"given points", {}, {}};
  for (std::size_t i = 0; i < findings.marks.size(); ++i) {
    const Mark& mark = findings.marks[i];
    MapMarks& group = i == 0 ? student : others;
    group.x.push_back(mark.seen.position.s);
    group.y.push_back(mark.seen.position.t);
  }
  map.marks = {std::move(student), std::move(others),
               marks_of("minima", findings.critical_points, grid, true),
               marks_of("saddles and maxima", findings.critical_points, grid, false)};
  return map;
}

ExitCode run_slice(const SliceOptions& options) {
  check(options.plan);
  check_delivery(options.common, {}, targets_of(options.checkpoint));
  const Landscape landscape = make_landscape(options);
  SlicePlan plan = plan_of(options.plan, landscape, options.common.seed);
  for (const std::string& name : options.marks)
    plan.points.push_back({name, read_point(name, landscape)});
  auto grid = values_on(plan, options, landscape);
  if (const auto* ended = std::get_if<ExitCode>(&grid)) return *ended;
  const SliceFindings findings =
      find(std::get<SliceGrid>(std::move(grid)), plan, options, landscape);
  const std::string objective = to_text(landscape.choice);
  Report report = probe_report("slice", options, landscape, own_inputs(options, plan));
  for (auto& line : describe(plan)) report.heading.push_back(std::move(line));
  const double rounding = value_rounding(landscape);
  report.sections = {grid_section(findings.grid), marks_section(findings.marks, rounding)};
  if (!options.no_refine)
    report.sections.push_back(critical_section(findings.critical_points, rounding));
  if (options.common.format == Format::npy || options.common.format == Format::c_header)
    report.array = grid_array(findings.grid, objective, plan.in_words);
  return deliver(report, slice_map(findings, plan, objective), options.common);
}

}  // namespace

Run add_probe_slice(CLI::App& command) {
  auto options = std::make_shared<SliceOptions>();
  SliceOptions* o = options.get();
  add_slice_plan_options(command, o->plan, most_grid_points);
  add_parsed_option(command, "--mark", "LIST", "points to mark: teacher, FILE ...",
                    [o](const std::string& text) { o->marks = parse_words(text); });
  command.add_flag("--no-refine", o->no_refine, "look for no critical points");
  add_checkpoint_options(command, o->checkpoint);
  add_probe_options(command, *o, Arrays::some);
  command.footer(
      "Examples:\n"
      "  sigmahat probe slice --dim 5 --plot slice.png\n"
      "  sigmahat probe slice --dim 4 --directions gradient,random --grid 41 --plot -\n"
      "  sigmahat probe slice --dim 3 --directions eigenvector:0,eigenvector:1\n");
  return [options] { return run_slice(*options); };
}

}  // namespace sigmahat::cli
