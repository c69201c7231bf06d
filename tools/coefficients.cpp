#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/number_text.hpp>

#include "command.hpp"

namespace sigmahat::cli {
namespace {

struct CoefficientsOptions {
  CommonOptions common;
  std::string activation;
  int max_degree = 20;
};

/// In symbols; fractions of hundreds of digits, which high degrees have, are for programs.
Value exact_of(const std::optional<ExactValue>& exact) {
  constexpr std::size_t longest_shown = 64;
  if (!exact) return absent("");
  Value value = symbol(*exact);
  if (value.text.size() > longest_shown) value.text = value.latex = "long: see --format json";
  return value;
}

Value latex_of(const std::optional<ExactValue>& exact) {
  return exact ? Value{to_latex(*exact), "", to_latex(*exact)} : absent("");
}

Table coefficient_table(const CoefficientTable& coefficients, int digits) {
  using Align = Column::Align;
  Table table{"coefficients",
              {{"k", "k", "$k$", Align::right},
               {.key = "value",
                .label = "value",
                .latex = "$\\hat\\sigma_k$",
                .align = Align::point,
                .certified = true,
                .show_bound = true},
               {"status", "status", "", Align::left},
               {"exact", "exact", "", Align::left},
               {"latex", "latex", "", Align::left, Audience::programs}},
              {}};
  for (std::size_t k = 0; k < coefficients.coefficients.size(); ++k) {
    const HermiteCoefficient& c = coefficients.coefficients[k];
    table.rows.push_back(
        {{whole(k), certified(c.enclosure, digits),
          word(std::string(to_string(c.enclosure.status))), exact_of(c.exact), latex_of(c.exact)}});
  }
  return table;
}

Plot coefficient_plot(const CoefficientTable& coefficients) {
  Curve positive{"σ̂_{k} > 0", Curve::Style::points, {}, {}};
  Curve negative{"σ̂_{k} < 0", Curve::Style::circles, {}, {}};
  for (std::size_t k = 0; k < coefficients.coefficients.size(); ++k) {
    const Enclosure& c = coefficients.coefficients[k].enclosure;
    if (contains_zero(c)) continue;
    const double value = from_enclosure<double>(c);
    Curve& curve = value > 0 ? positive : negative;
    curve.x.push_back(static_cast<double>(k));
    curve.y.push_back(std::abs(value));
  }
  return {.title = fmt::format("Hermite coefficients of {}", coefficients.activation.name()),
          .x_label = "degree k",
          .y_label = "|σ̂_{k}|",
          .log_y = true,
          .curves = {positive, negative}};
}

Report coefficient_report(const CoefficientTable& table, const CoefficientsOptions& options) {
  const int digits = options.common.digits;
  Report report{
      .command = "coefficients",
      .title = fmt::format("sigmahat coefficients: E[σ(x) h_k(x)] of {}", table.activation.name())};
  report.inputs["activation"] = table.activation.name();
  report.inputs["max_degree"] = options.max_degree;
  describe(options.common, report.inputs);
  report.heading = {{"degrees", fmt::format("0 to {}", options.max_degree)},
                    {"precision", describe_numerics(options.common)}};
  report.sections.push_back({.title = "", .table = coefficient_table(table, digits)});
  report.sections.push_back(
      {.title = "Parseval",
       .fields = {{"second_moment", "E[σ²]", certified(table.second_moment, digits)},
                  {"parseval_defect", fmt::format("E[σ²] − Σ σ_k², k ≤ {}", options.max_degree),
                   certified(table.parseval_defect(), digits)}}});
  return report;
}

}  // namespace

Run add_coefficients(CLI::App& command) {
  auto options = std::make_shared<CoefficientsOptions>();
  command.add_option("activation", options->activation, "a name that sigmahat activations lists")
      ->required()
      ->type_name("ACT");
  add_whole_number(command, "--max-degree", options->max_degree, 0, max_supported_degree,
                   "highest degree K (20)");
  add_common_options(command, options->common, Plots::some);
  command.footer(
      "Examples:\n"
      "  sigmahat coefficients relu --max-degree 8\n"
      "  sigmahat coefficients tanh --max-degree 100 --digits 50 --format json\n"
      "  sigmahat coefficients gelu --plot gelu.png\n");
  return [options] {
    const Activation activation = parse_activation(options->activation);
    check_delivery(options->common);
    const CoefficientTable table = [&] {
      const ElapsedTime time("coefficients", progress_mode(options->common));
      return hermite_coefficients(activation, options->max_degree, options->common.digits);
    }();
    return deliver(coefficient_report(table, *options), coefficient_plot(table), options->common);
  };
}

}  // namespace sigmahat::cli
