#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "layout.hpp"
#include "report.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::size_t terminal_width = 80;
constexpr std::size_t gap = 2;
constexpr std::size_t digits_in_group = 10;

std::string spaces(std::size_t count) {
  return std::string(count, ' ');
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t used = display_width(text);
  return used < width ? text + spaces(width - used) : text;
}

std::string without_trailing_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

/// `text` broken between words, beginning in column `first`; the lines after it are indented.
std::string wrapped_words(std::string_view text, std::size_t first, std::size_t indent) {
  std::string result;
  std::size_t column = first;
  bool line_is_empty = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view next = text.substr(0, end);
    if (!line_is_empty && column + 1 + display_width(next) > terminal_width) {
      result += "\n" + spaces(indent);
      column = indent;
    } else if (!line_is_empty) {
      result += ' ';
      ++column;
    }
    result += next;
    column += display_width(next);
    line_is_empty = false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

bool is_decimal(std::string_view text) {
  return text.find_first_not_of("0123456789.e+-") == std::string_view::npos;
}

/// A decimal too long for its line, in groups of ten digits under one another; `column` is where it
/// begins.
std::string grouped_digits(std::string_view decimal, std::size_t column) {
  const std::size_t point = decimal.find('.');
  const std::size_t head = point == std::string_view::npos ? 0 : point + 1;
  const std::size_t exponent = std::min(decimal.find('e'), decimal.size());
  const std::size_t room = terminal_width - std::min(column + head, terminal_width);
  const std::size_t groups_in_line =
      std::clamp<std::size_t>((room + 1) / (digits_in_group + 1), 1, 5);
  std::string result(decimal.substr(0, head));
  for (std::size_t group = 0, i = head; i < exponent; ++group, i += digits_in_group) {
    if (group > 0) result += group % groups_in_line == 0 ? "\n" + spaces(column + head) : " ";
    result += decimal.substr(i, std::min(digits_in_group, exponent - i));
  }
  return result + std::string(decimal.substr(exponent));
}

std::string fitted(const std::string& text, std::size_t column) {
  return column + display_width(text) > terminal_width && is_decimal(text)
             ? grouped_digits(text, column)
             : text;
}

/// Width of a decimal before its point, the whole of it where there is none; 0 for a word.
std::size_t width_before_point(const std::string& text) {
  if (!is_decimal(text.substr(0, text.find(' ')))) return 0;
  return std::min(text.find_first_of(".e "), text.size());
}

/// The column's cells padded to one width, its head last.
void align(std::vector<std::string>& cells, std::string& head, Column::Align how) {
  std::size_t before = 0, width = 0;
  for (const std::string& cell : cells) before = std::max(before, width_before_point(cell));
  if (how == Column::Align::point)
    for (std::string& cell : cells)
      if (const std::size_t own = width_before_point(cell); own > 0)
        cell = spaces(before - own) + cell;
  for (const std::string& cell : cells) width = std::max(width, display_width(cell));
  width = std::max(width, display_width(head));
  if (how == Column::Align::right) {
    for (std::string& cell : cells) cell = spaces(width - display_width(cell)) + cell;
    head = spaces(width - display_width(head)) + head;
  }
  for (std::string& cell : cells) cell = padded(std::move(cell), width);
  head = padded(std::move(head), width);
}

/// `cell` at the end of `line`, or on a line of its own where the first has no room for it.
std::string with_last_cell(const std::string& line, const std::string& cell) {
  constexpr std::size_t indent = 3 * gap;
  const std::string whole = without_trailing_spaces(line + spaces(gap) + cell);
  if (display_width(whole) <= terminal_width) return whole;
  return without_trailing_spaces(line) + "\n" + spaces(indent) + cell;
}

std::size_t longest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);)
    longest = std::max(longest, display_width(line));
  return longest;
}

/// Rows under one another; empty where they would not fit the terminal.
std::string aligned_rows(const PrintedTable& table) {
  const std::size_t last = table.columns.size() - 1;
  std::string head_line;
  std::vector<std::string> lines(table.rows.size());
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::vector<std::string> cells;
    for (const auto& row : table.rows) cells.push_back(row[c].text);
    std::string head = table.columns[c].label;
    const bool may_go_below = c == last && table.columns[c].align == Column::Align::left;
    if (!may_go_below) align(cells, head, table.columns[c].align);
    head_line += spaces(gap) + head;
    for (std::size_t r = 0; r < lines.size(); ++r)
      lines[r] = may_go_below ? with_last_cell(lines[r], cells[r])
                              : std::move(lines[r]) + spaces(gap) + cells[r];
  }
  head_line = without_trailing_spaces(head_line);
  std::size_t width = display_width(head_line);
  for (std::string& line : lines) {
    line = without_trailing_spaces(line);
    width = std::max(width, longest_line(line));
  }
  if (width > terminal_width) return {};
  const std::string rule = spaces(gap) + std::string(width - gap, '-') + "\n";
  std::string text = head_line + "\n" + rule;
  for (std::size_t r = 0; r < lines.size(); ++r) {
    if (r == table.first_summary_row && r > 0) text += rule;
    text += lines[r] + "\n";
  }
  return text;
}

/// One row below the other, a line for each cell: for numbers of many digits.
std::string records(const PrintedTable& table) {
  std::size_t label_width = 0;
  for (const PrintedTable::Head& column : table.columns)
    label_width = std::max(label_width, display_width(column.label));
  std::string text;
  for (const auto& row : table.rows) {
    if (!text.empty()) text += "\n";
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (row[c].text.empty()) continue;
      const std::size_t column = 2 * gap + label_width;
      text += without_trailing_spaces(spaces(gap) + padded(table.columns[c].label, label_width) +
                                      spaces(gap) + fitted(row[c].text, column)) +
              "\n";
    }
  }
  return text;
}

std::string fields_text(const std::vector<Field>& fields) {
  std::size_t label_width = 0, value_width = 0;
  for (const Field& field : fields) {
    if (!shown_to_people(field.audience)) continue;
    label_width = std::max(label_width, display_width(field.label));
    value_width = std::max(value_width, display_width(with_bound(field.value)));
  }
  const std::size_t column = 2 * gap + label_width;
  std::string text;
  for (const Field& field : fields) {
    if (!shown_to_people(field.audience)) continue;
    text += spaces(gap) + padded(field.label, label_width) + spaces(gap);
    const std::string value = with_bound(field.value);
    if (column + display_width(value) > terminal_width && is_decimal(field.value.text)) {
      text += fitted(field.value.text, column);
      if (value != field.value.text)
        text += "\n" + spaces(column) + "± " + field.value.error_bound.value_or("");
      if (!field.note.empty()) text += "\n" + spaces(column) + field.note;
    } else if (field.note.empty()) {
      text += wrapped_words(value, column, column);
    } else if (column + value_width + gap + display_width(field.note) <= terminal_width) {
      text += padded(value, value_width) + spaces(gap) + field.note;
    } else {
      text += value + "\n" + spaces(column) + wrapped_words(field.note, column, column);
    }
    text += "\n";
  }
  return text;
}

}  // namespace

std::string render_text(const Report& report) {
  std::string text = report.title + "\n";
  std::size_t label_width = 0;
  for (const auto& [label, words] : report.heading)
    label_width = std::max(label_width, display_width(label));
  const std::size_t column = 2 * gap + label_width;
  for (const auto& [label, words] : report.heading)
    text += spaces(gap) + padded(label, label_width) + spaces(gap) +
            wrapped_words(words, column, column) + "\n";
  for (const Section& section : report.sections) {
    text += "\n";
    if (!section.title.empty()) text += wrapped_words(section.title, 0, gap) + "\n";
    text += fields_text(section.fields);
    if (section.table && is_for_people(*section.table)) {
      const PrintedTable table = printed(*section.table);
      const std::string rows = aligned_rows(table);
      text += rows.empty() ? records(table) : rows;
    }
  }
  if (report.verdict) {
    const std::string claim = report.verdict->holds ? "TRUE: " : "FALSE: ";
    text += "\nVerdict " + wrapped_words(claim + report.verdict->reason, 8, gap) + "\n";
  }
  return text;
}

}  // namespace sigmahat::cli
