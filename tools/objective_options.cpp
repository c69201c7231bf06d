#include "objective_options.hpp"

#include <fmt/format.h>

#include "options.hpp"

namespace sigmahat::cli {

void add_objective_options(CLI::App& command, ObjectiveOptions& options) {
  add_parsed_option(
      command, "--objective", "OBJECTIVE", "f, f_gamma:2,4, degree:4, G:mu=0.05 ... (f)",
      [&options](const std::string& text) { options.objective = parse_objective(text); });
  add_parsed_option(
      command, "--constraint", "C", "rows of the student: sphere or free (sphere)",
      [&options](const std::string& text) { options.constraint = parse_constraint(text); });
  command.add_flag("--fixed-a", options.fixed_a, "move the rows alone");
}

Freedom freedom_of(const ObjectiveOptions& options) {
  return {options.constraint.value_or(Constraint::sphere), !options.fixed_a};
}

std::string in_words(const Freedom& freedom) {
  return fmt::format("{}, a {}", freedom.rows == Constraint::sphere ? "unit rows" : "free rows",
                     freedom.trains_a ? "trained" : "fixed");
}

void describe(const ObjectiveChoice& objective, const Freedom& freedom, Json& inputs) {
  inputs["objective"] = to_text(objective);
  inputs["constraint"] = freedom.rows == Constraint::sphere ? "sphere" : "free";
  inputs["fixed_a"] = !freedom.trains_a;
}

}  // namespace sigmahat::cli
