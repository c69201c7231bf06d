#include <memory>

#include <fmt/format.h>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/coefficients/closed_form.hpp>
#include <sigmahat/kernel/dual_kernel.hpp>
#include <sigmahat/numeric/number_text.hpp>

#include "command.hpp"

namespace sigmahat::cli {
namespace {

Value kinks_value(const Activation& activation) {
  std::vector<std::string> kinks;
  for (const Rational& kink : activation.kinks()) kinks.push_back(to_text(kink));
  Value value = word(fmt::format("{}", fmt::join(kinks, ", ")));
  value.json = kinks;
  return value;
}

Value closed_forms_value(const Activation& activation) {
  const bool coefficients = has_closed_form(activation);
  const bool kernel = has_closed_kernel(activation, activation);
  Value value = word(fmt::format("{}{}{}", coefficients ? "σ_k" : "",
                                 coefficients && kernel ? ", " : "", kernel ? "κ" : ""));
  value.json = Json::array();
  if (coefficients) value.json.push_back("coefficients");
  if (kernel) value.json.push_back("kernel");
  return value;
}

Value homogeneity_value(const Activation& activation) {
  const std::optional<int> degree = activation.homogeneity();
  return degree ? whole(static_cast<std::uint64_t>(*degree)) : absent("");
}

Table activation_table() {
  using Align = Column::Align;
  Table table{"activations",
              {{"name", "", "", Align::left, Audience::programs},
               {"parameters", "", "", Align::left, Audience::programs},
               // The properties are the example's: leaky_relu(1) is odd and has no kink.
               {"example", "name", "", Align::left},
               {"formula", "formula", "", Align::left},
               {"parity", "parity", "", Align::left},
               {"homogeneous", "homog.", "", Align::right},
               {"kinks", "kinks", "", Align::left},
               {"closed_forms", "closed", "", Align::left},
               {"domain", "", "", Align::left, Audience::programs}},
              {}};
  for (const ActivationEntry& entry : activation_registry()) {
    const Activation activation = parse_activation(entry.example);
    table.rows.push_back(
        {{word(entry.name), word(entry.parameters), word(entry.example), word(entry.formula),
          word(std::string(to_string(activation.parity()))), homogeneity_value(activation),
          kinks_value(activation), closed_forms_value(activation), word("R")}});
  }
  return table;
}

}  // namespace

Run add_activations(CLI::App& command) {
  auto options = std::make_shared<CommonOptions>();
  add_common_options(command, *options, Plots::none);
  command.footer(
      "Examples:\n"
      "  sigmahat activations\n"
      "  sigmahat activations --format json\n");
  return [options] {
    check_delivery(*options);
    Report report{
        .command = "activations",
        .title = "sigmahat activations: closed forms known for coefficients σ_k, dual kernel κ"};
    describe(*options, report.inputs);
    report.sections.push_back({.title = "", .table = activation_table()});
    return deliver(report, {}, *options);
  };
}

}  // namespace sigmahat::cli
