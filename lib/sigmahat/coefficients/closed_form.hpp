#pragma once

#include <optional>
#include <vector>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/coefficients/exact_form.hpp>

namespace sigmahat {

/// σ̂_0..σ̂_K in symbols (MATH.md 2) and E[σ²] at the precision in force, where it is known.
struct ClosedForm {
  std::vector<ExactValue> coefficients;
  std::optional<Interval> second_moment;
};

/// Empty where f has no exact coefficients.
std::optional<ClosedForm> closed_form(const ExactForm& f, int max_degree);
/// Empty where no closed form is known for the activation.
std::optional<ClosedForm> closed_form(const Activation& activation, int max_degree);

/// Whether closed_form has one.
bool has_closed_form(const Activation& activation);

}  // namespace sigmahat
