#include <limits>
#include <memory>

#include <fmt/format.h>

#include <sigmahat/landscape/basin.hpp>

#include "checkpoint.hpp"
#include "command.hpp"
#include "search_options.hpp"
#include "slice_plan.hpp"

namespace sigmahat::cli {
namespace {

using Align = Column::Align;

constexpr int digits = 7;
constexpr int most_grid_points = 2000;

struct BasinOptions : ProbeOptions {
  SlicePlanOptions plan{.grid = 41};
  SearchChoice search;
  bool distinct = false;
  CheckpointOptions checkpoint;
};

/// "a" for the lowest, as the drawing in the terminal has it; numbers beyond "z".
std::string name_of(std::size_t place) {
  return place < 26 ? std::string(1, static_cast<char>('a' + static_cast<char>(place)))
                    : fmt::format("{}", place);
}

double share(std::uint64_t count, const BasinMap& map) {
  return static_cast<double>(count) / static_cast<double>(map.s.size() * map.t.size());
}

Table pixel_table(const BasinMap& map) {
  Table table{"points",
              {{"s", "s", "$s$", Align::point, Audience::programs},
               {"t", "t", "$t$", Align::point, Audience::programs},
               {"minimum", "minimum", "", Align::left, Audience::programs}},
              {}};
  for (std::size_t j = 0; j < map.t.size(); ++j)
    for (std::size_t i = 0; i < map.s.size(); ++i) {
      const auto& place = map.classes[j][i];
      table.rows.push_back({{rounded(map.s[i], digits), rounded(map.t[j], digits),
                             place ? word(name_of(*place)) : absent("")}});
    }
  return table;
}

Section map_section(const BasinMap& map) {
  return {.title = "",
          .fields = {{"starts", "starts", whole(map.s.size() * map.t.size())},
                     {"nowhere", "no end known", whole(map.nowhere), "",
                      map.nowhere > 0 ? Audience::everyone : Audience::programs}},
          .table = pixel_table(map)};
}

Section minima_section(const BasinMap& map, const Landscape& landscape) {
  Section section{.title = "Minima",
                  .table = Table{"minima",
                                 {{"name", "minimum", ""},
                                  {"value", "value", "", Align::point},
                                  {"above_constant", "above the constant", "", Align::point},
                                  {"count", "starts", "", Align::right},
                                  {"fraction", "share", "", Align::point},
                                  {"isolated", "isolated", ""},
                                  {"gradient_norm", "gradient", "", Align::point},
                                  {"problem", "", "", Align::left, Audience::json_only}},
                                 {}}};
  const double rounding = value_rounding(landscape);
  for (std::size_t place = 0; place < map.minima.size(); ++place) {
    const BasinClass& found = map.minima[place];
    section.table->rows.push_back(
        {{word(name_of(place)), rounded(found.point.value, digits, rounding),
          rounded(found.point.value - landscape.objective->constant(), digits, rounding),
          whole(found.count), rounded(share(found.count, map), 4), yes_no(!found.flat),
          rounded_norm(found.point.gradient_norm, 2, norm_rounding),
          problem_value(with_student(landscape.problem, found.point.x, landscape.freedom.rows))}});
  }
  return section;
}

MapPlot basin_picture(const BasinMap& map, const SlicePlan& plan, const Landscape& landscape) {
  MapPlot picture{.title = "Where " + to_text(landscape.choice) + " leads, slice " + plan.in_words,
                  .x_label = plan.s_label,
                  .y_label = plan.t_label,
                  .value_label = "",
                  .x = map.s,
                  .y = map.t,
                  .values = {}};
  for (const auto& row : map.classes) {
    picture.values.emplace_back();
    for (const auto& place : row)
      picture.values.back().push_back(place ? static_cast<double>(*place)
                                            : std::numeric_limits<double>::quiet_NaN());
  }
  const double rounding = value_rounding(landscape);
  for (const BasinClass& found : map.minima)
    picture.classes.push_back(fmt::format("{} ({:.0f} %)",
                                          rounded(found.point.value, 4, rounding).text,
                                          100 * share(found.count, map)));
  MapMarks student{"student", {0}, {0}};
  picture.marks = {std::move(student)};
  return picture;
}

ExitCode run_basin(const BasinOptions& options) {
  check(options.plan);
  check(options.search);
  check_delivery(options.common, {}, targets_of(options.checkpoint));
  const Landscape landscape = make_landscape(options);
  const SlicePlan plan = plan_of(options.plan, landscape, options.common.seed);
  const SearchOptions search = search_options(options.search, landscape, options.common.seed);
  std::optional<Symmetry> symmetry;
  if (!options.distinct) symmetry = symmetry_of(landscape.choice, landscape.values);
  BasinSearch starts(*landscape.objective, plan.slice, plan.s, plan.t, search,
                     landscape.values.teacher.B, symmetry, options.common.threads);
  Json settings = settings_of(options, landscape);
  describe(options.plan, plan, settings);
  describe(options.search, landscape.choice, settings);
  settings["distinct"] = options.distinct;
  if (auto tally = resumed_state(options.checkpoint, settings, "map", parse_basin_tally))
    starts.resume(std::move(*tally));
  {
    CheckpointKeeper keeper(options.checkpoint, "basin",
                            [&] { return to_json(starts.tally(), settings.dump()); });
    ProgressBar bar("starts", plan.s.size() * plan.t.size(), progress_mode(options.common));
    if (!starts.run(keeper.watch([&] { bar.update(starts.tally().ends.size()); })))
      return keeper.interrupted();
    keeper.finish();
  }
  const BasinMap map = starts.map();
  Json own;
  describe(options.plan, plan, own);
  describe(options.search, landscape.choice, own);
  own["distinct"] = options.distinct;
  describe(options.checkpoint, own);
  Report report = probe_report("basin", options, landscape, own);
  for (auto& line : describe(plan)) report.heading.push_back(std::move(line));
  report.heading.emplace_back(
      "search", fmt::format("{}; minima told apart {}", in_words(options.search, landscape.choice),
                            options.distinct ? "as points" : "modulo symmetry"));
  report.sections = {map_section(map), minima_section(map, landscape)};
  return deliver(report, basin_picture(map, plan, landscape), options.common);
}

}  // namespace

Run add_probe_basin(CLI::App& command) {
  auto options = std::make_shared<BasinOptions>();
  BasinOptions* o = options.get();
  add_slice_plan_options(command, o->plan, most_grid_points);
  add_search_options(command, o->search);
  command.add_flag("--distinct", o->distinct, "mirror images are minima of their own");
  add_checkpoint_options(command, o->checkpoint);
  add_probe_options(command, *o);
  command.footer(
      "Examples:\n"
      "  sigmahat probe basin --dim 4 --fixed-a --grid 21 --plot basin.png\n"
      "  sigmahat probe basin --dim 3 --fixed-a --grid 15 --distinct --plot -\n"
      "  sigmahat probe basin --dim 3 --objective f_gamma:2,4 --search lbfgs --grid 15\n");
  return [options] { return run_basin(*options); };
}

}  // namespace sigmahat::cli
