#include <memory>

#include <fmt/format.h>

#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/evaluation.hpp>
#include <sigmahat/objective/population_loss.hpp>

#include "command.hpp"
#include "problem_options.hpp"
#include "sampled_section.hpp"

namespace sigmahat::cli {
namespace {

struct LossOptions {
  CommonOptions common;
  ProblemOptions problem;
  int degree_terms = 8;
  EvaluationOptions evaluation;
  SamplingOptions sampling;
};

Enclosure squared(const Enclosure& x) {
  return to_enclosure(square(to_interval(x)), x.status);
}

/// What the degrees beyond the table add to the loss.
Enclosure remainder_of(const PointEvaluation& loss, const SeriesLoss& series) {
  return to_enclosure(Interval(to_interval(loss.value) - to_interval(series.partial_sum)),
                      weaker(loss.value.status, series.partial_sum.status));
}

/// The degree terms, and below them what makes their sum the loss.
Table degree_table(const Problem& problem, const PointEvaluation& loss, const SeriesLoss& series,
                   const Enclosure& noise_variance, int digits) {
  using Align = Column::Align;
  const bool same = problem.teacher.activation == problem.student.activation;
  const auto machine = [](const char* key) {
    return Column{
        .key = key, .label = key, .latex = "", .audience = Audience::programs, .certified = true};
  };
  Table table{
      "degree_terms",
      {{"k", "k", "$k$", Align::right},
       {.key = "coefficient_squared",
        .label = "σ_k²",
        .latex = "$\\hat\\sigma_k^2$",
        .align = Align::point,
        .audience = same ? Audience::everyone : Audience::programs,
        .certified = true},
       machine("teacher_coefficient"),
       machine("student_coefficient"),
       {.key = "f_k", .label = "f_k", .latex = "$f_k$", .align = Align::point, .certified = true},
       {.key = "contribution",
        .label = same ? "σ_k² f_k" : "contribution",
        .latex = same ? "$\\hat\\sigma_k^2 f_k$" : "contribution",
        .align = Align::point,
        .certified = true}},
      {}};
  for (const DegreeTerm& term : series.degree_terms)
    table.rows.push_back(
        {{whole(static_cast<std::uint64_t>(term.degree)),
          same ? certified(squared(term.teacher_coefficient), digits) : absent(""),
          certified(term.teacher_coefficient, digits), certified(term.student_coefficient, digits),
          certified(term.f_k, digits), certified(term.contribution, digits)}});
  const std::string beyond = fmt::format("> {}", series.degree_terms.back().degree);
  for (const auto& [label, number] :
       {std::pair{std::string("noise"), noise_variance},
        std::pair{beyond, remainder_of(loss, series)}, std::pair{std::string("total"), loss.value}})
    table.rows.push_back(
        {{word(label), absent(""), absent(""), absent(""), absent(""), certified(number, digits)},
         true});
  return table;
}

Plot degree_plot(const SeriesLoss& series) {
  Curve contributions{"contribution of degree k", Curve::Style::points, {}, {}};
  for (const DegreeTerm& term : series.degree_terms) {
    if (contains_zero(term.contribution)) continue;
    contributions.x.push_back(term.degree);
    contributions.y.push_back(from_enclosure<double>(term.contribution));
  }
  return {.title = "Population loss, degree by degree",
          .x_label = "degree k",
          .y_label = "loss",
          .log_y = true,
          .curves = {contributions}};
}

/// Many certified numbers in one place of the JSON: [..] or [[..]], the bounds in the same shape.
struct NumberLists {
  Json values = Json::array();
  Json bounds = Json::array();

  static NumberLists of(const std::vector<Enclosure>& numbers, int digits) {
    NumberLists lists;
    for (const Enclosure& number : numbers) {
      const Value value = certified(number, digits);
      lists.values.push_back(value.json);
      lists.bounds.push_back(*value.error_bound);
    }
    return lists;
  }
  static NumberLists of(const std::vector<std::vector<Enclosure>>& rows, int digits) {
    NumberLists lists;
    for (const auto& row : rows) {
      NumberLists numbers = of(row, digits);
      lists.values.push_back(std::move(numbers.values));
      lists.bounds.push_back(std::move(numbers.bounds));
    }
    return lists;
  }
};

Section gradient_section(const PointEvaluation::Gradient& gradient, Constraint constraint,
                         int digits) {
  using Align = Column::Align;
  Section section{.title = constraint == Constraint::sphere ? "Gradient on the sphere" : "Gradient",
                  .fields = {{"gradient_norm", "norm", certified(gradient.norm, digits)}}};
  const auto add_lists = [&](const std::string& key, NumberLists lists) {
    for (auto& [name, json] :
         {std::pair{key, &lists.values}, {key + "_error_bounds", &lists.bounds}})
      section.fields.push_back(
          {"gradient." + name, "", {"", "", std::move(*json)}, "", Audience::json_only});
  };
  add_lists("a", NumberLists::of(gradient.a, digits));
  add_lists("B", NumberLists::of(gradient.B, digits));
  section.table = Table{"gradient.rows",
                        {{"neuron", "neuron", "$i$", Align::right},
                         {.key = "a",
                          .label = "∂/∂a",
                          .latex = "$\\partial/\\partial a_i$",
                          .align = Align::point,
                          .certified = true},
                         {.key = "row_norm",
                          .label = "‖∂/∂b‖",
                          .latex = "$\\|\\partial/\\partial b_i\\|$",
                          .align = Align::point,
                          .certified = true}},
                        {}};
  for (std::size_t i = 0; i < gradient.a.size(); ++i)
    section.table->rows.push_back(
        {{whole(i), certified(gradient.a[i], digits), certified(gradient.row_norms[i], digits)}});
  return section;
}

Section spectrum_section(const Spectrum& spectrum, int digits) {
  using Align = Column::Align;
  Section section{
      .title = "Hessian",
      .fields = {{"morse_index", "negative eigenvalues",
                  whole(static_cast<std::uint64_t>(spectrum.negative)), "the Morse index"},
                 {"undecided_eigenvalues", "of undecided sign",
                  whole(static_cast<std::uint64_t>(spectrum.undecided))}},
      .table = Table{"hessian_eigenvalues",
                     {{.key = "value",
                       .label = "eigenvalue",
                       .latex = "eigenvalue",
                       .align = Align::point,
                       .certified = true,
                       .show_bound = true}},
                     {}}};
  for (const Enclosure& eigenvalue : spectrum.eigenvalues)
    section.table->rows.push_back({{certified(eigenvalue, digits)}});
  return section;
}

struct Findings {
  PointEvaluation loss;
  Enclosure noise_variance;
  std::optional<SeriesLoss> series;
};

Findings find(const Problem& problem, const LossOptions& options) {
  const ElapsedTime time("loss", progress_mode(options.common));
  EvaluationOptions evaluation = options.evaluation;
  evaluation.digits = options.common.digits;
  evaluation.threads = options.common.threads;
  Findings findings{evaluate(problem, evaluation),
                    to_enclosure(from_rational<Interval>(problem.noise_variance), Status::exact),
                    {}};
  if (std::holds_alternative<FullLoss>(evaluation.objective)) {
    SeriesOptions series_options;
    series_options.digits = options.common.digits;
    series_options.max_degree = options.degree_terms;
    series_options.threads = options.common.threads;
    findings.series = population_loss_series(problem, series_options);
  }
  return findings;
}

ExitCode run_loss(const LossOptions& options) {
  const Problem problem = make_problem(options.problem, options.common.seed);
  check_sampling(options.sampling, options.evaluation.objective);
  check_delivery(options.common);
  const int digits = options.common.digits;
  const PrecisionScope precision(digits + guard_digits);
  const auto [loss, noise_variance, series] = find(problem, options);
  const EvaluationOptions& evaluation = options.evaluation;
  const std::string objective = to_text(evaluation.objective);
  const bool sphere = evaluation.freedom.rows == Constraint::sphere;

  Report report{
      .command = "loss",
      .title = series ? "sigmahat loss: f(a,B) = E|y - ŷ|²" : "sigmahat loss: " + objective};
  describe(options.problem, problem, report.inputs);
  report.inputs["objective"] = objective;
  report.inputs["constraint"] = sphere ? "sphere" : "free";
  report.inputs["fixed_a"] = !evaluation.freedom.trains_a;
  report.inputs["gradient"] = evaluation.gradient;
  report.inputs["hessian"] = evaluation.hessian;
  report.inputs["degree_terms"] = options.degree_terms;
  describe(options.sampling, report.inputs);
  describe(options.common, report.inputs);
  report.heading = describe(problem);
  report.heading.emplace_back("precision", describe_numerics(options.common));
  // G and the gadgets are no distances: nothing keeps their values above a constant.
  const bool distance = is_squared_distance(evaluation.objective);
  const Audience of_constant = distance ? Audience::everyone : Audience::programs;
  Section summary{
      .title = "",
      .fields = {
          {"value", distance ? "loss" : "value", certified(loss.value, digits), loss.method},
          {"constant", "no student can remove", certified(loss.constant, digits), "", of_constant},
          {"above_constant", "above that", certified(loss.above_constant, digits), "", of_constant},
          {"noise_variance", "noise variance", certified(noise_variance, digits)},
          {"method", "", word(loss.method), "", Audience::programs}}};
  if (series)
    summary.fields.push_back(
        {"remainder", "", certified(remainder_of(loss, *series), digits), "", Audience::programs});
  report.sections.push_back(std::move(summary));
  if (series)
    report.sections.push_back(
        {.title = "By degree",
         .table = degree_table(problem, loss, *series, noise_variance, digits)});
  if (loss.gradient)
    report.sections.push_back(gradient_section(*loss.gradient, evaluation.freedom.rows, digits));
  if (options.sampling.samples)
    report.sections.push_back(
        sampled_section(problem, evaluation, options.sampling, loss, options.common));
  if (loss.spectrum) report.sections.push_back(spectrum_section(*loss.spectrum, digits));
  return deliver(report, series ? std::optional(degree_plot(*series)) : std::nullopt,
                 options.common);
}

}  // namespace

Run add_loss(CLI::App& command) {
  auto options = std::make_shared<LossOptions>();
  add_whole_number(command, "--degree-terms", options->degree_terms, 0, max_supported_degree,
                   "highest degree of the table (8)");
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
      "  sigmahat loss --problem data/problems/small_relu.json --gradient --hessian\n"
      "  sigmahat loss --dim 20 --student-activation abs --a 1/2 --digits 30\n"
      "  sigmahat loss --dim 10 --objective G:mu=0.05 --samples 1e5 --gradient\n");
  return [options] { return run_loss(*options); };
}

}  // namespace sigmahat::cli
