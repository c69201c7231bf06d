#include <memory>

#include <fmt/format.h>

#include <sigmahat/activation/transformed.hpp>
#include <sigmahat/coefficients/series.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>

#include "coefficients_report.hpp"
#include "command.hpp"

namespace sigmahat::cli {
namespace {

Rational parse_scale(const std::string& text) {
  const Rational r = parse_rational(text);
  if (r == 0) throw InputError("expected a number other than 0");
  return r;
}

/// "1/2,1,2", or "1/2:2:7": seven equidistant ones from 1/2 to 2.
std::vector<Rational> parse_scales(const std::string& text) {
  std::vector<Rational> scales;
  const std::size_t first = text.find(':'), second = text.find(':', first + 1);
  if (first == std::string::npos) {
    scales = parse_rational_list(text);
  } else {
    if (second == std::string::npos)
      throw ParseError(fmt::format("expected FROM:TO:COUNT, not \"{}\"", text));
    constexpr std::uint64_t most = 10'000;
    const Rational from = parse_rational(text.substr(0, first));
    const Rational to = parse_rational(text.substr(first + 1, second - first - 1));
    const auto count = static_cast<int>(parse_whole_number(text.substr(second + 1), 2, most));
    for (int i = 0; i < count; ++i) scales.push_back(from + (to - from) * Rational(i, count - 1));
  }
  for (const Rational& r : scales)
    if (r == 0) throw InputError("expected numbers other than 0");
  return scales;
}

std::vector<Rational> parse_arguments(const std::string& text) {
  std::vector<Rational> list = parse_rational_list(text);
  for (const Rational& x : list)
    if (abs(x) > max_series_argument)
      throw InputError(fmt::format("expected numbers from -{0} to {0}, not {1}",
                                   max_series_argument, to_text(x)));
  return list;
}

void check_combination(const CoefficientsOptions& options) {
  if (!options.grid) return;
  const auto refuse = [](const char* other) {
    throw InputError(fmt::format("--grid and {}: expected one of them, not both", other));
  };
  if (options.scale) refuse("--scale");
  if (options.evaluate) refuse("--evaluate");
  if (options.plot_truncations) refuse("--plot-truncations");
}

ScaledTables find(const CoefficientsOptions& options, const Activation& sigma) {
  ScaledTables found{
      sigma, options.grid.value_or(std::vector<Rational>{options.scale.value_or(1)}), {}};
  std::vector<Activation> activations;
  for (const Rational& r : found.scales) activations.push_back(scaled(sigma, r));
  const ElapsedTime time("coefficients", progress_mode(options.common));
  for (const Activation& activation : activations)
    found.tables.push_back(
        hermite_coefficients(activation, options.max_degree, options.common.digits));
  return found;
}

ExitCode run_coefficients(const CoefficientsOptions& options) {
  check_combination(options);
  const Activation sigma = parse_activation(options.activation);
  std::optional<ExtraPicture> truncations;
  if (options.plot_truncations) truncations = {"--plot-truncations", *options.plot_truncations, {}};
  check_delivery(options.common, truncations);

  const ScaledTables found = find(options, sigma);
  const Report report = coefficients_report(found, options);
  if (truncations) truncations->plot = truncations_plot(found.tables.front());
  const Plot plot = options.grid ? scale_plot(found) : decay_plot(found.tables.front());
  return deliver(report, plot, options.common, truncations);
}

}  // namespace

Run add_coefficients(CLI::App& command) {
  auto options = std::make_shared<CoefficientsOptions>();
  command
      .add_option("activation", options->activation,
                  "a name (sigmahat activations), or written in x")
      ->required()
      ->type_name("ACT");
  add_whole_number(command, "--max-degree", options->max_degree, 0, max_supported_degree,
                   "highest degree K (20)");
  const auto parsed = [&](const char* name, const char* type, const char* description, auto& target,
                          auto parse) {
    add_parsed_option(command, name, type, description,
                      [&target, parse](const std::string& text) { target = parse(text); });
  };
  parsed("--scale", "R", "of σ(R x) in the place of σ(x)", options->scale, parse_scale);
  parsed("--grid", "LIST", "for each of these scales: 1/2,1,2 or 1/2:2:7", options->grid,
         parse_scales);
  parsed("--evaluate", "LIST", "the series up to K at these x, with its error", options->evaluate,
         parse_arguments);
  add_common_options(command, options->common, Plots::some, Arrays::some);
  parsed("--plot-truncations", "FILE", "draw σ against its truncated series",
         options->plot_truncations, [](const std::string& text) { return text; });
  command.get_option("--plot-truncations")->group("Common options");
  command.footer(
      "Examples:\n"
      "  sigmahat coefficients relu --max-degree 8\n"
      "  sigmahat coefficients tanh --max-degree 100 --digits 50 --format json\n"
      "  sigmahat coefficients tanh --grid 1/4:4:16 --plot -\n"
      "  sigmahat coefficients gelu --evaluate 0,1/2,2\n"
      "  sigmahat coefficients relu --plot a.png --plot-truncations b.png\n"
      "  sigmahat coefficients relu --format c --output relu.h\n");
  return [options] { return run_coefficients(*options); };
}

}  // namespace sigmahat::cli
