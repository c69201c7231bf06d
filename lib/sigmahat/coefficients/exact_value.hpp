#pragma once

#include <optional>
#include <string>

#include <sigmahat/numeric/enclosure.hpp>

namespace sigmahat {

/// sign · sqrt(square · π^pi_power · e^exponent) · erf(sqrt(erf_square)): the exact form of every
/// coefficient that MATH.md 2 gives in closed form.
///
/// Canonical: equal numbers have equal fields, zero has sign 0 and nothing else.
struct ExactValue {
  int sign = 0;         ///< -1, 0, 1
  Rational square = 0;  ///< > 0 unless sign is 0
  int pi_power = 0;
  Rational exponent = 0;
  std::optional<Rational> erf_square;

  static ExactValue zero() { return {}; }
  static ExactValue rational(const Rational& value);
  /// sign(value)·sqrt(|value|·π^pi_power·e^exponent)
  static ExactValue root(const Rational& signed_square, int pi_power = 0,
                         const Rational& exponent = 0);

  bool is_zero() const { return sign == 0; }
  friend bool operator==(const ExactValue&, const ExactValue&) = default;
};

ExactValue operator*(const Rational& factor, const ExactValue& x);

/// One line: "-1/sqrt(48*pi)", "1/(2*sqrt(pi))", "3/4".
std::string to_text(const ExactValue& x);
/// "-\frac{1}{\sqrt{48\pi}}".
std::string to_latex(const ExactValue& x);
/// Correct to the precision in force; status exact.
Interval to_interval(const ExactValue& x);

}  // namespace sigmahat
