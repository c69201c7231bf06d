#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "layout.hpp"
#include "report.hpp"
#include "version.hpp"

namespace sigmahat::cli {
namespace {

std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  return text;
}

std::string tabular(const PrintedTable& table) {
  std::string specification, head;
  for (const PrintedTable::Head& column : table.columns) {
    specification += column.align == Column::Align::left ? 'l' : 'r';
    head += (head.empty() ? "" : " & ") + column.latex;
  }
  std::string text =
      fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n\\midrule\n", specification, head);
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    if (r == table.first_summary_row && r > 0) text += "\\midrule\n";
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      text += (c == 0 ? "" : " & ") + table.rows[r][c].latex;
    text += " \\\\\n";
  }
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string fields_tabular(const std::vector<Field>& fields) {
  const bool notes = std::any_of(fields.begin(), fields.end(), [](const Field& field) {
    return shown_to_people(field.audience) && !field.note.empty();
  });
  std::string rows;
  for (const Field& field : fields) {
    if (!shown_to_people(field.audience)) continue;
    rows += escape_latex(field.label) + " & " + field.value.latex;
    if (field.value.error_bound && *field.value.error_bound != "0")
      rows += " $\\pm " + latex_digits(*field.value.error_bound) + "$";
    rows += (notes ? " & " + escape_latex(field.note) : "") + " \\\\\n";
  }
  if (rows.empty()) return {};
  return fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n{}\\bottomrule\n\\end{{tabular}}\n",
                     notes ? "lll" : "ll", rows);
}

}  // namespace

std::string escape_latex(std::string_view text) {
  // The longer ones first.
  static constexpr std::pair<std::string_view, std::string_view> replacements[] = {
      {"‖σ − Σ σ_k h_k‖", "$\\|\\sigma - \\sum \\hat\\sigma_k h_k\\|$"},
      {"Σ σ_k h_k(x)", "$\\sum \\hat\\sigma_k h_k(x)$"},
      {"σ_k²", "$\\hat\\sigma_k^2$"},
      {"σ_k", "$\\hat\\sigma_k$"},
      {"σ²", "$\\sigma^2$"},
      {"σ", "$\\sigma$"},
      {"φ", "$\\varphi$"},
      {"γ", "$\\gamma$"},
      {"κ", "$\\kappa$"},
      {"ρ", "$\\rho$"},
      {"Σ", "$\\sum$"},
      {"²", "$^2$"},
      {"±", "$\\pm$"},
      {"−", "$-$"},
      {"≤", "$\\le$"},
      {"·", "$\\cdot$"},
      {"\\", "\\textbackslash{}"},
      {"^", "\\textasciicircum{}"},
      {"~", "\\textasciitilde{}"},
      {"|", "\\textbar{}"},
      {"<", "\\textless{}"},
      {">", "\\textgreater{}"},
      {"\"", "\\textquotedbl{}"},
      {"&", "\\&"},
      {"%", "\\%"},
      {"$", "\\$"},
      {"#", "\\#"},
      {"_", "\\_"},
      {"{", "\\{"},
      {"}", "\\}"},
  };
  std::string result;
  while (!text.empty()) {
    const auto match = std::find_if(std::begin(replacements), std::end(replacements),
                                    [&](const auto& r) { return text.starts_with(r.first); });
    if (match == std::end(replacements)) {
      result += text.front();
      text.remove_prefix(1);
    } else {
      result += match->second;
      text.remove_prefix(match->first.size());
    }
  }
  return result;
}

std::string latex_digits(std::string_view number) {
  const std::size_t e = number.find('e');
  if (e == std::string_view::npos) return std::string(number);
  return fmt::format("{} \\times 10^{{{}}}", number.substr(0, e), number.substr(e + 1));
}

std::string render_latex(const Report& report) {
  std::string text = fmt::format("% sigmahat {} {}; \\usepackage{{booktabs}}\n", program_version(),
                                 report.command);
  for (const auto& [label, words] : report.heading)
    text += fmt::format("% {}: {}\n", label, one_line(words));
  for (const Section& section : report.sections) {
    text += section.title.empty() ? "\n" : fmt::format("\n% {}\n", section.title);
    text += fields_tabular(section.fields);
    if (section.table && is_for_people(*section.table)) text += tabular(printed(*section.table));
  }
  if (report.verdict)
    text += fmt::format("\n\\noindent Verdict: {}: {}.\n", report.verdict->holds ? "true" : "false",
                        escape_latex(report.verdict->reason));
  return text;
}

}  // namespace sigmahat::cli
