#include <memory>

#include <fmt/format.h>

#include <sigmahat/landscape/minima.hpp>
#include <sigmahat/landscape/path.hpp>
#include <sigmahat/network/problem_file.hpp>

#include "checkpoint.hpp"
#include "command.hpp"
#include "output.hpp"
#include "probe_options.hpp"

namespace sigmahat::cli {
namespace {

using Align = Column::Align;

constexpr int digits = 7;
constexpr int most_images = 100'000;
constexpr int most_iterations = 1'000'000'000;

struct PathCommandOptions : ProbeOptions {
  std::string to = "teacher";
  bool match = false;
  bool keep_ends = false;
  PathOptions path;
  std::optional<std::filesystem::path> output_problem;  ///< the saddle
  CheckpointOptions checkpoint;
};

std::string in_words(const PathCommandOptions& options) {
  return (options.keep_ends ? "from the student to " : "from the student's minimum to that of ") +
         (options.to == "teacher" ? "the teacher" : options.to) +
         (options.match ? ", neurons matched" : "");
}

/// The ends of the path: where the gradient flow leads from the points given, unless those are to
/// be kept.
std::pair<Weights<double>, Weights<double>> ends_of(const PathCommandOptions& options,
                                                    const Landscape& landscape) {
  SearchOptions search;
  search.freedom = landscape.freedom;
  const auto minimum_of = [&](const Weights<double>& x, const char* which) {
    if (options.keep_ends) return x;
    SearchEnd end = search_minimum(*landscape.objective, x, search);
    if (end.outcome != SearchOutcome::minimum && end.outcome != SearchOutcome::flat)
      throw NumericalError(fmt::format(
          "the gradient flow from the {} ends at no minimum ({}); --keep-ends takes it as it is",
          which, to_string(end.outcome)));
    return std::move(end.point.x);
  };
  const Weights<double> from = minimum_of(landscape.student, "student");
  Weights<double> to = minimum_of(read_point(options.to, landscape), "other end");
  return {from, options.match ? matched_in(landscape, from, to) : std::move(to)};
}

/// From its beginning or from a checkpoint, whose ends are the path's.
StringMethod begun_path(const PathCommandOptions& options, const Landscape& landscape,
                        const Json& settings) {
  PathOptions path = options.path;
  path.freedom = landscape.freedom;
  path.threads = options.common.threads;
  path.seed = options.common.seed;
  if (auto before = resumed(options.checkpoint, [&](const std::string& text) {
        const Stored<StringState> stored = parse_string_state(text);
        require_same_settings(stored.settings, settings, "path");
        return StringMethod(*landscape.objective, stored.state, path);
      }))
    return std::move(*before);
  const auto [from, to] = ends_of(options, landscape);
  return {*landscape.objective, from, to, path};
}

Section path_section(const StringMethod& path, bool settled, double rounding) {
  const PathImage& top = path.top();
  const double from = path.images().front().value, to = path.images().back().value;
  Section section{
      .title = "",
      .fields = {
          {"converged", "the string", settled ? word("has settled") : word("has not settled"),
           fmt::format("{} iterations, gradient across the path {:.2g}", path.iterations(),
                       path.residual())},
          {"iterations", "", whole(static_cast<std::uint64_t>(path.iterations())), "",
           Audience::programs},
          {"residual", "", rounded(path.residual(), 3), "", Audience::programs},
          {"length", "length", rounded(path.length(), digits)},
          {"from.value", "value at the start", rounded(from, digits, rounding)},
          {"to.value", "value at the end", rounded(to, digits, rounding)},
          {"highest.value", "highest image", rounded(top.value, digits),
           fmt::format("at {:.4g} of the length", top.place)},
          {"highest.place", "", rounded(top.place, digits), "", Audience::programs}}};
  section.fields[0].value.json = settled;
  return section;
}

Section saddle_section(const std::optional<PathSaddle>& saddle, const StringMethod& path,
                       const Landscape& landscape, double rounding, int precision) {
  const double from = path.images().front().value, to = path.images().back().value;
  if (!saddle) {
    const bool downhill = path.top().value <= std::max(from, to);
    return {.title = downhill ? "No barrier: no image is higher than the higher end"
                              : "No saddle of index one was found from the highest image",
            .fields = {{"saddle", "", absent(""), "", Audience::json_only}}};
  }
  const AfreshPoint afresh =
      evaluated_afresh(landscape, saddle->point.x, saddle->curvature.zero == 0, precision);
  std::vector<Value> refined = refined_values(afresh.refined, precision);
  const Audience of_refined =
      precision > digits_of_double ? Audience::everyone : Audience::programs;
  return {
      .title = "The saddle on top",
      .fields = {
          {"saddle.value", "value", rounded(saddle->point.value, 12, rounding)},
          {"saddle.barrier_from_start", "above the start",
           rounded(saddle->point.value - from, digits)},
          {"saddle.barrier_from_end", "above the end", rounded(saddle->point.value - to, digits)},
          {"saddle.gradient_norm", "gradient norm",
           rounded_norm(afresh.gradient_norm, 3, norm_rounding)},
          {"saddle.morse_index", "Morse index",
           whole(static_cast<std::uint64_t>(saddle->curvature.negative))},
          {"saddle.flat_directions", "flat directions",
           whole(static_cast<std::uint64_t>(saddle->curvature.zero))},
          {"saddle.min_eigenvalue", "least eigenvalue",
           rounded(saddle->curvature.smallest, digits)},
          {"saddle.distance", "from the highest image", rounded(saddle->distance, 4)},
          {"saddle.precise.value", "refined value", std::move(refined[0]), "", of_refined},
          {"saddle.precise.gradient_norm", "refined gradient", std::move(refined[1]), "",
           of_refined},
          {"saddle.problem", "",
           problem_value(with_student(landscape.problem, saddle->point.x, landscape.freedom.rows)),
           "", Audience::json_only}}};
}

Section images_section(const StringMethod& path, double rounding) {
  Section section{.title = "Along the path",
                  .table = Table{"images",
                                 {{"place", "place", "", Align::point},
                                  {"value", "value", "", Align::point},
                                  {"across", "gradient across", "", Align::point}},
                                 {}}};
  for (const PathImage& image : path.images())
    section.table->rows.push_back({{fixed(image.place, 5), rounded(image.value, digits, rounding),
                                    rounded(image.across, 3)}});
  return section;
}

Plot path_plot(const StringMethod& path, const std::optional<PathSaddle>& saddle,
               const std::string& title) {
  Curve values{"images", Curve::Style::line_with_points, {}, {}};
  for (const PathImage& image : path.images()) {
    values.x.push_back(image.place);
    values.y.push_back(image.value);
  }
  Plot plot{.title = literal(title),
            .x_label = "share of the path's length",
            .y_label = "value",
            .curves = {std::move(values)}};
  if (saddle)
    plot.curves.push_back(
        {"saddle", Curve::Style::circles, {path.top().place}, {saddle->point.value}});
  return plot;
}

ExitCode run_path(const PathCommandOptions& options) {
  std::vector<Target> files = targets_of(options.checkpoint);
  if (options.output_problem) files.push_back({"--output-problem", *options.output_problem});
  check_delivery(options.common, {}, files);
  const Landscape landscape = make_landscape(options);
  Json own{{"to", options.to},
           {"match", options.match},
           {"keep_ends", options.keep_ends},
           {"images", options.path.images},
           {"tolerance", options.path.tolerance}};
  Json settings = settings_of(options, landscape);
  settings.update(own);
  StringMethod path = begun_path(options, landscape, settings);
  bool settled = false;
  {
    CheckpointKeeper keeper(options.checkpoint, "path",
                            [&] { return to_json(path.state(), settings.dump()); });
    ProgressBar bar("iterations", static_cast<std::uint64_t>(options.path.most_iterations),
                    progress_mode(options.common));
    settled = path.run([&](const StringMethod& so_far) {
      bar.update(static_cast<std::uint64_t>(so_far.iterations()),
                 [&] { return fmt::format("across {:.2g}", so_far.residual()); });
      return keeper.go_on();
    });
    if (!settled && keeper.signalled()) return keeper.interrupted();
    keeper.finish();
  }
  const double ends = std::max(path.images().front().value, path.images().back().value);
  const std::optional<PathSaddle> saddle =
      path.top().value > ends ? saddle_on(path, *landscape.objective, landscape.freedom)
                              : std::nullopt;
  if (options.output_problem && !saddle)
    throw NumericalError("--output-problem: no saddle was found on the path");

  own["iterations"] = options.path.most_iterations;
  own["output_problem"] =
      options.output_problem ? Json(options.output_problem->string()) : Json(nullptr);
  describe(options.checkpoint, own);
  Report report = probe_report("path", options, landscape, own);
  report.heading.emplace_back("path", in_words(options));
  const double rounding = value_rounding(landscape);
  report.sections = {path_section(path, settled, rounding),
                     saddle_section(saddle, path, landscape, rounding, options.common.digits),
                     images_section(path, rounding)};
  if (options.output_problem)
    write_file(*options.output_problem,
               to_json(with_student(landscape.problem, saddle->point.x, landscape.freedom.rows)));
  return deliver(
      report,
      path_plot(path, saddle, to_text(landscape.choice) + " on a path " + in_words(options)),
      options.common);
}

}  // namespace

Run add_probe_path(CLI::App& command) {
  auto options = std::make_shared<PathCommandOptions>();
  PathCommandOptions* o = options.get();
  add_parsed_option(command, "--to", "POINT", "the other end: teacher, or a FILE's student",
                    [o](const std::string& text) { o->to = text; });
  command.add_flag("--match", o->match, "its neurons in the nearest order first");
  command.add_flag("--keep-ends", o->keep_ends, "the points as they are, not their minima");
  add_whole_number(command, "--images", o->path.images, 3, most_images, "points of the path (25)");
  add_whole_number(command, "--iterations", o->path.most_iterations, 0, most_iterations,
                   "at most so many (5000)");
  add_number(command, "--tolerance", "G", o->path.tolerance, 0, 1e100,
             "of the gradient across the path (1e-4)");
  add_file(command, "--output-problem", o->output_problem, "the saddle as a problem file");
  add_checkpoint_options(command, o->checkpoint);
  add_probe_options(command, *o);
  command.footer(
      "Examples:\n"
      "  sigmahat probe path --dim 4 --plot path.png\n"
      "  sigmahat probe path --dim 4 --match --keep-ends\n"
      "  sigmahat probe path --problem data/problems/swapped_relu.json --fixed-a\n");
  return [options] { return run_path(*options); };
}

}  // namespace sigmahat::cli
