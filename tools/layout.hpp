#pragma once

#include <string>
#include <vector>

#include "report.hpp"

namespace sigmahat::cli {

/// A report's table as people see it, bounds in columns of their own: what text, Markdown and LaTeX
/// have in common.
struct PrintedTable {
  struct Head {
    std::string label;
    std::string latex;
    Column::Align align;
  };
  struct Cell {
    std::string text;
    std::string latex;
  };
  std::vector<Head> columns;
  std::vector<std::vector<Cell>> rows;
  std::size_t first_summary_row;  ///< the number of rows where there is none
};
PrintedTable printed(const Table& table);
/// Whether there is something in it for people: of a grid of ten thousand numbers no column is.
bool is_for_people(const Table& table);

/// "0.28209479177387814 ± 3.1e-18", the note left out.
std::string with_bound(const Value& value);

/// Columns of a terminal that `text` takes (UTF-8, no double-width characters).
std::size_t display_width(std::string_view text);

}  // namespace sigmahat::cli
