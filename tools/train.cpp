#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>

#include "command.hpp"
#include "output.hpp"
#include "train_plan.hpp"
#include "train_report.hpp"
#include "train_runs.hpp"

namespace sigmahat::cli {
namespace {

Json inputs_of(const TrainOptions& options, const PlannedRun& first, const Problem& problem) {
  Json inputs;
  describe(options.problem, problem, inputs);
  inputs["preset"] = options.preset.empty() ? Json(nullptr) : Json(options.preset);
  const Json settings = settings_of(first, problem);
  for (const auto& [key, value] : settings.items()) inputs[key] = value;
  inputs["plot_against"] = options.plot_against ? Json(*options.plot_against) : Json(nullptr);
  for (const auto& [key, file] :
       {std::pair{"trajectory", options.trajectory},
        std::pair{"output_problem", options.output_problem},
        std::pair{"checkpoint", options.checkpoint}, std::pair{"resume", options.resume}})
    inputs[key] = file ? Json(file->string()) : Json(nullptr);
  inputs["checkpoint_seconds"] = options.checkpoint_seconds;
  describe(options.common, inputs);
  return inputs;
}

std::string method_in_words(const TrainPlan& plan) {
  const TrainingOptions& training = plan.training;
  std::string text(to_string(training.method));
  if (training.step) text += fmt::format(", step {}", to_text(*training.step));
  if (training.momentum != 0) text += fmt::format(", momentum {}", training.momentum);
  if (!plan.sampling) return text + ", exact gradients";
  return text;
}

std::string samples_in_words(const TrainPlan& plan) {
  const BatchSampling& sampling = *plan.sampling;
  std::string text = fmt::format("{} an iteration, ", sampling.batch);
  text += sampling.data_set == 0 ? "fresh" : fmt::format("of the same {}", sampling.data_set);
  if (sampling.format == FloatFormat::float32) text += ", in float32";
  return text;
}

using Lines = std::vector<std::pair<std::string, std::string>>;

/// What a run does, label and words.
Lines heading_of(const PlannedRun& run, const Problem& problem) {
  const TrainPlan& plan = run.plan;
  Lines lines = describe(problem);
  const auto& sweep = run.options.sweep;
  const bool several_seeds = std::any_of(
      sweep.begin(), sweep.end(), [](const SweepAxis& axis) { return axis.option == "seed"; });
  if (several_seeds)
    for (auto& [label, words] : lines)
      if (const std::size_t at = words.find(" of seed "); label == "student" && at != words.npos)
        words.erase(at, words.find(',', at) - at);
  lines.emplace_back("objective", to_text(plan.objective));
  lines.emplace_back("optimizer", method_in_words(plan));
  if (plan.sampling) {
    lines.emplace_back("samples", samples_in_words(plan));
    lines.emplace_back("labels", labels_in_words(plan));
  }
  lines.emplace_back("constraint", in_words(plan.training.freedom));
  lines.emplace_back("precision", several_seeds
                                      ? fmt::format("{} digits", run.options.common.digits)
                                      : describe_numerics(run.options.common));
  return lines;
}

/// The lines that all of them have: the others are the sweep's.
Lines common_lines(const std::vector<Lines>& headings) {
  Lines lines;
  for (const auto& line : headings.front())
    if (std::all_of(headings.begin(), headings.end(), [&](const Lines& heading) {
          return std::find(heading.begin(), heading.end(), line) != heading.end();
        }))
      lines.push_back(line);
  return lines;
}

Lines sweep_lines(const Sweep& sweep) {
  Lines lines;
  for (const SweepAxis& axis : sweep) lines.emplace_back(axis.option, values_in_words(axis));
  return lines;
}

/// Exit 3 where a run found no way on.
ExitCode verdict_on(const Sweep& sweep, const std::vector<TrainedRun>& runs) {
  ExitCode code = ExitCode::done;
  for (const TrainedRun& run : runs) {
    if (run.outcome != Outcome::diverged && run.outcome != Outcome::stalled) continue;
    std::string which;
    for (std::size_t k = 0; k < sweep.size(); ++k)
      if (sweep[k].option != "seed") which += sweep[k].option + " " + run.settings[k] + ", ";
    std::fputs(fmt::format("sigmahat train: {}seed {}: {} after {} iterations\n", which, run.seed,
                           run.outcome == Outcome::diverged
                               ? "diverged, a number left the range of double,"
                               : "no step improves on the weights",
                           run.trajectory.back().iteration)
                   .c_str(),
               stderr);
    code = ExitCode::numerical_failure;
  }
  return code;
}

void check_outputs(const TrainOptions& options) {
  std::vector<Target> files;
  for (const auto& [name, file] : {std::pair{"--trajectory", options.trajectory},
                                   std::pair{"--output-problem", options.output_problem},
                                   std::pair{"--checkpoint", options.checkpoint}})
    if (file) files.push_back({name, *file});
  const bool many = !options.sweep.empty();
  if (many && options.output_problem)
    throw InputError("--output-problem: of one run, not together with --seeds or --sweep");
  if (options.trajectory) is_npy(options.sweep, *options.trajectory);
  if (options.plot_against) check_plot_axis(options.sweep, *options.plot_against);
  check_delivery(options.common, {}, files);
}

int report_interruption(const RunsEnd& end, std::size_t runs) {
  const std::string of_runs =
      runs == 1 ? std::string() : fmt::format(" of {} runs, {} of them ended", runs, end.ended);
  std::fputs(fmt::format("sigmahat train: interrupted after {} iterations{}; go on with the same "
                         "options and --resume {}\n",
                         end.iterations, of_runs, end.checkpoint.string())
                 .c_str(),
             stderr);
  return 128 + end.signal;
}

/// The lines in force in each setting, from the first of its runs.
Lines heading_of_all(const std::vector<PlannedRun>& planned) {
  std::vector<Lines> headings;
  const auto seed = planned.front().options.common.seed;
  for (const PlannedRun& run : planned)
    if (run.options.common.seed == seed)
      headings.push_back(heading_of(run, make_problem(run.options)));
  return common_lines(headings);
}

Plot plot_of(const TrainOptions& options, const std::vector<PlannedRun>& planned,
             const std::vector<TrainedRun>& runs, const Lines& heading) {
  const bool squared = std::all_of(planned.begin(), planned.end(), [](const PlannedRun& run) {
    return is_squared_distance(run.plan.objective);
  });
  Plot plot = options.plot_against ? ends_plot(options.sweep, runs, *options.plot_against, squared)
                                   : trajectory_plot(options.sweep, runs);
  const auto words = [&](const std::string& label) {
    const auto line = std::find_if(heading.begin(), heading.end(),
                                   [&](const auto& entry) { return entry.first == label; });
    return line == heading.end() ? std::string() : line->second;
  };
  plot.title =
      literal(words("objective").empty() ? "Training" : "Training on " + words("objective"));
  std::vector<std::string> settings;
  for (const char* label : {"optimizer", "samples", "labels", "constraint"})
    if (!words(label).empty())
      settings.push_back((label == std::string("labels") ? "labels " : "") + words(label));
  plot.subtitle = literal(fmt::format("{}", fmt::join(settings, "; ")));
  return plot;
}

ExitCode run_train(const TrainOptions& options) {
  const std::vector<PlannedRun> planned = planned_runs(options);
  check_outputs(options);
  const RunsEnd end = run_all(options, planned);
  if (end.signal != 0) return static_cast<ExitCode>(report_interruption(end, planned.size()));

  const PlannedRun& first = planned.front();
  const Problem problem = make_problem(first.options);
  const std::vector<TrainedRun>& runs = end.runs;
  const std::string trajectory = options.trajectory ? options.trajectory->string() : std::string();
  const Lines heading = heading_of_all(planned);
  Report report{.command = "train",
                .title = "sigmahat train: " + to_text(first.plan.objective),
                .inputs = inputs_of(options, first, problem),
                .heading = heading};
  if (options.sweep.empty()) {
    std::erase_if(report.heading, [](const auto& line) { return line.first == "objective"; });
    const Problem last =
        with_student(problem, runs.front().weights, first.plan.training.freedom.rows);
    report.sections =
        run_sections(runs.front(), last, is_squared_distance(first.plan.objective), trajectory);
    if (options.output_problem) write_file(*options.output_problem, to_json(last));
  } else {
    report.title = fmt::format("sigmahat train: {} runs", runs.size());
    for (auto& line : sweep_lines(options.sweep)) report.heading.push_back(std::move(line));
    report.sections = sweep_sections(options.sweep, runs, trajectory);
  }
  if (options.trajectory)
    write_file(*options.trajectory,
               trajectory_bytes(options.sweep, runs, is_npy(options.sweep, *options.trajectory)));
  deliver(report, plot_of(options, planned, runs, heading), options.common);
  return verdict_on(options.sweep, runs);
}

}  // namespace

Run add_train(CLI::App& command) {
  auto options = std::make_shared<TrainOptions>();
  add_train_options(command, *options);
  add_problem_options(command, options->problem);
  add_common_options(command, options->common, Plots::some);
  command.footer(
      "Examples:\n"
      "  sigmahat train --preset talk/straightforward --exact --plot error.png\n"
      "  sigmahat train --preset talk/f_gamma --dim 10 --trajectory t.csv\n"
      "  sigmahat train --preset talk/abs --dim 20 --exact --seeds 1..10\n"
      "  sigmahat train --dim 4 --optimizer sgd --sweep 'batch=64|256,seed=1..3'\n"
      "  sigmahat train --dim 8 --optimizer trust-region --output-problem end.json\n"
      "  sigmahat train --dim 5 --optimizer sgd --batch 64 --iterations 2000\n"
      "  sigmahat train --dim 5 --constraint free --objective f_gamma:2,4\n");
  return [options] { return run_train(*options); };
}

}  // namespace sigmahat::cli
