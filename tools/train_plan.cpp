#include "train_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>

namespace sigmahat::cli {
namespace {

constexpr std::uint64_t most_iterations = 1'000'000'000;
constexpr std::uint64_t most_samples = 1'000'000'000'000;
/// A step that the loss of fifty neurons still bears, falling until the noise is small.
constexpr std::string_view default_sgd_step = "geometric:0.05,0.001";
constexpr std::string_view default_adam_step = "geometric:0.02,0.0005";
/// Trajectory points of a stochastic run unless said otherwise.
constexpr std::uint64_t points_of_a_trajectory = 500;

/// An experiment of the talk: ReLU labels without noise, B* = I, a known, rows on the sphere. Where
/// the settings of the sampled runs come from stands in docs/experiments.md.
struct Preset {
  std::string_view name;
  std::string_view objective;
  std::string_view student;  ///< activation; the teacher's is relu
  std::string_view a;
  std::uint64_t batch;
  std::string_view step;
  double momentum;
  std::uint64_t iterations;
  std::string_view center;  ///< degrees of the labels that the student cannot have
};
constexpr std::array presets{
    Preset{"talk/straightforward", "f", "relu", "1", 1024, "geometric:0.05,0.001", 0.9, 20'000,
           "none"},
    Preset{"talk/f_gamma", "f_gamma:2,4", "relu", "1", 1024, "geometric:0.5,0.016", 0, 10'000,
           "0,1"},
    Preset{"talk/abs", "f", "abs", "1/2", 1024, "geometric:0.5,0.005", 0, 10'000, "1"},
    Preset{"talk/guarantee", "G:mu=0.05", "relu", "1", 8192, "geometric:0.003,0.0001", 0, 8000,
           "0,1,2"}};

const Preset* find_preset(std::string_view name) {
  const auto found = std::find_if(presets.begin(), presets.end(),
                                  [&](const Preset& preset) { return preset.name == name; });
  return found == presets.end() ? nullptr : &*found;
}

std::uint64_t default_iterations(Method method) {
  switch (method) {
    case Method::sgd:
    case Method::adam:
      return 20'000;
    case Method::gradient_descent:
      return 200'000;
    case Method::lbfgs:
      return 20'000;
    case Method::trust_region:
      return 1000;
  }
  return 0;
}

/// "0,1": degrees that labels can do without, each once; 0 alone where the option stands alone.
std::vector<int> parse_degrees(const std::string& text) {
  if (text.empty()) return {0};
  if (text == "none") return {};
  std::set<int> degrees;
  for (const Rational& k : parse_rational_list(text)) {
    if (denominator(k) != 1 || k < 0 || k > highest_label_degree)
      throw ParseError(
          fmt::format("expected degrees from 0 to {}, not {}", highest_label_degree, to_text(k)));
    degrees.insert(k.convert_to<int>());
  }
  return {degrees.begin(), degrees.end()};
}

void add_method_options(CLI::App& command, TrainOptions& options) {
  add_parsed_option(command, "--optimizer", "NAME", "sgd, adam, gd, lbfgs or trust-region (lbfgs)",
                    [&options](const std::string& text) { options.method = parse_method(text); });
  command.add_flag("--exact", options.exact, "population gradients for sgd and adam");
  add_parsed_option(command, "--iterations,--steps", "N", "at most so many",
                    [&options](const std::string& text) {
                      options.iterations = parse_whole_number(text, 0, most_iterations);
                    });
  add_parsed_option(
      command, "--step", "STEP", "0.1, geometric:0.5,0.01, cosine:H,L, inverse:H,K",
      [&options](const std::string& text) { options.step = parse_step_schedule(text); });
  add_parsed_option(command, "--momentum", "M", "of sgd, below 1 (0)",
                    [&options](const std::string& text) {
                      options.momentum = parse_number(text, 0, 1);
                      if (options.momentum >= 1) throw ParseError("expected a number below 1");
                    });
  add_parsed_option(
      command, "--tolerance", "G", "end at this gradient norm (1e-9)",
      [&options](const std::string& text) { options.tolerance = parse_number(text, 0, 1e100); });
}

void add_sample_options(CLI::App& command, TrainOptions& options) {
  add_parsed_option(command, "--batch", "N", "fresh samples an iteration (1024)",
                    [&options](const std::string& text) {
                      options.batch = parse_whole_number(text, 1, most_samples);
                    });
  add_parsed_option(command, "--center", "[LIST]",
                    "take degrees 0, 1, 2 (0) out of the labels; none",
                    [&options](const std::string& text) { options.center = parse_degrees(text); })
      ->expected(0, 1);
  add_parsed_option(command, "--center-samples", "N", "those estimated from N labels more",
                    [&options](const std::string& text) {
                      options.center_samples = parse_whole_number(text, 1, most_samples);
                    });
  add_parsed_option(command, "--data-set", "N", "batches of the same N samples, not fresh ones",
                    [&options](const std::string& text) {
                      options.data_set = parse_whole_number(text, 1, most_samples);
                    });
  command.add_flag("--float32", options.float32, "draw and sum the samples in single precision");
}

/// What the options say of samples; none where gradients are exact.
std::optional<BatchSampling> make_sampling(const TrainOptions& options, const Preset* preset,
                                           Method method) {
  if (is_stochastic(method) && !options.exact) {
    BatchSampling sampling;
    sampling.batch = options.batch.value_or(preset ? preset->batch : sampling.batch);
    sampling.seed = options.common.seed;
    sampling.data_set = options.data_set;
    sampling.format = options.float32 ? FloatFormat::float32 : FloatFormat::float64;
    return sampling;
  }
  for (const auto& [name, given] :
       {std::pair{"--batch", options.batch.has_value()},
        std::pair{"--center", options.center.has_value()},
        std::pair{"--center-samples", options.center_samples.has_value()},
        std::pair{"--data-set", options.data_set != 0}, std::pair{"--float32", options.float32}})
    if (given)
      throw InputError(
          fmt::format("{}: not with exact gradients; expected --optimizer sgd or adam "
                      "without --exact",
                      name));
  return std::nullopt;
}

/// What decides where a run goes: the options that a sweep can vary, those of the problem and the
/// seed besides.
void add_run_options(CLI::App& command, TrainOptions& options) {
  add_parsed_option(command, "--preset", "NAME", "talk/straightforward, /f_gamma, /abs, /guarantee",
                    [&options](const std::string& text) {
                      if (!find_preset(text)) {
                        std::vector<std::string_view> names;
                        for (const Preset& preset : presets) names.push_back(preset.name);
                        throw ParseError(fmt::format("expected one of {}, not \"{}\"",
                                                     fmt::join(names, ", "), text));
                      }
                      options.preset = text;
                    });
  add_objective_options(command, options.minimised);
  add_method_options(command, options);
  add_sample_options(command, options);
  add_parsed_option(command, "--record", "N", "iterations between points of the trajectory",
                    [&options](const std::string& text) {
                      options.record_every = parse_whole_number(text, 1, most_iterations);
                    });
}

/// A command line that reads the options of a sweep into `options`, and no others.
std::unique_ptr<CLI::App> sweep_command(TrainOptions& options) {
  auto command = std::make_unique<CLI::App>();
  command->set_help_flag();
  add_run_options(*command, options);
  add_problem_options(*command, options.problem);
  add_parsed_option(*command, "--seed", "N", "", [&options](const std::string& text) {
    options.common.seed = parse_whole_number(text, 0, std::numeric_limits<std::uint64_t>::max());
    options.random_start = true;
  });
  return command;
}

std::set<std::string> sweep_options() {
  TrainOptions unused;
  const auto command = sweep_command(unused);
  std::set<std::string> names;
  for (const CLI::Option* option : command->get_options())
    names.insert(option->get_lnames().begin(), option->get_lnames().end());
  return names;
}

/// The options with these values in place of their own, read as on the command line.
TrainOptions with_settings(const TrainOptions& options, const std::vector<std::string>& settings) {
  TrainOptions changed = options;
  std::vector<std::string> arguments;
  for (std::size_t i = settings.size(); i-- > 0;)  // CLI11 reads from the back
    arguments.push_back(fmt::format("--{}={}", options.sweep[i].option, settings[i]));
  try {
    sweep_command(changed)->parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    throw InputError(fmt::format("--sweep: {}", error.what()));
  } catch (const InputError& error) {
    throw InputError(fmt::format("--sweep: {}", error.what()));
  }
  return changed;
}

}  // namespace

void add_train_options(CLI::App& command, TrainOptions& options) {
  add_run_options(command, options);
  add_parsed_option(
      command, "--seeds", "LIST", "a run for each: 1..10 or 3,5,8",
      [&options](const std::string& text) { options.sweep.push_back(parse_seeds(text)); });
  add_parsed_option(command, "--sweep", "LIST", "all runs of step=0.1|0.2,batch=64|256,seed=1..9",
                    [&options](const std::string& text) {
                      const Sweep sweep = parse_sweep(text, sweep_options());
                      options.sweep.insert(options.sweep.begin(), sweep.begin(), sweep.end());
                    });
  add_parsed_option(command, "--plot-against", "OPTION", "--plot the ends against it, of --sweep",
                    [&options](const std::string& text) { options.plot_against = text; });
  add_file(command, "--trajectory", options.trajectory,
           "the whole trajectory: FILE.csv or FILE.npy");
  add_file(command, "--output-problem", options.output_problem, "the end as a problem file");
  add_file(command, "--checkpoint", options.checkpoint,
           "state of the runs, to go on from after an end");
  add_parsed_option(command, "--checkpoint-seconds", "S", "between two checkpoints, at least (5)",
                    [&options](const std::string& text) {
                      options.checkpoint_seconds = parse_number(text, 0, 1e9);
                    });
  add_file(command, "--resume", options.resume, "go on from a checkpoint, same options else");
}

TrainPlan make_plan(const TrainOptions& options) {
  const Preset* preset = find_preset(options.preset);
  // The talk's runs take fresh samples; with --exact they are those of their limit.
  const Method method =
      options.method.value_or(preset && !options.exact ? Method::sgd : Method::lbfgs);
  const bool stochastic = is_stochastic(method);
  if (options.step && (method == Method::lbfgs || method == Method::trust_region))
    throw InputError(fmt::format("--step: not for {}, which finds its steps", to_string(method)));
  if (options.momentum && method != Method::sgd)
    throw InputError("--momentum: for --optimizer sgd alone");

  TrainPlan plan{};
  plan.objective = options.minimised.objective.value_or(preset ? parse_objective(preset->objective)
                                                               : ObjectiveChoice(FullLoss{}));
  TrainingOptions& training = plan.training;
  training.freedom = freedom_of(options.minimised);
  if (preset) training.freedom.trains_a = false;
  training.method = method;
  const bool as_in_preset = preset && method == Method::sgd;
  training.iterations =
      options.iterations.value_or(as_in_preset ? preset->iterations : default_iterations(method));
  training.tolerance = options.tolerance;
  training.step = options.step;
  training.momentum = options.momentum.value_or(as_in_preset ? preset->momentum : 0);
  if (stochastic && !training.step)
    training.step = parse_step_schedule(as_in_preset            ? preset->step
                                        : method == Method::sgd ? default_sgd_step
                                                                : default_adam_step);
  training.record_every = options.record_every.value_or(
      stochastic ? std::max<std::uint64_t>(1, training.iterations / points_of_a_trajectory) : 1);
  plan.sampling = make_sampling(options, preset, method);
  if (plan.sampling)
    plan.center = options.center.value_or(preset ? parse_degrees(std::string(preset->center))
                                                 : std::vector<int>{});
  if (options.center_samples && plan.center.empty())
    throw InputError("--center-samples: expected --center beside it");
  plan.center_samples = options.center_samples;
  return plan;
}

std::vector<PlannedRun> planned_runs(const TrainOptions& options) {
  check_sweep(options.sweep);
  std::vector<PlannedRun> runs;
  for (std::size_t i = 0; i < run_count(options.sweep); ++i) {
    const std::vector<std::size_t> places = combination(options.sweep, i);
    std::vector<std::string> settings;
    for (std::size_t k = 0; k < places.size(); ++k)
      settings.push_back(options.sweep[k].values[places[k]]);
    TrainOptions own = with_settings(options, settings);
    TrainPlan plan = make_plan(own);
    runs.push_back({std::move(settings), std::move(own), std::move(plan)});
  }
  return runs;
}

Problem make_problem(const TrainOptions& options) {
  const std::uint64_t seed = options.common.seed;
  ProblemOptions problem = options.problem;
  if (const Preset* preset = find_preset(options.preset)) {
    if (problem.file) throw InputError("--preset: not together with --problem");
    if (!problem.student_activation) problem.student_activation = parse_activation(preset->student);
    if (!problem.student_a) problem.student_a = std::vector{parse_rational(preset->a)};
  }
  Problem made = make_problem(problem, seed);
  if (problem.file && options.random_start)
    made.student.B = {WeightMatrix::Gaussian{static_cast<int>(made.student.width()),
                                             static_cast<int>(made.dimension()), seed}};
  return made;
}

std::string labels_in_words(const TrainPlan& plan) {
  if (plan.center.empty()) return "whole";
  std::string text = fmt::format("without degree{} {}", plan.center.size() == 1 ? "" : "s",
                                 fmt::join(plan.center, ", "));
  if (plan.center_samples) text += fmt::format(", estimated from {} others", *plan.center_samples);
  return text;
}

Json settings_of(const PlannedRun& run, const Problem& problem) {
  const TrainPlan& plan = run.plan;
  const TrainingOptions& training = plan.training;
  Json settings;
  describe(plan.objective, training.freedom, settings);
  settings["optimizer"] = to_string(training.method);
  const auto& sampling = plan.sampling;
  settings["exact"] = !sampling;
  settings["batch"] = sampling ? json_integer(sampling->batch) : Json(nullptr);
  settings["data_set"] =
      sampling && sampling->data_set != 0 ? json_integer(sampling->data_set) : Json(nullptr);
  settings["float32"] = sampling && sampling->format == FloatFormat::float32;
  settings["center"] = plan.center;
  settings["center_samples"] =
      plan.center_samples ? json_integer(*plan.center_samples) : Json(nullptr);
  settings["iterations"] = training.iterations;
  settings["step"] = training.step ? Json(to_text(*training.step)) : Json(nullptr);
  settings["momentum"] = training.momentum;
  settings["tolerance"] = training.tolerance;
  settings["record"] = training.record_every;
  settings["seed"] = json_integer(run.options.common.seed);
  settings["problem"] = problem_value(problem).json;
  settings["sweep"] = Json::object();
  for (const SweepAxis& axis : run.options.sweep) settings["sweep"][axis.option] = axis.values;
  return settings;
}

}  // namespace sigmahat::cli
