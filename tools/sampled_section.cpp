#include "sampled_section.hpp"

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>
#include <sigmahat/sampling/sampled_objective.hpp>

namespace sigmahat::cli {
namespace {

constexpr std::uint64_t most_samples = 1'000'000'000'000'000;

struct Findings {
  SampledMean value;
  /// Of the objectives that are expectations of y φ(B, x).
  std::optional<SampledEvaluation> evaluation;
};

Findings sample_loss(const Problem& problem, SampleOptions options, std::uint64_t samples) {
  options.counts = {samples};
  const SampledTheorem sampled = sample_theorem(at_precision<double>(problem), 0, -1, options);
  return {sampled.loss.back(), {}};
}

Findings sample_polynomial(const Problem& problem, const EvaluationOptions& evaluation,
                           const SamplingOptions& options, ObjectiveSampling sampling) {
  const ProblemValues<double> values = at_precision<double>(problem);
  const NetworkValues<double>& teacher = values.teacher;
  const SampledObjective objective(
      *polynomial_terms<double>(evaluation.objective, teacher.activation, evaluation.digits),
      teacher.activation, second_moment(teacher));
  sampling.wanted = {.gradient = evaluation.gradient,
                     .tangential = evaluation.freedom.rows == Constraint::sphere,
                     .standard_error = true,
                     .gradient_errors = evaluation.gradient};
  if (options.center) sampling.offset = expected_label(teacher);
  SampledEvaluation sampled =
      sample_objective(teacher, values.noise_variance, objective,
                       student_weights<double>(problem, evaluation.freedom.rows).B, sampling);
  return {{sampled.samples, sampled.value, *sampled.standard_error}, std::move(sampled)};
}

Matrix<double> rows_of(const PointEvaluation::Gradient& gradient) {
  const auto rows = static_cast<Eigen::Index>(gradient.B.size());
  Matrix<double> result(rows, static_cast<Eigen::Index>(gradient.B.front().size()));
  for (Eigen::Index i = 0; i < rows; ++i)
    for (Eigen::Index k = 0; k < result.cols(); ++k)
      result(i, k) = from_enclosure<double>(
          gradient.B[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)]);
  return result;
}

}  // namespace

void add_sampling_options(CLI::App& command, SamplingOptions& options) {
  add_parsed_option(command, "--samples", "N", "beside it an estimate from samples (none)",
                    [&options](const std::string& text) {
                      options.samples = parse_whole_number(text, 2, most_samples);
                    });
  command.add_flag("--center", options.center, "subtract E[y] from the labels: less variance");
}

void describe(const SamplingOptions& options, Json& inputs) {
  inputs["samples"] = options.samples ? json_integer(*options.samples) : Json(nullptr);
  inputs["center"] = options.center;
}

void check_sampling(const SamplingOptions& options, const ObjectiveChoice& objective) {
  const bool full = std::holds_alternative<FullLoss>(objective);
  if (options.center && (full || !options.samples))
    throw InputError(full ? "--center: f is a mean of the labels themselves"
                          : "--center: there are no samples; expected --samples N");
  if (options.samples && !full && is_squared_distance(objective))
    throw InputError(
        fmt::format("--samples: {} is not sampled; expected f, G, gadget, penalty or whitened",
                    to_text(objective)));
}

Section sampled_section(const Problem& problem, const EvaluationOptions& evaluation,
                        const SamplingOptions& sampling, const PointEvaluation& exact,
                        const CommonOptions& common) {
  const std::uint64_t samples = *sampling.samples;
  ProgressBar bar("samples", samples, progress_mode(common));
  const auto& [value, sampled] =
      std::holds_alternative<FullLoss>(evaluation.objective)
          ? sample_loss(problem, {{}, common.seed, common.threads, bar.callback()}, samples)
          : sample_polynomial(problem, evaluation, sampling,
                              {.samples = samples,
                               .seed = common.seed,
                               .threads = common.threads,
                               .progress = bar.callback()});
  const double z = z_score(value, from_enclosure<double>(exact.value),
                           exact.value.error_bound.convert_to<double>());
  Section section{
      .title = "Sampled",
      .fields = {{"sampled.value", "estimate", measured(value.mean, value.standard_error),
                  fmt::format("{} samples", value.samples)},
                 {"sampled.samples", "", whole(value.samples), "", Audience::programs},
                 {"sampled.standard_error", "standard error", rounded(value.standard_error, 2)},
                 {"sampled.z", "z", fixed(z, 2), "(estimate - exact) / standard error"}}};
  if (!sampled || !exact.gradient) return section;
  const GradientDistance distance = distance_from(*sampled, rows_of(*exact.gradient));
  section.fields.push_back({"sampled.gradient_norm", "gradient's norm",
                            measured(sampled->gradient.norm(), distance.expected)});
  section.fields.push_back(
      {"sampled.gradient_distance", "from the exact one", rounded(distance.distance, 3)});
  section.fields.push_back({"sampled.expected_distance", "to be expected",
                            rounded(distance.expected, 3), "from the entries' standard errors"});
  return section;
}

}  // namespace sigmahat::cli
