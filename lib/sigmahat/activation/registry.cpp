#include <algorithm>

#include <fmt/format.h>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/activation/admissibility.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/spelling.hpp>

namespace sigmahat {
namespace {

using Parameters = std::vector<Rational>;

Polynomial monomial(int degree, const Rational& coefficient = 1) {
  if (coefficient == 0) return {};
  Polynomial result(static_cast<std::size_t>(degree) + 1, Rational(0));
  result.back() = coefficient;
  return result;
}

/// `left` below zero, `right` above.
Structure split_at_zero(Polynomial left, Polynomial right) {
  if (left == right) return PiecewisePolynomial{{}, {std::move(left)}};
  return PiecewisePolynomial{{0}, {std::move(left), std::move(right)}};
}
Structure polynomial(Polynomial f) {
  return PiecewisePolynomial{{}, {std::move(f)}};
}

int whole_parameter(const std::string& name, const Rational& value, int lowest, int highest) {
  if (denominator(value) != 1 || value < lowest || value > highest)
    throw ParseError(fmt::format("{}({}): expected a whole number from {} to {}", name,
                                 to_text(value), lowest, highest));
  return numerator(value).convert_to<int>();
}

struct Definition {
  ActivationEntry entry;
  std::size_t parameters;
  Structure (*make)(const Parameters&);
};

/// Whether `text` has the form of a name, perhaps with parameters: no x, no operator outside them.
bool is_call_by_name(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::string_view name = text.substr(0, open);
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name == "x" || name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  // The blank before a parenthesis is no part of the name.
  if (!std::all_of(name.begin(),
                   name.begin() + static_cast<std::ptrdiff_t>(name.find_last_not_of(" \t") + 1),
                   is_word))
    return false;
  return open == std::string_view::npos ||
         (text.back() == ')' && text.find_first_of("xX", open) == std::string_view::npos &&
          text.find(')') == text.size() - 1);
}

Activation from_expression(std::string_view text) {
  const Expression f = parse_expression(text);
  require_admissible(f);
  return Activation(to_text(f), structure_of(f));
}

const std::vector<Definition>& definitions() {
  static const std::vector<Definition> all{
      {{"relu", "", "max(x, 0)", "relu"},
       0,
       [](const Parameters&) { return split_at_zero({}, monomial(1)); }},
      {{"leaky_relu", "c", "x for x > 0, c x otherwise", "leaky_relu(1/10)"},
       1,
       [](const Parameters& p) { return split_at_zero(monomial(1, p[0]), monomial(1)); }},
      {{"relu_power", "p", "max(x, 0)^p", "relu_power(2)"},
       1,
       [](const Parameters& p) {
         return split_at_zero({}, monomial(whole_parameter("relu_power", p[0], 0, 100)));
       }},
      {{"abs", "", "|x|", "abs"},
       0,
       [](const Parameters&) { return split_at_zero(monomial(1, -1), monomial(1)); }},
      {{"step", "", "1 for x > 0, 0 for x < 0", "step"},
       0,
       [](const Parameters&) { return split_at_zero({}, monomial(0)); }},
      {{"sign", "", "1 for x > 0, -1 for x < 0", "sign"},
       0,
       [](const Parameters&) { return split_at_zero(monomial(0, -1), monomial(0)); }},
      {{"hard_tanh", "", "min(max(x, -1), 1)", "hard_tanh"},
       0,
       [](const Parameters&) -> Structure {
         return PiecewisePolynomial{{-1, 1}, {monomial(0, -1), monomial(1), monomial(0)}};
       }},
      {{"linear", "", "x", "linear"}, 0, [](const Parameters&) { return polynomial(monomial(1)); }},
      {{"identity", "", "x", "identity"},
       0,
       [](const Parameters&) { return polynomial(monomial(1)); }},
      {{"quadratic", "", "x^2", "quadratic"},
       0,
       [](const Parameters&) { return polynomial(monomial(2)); }},
      {{"cubic", "", "x^3", "cubic"}, 0, [](const Parameters&) { return polynomial(monomial(3)); }},
      {{"hermite", "k", "h_k(x), orthonormal", "hermite(4)"},
       1,
       [](const Parameters& p) -> Structure {
         return HermitePolynomial{whole_parameter("hermite", p[0], 0, max_supported_degree)};
       }},
      {{"erf", "", "erf(x)", "erf"},
       0,
       [](const Parameters&) -> Structure { return ErrorFunction{}; }},
      {{"gelu", "", "x Phi(x)", "gelu"}, 0, [](const Parameters&) -> Structure { return Gelu{}; }},
      {{"tanh", "", "tanh(x)", "tanh"},
       0,
       [](const Parameters&) -> Structure { return Logistic::tanh; }},
      {{"sigmoid", "", "1/(1 + e^-x)", "sigmoid"},
       0,
       [](const Parameters&) -> Structure { return Logistic::sigmoid; }},
      {{"softplus", "", "log(1 + e^x)", "softplus"},
       0,
       [](const Parameters&) -> Structure { return Logistic::softplus; }},
      {{"silu", "", "x/(1 + e^-x)", "silu"},
       0,
       [](const Parameters&) -> Structure { return Logistic::silu; }},
      {{"exp", "", "e^x", "exp"}, 0, [](const Parameters&) -> Structure { return Exponential{1}; }},
      {{"sin", "", "sin(x)", "sin"},
       0,
       [](const Parameters&) -> Structure {
         return Sinusoid{Sinusoid::Phase::sine, 1};
       }},
      {{"cos", "", "cos(x)", "cos"},
       0,
       [](const Parameters&) -> Structure {
         return Sinusoid{Sinusoid::Phase::cosine, 1};
       }},
      {{"gaussian", "", "e^(-x^2/2)", "gaussian"},
       0,
       [](const Parameters&) -> Structure { return GaussianBump{1}; }},
  };
  return all;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// Numbers between commas; none in an empty list.
Parameters read_parameters(std::string_view list) {
  Parameters result;
  if (trimmed(list).empty()) return result;
  for (;;) {
    const std::size_t comma = list.find(',');
    result.push_back(parse_rational(trimmed(list.substr(0, comma))));
    if (comma == std::string_view::npos) return result;
    list.remove_prefix(comma + 1);
  }
}

[[noreturn]] void refuse_unknown(const std::string& name) {
  std::vector<std::string_view> known;
  for (const Definition& d : definitions()) known.push_back(d.entry.name);
  const auto nearest = nearest_word(name, known);
  const auto meant = std::find_if(definitions().begin(), definitions().end(),
                                  [&](const auto& d) { return d.entry.name == nearest; });
  throw ParseError(fmt::format("unknown activation {}; {}", in_quotes(name),
                               nearest ? fmt::format("did you mean \"{}\"?", meant->entry.example)
                                       : "\"sigmahat activations\" lists the known ones"));
}

}  // namespace

Activation parse_activation(std::string_view text) {
  const std::string_view call = trimmed(text);
  if (!is_call_by_name(call) && !call.empty()) return from_expression(call);
  const std::size_t open = call.find('(');
  const std::string name(trimmed(call.substr(0, open)));
  const auto definition = std::find_if(definitions().begin(), definitions().end(),
                                       [&](const auto& d) { return d.entry.name == name; });
  if (definition == definitions().end() && name.empty()) refuse_unknown(name);
  if (definition == definitions().end()) {
    // Functions of the grammar are called by name too, their parameters before x: mish, elu(1);
    // and he(3) is an expression that happens to have no x.
    const std::string inside(open == std::string_view::npos
                                 ? ""
                                 : trimmed(call.substr(open + 1, call.size() - open - 2)));
    const std::string with_argument =
        fmt::format("{}({}{}x)", name, inside, inside.empty() ? "" : ", ");
    for (const std::string_view candidate : {std::string_view(with_argument), call}) {
      try {
        return from_expression(candidate);
      } catch (const ParseError&) {
      }
    }
    refuse_unknown(name);
  }

  Parameters parameters;
  if (open != std::string_view::npos) {
    if (call.back() != ')')
      throw ParseError(
          fmt::format("activation {}: expected a closing parenthesis", in_quotes(text)));
    try {
      parameters = read_parameters(call.substr(open + 1, call.size() - open - 2));
    } catch (const ParseError& error) {
      throw ParseError(fmt::format("activation {}: {}", in_quotes(text), error.what()));
    }
  }
  if (parameters.size() != definition->parameters)
    throw ParseError(fmt::format("activation \"{}\" takes {} parameter{}, as in \"{}\"", name,
                                 definition->parameters, definition->parameters == 1 ? "" : "s",
                                 definition->entry.example));

  std::string canonical = name;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    canonical += (i == 0 ? "(" : ",") + to_text(parameters[i]);
  if (!parameters.empty()) canonical += ")";
  return Activation(std::move(canonical), definition->make(parameters));
}

const std::vector<ActivationEntry>& activation_registry() {
  static const std::vector<ActivationEntry> entries = [] {
    std::vector<ActivationEntry> result;
    for (const Definition& d : definitions()) result.push_back(d.entry);
    return result;
  }();
  return entries;
}

}  // namespace sigmahat
