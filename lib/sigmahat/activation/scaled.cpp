#include <fmt/format.h>

#include <sigmahat/activation/admissibility.hpp>
#include <sigmahat/activation/scaled.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {

Activation scaled(const Activation& sigma, const Rational& r) {
  if (r == 0)
    throw DomainError(
        fmt::format("{} scaled by 0 is a constant; expected another scale", sigma.name()));
  if (r == 1) return sigma;
  // The name of an activation is an expression (docs/expressions.md).
  const Expression f = compose(parse_expression(sigma.name()), r * Expression::variable());
  require_admissible(f);
  return Activation(to_text(f), structure_of(f));
}

}  // namespace sigmahat
