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
  std::string (*special)(SpecialValue::Function, const std::string&);
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
    [](SpecialValue::Function function, const std::string& argument) {
      return (function == SpecialValue::Function::erf ? "erf(" : "arcsin(") + argument + ")";
    },
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
    [](SpecialValue::Function function, const std::string& argument) {
      return (function == SpecialValue::Function::erf ? "\\operatorname{erf}" : "\\arcsin") +
             ("\\left(" + argument + "\\right)");
    },
    [](const std::string& radicand) { return "\\sqrt{" + radicand + "}"; },
    [](const std::vector<std::string>& over, const std::vector<std::string>& under) {
      return "\\frac{" + join(over, " ") + "}{" + join(under, " ") + "}";
    }};

/// sqrt(n) = outside · sqrt(inside).
struct Root {
  Integer outside, inside;
};

/// -1/sqrt(48 pi), or with reduced radicals -1/(4 sqrt(3 pi)): by trial division up to 1000.
Root root_of(Integer n, Radicals radicals) {
  Root root{1, 1};
  if (radicals == Radicals::reduced)
    for (unsigned p = 2; p < 1000; ++p)
      while (n % (p * p) == 0) {
        n /= p * p;
        root.outside *= p;
      }
  if (mpz_perfect_square_p(n.backend().data()) != 0)
    root.outside *= Integer(sqrt(n));
  else
    root.inside = n;
  return root;
}

void place(const Root& root, std::vector<std::string>& outside, std::vector<std::string>& inside) {
  if (root.outside != 1) outside.push_back(root.outside.str());
  if (root.inside != 1) inside.push_back(root.inside.str());
}

std::string quotient(const std::vector<std::string>& over, const std::vector<std::string>& under,
                     const Notation& notation) {
  return under.empty() ? join(over, notation.product) : notation.fraction(over, under);
}

std::string unsigned_text(const ExactTerm& x, Radicals radicals, const Notation& notation) {
  Factors f;
  place(root_of(numerator(x.square), radicals), f.over, f.root_over);
  place(root_of(denominator(x.square), radicals), f.under, f.root_under);
  const int whole = x.pi_power / 2;
  if (whole != 0) (whole > 0 ? f.over : f.under).push_back(notation.pi_power(std::abs(whole)));
  if (x.pi_power % 2 != 0) (x.pi_power > 0 ? f.root_over : f.root_under).push_back(notation.pi);
  if (x.exponent != 0) f.over.push_back(notation.exponential(x.exponent / 2));
  if (x.special)
    f.over.push_back(
        notation.special(x.special->function,
                         unsigned_text(ExactTerm::root(x.special->square), radicals, notation)));
  if (!f.root_over.empty())
    f.over.push_back(notation.root(quotient(f.root_over, f.root_under, notation)));
  else if (!f.root_under.empty())
    f.under.push_back(notation.root(join(f.root_under, notation.product)));
  return quotient(f.over, f.under, notation);
}

std::string text_of(const ExactValue& x, Radicals radicals, const Notation& notation) {
  if (x.is_zero()) return "0";
  std::string text;
  for (const ExactTerm& term : x.terms()) {
    if (text.empty())
      text = term.sign < 0 ? "-" : "";
    else
      text += term.sign < 0 ? " - " : " + ";
    text += unsigned_text(term, radicals, notation);
  }
  return text;
}

}  // namespace

std::string to_text(const ExactValue& x, Radicals radicals) {
  return text_of(x, radicals, plain);
}

std::string to_latex(const ExactValue& x, Radicals radicals) {
  return text_of(x, radicals, latex);
}

}  // namespace sigmahat
