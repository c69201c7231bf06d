#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <sigmahat/numeric/rational_polynomial.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// The functions of the grammar that are not written in terms of others (docs/expressions.md).
enum class Function {
  abs,
  sign,  ///< 0 at 0
  step,  ///< 1/2 at 0
  max,
  min,
  exp,
  log,
  sin,
  cos,
  tan,
  sinh,
  cosh,
  tanh,
  arctan,
  arcsinh,
  erf,
  erfc,
  normal_cdf,  ///< Φ
  sigmoid,     ///< 1/(1+e^{-u})
  softplus,    ///< log(1+e^u)
  hermite,     ///< h_k, orthonormal under N(0,1)
};
/// As the grammar writes it: "max", "Phi", "he".
std::string_view to_string(Function function);

/// A real function of x, written as a tree. A value: immutable, cheap to copy, subtrees shared.
///
/// The members that make trees simplify as they go, by algebra alone: rationals are folded, sums
/// and products flattened, equal terms and factors collected, exponentials multiplied out. Algebra
/// does not look at domains: x/x is 1 and log(x) - log(x) is 0. u - v is the sum of u and (-1)·v,
/// u/v the product of u and v^(-1), sqrt(u) is u^(1/2), e is exp(1), u^v with v not rational is
/// exp(v·log(u)).
///
/// They throw DomainError for what has no value anywhere (1/0, log(-1), (-2)^(1/2)), and InputError
/// for trees beyond the limits below, so that no input can exhaust the memory or the stack.
class Expression {
 public:
  struct Number;
  struct Variable;
  struct Pi;
  struct Sum;
  struct Product;
  struct Power;
  struct Call;
  using Node = std::variant<Number, Variable, Pi, Sum, Product, Power, Call>;

  static constexpr std::size_t max_nodes = 100'000;       ///< a shared subtree counts at each use
  static constexpr int max_depth = 500;                   ///< levels of the tree
  static constexpr int max_exponent = 1000;               ///< |r| in u^r
  static constexpr std::size_t max_number_bits = 40'000;  ///< numerator and denominator together

  Expression(const Rational& value);  // NOLINT: a number is an expression
  Expression(int value) : Expression(Rational(value)) {}
  static Expression variable();
  static Expression pi();
  static Expression sum(const std::vector<Expression>& terms);
  static Expression product(const std::vector<Expression>& factors);
  static Expression power(const Expression& base, const Rational& exponent);
  static Expression power(const Expression& base, const Expression& exponent);
  /// One argument; max and min any number above zero. Not for `hermite`.
  static Expression call(Function function, const std::vector<Expression>& arguments);
  static Expression call(Function function, const Expression& argument);
  /// h_degree(argument), 0 <= degree <= max_supported_degree.
  static Expression hermite(int degree, const Expression& argument);

  const Node& node() const;
  /// The node, where it is a T.
  template <class T>
  const T* as() const;
  /// The value, where the tree is a number and nothing else.
  const Rational* number() const;
  /// Whether x does not occur.
  bool is_constant() const;
  std::size_t node_count() const;
  int depth() const;
  /// Equal trees have equal hashes.
  std::size_t hash() const;

  /// The same tree. Different trees may well be the same function.
  friend bool operator==(const Expression& a, const Expression& b);

 private:
  struct Content;
  explicit Expression(std::shared_ptr<const Content> content) : content_(std::move(content)) {}
  static Expression make(Node node);

  std::shared_ptr<const Content> content_;
};

struct Expression::Number {
  Rational value;
};
struct Expression::Variable {};
struct Expression::Pi {};
/// At least two terms; a number, if any, is the last.
struct Expression::Sum {
  std::vector<Expression> terms;
};
/// At least two factors; a number, if any, is the first, negative powers are the last.
struct Expression::Product {
  std::vector<Expression> factors;
};
struct Expression::Power {
  Expression base;
  Rational exponent;  ///< neither 0 nor 1
};
struct Expression::Call {
  Function function;
  std::vector<Expression> arguments;
  int degree = 0;  ///< of `hermite`
};

template <class T>
const T* Expression::as() const {
  return std::get_if<T>(&node());
}

Expression operator+(const Expression& a, const Expression& b);
Expression operator-(const Expression& a, const Expression& b);
Expression operator-(const Expression& a);
Expression operator*(const Expression& a, const Expression& b);
Expression operator/(const Expression& a, const Expression& b);

/// Reads the grammar of docs/expressions.md: "max(x - 1/2, 0)", "x*Phi(x)", "0.2*he(2)".
///
/// Decimal numbers are exact. Throws ParseError with the column and what was expected there.
/// @param text  at most 10'000 characters, parentheses and powers nested at most 200 deep
Expression parse_expression(std::string_view text);

/// A function of the grammar that is written in terms of others: what the registry's activations
/// are when they are used inside an expression.
struct NamedFunction {
  std::string name;                     ///< "elu"
  std::vector<std::string> parameters;  ///< {"c"}: constants that precede the argument
  std::string definition;               ///< "max(x, 0) + c*(exp(min(x, 0)) - 1)"
};
const std::vector<NamedFunction>& named_functions();

/// Text that parse_expression reads back to the same tree.
std::string to_text(const Expression& f);
/// LaTeX for mathematics mode.
std::string to_latex(const Expression& f);

/// f(g(x)); `compose(f, Expression(r) * x)` is the scaled activation.
Expression compose(const Expression& f, const Expression& g);

/// f', the classical derivative where there is one: abs' = sign, sign' = step' = 0, and at a tie of
/// a maximum the mean of both sides. The jumps of f, which the derivative as a distribution has
/// besides, are among the singular points of analytic_pieces. Throws InputError where the result
/// would pass the limits.
Expression derivative(const Expression& f);

/// f(x).
///
/// double, Real: each operation rounded, no bound on the accumulated error. Interval: encloses f on
/// the whole of x, kinks and jumps by the hull of both sides. Throws DomainError where f is not
/// defined or has a pole at x (for an Interval: at some point of x, as far as interval arithmetic
/// can tell), NumericalError where a double leaves its range.
template <Scalar T>
T evaluate(const Expression& f, const T& x);

/// Values of f on an interval whose ends may be infinite: encloses f at all points of x where f is
/// defined, [-∞, ∞] where nothing better can be said. Never throws for the domain's sake.
Interval range_enclosure(const Expression& f, const Interval& x);

/// values[i] ← f(values[i]), one pass over cache-sized blocks for each node of the tree; the same
/// result for the same input everywhere in `values`. Throws as evaluate does and leaves `values`
/// in part overwritten.
void evaluate(const Expression& f, std::span<double> values);

/// f as a polynomial, where it is one with rational coefficients and degree at most `max_degree`
/// (as far as expanding sums, products and powers shows).
std::optional<Polynomial> rational_polynomial(const Expression& f, int max_degree);

}  // namespace sigmahat
