#include "train_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
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
constexpr std::uint64_t most_seeds = 10'000;
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
  std::string_view step;
  double momentum;
  std::uint64_t iterations;
  std::string_view center;  ///< degrees of the labels that the student cannot have
};
constexpr std::array presets{
    Preset{"talk/straightforward", "f", "relu", "1", "geometric:0.05,0.001", 0.9, 20'000, "none"},
    Preset{"talk/f_gamma", "f_gamma:2,4", "relu", "1", "geometric:0.5,0.016", 0, 10'000, "0,1"},
    Preset{"talk/abs", "f", "abs", "1/2", "geometric:0.5,0.005", 0, 10'000, "1"},
    Preset{"talk/guarantee", "G:mu=0.05", "relu", "1", "geometric:0.02,0.0005", 0, 20'000, "0"}};

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

/// "1..10" or "3,5,8".
std::vector<std::uint64_t> parse_seeds(const std::string& text) {
  constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::uint64_t> seeds;
  if (const std::size_t dots = text.find(".."); dots != std::string::npos) {
    const std::uint64_t first = parse_whole_number(text.substr(0, dots), 0, largest);
    const std::uint64_t last = parse_whole_number(text.substr(dots + 2), first, largest);
    if (last - first >= most_seeds)
      throw ParseError(fmt::format("expected at most {} seeds", most_seeds));
    for (std::uint64_t seed = first; seed != last; ++seed) seeds.push_back(seed);
    seeds.push_back(last);
    return seeds;
  }
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    seeds.push_back(parse_whole_number(text.substr(begin, comma - begin), 0, largest));
    begin = comma + 1;
  }
  return seeds;
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
  add_parsed_option(command, "--data-set", "N", "batches of the same N samples, not fresh ones",
                    [&options](const std::string& text) {
                      options.data_set = parse_whole_number(text, 1, most_samples);
                    });
  command.add_flag("--float32", options.float32, "draw and sum the samples in single precision");
}

/// What the options say of samples; none where gradients are exact.
std::optional<BatchSampling> make_sampling(const TrainOptions& options, Method method) {
  if (is_stochastic(method) && !options.exact) {
    BatchSampling sampling;
    sampling.batch = options.batch.value_or(sampling.batch);
    sampling.data_set = options.data_set;
    sampling.format = options.float32 ? FloatFormat::float32 : FloatFormat::float64;
    return sampling;
  }
  for (const auto& [name, given] :
       {std::pair{"--batch", options.batch.has_value()},
        std::pair{"--center", options.center.has_value()},
        std::pair{"--data-set", options.data_set != 0}, std::pair{"--float32", options.float32}})
    if (given)
      throw InputError(
          fmt::format("{}: not with exact gradients; expected --optimizer sgd or adam "
                      "without --exact",
                      name));
  return std::nullopt;
}

}  // namespace

void add_train_options(CLI::App& command, TrainOptions& options) {
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
  add_parsed_option(command, "--seeds", "LIST", "a run for each: 1..10 or 3,5,8",
                    [&options](const std::string& text) { options.seeds = parse_seeds(text); });
  add_parsed_option(command, "--record", "N", "iterations between points of the trajectory",
                    [&options](const std::string& text) {
                      options.record_every = parse_whole_number(text, 1, most_iterations);
                    });
  add_file(command, "--trajectory", options.trajectory,
           "the whole trajectory: FILE.csv or FILE.npy");
  add_file(command, "--output-problem", options.output_problem, "the end as a problem file");
  add_file(command, "--checkpoint", options.checkpoint,
           "state of the run, to go on from after an end");
  add_parsed_option(command, "--checkpoint-seconds", "S", "between two checkpoints (5)",
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
  plan.sampling = make_sampling(options, method);
  if (plan.sampling)
    plan.center = options.center.value_or(preset ? parse_degrees(std::string(preset->center))
                                                 : std::vector<int>{});
  plan.many_seeds = !options.seeds.empty();
  plan.seeds = plan.many_seeds ? options.seeds : std::vector{options.common.seed};
  if (plan.many_seeds)
    for (const auto& [name, file] :
         {std::pair{"--checkpoint", options.checkpoint}, std::pair{"--resume", options.resume},
          std::pair{"--output-problem", options.output_problem}})
      if (file) throw InputError(fmt::format("{}: not together with --seeds", name));
  return plan;
}

Problem make_problem(const TrainOptions& options, std::uint64_t seed) {
  ProblemOptions problem = options.problem;
  if (const Preset* preset = find_preset(options.preset)) {
    if (problem.file) throw InputError("--preset: not together with --problem");
    if (!problem.student_activation) problem.student_activation = parse_activation(preset->student);
    if (!problem.student_a) problem.student_a = std::vector{parse_rational(preset->a)};
  }
  Problem made = make_problem(problem, seed);
  // Of a file's problem a seed means a random start; without it, the file's student is the start.
  if (problem.file && !options.seeds.empty())
    made.student.B = {WeightMatrix::Gaussian{static_cast<int>(made.student.width()),
                                             static_cast<int>(made.dimension()), seed}};
  return made;
}

Json settings_of(const TrainPlan& plan, const Problem& problem, std::uint64_t seed) {
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
  settings["iterations"] = training.iterations;
  settings["step"] = training.step ? Json(to_text(*training.step)) : Json(nullptr);
  settings["momentum"] = training.momentum;
  settings["tolerance"] = training.tolerance;
  settings["record"] = training.record_every;
  settings["seed"] = json_integer(seed);
  settings["problem"] = Json::parse(to_json(problem));
  return settings;
}

}  // namespace sigmahat::cli
