#include "loss_derivatives.hpp"

#include <fmt/format.h>

namespace sigmahat::cli {
namespace {

/// Many certified numbers in one place of the JSON: [..] or [[..]], the bounds in the same shape.
struct NumberLists {
  Json values = Json::array();
  Json bounds = Json::array();

  static NumberLists of(const std::vector<Enclosure>& numbers, int digits) {
    NumberLists lists;
    for (const Enclosure& number : numbers) {
      const Value value = certified(number, digits);
      lists.values.push_back(value.json);
      lists.bounds.push_back(*value.error_bound);
    }
    return lists;
  }
  static NumberLists of(const std::vector<std::vector<Enclosure>>& rows, int digits) {
    NumberLists lists;
    for (const auto& row : rows) {
      NumberLists numbers = of(row, digits);
      lists.values.push_back(std::move(numbers.values));
      lists.bounds.push_back(std::move(numbers.bounds));
    }
    return lists;
  }
};

Section gradient_section(const PointEvaluation::Gradient& gradient, Constraint constraint,
                         int digits) {
  using Align = Column::Align;
  Section section{.title = constraint == Constraint::sphere ? "Gradient on the sphere" : "Gradient",
                  .fields = {{"gradient_norm", "norm", certified(gradient.norm, digits)}}};
  const auto add_lists = [&](const std::string& key, NumberLists lists) {
    for (auto& [name, json] :
         {std::pair{key, &lists.values}, {key + "_error_bounds", &lists.bounds}})
      section.fields.push_back(
          {"gradient." + name, "", {"", "", std::move(*json)}, "", Audience::json_only});
  };
  add_lists("a", NumberLists::of(gradient.a, digits));
  add_lists("B", NumberLists::of(gradient.B, digits));
  const bool biased = !gradient.c.empty();
  if (biased) add_lists("c", NumberLists::of(gradient.c, digits));
  section.table = Table{"gradient.rows",
                        {{"neuron", "neuron", "$i$", Align::right},
                         {.key = "a",
                          .label = "∂/∂a",
                          .latex = "$\\partial/\\partial a_i$",
                          .align = Align::point,
                          .certified = true},
                         {.key = "row_norm",
                          .label = "‖∂/∂b‖",
                          .latex = "$\\|\\partial/\\partial b_i\\|$",
                          .align = Align::point,
                          .certified = true}},
                        {}};
  if (biased)
    section.table->columns.push_back({.key = "c",
                                      .label = "∂/∂c",
                                      .latex = "$\\partial/\\partial c_i$",
                                      .align = Align::point,
                                      .certified = true});
  for (std::size_t i = 0; i < gradient.a.size(); ++i) {
    std::vector<Value> cells{whole(i), certified(gradient.a[i], digits),
                             certified(gradient.row_norms[i], digits)};
    if (biased) cells.push_back(certified(gradient.c[i], digits));
    section.table->rows.push_back({std::move(cells)});
  }
  return section;
}

Section spectrum_section(const Spectrum& spectrum, int digits) {
  using Align = Column::Align;
  Section section{
      .title = "Hessian",
      .fields = {{"morse_index", "negative eigenvalues",
                  whole(static_cast<std::uint64_t>(spectrum.negative)), "the Morse index"},
                 {"undecided_eigenvalues", "of undecided sign",
                  whole(static_cast<std::uint64_t>(spectrum.undecided))}},
      .table = Table{"hessian_eigenvalues",
                     {{.key = "value",
                       .label = "eigenvalue",
                       .latex = "eigenvalue",
                       .align = Align::point,
                       .certified = true,
                       .show_bound = true}},
                     {}}};
  for (const Enclosure& eigenvalue : spectrum.eigenvalues)
    section.table->rows.push_back({{certified(eigenvalue, digits)}});
  return section;
}

// ---- Where derivatives end ---------------------------------------------------------------------

std::string in_words(const ParallelRows& rows) {
  std::string text = fmt::format("student {} and {} {}", rows.student_row,
                                 rows.with_teacher ? "teacher" : "student", rows.other_row);
  if (rows.opposite) text += " (opposite)";
  if (!rows.exactly) text += " (as far as the digits tell)";
  return text;
}

Value rows_value(const std::vector<ParallelRows>& list) {
  constexpr std::size_t most_shown = 4;
  std::string text;
  Json json = Json::array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const ParallelRows& rows = list[i];
    if (i < most_shown) text += (i == 0 ? "" : ", ") + in_words(rows);
    json.push_back({{"student_row", rows.student_row},
                    {"other_network", rows.with_teacher ? "teacher" : "student"},
                    {"other_row", rows.other_row},
                    {"opposite", rows.opposite},
                    {"exactly", rows.exactly}});
  }
  if (list.size() > most_shown) text += fmt::format(" and {} more", list.size() - most_shown);
  Value value = word(text);
  value.json = std::move(json);
  return value;
}

const char* meaning_of(Smoothness::Order order) {
  switch (order) {
    case Smoothness::Order::three_times:
      return "the Hessian has a derivative";
    case Smoothness::Order::at_least_twice:
      return "the Hessian is continuous; of its derivative nothing is proven";
    case Smoothness::Order::twice:
      return "the Hessian is continuous, but has no derivative";
    case Smoothness::Order::unknown:
      return "no gradient is proven to exist";
    case Smoothness::Order::none:
      return "there is no gradient";
  }
  return "";
}

/// A key whose number does not exist.
Field missing(std::string key) {
  return {std::move(key), "", absent(""), "", Audience::programs};
}

/// Also what was asked for and does not exist: null in JSON.
Section smoothness_section(const PointEvaluation& loss, const EvaluationOptions& asked) {
  const Smoothness& smoothness = *loss.smoothness;
  const bool limited = smoothness.order != Smoothness::Order::three_times;
  Value order = word(meaning_of(smoothness.order));
  order.json = std::string(to_string(smoothness.order));
  Section section{.title = limited ? "Where rows are parallel" : "",
                  .fields = {{"differentiable", "here", std::move(order), "",
                              limited ? Audience::everyone : Audience::programs},
                             {"parallel_rows", "rows", rows_value(smoothness.rows), "",
                              limited ? Audience::everyone : Audience::json_only}}};
  if (asked.gradient && !loss.gradient)
    for (const char* key : {"gradient_norm", "gradient"}) section.fields.push_back(missing(key));
  if (asked.hessian && !loss.spectrum)
    for (const char* key : {"morse_index", "undecided_eigenvalues", "hessian_eigenvalues"})
      section.fields.push_back(missing(key));
  return section;
}

}  // namespace

std::vector<Section> derivative_sections(const PointEvaluation& loss,
                                         const EvaluationOptions& asked, int digits) {
  std::vector<Section> sections;
  if (loss.gradient)
    sections.push_back(gradient_section(*loss.gradient, asked.freedom.rows, digits));
  if (loss.spectrum) sections.push_back(spectrum_section(*loss.spectrum, digits));
  if (!loss.smoothness) return sections;
  Section smoothness = smoothness_section(loss, asked);
  if (smoothness.title.empty())  // nothing for people: no section of its own
    for (Field& field : smoothness.fields) sections.front().fields.push_back(std::move(field));
  else
    sections.insert(sections.begin(), std::move(smoothness));
  return sections;
}

}  // namespace sigmahat::cli
