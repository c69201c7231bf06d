#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include <sigmahat/landscape/geodesic.hpp>
#include <sigmahat/landscape/line.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

#include "command.hpp"
#include "probe_options.hpp"

namespace sigmahat::cli {
namespace {

constexpr int most_points = 1'000'000;

struct LineOptions : ProbeOptions {
  std::optional<std::string> to;  ///< none: the teacher, where there is no direction
  std::optional<std::string> direction;
  bool match = false;
  std::optional<std::pair<double, double>> range;
  int points = 41;
};

struct Range {
  double first, last;
};
Range range_of(const LineOptions& options) {
  if (options.range) return {options.range->first, options.range->second};
  return options.direction ? Range{-1, 1} : Range{0, 1};
}

std::string end_of(const LineOptions& options) {
  return options.to.value_or("teacher");
}

std::string in_words(const LineOptions& options) {
  if (options.direction) return "from the student, " + *options.direction;
  const std::string end = end_of(options);
  return "from the student to " + (end == "teacher" ? "the teacher" : end) +
         (options.match ? ", neurons matched" : "");
}

Weights<double> velocity_of(const LineOptions& options, const Landscape& landscape) {
  const Weights<double>& x = landscape.student;
  if (options.direction)
    return read_direction(*options.direction, landscape, x, options.common.seed);
  const Weights<double> end = read_point(end_of(options), landscape);
  return velocity_towards(x, options.match ? matched_in(landscape, x, end) : end,
                          landscape.freedom);
}

Json own_inputs(const LineOptions& options, const Range& range) {
  return {{"to", options.direction ? Json(nullptr) : Json(end_of(options))},
          {"direction", options.direction ? Json(*options.direction) : Json(nullptr)},
          {"match", options.match},
          {"range", {range.first, range.last}},
          {"points", options.points}};
}

void check(const LineOptions& options) {
  if (options.direction && options.to)
    throw InputError("--direction: not together with --to; expected one of them");
  if (options.direction && options.match)
    throw InputError("--match: for --to alone, whose neurons it brings in order");
}

Table line_table(const std::vector<LinePoint>& line, double rounding) {
  using Align = Column::Align;
  Table table{"points",
              {{"t", "t", "$t$", Align::point},
               {"value", "value", "", Align::point},
               {"slope", "slope", "", Align::point},
               {"curvature", "curvature", "", Align::point}},
              {}};
  constexpr int digits = 7;
  const auto shown = [](const std::optional<double>& number) {
    return number ? rounded(*number, digits) : absent("none");
  };
  for (const LinePoint& point : line)
    table.rows.push_back({{rounded(point.t, digits), rounded(point.value, digits, rounding),
                           shown(point.slope), shown(point.curvature)}});
  return table;
}

Section line_section(const std::vector<LinePoint>& line, double speed, double rounding) {
  const auto [low, high] =
      std::minmax_element(line.begin(), line.end(),
                          [](const LinePoint& p, const LinePoint& q) { return p.value < q.value; });
  constexpr int digits = 7;
  const auto place = [](const LinePoint& point) { return fmt::format("at t = {:.6g}", point.t); };
  return {.title = "",
          .fields = {{"speed", "length from t = 0 to 1", rounded(speed, digits)},
                     {"lowest.value", "lowest value", rounded(low->value, digits, rounding),
                      place(*low)},
                     {"lowest.t", "", rounded(low->t, digits), "", Audience::programs},
                     {"highest.value", "highest value", rounded(high->value, digits, rounding),
                      place(*high)},
                     {"highest.t", "", rounded(high->t, digits), "", Audience::programs}},
          .table = line_table(line, rounding)};
}

Plot line_plot(const std::vector<LinePoint>& line, const std::string& objective,
               const std::string& where) {
  Curve values{"value", Curve::Style::line_with_points, {}, {}};
  for (const LinePoint& point : line) {
    values.x.push_back(point.t);
    values.y.push_back(point.value);
  }
  return {.title = literal(objective + " " + where),
          .x_label = "t",
          .y_label = "value",
          .curves = {std::move(values)}};
}

ExitCode run_line(const LineOptions& options) {
  check(options);
  check_delivery(options.common);
  const Range range = range_of(options);
  const Landscape landscape = make_landscape(options);
  const Weights<double> velocity = velocity_of(options, landscape);
  ProgressBar bar("points", static_cast<std::uint64_t>(options.points),
                  progress_mode(options.common));
  const std::vector<LinePoint> line =
      along_line(*landscape.objective, landscape.student, velocity,
                 equally_spaced(range.first, range.last, options.points), landscape.freedom,
                 options.common.threads, bar.callback());

  Report report = probe_report("line", options, landscape, own_inputs(options, range));
  report.heading.emplace_back("line", in_words(options));
  report.sections.push_back(line_section(line, norm(velocity), value_rounding(landscape)));
  return deliver(report, line_plot(line, to_text(landscape.choice), in_words(options)),
                 options.common);
}

}  // namespace

Run add_probe_line(CLI::App& command) {
  auto options = std::make_shared<LineOptions>();
  LineOptions* o = options.get();
  add_parsed_option(command, "--to", "POINT", "where t = 1: teacher, or a problem FILE's student",
                    [o](const std::string& text) { o->to = text; });
  add_parsed_option(command, "--direction", "D", "random, gradient, eigenvector:K, FILE; length 1",
                    [o](const std::string& text) { o->direction = text; });
  command.add_flag("--match", o->match, "the neurons of --to in the nearest order");
  add_parsed_option(command, "--range", "T1,T2", "first and last t (0,1 or -1,1)",
                    [o](const std::string& text) { o->range = parse_range(text); });
  add_whole_number(command, "--points", o->points, 2, most_points, "along the line (41)");
  add_probe_options(command, *o);
  command.footer(
      "The line is a geodesic: rows on the sphere run along great circles.\n"
      "Examples:\n"
      "  sigmahat probe line --dim 6 --match --plot -\n"
      "  sigmahat probe line --dim 5 --direction gradient --range -1,1\n"
      "  sigmahat probe line --problem data/problems/small_relu.json --direction random\n");
  return [options] { return run_line(*options); };
}

}  // namespace sigmahat::cli
