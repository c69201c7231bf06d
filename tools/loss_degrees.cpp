#include "loss_degrees.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sigmahat::cli {
namespace {

using Align = Column::Align;

Column for_programs(const char* key, bool certified = false) {
  return {.key = key,
          .label = key,
          .latex = "",
          .audience = Audience::programs,
          .certified = certified};
}

Column numbers(const char* key, std::string label, std::string latex, bool shown) {
  return {.key = key,
          .label = std::move(label),
          .latex = std::move(latex),
          .align = Align::point,
          .audience = shown ? Audience::everyone : Audience::programs,
          .certified = true};
}

Enclosure squared(const Enclosure& x) {
  return to_enclosure(square(to_interval(x)), x.status);
}

/// How an objective's degrees are shown.
struct DegreeColumns {
  bool weighted;      ///< Σ w_k f_k
  bool tensors;       ///< f_k and σ_k mean something: unit rows without biases
  bool same;          ///< one activation: σ_k² f_k, but for degrees that the student has dropped
  bool out_of_reach;  ///< there are degrees that no student reaches
  bool exact;         ///< symbols in the place of decimals

  DegreeColumns(const Problem& problem, const ObjectiveChoice& objective,
                const DegreeFindings& findings)
      : weighted(std::holds_alternative<DegreeLoss>(objective)),
        tensors(findings.table.degree_terms.empty() ||
                findings.table.degree_terms.front().f_k.has_value()),
        same(!weighted && tensors && problem.teacher.activation == problem.student.activation),
        out_of_reach(std::any_of(findings.table.degree_terms.begin(),
                                 findings.table.degree_terms.end(),
                                 [](const DegreeTerm& term) { return !term.reachable; })),
        exact(findings.exact && !findings.exact->degree_terms.empty()) {}

  std::string contribution_label() const {
    return weighted ? "w_k f_k" : same && !out_of_reach ? "σ_k² f_k" : "contribution";
  }
  std::string contribution_latex() const {
    return weighted                ? "$w_k f_k$"
           : same && !out_of_reach ? "$\\hat\\sigma_k^2 f_k$"
                                   : "contribution";
  }

  std::vector<Column> columns(bool with_exact) const {
    std::vector<Column> list{{"k", "k", "$k$", Align::right}};
    if (weighted) {
      list.push_back({"weight", "w_k", "$w_k$", Align::right});
    } else if (tensors) {
      list.push_back(numbers("coefficient_squared", "σ_k²", "$\\hat\\sigma_k^2$",
                             same && !out_of_reach && !exact));
      list.push_back(for_programs("teacher_coefficient", true));
      list.push_back(for_programs("student_coefficient", true));
    }
    list.push_back({"reachable", "in reach", "", Align::left,
                    out_of_reach ? Audience::everyone : Audience::programs});
    if (tensors) list.push_back(numbers("f_k", "f_k", "$f_k$", !exact));
    if (with_exact) {
      const Audience audience = exact ? Audience::everyone : Audience::programs;
      list.push_back({"f_k_exact", "f_k", "$f_k$", Align::left, audience});
      list.push_back(for_programs("f_k_latex"));
      list.push_back({"contribution_exact", contribution_label(), contribution_latex(), Align::left,
                      audience});
      list.push_back(for_programs("contribution_latex"));
    }
    list.push_back(numbers("contribution", exact ? "value" : contribution_label(),
                           exact ? "value" : contribution_latex(), true));
    return list;
  }
};

std::vector<Value> exact_cells(const std::optional<ExactValue>& exact) {
  constexpr std::size_t longest_text = 26, longest_latex = 120;
  return {readable_symbol(exact, longest_text, longest_latex), latex_source(exact)};
}

Table degree_table(const DegreeColumns& columns, const DegreeFindings& findings,
                   const std::vector<std::pair<std::string, Enclosure>>& summary, int digits) {
  Table table{"degree_terms", columns.columns(findings.exact.has_value()), {}};
  for (std::size_t i = 0; i < findings.table.degree_terms.size(); ++i) {
    const DegreeTerm& term = findings.table.degree_terms[i];
    std::vector<Value> cells{whole(static_cast<std::uint64_t>(term.degree))};
    if (columns.weighted) {
      cells.push_back(rational(*term.weight));
    } else if (columns.tensors) {
      cells.push_back(columns.same ? certified(squared(*term.teacher_coefficient), digits)
                                   : absent(""));
      cells.push_back(certified(*term.teacher_coefficient, digits));
      cells.push_back(certified(*term.student_coefficient, digits));
    }
    cells.push_back(yes_no(term.reachable));
    if (columns.tensors) cells.push_back(certified(*term.f_k, digits));
    if (findings.exact) {
      const ExactDegreeTerm none{term.degree, {}, {}};
      const ExactDegreeTerm& exact = columns.exact ? findings.exact->degree_terms[i] : none;
      for (const auto& number : {exact.f_k, exact.contribution})
        for (Value& cell : exact_cells(number)) cells.push_back(std::move(cell));
    }
    cells.push_back(certified(term.contribution, digits));
    table.rows.push_back({std::move(cells)});
  }
  for (const auto& [label, number] : summary) {
    std::vector<Value> cells(table.columns.size(), absent(""));
    cells.front() = word(label);
    cells.back() = certified(number, digits);
    table.rows.push_back({std::move(cells), true});
  }
  return table;
}

/// The choice that a series made and what it may be wrong by.
std::vector<Field> series_fields(const DegreeFindings& findings, int digits) {
  const SeriesLoss& series = findings.longest();
  const bool finite = series.truncation_bound == 0;
  const std::string terms = fmt::format("{} term{}", series.terms, series.terms == 1 ? "" : "s");
  return {
      {"series.value", "series", certified(series.value, digits),
       finite
           ? terms
           : fmt::format("{}, truncation at most {}", terms, bound(series.truncation_bound).text)},
      {"series.terms", "", whole(static_cast<std::uint64_t>(series.terms)), "", Audience::programs},
      {"series.truncation_bound", "", bound(series.truncation_bound), "", Audience::programs},
      {"series.chosen", "", yes_no(findings.series.has_value()), "", Audience::programs}};
}

std::vector<Field> exact_fields(const ExactLoss& exact, int max_degree) {
  constexpr std::size_t longest_text = 400, longest_latex = 1000;
  Value because = absent("");
  if (!exact.terms_absent_because.empty()) because = word(exact.terms_absent_because);
  std::vector<Field> fields{
      {"partial_sum_exact", fmt::format("sum to k = {}", max_degree),
       readable_symbol(exact.partial_sum, longest_text, longest_latex), "",
       exact.partial_sum ? Audience::everyone : Audience::programs},
      {"partial_sum_latex", "", latex_source(exact.partial_sum), "", Audience::programs}};
  // Where there are no terms at all, the reason is the value's, which has been given.
  const bool said = exact.terms_absent_because.empty() || exact.degree_terms.empty();
  fields.push_back({"degree_terms_not_exact_because", "not exact", std::move(because), "",
                    said ? Audience::programs : Audience::everyone});
  return fields;
}

}  // namespace

Enclosure remainder_of(const PointEvaluation& loss, const DegreeFindings& findings) {
  const Enclosure& sum = findings.table.partial_sum;
  return to_enclosure(Interval(to_interval(loss.value) - to_interval(sum)),
                      weaker(loss.value.status, sum.status));
}

Value readable_symbol(const std::optional<ExactValue>& exact, std::size_t longest_text,
                      std::size_t longest_latex) {
  if (!exact) return absent("");
  Value value = symbol(*exact, Radicals::reduced);
  const std::string elsewhere = "long, see JSON";
  if (value.text.size() > longest_text) value.text = elsewhere;
  if (value.latex.size() > longest_latex) value.latex = elsewhere;
  return value;
}

Value latex_source(const std::optional<ExactValue>& exact) {
  if (!exact) return absent("");
  const std::string source = to_latex(*exact, Radicals::reduced);
  return {source, "", source};
}

Section degree_section(const Problem& problem, const ObjectiveChoice& objective,
                       const PointEvaluation& loss, const DegreeFindings& findings, int max_degree,
                       int digits) {
  const DegreeColumns columns(problem, objective, findings);
  std::vector<std::pair<std::string, Enclosure>> summary;
  if (!columns.weighted)
    summary.emplace_back(
        "noise", to_enclosure(from_rational<Interval>(problem.noise_variance), Status::exact));
  if (!columns.weighted || !contains_zero(findings.table.known_tail))
    summary.emplace_back(fmt::format("> {}", max_degree), remainder_of(loss, findings));
  summary.emplace_back("total", loss.value);
  Section section{.title = "By degree",
                  .fields = series_fields(findings, digits),
                  .table = degree_table(columns, findings, summary, digits)};
  if (findings.exact)
    for (Field& field : exact_fields(*findings.exact, max_degree))
      section.fields.push_back(std::move(field));
  return section;
}

Plot degree_plot(const SeriesLoss& table, const ObjectiveChoice& objective) {
  Curve reachable{"contribution of degree k", Curve::Style::points, {}, {}};
  Curve out_of_reach{"out of the student's reach", Curve::Style::circles, {}, {}};
  bool negative = false;
  for (const DegreeTerm& term : table.degree_terms) {
    if (contains_zero(term.contribution)) continue;
    Curve& curve = term.reachable ? reachable : out_of_reach;
    curve.x.push_back(term.degree);
    curve.y.push_back(from_enclosure<double>(term.contribution));
    negative = negative || curve.y.back() < 0;
  }
  const bool full = std::holds_alternative<FullLoss>(objective);
  std::string name = to_text(objective);
  // An underscore would lower what follows it.
  if (std::holds_alternative<DesignedLoss>(objective)) name = "f_{/Symbol g}" + name.substr(7);
  return {.title = full ? "Population loss, degree by degree" : name + ", degree by degree",
          .x_label = "degree k",
          .y_label = full ? "loss" : "contribution",
          .log_y = !negative,
          .curves = {std::move(reachable), std::move(out_of_reach)}};
}

}  // namespace sigmahat::cli
