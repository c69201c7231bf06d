#pragma once

#include <optional>
#include <vector>

#include <sigmahat/coefficients/exact_value.hpp>
#include <sigmahat/numeric/rational_polynomial.hpp>

namespace sigmahat {

/// cos(frequency·x) or sin(frequency·x), frequency > 0.
struct Wave {
  enum class Phase { cosine, sine } phase;
  Rational frequency;
  friend bool operator==(const Wave&, const Wave&) = default;
};

/// erf(sqrt(slope_square)·(x + shift)), slope_square > 0: a step that is not sharp.
struct SmoothStep {
  Rational slope_square;
  Rational shift;
  friend bool operator==(const SmoothStep&, const SmoothStep&) = default;
};

/// exp(-sharpness·x²/2 + rate·x) times a wave times smooth steps.
struct FormShape {
  Rational sharpness = 0;
  Rational rate = 0;
  std::optional<Wave> wave;
  std::vector<SmoothStep> steps;  ///< ascending
  friend bool operator==(const FormShape&, const FormShape&) = default;
};

/// scale · polynomial(x) · shape(x).
struct FormTerm {
  ExactTerm scale;              ///< without an error function
  Polynomial polynomial = {1};  ///< leading coefficient 1
  FormShape shape = {};
  friend bool operator==(const FormTerm&, const FormTerm&) = default;
};

/// A real function of x, between rational breakpoints a sum of FormTerms: the functions among which
/// those with exact Hermite coefficients are found (docs/design/exact-ring.md).
///
/// Closed under sums and products. Canonical but for the values at the breakpoints, which it does
/// not have: equal functions are equal objects, as far as the scales are independent over the
/// rational numbers.
class ExactForm {
 public:
  using Piece = std::vector<FormTerm>;

  ExactForm() : pieces_(1) {}            ///< zero
  ExactForm(Polynomial polynomial);      // NOLINT: a polynomial is a function
  ExactForm(const ExactTerm& constant);  // NOLINT: so is a number; no error function
  /// @param breakpoints  ascending
  /// @param pieces       one more than breakpoints, from left to right; of their terms, only the
  ///                     ranges stated with the fields are required
  ExactForm(std::vector<Rational> breakpoints, std::vector<Piece> pieces);

  /// exp(-sharpness·x²/2 + rate·x).
  static ExactForm exponential(const Rational& sharpness, const Rational& rate);
  /// Any frequency, zero and negative ones included.
  static ExactForm cosine(const Rational& frequency);
  static ExactForm sine(const Rational& frequency);
  /// erf(sqrt(slope_square)·(x + shift)), slope_square > 0.
  static ExactForm error_function(const Rational& slope_square, const Rational& shift);
  /// 1 for x > c, 0 for x < c.
  static ExactForm step(const Rational& c);

  const std::vector<Rational>& breakpoints() const { return breakpoints_; }
  const std::vector<Piece>& pieces() const { return pieces_; }
  bool is_zero() const { return pieces_.size() == 1 && pieces_[0].empty(); }

  friend bool operator==(const ExactForm&, const ExactForm&) = default;

 private:
  std::vector<Rational> breakpoints_;
  std::vector<Piece> pieces_;
};

ExactForm operator+(const ExactForm& f, const ExactForm& g);
ExactForm operator-(const ExactForm& f, const ExactForm& g);
ExactForm operator-(const ExactForm& f);
ExactForm operator*(const ExactForm& f, const ExactForm& g);

/// σ̂_0..σ̂_K in symbols, by recurrences in rational arithmetic (docs/design/exact-ring.md).
///
/// Empty where the class has no closed form: at a breakpoint across which a wave or a smooth step
/// changes; for a wave times an exponential or a smooth step, or two smooth steps; where the term
/// is not square integrable, or grows like e^{x²/2} between two breakpoints. Also where the numbers
/// would fill the memory: parameters with many digits, raised to high degrees.
/// @param max_degree  K >= 0
/// @complexity O(K) operations with rational numbers of O(K log K) bits for each term, breakpoint
///             and degree of a polynomial
std::optional<std::vector<ExactValue>> exact_coefficients(const ExactForm& f, int max_degree);

/// E[f]: σ̂_0, and also where f is integrable and f² is not.
std::optional<ExactValue> exact_mean(const ExactForm& f);

/// E[f²], to the precision in force.
///
/// The mean of the square, where it is in the class; smooth steps around zero also in pairs:
/// E[erf(ax) erf(bx)] = (2/π) arcsin(2ab/√((1+2a²)(1+2b²))). Empty otherwise.
std::optional<Interval> exact_second_moment(const ExactForm& f);

}  // namespace sigmahat
