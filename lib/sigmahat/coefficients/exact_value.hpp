#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sigmahat/numeric/enclosure.hpp>

namespace sigmahat {

/// sign · sqrt(square · π^pi_power · e^exponent) · erf(sqrt(erf_square)): a monomial, never zero.
///
/// `square` is a number, not a factorisation: equal monomials have equal fields.
struct ExactTerm {
  int sign = 1;         ///< -1 or 1
  Rational square = 1;  ///< > 0
  int pi_power = 0;
  Rational exponent = 0;
  std::optional<Rational> erf_square;  ///< > 0

  /// sign(s)·sqrt(|s|·π^pi_power·e^exponent), s = signed_square; throws DomainError for s = 0.
  static ExactTerm root(const Rational& signed_square, int pi_power = 0,
                        const Rational& exponent = 0);
  static ExactTerm rational(const Rational& value);

  friend bool operator==(const ExactTerm&, const ExactTerm&) = default;
};

/// Throws DomainError where both have an error function: their product is no monomial.
ExactTerm operator*(const ExactTerm& x, const ExactTerm& y);

/// x/y, where the two are alike: all but sign and square agree, and the ratio is rational.
std::optional<Rational> rational_ratio(const ExactTerm& x, const ExactTerm& y);

/// A sum of monomials: the exact form of a Hermite coefficient (docs/design/exact-ring.md).
///
/// Canonical: no two terms are alike, and they are in a fixed order. The same sum, put together in
/// whatever way, is the same object, and zero is the sum of nothing.
class ExactValue {
 public:
  ExactValue() = default;
  ExactValue(const ExactTerm& term) : terms_{term} {}  // NOLINT: a monomial is a sum
  static ExactValue zero() { return {}; }
  static ExactValue rational(const Rational& value);
  /// sign(s)·sqrt(|s|·π^pi_power·e^exponent), s = signed_square.
  static ExactValue root(const Rational& signed_square, int pi_power = 0,
                         const Rational& exponent = 0);
  /// sign(s)·erf(sqrt(|s|)), s = signed_square.
  static ExactValue error_function(const Rational& signed_square);
  static ExactValue sum(std::vector<ExactTerm> terms);

  const std::vector<ExactTerm>& terms() const { return terms_; }
  bool is_zero() const { return terms_.empty(); }

  /// The same object; `equal` asks for the same number.
  friend bool operator==(const ExactValue&, const ExactValue&) = default;

 private:
  std::vector<ExactTerm> terms_;
};

ExactValue operator+(const ExactValue& x, const ExactValue& y);
ExactValue operator-(const ExactValue& x, const ExactValue& y);
ExactValue operator-(const ExactValue& x);
ExactValue operator*(const Rational& factor, const ExactValue& x);
/// Throws DomainError where both have an error function.
ExactValue operator*(const ExactTerm& factor, const ExactValue& x);

/// Whether two values are the same number.
///
/// The same object is the same number; different objects are proven to be different numbers by an
/// enclosure of x - y, at growing precision, that does not hold zero. No two that are equal and yet
/// different objects are known (docs/design/exact-ring.md, "Equality"); on such a pair, or one too
/// close to tell apart, this throws NumericalError.
bool equal(const ExactValue& x, const ExactValue& y);

/// One line that the grammar of expressions reads: "-1/sqrt(48*pi)",
/// "exp(-1/8)/sqrt(2*pi) - 1/4 + erf(1/sqrt(8))/4".
std::string to_text(const ExactValue& x);
/// "-\frac{1}{\sqrt{48 \pi}}".
std::string to_latex(const ExactValue& x);

/// An enclosure whose width is a few units in the last place of the precision in force, however
/// much of the terms cancels; exactly zero only for zero.
Interval to_interval(const ExactValue& x);
/// The same for many, which share what they have in common.
std::vector<Interval> to_intervals(const std::vector<ExactValue>& values);

}  // namespace sigmahat
