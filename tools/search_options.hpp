#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <CLI/App.hpp>

#include <sigmahat/landscape/minima.hpp>

#include "probe_options.hpp"

namespace sigmahat::cli {

/// How probes search minima.
struct SearchChoice {
  SearchMethod method = SearchMethod::flow;
  double accuracy = 1e-3;            ///< of a step of the flow
  std::optional<StepSchedule> step;  ///< of gd and sgd; none: the method's own
  std::optional<double> momentum;
  std::optional<std::uint64_t> batch, iterations;  ///< of sgd
  double tolerance = 1e-12;
  std::uint64_t most_evaluations = 1'000'000;
};

void add_search_options(CLI::App& command, SearchChoice& choice);

/// Throws InputError for options that do not go together.
void check(const SearchChoice& choice);

/// As the library takes it. Throws InputError, naming the option, for an objective that cannot be
/// sampled where the search samples.
SearchOptions search_options(const SearchChoice& choice, const Landscape& landscape,
                             std::uint64_t seed);

/// Inputs of a report, and what a checkpoint must have been asked for.
void describe(const SearchChoice& choice, const ObjectiveChoice& objective, Json& inputs);
/// "gradient flow to 0.001 a step, then Newton".
std::string in_words(const SearchChoice& choice, const ObjectiveChoice& objective);

}  // namespace sigmahat::cli
