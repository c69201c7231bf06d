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

struct WholeNumbers {
  int lowest, highest;
};

/// A line of the registry and what its parameters may be; the function itself is the grammar's.
struct Definition {
  ActivationEntry entry;
  std::optional<WholeNumbers> whole = std::nullopt;  ///< the parameter's range, where it is whole

  std::size_t parameters() const { return entry.parameters.empty() ? 0 : 1; }
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
      {{"relu", "", "max(x, 0)", "relu"}},
      {{"leaky_relu", "c", "x; c x for x < 0", "leaky_relu(1/10)"}},
      {{"relu_power", "p", "max(x, 0)^p", "relu_power(2)"}, WholeNumbers{0, 100}},
      {{"relu6", "", "min(max(x, 0), 6)", "relu6"}},
      {{"abs", "", "|x|", "abs"}},
      {{"step", "", "1 for x > 0, 0 for x < 0", "step"}},
      {{"sign", "", "1 for x > 0, -1 for x < 0", "sign"}},
      {{"hard_tanh", "", "min(max(x, -1), 1)", "hard_tanh"}},
      {{"hard_sigmoid", "", "min(max(x/6 + 1/2, 0), 1)", "hard_sigmoid"}},
      {{"hard_swish", "", "x hard_sigmoid(x)", "hard_swish"}},
      {{"soft_shrink", "c", "x - min(max(x, -c), c)", "soft_shrink(1)"}},
      {{"hard_shrink", "c", "x for |x| > c, else 0", "hard_shrink(1)"}},
      {{"triangle", "", "max(1 - |x|, 0)", "triangle"}},
      {{"linear", "", "x", "linear"}},
      {{"identity", "", "x", "identity"}},
      {{"quadratic", "", "x^2", "quadratic"}},
      {{"cubic", "", "x^3", "cubic"}},
      {{"hermite", "k", "h_k(x), orthonormal", "hermite(4)"},
       WholeNumbers{0, max_supported_degree}},
      {{"erf", "", "erf(x)", "erf"}},
      {{"gelu", "", "x Phi(x)", "gelu"}},
      {{"tanh", "", "tanh(x)", "tanh"}},
      {{"sigmoid", "", "1/(1 + e^-x)", "sigmoid"}},
      {{"softplus", "", "log(1 + e^x)", "softplus"}},
      {{"silu", "", "x/(1 + e^-x)", "silu"}},
      {{"log_sigmoid", "", "-log(1 + e^-x)", "log_sigmoid"}},
      {{"log_cosh", "", "log(cosh(x))", "log_cosh"}},
      {{"tanh_shrink", "", "x - tanh(x)", "tanh_shrink"}},
      {{"mish", "", "x tanh(softplus(x))", "mish"}},
      {{"elu", "c", "x; c e^x - c for x < 0", "elu(1)"}},
      {{"celu", "c", "x; c e^(x/c) - c for x < 0", "celu(1/2)"}},
      {{"selu", "", "1.0507... elu(1.6732...)", "selu"}},
      {{"softsign", "", "x/(1 + |x|)", "softsign"}},
      {{"squareplus", "b", "(x + sqrt(x^2 + b))/2", "squareplus(4)"}},
      {{"arctan", "", "arctan(x)", "arctan"}},
      {{"arcsinh", "", "log(x + sqrt(x^2 + 1))", "arcsinh"}},
      {{"exp", "", "e^x", "exp"}},
      {{"sin", "", "sin(x)", "sin"}},
      {{"cos", "", "cos(x)", "cos"}},
      {{"snake", "a", "x + sin(a x)^2/a", "snake(1)"}},
      {{"gcu", "", "x cos(x)", "gcu"}},
      {{"gaussian", "", "e^(-x^2/2)", "gaussian"}},
      {{"mexican_hat", "", "(1 - x^2) e^(-x^2/2)", "mexican_hat"}},
  };
  return all;
}

/// `text` as the canonical text of a parameter.
std::string canonical_parameter(const Definition& definition, const Rational& value) {
  if (const auto& range = definition.whole;
      range && (denominator(value) != 1 || value < range->lowest || value > range->highest))
    throw ParseError(fmt::format("{}({}): expected a whole number from {} to {}",
                                 definition.entry.name, to_text(value), range->lowest,
                                 range->highest));
  return to_text(value);
}

/// The call of a function of the grammar, the argument x added to its parameters.
std::string with_argument(std::string_view name, std::string_view parameters) {
  return fmt::format("{}({}{}x)", name, parameters, parameters.empty() ? "" : ", ");
}

/// The registry's activation of that name, already canonical: "elu(1)".
Activation from_registry(const Definition& definition, const std::vector<Rational>& parameters) {
  std::string list;
  for (const Rational& value : parameters)
    list += (list.empty() ? "" : ",") + canonical_parameter(definition, value);
  const std::string& name = definition.entry.name;
  const Expression f = parse_expression(with_argument(name, list));
  require_admissible(f);
  return Activation(list.empty() ? name : fmt::format("{}({})", name, list), structure_of(f));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// Numbers between commas; none in an empty list.
std::vector<Rational> read_parameters(std::string_view list) {
  std::vector<Rational> result;
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

Expression to_expression(const Activation& activation) {
  const std::string_view text = activation.name();
  const std::size_t open = text.find('(');
  const std::string_view name = text.substr(0, open);
  // The name of a line of the registry, or the text of an expression.
  const bool registered = std::any_of(definitions().begin(), definitions().end(),
                                      [&](const auto& d) { return d.entry.name == name; });
  if (!registered || !is_call_by_name(text)) return parse_expression(text);
  const std::string_view parameters =
      open == std::string_view::npos ? "" : text.substr(open + 1, text.size() - open - 2);
  return parse_expression(with_argument(name, parameters));
}

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
    const std::string complete = with_argument(name, inside);
    for (const std::string_view candidate : {std::string_view(complete), call}) {
      try {
        return from_expression(candidate);
      } catch (const ParseError&) {
      }
    }
    refuse_unknown(name);
  }

  std::vector<Rational> parameters;
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
  if (parameters.size() != definition->parameters())
    throw ParseError(fmt::format("activation \"{}\" takes {} parameter{}, as in \"{}\"", name,
                                 definition->parameters(), definition->parameters() == 1 ? "" : "s",
                                 definition->entry.example));
  return from_registry(*definition, parameters);
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
