#include "search_options.hpp"

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>

namespace sigmahat::cli {
namespace {

constexpr std::uint64_t most_evaluations = 1'000'000'000'000;
constexpr std::uint64_t most_iterations = 1'000'000'000;
constexpr std::uint64_t most_samples = 1'000'000'000;

double step_of_descent(const SearchChoice& choice) {
  return choice.step ? choice.step->first : SearchOptions().step;
}

SgdOptions sgd_of(const SearchChoice& choice, const ObjectiveChoice& objective) {
  SgdOptions sgd = default_sgd(objective);
  sgd.batch = choice.batch.value_or(sgd.batch);
  sgd.iterations = choice.iterations.value_or(sgd.iterations);
  sgd.step = choice.step.value_or(sgd.step);
  sgd.momentum = choice.momentum.value_or(sgd.momentum);
  return sgd;
}

}  // namespace

void add_search_options(CLI::App& command, SearchChoice& choice) {
  add_parsed_option(
      command, "--search", "NAME", "flow, gd, lbfgs, trust-region or sgd (flow)",
      [&choice](const std::string& text) { choice.method = parse_search_method(text); });
  add_parsed_option(command, "--accuracy", "E", "of a step of the flow (1e-3)",
                    [&choice](const std::string& text) { choice.accuracy = positive(text); });
  add_parsed_option(
      command, "--step", "STEP", "of gd (0.1), sgd: geometric:0.1,0.001 as in train",
      [&choice](const std::string& text) { choice.step = parse_step_schedule(text); });
  add_parsed_option(command, "--batch", "N", "fresh samples an iteration of sgd (256 for f)",
                    [&choice](const std::string& text) {
                      choice.batch = parse_whole_number(text, 1, most_samples);
                    });
  add_parsed_option(command, "--iterations", "N", "of sgd (5000 for f)",
                    [&choice](const std::string& text) {
                      choice.iterations = parse_whole_number(text, 0, most_iterations);
                    });
  add_parsed_option(command, "--momentum", "M", "of sgd, below 1 (0)",
                    [&choice](const std::string& text) {
                      choice.momentum = parse_number(text, 0, 1);
                      if (choice.momentum >= 1) throw ParseError("expected a number below 1");
                    });
  add_parsed_option(command, "--tolerance", "G", "gradient norm at the end (1e-12)",
                    [&choice](const std::string& text) { choice.tolerance = positive(text); });
  add_parsed_option(command, "--evaluations", "N", "gradients a search may take (1e6)",
                    [&choice](const std::string& text) {
                      choice.most_evaluations = parse_whole_number(text, 1, most_evaluations);
                    });
}

void check(const SearchChoice& choice) {
  const SearchMethod method = choice.method;
  if (choice.step && method != SearchMethod::gradient_descent && method != SearchMethod::sgd)
    throw InputError("--step: for --search gd and sgd; the others find their steps");
  if (choice.step && method == SearchMethod::gradient_descent &&
      choice.step->shape != StepSchedule::Shape::constant)
    throw InputError("--step: gd has one step; expected a number");
  for (const auto& [name, given] : {std::pair{"--batch", choice.batch.has_value()},
                                    std::pair{"--iterations", choice.iterations.has_value()},
                                    std::pair{"--momentum", choice.momentum.has_value()}})
    if (given && method != SearchMethod::sgd)
      throw InputError(fmt::format("{}: for --search sgd alone", name));
}

SearchOptions search_options(const SearchChoice& choice, const Landscape& landscape,
                             std::uint64_t seed) {
  SearchOptions search;
  search.freedom = landscape.freedom;
  search.method = choice.method;
  search.flow_accuracy = choice.accuracy;
  search.tolerance = choice.tolerance;
  search.most_evaluations = choice.most_evaluations;
  search.step = step_of_descent(choice);
  if (choice.method != SearchMethod::sgd) return search;
  search.sgd = sgd_of(choice, landscape.choice);
  try {
    search.sgd.batches = fresh_batches(landscape.choice, landscape.values, landscape.freedom.rows,
                                       search.sgd.batch, seed);
  } catch (const InputError& error) {
    throw InputError(fmt::format("--search sgd: {}", error.what()));
  }
  return search;
}

void describe(const SearchChoice& choice, const ObjectiveChoice& objective, Json& inputs) {
  inputs["search"] = to_string(choice.method);
  inputs["accuracy"] = choice.accuracy;
  for (const char* key : {"step", "batch", "iterations", "momentum"}) inputs[key] = nullptr;
  if (choice.method == SearchMethod::gradient_descent)
    inputs["step"] = to_text(StepSchedule{.first = step_of_descent(choice)});
  if (choice.method == SearchMethod::sgd) {
    const SgdOptions sgd = sgd_of(choice, objective);
    inputs["step"] = to_text(sgd.step);
    inputs["batch"] = json_integer(sgd.batch);
    inputs["iterations"] = json_integer(sgd.iterations);
    inputs["momentum"] = sgd.momentum;
  }
  inputs["tolerance"] = choice.tolerance;
  inputs["evaluations"] = json_integer(choice.most_evaluations);
}

std::string in_words(const SearchChoice& choice, const ObjectiveChoice& objective) {
  switch (choice.method) {
    case SearchMethod::flow:
      return fmt::format("gradient flow to {:g} a step, then Newton", choice.accuracy);
    case SearchMethod::gradient_descent:
      return fmt::format("gradient descent of step {:g}, then Newton", step_of_descent(choice));
    case SearchMethod::lbfgs:
      return "L-BFGS, then Newton";
    case SearchMethod::trust_region:
      return "trust region, then Newton";
    case SearchMethod::sgd: {
      const SgdOptions sgd = sgd_of(choice, objective);
      return fmt::format("{} batches of {} samples, step {}, then Newton", sgd.iterations,
                         sgd.batch, to_text(sgd.step));
    }
  }
  return "";
}

}  // namespace sigmahat::cli
