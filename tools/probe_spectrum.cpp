#include <memory>

#include <fmt/format.h>

#include <sigmahat/landscape/critical_point.hpp>
#include <sigmahat/landscape/eigenvalue_groups.hpp>
#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/objective/evaluation.hpp>
#include <sigmahat/optimize/manifold.hpp>

#include "command.hpp"
#include "output.hpp"
#include "probe_options.hpp"

namespace sigmahat::cli {
namespace {

using Align = Column::Align;

struct SpectrumOptions : ProbeOptions {
  bool refine = false;
  double within = 1e-9;
  std::optional<std::filesystem::path> output_problem;
};

/// What the signs of the eigenvalues prove.
std::string index_in_words(const Spectrum& spectrum) {
  if (spectrum.undecided == 0) return "proven";
  return fmt::format("at least; the sign of {} more is not proven", spectrum.undecided);
}

/// From the least to the largest, each group one row.
Table group_table(const std::vector<EigenvalueGroup>& groups, int digits) {
  Table table{"groups",
              {{.key = "value",
                .label = "eigenvalue",
                .latex = "eigenvalue",
                .align = Align::point,
                .certified = true,
                .show_bound = true},
               {"multiplicity", "multiplicity", "", Align::right}},
              {}};
  for (const EigenvalueGroup& group : groups)
    table.rows.push_back(
        {{certified(group.value, digits), whole(static_cast<std::uint64_t>(group.multiplicity))}});
  return table;
}

std::vector<Section> sections_of(const PointEvaluation& at, const SpectrumOptions& options) {
  const int digits = options.common.digits;
  const Spectrum& spectrum = at.spectrum.value();
  const std::vector<EigenvalueGroup> groups =
      eigenvalue_groups(spectrum.eigenvalues, options.within);
  Section point{
      .title = "",
      .fields = {{"value", "value", certified(at.value, digits), at.method},
                 {"gradient_norm", "gradient norm", certified(at.gradient.value().norm, digits)},
                 {"differentiable", "differentiable",
                  word(std::string(to_string(at.smoothness.value().order)))},
                 {"dimension", "dimension", whole(spectrum.eigenvalues.size()),
                  "of the space of directions"},
                 {"morse_index", "Morse index",
                  whole(static_cast<std::uint64_t>(spectrum.negative)), index_in_words(spectrum)},
                 {"undecided_eigenvalues", "",
                  whole(static_cast<std::uint64_t>(spectrum.undecided)), "", Audience::programs}}};
  Json values = Json::array(), bounds = Json::array();
  for (const Enclosure& eigenvalue : spectrum.eigenvalues) {
    const Value value = certified(eigenvalue, digits);
    values.push_back(value.json);
    bounds.push_back(*value.error_bound);
  }
  Section eigenvalues{
      .title = "Eigenvalues of the Hessian",
      .fields = {{"hessian_eigenvalues", "", {"", "", std::move(values)}, "", Audience::json_only},
                 {"hessian_eigenvalue_error_bounds",
                  "",
                  {"", "", std::move(bounds)},
                  "",
                  Audience::json_only}},
      .table = group_table(groups, digits)};
  return {std::move(point), std::move(eigenvalues)};
}

/// The eigenvalues in their order: multiplicities are plateaus.
Plot spectrum_plot(const Spectrum& spectrum, const std::string& objective) {
  Curve steps{"eigenvalues", Curve::Style::line_with_points, {}, {}},
      zero{"zero", Curve::Style::dotted, {}, {}};
  for (std::size_t i = 0; i < spectrum.eigenvalues.size(); ++i) {
    steps.x.push_back(static_cast<double>(i));
    steps.y.push_back(static_cast<double>(spectrum.eigenvalues[i].value));
  }
  zero.x = {0, static_cast<double>(spectrum.eigenvalues.size()) - 1};
  zero.y = {0, 0};
  return {.title = "Hessian spectrum of " + literal(objective),
          .x_label = "number of the eigenvalue",
          .y_label = "eigenvalue",
          .curves = {std::move(steps), std::move(zero)}};
}

/// The point whose spectrum is taken: the student, or the critical point that is near.
Problem point_of(const SpectrumOptions& options, const Landscape& landscape) {
  if (!options.refine) return landscape.problem;
  const ElapsedTime time("Newton's method", progress_mode(options.common));
  const Refinement refinement =
      refine_critical_point(*landscape.objective, landscape.student, landscape.freedom);
  if (!(refinement.point.gradient_norm < 1e-8))
    throw NumericalError(
        fmt::format("--refine: Newton's method ends at a gradient of norm {:.2g}; expected a start "
                    "near a critical point",
                    refinement.point.gradient_norm));
  return with_student(landscape.problem, refinement.point.x, landscape.freedom.rows);
}

ExitCode run_spectrum(const SpectrumOptions& options) {
  std::vector<Target> files;
  if (options.output_problem) files.push_back({"--output-problem", *options.output_problem});
  check_delivery(options.common, {}, files);
  const Landscape landscape = make_landscape(options);
  const Problem problem = point_of(options, landscape);
  EvaluationOptions asked{.objective = landscape.choice,
                          .freedom = landscape.freedom,
                          .gradient = true,
                          .hessian = true,
                          .digits = options.common.digits,
                          .threads = options.common.threads};
  const PointEvaluation at = naming_file(options.problem, [&] {
    const ElapsedTime time("eigenvalues", progress_mode(options.common));
    return evaluate(problem, asked);
  });
  if (!at.spectrum)
    throw NumericalError(
        "the objective has no Hessian at this point: rows are parallel; sigmahat loss --hessian "
        "says which");
  const Json own{{"refine", options.refine},
                 {"group_within", options.within},
                 {"output_problem",
                  options.output_problem ? Json(options.output_problem->string()) : Json(nullptr)}};
  Report report = probe_report("spectrum", options, landscape, own);
  report.heading.back().second = describe_numerics(options.common);
  if (options.refine) report.heading.emplace_back("point", "the critical point near the student");
  report.sections = sections_of(at, options);
  if (options.output_problem) write_file(*options.output_problem, to_json(problem));
  return deliver(report, spectrum_plot(*at.spectrum, to_text(landscape.choice)), options.common);
}

}  // namespace

Run add_probe_spectrum(CLI::App& command) {
  auto options = std::make_shared<SpectrumOptions>();
  command.add_flag("--refine", options->refine, "go to the critical point nearby first");
  add_number(command, "--group-within", "G", options->within, 0, 1,
             "of the largest: gaps inside a group (1e-9)");
  add_file(command, "--output-problem", options->output_problem, "the point as a problem file");
  add_probe_options(command, *options);
  command.footer(
      "Examples:\n"
      "  sigmahat probe spectrum --problem data/problems/small_relu.json\n"
      "  sigmahat probe spectrum --dim 5 --objective f_gamma:2,4 --plot spectrum.png\n"
      "  sigmahat probe spectrum --dim 3 --constraint free --digits 30\n");
  return [options] { return run_spectrum(*options); };
}

}  // namespace sigmahat::cli
