#include <memory>

#include <fmt/format.h>

#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/population_loss.hpp>

#include "command.hpp"
#include "problem_options.hpp"

namespace sigmahat::cli {
namespace {

struct LossOptions {
  CommonOptions common;
  ProblemOptions problem;
  int degree_terms = 8;
};

Enclosure squared(const Enclosure& x) {
  return to_enclosure(square(to_interval(x)), x.status);
}

/// What the degrees beyond the table add to the loss.
Enclosure remainder_of(const PopulationLoss& loss, const SeriesLoss& series) {
  return to_enclosure(Interval(to_interval(loss.value) - to_interval(series.partial_sum)),
                      weaker(loss.value.status, series.partial_sum.status));
}

/// The degree terms, and below them what makes their sum the loss.
Table degree_table(const Problem& problem, const PopulationLoss& loss, const SeriesLoss& series,
                   int digits) {
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
       {std::pair{std::string("noise"), loss.noise_variance},
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

struct Findings {
  PopulationLoss loss;
  SeriesLoss series;
};

Findings find(const Problem& problem, const LossOptions& options) {
  const ElapsedTime time("loss", progress_mode(options.common));
  SeriesOptions series_options;
  series_options.digits = options.common.digits;
  series_options.max_degree = options.degree_terms;
  series_options.threads = options.common.threads;
  return {population_loss(problem, options.common.digits, options.common.threads),
          population_loss_series(problem, series_options)};
}

ExitCode run_loss(const LossOptions& options) {
  const Problem problem = make_problem(options.problem, options.common.seed);
  check_delivery(options.common);
  const int digits = options.common.digits;
  const PrecisionScope precision(digits + guard_digits);
  const auto [loss, series] = find(problem, options);

  Report report{.command = "loss", .title = "sigmahat loss: f(a,B) = E|y - ŷ|²"};
  describe(options.problem, problem, report.inputs);
  report.inputs["degree_terms"] = options.degree_terms;
  describe(options.common, report.inputs);
  report.heading = describe(problem);
  report.heading.emplace_back("precision", describe_numerics(options.common));
  report.sections.push_back(
      {.title = "",
       .fields = {{"value", "loss", certified(loss.value, digits), loss.method},
                  {"noise_variance", "noise variance", certified(loss.noise_variance, digits)},
                  {"constant", "", certified(loss.noise_variance, digits), "", Audience::programs},
                  {"method", "", word(loss.method), "", Audience::programs},
                  {"remainder", "", certified(remainder_of(loss, series), digits), "",
                   Audience::programs}}});
  report.sections.push_back(
      {.title = "By degree", .table = degree_table(problem, loss, series, digits)});
  return deliver(report, degree_plot(series), options.common);
}

}  // namespace

Run add_loss(CLI::App& command) {
  auto options = std::make_shared<LossOptions>();
  add_whole_number(command, "--degree-terms", options->degree_terms, 0, max_supported_degree,
                   "highest degree of the table (8)");
  add_problem_options(command, options->problem);
  add_common_options(command, options->common, Plots::some);
  command.footer(
      "Examples:\n"
      "  sigmahat loss --problem data/problems/small_relu.json --degree-terms 6\n"
      "  sigmahat loss --dim 20 --student-activation abs --a 1/2 --digits 30\n");
  return [options] { return run_loss(*options); };
}

}  // namespace sigmahat::cli
