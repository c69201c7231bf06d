#include <algorithm>

#include <fmt/format.h>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/overloaded.hpp>

namespace sigmahat {
namespace {

/// How tightly a piece of text holds together: what binds weaker than its surroundings asks for is
/// put in parentheses.
enum class Binding { sum, product, power, operand };

struct Piece {
  std::string text;
  Binding binding;
};

/// f as ± numerator/denominator: what a term of a sum, a product and a power have in common.
struct Fraction {
  bool negative = false;
  Rational coefficient = 1;  ///< positive
  std::vector<Expression> numerators;
  std::vector<Expression> denominators;  ///< written with positive exponents
};

void add_factor(Fraction& fraction, const Expression& f) {
  const auto* power = f.as<Expression::Power>();
  if (power && power->exponent < 0)
    fraction.denominators.push_back(Expression::power(power->base, Rational(-power->exponent)));
  else
    fraction.numerators.push_back(f);
}

Fraction fraction_of(const Expression& f) {
  Fraction result;
  const auto* product = f.as<Expression::Product>();
  const std::vector<Expression> factors = product ? product->factors : std::vector<Expression>{f};
  for (const Expression& factor : factors) {
    if (const Rational* value = factor.number()) {
      result.negative = *value < 0;
      result.coefficient = abs(*value);
    } else {
      add_factor(result, factor);
    }
  }
  return result;
}

bool is_e(const Expression::Call& f) {
  const Rational* exponent = f.arguments[0].number();
  return f.function == Function::exp && exponent && *exponent == 1;
}

bool is_half(const Rational& value) {
  return value == Rational(1, 2);
}

/// The two notations differ in how the shapes are written; the shapes are the same.
class Notation {
 public:
  virtual ~Notation() = default;

  std::string write(const Expression& f) const { return piece(f).text; }

 protected:
  virtual std::string in_parentheses(const std::string& text) const = 0;
  /// The sign of multiplication in front of the factor `next`.
  virtual std::string times(const std::string& next) const = 0;
  virtual std::string pi() const = 0;
  virtual Piece quotient(const std::vector<Piece>& top, const std::vector<Piece>& bottom) const = 0;
  virtual std::string root(const Expression& base) const = 0;
  virtual std::string raised(const std::string& base, const Rational& exponent) const = 0;
  virtual Piece call(const Expression::Call& f) const = 0;

  std::string at_least(Binding binding, const Piece& piece) const {
    return piece.binding < binding ? in_parentheses(piece.text) : piece.text;
  }

  std::string list(const std::vector<Expression>& all) const {
    std::string result;
    for (const Expression& f : all) result += (result.empty() ? "" : ", ") + write(f);
    return result;
  }

  std::string joined(const std::vector<Piece>& factors) const {
    std::string result;
    for (const Piece& factor : factors) {
      const std::string text = at_least(Binding::power, factor);
      result += result.empty() ? text : times(text) + text;
    }
    return result;
  }

  Piece piece(const Expression& f) const {
    return std::visit(Overloaded{
                          [&](const Expression::Number&) { return signed_product(f); },
                          [&](const Expression::Variable&) {
                            return Piece{"x", Binding::operand};
                          },
                          [&](const Expression::Pi&) {
                            return Piece{pi(), Binding::operand};
                          },
                          [&](const Expression::Sum& u) { return sum(u); },
                          [&](const Expression::Product&) { return signed_product(f); },
                          [&](const Expression::Power& u) {
                            return u.exponent < 0 ? signed_product(f) : positive_power(u);
                          },
                          [&](const Expression::Call& u) { return call(u); },
                      },
                      f.node());
  }

 private:
  Piece sum(const Expression::Sum& f) const {
    std::string text;
    // 1 - x rather than -x + 1: the number goes first where that saves a leading sign.
    std::vector<Expression> terms = f.terms;
    const Rational* number = terms.back().number();
    if (number && *number > 0 && fraction_of(terms.front()).negative)
      std::rotate(terms.begin(), terms.end() - 1, terms.end());
    for (const Expression& term : terms) {
      const Fraction fraction = fraction_of(term);
      if (text.empty())
        text = fraction.negative ? "-" : "";
      else
        text += fraction.negative ? " - " : " + ";
      text += at_least(Binding::product, unsigned_product(fraction));
    }
    return {text, Binding::sum};
  }

  /// A leading sign binds like a sum.
  Piece signed_product(const Expression& f) const {
    const Fraction fraction = fraction_of(f);
    Piece result = unsigned_product(fraction);
    if (!fraction.negative) return result;
    return {"-" + at_least(Binding::product, result), Binding::sum};
  }

  Piece unsigned_product(const Fraction& f) const {
    std::vector<Piece> top, bottom;
    const auto add = [this](std::vector<Piece>& pieces, const std::vector<Expression>& all) {
      for (const Expression& factor : all) pieces.push_back(piece(factor));
    };
    const Integer numerator = boost::multiprecision::numerator(f.coefficient);
    const Integer denominator = boost::multiprecision::denominator(f.coefficient);
    if (numerator != 1 || f.numerators.empty()) top.push_back({numerator.str(), Binding::operand});
    if (denominator != 1) bottom.push_back({denominator.str(), Binding::operand});
    add(top, f.numerators);
    add(bottom, f.denominators);
    if (!bottom.empty()) return quotient(top, bottom);
    return top.size() == 1 ? top[0] : Piece{joined(top), Binding::product};
  }

  Piece positive_power(const Expression::Power& f) const {
    if (is_half(f.exponent)) return {root(f.base), Binding::operand};
    return {raised(at_least(Binding::operand, piece(f.base)), f.exponent), Binding::power};
  }
};

class TextNotation : public Notation {
 protected:
  std::string in_parentheses(const std::string& text) const override { return "(" + text + ")"; }
  std::string times(const std::string&) const override { return "*"; }
  std::string pi() const override { return "pi"; }
  Piece quotient(const std::vector<Piece>& top, const std::vector<Piece>& bottom) const override {
    const std::string below =
        bottom.size() == 1 ? at_least(Binding::power, bottom[0]) : in_parentheses(joined(bottom));
    return {joined(top) + "/" + below, Binding::product};
  }
  std::string root(const Expression& base) const override { return "sqrt(" + write(base) + ")"; }
  std::string raised(const std::string& base, const Rational& exponent) const override {
    const std::string text = to_text(exponent);
    return base + "^" + (denominator(exponent) == 1 ? text : in_parentheses(text));
  }
  Piece call(const Expression::Call& f) const override {
    if (is_e(f)) return {"e", Binding::operand};
    std::string arguments = list(f.arguments);
    if (f.function == Function::hermite) {
      const std::string degree = std::to_string(f.degree);
      arguments = f.arguments[0].as<Expression::Variable>() ? degree : degree + ", " + arguments;
    }
    return {fmt::format("{}({})", to_string(f.function), arguments), Binding::operand};
  }
};

std::string latex_name(Function function) {
  switch (function) {
    case Function::max:
    case Function::min:
    case Function::log:
    case Function::sin:
    case Function::cos:
    case Function::tan:
    case Function::sinh:
    case Function::cosh:
    case Function::tanh:
    case Function::arctan:
      return fmt::format("\\{}", to_string(function));
    case Function::normal_cdf:
      return "\\Phi";
    case Function::step:
      return "\\theta";
    case Function::arcsinh:
      return "\\operatorname{arsinh}";
    case Function::sign:
      return "\\operatorname{sgn}";
    case Function::abs:
    case Function::exp:
    case Function::erf:
    case Function::erfc:
    case Function::sigmoid:
    case Function::softplus:
    case Function::hermite:
      break;
  }
  return fmt::format("\\operatorname{{{}}}", to_string(function));
}

class LatexNotation : public Notation {
 protected:
  std::string in_parentheses(const std::string& text) const override {
    const bool tall = text.find("\\frac") != text.npos || text.find("\\sqrt") != text.npos ||
                      text.find("\\left") != text.npos || text.find('^') != text.npos;
    return tall ? "\\left(" + text + "\\right)" : "(" + text + ")";
  }
  std::string times(const std::string& next) const override {
    return next[0] >= '0' && next[0] <= '9' ? " \\cdot " : " ";
  }
  std::string pi() const override { return "\\pi"; }
  Piece quotient(const std::vector<Piece>& top, const std::vector<Piece>& bottom) const override {
    return {fmt::format("\\frac{{{}}}{{{}}}", whole(top), whole(bottom)), Binding::power};
  }
  std::string root(const Expression& base) const override { return "\\sqrt{" + write(base) + "}"; }
  std::string raised(const std::string& base, const Rational& exponent) const override {
    return fmt::format("{}^{{{}}}", base, to_text(exponent));
  }
  Piece call(const Expression::Call& f) const override {
    if (is_e(f)) return {"e", Binding::operand};
    if (f.function == Function::exp)
      return {fmt::format("e^{{{}}}", write(f.arguments[0])), Binding::power};
    if (f.function == Function::abs)
      return {fmt::format("\\left|{}\\right|", write(f.arguments[0])), Binding::operand};
    const std::string name = f.function == Function::hermite ? fmt::format("h_{{{}}}", f.degree)
                                                             : latex_name(f.function);
    return {name + in_parentheses(list(f.arguments)), Binding::operand};
  }

 private:
  /// Braces hold a numerator together: one factor needs no parentheses.
  std::string whole(const std::vector<Piece>& factors) const {
    return factors.size() == 1 ? factors[0].text : joined(factors);
  }
};

}  // namespace

std::string to_text(const Expression& f) {
  return TextNotation().write(f);
}

std::string to_latex(const Expression& f) {
  return LatexNotation().write(f);
}

}  // namespace sigmahat
