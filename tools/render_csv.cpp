#include "report.hpp"

namespace sigmahat::cli {
namespace {

bool in_csv(const Column& column) {
  return column.audience == Audience::everyone || column.audience == Audience::programs;
}

std::string cell_text(const Json& json) {
  if (json.is_null()) return "";
  if (json.is_array()) {
    std::string list;
    for (const Json& entry : json) list += (list.empty() ? "" : ";") + cell_text(entry);
    return list;
  }
  return json.is_string() ? json.get<std::string>() : json.dump();
}

void append_record(std::string& csv, const std::vector<std::string>& record) {
  for (std::size_t i = 0; i < record.size(); ++i) csv += (i == 0 ? "" : ",") + csv_cell(record[i]);
  csv += "\n";
}

}  // namespace

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

std::string render_csv(const Report& report) {
  std::string csv;
  for (const Section& section : report.sections) {
    if (!section.table) continue;
    const Table& table = *section.table;
    std::vector<std::string> head;
    for (const Column& column : table.columns) {
      if (!in_csv(column)) continue;
      head.push_back(column.key);
      if (column.certified) head.push_back(bound_key(column.key));
    }
    append_record(csv, head);
    for (const Row& row : table.rows) {
      std::vector<std::string> record;
      for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (!in_csv(table.columns[i])) continue;
        record.push_back(cell_text(row.cells[i].json));
        if (table.columns[i].certified) record.push_back(row.cells[i].error_bound.value_or(""));
      }
      append_record(csv, record);
    }
    break;
  }
  return csv;
}

}  // namespace sigmahat::cli
