#include <memory>

#include <fmt/format.h>

#include <sigmahat/landscape/saddles.hpp>

#include "checkpoint.hpp"
#include "command.hpp"
#include "probe_options.hpp"

namespace sigmahat::cli {
namespace {

using Align = Column::Align;

constexpr int digits = 9;
constexpr int most_runs = 100'000'000;
constexpr int most_modes = 100'000;

struct SaddlesOptions : ProbeOptions {
  SaddleOptions search;
  std::optional<StartDistribution> starts;  ///< none: unit rows, or Gaussian ones where free
  int runs = 100;
  std::string method = "gradient";
  int modes = 10;
  bool distinct = false;
  CheckpointOptions checkpoint;
};

/// From the student along eigenvectors, rather than from random starts.
bool follows(const SaddlesOptions& options) {
  return options.method == "follow";
}

StartDistribution starts_of(const SaddlesOptions& options, const Freedom& freedom) {
  return options.starts.value_or(default_starts(freedom.rows));
}

std::string in_words(const SaddlesOptions& options, const Freedom& freedom) {
  if (follows(options))
    return fmt::format("along the {} lowest eigenvectors at the student, both ways", options.modes);
  return fmt::format(
      "{} starts, {}, {}", options.runs, to_text(starts_of(options, freedom)),
      options.method == "climb" ? "climbing to the index" : "the gradient's norm minimised");
}

Section tally_section(const SaddleTally& tally, const SaddlesOptions& options) {
  return {.title = "",
          .fields = {{"runs", "runs", whole(tally.runs)},
                     {"classes", "classes found", whole(tally.classes.size()),
                      options.distinct ? "as points" : "modulo symmetry"},
                     {"other_index", "of another index", whole(tally.other_index), "",
                      options.search.index ? Audience::everyone : Audience::programs},
                     {"unresolved", "no critical point", whole(tally.unresolved)}}};
}

Section saddles_section(const SaddleTally& tally, const Landscape& landscape, int precision) {
  const Audience of_refined =
      precision > digits_of_double ? Audience::everyone : Audience::programs;
  Section section{
      .title = tally.classes.empty() ? "" : "Critical points",
      .table = Table{"critical_points",
                     {{"value", "value", "", Align::point},
                      {"morse_index", "index", "", Align::right},
                      {"count", "count", "", Align::right},
                      {"flat_directions", "flat", "", Align::right},
                      {"smallest", "least eigenvalues", ""},
                      {"gradient_norm", "gradient", "", Align::point},
                      {"first_run", "", "", Align::right, Audience::programs},
                      {"precise.value", "refined", "", Align::point, of_refined},
                      {"precise.gradient_norm", "refined gradient", "", Align::point, of_refined},
                      {"problem", "", "", Align::left, Audience::json_only}},
                     {}}};
  constexpr Eigen::Index shown = 3;
  const double rounding = value_rounding(landscape);
  for (const SaddleClass& found : tally.by_value()) {
    const AfreshPoint afresh =
        evaluated_afresh(landscape, found.point.x, found.curvature.zero == 0, precision);
    std::vector<Value> refined = refined_values(afresh.refined, precision);
    Value smallest;
    smallest.json = Json::array();
    for (Eigen::Index i = 0; i < std::min(shown, found.eigenvalues.size()); ++i) {
      const Value number = rounded(found.eigenvalues[i], 4);
      smallest.text += (i == 0 ? "" : " ") + number.text;
      smallest.latex += (i == 0 ? "" : ", ") + number.latex;
      smallest.json.push_back(fmt::format("{}", found.eigenvalues[i]));
    }
    section.table->rows.push_back(
        {{rounded(found.point.value, digits, rounding),
          whole(static_cast<std::uint64_t>(found.curvature.negative)), whole(found.count),
          whole(static_cast<std::uint64_t>(found.curvature.zero)), std::move(smallest),
          rounded_norm(afresh.gradient_norm, 2, norm_rounding), whole(found.first_run),
          std::move(refined[0]), std::move(refined[1]),
          problem_value(with_student(landscape.problem, found.point.x, landscape.freedom.rows))}});
  }
  return section;
}

/// Value against index: where the saddles of each index lie.
Plot saddles_plot(const SaddleTally& tally, const std::string& objective) {
  Curve points{"critical points", Curve::Style::circles, {}, {}};
  for (const SaddleClass& found : tally.classes) {
    points.x.push_back(found.point.value);
    points.y.push_back(found.curvature.negative);
  }
  return {.title = "Critical points of " + literal(objective),
          .x_label = "value",
          .y_label = "Morse index",
          .curves = {std::move(points)}};
}

void check(const SaddlesOptions& options) {
  if (follows(options) && options.starts)
    throw InputError("--start: for random starts, not with --method follow");
}

ExitCode run_saddles(const SaddlesOptions& options) {
  check(options);
  check_delivery(options.common, {}, targets_of(options.checkpoint));
  const Landscape landscape = make_landscape(options);
  SaddleOptions search = options.search;
  search.freedom = landscape.freedom;
  search.starts = starts_of(options, landscape.freedom);
  search.climb = options.method == "climb";
  search.seed = options.common.seed;
  search.runs = static_cast<std::uint64_t>(options.runs);
  search.threads = options.common.threads;
  std::optional<Symmetry> symmetry;
  if (!options.distinct) symmetry = symmetry_of(landscape.choice, landscape.values);
  const Matrix<double>& teacher = landscape.values.teacher.B;
  SaddleSearch saddles = follows(options)
                             ? SaddleSearch::around(*landscape.objective, landscape.student,
                                                    options.modes, teacher, symmetry, search)
                             : SaddleSearch::from_starts(*landscape.objective, landscape.student,
                                                         teacher, symmetry, search);
  Json own{{"method", options.method},
           {"start", follows(options) ? Json(nullptr) : Json(to_text(search.starts))},
           {"index", search.index ? Json(*search.index) : Json(nullptr)},
           {"modes", options.modes},
           {"tolerance", search.tolerance},
           {"distinct", options.distinct}};
  Json settings = settings_of(options, landscape);
  settings.update(own);
  if (auto tally = resumed_state(options.checkpoint, settings, "search", parse_saddle_tally)) {
    if (tally->runs > saddles.runs())
      throw InputError(fmt::format("--resume {}: {} runs are done; expected --runs {} or more",
                                   options.checkpoint.resume->string(), tally->runs, tally->runs));
    saddles.resume(std::move(*tally));
  }
  {
    CheckpointKeeper keeper(options.checkpoint, "saddles",
                            [&] { return to_json(saddles.tally(), settings.dump()); });
    ProgressBar bar("runs", saddles.runs(), progress_mode(options.common));
    if (!saddles.run(keeper.watch([&] { bar.update(saddles.tally().runs); })))
      return keeper.interrupted();
    keeper.finish();
  }
  const SaddleTally& tally = saddles.tally();
  own["runs"] = options.runs;
  describe(options.checkpoint, own);
  Report report = probe_report("saddles", options, landscape, own);
  report.heading.emplace_back("search", in_words(options, landscape.freedom));
  report.sections = {tally_section(tally, options),
                     saddles_section(tally, landscape, options.common.digits)};
  return deliver(report, saddles_plot(tally, to_text(landscape.choice)), options.common);
}

}  // namespace

Run add_probe_saddles(CLI::App& command) {
  auto options = std::make_shared<SaddlesOptions>();
  SaddlesOptions* o = options.get();
  add_parsed_option(
      command, "--method", "NAME", "gradient, climb or follow (gradient)",
      [o](const std::string& text) {
        if (text != "gradient" && text != "climb" && text != "follow")
          throw ParseError(fmt::format("expected gradient, climb or follow, not \"{}\"", text));
        o->method = text;
      });
  add_whole_number(command, "--runs", o->runs, 1, most_runs, "random starts (100)");
  add_parsed_option(command, "--start", "D", "unit, gaussian:S, orthogonal or near:S",
                    [o](const std::string& text) { o->starts = parse_start_distribution(text); });
  add_parsed_option(command, "--index", "K", "keep critical points of this index (all)",
                    [o](const std::string& text) {
                      o->search.index = static_cast<int>(parse_whole_number(text, 0, 1'000'000));
                    });
  add_whole_number(command, "--modes", o->modes, 1, most_modes, "eigenvectors to follow (10)");
  add_number(command, "--tolerance", "G", o->search.tolerance, 0, 1,
             "of the gradient's norm (1e-10)");
  command.add_flag("--distinct", o->distinct, "mirror images are points of their own");
  add_checkpoint_options(command, o->checkpoint);
  add_probe_options(command, *o);
  command.footer(
      "gradient minimises |grad|^2, climb goes up along the K lowest eigenvectors (1),\n"
      "follow leaves the student, a critical point, along its lowest eigenvectors.\n"
      "Examples:\n"
      "  sigmahat probe saddles --dim 4 --fixed-a --runs 50\n"
      "  sigmahat probe saddles --dim 3 --fixed-a --method climb --index 2 --runs 30\n"
      "  sigmahat probe saddles --dim 3 --objective f_gamma:2,4 --runs 50 --plot -\n");
  return [options] { return run_saddles(*options); };
}

}  // namespace sigmahat::cli
