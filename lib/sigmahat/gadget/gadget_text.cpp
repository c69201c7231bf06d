#include <fmt/format.h>

#include <sigmahat/gadget/gadget_text.hpp>
#include <sigmahat/gadget/wick.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

using Names = std::vector<std::string>;

/// Of the variables of WickVariables; `projection` and `inner` get indices from 1.
template <class Projection, class Inner>
Names variable_names(std::size_t vectors, Projection projection, Inner inner) {
  const WickVariables variables{vectors};
  Names names(variables.count());
  for (std::size_t j = 0; j < vectors; ++j) {
    names[variables.projection(j)] = projection(j + 1);
    for (std::size_t k = j; k < vectors; ++k) names[variables.gram(j, k)] = inner(j + 1, k + 1);
  }
  return names;
}

Names short_names(std::size_t vectors) {
  // With ten vectors and more g111 would be two things.
  const char* const separator = vectors < 10 ? "" : "_";
  return variable_names(
      vectors, [](std::size_t j) { return fmt::format("u{}", j); },
      [&](std::size_t j, std::size_t k) { return fmt::format("g{}{}{}", j, separator, k); });
}

/// 1/(√k! σ̂_k) in symbols, where σ̂_k is a single root.
std::optional<ExactValue> exact_factor(const Gadget::Part& part) {
  if (!part.coefficient.exact || part.coefficient.exact->terms().size() != 1) return {};
  const ExactTerm& c = part.coefficient.exact->terms().front();
  if (c.special) return {};
  Rational factorial = 1;
  for (int i = 2; i <= part.degree; ++i) factorial *= i;
  return ExactValue(
      ExactTerm{c.sign, 1 / (c.square * factorial), -c.pi_power, -c.exponent, std::nullopt});
}

bool is_one(const ExactValue& x) {
  return x == ExactValue::rational(1);
}

Enclosure factor_enclosure(const Gadget::Part& part, int digits) {
  const PrecisionScope precision(digits, 5);
  return to_enclosure(factor_of<Interval>(part), part.coefficient.enclosure.status);
}

std::string decimal_factor(const Gadget::Part& part, int digits) {
  return to_decimal(factor_enclosure(part, digits), digits).value;
}

/// The parts of φ, each a factor and a polynomial, as a sum.
template <class Factor>
std::string sum_of_parts(const Gadget& gadget, const Names& names,
                         const PolynomialNotation& notation, const char* open, const char* close,
                         Factor factor) {
  std::string text;
  for (const Gadget::Part& part : gadget.parts()) {
    const std::string scale = factor(part);
    std::string polynomial = to_text(part.wick, names, notation);
    if (!scale.empty() && part.wick.terms().size() > 1) polynomial = open + polynomial + close;
    const std::string term =
        scale.empty() ? polynomial : scale + std::string(notation.times) + polynomial;
    text += text.empty() ? term : term[0] == '-' ? " - " + term.substr(1) : " + " + term;
  }
  return text.empty() ? "0" : text;
}

std::string repeated(const std::string& name, int exponent) {
  std::string text = name;
  for (int i = 1; i < exponent; ++i) text += "*" + name;
  return text;
}

/// Numbers that C and Python read as floating point.
std::string floating(const Rational& value) {
  const std::string over = to_text(from_rational<double>(Rational(numerator(value))));
  const auto with_point = [](const std::string& number) {
    return number.find_first_of(".e") == std::string::npos ? number + ".0" : number;
  };
  if (denominator(value) == 1) return with_point(over);
  return "(" + with_point(over) + "/" +
         with_point(to_text(from_rational<double>(Rational(denominator(value))))) + ")";
}

const PolynomialNotation source_notation{"*", repeated, floating};

/// φ as an expression of C and of Python alike.
std::string source_expression(const Gadget& gadget) {
  constexpr int double_digits = 17;
  return sum_of_parts(gadget, short_names(gadget.vectors()), source_notation, "(", ")",
                      [](const Gadget::Part& part) { return decimal_factor(part, double_digits); });
}

std::string about(const Gadget& gadget) {
  Names names;
  for (std::size_t j = 1; j <= gadget.vectors(); ++j) names.push_back(fmt::format("<b*,b{}>", j));
  return fmt::format("E[y phi(b, x)] = sum over l of a*_l p(<b*_l, b>), p = {}, teacher {}",
                     to_text(gadget.polynomial(), names), gadget.activation().name());
}

}  // namespace

std::string formula_text(const Gadget& gadget) {
  return sum_of_parts(gadget, short_names(gadget.vectors()), plain_notation, "(", ")",
                      [&](const Gadget::Part& part) {
                        const auto exact = exact_factor(part);
                        if (!exact) return decimal_factor(part, gadget.digits());
                        return is_one(*exact) ? std::string() : to_text(*exact);
                      });
}

std::string formula_latex(const Gadget& gadget) {
  const Names names = variable_names(
      gadget.vectors(),
      [](std::size_t j) { return fmt::format("\\langle b_{{{}}}, x \\rangle", j); },
      [](std::size_t j, std::size_t k) {
        return fmt::format("\\langle b_{{{}}}, b_{{{}}} \\rangle", j, k);
      });
  return sum_of_parts(gadget, names, latex_notation, "\\left(", "\\right)",
                      [&](const Gadget::Part& part) {
                        const auto exact = exact_factor(part);
                        if (!exact) return decimal_factor(part, gadget.digits());
                        return is_one(*exact) ? std::string() : to_latex(*exact);
                      });
}

std::string formula_c(const Gadget& gadget, const std::string& name) {
  const std::size_t n = gadget.vectors();
  const Names names = short_names(n);
  const WickVariables variables{n};
  std::string text = fmt::format(
      "/* {} */\n"
      "#include <stddef.h>\n"
      "\n"
      "/* b: {} vectors of d numbers, one after the other; x: d numbers. */\n"
      "double {}(const double *b, const double *x, size_t d) {{\n",
      about(gadget), n, name);
  for (const std::string& variable : names) text += fmt::format("  double {} = 0;\n", variable);
  text += "  for (size_t i = 0; i < d; ++i) {\n";
  const auto entry = [](std::size_t j) {
    return j == 0   ? std::string("b[i]")
           : j == 1 ? std::string("b[d + i]")
                    : fmt::format("b[{} * d + i]", j);
  };
  for (std::size_t j = 0; j < n; ++j) {
    text += fmt::format("    {} += {} * x[i];\n", names[variables.projection(j)], entry(j));
    for (std::size_t k = j; k < n; ++k)
      text += fmt::format("    {} += {} * {};\n", names[variables.gram(j, k)], entry(j), entry(k));
  }
  text += "  }\n";
  for (const std::string& variable : names) text += fmt::format("  (void){};\n", variable);
  return text + fmt::format("  return {};\n}}\n", source_expression(gadget));
}

std::string formula_python(const Gadget& gadget, const std::string& name) {
  const std::size_t n = gadget.vectors();
  const Names names = short_names(n);
  const WickVariables variables{n};
  std::string text = fmt::format(
      "# {}\n"
      "def {}(b, x):\n"
      "    \"\"\"b: {} vectors, x: one of the same length.\"\"\"\n"
      "    dot = lambda v, w: sum(p * q for p, q in zip(v, w))\n",
      about(gadget), name, n);
  for (std::size_t j = 0; j < n; ++j)
    text += fmt::format("    {} = dot(b[{}], x)\n", names[variables.projection(j)], j);
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t k = j; k < n; ++k)
      text += fmt::format("    {} = dot(b[{}], b[{}])\n", names[variables.gram(j, k)], j, k);
  return text + fmt::format("    return {}\n", source_expression(gadget));
}

}  // namespace sigmahat
