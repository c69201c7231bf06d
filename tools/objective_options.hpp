#pragma once

#include <optional>

#include <CLI/App.hpp>

#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/objective/sphere.hpp>

#include "report.hpp"

namespace sigmahat::cli {

/// What is minimised, and over what.
struct ObjectiveOptions {
  std::optional<ObjectiveChoice> objective;  ///< none: f
  std::optional<Constraint> constraint;      ///< none: the sphere
  bool fixed_a = false;
};

void add_objective_options(CLI::App& command, ObjectiveOptions& options);

Freedom freedom_of(const ObjectiveOptions& options);
/// "unit rows, a trained".
std::string in_words(const Freedom& freedom);
void describe(const ObjectiveChoice& objective, const Freedom& freedom, Json& inputs);

}  // namespace sigmahat::cli
