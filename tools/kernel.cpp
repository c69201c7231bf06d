#include <memory>

#include <fmt/format.h>

#include <sigmahat/kernel/dual_kernel.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "command.hpp"

namespace sigmahat::cli {
namespace {

constexpr int default_grid = 11;

struct KernelOptions {
  CommonOptions common;
  std::string sigma;
  std::optional<std::string> gamma;
  std::optional<std::vector<Rational>> rho;
  std::optional<int> grid;
  int derivatives = 2;  ///< highest in the picture
};

std::vector<Rational> parse_correlations(const std::string& text) {
  std::vector<Rational> list = parse_rational_list(text);
  for (const Rational& rho : list)
    if (abs(rho) > 1)
      throw InputError(fmt::format("expected numbers from -1 to 1, not {}", to_text(rho)));
  return list;
}

/// `points` equidistant correlations from -1 to 1.
std::vector<Rational> even_grid(int points) {
  std::vector<Rational> grid;
  for (int i = 0; i < points; ++i) grid.push_back(Rational(2 * i, points - 1) - 1);
  return grid;
}

struct KernelPoint {
  Rational rho;
  Enclosure value;
  std::optional<Enclosure> first;
  std::optional<Enclosure> second;
};

KernelPoint kernel_point(const DualKernel<Interval>& kernel, const Rational& rho) {
  const KernelJet<Interval> jet =
      kernel.jet({from_rational<Interval>(rho), from_rational<Interval>(Rational(1 - rho)),
                  from_rational<Interval>(Rational(1 + rho))});
  const auto enclosure = [](const std::optional<Interval>& x) {
    return x ? std::optional(to_enclosure(*x, Status::certified)) : std::nullopt;
  };
  return {rho, to_enclosure(jet.value, Status::certified), enclosure(jet.first),
          enclosure(jet.second)};
}

struct Findings {
  std::string method;
  std::vector<KernelPoint> points;
};

Findings find(const Activation& sigma, const Activation& gamma,
              const std::vector<Rational>& correlations, const CommonOptions& options) {
  const ElapsedTime time("kernel", progress_mode(options));
  const auto kernel = make_dual_kernel<Interval>(sigma, gamma, options.digits);
  Findings findings{kernel->method(), {}};
  for (const Rational& rho : correlations) findings.points.push_back(kernel_point(*kernel, rho));
  return findings;
}

Table kernel_table(const std::vector<KernelPoint>& points, const std::string& method, int digits) {
  using Align = Column::Align;
  const std::string reason = method == "closed form" ? "infinite" : "no bound";
  const auto derivative = [&](const std::optional<Enclosure>& x) {
    return x ? certified(*x, digits) : absent(reason);
  };
  Table table{"points",
              {{"rho", "ρ", "$\\rho$", Align::right},
               {.key = "value",
                .label = "κ(ρ)",
                .latex = "$\\kappa(\\rho)$",
                .align = Align::point,
                .certified = true},
               {.key = "first",
                .label = "κ'(ρ)",
                .latex = "$\\kappa'(\\rho)$",
                .align = Align::point,
                .certified = true},
               {.key = "second",
                .label = "κ''(ρ)",
                .latex = "$\\kappa''(\\rho)$",
                .align = Align::point,
                .certified = true},
               {"method", "method", "", Align::left, Audience::programs}},
              {}};
  for (const KernelPoint& point : points)
    table.rows.push_back({{rational(point.rho), certified(point.value, digits),
                           derivative(point.first), derivative(point.second), word(method)}});
  return table;
}

Plot kernel_plot(const std::vector<KernelPoint>& points, const std::string& name, int derivatives) {
  // Typographic primes: gnuplot cannot read two apostrophes in a row.
  std::vector<Curve> curves{{"κ", Curve::Style::line, {}, {}},
                            {"κ′", Curve::Style::dashed, {}, {}},
                            {"κ″", Curve::Style::dotted, {}, {}}};
  const auto add = [](Curve& curve, const Rational& rho, const Enclosure& y) {
    curve.x.push_back(from_rational<double>(rho));
    curve.y.push_back(from_enclosure<double>(y));
  };
  for (const KernelPoint& point : points) {
    add(curves[0], point.rho, point.value);
    if (point.first) add(curves[1], point.rho, *point.first);
    if (point.second) add(curves[2], point.rho, *point.second);
  }
  curves.resize(static_cast<std::size_t>(derivatives) + 1);
  std::string labels;
  for (const Curve& curve : curves) labels += (labels.empty() ? "" : ", ") + curve.title + "(ρ)";
  return {.title = "Dual activation of " + name,
          .x_label = "correlation ρ",
          .y_label = labels,
          .curves = std::move(curves)};
}

ExitCode run_kernel(const KernelOptions& options) {
  if (options.rho && options.grid)
    throw InputError("--rho and --grid: expected one of them, not both");
  const Activation sigma = parse_activation(options.sigma);
  const Activation gamma = options.gamma ? parse_activation(*options.gamma) : sigma;
  check_delivery(options.common);

  const std::vector<Rational> correlations =
      options.rho ? *options.rho : even_grid(options.grid.value_or(default_grid));
  const PrecisionScope precision(options.common.digits + guard_digits);
  const auto [method, points] = find(sigma, gamma, correlations, options.common);

  const std::string name =
      sigma == gamma ? sigma.name() : fmt::format("{} and {}", sigma.name(), gamma.name());
  Report report{.command = "kernel",
                .title = fmt::format("sigmahat kernel: κ(ρ) = E[σ(u) γ(v)] of {}", name)};
  report.inputs["activation"] = sigma.name();
  report.inputs["second_activation"] = gamma.name();
  report.inputs["derivatives"] = options.derivatives;
  report.inputs["rho"] = Json::array();
  for (const Rational& rho : correlations) report.inputs["rho"].push_back(to_text(rho));
  describe(options.common, report.inputs);
  report.heading = {{"method", method}, {"precision", describe_numerics(options.common)}};
  report.sections.push_back(
      {.title = "", .table = kernel_table(points, method, options.common.digits)});
  return deliver(report, kernel_plot(points, name, options.derivatives), options.common);
}

}  // namespace

Run add_kernel(CLI::App& command) {
  auto options = std::make_shared<KernelOptions>();
  command.add_option("activation", options->sigma, "σ: a name that sigmahat activations lists")
      ->required()
      ->type_name("ACT");
  command.add_option("second", options->gamma, "γ (σ)")->type_name("ACT2");
  add_parsed_option(command, "--rho", "LIST", "correlations, exact: -1,1/3,0.9",
                    [options = options.get()](const std::string& text) {
                      options->rho = parse_correlations(text);
                    });
  add_parsed_option(command, "--grid", "N", "N equidistant correlations from -1 to 1 (11)",
                    [options = options.get()](const std::string& text) {
                      options->grid = static_cast<int>(parse_whole_number(text, 2, 1'000'000));
                    });
  add_whole_number(command, "--derivatives", options->derivatives, 0, 2,
                   "highest derivative in the plot (2)");
  add_common_options(command, options->common, Plots::some);
  command.footer(
      "Examples:\n"
      "  sigmahat kernel relu --rho -1,0,1/2,1\n"
      "  sigmahat kernel relu abs --rho 1/3 --digits 50\n"
      "  sigmahat kernel tanh relu --grid 201 --plot kappa.svg\n");
  return [options] { return run_kernel(*options); };
}

}  // namespace sigmahat::cli
