#include <vector>

#include <fmt/format.h>

#include <sigmahat/coefficients/exact_value.hpp>
#include <sigmahat/numeric/number_text.hpp>

namespace sigmahat {
namespace {

/// Factors of a monomial, sorted to where they are written.
struct Factors {
  std::vector<std::string> over, under;            ///< outside the root
  std::vector<std::string> root_over, root_under;  ///< inside it
};

struct Notation {
  std::string pi, product;
  std::string (*exponential)(const Rational&);
  std::string (*pi_power)(int);
  std::string (*error_function)(const std::string&);
  std::string (*root)(const std::string&);
  std::string (*fraction)(const std::vector<std::string>& over,
                          const std::vector<std::string>& under);
};

std::string join(const std::vector<std::string>& factors, const std::string& product) {
  return factors.empty() ? "1" : fmt::format("{}", fmt::join(factors, product));
}

const Notation plain{
    "pi",
    "*",
    [](const Rational& e) { return "exp(" + to_text(e) + ")"; },
    [](int p) { return p == 1 ? std::string("pi") : fmt::format("pi^{}", p); },
    [](const std::string& argument) { return "erf(" + argument + ")"; },
    [](const std::string& radicand) { return "sqrt(" + radicand + ")"; },
    [](const std::vector<std::string>& over, const std::vector<std::string>& under) {
      const std::string divisor = join(under, "*");
      return join(over, "*") + "/" + (under.size() > 1 ? "(" + divisor + ")" : divisor);
    }};

const Notation latex{
    "\\pi",
    " ",
    [](const Rational& e) { return e == 1 ? std::string("e") : "e^{" + to_text(e) + "}"; },
    [](int p) { return p == 1 ? std::string("\\pi") : fmt::format("\\pi^{{{}}}", p); },
    [](const std::string& argument) {
      return "\\operatorname{erf}\\left(" + argument + "\\right)";
    },
    [](const std::string& radicand) { return "\\sqrt{" + radicand + "}"; },
    [](const std::vector<std::string>& over, const std::vector<std::string>& under) {
      return "\\frac{" + join(over, " ") + "}{" + join(under, " ") + "}";
    }};

/// A whole number leaves the root only if it leaves entirely: -1/sqrt(48 pi), not -1/(4 sqrt(3
/// pi)).
void place(const Integer& n, std::vector<std::string>& outside, std::vector<std::string>& inside) {
  if (n == 1) return;
  if (mpz_perfect_square_p(n.backend().data()) != 0)
    outside.push_back(Integer(sqrt(n)).str());
  else
    inside.push_back(n.str());
}

std::string quotient(const std::vector<std::string>& over, const std::vector<std::string>& under,
                     const Notation& notation) {
  return under.empty() ? join(over, notation.product) : notation.fraction(over, under);
}

std::string unsigned_text(const ExactTerm& x, const Notation& notation) {
  Factors f;
  place(numerator(x.square), f.over, f.root_over);
  place(denominator(x.square), f.under, f.root_under);
  const int whole = x.pi_power / 2;
  if (whole != 0) (whole > 0 ? f.over : f.under).push_back(notation.pi_power(std::abs(whole)));
  if (x.pi_power % 2 != 0) (x.pi_power > 0 ? f.root_over : f.root_under).push_back(notation.pi);
  if (x.exponent != 0) f.over.push_back(notation.exponential(x.exponent / 2));
  if (x.erf_square)
    f.over.push_back(
        notation.error_function(unsigned_text(ExactTerm::root(*x.erf_square), notation)));
  if (!f.root_over.empty())
    f.over.push_back(notation.root(quotient(f.root_over, f.root_under, notation)));
  else if (!f.root_under.empty())
    f.under.push_back(notation.root(join(f.root_under, notation.product)));
  return quotient(f.over, f.under, notation);
}

std::string text_of(const ExactValue& x, const Notation& notation) {
  if (x.is_zero()) return "0";
  std::string text;
  for (const ExactTerm& term : x.terms()) {
    if (text.empty())
      text = term.sign < 0 ? "-" : "";
    else
      text += term.sign < 0 ? " - " : " + ";
    text += unsigned_text(term, notation);
  }
  return text;
}

}  // namespace

std::string to_text(const ExactValue& x) {
  return text_of(x, plain);
}

std::string to_latex(const ExactValue& x) {
  return text_of(x, latex);
}

}  // namespace sigmahat
