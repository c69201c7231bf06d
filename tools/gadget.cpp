#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <sigmahat/gadget/gadget.hpp>
#include <sigmahat/gadget/gadget_text.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/sampling/sampled_gadget.hpp>

#include "command.hpp"
#include "problem_options.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::uint64_t most_samples = 1'000'000'000'000'000;

struct GadgetOptions {
  CommonOptions common;
  ProblemOptions problem;
  std::string expression;
  std::uint64_t samples = 1'000'000;
  Rational standard_error{1, 100};
  bool center = false;
  std::optional<std::string> source;  ///< the language: print this and nothing else
};

/// The student's first rows.
template <Scalar T>
Matrix<T> vectors_of(const ProblemValues<T>& problem, const Gadget& gadget) {
  const auto n = static_cast<Eigen::Index>(gadget.vectors());
  if (problem.student.B.rows() < n)
    throw InputError(fmt::format("the polynomial is of {} vectors, the student has {} row{}", n,
                                 problem.student.B.rows(),
                                 problem.student.B.rows() == 1 ? "" : "s"));
  return problem.student.B.topRows(n);
}

struct Findings {
  Enclosure expectation;
  Enclosure label_mean;
  SampledGadget sampled;
};

Findings exact_findings(const Problem& problem, const Gadget& gadget, int digits) {
  const PrecisionScope precision(digits + guard_digits);
  const ProblemValues<Interval> exact = at_precision<Interval>(problem);
  const Matrix<Interval> inner = exact.teacher.B * vectors_of(exact, gadget).transpose();
  Interval total(0);
  for (const Interval& a : exact.teacher.a) total += a;
  const HermiteCoefficient zeroth =
      hermite_coefficients(problem.teacher.activation, 0, digits).coefficients[0];
  return {to_enclosure(expectation(gadget, exact.teacher.a, inner), Status::exact),
          to_enclosure(Interval(total * to_interval(zeroth.enclosure)), zeroth.enclosure.status),
          {}};
}

void sample(const Problem& problem, const Gadget& gadget, const GadgetOptions& options,
            Findings& findings) {
  ProgressBar bar("samples", options.samples, progress_mode(options.common));
  SampleOptions sampling;
  sampling.counts = {options.samples};
  sampling.seed = options.common.seed;
  sampling.threads = options.common.threads;
  sampling.progress = bar.callback();
  const ProblemValues<double> values = at_precision<double>(problem);
  findings.sampled =
      sample_gadget(values.teacher, values.noise_variance, gadget, vectors_of(values, gadget),
                    sampling, options.center ? from_enclosure<double>(findings.label_mean) : 0);
}

/// Source code is for programs, and for people who ask for it.
Section formula_section(const Gadget& gadget) {
  const auto source = [](std::string text) { return Value{text, "", std::move(text)}; };
  return {.title = "",
          .fields = {{"formula", "φ",
                      Value{formula_text(gadget), "$" + formula_latex(gadget) + "$",
                            formula_text(gadget)}},
                     {"latex", "", source(formula_latex(gadget)), "", Audience::json_only},
                     {"c", "", source(formula_c(gadget)), "", Audience::json_only},
                     {"python", "", source(formula_python(gadget)), "", Audience::json_only}}};
}

Table parts_table(const Gadget& gadget, int digits) {
  using Align = Column::Align;
  Table table{"degrees",
              {{"k", "k", "$k$", Align::right},
               {.key = "coefficient",
                .label = "σ_k",
                .latex = "$\\hat\\sigma_k$",
                .align = Align::point,
                .certified = true},
               {.key = "factor",
                .label = "1/(sqrt(k!) σ_k)",
                .latex = "$1/(\\sqrt{k!} \\hat\\sigma_k)$",
                .align = Align::point,
                .certified = true},
               {"terms", "terms", "", Align::right}},
              {}};
  for (const Gadget::Part& part : gadget.parts())
    table.rows.push_back(
        {{whole(static_cast<std::uint64_t>(part.degree)),
          certified(part.coefficient.enclosure, digits),
          certified(to_enclosure(factor_of<Interval>(part), part.coefficient.enclosure.status),
                    digits),
          whole(part.wick.terms().size())}});
  return table;
}

Section estimate_section(const Findings& findings, const GadgetOptions& options) {
  const SampledMean& estimate = findings.sampled.estimate.back();
  const SampledMean& square = findings.sampled.second_moment.back();
  const double exact = from_enclosure<double>(findings.expectation);
  const double variance = std::max(square.mean - exact * exact, 0.0);
  const double wanted = from_rational<double>(options.standard_error);
  const double z = z_score(estimate, exact, findings.expectation.error_bound.convert_to<double>());
  const double needed = std::ceil(variance / (wanted * wanted));
  return {
      .title = "E[y φ]",
      .fields = {{"expectation", "exact", certified(findings.expectation, options.common.digits)},
                 {"estimate", "sampled", measured(estimate.mean, estimate.standard_error),
                  fmt::format("{} samples", estimate.samples)},
                 {"standard_error", "standard error", rounded(estimate.standard_error, 2)},
                 {"z", "z", fixed(z, 2)},
                 {"variance", "Var[y φ]", measured(variance, square.standard_error),
                  fmt::format("± {:.2g}, sampled", square.standard_error)},
                 {"variance_standard_error", "", rounded(square.standard_error, 2), "",
                  Audience::programs},
                 {"samples_for", "samples for it",
                  needed < 1e15 ? whole(static_cast<std::uint64_t>(needed)) : rounded(needed, 3),
                  fmt::format("standard error {}", to_text(wanted))}}};
}

/// The variance of the estimator of t^k against k, at the first vector: what the degree costs.
Plot variance_plot(const Problem& problem, const Gadget& gadget, const GadgetOptions& options) {
  constexpr int least_highest = 8;
  constexpr std::uint64_t samples = 200'000;
  const ProblemValues<double> values = at_precision<double>(problem);
  SampleOptions sampling;
  sampling.counts = {std::min(options.samples, samples)};
  sampling.seed = options.common.seed;
  sampling.threads = options.common.threads;
  Curve curve{"p = t^{k}", Curve::Style::points, {}, {}};
  for (int k = 0; k <= std::max(least_highest, gadget.polynomial().degree()); ++k) {
    std::optional<Gadget> monomial;
    try {
      monomial.emplace(MultivariatePolynomial::monomial({k}, 1), gadget.activation());
    } catch (const DomainError&) {
      continue;  // σ̂_k = 0
    }
    const SampledGadget sampled = sample_gadget(values.teacher, values.noise_variance, *monomial,
                                                values.student.B.topRows(1), sampling);
    const double mean = sampled.estimate.back().mean;
    curve.x.push_back(k);
    curve.y.push_back(sampled.second_moment.back().mean - mean * mean);
  }
  return {.title = "What the degree of a gadget costs, teacher " + gadget.activation().name(),
          .x_label = "degree k",
          .y_label = "sampled Var[y φ]",
          .log_y = true,
          .curves = {curve}};
}

ExitCode run_gadget(const GadgetOptions& options) {
  const MultivariatePolynomial polynomial = parse_inner_product_polynomial(options.expression);
  const Problem problem = make_problem(options.problem, options.common.seed);
  const int digits = options.common.digits;
  const Gadget gadget(polynomial, problem.teacher.activation, digits);
  check_delivery(options.common);
  if (options.source)
    return deliver_text(*options.source == "c" ? formula_c(gadget) : formula_python(gadget),
                        options.common);
  Findings findings = exact_findings(problem, gadget, digits);
  sample(problem, gadget, options, findings);

  const PrecisionScope precision(digits + guard_digits);
  Report report{
      .command = "gadget",
      .title = fmt::format("sigmahat gadget: E[y φ] = Σ_l a*_l p, p = {}", options.expression)};
  report.inputs["polynomial"] = options.expression;
  describe(options.problem, problem, report.inputs);
  report.inputs["samples"] = options.samples;
  report.inputs["standard_error"] = to_text(options.standard_error);
  report.inputs["center"] = options.center;
  describe(options.common, report.inputs);
  report.heading = describe(problem);
  report.heading.emplace_back(
      "vectors", gadget.vectors() == 1
                     ? "b1 = the student's first row"
                     : fmt::format("b1..b{} = the student's first rows", gadget.vectors()));
  report.heading.emplace_back("precision", describe_numerics(options.common));
  report.sections.push_back(formula_section(gadget));
  report.sections.push_back({.title = "By degree", .table = parts_table(gadget, digits)});
  report.sections.push_back(estimate_section(findings, options));
  std::optional<Plot> plot;
  if (options.common.plot) plot = variance_plot(problem, gadget, options);
  return deliver(report, plot, options.common);
}

}  // namespace

Run add_gadget(CLI::App& command) {
  auto shared = std::make_shared<GadgetOptions>();
  GadgetOptions* options = shared.get();
  command.add_option("polynomial", options->expression, "in t; in s and t; in t1, t2, ...")
      ->required()
      ->type_name("EXPR");
  add_parsed_option(command, "--samples", "N", "samples (1e6)", [options](const std::string& text) {
    options->samples = parse_whole_number(text, 2, most_samples);
  });
  add_parsed_option(command, "--standard-error", "E", "how many samples this one takes (1/100)",
                    [options](const std::string& text) {
                      options->standard_error = parse_rational(text);
                      if (options->standard_error <= 0)
                        throw InputError("expected a number above 0");
                    });
  command.add_flag("--center", options->center, "subtract E[y] from the labels: less variance");
  add_parsed_option(command, "--source", "c|python", "print φ as source code and nothing else",
                    [options](const std::string& text) {
                      if (text != "c" && text != "python")
                        throw InputError(fmt::format("expected c or python, not \"{}\"", text));
                      options->source = text;
                    });
  add_problem_options(command, options->problem);
  add_common_options(command, options->common, Plots::some);
  command.footer(
      "Examples:\n"
      "  sigmahat gadget 't^4' --dim 5\n"
      "  sigmahat gadget 's^2*t^2 - t^4/20' --dim 5 --center\n"
      "  sigmahat gadget 't^3' --dim 5 --teacher-activation exp --format json\n"
      "  sigmahat gadget 't1*t2*t3*t4' --source c --output phi.c\n");
  return [shared] { return run_gadget(*shared); };
}

}  // namespace sigmahat::cli
