#include "coefficients_report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include <sigmahat/coefficients/decay.hpp>
#include <sigmahat/coefficients/nearest_double.hpp>
#include <sigmahat/coefficients/series.hpp>
#include <sigmahat/coefficients/vanishing.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat::cli {
namespace {

using Align = Column::Align;

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

Column certified_column(std::string key, std::string label, std::string latex) {
  return {.key = std::move(key),
          .label = std::move(label),
          .latex = std::move(latex),
          .align = Align::point,
          .certified = true};
}

Table coefficient_table(const ScaledTables& found, const CoefficientsOptions& options) {
  Table table{"coefficients",
              {{"k", "k", "$k$", Align::right},
               certified_column("value", "value", "$\\hat\\sigma_k$"),
               {"status", "status", "", Align::left},
               {"exact", "exact", "", Align::left},
               {"latex", "latex", "", Align::left, Audience::programs}},
              {}};
  table.columns[1].show_bound = true;
  if (options.grid)
    table.columns.insert(table.columns.begin(), {"scale", "r", "$r$", Align::right});
  for (std::size_t i = 0; i < found.tables.size(); ++i)
    for (std::size_t k = 0; k < found.tables[i].coefficients.size(); ++k) {
      const HermiteCoefficient& c = found.tables[i].coefficients[k];
      Row row{{whole(k), certified(c.enclosure, options.common.digits),
               word(std::string(to_string(c.enclosure.status))), exact_of(c.exact),
               latex_of(c.exact)}};
      if (options.grid) row.cells.insert(row.cells.begin(), rational(found.scales[i]));
      table.rows.push_back(std::move(row));
    }
  return table;
}

/// σ(x) is left out where σ is not defined.
Value value_of(const Activation& sigma, const Interval& x, int digits) {
  try {
    return certified(to_enclosure(sigma(x), Status::certified), digits);
  } catch (const DomainError&) {
    return absent("not defined");
  }
}

Table evaluation_table(const CoefficientTable& table, const CoefficientsOptions& options) {
  Table result{"evaluations",
               {{"x", "x", "$x$", Align::right},
                certified_column("sigma", "σ(x)", "$\\sigma(x)$"),
                certified_column("series", "series", "$\\sum_k \\hat\\sigma_k h_k(x)$")},
               {}};
  const int digits = options.common.digits;
  const PrecisionScope precision(digits + guard_digits);
  for (const Rational& x : *options.evaluate)
    result.rows.push_back(
        {{rational(x), value_of(table.activation, from_rational<Interval>(x), digits),
          certified(truncated_series(table, x, table.max_degree()), digits)}});
  return result;
}

/// The longest run of every `step`-th degree, from the least one on.
int run_length(const std::set<int>& degrees, int step) {
  int length = 0;
  while (degrees.contains(*degrees.begin() + length * step)) ++length;
  return length;
}

/// "odd degrees from 3": increasing degrees of a table up to K in words.
std::string in_words(const std::vector<int>& list, int max_degree) {
  constexpr int most_parts = 8;
  std::set<int> degrees(list.begin(), list.end());
  std::string words;
  for (int parts = 0; !degrees.empty(); ++parts) {
    if (!words.empty()) words += ", ";
    if (parts == most_parts) return words + "...";
    const int first = *degrees.begin();
    const int dense = run_length(degrees, 1), sparse = run_length(degrees, 2);
    const int step = sparse > dense ? 2 : 1, length = std::max(dense, sparse);
    const int last = first + (length - 1) * step;
    for (int k = first; k <= last; k += step) degrees.erase(k);
    const std::string kind = step == 1 ? "" : first % 2 == 0 ? "even degrees" : "odd degrees";
    if (length < 3)
      words += length == 1 ? fmt::format("{}", first) : fmt::format("{}, {}", first, last);
    else if (last + step <= max_degree)
      words += fmt::format("{}{}{} to {}", kind, kind.empty() ? "" : " ", first, last);
    else if (step == 2 && first < 2)
      words += kind;
    else
      words += fmt::format("{} from {}", kind.empty() ? "all degrees" : kind, first);
  }
  return words.empty() ? "none" : words;
}

Value vanishing_value(const CoefficientTable& table) {
  const std::vector<int> degrees = vanishing_degrees(table);
  Value value = word(in_words(degrees, table.max_degree()));
  value.json = degrees;
  return value;
}

Value information_value(const InformationExponent& exponent, int max_degree) {
  if (exponent.degree) return whole(static_cast<std::uint64_t>(*exponent.degree));
  return absent(exponent.undecided
                    ? fmt::format("degree {} cannot be told from zero", *exponent.undecided)
                    : fmt::format("above {}", max_degree));
}

std::string_view to_string(DecayFit::Law law) {
  switch (law) {
    case DecayFit::Law::power:
      return "power";
    case DecayFit::Law::exponential:
      return "exponential";
    case DecayFit::Law::factorial:
      return "factorial";
  }
  return "";
}

/// The law's factors, those that round to 1 left out; `power` and `exponential` are patterns.
std::string formula(const DecayFit& fit, const char* power, const char* exponential,
                    const char* of_k) {
  const auto shown = [](double exponent) { return fixed(-exponent, 3).text; };
  std::string text = rounded(std::exp(fit.log_scale), 3).text;
  if (shown(fit.p) != "0.000") text += fmt::format(fmt::runtime(power), shown(fit.p));
  if (shown(fit.c) != "0.000") text += fmt::format(fmt::runtime(exponential), shown(fit.c), of_k);
  return text;
}

struct RootName {
  double q;
  const char* text;
  const char* latex;
};

Value decay_value(const std::optional<DecayFit>& fit) {
  if (!fit) return absent("not fitted");
  constexpr std::array roots{RootName{1.0 / 3, "k^(1/3)", "k^{1/3}"},
                             RootName{0.5, "sqrt(k)", "\\sqrt{k}"},
                             RootName{2.0 / 3, "k^(2/3)", "k^{2/3}"}, RootName{1, "k", "k"}};
  const auto root = std::find_if(roots.begin(), roots.end() - 1,
                                 [&](const RootName& name) { return name.q == fit->q; });
  const bool factorial = fit->law == DecayFit::Law::factorial;
  // Beyond these the constant would leave the range of double.
  constexpr double largest_log = 700;
  if (std::abs(fit->log_scale) > largest_log) return absent("see --format json");
  return {"|σ_k| ≈ " + formula(*fit, " k^{}", " e^({} {})", root->text) +
              (factorial ? " / sqrt(k!)" : ""),
          "$|\\hat\\sigma_k| \\approx " +
              formula(*fit, " \\, k^{{{}}}", " \\, e^{{{} {}}}", root->latex) +
              (factorial ? " / \\sqrt{k!}" : "") + "$",
          nullptr};
}

void add_decay(std::vector<Field>& fields, const std::optional<DecayFit>& fit) {
  const std::string note =
      fit ? fmt::format("estimate: fitted to k = {} to {}, {} % off", fit->first_degree,
                        fit->last_degree, rounded(100 * fit->residual, 2).text)
          : "";
  fields.push_back({"", "decay", decay_value(fit), note, Audience::people});
  const auto add = [&](const char* key, Json json) {
    fields.push_back({fmt::format("decay.{}", key),
                      key,
                      {"", "", fit ? std::move(json) : Json(nullptr)},
                      "",
                      Audience::json_only});
  };
  const DecayFit values = fit.value_or(DecayFit{});
  add("law", std::string(to_string(values.law)));
  add("log_scale", values.log_scale);
  add("p", values.p);
  add("c", values.c);
  add("q", values.q);
  add("first_degree", values.first_degree);
  add("last_degree", values.last_degree);
  add("points", values.points);
  add("residual", values.residual);
}

/// What one table says as a whole.
std::vector<Field> summary(const CoefficientTable& table, int digits) {
  const int K = table.max_degree();
  const InformationExponent exponent = information_exponent(table);
  std::vector<Field> fields{
      {"second_moment", "E[σ²]", certified(table.second_moment, digits)},
      {"estimated_because",
       "estimated",
       {"", "", table.estimated_because.empty() ? Json(nullptr) : Json(table.estimated_because)},
       "",
       Audience::json_only},
      {"parseval_defect", fmt::format("E[σ²] − Σ σ_k², k ≤ {}", K),
       certified(table.parseval_defect(), digits)},
      {"l2_error", fmt::format("‖σ − Σ σ_k h_k‖, k ≤ {}", K),
       certified(truncation_error(table, K), digits)},
      {"vanishing_degrees", "exactly zero", vanishing_value(table)},
      {"information_exponent", "information exponent", information_value(exponent, K)},
      {"information_exponent_undecided",
       "undecided",
       {"", "", exponent.undecided ? Json(*exponent.undecided) : Json(nullptr)},
       "",
       Audience::json_only}};
  add_decay(fields, fit_decay(table));
  return fields;
}

/// The summaries of many scales, a row each.
Table scales_table(const ScaledTables& found, int digits) {
  Table result{"scales", {{"scale", "r", "$r$", Align::left}}, {}};
  for (std::size_t i = 0; i < found.tables.size(); ++i) {
    Row row{{rational(found.scales[i])}};
    for (Field& field : summary(found.tables[i], digits)) {
      if (i == 0)
        result.columns.push_back({.key = field.key,
                                  .label = field.label,
                                  .audience = field.audience,
                                  .certified = field.value.error_bound.has_value()});
      row.cells.push_back(std::move(field.value));
    }
    result.rows.push_back(std::move(row));
  }
  return result;
}

std::string shell_word(const std::string& text) {
  const bool plain = text.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_,/.-") ==
                     std::string::npos;
  return plain ? text : "'" + text + "'";
}

std::string comma_list(const std::vector<Rational>& numbers) {
  std::string text;
  for (const Rational& x : numbers) text += (text.empty() ? "" : ",") + to_text(x);
  return text;
}

NumberArray number_array(const ScaledTables& found, const CoefficientsOptions& options) {
  const CoefficientTable& first = found.tables.front();
  const std::string name = options.grid ? found.activation.name() : first.activation.name();
  constexpr int double_digits = 17;
  NumberArray array{
      .name = name,
      .title = fmt::format("E[sigma({}) h_k(x)], k = 0..{}, sigma = {}", options.grid ? "r x" : "x",
                           options.max_degree, name),
      .remarks = {"x is standard normal, h_k the Hermite polynomial orthonormal under it.",
                  "Each number is the double nearest to its coefficient."},
      .call = fmt::format("sigmahat coefficients {} --max-degree {} --digits {}", shell_word(name),
                          options.max_degree, options.common.digits)};
  if (options.grid) {
    array.call += " --grid " + comma_list(found.scales);
    array.row_heads_name = "scales";
    for (const Rational& r : found.scales) array.row_heads.push_back(from_rational<double>(r));
  }
  if (options.common.digits > double_digits)
    array.remarks.push_back(
        "In the decimals the last digit is off by at most one unit; 0 stands for what is below "
        "it.");
  for (const CoefficientTable& table : found.tables) {
    array.rows.push_back(nearest_doubles(table));
    if (options.common.digits <= double_digits) continue;
    array.digits.emplace_back();
    for (const HermiteCoefficient& c : table.coefficients)
      array.digits.back().push_back(to_decimal(c.enclosure, options.common.digits).value);
  }
  return array;
}

Json texts(const std::optional<std::vector<Rational>>& numbers) {
  if (!numbers) return nullptr;
  Json list = Json::array();
  for (const Rational& x : *numbers) list.push_back(to_text(x));
  return list;
}

void add_point(Curve& curve, double x, double y) {
  curve.x.push_back(x);
  curve.y.push_back(y);
}

bool is_settled(const Enclosure& c) {
  return !contains_zero(c);
}

}  // namespace

Report coefficients_report(const ScaledTables& found, const CoefficientsOptions& options) {
  const CoefficientTable& first = found.tables.front();
  const int digits = options.common.digits;
  Report report{.command = "coefficients",
                .title = options.grid ? fmt::format("sigmahat coefficients: E[σ(r x) h_k(x)] of {}",
                                                    found.activation.name())
                                      : fmt::format("sigmahat coefficients: E[σ(x) h_k(x)] of {}",
                                                    first.activation.name())};
  report.inputs["activation"] = found.activation.name();
  report.inputs["max_degree"] = options.max_degree;
  report.inputs["scale"] = options.grid ? Json(nullptr) : Json(to_text(found.scales.front()));
  report.inputs["grid"] = texts(options.grid);
  report.inputs["evaluate"] = texts(options.evaluate);
  report.inputs["plot_truncations"] =
      options.plot_truncations ? Json(*options.plot_truncations) : Json(nullptr);
  describe(options.common, report.inputs);
  report.heading = {{"degrees", fmt::format("0 to {}", options.max_degree)}};
  if (options.scale)
    report.heading.emplace_back(
        "scale", fmt::format("{} scaled by {}", found.activation.name(), to_text(*options.scale)));
  report.heading.emplace_back("precision", describe_numerics(options.common));
  for (const CoefficientTable& table : found.tables)
    if (!table.estimated_because.empty())
      report.heading.emplace_back("estimated", table.estimated_because);

  report.sections.push_back({.title = "", .table = coefficient_table(found, options)});
  if (options.evaluate)
    report.sections.push_back(
        {.title = fmt::format("Σ σ_k h_k(x), k ≤ {}, against σ(x)", options.max_degree),
         .table = evaluation_table(first, options)});
  if (options.grid)
    report.sections.push_back({.title = "Summary", .table = scales_table(found, digits)});
  else
    report.sections.push_back({.title = "Summary", .fields = summary(first, digits)});
  if (options.common.format == Format::c_header || options.common.format == Format::npy)
    report.array = number_array(found, options);
  return report;
}

Plot decay_plot(const CoefficientTable& table) {
  Curve positive{"σ̂_{k} > 0", Curve::Style::points, {}, {}};
  Curve negative{"σ̂_{k} < 0", Curve::Style::circles, {}, {}};
  for (std::size_t k = 0; k < table.coefficients.size(); ++k) {
    const Enclosure& c = table.coefficients[k].enclosure;
    if (!is_settled(c)) continue;
    const double value = from_enclosure<double>(c);
    add_point(value > 0 ? positive : negative, static_cast<double>(k), std::abs(value));
  }
  Plot plot{.title = fmt::format("Hermite coefficients of {}", table.activation.name()),
            .x_label = "degree k",
            .y_label = "|σ̂_{k}|",
            .log_y = true,
            .curves = {positive, negative}};
  if (const auto fit = fit_decay(table)) {
    Curve curve{"fit", Curve::Style::dashed, {}, {}};
    for (int k = fit->first_degree; k <= fit->last_degree; ++k)
      add_point(curve, k, std::exp(log_size(*fit, k)));
    plot.curves.push_back(std::move(curve));
  }
  return plot;
}

Plot scale_plot(const ScaledTables& found) {
  constexpr std::size_t most_curves = 5;
  Plot plot{.title = fmt::format("Hermite coefficients of {}, scaled", found.activation.name()),
            .x_label = "scale r",
            .y_label = "σ̂_{k}(r)",
            .curves = {}};
  const std::size_t degrees = found.tables.front().coefficients.size();
  for (std::size_t k = 0; k < degrees && plot.curves.size() < most_curves; ++k) {
    Curve curve{fmt::format("k = {}", k), Curve::Style::line_with_points, {}, {}};
    bool vanishes = true;
    for (std::size_t i = 0; i < found.tables.size(); ++i) {
      const Enclosure& c = found.tables[i].coefficients[k].enclosure;
      vanishes = vanishes && !is_settled(c);
      add_point(curve, from_rational<double>(found.scales[i]), from_enclosure<double>(c));
    }
    if (!vanishes) plot.curves.push_back(std::move(curve));
  }
  return plot;
}

Plot truncations_plot(const CoefficientTable& table) {
  constexpr int half_width = 3, points_in_unit = 50;
  // Of each the highest degree that does not vanish, so that no curve is drawn twice.
  std::set<int> degrees;
  for (int k = std::min(2, table.max_degree()); k <= std::min(16, table.max_degree()); k *= 2) {
    int highest = k;
    while (highest > 0 &&
           !is_settled(table.coefficients[static_cast<std::size_t>(highest)].enclosure))
      --highest;
    degrees.insert(highest);
    if (k == 0) break;
  }
  Plot plot{.title = fmt::format("{} and its truncated series", table.activation.name()),
            .x_label = "x",
            .y_label = "σ(x)",
            .curves = {{"σ", Curve::Style::thick_line, {}, {}}}};
  for (const int degree : degrees)
    plot.curves.push_back({fmt::format("k ≤ {}", degree), Curve::Style::line, {}, {}});
  for (int i = -half_width * points_in_unit; i <= half_width * points_in_unit; ++i) {
    const Rational x(i, points_in_unit);
    const auto position = from_rational<double>(x);
    try {
      add_point(plot.curves[0], position, table.activation(position));
    } catch (const DomainError&) {
      // σ is not defined there; its series is.
    }
    std::size_t curve = 1;
    for (const int degree : degrees)
      add_point(plot.curves[curve++], position,
                from_enclosure<double>(truncated_series(table, x, degree)));
  }
  return plot;
}

}  // namespace sigmahat::cli
