#include <fmt/format.h>

#include "layout.hpp"
#include "report.hpp"

namespace sigmahat::cli {
namespace {

/// Backslash before what Markdown would read as markup.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (std::string_view("\\`*_|<>[]").find(c) != std::string_view::npos) result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

std::string pipe_table(const PrintedTable& table) {
  std::string head = "|", rule = "|", body;
  for (const PrintedTable::Head& column : table.columns) {
    head += " " + escaped(column.label) + " |";
    rule += column.align == Column::Align::left ? " :-- |" : " --: |";
  }
  for (const auto& row : table.rows) {
    body += "|";
    for (const PrintedTable::Cell& cell : row) body += " " + escaped(cell.text) + " |";
    body += "\n";
  }
  return head + "\n" + rule + "\n" + body;
}

std::string fields_table(const std::vector<Field>& fields) {
  std::string rows;
  for (const Field& field : fields)
    if (shown_to_people(field.audience))
      rows += fmt::format("| {} | {} | {} |\n", escaped(field.label),
                          escaped(with_bound(field.value)), escaped(field.note));
  return rows.empty() ? rows : "| | | |\n| :-- | :-- | :-- |\n" + rows;
}

}  // namespace

std::string render_markdown(const Report& report) {
  std::string text = "## " + escaped(report.title) + "\n\n";
  for (const auto& [label, words] : report.heading)
    text += fmt::format("- {}: {}\n", escaped(label), escaped(words));
  for (const Section& section : report.sections) {
    if (!section.title.empty()) text += "\n### " + escaped(section.title) + "\n";
    if (const std::string fields = fields_table(section.fields); !fields.empty())
      text += "\n" + fields;
    if (section.table && is_for_people(*section.table))
      text += "\n" + pipe_table(printed(*section.table));
  }
  if (report.verdict)
    text += fmt::format("\n**Verdict: {}.** {}.\n", report.verdict->holds ? "true" : "false",
                        escaped(report.verdict->reason));
  return text;
}

}  // namespace sigmahat::cli
