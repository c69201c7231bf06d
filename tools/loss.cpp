#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/evaluation.hpp>

#include "command.hpp"
#include "loss_degrees.hpp"
#include "loss_derivatives.hpp"
#include "problem_options.hpp"
#include "sampled_section.hpp"

namespace sigmahat::cli {
namespace {

struct LossOptions {
  CommonOptions common;
  ProblemOptions problem;
  std::optional<int> degree_terms;
  bool exact = false;
  EvaluationOptions evaluation;
  SamplingOptions sampling;
};

/// Degrees of the table: all that the objective names, and eight at least of one without an end.
int table_degree(const LossOptions& options) {
  constexpr int default_degree = 8;
  if (options.degree_terms) return *options.degree_terms;
  const ObjectiveChoice& objective = options.evaluation.objective;
  if (const auto* designed = std::get_if<DesignedLoss>(&objective))
    return std::max(default_degree, *designed->degrees.rbegin());
  if (const auto* weighted = std::get_if<DegreeLoss>(&objective))
    return weighted->weights.rbegin()->first;
  return default_degree;
}

struct Findings {
  PointEvaluation loss;
  std::optional<DegreeFindings> degrees;  // of squared distances
};

DegreeFindings find_degrees(const Problem& problem, const LossOptions& options,
                            const PointEvaluation& loss) {
  SeriesOptions series;
  series.objective = options.evaluation.objective;
  series.digits = options.common.digits;
  series.threads = options.common.threads;
  series.max_degree = table_degree(options);
  DegreeFindings findings{population_loss_series(problem, series), {}, {}};
  if (loss.method.find("series") != std::string::npos) {
    series.max_degree.reset();
    findings.series = population_loss_series(problem, series);
  }
  if (options.exact) findings.exact = exact_loss(problem, series.objective, table_degree(options));
  return findings;
}

Findings find(const Problem& problem, const LossOptions& options) {
  const ElapsedTime time("loss", progress_mode(options.common));
  EvaluationOptions evaluation = options.evaluation;
  evaluation.digits = options.common.digits;
  evaluation.threads = options.common.threads;
  Findings findings{evaluate(problem, evaluation), {}};
  // The degree terms of free rows, whose lengths count with each degree, are their objective
  // itself.
  const bool has_table = !std::holds_alternative<DegreeLoss>(evaluation.objective) ||
                         evaluation.freedom.rows == Constraint::sphere;
  if (is_squared_distance(evaluation.objective) && has_table)
    findings.degrees = find_degrees(problem, options, findings.loss);
  return findings;
}

Json inputs_of(const LossOptions& options, const Problem& problem) {
  const EvaluationOptions& evaluation = options.evaluation;
  Json inputs;
  describe(options.problem, problem, inputs);
  inputs["objective"] = to_text(evaluation.objective);
  inputs["constraint"] = evaluation.freedom.rows == Constraint::sphere ? "sphere" : "free";
  inputs["fixed_a"] = !evaluation.freedom.trains_a;
  inputs["gradient"] = evaluation.gradient;
  inputs["hessian"] = evaluation.hessian;
  inputs["degree_terms"] = table_degree(options);
  inputs["exact"] = options.exact;
  describe(options.sampling, inputs);
  describe(options.common, inputs);
  return inputs;
}

/// The loss in symbols, or why there is none.
std::vector<Field> exact_fields(const ExactLoss& exact) {
  constexpr std::size_t longest_text = 1500, longest_latex = 4000;
  Value because = absent("");
  if (!exact.value) because = word(exact.value_absent_because);
  return {{"exact", "exactly", readable_symbol(exact.value, longest_text, longest_latex), "",
           exact.value ? Audience::everyone : Audience::programs},
          {"latex", "", latex_source(exact.value), "", Audience::programs},
          {"not_exact_because", "not exact", std::move(because), "",
           exact.value ? Audience::programs : Audience::everyone}};
}

Section summary_section(const Problem& problem, const Findings& findings,
                        const LossOptions& options) {
  const PointEvaluation& loss = findings.loss;
  const int digits = options.common.digits;
  // G and the gadgets are no distances: nothing keeps their values above a constant.
  const bool distance = is_squared_distance(options.evaluation.objective);
  const Audience of_constant = distance ? Audience::everyone : Audience::programs;
  const Enclosure noise =
      to_enclosure(from_rational<Interval>(problem.noise_variance), Status::exact);
  Section section{
      .title = "",
      .fields = {
          {"value", distance ? "loss" : "value", certified(loss.value, digits), loss.method},
          {"constant", "no student can remove", certified(loss.constant, digits), "", of_constant},
          {"above_constant", "above that", certified(loss.above_constant, digits), "", of_constant},
          {"noise_variance", "noise variance", certified(noise, digits)},
          {"method", "", word(loss.method), "", Audience::programs}}};
  if (!findings.degrees) return section;
  if (findings.degrees->exact)
    for (Field& field : exact_fields(*findings.degrees->exact))
      section.fields.push_back(std::move(field));
  section.fields.push_back({"remainder", "",
                            certified(remainder_of(loss, *findings.degrees), digits), "",
                            Audience::programs});
  return section;
}

ExitCode run_loss(const LossOptions& options) {
  const EvaluationOptions& evaluation = options.evaluation;
  if (options.exact && !is_squared_distance(evaluation.objective))
    throw InputError("--exact: expected the objective f, f_gamma, degree or weights, not " +
                     to_text(evaluation.objective));
  const Problem problem = make_problem(options.problem, options.common.seed);
  check_sampling(options.sampling, evaluation.objective);
  check_delivery(options.common);
  const int digits = options.common.digits;
  const PrecisionScope precision(digits + guard_digits);
  const Findings findings = naming_file(options.problem, [&] { return find(problem, options); });
  const auto& degrees = findings.degrees;

  const bool full = std::holds_alternative<FullLoss>(evaluation.objective);
  Report report{.command = "loss",
                .title = full ? "sigmahat loss: f(a,B) = E|y - ŷ|²"
                              : "sigmahat loss: " + to_text(evaluation.objective),
                .inputs = inputs_of(options, problem),
                .heading = describe(problem)};
  report.heading.emplace_back("precision", describe_numerics(options.common));
  report.sections.push_back(summary_section(problem, findings, options));
  if (degrees)
    report.sections.push_back(degree_section(problem, evaluation.objective, findings.loss, *degrees,
                                             table_degree(options), digits));
  for (Section& section : derivative_sections(findings.loss, evaluation, digits))
    report.sections.push_back(std::move(section));
  if (options.sampling.samples)
    report.sections.push_back(
        sampled_section(problem, evaluation, options.sampling, findings.loss, options.common));
  return deliver(
      report,
      degrees ? std::optional(degree_plot(degrees->table, evaluation.objective)) : std::nullopt,
      options.common);
}

}  // namespace

Run add_loss(CLI::App& command) {
  auto options = std::make_shared<LossOptions>();
  add_parsed_option(command, "--degree-terms", "K", "highest degree of the table (8)",
                    [options = options.get()](const std::string& text) {
                      options->degree_terms =
                          static_cast<int>(parse_whole_number(text, 0, max_supported_degree));
                    });
  command.add_flag("--exact", options->exact, "symbols for all that is exact, also in LaTeX");
  EvaluationOptions& evaluation = options->evaluation;
  add_parsed_option(
      command, "--objective", "OBJECTIVE", "f, f_gamma:2,4, degree:4, G:mu=0.05 ... (f)",
      [&evaluation](const std::string& text) { evaluation.objective = parse_objective(text); });
  add_parsed_option(
      command, "--constraint", "C", "rows of the student: sphere or free (sphere)",
      [&evaluation](const std::string& text) { evaluation.freedom.rows = parse_constraint(text); });
  command.add_flag("--gradient", evaluation.gradient, "the gradient, every entry with its bound");
  command.add_flag("--hessian", evaluation.hessian, "the eigenvalues of the Hessian");
  command.add_flag_callback(
      "--fixed-a", [&evaluation] { evaluation.freedom.trains_a = false; },
      "differentiate in the rows alone");
  add_sampling_options(command, options->sampling);
  add_problem_options(command, options->problem);
  add_common_options(command, options->common, Plots::some);
  command.footer(
      "Examples:\n"
      "  sigmahat loss --problem data/problems/small_relu.json --degree-terms 6\n"
      "  sigmahat loss --problem data/problems/small_relu.json --exact\n"
      "  sigmahat loss --problem data/problems/small_relu.json --gradient --hessian\n"
      "  sigmahat loss --dim 20 --objective f_gamma:2,4 --plot degrees.png\n"
      "  sigmahat loss --dim 20 --student-activation abs --a 1/2 --digits 30\n"
      "  sigmahat loss --dim 10 --objective G:mu=0.05 --samples 1e5 --gradient\n");
  return [options] { return run_loss(*options); };
}

}  // namespace sigmahat::cli
