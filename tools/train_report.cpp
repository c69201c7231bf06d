#include "train_report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/scalar.hpp>

#include "problem_options.hpp"

namespace sigmahat::cli {
namespace {

using Align = Column::Align;

/// Points that people look at: the first, the last, and iterations about as far apart in ratio.
std::vector<const TrajectoryPoint*> some_points(const Trajectory& trajectory) {
  constexpr std::size_t few = 20;
  std::vector<const TrajectoryPoint*> points;
  const auto last = static_cast<double>(trajectory.size() - 1);
  std::size_t previous = 0;
  for (std::size_t i = 0; i < few; ++i) {
    const double share = static_cast<double>(i) / (few - 1);
    auto place = static_cast<std::size_t>(std::lround(std::pow(last + 1, share))) - 1;
    place = std::min(place, trajectory.size() - 1);
    if (i > 0 && place <= previous) continue;
    points.push_back(&trajectory[place]);
    previous = place;
  }
  if (points.back() != &trajectory.back()) points.push_back(&trajectory.back());
  return points;
}

Value rounded_or_absent(const std::optional<double>& number, int digits) {
  return number ? rounded(*number, digits) : absent("");
}
Audience audience_of(const std::optional<double>& number) {
  return number ? Audience::everyone : Audience::json_only;
}

Table trajectory_table(const TrainedRun& run) {
  const bool sampled = run.trajectory.back().samples > 0;
  Table table{"trajectory",
              {{"iteration", "iteration", "", Align::right},
               {"samples", "samples", "", Align::right, Audience::programs},
               {"loss", "loss", "", Align::point, Audience::programs},
               {"above_constant", "loss above", "", Align::point},
               {"sampled_loss", "batch loss", "", Align::point,
                sampled ? Audience::everyone : Audience::programs},
               {"gradient_norm", "gradient", "", Align::point},
               {"surrogate_distance", "surrogate", "", Align::point},
               {"distance_modulo_permutation", "distance", "", Align::point},
               {"spectral_distance", "spectral", "", Align::point}},
              {}};
  constexpr int digits = 4;
  for (const TrajectoryPoint* point : some_points(run.trajectory)) {
    const TeacherDistance& distance = point->distance.value();
    table.rows.push_back(
        {{whole(point->iteration), whole(point->samples), rounded(point->loss, digits),
          rounded(point->loss - run.constant, digits),
          point->sampled_loss ? rounded(*point->sampled_loss, digits) : absent(""),
          rounded(point->gradient_norm, 3), rounded(distance.surrogate, digits),
          rounded(distance.modulo_permutation, digits), rounded(distance.spectral, digits)}});
  }
  return table;
}

/// What the numbers of a trajectory file are, in order. The loss of a batch is in CSV alone: before
/// the first batch there is none, and an array has no empty place.
constexpr std::array number_names{"seed",
                                  "iteration",
                                  "samples",
                                  "loss",
                                  "gradient_norm",
                                  "surrogate_distance",
                                  "distance_modulo_permutation",
                                  "spectral_distance"};

std::vector<double> numbers_of(const TrajectoryPoint& point, std::uint64_t seed) {
  const TeacherDistance& distance = point.distance.value();
  return {static_cast<double>(seed),
          static_cast<double>(point.iteration),
          static_cast<double>(point.samples),
          point.loss,
          point.gradient_norm,
          distance.surrogate,
          distance.modulo_permutation,
          distance.spectral};
}

using Coordinate = double (*)(const TrajectoryPoint&);

Curve curve_of(const Trajectory& trajectory, std::string title, Curve::Style style,
               Coordinate coordinate) {
  Curve curve{std::move(title), style, {}, {}};
  for (const TrajectoryPoint& point : trajectory) {
    curve.x.push_back(static_cast<double>(point.iteration));
    curve.y.push_back(coordinate(point));
  }
  return curve;
}

double surrogate(const TrajectoryPoint& point) {
  return point.distance.value().surrogate;
}
double spectral(const TrajectoryPoint& point) {
  return point.distance.value().spectral;
}

/// The least, the middle and the largest of several numbers.
struct Spread {
  double least, median, largest;
};
Spread spread_of(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  const std::size_t half = numbers.size() / 2;
  const double middle =
      numbers.size() % 2 == 1 ? numbers[half] : (numbers[half - 1] + numbers[half]) / 2;
  return {numbers.front(), middle, numbers.back()};
}

/// Runs of the same settings, the seed aside.
struct RunGroup {
  std::vector<std::string> settings;
  std::vector<const TrainedRun*> runs;
};

/// In the order of their first runs.
/// @param aside  what else may differ within a group
std::vector<RunGroup> groups_of(const Sweep& sweep, const std::vector<TrainedRun>& runs,
                                const std::string& aside = {}) {
  std::vector<RunGroup> groups;
  for (const TrainedRun& run : runs) {
    std::vector<std::string> settings;
    for (std::size_t k = 0; k < sweep.size(); ++k)
      if (sweep[k].option != "seed" && sweep[k].option != aside)
        settings.push_back(run.settings[k]);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const RunGroup& g) { return g.settings == settings; });
    if (group == groups.end()) group = groups.insert(group, {settings, {}});
    group->runs.push_back(&run);
  }
  return groups;
}

bool is_number(const std::string& text) {
  try {
    parse_rational(text);
    return true;
  } catch (const ParseError&) {
    return false;
  }
}

bool has_axis(const Sweep& sweep, const std::string& option) {
  return std::any_of(sweep.begin(), sweep.end(),
                     [&](const SweepAxis& axis) { return axis.option == option; });
}

/// Whether what was subtracted from the labels is not the same everywhere, and no axis tells what:
/// every curve says then what its runs had.
bool labels_differ(const Sweep& sweep, const std::vector<TrainedRun>& runs) {
  return !has_axis(sweep, "center") &&
         std::any_of(runs.begin(), runs.end(),
                     [&](const TrainedRun& run) { return run.labels != runs.front().labels; });
}

std::string name_of(const Sweep& sweep, const RunGroup& group, const std::string& aside,
                    bool with_labels) {
  std::string name;
  std::size_t i = 0;
  for (const SweepAxis& axis : sweep) {
    if (axis.option == "seed" || axis.option == aside) continue;
    const std::string& setting = group.settings[i++];
    if (!name.empty()) name += ", ";
    // A word says what it is, a number does not.
    if (is_number(setting)) name += axis.option + " ";
    name += setting;
  }
  if (with_labels && !group.runs.front()->labels.empty())
    name += fmt::format(" ({})", group.runs.front()->labels);
  return literal(name);
}

/// What several runs have between them, and their median.
struct Band {
  Curve area, median;

  Band(const std::string& title, Curve::Style style, std::size_t colour)
      : area{"", Curve::Style::band, {}, {}, {}, colour},
        median{title, style, {}, {}, {}, colour} {}
  void add(double x, const std::vector<double>& numbers) {
    const Spread spread = spread_of(numbers);
    area.x.push_back(x);
    area.y.push_back(spread.least);
    area.upper.push_back(spread.largest);
    median.x.push_back(x);
    median.y.push_back(spread.median);
  }
  void append_to(Plot& plot, bool with_area) const {
    if (with_area) plot.curves.push_back(area);
    plot.curves.push_back(median);
  }
};

/// More of them would hide each other.
constexpr std::size_t most_bands = 3;

/// At each iteration that a run has a point at; a run that has ended stays where it is.
void add_trajectories(Band& band, const RunGroup& group, Coordinate coordinate) {
  std::map<std::uint64_t, std::vector<double>> at;
  for (const TrainedRun* run : group.runs)
    for (const TrajectoryPoint& point : run->trajectory) at[point.iteration];
  for (const TrainedRun* run : group.runs) {
    std::size_t i = 0;
    for (auto& [iteration, values] : at) {
      while (i + 1 < run->trajectory.size() && run->trajectory[i + 1].iteration <= iteration) ++i;
      values.push_back(coordinate(run->trajectory[i]));
    }
  }
  for (const auto& [iteration, values] : at) band.add(static_cast<double>(iteration), values);
}

double surrogate_at_end(const TrainedRun& run) {
  return surrogate(run.trajectory.back());
}
double above_at_end(const TrainedRun& run) {
  return run.trajectory.back().loss - run.constant;
}

Spread spread_of(const RunGroup& group, double (*number)(const TrainedRun&)) {
  std::vector<double> numbers;
  for (const TrainedRun* run : group.runs) numbers.push_back(number(*run));
  return spread_of(std::move(numbers));
}

/// Of an option in tables: the name that it has among the inputs.
std::string key_of(const std::string& option) {
  // The runs have iterations of their own.
  if (option == "iterations" || option == "steps") return "iterations_at_most";
  std::string key = option;
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

/// Without the seed's, which every table of runs has.
std::vector<Column> setting_columns(const Sweep& sweep) {
  std::vector<Column> columns;
  for (const SweepAxis& axis : sweep)
    if (axis.option != "seed")
      columns.push_back({key_of(axis.option), axis.option, "", Align::left});
  return columns;
}

Section runs_section(const Sweep& sweep, const std::vector<TrainedRun>& runs) {
  Table table{"runs", setting_columns(sweep), {}};
  // Settings leave less room in a line.
  const Audience detail = table.columns.empty() ? Audience::everyone : Audience::programs;
  for (Column column :
       {Column{"seed", "seed", "", Align::right}, Column{"outcome", "outcome", ""},
        Column{"iterations", "iterations", "", Align::right, detail},
        Column{"samples", "", "", Align::right, Audience::programs},
        Column{"loss", "loss", "", Align::point, Audience::programs},
        Column{"above_constant", detail == Audience::everyone ? "loss above" : "above", "",
               Align::point},
        Column{"gradient_norm", "gradient", "", Align::point, detail},
        Column{"batch_noise", "", "", Align::point, Audience::programs},
        Column{"noise_floor", "", "", Align::point, Audience::programs},
        Column{"surrogate_distance", "surrogate", "", Align::point},
        Column{"distance_modulo_permutation", "", "", Align::point, Audience::programs},
        Column{"spectral_distance", "spectral", "", Align::point}})
    table.columns.push_back(std::move(column));
  const int digits = detail == Audience::everyone ? 4 : 3;
  for (const TrainedRun& run : runs) {
    const TrajectoryPoint& last = run.trajectory.back();
    const TeacherDistance& distance = last.distance.value();
    Row row;
    for (std::size_t k = 0; k < sweep.size(); ++k)
      if (sweep[k].option != "seed") row.cells.push_back(word(run.settings[k]));
    for (Value value :
         {whole(run.seed), word(std::string(to_string(run.outcome))), whole(last.iteration),
          whole(last.samples), rounded(last.loss, digits), rounded(above_at_end(run), digits),
          rounded(last.gradient_norm, 3), rounded_or_absent(run.batch_noise, 3),
          rounded_or_absent(run.noise_floor, 3), rounded(distance.surrogate, digits),
          rounded(distance.modulo_permutation, digits), rounded(distance.spectral, digits)})
      row.cells.push_back(std::move(value));
    table.rows.push_back(std::move(row));
  }
  return {.title = "Runs", .table = std::move(table)};
}

Section medians_section(const Sweep& sweep, const std::vector<TrainedRun>& runs) {
  Table table{"medians", setting_columns(sweep), {}};
  for (Column column :
       {Column{"runs", "runs", "", Align::right},
        Column{"iterations", "iterations", "", Align::right, Audience::programs},
        Column{"above_constant", table.columns.empty() ? "loss above" : "above", "", Align::point},
        Column{"above_constant_least", "", "", Align::point, Audience::programs},
        Column{"above_constant_largest", "", "", Align::point, Audience::programs},
        Column{"gradient_norm", "gradient", "", Align::point, Audience::programs},
        Column{"noise_floor", "floor", "", Align::point,
               table.columns.empty() && runs.front().noise_floor ? Audience::everyone
                                                                 : Audience::programs},
        Column{"surrogate_distance", "surrogate", "", Align::point},
        Column{"surrogate_distance_least", "", "", Align::point, Audience::programs},
        Column{"surrogate_distance_largest", "largest", "", Align::point},
        Column{"spectral_distance", "spectral", "", Align::point}})
    table.columns.push_back(std::move(column));
  constexpr int digits = 3;
  for (const RunGroup& group : groups_of(sweep, runs)) {
    const Spread above = spread_of(group, above_at_end);
    const Spread distance = spread_of(group, surrogate_at_end);
    const Spread iterations = spread_of(group, [](const TrainedRun& run) {
      return static_cast<double>(run.trajectory.back().iteration);
    });
    const Spread gradient =
        spread_of(group, [](const TrainedRun& run) { return run.trajectory.back().gradient_norm; });
    const Spread far =
        spread_of(group, [](const TrainedRun& run) { return spectral(run.trajectory.back()); });
    std::vector<double> floors;
    for (const TrainedRun* run : group.runs)
      if (run->noise_floor) floors.push_back(*run->noise_floor);
    Row row;
    for (const std::string& setting : group.settings) row.cells.push_back(word(setting));
    for (Value value :
         {whole(group.runs.size()), rounded(iterations.median, digits),
          rounded(above.median, digits), rounded(above.least, digits),
          rounded(above.largest, digits), rounded(gradient.median, digits),
          floors.empty() ? absent("") : rounded(spread_of(std::move(floors)).median, digits),
          rounded(distance.median, digits), rounded(distance.least, digits),
          rounded(distance.largest, digits), rounded(far.median, digits)})
      row.cells.push_back(std::move(value));
    table.rows.push_back(std::move(row));
  }
  return {.title = "Medians over seeds", .table = std::move(table)};
}

double axis_value(const std::string& axis, const std::string& text) {
  if (!is_number(text))
    throw InputError(fmt::format("--plot-against {}: \"{}\" is no number", axis, text));
  return from_rational<double>(parse_rational(text));
}

}  // namespace

std::vector<Section> run_sections(const TrainedRun& run, const Problem& end, bool squared_distance,
                                  const std::string& trajectory_file) {
  const TrajectoryPoint& last = run.trajectory.back();
  const TeacherDistance& distance = last.distance.value();
  constexpr int digits = 6;
  Section section{
      .title = "",
      .fields = {
          {"outcome", "outcome", word(std::string(to_string(run.outcome)))},
          {"iterations", "iterations", whole(last.iteration)},
          {"samples", "samples", whole(last.samples), "",
           last.samples > 0 ? Audience::everyone : Audience::programs},
          {"final.loss", "loss", rounded(last.loss, digits)},
          {"final.above_constant", "above the constant", rounded(last.loss - run.constant, digits),
           "what a student can remove", squared_distance ? Audience::everyone : Audience::programs},
          {"final.gradient_norm", "gradient norm", rounded(last.gradient_norm, 3)},
          {"final.batch_noise", "batch noise", rounded_or_absent(run.batch_noise, 3),
           "of one batch's gradient", audience_of(run.batch_noise)},
          {"final.noise_floor", "noise floor", rounded_or_absent(run.noise_floor, 3),
           "of the loss, from that noise and the last step", audience_of(run.noise_floor)},
          {"final.surrogate_distance", "surrogate distance", rounded(distance.surrogate, digits)},
          {"final.distance_modulo_permutation", "distance",
           rounded(distance.modulo_permutation, digits), "modulo permutation and sign"},
          {"final.spectral_distance", "spectral distance", rounded(distance.spectral, digits)},
          {"final.problem", "", problem_value(end), "", Audience::json_only},
          {"trajectory_file", "trajectory",
           trajectory_file.empty() ? absent("") : word(trajectory_file), "",
           trajectory_file.empty() ? Audience::json_only : Audience::everyone}}};
  return {std::move(section), {.title = "On the way", .table = trajectory_table(run)}};
}

std::vector<Section> sweep_sections(const Sweep& sweep, const std::vector<TrainedRun>& runs,
                                    const std::string& trajectory_file) {
  std::vector<Section> sections{runs_section(sweep, runs)};
  const bool written = !trajectory_file.empty();
  sections.front().fields = {{"trajectory_file", "trajectory",
                              written ? word(trajectory_file) : absent(""), "",
                              written ? Audience::everyone : Audience::json_only}};
  if (has_axis(sweep, "seed")) sections.push_back(medians_section(sweep, runs));
  return sections;
}

Plot trajectory_plot(const Sweep& sweep, const std::vector<TrainedRun>& runs) {
  Plot plot{.title = "",
            .x_label = "iteration",
            .y_label = "distance from the teacher",
            .log_y = true,
            .curves = {}};
  if (runs.size() == 1) {
    const Trajectory& trajectory = runs.front().trajectory;
    plot.curves = {curve_of(trajectory, "surrogate", Curve::Style::thick_line, surrogate),
                   curve_of(trajectory, "spectral", Curve::Style::dashed, spectral),
                   curve_of(trajectory, "gradient norm", Curve::Style::dotted,
                            [](const TrajectoryPoint& p) { return p.gradient_norm; })};
    return plot;
  }
  const std::vector<RunGroup> groups = groups_of(sweep, runs);
  const bool one = groups.size() == 1;
  if (!one) plot.y_label = "surrogate distance from the teacher";
  for (std::size_t i = 0; i < groups.size(); ++i) {
    Band band(one ? "surrogate, median and all"
                  : name_of(sweep, groups[i], "", labels_differ(sweep, runs)),
              Curve::Style::line, i);
    add_trajectories(band, groups[i], surrogate);
    band.append_to(plot, groups[i].runs.size() > 1 && groups.size() <= most_bands);
  }
  if (one) {
    Band band("spectral, median and all", Curve::Style::line, 1);
    add_trajectories(band, groups.front(), spectral);
    band.append_to(plot, true);
  }
  return plot;
}

void check_plot_axis(const Sweep& sweep, const std::string& axis) {
  for (const SweepAxis& other : sweep) {
    if (other.option != axis) continue;
    for (const std::string& value : other.values) axis_value(axis, value);
    return;
  }
  throw InputError(fmt::format("--plot-against {}: expected an option of --sweep", axis));
}

Plot ends_plot(const Sweep& sweep, const std::vector<TrainedRun>& runs, const std::string& axis,
               bool squared_distance) {
  check_plot_axis(sweep, axis);
  const auto place = static_cast<std::size_t>(
      std::find_if(sweep.begin(), sweep.end(),
                   [&](const SweepAxis& other) { return other.option == axis; }) -
      sweep.begin());
  Plot plot{
      .title = "",
      .x_label = axis,
      .y_label = squared_distance ? "loss above (solid), surrogate (dashed)" : "surrogate distance",
      .log_x = true,
      .log_y = true,
      .curves = {}};
  const std::vector<RunGroup> groups = groups_of(sweep, runs, axis);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::map<double, RunGroup> at;
    for (const TrainedRun* run : groups[i].runs)
      at[axis_value(axis, run->settings[place])].runs.push_back(run);
    const auto add = [&](const std::string& name, Curve::Style style,
                         double (*number)(const TrainedRun&), bool with_area) {
      Band band(name, style, i);
      for (const auto& [x, group] : at) {
        std::vector<double> numbers;
        for (const TrainedRun* run : group.runs) numbers.push_back(number(*run));
        band.add(x, numbers);
      }
      band.append_to(plot, with_area && groups.size() <= most_bands);
    };
    const std::string name = groups[i].settings.empty()
                                 ? "median"
                                 : name_of(sweep, groups[i], axis, labels_differ(sweep, runs));
    if (squared_distance) add(name, Curve::Style::line_with_points, above_at_end, true);
    add(squared_distance ? "" : name,
        squared_distance ? Curve::Style::dashed : Curve::Style::line_with_points, surrogate_at_end,
        !squared_distance);
  }
  for (const SweepAxis& other : sweep)
    if (other.option == axis)
      for (const std::string& value : other.values)
        plot.log_x = plot.log_x && axis_value(axis, value) > 0;
  return plot;
}

bool is_npy(const Sweep& sweep, const std::filesystem::path& trajectory_file) {
  const std::string extension = trajectory_file.extension().string();
  if (extension != ".csv" && extension != ".npy")
    throw InputError(fmt::format("--trajectory {}: expected a name that ends in .csv or .npy",
                                 trajectory_file.string()));
  if (extension == ".npy" && !setting_columns(sweep).empty())
    throw InputError(
        fmt::format("--trajectory {}: a sweep's settings need a name that ends in .csv",
                    trajectory_file.string()));
  return extension == ".npy";
}

std::string trajectory_bytes(const Sweep& sweep, const std::vector<TrainedRun>& runs, bool npy) {
  const std::vector<Column> settings = setting_columns(sweep);
  if (npy) {
    NumberArray array{"trajectory", "", {}, ""};
    for (const TrainedRun& run : runs)
      for (const TrajectoryPoint& point : run.trajectory) {
        array.rows.push_back(numbers_of(point, run.seed));
        array.row_heads.push_back(static_cast<double>(point.iteration));
      }
    Report report{.command = "train", .title = ""};
    report.array = std::move(array);
    return render_npy(report);
  }
  std::string text;
  for (const Column& column : settings) text += column.key + ",";
  for (const char* name : number_names) text += fmt::format("{},", name);
  text += "sampled_loss\n";
  for (const TrainedRun& run : runs) {
    std::string head;
    for (std::size_t k = 0; k < sweep.size(); ++k)
      if (sweep[k].option != "seed") head += csv_cell(run.settings[k]) + ",";
    for (const TrajectoryPoint& point : run.trajectory) {
      text += head + std::to_string(run.seed);
      const std::vector<double> numbers = numbers_of(point, run.seed);
      for (std::size_t i = 1; i < numbers.size(); ++i)
        text += i < 3 ? fmt::format(",{:.0f}", numbers[i]) : fmt::format(",{}", numbers[i]);
      text += point.sampled_loss ? fmt::format(",{}\n", *point.sampled_loss) : ",\n";
    }
  }
  return text;
}

}  // namespace sigmahat::cli
