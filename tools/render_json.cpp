#include <sigmahat/numeric/errors.hpp>

#include "report.hpp"
#include "version.hpp"

namespace sigmahat::cli {
namespace {

/// The object's entry at "closed_form.value", made where it is not there yet.
Json& entry(Json& object, std::string_view path) {
  const std::size_t dot = path.find('.');
  Json& child = object[std::string(path.substr(0, dot))];
  return dot == std::string_view::npos ? child : entry(child, path.substr(dot + 1));
}

Json bound_json(const Value& value) {
  return value.error_bound ? Json(*value.error_bound) : Json(nullptr);
}

Json row_json(const Table& table, const Row& row) {
  Json object = Json::object();
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (column.audience == Audience::people) continue;
    entry(object, column.key) = row.cells[i].json;
    if (column.certified) entry(object, bound_key(column.key)) = bound_json(row.cells[i]);
  }
  return object;
}

}  // namespace

std::string render_json(const Report& report) {
  Json results = Json::object();
  for (const Section& section : report.sections) {
    for (const Field& field : section.fields) {
      if (field.audience == Audience::people) continue;
      entry(results, field.key) = field.value.json;
      if (field.value.error_bound) entry(results, bound_key(field.key)) = bound_json(field.value);
    }
    if (!section.table) continue;
    Json rows = Json::array();
    for (const Row& row : section.table->rows)
      if (!row.summary) rows.push_back(row_json(*section.table, row));
    entry(results, section.table->key) = std::move(rows);
  }
  if (report.verdict) results["verdict"] = report.verdict->holds;

  Json document;
  document["command"] = report.command;
  document["version"] = program_version();
  document["inputs"] = report.inputs;
  document["results"] = std::move(results);
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sigmahat::cli
