#include "layout.hpp"

#include <algorithm>

namespace sigmahat::cli {

PrintedTable printed(const Table& table) {
  PrintedTable result;
  for (const Column& column : table.columns) {
    if (!shown_to_people(column.audience)) continue;
    result.columns.push_back({column.label,
                              column.latex.empty() ? escape_latex(column.label) : column.latex,
                              column.align});
    if (column.show_bound) result.columns.push_back({"± at most", "$\\pm$", Column::Align::left});
  }
  for (const Row& row : table.rows) {
    std::vector<PrintedTable::Cell> cells;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const Column& column = table.columns[i];
      if (!shown_to_people(column.audience)) continue;
      const Value& value = row.cells[i];
      // A bare "0" would claim an exact zero: without a column for the bound it goes with the
      // number.
      const bool unresolved = value.text == "0" && value.error_bound && *value.error_bound != "0";
      if (column.certified && !column.show_bound && unresolved)
        cells.push_back({with_bound(value), "$0 \\pm " + latex_digits(*value.error_bound) + "$"});
      else
        cells.push_back({value.text, value.latex});
      if (column.show_bound) {
        const std::string bound_shown = value.error_bound.value_or("");
        cells.push_back(
            {bound_shown, bound_shown.empty() ? "" : "$" + latex_digits(bound_shown) + "$"});
      }
    }
    result.rows.push_back(std::move(cells));
  }
  result.first_summary_row = static_cast<std::size_t>(
      std::find_if(table.rows.begin(), table.rows.end(), [](const Row& r) { return r.summary; }) -
      table.rows.begin());
  return result;
}

bool is_for_people(const Table& table) {
  return !table.rows.empty() &&
         std::any_of(table.columns.begin(), table.columns.end(),
                     [](const Column& column) { return shown_to_people(column.audience); });
}

std::string with_bound(const Value& value) {
  return value.error_bound && *value.error_bound != "0" ? value.text + " ± " + *value.error_bound
                                                        : value.text;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace sigmahat::cli
