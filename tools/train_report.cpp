#include "train_report.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>

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

/// The least, the middle and the largest at each iteration that a run has a point at; a run that
/// has ended stays where it is.
struct Band {
  Curve lowest, middle, highest;
};
Band band_of(const std::vector<TrainedRun>& runs, Coordinate coordinate, const std::string& name) {
  Band band{{"least", Curve::Style::dotted, {}, {}},
            {name + ", median", Curve::Style::thick_line, {}, {}},
            {"largest", Curve::Style::dotted, {}, {}}};
  std::map<std::uint64_t, std::vector<double>> at;
  for (const TrainedRun& run : runs)
    for (const TrajectoryPoint& point : run.trajectory) at[point.iteration];
  for (const TrainedRun& run : runs) {
    std::size_t i = 0;
    for (auto& [iteration, values] : at) {
      while (i + 1 < run.trajectory.size() && run.trajectory[i + 1].iteration <= iteration) ++i;
      values.push_back(coordinate(run.trajectory[i]));
    }
  }
  for (auto& [iteration, values] : at) {
    std::sort(values.begin(), values.end());
    for (auto& [curve, value] : {std::pair<Curve&, double>{band.lowest, values.front()},
                                 std::pair<Curve&, double>{band.middle, values[values.size() / 2]},
                                 std::pair<Curve&, double>{band.highest, values.back()}}) {
      curve.x.push_back(static_cast<double>(iteration));
      curve.y.push_back(value);
    }
  }
  return band;
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
          {"final.surrogate_distance", "surrogate distance", rounded(distance.surrogate, digits)},
          {"final.distance_modulo_permutation", "distance",
           rounded(distance.modulo_permutation, digits), "modulo permutation and sign"},
          {"final.spectral_distance", "spectral distance", rounded(distance.spectral, digits)},
          {"final.problem", "", Value{"", "", Json::parse(to_json(end))}, "", Audience::json_only},
          {"trajectory_file", "trajectory",
           trajectory_file.empty() ? absent("") : word(trajectory_file), "",
           trajectory_file.empty() ? Audience::json_only : Audience::everyone}}};
  return {std::move(section), {.title = "On the way", .table = trajectory_table(run)}};
}

Section runs_section(const std::vector<TrainedRun>& runs) {
  Table table{"runs",
              {{"seed", "seed", "", Align::right},
               {"outcome", "outcome", ""},
               {"iterations", "iterations", "", Align::right},
               {"samples", "", "", Align::right, Audience::programs},
               {"loss", "loss", "", Align::point, Audience::programs},
               {"above_constant", "loss above", "", Align::point},
               {"gradient_norm", "gradient", "", Align::point},
               {"surrogate_distance", "surrogate", "", Align::point},
               {"distance_modulo_permutation", "", "", Align::point, Audience::programs},
               {"spectral_distance", "spectral", "", Align::point}},
              {}};
  constexpr int digits = 4;
  for (const TrainedRun& run : runs) {
    const TrajectoryPoint& last = run.trajectory.back();
    const TeacherDistance& distance = last.distance.value();
    table.rows.push_back(
        {{whole(run.seed), word(std::string(to_string(run.outcome))), whole(last.iteration),
          whole(last.samples), rounded(last.loss, digits),
          rounded(last.loss - run.constant, digits), rounded(last.gradient_norm, 3),
          rounded(distance.surrogate, digits), rounded(distance.modulo_permutation, digits),
          rounded(distance.spectral, digits)}});
  }
  return {.title = "Runs", .table = std::move(table)};
}

Plot trajectory_plot(const std::vector<TrainedRun>& runs, const std::string& title) {
  Plot plot{.title = title,
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
  Band band = band_of(runs, surrogate, "surrogate");
  Band other = band_of(runs, spectral, "spectral");
  other.middle.style = Curve::Style::dashed;
  plot.curves = {std::move(band.middle), std::move(band.lowest), std::move(band.highest),
                 std::move(other.middle)};
  return plot;
}

bool is_npy(const std::filesystem::path& trajectory_file) {
  const std::string extension = trajectory_file.extension().string();
  if (extension != ".csv" && extension != ".npy")
    throw InputError(fmt::format("--trajectory {}: expected a name that ends in .csv or .npy",
                                 trajectory_file.string()));
  return extension == ".npy";
}

std::string trajectory_bytes(const std::vector<TrainedRun>& runs, bool npy) {
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
  for (const char* name : number_names) text += fmt::format("{},", name);
  text += "sampled_loss\n";
  for (const TrainedRun& run : runs)
    for (const TrajectoryPoint& point : run.trajectory) {
      text += std::to_string(run.seed);
      const std::vector<double> numbers = numbers_of(point, run.seed);
      for (std::size_t i = 1; i < numbers.size(); ++i)
        text += i < 3 ? fmt::format(",{:.0f}", numbers[i]) : fmt::format(",{}", numbers[i]);
      text += point.sampled_loss ? fmt::format(",{}\n", *point.sampled_loss) : ",\n";
    }
  return text;
}

}  // namespace sigmahat::cli
