#pragma once

#include <sigmahat/activation/expression.hpp>

namespace sigmahat {

/// f(x) in double: NaN outside the domain, infinite at poles and beyond the range. Internal: what
/// is handed out goes through `evaluate`, which refuses both.
double rounded_value(const Expression& f, double x);

}  // namespace sigmahat
