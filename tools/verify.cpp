#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/population_loss.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>

#include "command.hpp"
#include "problem_options.hpp"

namespace sigmahat::cli {
namespace {

/// A sampled mean further than this many standard errors from the exact value refutes the claim.
constexpr double z_limit = 4;
/// The fewest samples whose mean is near enough to normal for the limit to mean what it says.
constexpr std::uint64_t first_count = 1000;
constexpr std::uint64_t fewest_samples = 100;
constexpr std::uint64_t most_samples = 1'000'000'000'000'000;

struct VerifyOptions {
  CommonOptions common;
  ProblemOptions problem;
  std::uint64_t samples = 1'000'000;
  std::optional<int> max_degree;
  int key_lemma_degree = 4;
  int key_lemma_row = 0;
  std::optional<CoefficientOverride> wrong;
};

/// 1000, 2000, 5000, 10000, ... below `samples`, then `samples` itself.
std::vector<std::uint64_t> sample_counts(std::uint64_t samples) {
  std::vector<std::uint64_t> counts;
  for (std::uint64_t decade = first_count; decade < samples; decade *= 10)
    for (const std::uint64_t factor : {1, 2, 5})
      if (factor * decade < samples) counts.push_back(factor * decade);
  counts.push_back(samples);
  return counts;
}

CoefficientOverride parse_override(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos)
    throw ParseError(fmt::format("expected K=VALUE, as in 4=0.1, not \"{}\"", text));
  return {static_cast<int>(parse_whole_number(text.substr(0, equals), 0, max_supported_degree)),
          parse_rational(text.substr(equals + 1))};
}

/// An exact value and the sampled means that should scatter about it.
struct Check {
  Enclosure exact;
  std::vector<SampledMean> sampled;

  double z(std::size_t count) const {
    return z_score(sampled[count], from_enclosure<double>(exact),
                   exact.error_bound.convert_to<double>());
  }
  double largest_z() const {
    double largest = 0;
    for (std::size_t i = 0; i < sampled.size(); ++i) largest = std::max(largest, std::abs(z(i)));
    return largest;
  }
  double last_z() const { return z(sampled.size() - 1); }
};

struct Findings {
  PopulationLoss closed_form;
  SeriesLoss series;
  Check loss;
  std::vector<Check> key_lemma;  // by degree

  bool forms_agree() const { return overlap(closed_form.value, series.value); }
  bool loss_agrees() const { return loss.largest_z() <= z_limit; }
  /// Judged at the last count alone: y h_k is skewed, and its mean far from normal for few samples.
  bool key_lemma_agrees() const { return largest_key_lemma_z() <= z_limit; }
  double largest_key_lemma_z() const {
    double largest = 0;
    for (const Check& check : key_lemma) largest = std::max(largest, std::abs(check.last_z()));
    return largest;
  }
  bool holds() const { return forms_agree() && loss_agrees() && key_lemma_agrees(); }
};

/// Both sides of Theorem 1 and of the key lemma; nothing sampled yet.
Findings exact_findings(const Problem& problem, const VerifyOptions& options) {
  const ElapsedTime time("exact values", progress_mode(options.common));
  const int digits = options.common.digits, threads = options.common.threads;
  SeriesOptions series_options;
  series_options.digits = digits;
  series_options.max_degree = options.max_degree;
  series_options.override_coefficient = options.wrong;
  series_options.threads = threads;
  Findings findings{population_loss(problem, digits, threads),
                    population_loss_series(problem, series_options),
                    {},
                    {}};
  findings.loss.exact = findings.closed_form.value;
  for (Enclosure& value : key_lemma_values(problem, options.key_lemma_row, options.key_lemma_degree,
                                           digits, options.wrong))
    findings.key_lemma.push_back({std::move(value), {}});
  return findings;
}

void sample(const Problem& problem, const VerifyOptions& options, Findings& findings) {
  ProgressBar bar("samples", options.samples, progress_mode(options.common));
  SampleOptions sample_options;
  sample_options.counts = sample_counts(options.samples);
  sample_options.seed = options.common.seed;
  sample_options.threads = options.common.threads;
  sample_options.progress = bar.callback();
  SampledTheorem sampled = sample_theorem(at_precision<double>(problem), options.key_lemma_row,
                                          options.key_lemma_degree, sample_options);
  findings.loss.sampled = std::move(sampled.loss);
  for (std::size_t k = 0; k < findings.key_lemma.size(); ++k)
    findings.key_lemma[k].sampled = std::move(sampled.key_lemma[k]);
}

Value agreement(bool agree) {
  Value value = word(agree ? "yes, within their bounds" : "no");
  value.json = agree;
  return value;
}

Section exact_section(const Findings& findings, int digits) {
  const SeriesLoss& series = findings.series;
  return {
      .title = "Population loss f = E|y - ŷ|²",
      .fields = {
          {"closed_form.value", "dual kernels", certified(findings.closed_form.value, digits),
           findings.closed_form.method},
          {"closed_form.method", "", word(findings.closed_form.method), "", Audience::programs},
          {"closed_form.status", "",
           word(std::string(to_string(findings.closed_form.value.status))), "", Audience::programs},
          {"series.value", "Hermite series", certified(series.value, digits),
           fmt::format("{} terms", series.terms)},
          {"series.status", "", word(std::string(to_string(series.value.status))), "",
           Audience::programs},
          {"series.truncation_bound", "truncation at most", bound(series.truncation_bound)},
          {"series.terms", "", whole(static_cast<std::uint64_t>(series.terms)), "",
           Audience::programs},
          {"forms_agree", "the two agree", agreement(findings.forms_agree())}}};
}

Section sampled_section(const Findings& findings) {
  using Align = Column::Align;
  Table table{"sampled",
              {{"samples", "samples", "", Align::right},
               {"mean", "mean", "", Align::right},
               {"standard_error", "std. error", "", Align::right},
               {"z", "z", "$z$", Align::right}},
              {}};
  for (std::size_t i = 0; i < findings.loss.sampled.size(); ++i) {
    const SampledMean& s = findings.loss.sampled[i];
    table.rows.push_back({{whole(s.samples), measured(s.mean, s.standard_error),
                           rounded(s.standard_error, 2), fixed(findings.loss.z(i), 2)}});
  }
  return {.title = "Sampled loss; z = (mean - exact) / standard error", .table = std::move(table)};
}

Json sampled_json(const Check& check) {
  Json list = Json::array();
  for (std::size_t i = 0; i < check.sampled.size(); ++i)
    list.push_back({{"samples", check.sampled[i].samples},
                    {"mean", check.sampled[i].mean},
                    {"standard_error", check.sampled[i].standard_error},
                    {"z", check.z(i)}});
  return list;
}

Section key_lemma_section(const Findings& findings, const VerifyOptions& options) {
  using Align = Column::Align;
  Table table{"key_lemma.degrees",
              {{"k", "k", "$k$", Align::right},
               {.key = "value",
                .label = "exact",
                .latex = "exact",
                .align = Align::point,
                .certified = true},
               {"mean", "sampled mean", "", Align::right},
               {"standard_error", "std. error", "", Align::right},
               {"z", "z", "$z$", Align::right},
               {"sampled", "", "", Align::left, Audience::json_only}},
              {}};
  for (std::size_t k = 0; k < findings.key_lemma.size(); ++k) {
    const Check& check = findings.key_lemma[k];
    const SampledMean& last = check.sampled.back();
    Value all = absent("");
    all.json = sampled_json(check);
    table.rows.push_back(
        {{whole(k), certified(check.exact, options.common.digits),
          measured(last.mean, last.standard_error), rounded(last.standard_error, 2),
          fixed(check.last_z(), 2), std::move(all)}});
  }
  return {.title = fmt::format(
              "Key lemma: E[y h_k(b·x)] = σ_k Σ_j a*_j <b*_j,b>^k, b = student's row {}",
              options.key_lemma_row),
          .fields = {{"key_lemma.row", "", whole(static_cast<std::uint64_t>(options.key_lemma_row)),
                      "", Audience::programs},
                     {"key_lemma.verdict", "", yes_no(findings.key_lemma_agrees()), "",
                      Audience::programs}},
          .table = std::move(table)};
}

Verdict verdict_of(const Findings& findings) {
  std::string reason = findings.forms_agree() ? "series and closed form agree within their bounds"
                                              : "series and closed form differ beyond their bounds";
  reason +=
      fmt::format("; sampled loss |z| <= {:.2f}, {} {} at every count", findings.loss.largest_z(),
                  findings.loss_agrees() ? "within the limit" : "beyond the limit", z_limit);
  if (!findings.key_lemma.empty())
    reason += fmt::format("; key lemma |z| <= {:.2f}{}", findings.largest_key_lemma_z(),
                          findings.key_lemma_agrees() ? "" : ", beyond the limit");
  return {findings.holds(), reason};
}

Plot convergence_plot(const Findings& findings) {
  Curve error{"|sampled − exact|", Curve::Style::points, {}, {}};
  Curve band{"one standard error", Curve::Style::area_below, {}, {}};
  Curve limit{fmt::format("{} standard errors", z_limit), Curve::Style::dashed, {}, {}};
  for (std::size_t i = 0; i < findings.loss.sampled.size(); ++i) {
    const SampledMean& s = findings.loss.sampled[i];
    const auto n = static_cast<double>(s.samples);
    for (Curve* curve : {&error, &band, &limit}) curve->x.push_back(n);
    error.y.push_back(std::abs(s.mean - from_enclosure<double>(findings.loss.exact)));
    band.y.push_back(s.standard_error);
    limit.y.push_back(z_limit * s.standard_error);
  }
  return {.title = "Sampled loss against its closed form",
          .x_label = "samples N",
          .y_label = "|sampled − exact|",
          .log_x = true,
          .log_y = true,
          .curves = {band, limit, error}};
}

Json inputs_of(const VerifyOptions& options, const Problem& problem) {
  Json inputs;
  describe(options.problem, problem, inputs);
  inputs["samples"] = options.samples;
  inputs["max_degree"] = options.max_degree ? Json(*options.max_degree) : Json(nullptr);
  inputs["key_lemma_degree"] = options.key_lemma_degree;
  inputs["key_lemma_row"] = options.key_lemma_row;
  inputs["override_coefficient"] =
      options.wrong ? Json{{"k", options.wrong->degree}, {"value", to_text(options.wrong->value)}}
                    : Json(nullptr);
  inputs["z_limit"] = z_limit;
  describe(options.common, inputs);
  return inputs;
}

ExitCode run_verify(const VerifyOptions& options) {
  const Problem problem = make_problem(options.problem, options.common.seed);
  if (options.key_lemma_row >= problem.student.width())
    throw InputError(fmt::format("--key-lemma-row: the student has rows 0 to {}, not {}",
                                 problem.student.width() - 1, options.key_lemma_row));
  check_delivery(options.common);
  const PrecisionScope precision(options.common.digits + guard_digits);
  Findings findings =
      naming_file(options.problem, [&] { return exact_findings(problem, options); });
  sample(problem, options, findings);

  Report report{.command = "verify",
                .title = "sigmahat verify: Theorem 1, f = Σ_k σ_k² f_k + noise variance",
                .inputs = inputs_of(options, problem),
                .heading = describe(problem)};
  report.heading.emplace_back(
      "samples", fmt::format("{}, {}", options.samples, describe_numerics(options.common)));
  if (options.wrong)
    report.heading.emplace_back("overridden", fmt::format("σ_{} = {}", options.wrong->degree,
                                                          to_text(options.wrong->value)));
  report.sections.push_back(exact_section(findings, options.common.digits));
  report.sections.push_back(sampled_section(findings));
  if (!findings.key_lemma.empty()) report.sections.push_back(key_lemma_section(findings, options));
  report.verdict = verdict_of(findings);
  return deliver(report, convergence_plot(findings), options.common);
}

}  // namespace

Run add_verify(CLI::App& command) {
  auto shared = std::make_shared<VerifyOptions>();
  VerifyOptions* options = shared.get();
  add_parsed_option(command, "--samples", "N", "samples at most (1e6)",
                    [options](const std::string& text) {
                      options->samples = parse_whole_number(text, fewest_samples, most_samples);
                    });
  add_parsed_option(command, "--max-degree", "K", "degree of the series (as the digits need)",
                    [options](const std::string& text) {
                      options->max_degree =
                          static_cast<int>(parse_whole_number(text, 0, max_supported_degree));
                    });
  add_whole_number(command, "--key-lemma-degree", options->key_lemma_degree, 0, 100,
                   "check the key lemma for k = 0..N (4)");
  add_whole_number(command, "--key-lemma-row", options->key_lemma_row, 0, max_width - 1,
                   "at this row of the student (0, the first)");
  add_parsed_option(command, "--override-coefficient", "K=VALUE",
                    "a wrong σ_K, to see the claim refuted",
                    [options](const std::string& text) { options->wrong = parse_override(text); });
  add_problem_options(command, options->problem);
  add_common_options(command, options->common, Plots::some);
  command.footer(
      "The verdict is true, and the exit code 0, where series and closed form agree\n"
      "within their bounds and no sampled mean is more than 4 standard errors from its\n"
      "exact value: the loss at every sample count, the key lemma at the last.\n"
      "Otherwise the exit code is 1.\n\n"
      "Examples:\n"
      "  sigmahat verify --problem data/problems/talk_d50.json --plot verify.png\n"
      "  sigmahat verify --dim 5 --teacher-activation tanh --plot -\n"
      "  sigmahat verify --dim 5 --override-coefficient 4=0.1\n");
  return [shared] { return run_verify(*shared); };
}

}  // namespace sigmahat::cli
