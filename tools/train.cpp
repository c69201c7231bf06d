#include <chrono>
#include <fstream>
#include <memory>
#include <mutex>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/objective/fast_objective.hpp>

#include "command.hpp"
#include "output.hpp"
#include "train_plan.hpp"
#include "train_report.hpp"

namespace sigmahat::cli {
namespace {

constexpr const char* default_checkpoint = "sigmahat-train.checkpoint";

std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) throw IoError(file.string() + ": cannot be read");
  return text.str();
}

/// One run, from problem to end.
struct Experiment {
  Problem problem;
  ProblemValues<double> values;
  std::unique_ptr<Objective<double>> objective;
  Json settings;
  std::unique_ptr<StochasticObjective> sampled;  ///< none: exact gradients
  std::unique_ptr<Training> training;

  Experiment(const TrainPlan& plan, Problem from, std::uint64_t seed, int threads)
      : problem(std::move(from)),
        values(at_precision<double>(problem)),
        objective(make_fast_objective(plan.objective, values, plan.training.freedom.rows, threads)),
        settings(settings_of(plan, problem, seed)),
        sampled(make_sampled(plan, seed, threads)),
        training(std::make_unique<Training>(
            *objective, student_weights<double>(problem, plan.training.freedom.rows),
            values.teacher.B, plan.training, sampled.get())) {}

  std::unique_ptr<StochasticObjective> make_sampled(const TrainPlan& plan, std::uint64_t seed,
                                                    int threads) const {
    if (!plan.sampling) return nullptr;
    BatchSampling sampling = *plan.sampling;
    sampling.seed = seed;
    sampling.threads = threads;
    sampling.center = label_degrees(values.teacher, plan.center);
    return make_stochastic_objective(plan.objective, values, plan.training.freedom.rows, sampling);
  }

  TrainedRun ended(std::uint64_t seed, Outcome outcome) const {
    return {seed, outcome, objective->constant(), training->weights(), training->trajectory()};
  }
};

void resume(Experiment& experiment, const std::filesystem::path& file) {
  try {
    const StoredCheckpoint stored = parse_checkpoint(read_file(file));
    const Json then = Json::parse(stored.settings, nullptr, false);
    for (const auto& [key, value] : experiment.settings.items())
      if (!then.is_object() || !then.contains(key) || then[key] != value)
        throw InputError(
            fmt::format("the run had another {}{}", key,
                        key == "problem" || !then.contains(key)
                            ? std::string()
                            : fmt::format(": {}, not {}", then[key].dump(), value.dump())));
    experiment.training->resume(stored.checkpoint);
  } catch (const InputError& error) {
    throw InputError(fmt::format("--resume {}: {}", file.string(), error.what()));
  }
}

/// Runs with a bar on stderr, a checkpoint now and then, and one where a signal ends it.
struct WatchedRun {
  Outcome outcome;
  int signal;
};
WatchedRun run_watched(Experiment& experiment, const TrainPlan& plan, const TrainOptions& options) {
  const SignalNote note;
  ProgressBar bar("iterations", plan.training.iterations, progress_mode(options.common));
  const auto save = [&](const std::filesystem::path& file) {
    write_file(file, to_json(experiment.training->checkpoint(), experiment.settings.dump()));
  };
  using Clock = std::chrono::steady_clock;
  const auto between_checkpoints = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(options.checkpoint_seconds));
  auto next_checkpoint = Clock::now() + between_checkpoints;
  const Outcome outcome = experiment.training->run([&](const Training& training) {
    bar.update(training.iteration(),
               [&] { return fmt::format("loss {:.3g}", training.trajectory().back().loss); });
    if (options.checkpoint && Clock::now() >= next_checkpoint) {
      save(*options.checkpoint);
      next_checkpoint = Clock::now() + between_checkpoints;
    }
    return note.signal() == 0;
  });
  if (outcome == Outcome::interrupted) save(options.checkpoint.value_or(default_checkpoint));
  return {outcome, note.signal()};
}

std::vector<TrainedRun> run_all(const TrainPlan& plan, const TrainOptions& options) {
  const ElapsedTime time("training", progress_mode(options.common));
  std::vector<TrainedRun> runs(plan.seeds.size());
  // A run on each core: within a run there is less to share.
  for_each_block(plan.seeds.size(), options.common.threads, [&](std::size_t i) {
    const std::uint64_t seed = plan.seeds[i];
    Experiment experiment(plan, make_problem(options, seed), seed, 1);
    const Outcome outcome = experiment.training->run();
    runs[i] = experiment.ended(seed, outcome);
  });
  return runs;
}

Json inputs_of(const TrainOptions& options, const TrainPlan& plan, const Problem& problem) {
  Json inputs;
  describe(options.problem, problem, inputs);
  inputs["preset"] = options.preset.empty() ? Json(nullptr) : Json(options.preset);
  const Json settings = settings_of(plan, problem, options.common.seed);
  for (const auto& [key, value] : settings.items()) inputs[key] = value;
  Json seeds = Json::array();
  for (const std::uint64_t seed : plan.seeds) seeds.push_back(json_integer(seed));
  inputs["seeds"] = std::move(seeds);
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
  if (!plan.center.empty())
    text += fmt::format(", labels without degree{} {}", plan.center.size() == 1 ? "" : "s",
                        fmt::join(plan.center, ", "));
  return text;
}

/// Exit 3 where a run found no way on.
ExitCode verdict_on(const std::vector<TrainedRun>& runs) {
  ExitCode code = ExitCode::done;
  for (const TrainedRun& run : runs) {
    if (run.outcome != Outcome::diverged && run.outcome != Outcome::stalled) continue;
    std::fputs(fmt::format("sigmahat train: seed {}: {} after {} iterations\n", run.seed,
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

void check_files(const TrainOptions& options) {
  std::vector<Target> files;
  for (const auto& [name, file] : {std::pair{"--trajectory", options.trajectory},
                                   std::pair{"--output-problem", options.output_problem},
                                   std::pair{"--checkpoint", options.checkpoint}})
    if (file) files.push_back({name, *file});
  if (options.trajectory) is_npy(*options.trajectory);
  check_delivery(options.common, {}, files);
}

ExitCode run_train(const TrainOptions& options) {
  const TrainPlan plan = make_plan(options);
  const Problem problem = make_problem(options, plan.seeds.front());
  check_files(options);

  std::vector<TrainedRun> runs;
  if (plan.many_seeds) {
    runs = run_all(plan, options);
  } else {
    const std::uint64_t seed = plan.seeds.front();
    Experiment experiment(plan, problem, seed, options.common.threads);
    if (options.resume) resume(experiment, *options.resume);
    const WatchedRun watched = run_watched(experiment, plan, options);
    if (watched.outcome == Outcome::interrupted) {
      const std::string file =
          options.checkpoint ? options.checkpoint->string() : std::string(default_checkpoint);
      std::fputs(fmt::format("sigmahat train: interrupted after {} iterations; go on with the same "
                             "options and --resume {}\n",
                             experiment.training->iteration(), file)
                     .c_str(),
                 stderr);
      return static_cast<ExitCode>(128 + watched.signal);
    }
    runs.push_back(experiment.ended(seed, watched.outcome));
  }

  const Constraint rows = plan.training.freedom.rows;
  const Problem end = with_student(problem, runs.front().weights, rows);
  const std::string objective = to_text(plan.objective);
  Report report{.command = "train",
                .title = "sigmahat train: " + objective,
                .inputs = inputs_of(options, plan, problem),
                .heading = describe(problem)};
  report.heading.emplace_back("optimizer", method_in_words(plan));
  if (plan.sampling) report.heading.emplace_back("samples", samples_in_words(plan));
  report.heading.emplace_back("constraint", in_words(plan.training.freedom));
  report.heading.emplace_back("precision", describe_numerics(options.common));
  if (plan.many_seeds) report.sections.push_back(runs_section(runs));
  const bool distance = is_squared_distance(plan.objective);
  for (Section& section :
       run_sections(runs.front(), end, distance,
                    options.trajectory ? options.trajectory->string() : std::string()))
    report.sections.push_back(std::move(section));

  if (options.trajectory)
    write_file(*options.trajectory, trajectory_bytes(runs, is_npy(*options.trajectory)));
  if (options.output_problem) write_file(*options.output_problem, to_json(end));
  deliver(report, trajectory_plot(runs, "Training on " + objective), options.common);
  return verdict_on(runs);
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
      "  sigmahat train --dim 8 --optimizer trust-region --output-problem end.json\n"
      "  sigmahat train --dim 5 --optimizer sgd --batch 64 --iterations 2000\n"
      "  sigmahat train --dim 5 --constraint free --objective f_gamma:2,4\n");
  return [options] { return run_train(*options); };
}

}  // namespace sigmahat::cli
