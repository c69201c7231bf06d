#include <vector>

#include <fmt/format.h>

#include <sigmahat/coefficients/exact_value.hpp>
#include <sigmahat/numeric/number_text.hpp>

namespace sigmahat {
namespace {

/// The square root of n, where n is a perfect square.
std::optional<Integer> perfect_root(const Integer& n) {
  Integer remainder;
  Integer root = sqrt(n, remainder);
  if (remainder != 0) return {};
  return root;
}

/// Factors of an exact value, sorted to where they are written.
struct Factors {
  std::vector<std::string> over, under;            ///< outside the root
  std::vector<std::string> root_over, root_under;  ///< inside it
};

struct Notation {
  std::string pi, product;
  std::string (*integer)(const Integer&);
  std::string (*exponential)(const Rational&);
  std::string (*pi_power)(int);
  std::string (*error_function)(const std::string&);
};

/// A whole number leaves the root only if it leaves entirely: -1/sqrt(48 pi), not -1/(4 sqrt(3
/// pi)).
void place(const Integer& n, const Notation& notation, std::vector<std::string>& outside,
           std::vector<std::string>& inside) {
  if (n == 1) return;
  if (const auto root = perfect_root(n))
    outside.push_back(notation.integer(*root));
  else
    inside.push_back(notation.integer(n));
}

Factors factors_of(const ExactValue& x, const Notation& notation, const std::string& erf_argument) {
  Factors f;
  place(numerator(x.square), notation, f.over, f.root_over);
  place(denominator(x.square), notation, f.under, f.root_under);
  const int whole = x.pi_power / 2;
  if (whole != 0) (whole > 0 ? f.over : f.under).push_back(notation.pi_power(std::abs(whole)));
  if (x.pi_power % 2 != 0) (x.pi_power > 0 ? f.root_over : f.root_under).push_back(notation.pi);
  if (x.exponent != 0) f.over.push_back(notation.exponential(x.exponent / 2));
  if (x.erf_square) f.over.push_back(notation.error_function(erf_argument));
  return f;
}

std::string join(const std::vector<std::string>& factors, const std::string& product) {
  return factors.empty() ? "1" : fmt::format("{}", fmt::join(factors, product));
}

std::string parenthesised(const std::vector<std::string>& factors, const std::string& product) {
  const std::string text = join(factors, product);
  return factors.size() > 1 ? "(" + text + ")" : text;
}

const Notation plain{"pi",
                     "*",
                     [](const Integer& n) { return n.str(); },
                     [](const Rational& e) { return "exp(" + to_text(e) + ")"; },
                     [](int p) { return p == 1 ? std::string("pi") : fmt::format("pi^{}", p); },
                     [](const std::string& argument) { return "erf(" + argument + ")"; }};

const Notation latex{
    "\\pi",
    " ",
    [](const Integer& n) { return n.str(); },
    [](const Rational& e) { return e == 1 ? std::string("e") : "e^{" + to_text(e) + "}"; },
    [](int p) { return p == 1 ? std::string("\\pi") : fmt::format("\\pi^{{{}}}", p); },
    [](const std::string& argument) {
      return "\\operatorname{erf}\\left(" + argument + "\\right)";
    }};

std::string sign_of(const ExactValue& x) {
  return x.sign < 0 ? "-" : "";
}

}  // namespace

ExactValue ExactValue::rational(const Rational& value) {
  return root(value < 0 ? Rational(-value * value) : Rational(value * value));
}

ExactValue ExactValue::root(const Rational& signed_square, int pi_power, const Rational& exponent) {
  if (signed_square == 0) return zero();
  return {signed_square < 0 ? -1 : 1, abs(signed_square), pi_power, exponent, {}};
}

ExactValue operator*(const Rational& factor, const ExactValue& x) {
  if (factor == 0 || x.is_zero()) return ExactValue::zero();
  ExactValue result = x;
  if (factor < 0) result.sign = -result.sign;
  result.square *= factor * factor;
  return result;
}

std::string to_text(const ExactValue& x) {
  if (x.is_zero()) return "0";
  const std::string erf_argument =
      x.erf_square ? to_text(ExactValue::root(*x.erf_square)) : std::string();
  Factors f = factors_of(x, plain, erf_argument);
  if (!f.root_over.empty()) {
    std::string radicand = join(f.root_over, plain.product);
    if (!f.root_under.empty()) radicand += "/" + parenthesised(f.root_under, plain.product);
    f.over.push_back("sqrt(" + radicand + ")");
  } else if (!f.root_under.empty()) {
    f.under.push_back("sqrt(" + join(f.root_under, plain.product) + ")");
  }
  std::string text = sign_of(x) + join(f.over, plain.product);
  if (!f.under.empty()) text += "/" + parenthesised(f.under, plain.product);
  return text;
}

std::string to_latex(const ExactValue& x) {
  if (x.is_zero()) return "0";
  const std::string erf_argument =
      x.erf_square ? to_latex(ExactValue::root(*x.erf_square)) : std::string();
  Factors f = factors_of(x, latex, erf_argument);
  if (!f.root_over.empty()) {
    std::string radicand = join(f.root_over, latex.product);
    if (!f.root_under.empty())
      radicand = "\\frac{" + radicand + "}{" + join(f.root_under, latex.product) + "}";
    f.over.push_back("\\sqrt{" + radicand + "}");
  } else if (!f.root_under.empty()) {
    f.under.push_back("\\sqrt{" + join(f.root_under, latex.product) + "}");
  }
  const std::string over = join(f.over, latex.product);
  if (f.under.empty()) return sign_of(x) + over;
  return sign_of(x) + "\\frac{" + over + "}{" + join(f.under, latex.product) + "}";
}

Interval to_interval(const ExactValue& x) {
  if (x.is_zero()) return Interval(0);
  Interval value = from_rational<Interval>(x.square);
  if (x.pi_power != 0) {
    const Interval pi_factor = power(pi<Interval>(), std::abs(x.pi_power));
    value = x.pi_power > 0 ? Interval(value * pi_factor) : Interval(value / pi_factor);
  }
  value = sqrt(value);
  if (x.exponent != 0) value *= exp(from_rational<Interval>(x.exponent / 2));
  if (x.erf_square) value *= error_function(Interval(sqrt(from_rational<Interval>(*x.erf_square))));
  return x.sign < 0 ? Interval(-value) : value;
}

}  // namespace sigmahat
