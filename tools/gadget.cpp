#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sigmahat/gadget/gadget_gradient.hpp>
#include <sigmahat/gadget/gadget_text.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/sampling/gadget_gains.hpp>

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
  VarianceReduction reduction;
  std::optional<std::uint64_t> center_samples;  ///< none: what is subtracted comes from the teacher
  bool gains = false;
  bool gradient = false;
  std::optional<std::string> source;  ///< the language: print this and nothing else
};

struct GradientFindings {
  Matrix<Interval> exact;
  SampledGadgetGradient sampled;
};

struct Findings {
  Enclosure expectation;
  SampledGadget sampled;
  GadgetVariance::Result variance;
  std::optional<std::vector<VarianceGain>> gains = {};
  std::optional<GradientFindings> gradient = {};
  std::optional<std::vector<DegreeVariance>> by_degree = {};
};

/// The samples of the estimate; a pair is one, and takes two labels.
SampleOptions sampling_of(const GadgetOptions& options) {
  SampleOptions sampling;
  sampling.counts = {options.reduction.antithetic ? options.samples / 2 : options.samples};
  sampling.seed = options.common.seed;
  sampling.threads = options.common.threads;
  return sampling;
}

/// Variances that are sampled only to be compared take fewer.
SampleOptions sampling_to_compare(const GadgetOptions& options) {
  constexpr std::uint64_t enough = 200'000;
  SampleOptions sampling = sampling_of(options);
  sampling.counts = {std::min(sampling.counts.back(), enough)};
  return sampling;
}

GadgetSampling reduction_of(const GadgetProblem<double>& problem, const GadgetOptions& options) {
  const std::vector<int>& degrees = options.reduction.centered;
  if (!options.center_samples)
    return {label_degrees(problem.teacher, degrees), options.reduction.antithetic};
  return {
      estimated_label_degrees(problem.teacher, problem.noise_variance, degrees,
                              *options.center_samples, options.common.seed, options.common.threads),
      options.reduction.antithetic};
}

GradientFindings find_gradient(const Gadget& gadget, const GadgetProblem<Interval>& exact,
                               const GadgetProblem<double>& problem, const GadgetSampling& how,
                               const GadgetOptions& options) {
  GradientFindings found{
      expectation_gradient(gadget, exact.teacher.a, exact.teacher.B, exact.vectors), {}};
  ProgressBar bar("gradient", sampling_of(options).counts.back(), progress_mode(options.common));
  SampleOptions sampling = sampling_of(options);
  sampling.progress = bar.callback();
  found.sampled = sample_gadget_gradient(problem.teacher, problem.noise_variance, gadget,
                                         problem.vectors, sampling, how);
  return found;
}

Findings find(const Problem& problem, const Gadget& gadget, const GadgetOptions& options) {
  const int digits = options.common.digits;
  const GadgetProblem<Interval> exact = gadget_problem<Interval>(problem, gadget.vectors());
  const GadgetProblem<double> values = gadget_problem<double>(problem, gadget.vectors());
  const Matrix<Interval> inner = exact.teacher.B * exact.vectors.transpose();
  Findings findings{
      to_enclosure(expectation(gadget, exact.teacher.a, inner), Status::exact), {}, {}};
  {
    const ElapsedTime time("variance", progress_mode(options.common));
    const GadgetVariance variance(gadget, problem, digits);
    if (options.center_samples)
      findings.variance.obstacle = "what is subtracted is random";
    else
      findings.variance = variance.of(options.reduction);
    if (options.gains)
      findings.gains = variance_gains(gadget, variance, values, sampling_to_compare(options));
    constexpr int least_highest = 8;
    if (options.common.plot)
      findings.by_degree =
          variance_by_degree(problem, std::max(least_highest, gadget.polynomial().degree()), digits,
                             sampling_to_compare(options));
  }
  const GadgetSampling how = reduction_of(values, options);
  SampleOptions sampling = sampling_of(options);
  {
    ProgressBar bar("samples", sampling.counts.back(), progress_mode(options.common));
    sampling.progress = bar.callback();
    findings.sampled =
        sample_gadget(values.teacher, values.noise_variance, gadget, values.vectors, sampling, how);
  }
  if (options.gradient) findings.gradient = find_gradient(gadget, exact, values, how, options);
  return findings;
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
  const double z = z_score(estimate, from_enclosure<double>(findings.expectation),
                           findings.expectation.error_bound.convert_to<double>());
  return {
      .title = "E[y φ]",
      .fields = {{"expectation", "exact", certified(findings.expectation, options.common.digits)},
                 {"estimate", "sampled", measured(estimate.mean, estimate.standard_error),
                  fmt::format("{} {}", estimate.samples,
                              options.reduction.antithetic ? "antithetic pairs" : "samples")},
                 {"standard_error", "standard error", rounded(estimate.standard_error, 2)},
                 {"z", "z", fixed(z, 2)}}};
}

Section variance_section(const Findings& findings, const GadgetOptions& options) {
  const SampledMean& sampled = findings.sampled.variance.back();
  const auto& [exact, obstacle] = findings.variance;
  const double variance = exact ? from_enclosure<double>(*exact) : sampled.mean;
  const double needed = samples_for(variance, from_rational<double>(options.standard_error),
                                    options.reduction.antithetic);
  Section section{.title = options.reduction.antithetic ? "Var of the mean of a pair" : "Var[y φ]"};
  if (exact) {
    section.fields.push_back({"variance", "exact", certified(*exact, options.common.digits)});
  } else {
    section.fields.push_back({"variance", "exact", Value{"not known", "", sampled.mean}, obstacle});
    section.fields.push_back({"variance_obstacle", "", word(obstacle), "", Audience::programs});
  }
  section.fields.push_back(
      {"variance_method", "", word(exact ? "exact" : "sampled"), "", Audience::programs});
  section.fields.push_back({"sampled_variance", "sampled",
                            measured(sampled.mean, sampled.standard_error),
                            fmt::format("± {:.2g}", sampled.standard_error)});
  section.fields.push_back({"sampled_variance_standard_error", "",
                            rounded(sampled.standard_error, 2), "", Audience::programs});
  section.fields.push_back(
      {"samples_for", "samples for it",
       needed < 1e15 ? whole(static_cast<std::uint64_t>(needed)) : rounded(needed, 3),
       fmt::format("standard error {}", to_text(options.standard_error))});
  return section;
}

std::string degrees_in_words(const std::vector<int>& degrees) {
  return fmt::format("{}", fmt::join(degrees, ", "));
}

/// Empty for labels as they are.
std::string labels_in_words(const GadgetOptions& options) {
  const auto& [centered, antithetic] = options.reduction;
  std::string text;
  if (!centered.empty())
    text = fmt::format("without degree{} {}", centered.size() == 1 ? "" : "s",
                       degrees_in_words(centered));
  if (options.center_samples)
    text += fmt::format(", estimated from {} other labels", *options.center_samples);
  if (antithetic) text += text.empty() ? "in antithetic pairs" : ", in antithetic pairs";
  return text;
}

Section gains_section(const std::vector<VarianceGain>& gains, int digits) {
  using Align = Column::Align;
  const bool exact = std::all_of(gains.begin(), gains.end(),
                                 [](const VarianceGain& g) { return g.variance.exact; });
  Table table{"gains",
              {{"antithetic", "in pairs", ""},
               {"centered", "degrees removed", ""},
               {.key = "variance", .label = "variance", .align = Align::point, .certified = exact},
               {"method", "", "", Align::left, Audience::programs},
               {"gain", "gain", "", Align::point}},
              {}};
  for (const VarianceGain& g : gains)
    table.rows.push_back(
        {{yes_no(g.reduction.antithetic),
          Value{g.reduction.centered.empty() ? "none" : degrees_in_words(g.reduction.centered), "",
                g.reduction.centered},
          g.variance.exact ? certified(*g.variance.exact, digits)
                           : measured(g.variance.sampled->mean, g.variance.sampled->standard_error),
          word(g.variance.exact ? "exact" : "sampled"),
          std::isfinite(g.gain) ? rounded(g.gain, 3) : absent("infinite")}});
  return {.title = fmt::format("What reductions gain for as many labels ({} variances)",
                               exact ? "exact" : "sampled"),
          .table = std::move(table)};
}

Section gradient_section(const GradientFindings& gradient, int digits) {
  using Align = Column::Align;
  using std::sqrt;
  Table table{"gradient",
              {{"vector", "vector", "$j$", Align::right},
               {.key = "norm", .label = "exact norm", .align = Align::point, .certified = true},
               {.key = "estimate", .label = "sampled", .align = Align::point},
               {"standard_error", "standard error", "", Align::point},
               {"z", "z", "$z$", Align::point},
               {"largest_z", "max |z|", "", Align::point},
               {"entries", "", "", Align::left, Audience::json_only}},
              {}};
  for (Eigen::Index l = 0; l < gradient.exact.rows(); ++l) {
    const auto i = static_cast<std::size_t>(l);
    Interval squares(0);
    Json entries = Json::array();
    double largest = 0;
    for (Eigen::Index k = 0; k < gradient.exact.cols(); ++k) {
      squares += square(gradient.exact(l, k));
      const Enclosure entry = to_enclosure(gradient.exact(l, k), Status::exact);
      entries.push_back(certified(entry, digits).json);
      const double z =
          z_score(gradient.sampled.entries[i][static_cast<std::size_t>(k)],
                  from_enclosure<double>(entry), entry.error_bound.convert_to<double>());
      largest = std::max(largest, std::abs(z));
    }
    const Enclosure norm = to_enclosure(Interval(sqrt(squares)), Status::exact);
    const SampledMean& along = gradient.sampled.along[i];
    table.rows.push_back(
        {{whole(i + 1), certified(norm, digits), measured(along.mean, along.standard_error),
          rounded(along.standard_error, 2),
          fixed(z_score(along, from_enclosure<double>(norm), norm.error_bound.convert_to<double>()),
                2),
          fixed(largest, 2), Value{"", "", std::move(entries)}}});
  }
  return {.title = "Gradient with respect to the vectors", .table = std::move(table)};
}

/// The variance of the estimator of t^k against k, at the first vector: what the degree costs.
Plot variance_plot(const std::vector<DegreeVariance>& variances, const Gadget& gadget) {
  Curve exact{"exact", Curve::Style::points, {}, {}},
      sampled{"sampled", Curve::Style::circles, {}, {}};
  for (const auto& [degree, variance] : variances) {
    Curve& curve = variance.exact ? exact : sampled;
    curve.x.push_back(degree);
    curve.y.push_back(variance.value());
  }
  Plot plot{.title = "What the degree of a gadget costs, teacher " + gadget.activation().name(),
            .x_label = "degree k",
            .y_label = "Var[y φ], p = t^{k}",
            .log_y = true,
            .curves = {}};
  for (const Curve& curve : {exact, sampled})
    if (!curve.x.empty()) plot.curves.push_back(curve);
  return plot;
}

ExitCode run_gadget(const GadgetOptions& options) {
  const MultivariatePolynomial polynomial = parse_inner_product_polynomial(options.expression);
  const Problem problem = make_problem(options.problem, options.common.seed);
  const int digits = options.common.digits;
  const Gadget gadget(polynomial, problem.teacher.activation, digits);
  require_unbiased(gadget, options.reduction.centered);
  if (options.center_samples && options.reduction.centered.empty())
    throw InputError("--center-samples: expected --center beside it");
  check_delivery(options.common);
  if (options.source)
    return deliver_text(*options.source == "c" ? formula_c(gadget) : formula_python(gadget),
                        options.common);
  const PrecisionScope precision(digits + guard_digits);
  const Findings findings =
      naming_file(options.problem, [&] { return find(problem, gadget, options); });

  Report report{
      .command = "gadget",
      .title = fmt::format("sigmahat gadget: E[y φ] = Σ_l a*_l p, p = {}", options.expression)};
  report.inputs["polynomial"] = options.expression;
  describe(options.problem, problem, report.inputs);
  report.inputs["samples"] = options.samples;
  report.inputs["standard_error"] = to_text(options.standard_error);
  report.inputs["center"] = options.reduction.centered;
  report.inputs["center_samples"] =
      options.center_samples ? Json(*options.center_samples) : Json(nullptr);
  report.inputs["antithetic"] = options.reduction.antithetic;
  report.inputs["gains"] = options.gains;
  report.inputs["gradient"] = options.gradient;
  describe(options.common, report.inputs);
  report.heading = describe(problem);
  report.heading.emplace_back(
      "vectors", gadget.vectors() == 1
                     ? "b1 = the student's first row"
                     : fmt::format("b1..b{} = the student's first rows", gadget.vectors()));
  if (const std::string labels = labels_in_words(options); !labels.empty())
    report.heading.emplace_back("labels", labels);
  report.heading.emplace_back("precision", describe_numerics(options.common));
  report.sections.push_back(formula_section(gadget));
  report.sections.push_back({.title = "By degree", .table = parts_table(gadget, digits)});
  report.sections.push_back(estimate_section(findings, options));
  report.sections.push_back(variance_section(findings, options));
  if (findings.gains) report.sections.push_back(gains_section(*findings.gains, digits));
  if (findings.gradient) report.sections.push_back(gradient_section(*findings.gradient, digits));
  std::optional<Plot> plot;
  if (findings.by_degree) plot = variance_plot(*findings.by_degree, gadget);
  return deliver(report, plot, options.common);
}

/// "0,1": degrees that labels can do without, each once.
std::vector<int> parse_degrees(const std::string& text) {
  if (text.empty()) return {0};
  std::vector<int> degrees;
  for (const Rational& k : parse_rational_list(text)) {
    if (denominator(k) != 1 || k < 0 || k > highest_label_degree)
      throw InputError(
          fmt::format("expected degrees from 0 to {}, not {}", highest_label_degree, to_text(k)));
    degrees.push_back(k.convert_to<int>());
  }
  std::sort(degrees.begin(), degrees.end());
  degrees.erase(std::unique(degrees.begin(), degrees.end()), degrees.end());
  return degrees;
}

}  // namespace

Run add_gadget(CLI::App& command) {
  auto shared = std::make_shared<GadgetOptions>();
  GadgetOptions* options = shared.get();
  command.add_option("polynomial", options->expression, "in t; in s and t; in t1, t2, ...")
      ->required()
      ->type_name("EXPR");
  add_parsed_option(command, "--samples", "N", "labels (1e6)", [options](const std::string& text) {
    options->samples = parse_whole_number(text, 4, most_samples);
  });
  add_parsed_option(command, "--standard-error", "E", "how many samples this one takes (1/100)",
                    [options](const std::string& text) {
                      options->standard_error = parse_rational(text);
                      if (options->standard_error <= 0)
                        throw InputError("expected a number above 0");
                    });
  add_parsed_option(
      command, "--center", "[LIST]", "take degrees 0, 1, 2 (0) out of the labels",
      [options](const std::string& text) { options->reduction.centered = parse_degrees(text); })
      ->expected(0, 1);
  add_parsed_option(command, "--center-samples", "N", "those estimated from N labels more",
                    [options](const std::string& text) {
                      options->center_samples = parse_whole_number(text, 1, most_samples);
                    });
  command.add_flag("--antithetic", options->reduction.antithetic, "samples in pairs, x and -x");
  command.add_flag("--gains", options->gains, "how much variance each of these saves");
  command.add_flag("--gradient", options->gradient,
                   "the gradient in b1, b2, ..., exact and sampled");
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
      "  sigmahat gadget 't^4' --dim 5 --center 0,1 --antithetic --gains\n"
      "  sigmahat gadget 't^3' --dim 5 --teacher-activation exp --format json\n"
      "  sigmahat gadget 't1*t2*t3*t4' --source c --output phi.c\n");
  return [shared] { return run_gadget(*shared); };
}

}  // namespace sigmahat::cli
