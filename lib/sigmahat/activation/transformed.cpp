#include <fmt/format.h>

#include <sigmahat/activation/admissibility.hpp>
#include <sigmahat/activation/transformed.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {

Activation scaled(const Activation& sigma, const Rational& r) {
  if (r == 0)
    throw DomainError(
        fmt::format("{} scaled by 0 is a constant; expected another scale", sigma.name()));
  if (r == 1) return sigma;
  return transformed(to_expression(sigma), r, 0);
}

Activation transformed(const Expression& f, const Rational& r, const Rational& c) {
  if (r == 0) throw DomainError("a row of length 0 leaves a constant; expected another length");
  const Expression g = compose(f, r * Expression::variable() + Expression(c));
  require_admissible(g);
  return Activation(to_text(g), structure_of(g));
}

}  // namespace sigmahat
