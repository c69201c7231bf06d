#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <sigmahat/numeric/enclosure.hpp>

namespace sigmahat {

/// erf(sqrt(square)), square > 0, or arcsin(sqrt(square)), 0 < square < 1/2 and not 1/4: the other
/// arcsines are these and multiples of π (ExactValue::arcsine).
struct SpecialValue {
  enum class Function { erf, arcsin } function;
  Rational square;

  friend bool operator==(const SpecialValue&, const SpecialValue&) = default;
};

/// sign · sqrt(square · π^pi_power · e^exponent) · special: a monomial, never zero.
///
/// `square` is a number, not a factorisation: equal monomials have equal fields.
struct ExactTerm {
  int sign = 1;         ///< -1 or 1
  Rational square = 1;  ///< > 0
  int pi_power = 0;
  Rational exponent = 0;
  std::optional<SpecialValue> special;

  /// sign(s)·sqrt(|s|·π^pi_power·e^exponent), s = signed_square; throws DomainError for s = 0.
  static ExactTerm root(const Rational& signed_square, int pi_power = 0,
                        const Rational& exponent = 0);
  static ExactTerm rational(const Rational& value);

  friend bool operator==(const ExactTerm&, const ExactTerm&) = default;
};

/// Throws DomainError where both have a special value: their product is no monomial.
ExactTerm operator*(const ExactTerm& x, const ExactTerm& y);

/// x/y, where the two are alike: all but sign and square agree, and the ratio is rational.
std::optional<Rational> rational_ratio(const ExactTerm& x, const ExactTerm& y);

/// A sum of monomials: the exact form of a Hermite coefficient, of a dual kernel, of a loss
/// (docs/design/exact-ring.md).
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
  /// sign(s)·arcsin(sqrt(|s|)), s = signed_square, |s| <= 1; throws DomainError otherwise.
  ///
  /// A multiple of π for |s| = 1/4, 1/2, 3/4, 1 (and for no other: Niven's theorem); for s > 1/2
  /// the complement, so that an angle and what it lacks to a right one are alike.
  static ExactValue arcsine(const Rational& signed_square);
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
/// Throws DomainError where both have a special value.
ExactValue operator*(const ExactTerm& factor, const ExactValue& x);
/// Empty where two special values would meet.
std::optional<ExactValue> product(const ExactValue& x, const ExactValue& y);

/// Bits of all the whole numbers in it: how much there is to read.
std::size_t bit_length(const ExactValue& x);

/// Whether two values are the same number.
///
/// The same object is the same number; different objects are proven to be different numbers by an
/// enclosure of x - y, at growing precision, that does not hold zero. On a pair that is equal and
/// yet different objects, or too close to tell apart, this throws NumericalError: such are known of
/// arcsines alone, arcsin(3/5) = 2 arcsin(1/√10) (docs/design/exact-ring.md, "Equality").
bool equal(const ExactValue& x, const ExactValue& y);

/// How roots are written.
enum class Radicals {
  entire,  ///< 1/sqrt(48*pi): a whole number leaves the root only if it leaves it entirely
  /// 1/(4*sqrt(3*pi)): squares of small primes leave it; for values that stand by themselves
  reduced,
};

/// One line: "-1/sqrt(48*pi)", "exp(-1/8)/sqrt(2*pi) - 1/4 + erf(1/sqrt(8))/4". The grammar of
/// expressions reads it, but for arcsines: it has none.
std::string to_text(const ExactValue& x, Radicals radicals = Radicals::entire);
/// "-\frac{1}{\sqrt{48 \pi}}".
std::string to_latex(const ExactValue& x, Radicals radicals = Radicals::entire);

/// An enclosure whose width is a few units in the last place of the precision in force, however
/// much of the terms cancels; exactly zero only for zero.
Interval to_interval(const ExactValue& x);
/// The same for many, which share what they have in common.
std::vector<Interval> to_intervals(const std::vector<ExactValue>& values);

}  // namespace sigmahat
