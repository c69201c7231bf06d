#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/numeric/rational_polynomial.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

enum class Parity { none, even, odd };
std::string_view to_string(Parity parity);

/// pieces[i] between breakpoints[i-1] and breakpoints[i]; at a jump, the mean of both sides.
struct PiecewisePolynomial {
  std::vector<Rational> breakpoints;  ///< increasing
  std::vector<Polynomial> pieces;     ///< one more than breakpoints
};
/// h_k, the orthonormal Hermite polynomial.
struct HermitePolynomial {
  int degree;
};
/// exp(rate·x).
struct Exponential {
  Rational rate;
};
/// sin(frequency·x) or cos(frequency·x).
struct Sinusoid {
  enum class Phase { sine, cosine } phase;
  Rational frequency;
};
/// exp(-sharpness·x²/2), sharpness > 0.
struct GaussianBump {
  Rational sharpness;
};
/// erf(x).
struct ErrorFunction {};
/// x·Φ(x).
struct Gelu {};
/// A function of u = rate·x, rate != 0, that is built from e^u and analytic in a strip only: poles,
/// or branch points, off the real line.
struct Logistic {
  enum class Kind {
    tanh,
    sigmoid,   ///< 1/(1+e^{-u})
    softplus,  ///< log(1+e^u)
    silu,      ///< u/(1+e^{-u})
  } kind;
  Rational rate;
};
Expression to_expression(const Logistic& f);

/// What an activation is made of: everything else that is known of it follows from this.
///
/// An Expression is anything that is none of the others.
using Structure = std::variant<PiecewisePolynomial, HermitePolynomial, Exponential, Sinusoid,
                               GaussianBump, ErrorFunction, Gelu, Logistic, Expression>;

/// The most special structure that is recognised in f, f itself if there is none. Functions that
/// differ at jumps alone count as the same.
Structure structure_of(const Expression& f);

/// An activation function σ: R → R with E[σ(x)²] finite. A value; the built-in ones come from
/// parse_activation.
class Activation {
 public:
  Activation(std::string name, Structure structure)
      : name_(std::move(name)), structure_(std::move(structure)) {}

  /// Canonical: parse_activation(name()) gives the same activation.
  const std::string& name() const { return name_; }
  const Structure& structure() const { return structure_; }

  Parity parity() const;
  /// p where σ(r x) = r^p σ(x) for all r > 0.
  std::optional<int> homogeneity() const;
  /// Points where σ or one of its derivatives jumps, increasing; of an Expression those in
  /// [-32, 32] that are rational.
  std::vector<Rational> kinks() const;
  /// The degree, where σ is a polynomial.
  std::optional<int> polynomial_degree() const;

  template <Scalar T>
  T operator()(const T& x) const;

  /// values[i] ← σ(values[i]), vectorised; the same result for the same input wherever it stands.
  ///
  /// The error is a few units in the last place of max(1, |σ|), for hermite(k) of max(|h_0|, ...,
  /// |h_k|): right for averages, where operator() cares for the smallest values too.
  void apply(std::span<double> values) const;

  friend bool operator==(const Activation& x, const Activation& y) { return x.name_ == y.name_; }

 private:
  std::string name_;
  Structure structure_;
};

/// The activation called `text`: "relu", "leaky_relu(1/10)", "hermite(3)"; or written as an
/// expression in x (docs/expressions.md): "max(x - 1/2, 0)".
///
/// Throws ParseError for an unknown name (with the nearest known one), for wrong parameters and for
/// what the grammar does not hold; DomainError for a function that is not square integrable under
/// the normal distribution, or not defined.
Activation parse_activation(std::string_view text);

/// σ as a tree of the grammar, for an activation that parse_activation gave.
Expression to_expression(const Activation& activation);

/// A line of the registry.
struct ActivationEntry {
  std::string name;        ///< "leaky_relu"
  std::string parameters;  ///< "c", empty for none
  std::string formula;     ///< "max(x, c x)"
  std::string example;     ///< "leaky_relu(1/10)": parses
};
const std::vector<ActivationEntry>& activation_registry();

}  // namespace sigmahat
