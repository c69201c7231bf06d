#pragma once

#include <cstdint>
#include <optional>

#include <CLI/App.hpp>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/objective/evaluation.hpp>

#include "options.hpp"
#include "report.hpp"

namespace sigmahat::cli {

/// Whether an objective is sampled beside its exact value.
struct SamplingOptions {
  std::optional<std::uint64_t> samples;
  bool center = false;
};

void add_sampling_options(CLI::App& command, SamplingOptions& options);
void describe(const SamplingOptions& options, Json& inputs);

/// Throws InputError, naming the option, for an objective that no samples are drawn for.
void check_sampling(const SamplingOptions& options, const ObjectiveChoice& objective);

/// The objective at the problem's student from samples, against its exact value; with the gradient
/// where `exact` has one.
Section sampled_section(const Problem& problem, const EvaluationOptions& evaluation,
                        const SamplingOptions& sampling, const PointEvaluation& exact,
                        const CommonOptions& common);

}  // namespace sigmahat::cli
