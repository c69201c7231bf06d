#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/spelling.hpp>

namespace sigmahat {
namespace {

constexpr std::size_t max_length = 10'000;
constexpr int max_nesting = 200;

/// Functions that the tree knows and that take their argument and nothing else, apart from max and
/// min, which take several, and he, which takes a degree first.
constexpr Function functions[] = {
    Function::sin,     Function::cos,  Function::tan,        Function::exp,     Function::log,
    Function::sinh,    Function::cosh, Function::tanh,       Function::arctan,  Function::arcsinh,
    Function::erf,     Function::erfc, Function::normal_cdf, Function::sigmoid, Function::softplus,
    Function::hermite, Function::abs,  Function::max,        Function::min,     Function::sign,
    Function::step,
};

/// Other spellings of functions.
const std::map<std::string, std::string, std::less<>>& aliases() {
  static const std::map<std::string, std::string, std::less<>> all{
      {"atan", "arctan"},    {"asinh", "arcsinh"}, {"arsinh", "arcsinh"},
      {"heaviside", "step"}, {"ln", "log"},        {"sgn", "sign"},
      {"hermite", "he"},     {"swish", "silu"},    {"logistic", "sigmoid"},
  };
  return all;
}

const Function* find_function(std::string_view name) {
  const auto found = std::find_if(std::begin(functions), std::end(functions),
                                  [&](Function f) { return to_string(f) == name; });
  return found == std::end(functions) ? nullptr : found;
}

const NamedFunction* find_named_function(std::string_view name) {
  const auto& all = named_functions();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const NamedFunction& f) { return f.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string_view> all_names() {
  std::vector<std::string_view> names{"x", "pi", "e"};
  for (const Function f : functions) names.push_back(to_string(f));
  for (const NamedFunction& f : named_functions()) names.push_back(f.name);
  for (const auto& [alias, name] : aliases()) names.push_back(alias);
  return names;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool continues_name(char c) {
  return starts_name(c) || is_digit(c);
}

std::string quoted(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x7f ? fmt::format("the byte 0x{:02x}", byte)
                                     : fmt::format("\"{}\"", c);
}

/// The part of a text around a position, in quotation marks.
std::string excerpt(std::string_view text, std::size_t position) {
  constexpr std::size_t reach = 30;
  const auto inside_character = [&](std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
  };
  std::size_t from = position > reach ? position - reach : 0;
  std::size_t to = std::min(text.size(), position + reach);
  while (from > 0 && inside_character(from)) --from;
  while (inside_character(to)) ++to;
  return (from > 0 ? "..." : "") + in_quotes(text.substr(from, to - from)) +
         (to < text.size() ? "..." : "");
}

using Bindings = std::map<std::string, Expression, std::less<>>;

/// Recursive descent, one member function a rule of the grammar in docs/expressions.md.
class Parser {
 public:
  Parser(std::string_view text, const Bindings& bindings) : text_(text), bindings_(bindings) {}
  /// Reads the definition of a named function: what is wrong there is wrong with its arguments, and
  /// is left to the caller, who knows where they stand.
  static Expression expand(const NamedFunction& function, const Bindings& bindings) {
    Parser parser(function.definition, bindings);
    parser.inside_definition_ = true;
    return parser.parse();
  }

  Expression parse() {
    if (text_.size() > max_length)
      throw ParseError(fmt::format("the expression is {} characters long; at most {} are read",
                                   text_.size(), max_length));
    Expression result = parse_sum();
    if (!at_end()) fail(position_, operator_expected());
    return result;
  }

 private:
  Expression parse_sum() {
    const std::size_t start = position_;
    std::vector<Expression> terms{parse_product()};
    for (;;) {
      if (take('+'))
        terms.push_back(parse_product());
      else if (take('-'))
        terms.push_back(build(position_, [&] { return -parse_product(); }));
      else
        return build(start, [&] { return Expression::sum(terms); });
    }
  }

  Expression parse_product() {
    const std::size_t start = position_;
    std::vector<Expression> factors;
    parse_factor(factors);
    for (;;) {
      if (take('*')) {
        if (next() == '*') fail(position_, "expected an operand; powers are written with ^");
        parse_factor(factors);
      } else if (take('/')) {
        const std::size_t slash = position_ - 1;
        std::vector<Expression> divisor;
        parse_factor(divisor);
        for (const Expression& u : divisor)
          factors.push_back(build(slash, [&] { return Expression::power(u, Rational(-1)); }));
      } else {
        return build(start, [&] { return Expression::product(factors); });
      }
    }
  }

  /// Signs bind weaker than powers: -x^2 is -(x^2). They belong to the whole product: -(x+1)*x is
  /// -1 times (x+1) times x.
  void parse_factor(std::vector<Expression>& factors) {
    if (takes_minus()) factors.emplace_back(-1);
    factors.push_back(parse_power());
  }

  /// Reads signs; whether they come to a minus.
  bool takes_minus() {
    bool negative = false;
    for (;;) {
      if (take('-'))
        negative = !negative;
      else if (!take('+'))
        return negative;
    }
  }

  Expression parse_power() {
    const Expression base = parse_operand();
    if (!take('^')) return base;
    const std::size_t caret = position_ - 1;
    const Nesting nesting(*this);
    const bool negative = takes_minus();
    const Expression exponent = parse_power();
    return build(caret, [&] { return Expression::power(base, negative ? -exponent : exponent); });
  }

  Expression parse_operand() {
    const char c = next();
    if (is_digit(c) || c == '.') return parse_number();
    if (starts_name(c)) return parse_name();
    if (c != '(')
      fail(position_, fmt::format("expected a number, x, a function or \"(\", {}", found()));
    const Nesting nesting(*this);
    const std::size_t open = position_++;
    Expression inner = parse_sum();
    if (!take(')'))
      fail(position_, fmt::format("expected an operator or the \")\" that closes column {}, {}",
                                  open + 1, found()));
    return inner;
  }

  Expression parse_number() {
    const std::size_t start = position_;
    const auto skip_digits = [&] {
      while (position_ < text_.size() && is_digit(text_[position_])) ++position_;
    };
    skip_digits();
    if (position_ < text_.size() && text_[position_] == '.') ++position_;
    skip_digits();
    // An e is an exponent only with digits behind it: in "2e" it is a name out of place.
    if (position_ < text_.size() && (text_[position_] == 'e' || text_[position_] == 'E')) {
      std::size_t digits = position_ + 1;
      if (digits < text_.size() && (text_[digits] == '+' || text_[digits] == '-')) ++digits;
      if (digits < text_.size() && is_digit(text_[digits])) {
        position_ = digits;
        skip_digits();
      }
    }
    const std::string_view token = text_.substr(start, position_ - start);
    return build(start, [&] { return Expression(value_of(token, start)); });
  }

  Rational value_of(std::string_view token, std::size_t start) const {
    try {
      return parse_rational(token);
    } catch (const ParseError&) {
      fail(start, "expected a number like 3, 0.1 or 1e-3");
    }
  }

  Expression parse_name() {
    const std::size_t start = position_;
    while (position_ < text_.size() && continues_name(text_[position_])) ++position_;
    const std::string_view written = text_.substr(start, position_ - start);
    if (const auto bound = bindings_.find(written); bound != bindings_.end()) return bound->second;
    if (written == "pi") return Expression::pi();
    if (written == "e") return Expression::call(Function::exp, 1);

    const auto alias = aliases().find(written);
    const std::string name(alias == aliases().end() ? written : alias->second);
    if (const Function* function = find_function(name)) return parse_call(start, *function);
    if (const NamedFunction* function = find_named_function(name))
      return parse_call(start, *function);
    const auto names = all_names();
    const auto nearest = nearest_word(written, names);
    const std::string shown(written.substr(0, 40));
    fail(start, nearest ? fmt::format("unknown name \"{}\"; did you mean \"{}\"?", shown, *nearest)
                        : fmt::format("unknown name \"{}\"; the variable is x", shown));
  }

  /// The list in parentheses; empty where there is none.
  std::vector<Expression> parse_arguments() {
    std::vector<Expression> arguments;
    if (next() != '(') return arguments;
    const Nesting nesting(*this);
    const std::size_t open = position_++;
    do {
      arguments.push_back(parse_sum());
    } while (take(','));
    if (!take(')'))
      fail(position_,
           fmt::format("expected an operator, \",\" or the \")\" that closes column {}, {}",
                       open + 1, found()));
    return arguments;
  }

  Expression parse_call(std::size_t start, Function function) {
    std::vector<Expression> arguments = parse_arguments();
    const std::string name(to_string(function));
    if (function == Function::max || function == Function::min) {
      if (arguments.size() < 2)
        fail(start, fmt::format("{0} needs at least two arguments, as in {0}(x, 0)", name));
    } else {
      complete_arguments(start, name, function == Function::hermite ? "k" : "", arguments);
    }
    return build(start, [&] {
      if (function != Function::hermite) return Expression::call(function, arguments);
      return Expression::hermite(hermite_degree(arguments[0]), arguments[1]);
    });
  }

  Expression parse_call(std::size_t start, const NamedFunction& function) {
    std::vector<Expression> arguments = parse_arguments();
    complete_arguments(start, function.name,
                       fmt::format("{}", fmt::join(function.parameters, ", ")), arguments);
    Bindings bindings{{"x", arguments.back()}};
    for (std::size_t i = 0; i < function.parameters.size(); ++i) {
      if (!arguments[i].is_constant())
        fail(start, fmt::format("the parameter {} of {} must not depend on x",
                                function.parameters[i], function.name));
      bindings.emplace(function.parameters[i], arguments[i]);
    }
    return build(start, [&] { return expand(function, bindings); });
  }

  /// Parameters come first; an argument left out is x itself, and with it the parentheses where
  /// nothing else would stand in them.
  void complete_arguments(std::size_t start, const std::string& name, const std::string& parameters,
                          std::vector<Expression>& arguments) const {
    const auto count =
        static_cast<std::size_t>(std::count(parameters.begin(), parameters.end(), ','));
    const std::size_t needed = parameters.empty() ? 0 : count + 1;
    if (arguments.size() == needed) arguments.push_back(bindings_.find("x")->second);
    if (arguments.size() == needed + 1) return;
    const std::string shape =
        parameters.empty() ? fmt::format("one argument, as in {}(x)", name)
                           : fmt::format("the form {0}({1}) or {0}({1}, x)", name, parameters);
    fail(start, fmt::format("expected {}, not {} arguments", shape, arguments.size()));
  }

  static int hermite_degree(const Expression& f) {
    const Rational* k = f.number();
    if (!k || denominator(*k) != 1 || *k < 0 || *k > max_supported_degree)
      throw DomainError(fmt::format("the degree of he must be a whole number from 0 to {}",
                                    max_supported_degree));
    return numerator(*k).convert_to<int>();
  }

  /// Counts the rules open at once, so that no text can exhaust the stack.
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) {
      if (++parser_.nesting_ > max_nesting)
        parser_.fail(parser_.position_, fmt::format("nested more than {} deep", max_nesting));
    }
    ~Nesting() { --parser_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Parser& parser_;
  };

  /// What `make` returns; what it finds wrong with the operands is reported at `position`.
  template <class Make>
  Expression build(std::size_t position, Make make) const {
    if (inside_definition_) return make();
    try {
      return make();
    } catch (const ParseError&) {
      throw;
    } catch (const InputError& error) {
      fail(position, error.what());
    }
  }

  void skip_space() {
    while (position_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[position_]) != std::string_view::npos)
      ++position_;
  }
  bool at_end() {
    skip_space();
    return position_ == text_.size();
  }
  char next() { return at_end() ? '\0' : text_[position_]; }
  bool take(char c) {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  std::string found() const {
    return position_ == text_.size() ? "found the end" : "found " + quoted(text_[position_]);
  }
  std::string operator_expected() const {
    const char c = text_[position_];
    const bool operand = is_digit(c) || starts_name(c) || c == '(' || c == '.';
    return fmt::format("expected an operator, {}{}", found(),
                       operand ? "; a product is written with *" : "");
  }

  [[noreturn]] void fail(std::size_t position, const std::string& reason) const {
    throw ParseError(fmt::format("expression {}, column {}: {}", excerpt(text_, position),
                                 position + 1, reason));
  }

  std::string_view text_;
  const Bindings& bindings_;
  std::size_t position_ = 0;
  int nesting_ = 0;
  bool inside_definition_ = false;
};

}  // namespace

Expression parse_expression(std::string_view text) {
  const Bindings bindings{{"x", Expression::variable()}};
  return Parser(text, bindings).parse();
}

}  // namespace sigmahat
