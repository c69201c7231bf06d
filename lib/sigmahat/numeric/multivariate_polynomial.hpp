#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// Σ c_α z_1^{α_1} ... z_n^{α_n} with rational coefficients, none of them zero. A value.
class MultivariatePolynomial {
 public:
  using Exponents = std::vector<int>;  ///< n of them, >= 0

  /// Zero, in n variables.
  explicit MultivariatePolynomial(std::size_t variables) : variables_(variables) {}
  static MultivariatePolynomial constant(std::size_t variables, const Rational& value);
  /// z_i, 0 <= i < n.
  static MultivariatePolynomial variable(std::size_t variables, std::size_t i);
  static MultivariatePolynomial monomial(const Exponents& exponents, const Rational& coefficient);

  std::size_t variables() const { return variables_; }
  /// In lexicographic order of the exponents, the highest first.
  const std::map<Exponents, Rational, std::greater<>>& terms() const { return terms_; }
  bool is_zero() const { return terms_.empty(); }
  /// The largest sum of exponents; -1 for zero.
  int degree() const;
  /// The terms whose exponents add up to `degree`.
  MultivariatePolynomial homogeneous_part(int degree) const;

  /// @param point  n numbers
  template <Scalar T>
  T value_at(std::span<const T> point) const;

  MultivariatePolynomial& operator+=(const MultivariatePolynomial& other);
  MultivariatePolynomial& operator*=(const Rational& factor);
  friend bool operator==(const MultivariatePolynomial&, const MultivariatePolynomial&) = default;

 private:
  void add(const Exponents& exponents, const Rational& coefficient);

  std::size_t variables_;
  std::map<Exponents, Rational, std::greater<>> terms_;
  friend MultivariatePolynomial operator*(const MultivariatePolynomial& p,
                                          const MultivariatePolynomial& q);
};

MultivariatePolynomial operator+(MultivariatePolynomial p, const MultivariatePolynomial& q);
MultivariatePolynomial operator-(MultivariatePolynomial p, const MultivariatePolynomial& q);
MultivariatePolynomial operator*(const MultivariatePolynomial& p, const MultivariatePolynomial& q);

/// ∂p/∂z_i.
MultivariatePolynomial derivative(const MultivariatePolynomial& p, std::size_t i);

/// Reads numbers, names, + - * / ^ and parentheses: "s^2*t^2 - t^4/20", "(s - t)^2". Division is by
/// numbers; numbers are exact ("0.1", "1/20").
///
/// Throws ParseError with the column and what was expected there, also for a degree above
/// `max_degree`.
/// @param names  of z_1..z_n
MultivariatePolynomial parse_polynomial(std::string_view text, std::span<const std::string> names,
                                        int max_degree);

/// How a polynomial is written: what stands between factors, and around an exponent.
struct PolynomialNotation {
  std::string_view times;
  std::string (*power)(const std::string& name, int exponent);
  std::string (*fraction)(const Rational& value);
};
/// "s^2*t^2 - 1/20*t^4", which parse_polynomial reads back.
extern const PolynomialNotation plain_notation;
/// "s^{2} t^{2} - \frac{1}{20} t^{4}".
extern const PolynomialNotation latex_notation;

std::string to_text(const MultivariatePolynomial& p, std::span<const std::string> names,
                    const PolynomialNotation& notation = plain_notation);

}  // namespace sigmahat
