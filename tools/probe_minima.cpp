#include <functional>
#include <memory>
#include <sstream>

#include <fmt/format.h>

#include <sigmahat/landscape/minima.hpp>
#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>

#include "checkpoint.hpp"
#include "command.hpp"
#include "output.hpp"
#include "picture.hpp"
#include "probe_minima_report.hpp"
#include "search_options.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::uint64_t most_runs = 100'000'000;
constexpr int largest_size = 10'000;

struct MinimaOptions : ProbeOptions {
  std::uint64_t runs = 100;
  std::optional<StartDistribution> starts;  ///< none: unit rows, or Gaussian ones where free
  SearchChoice search;
  std::vector<int> sizes;            ///< dimensions; empty: the one of the problem
  std::optional<Isotropy> isotropy;  ///< searched are the students that it fixes
  int excess = 0;  ///< student neurons beyond the dimension, where there are sizes
  std::optional<std::filesystem::path> output_problems, output_grams;
  std::optional<std::string> gram;
  CheckpointOptions checkpoint;
};

/// "6..20" or "6,8,10".
std::vector<int> parse_sizes(const std::string& text) {
  if (const std::size_t dots = text.find(".."); dots != std::string::npos) {
    std::vector<int> sizes;
    const auto first = static_cast<int>(parse_whole_number(text.substr(0, dots), 1, largest_size));
    const auto last = static_cast<int>(
        parse_whole_number(text.substr(dots + 2), static_cast<std::uint64_t>(first), largest_size));
    for (int size = first; size <= last; ++size) sizes.push_back(size);
    return sizes;
  }
  return parse_whole_numbers(text, 1, largest_size);
}

/// The problems that are looked at: one, or one for each size.
std::vector<ProbeOptions> problems_of(const MinimaOptions& options) {
  if (options.sizes.empty()) return {options};
  std::vector<ProbeOptions> problems;
  for (const int size : options.sizes) {
    problems.push_back(options);
    problems.back().problem.dimension = size;
    problems.back().problem.student_width = size + options.excess;
  }
  return problems;
}

void check(const MinimaOptions& options) {
  check(options.search);
  if (options.isotropy && options.search.method == SearchMethod::sgd)
    throw InputError(
        "--isotropy: samples have no symmetry; expected --search flow, gd, lbfgs or trust-region");
  if (options.sizes.empty()) {
    if (options.excess != 0)
      throw InputError("--excess: for --dims alone; expected --student-width");
    return;
  }
  const ProblemOptions& problem = options.problem;
  for (const auto& [given, name] :
       {std::pair{problem.file.has_value(), "--problem"},
        std::pair{problem.dimension.has_value(), "--dim"},
        std::pair{problem.student_width.has_value(), "--student-width"},
        std::pair{problem.teacher_width.has_value(), "--teacher-width"}})
    if (given) throw InputError(fmt::format("--dims: not together with {}", name));
}

StartDistribution starts_of(const MinimaOptions& options, const Landscape& landscape) {
  return options.starts.value_or(default_starts(landscape.freedom.rows));
}

/// What decides which runs there are and where they end.
Json settings_of(const MinimaOptions& options, const Landscape& landscape,
                 const StartDistribution& starts) {
  Json settings = settings_of(options, landscape);
  settings["start"] = to_text(starts);
  describe(options.search, landscape.choice, settings);
  if (options.isotropy) settings["isotropy"] = to_text(*options.isotropy);
  return settings;
}

/// A checkpoint is a line for each size that has been begun.
std::vector<Stored<MinimaTally>> parse_tallies(const std::string& text) {
  std::istringstream stream(text);
  std::vector<Stored<MinimaTally>> stored;
  for (std::string line; std::getline(stream, line);) stored.push_back(parse_tally(line));
  if (stored.empty()) throw ParseError("no checkpoint of sigmahat probe minima");
  return stored;
}

/// The searches of one call, one size after the other.
class Study {
 public:
  explicit Study(const MinimaOptions& options)
      : options_(options),
        stored_(resumed(options.checkpoint, parse_tallies)
                    .value_or(std::vector<Stored<MinimaTally>>())),
        keeper_(options.checkpoint, "minima", [this] { return finished_ + current_(); }) {}

  /// None where a signal ended it.
  std::optional<SizeResult> run(std::size_t number, const Landscape& landscape) {
    MinimaSearch::Options study{starts_of(options_, landscape),
                                search_options(options_.search, landscape, options_.common.seed),
                                options_.common.seed, options_.runs, options_.common.threads};
    const Symmetry symmetry = symmetry_of(landscape.choice, landscape.values);
    std::optional<FixedSpace> fixed;
    std::optional<FixedSpaceObjective> restricted;
    if (options_.isotropy) {
      fixed.emplace(*options_.isotropy, landscape.choice, landscape.values);
      restricted.emplace(*landscape.objective, *fixed, landscape.freedom);
      study.within = &*fixed;
    }
    const Objective<double>& objective = restricted ? *restricted : *landscape.objective;
    MinimaSearch search(objective, landscape.student, landscape.values.teacher.B, symmetry, study);
    const Json settings = settings_of(options_, landscape, study.starts);
    resume(search, number, settings);
    current_ = [&] { return to_json(search.tally(), settings.dump()); };

    ProgressBar bar(fmt::format("starts in {} dimensions", landscape.problem.dimension()),
                    options_.runs, progress_mode(options_.common));
    const bool done = search.run(keeper_.watch([&] {
      bar.update(search.tally().runs,
                 [&] { return fmt::format("{} minima", search.tally().classes.size()); });
    }));
    if (!done) {
      end_ = keeper_.interrupted();
      return {};
    }
    finished_ += current_();
    current_ = [] { return std::string(); };
    keeper_.finish();
    return SizeResult{landscape.problem, landscape.freedom.rows, landscape.objective->constant(),
                      search.tally(),
                      describe(search.tally(), landscape.problem, landscape.choice,
                               landscape.freedom, options_.common.digits, options_.common.threads)};
  }

  /// Where a signal ended it.
  ExitCode end() const { return end_; }

 private:
  void resume(MinimaSearch& search, std::size_t number, const Json& settings) const {
    if (number >= stored_.size()) return;
    resumed(options_.checkpoint, [&](const std::string&) {
      require_same_settings(stored_[number].settings, settings, "search");
      const MinimaTally& tally = stored_[number].state;
      if (tally.runs > options_.runs)
        throw InputError(fmt::format("{} starts are done; expected --starts {} or more", tally.runs,
                                     tally.runs));
      search.resume(tally);
      return true;
    });
  }

  const MinimaOptions& options_;
  std::vector<Stored<MinimaTally>> stored_;
  std::string finished_;                  ///< the checkpoint's lines of the sizes that are done
  std::function<std::string()> current_;  ///< that of the one that is not
  CheckpointKeeper keeper_;
  ExitCode end_ = ExitCode::done;
};

Json own_inputs(const MinimaOptions& options, const Landscape& landscape) {
  Json own{{"starts", json_integer(options.runs)},
           {"start", to_text(starts_of(options, landscape))},
           {"dims", options.sizes.empty() ? Json(nullptr) : Json(options.sizes)},
           {"excess", options.excess},
           {"isotropy", options.isotropy ? Json(to_text(*options.isotropy)) : Json(nullptr)}};
  describe(options.search, landscape.choice, own);
  for (const auto& [key, folder] : {std::pair{"output_problems", options.output_problems},
                                    std::pair{"output_grams", options.output_grams}})
    own[key] = folder ? Json(folder->string()) : Json(nullptr);
  own["gram"] = options.gram ? Json(*options.gram) : Json(nullptr);
  describe(options.checkpoint, own);
  return own;
}

/// Visits (minimum-1, of the first) or (minimum-6-1, of the first in six dimensions), ...
void for_each_minimum(const std::vector<SizeResult>& results,
                      const std::function<void(const std::string&, const SizeResult&,
                                               const DescribedMinimum&)>& visit) {
  for (const SizeResult& result : results) {
    int number = 0;
    for (const DescribedMinimum& minimum : result.minima) {
      const std::string size =
          results.size() > 1 ? fmt::format("{}-", result.problem.dimension()) : std::string();
      visit(fmt::format("minimum-{}{}", size, ++number), result, minimum);
    }
  }
}

/// Before the search: what it finds must not be lost. Makes the folder.
void check_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check_writable(folder / "minimum-1");
}

void write_problems(const std::filesystem::path& folder, const std::vector<SizeResult>& results) {
  for_each_minimum(results, [&](const std::string& name, const SizeResult& result,
                                const DescribedMinimum& minimum) {
    write_file(folder / (name + ".json"),
               to_json(with_student(result.problem, minimum.found.point.x, result.constraint)));
  });
}

void write_grams(const std::filesystem::path& folder, const std::vector<SizeResult>& results) {
  for_each_minimum(results, [&](const std::string& name, const SizeResult& result,
                                const DescribedMinimum& minimum) {
    const std::filesystem::path file = folder / (name + ".png");
    write_file(file, render_picture(gram_picture(result, minimum), file.string()));
  });
}

/// The minimum that most starts but the global one's end at, or else the first.
std::optional<Picture> picture_of_one(const SizeResult& result) {
  const DescribedMinimum* chosen = nullptr;
  for (const DescribedMinimum& minimum : result.minima)
    if (!chosen || (chosen->standing == Standing::global) ||
        (minimum.standing != Standing::global && minimum.found.count > chosen->found.count))
      chosen = &minimum;
  if (!chosen) throw NumericalError("--gram: no start has ended at a minimum");
  return gram_picture(result, *chosen);
}

ExitCode run_minima(const MinimaOptions& options) {
  check(options);
  std::optional<ExtraPicture> gram;
  if (options.gram) gram = ExtraPicture{"--gram", *options.gram};
  check_delivery(options.common, gram, targets_of(options.checkpoint));
  if (options.output_problems) check_folder(*options.output_problems);
  if (options.output_grams) check_folder(*options.output_grams);

  const std::vector<ProbeOptions> problems = problems_of(options);
  Study study(options);
  std::vector<SizeResult> results;
  Report report;
  std::string objective;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const Landscape landscape = make_landscape(problems[i]);
    if (i == 0) {
      objective = to_text(landscape.choice);
      report = probe_report("minima", problems[i], landscape, own_inputs(options, landscape));
      report.heading.emplace_back(
          "starts", fmt::format("{}, {}", options.runs, report.inputs["start"].get<std::string>()));
      report.heading.emplace_back("search", in_words(options.search, landscape.choice));
      if (options.isotropy) report.heading.emplace_back("within", notation(*options.isotropy));
    }
    auto result = study.run(i, landscape);
    if (!result) return study.end();
    results.push_back(std::move(*result));
  }

  for (Section& section : minima_sections(results, options.common.digits))
    report.sections.push_back(std::move(section));
  if (options.output_problems) write_problems(*options.output_problems, results);
  if (options.output_grams) write_grams(*options.output_grams, results);
  if (gram) gram->plot = picture_of_one(results.back());
  return deliver(report, minima_plot(results, objective), options.common, gram);
}

}  // namespace

Run add_probe_minima(CLI::App& command) {
  auto options = std::make_shared<MinimaOptions>();
  MinimaOptions* o = options.get();
  add_parsed_option(command, "--starts", "N", "so many (100)", [o](const std::string& text) {
    o->runs = parse_whole_number(text, 1, most_runs);
  });
  add_parsed_option(command, "--start", "KIND", "unit, gaussian[:SCALE], orthogonal, near:SCALE",
                    [o](const std::string& text) { o->starts = parse_start_distribution(text); });
  add_search_options(command, o->search);
  add_parsed_option(command, "--dims", "LIST", "6..20 or 6,8: these dimensions in turn, B* = I",
                    [o](const std::string& text) { o->sizes = parse_sizes(text); });
  add_whole_number(command, "--excess", o->excess, 0, largest_size,
                   "student neurons beyond each of --dims (0)");
  add_parsed_option(command, "--isotropy", "GROUP", "only what it fixes: d-1,1 (probe isotropy)",
                    [o](const std::string& text) { o->isotropy = parse_isotropy(text); });
  add_parsed_option(command, "--output-problems", "DIR", "a problem file for each minimum",
                    [o](const std::string& text) { o->output_problems = text; });
  add_parsed_option(command, "--output-grams", "DIR", "a picture of B B*^T for each minimum",
                    [o](const std::string& text) { o->output_grams = text; });
  add_parsed_option(command, "--gram", "FILE", "picture of B B*^T, of the commonest spurious one",
                    [o](const std::string& text) { o->gram = text; });
  add_checkpoint_options(command, o->checkpoint);
  add_probe_options(command, *o);
  command.footer(
      "With --digits N beyond 17 the minima are refined to N digits.\n"
      "Examples:\n"
      "  sigmahat probe minima --dim 6 --starts 200\n"
      "  sigmahat probe minima --dim 4 --objective G:mu=0.05\n"
      "  sigmahat probe minima --dims 6..9 --constraint free --fixed-a --plot -\n"
      "  sigmahat probe minima --dim 20 --constraint free --fixed-a --isotropy d-1,1\n");
  return [options] { return run_minima(*options); };
}

}  // namespace sigmahat::cli
