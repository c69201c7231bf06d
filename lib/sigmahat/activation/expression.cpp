#include <algorithm>
#include <functional>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/overloaded.hpp>

namespace sigmahat {

struct Expression::Content {
  Node node;
  std::size_t node_count;
  int depth;
  std::size_t hash;
  bool constant;
};

namespace {

std::size_t mix(std::size_t seed, std::size_t value) {
  return (seed ^ value) * 0x9e3779b97f4a7c15u + (seed >> 29);
}

std::size_t hash_of(const Rational& value) {
  // Residues modulo a prime: as good as the digits, without writing them out.
  constexpr unsigned long prime = 4294967291u;
  const auto residue = [](mpz_srcptr z) { return static_cast<std::size_t>(mpz_fdiv_ui(z, prime)); };
  return mix(residue(mpq_numref(value.backend().data())),
             residue(mpq_denref(value.backend().data())));
}

std::size_t bits_of(mpz_srcptr z) {
  return mpz_sgn(z) == 0 ? 0 : mpz_sizeinbase(z, 2);
}
std::size_t bits_of(const Rational& value) {
  return bits_of(mpq_numref(value.backend().data())) + bits_of(mpq_denref(value.backend().data()));
}

/// For messages: a number of thousands of digits would bury what is said about it.
std::string shown(const Rational& value) {
  const std::string text = to_text(value);
  return text.size() <= 40 ? text : text.substr(0, 40) + "...";
}

[[noreturn]] void refuse_long_number() {
  throw InputError(
      fmt::format("a number in the expression has more than {} bits", Expression::max_number_bits));
}

const std::vector<Expression>& operands_of(const Expression& f) {
  static const std::vector<Expression> none;
  if (const auto* sum = f.as<Expression::Sum>()) return sum->terms;
  if (const auto* product = f.as<Expression::Product>()) return product->factors;
  if (const auto* call = f.as<Expression::Call>()) return call->arguments;
  return none;
}

bool is_integer(const Rational& value) {
  return denominator(value) == 1;
}

bool is_even(const Rational& value) {
  return is_integer(value) && mpz_even_p(mpq_numref(value.backend().data()));
}

const Expression* argument_of(const Expression& f, Function function) {
  const auto* call = f.as<Expression::Call>();
  return call && call->function == function ? &call->arguments[0] : nullptr;
}

/// The factors, those that are products themselves replaced by their own.
std::vector<Expression> flattened(const std::vector<Expression>& all) {
  std::vector<Expression> result;
  result.reserve(all.size());
  for (const Expression& f : all) {
    if (const auto* product = f.as<Expression::Product>())
      result.insert(result.end(), product->factors.begin(), product->factors.end());
    else
      result.push_back(f);
  }
  return result;
}

/// Keys in the order of their first use, each with what was collected for it.
template <class Value>
class Collection {
 public:
  struct Entry {
    Expression key;
    Value value;
    const Expression* original;  ///< what the entry was made from, where it was made from one
  };
  Entry* find(const Expression& key) {
    const auto [first, last] = places_.equal_range(key.hash());
    for (auto place = first; place != last; ++place)
      if (entries_[place->second].key == key) return &entries_[place->second];
    return nullptr;
  }
  void add(const Expression& key, Value value, const Expression& original) {
    places_.emplace(key.hash(), entries_.size());
    entries_.push_back({key, std::move(value), &original});
  }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
  std::unordered_multimap<std::size_t, std::size_t> places_;
};

/// The terms of a sum, also of one that is multiplied by a number: a sum has no sums inside.
std::vector<Expression> terms_of(const std::vector<Expression>& all) {
  std::vector<Expression> result;
  for (const Expression& f : all) {
    const auto* product = f.as<Expression::Product>();
    const bool scaled = product && product->factors.size() == 2 && product->factors[0].number();
    const Expression& inside = scaled ? product->factors[1] : f;
    if (const auto* sum = inside.as<Expression::Sum>()) {
      for (const Expression& term : sum->terms)
        result.push_back(scaled ? product->factors[0] * term : term);
    } else {
      result.push_back(f);
    }
  }
  return result;
}

/// c and u in f = c·u, c rational.
std::pair<Rational, Expression> split_coefficient(const Expression& f) {
  const auto* product = f.as<Expression::Product>();
  const Rational* c = product ? product->factors[0].number() : nullptr;
  if (!c) return {Rational(1), f};
  return {*c, Expression::product({product->factors.begin() + 1, product->factors.end()})};
}

std::vector<Expression> negated(const std::vector<Expression>& terms) {
  std::vector<Expression> result;
  for (const Expression& term : terms) result.push_back(-term);
  return result;
}

/// u and n in f = u^n, n a whole number.
std::pair<Expression, Rational> split_power(const Expression& f) {
  const auto* power = f.as<Expression::Power>();
  if (power && is_integer(power->exponent)) return {power->base, power->exponent};
  return {f, Rational(1)};
}

bool is_denominator(const Expression& f) {
  const auto* power = f.as<Expression::Power>();
  return power && power->exponent < 0;
}

/// value^exponent where that is rational; throws DomainError where it is not real.
std::optional<Rational> rational_power(const Rational& value, const Rational& exponent) {
  if (value == 0) {
    if (exponent < 0) throw DomainError("division by zero");
    return Rational(0);
  }
  if (value == 1) return value;
  if (value < 0 && !is_integer(exponent))
    throw DomainError(fmt::format("({})^({}) is not a real number", shown(value), shown(exponent)));
  Integer top = numerator(value), bottom = denominator(value);
  if (!is_integer(exponent)) {
    const Integer root = denominator(exponent);
    if (root > static_cast<long>(Expression::max_number_bits)) return {};
    const auto take_root = [&](Integer& z) {
      return mpz_root(z.backend().data(), z.backend().data(), root.convert_to<unsigned long>()) !=
             0;
    };
    if (!take_root(top) || !take_root(bottom)) return {};
  }
  const auto times = numerator(abs(exponent)).convert_to<unsigned long>();
  if ((bits_of(top.backend().data()) + bits_of(bottom.backend().data())) * times >
      Expression::max_number_bits + 2 * times)
    refuse_long_number();
  Integer top_power, bottom_power;
  mpz_pow_ui(top_power.backend().data(), top.backend().data(), times);
  mpz_pow_ui(bottom_power.backend().data(), bottom.backend().data(), times);
  return exponent < 0 ? Rational(bottom_power, top_power) : Rational(top_power, bottom_power);
}

bool is_positive_constant(const Expression& f) {
  return f.as<Expression::Pi>() || (f.number() && *f.number() > 0);
}

/// Whether (u^inner)^outer is u^(inner·outer) and both have the same domain; if `inner` is even and
/// `outer` not whole, it is |u|^(inner·outer) instead.
bool exponents_multiply(const Rational& inner, const Rational& outer) {
  if (is_integer(inner)) return is_integer(outer);
  return !is_integer(inner * outer);
}

std::optional<Expression> value_at_zero(Function function) {
  switch (function) {
    case Function::sin:
    case Function::tan:
    case Function::sinh:
    case Function::tanh:
    case Function::arctan:
    case Function::arcsinh:
    case Function::erf:
      return Expression(0);
    case Function::exp:
    case Function::cos:
    case Function::cosh:
    case Function::erfc:
      return Expression(1);
    case Function::normal_cdf:
    case Function::sigmoid:
      return Expression(Rational(1, 2));
    case Function::softplus:
      return Expression::call(Function::log, Expression(2));
    default:
      return {};
  }
}

/// f at a rational argument, where the value is known without rounding.
std::optional<Expression> exact_value(Function function, const Rational& u) {
  switch (function) {
    case Function::abs:
      return Expression(Rational(abs(u)));
    case Function::sign:
      return Expression(u.sign());
    case Function::step:
      return Expression(Rational(u.sign() + 1, 2));
    case Function::log:
      if (u <= 0) throw DomainError(fmt::format("log({}) is undefined", shown(u)));
      if (u == 1) return Expression(0);
      return {};
    default:
      if (u == 0) return value_at_zero(function);
      return {};
  }
}

/// Maximum or minimum: nested ones flattened, numbers folded to one, repetitions dropped.
std::vector<Expression> extremum_arguments(Function function,
                                           const std::vector<Expression>& arguments) {
  std::vector<Expression> all;
  for (const Expression& f : arguments) {
    const auto* call = f.as<Expression::Call>();
    if (call && call->function == function)
      all.insert(all.end(), call->arguments.begin(), call->arguments.end());
    else
      all.push_back(f);
  }
  std::optional<Rational> best;
  Collection<bool> kept;
  for (const Expression& f : all) {
    if (const Rational* value = f.number()) {
      if (!best || (function == Function::max ? *value > *best : *value < *best)) best = *value;
    } else if (!kept.find(f)) {
      kept.add(f, true, f);
    }
  }
  std::vector<Expression> result;
  for (const auto& entry : kept.entries()) result.push_back(entry.key);
  if (best) result.emplace_back(*best);
  return result;
}

}  // namespace

std::string_view to_string(Function function) {
  switch (function) {
    case Function::abs:
      return "abs";
    case Function::sign:
      return "sign";
    case Function::step:
      return "step";
    case Function::max:
      return "max";
    case Function::min:
      return "min";
    case Function::exp:
      return "exp";
    case Function::log:
      return "log";
    case Function::sin:
      return "sin";
    case Function::cos:
      return "cos";
    case Function::tan:
      return "tan";
    case Function::sinh:
      return "sinh";
    case Function::cosh:
      return "cosh";
    case Function::tanh:
      return "tanh";
    case Function::arctan:
      return "arctan";
    case Function::arcsinh:
      return "arcsinh";
    case Function::erf:
      return "erf";
    case Function::erfc:
      return "erfc";
    case Function::normal_cdf:
      return "Phi";
    case Function::sigmoid:
      return "sigmoid";
    case Function::softplus:
      return "softplus";
    case Function::hermite:
      return "he";
  }
  return "";
}

Expression Expression::make(Node node) {
  Content content{std::move(node), 1, 1, 0, true};
  const auto take = [&](const Expression& f) {
    content.node_count += f.node_count();
    content.depth = std::max(content.depth, f.depth() + 1);
    content.hash = mix(content.hash, f.hash());
    content.constant = content.constant && f.is_constant();
  };
  content.hash = mix(content.node.index() + 1, 0);
  std::visit(Overloaded{
                 [&](const Number& f) { content.hash = mix(content.hash, hash_of(f.value)); },
                 [&](const Variable&) { content.constant = false; },
                 [](const Pi&) {},
                 [&](const Sum& f) { std::for_each(f.terms.begin(), f.terms.end(), take); },
                 [&](const Product& f) { std::for_each(f.factors.begin(), f.factors.end(), take); },
                 [&](const Power& f) {
                   take(f.base);
                   content.hash = mix(content.hash, hash_of(f.exponent));
                 },
                 [&](const Call& f) {
                   content.hash = mix(content.hash, static_cast<std::size_t>(f.function));
                   content.hash = mix(content.hash, static_cast<std::size_t>(f.degree));
                   std::for_each(f.arguments.begin(), f.arguments.end(), take);
                 },
             },
             content.node);
  if (content.node_count > max_nodes)
    throw InputError(fmt::format("the expression has more than {} nodes", max_nodes));
  if (content.depth > max_depth)
    throw InputError(fmt::format("the expression is nested more than {} levels deep", max_depth));
  return Expression(std::make_shared<const Content>(std::move(content)));
}

Expression::Expression(const Rational& value) {
  if (bits_of(value) > max_number_bits) refuse_long_number();
  *this = make(Number{value});
}

Expression Expression::variable() {
  static const Expression x = make(Variable{});
  return x;
}

Expression Expression::pi() {
  static const Expression constant = make(Pi{});
  return constant;
}

Expression Expression::sum(const std::vector<Expression>& terms) {
  if (terms.size() == 1) return terms[0];
  const std::vector<Expression> all = terms_of(terms);
  Rational constant = 0;
  Collection<Rational> collected;
  for (const Expression& term : all) {
    if (const Rational* value = term.number()) {
      constant += *value;
      if (bits_of(constant) > max_number_bits) refuse_long_number();
      continue;
    }
    auto [coefficient, rest] = split_coefficient(term);
    if (auto* entry = collected.find(rest)) {
      entry->value += coefficient;
      entry->original = nullptr;
    } else {
      collected.add(rest, std::move(coefficient), term);
    }
  }
  std::vector<Expression> result;
  for (const auto& entry : collected.entries()) {
    if (entry.value == 0) continue;
    result.push_back(entry.original ? *entry.original : product({entry.value, entry.key}));
  }
  if (constant != 0 || result.empty()) result.emplace_back(constant);
  return result.size() == 1 ? result[0] : make(Sum{std::move(result)});
}

Expression Expression::product(const std::vector<Expression>& factors) {
  if (factors.size() == 1) return factors[0];
  const std::vector<Expression> all = flattened(factors);
  Rational coefficient = 1;
  Collection<Rational> collected;
  std::vector<Expression> exponents;
  const Expression* first_exponential = nullptr;
  for (const Expression& factor : all) {
    if (const Rational* value = factor.number()) {
      coefficient *= *value;
      if (bits_of(coefficient) > max_number_bits) refuse_long_number();
      continue;
    }
    if (const Expression* exponent = argument_of(factor, Function::exp)) {
      if (!first_exponential) {
        first_exponential = &factor;
        collected.add(factor, 1, factor);
      }
      exponents.push_back(*exponent);
      continue;
    }
    auto [base, exponent] = split_power(factor);
    auto* entry = collected.find(base);
    if (entry && abs(Rational(entry->value + exponent)) <= max_exponent) {
      entry->value += exponent;
      entry->original = nullptr;
    } else {
      collected.add(base, std::move(exponent), factor);
    }
  }
  if (coefficient == 0) return Expression(0);

  std::vector<Expression> result;
  bool nested = false;
  for (const auto& entry : collected.entries()) {
    if (entry.original == first_exponential && exponents.size() > 1)
      result.push_back(call(Function::exp, sum(exponents)));
    else if (entry.original)
      result.push_back(*entry.original);
    else
      result.push_back(power(entry.key, entry.value));
    nested = nested || result.back().number() || result.back().as<Product>();
  }
  if (coefficient != 1 || result.empty()) result.insert(result.begin(), coefficient);
  if (nested && result.size() > 1) return product(result);
  if (const auto* terms = result.back().as<Sum>(); terms && result.size() == 2 && coefficient == -1)
    return sum(negated(terms->terms));
  std::stable_partition(result.begin(), result.end(),
                        [](const Expression& f) { return !is_denominator(f); });
  return result.size() == 1 ? result[0] : make(Product{std::move(result)});
}

Expression Expression::power(const Expression& base, const Rational& exponent) {
  if (exponent == 0) return Expression(1);
  if (exponent == 1) return base;
  if (abs(exponent) > max_exponent)
    throw InputError(
        fmt::format("the exponent {} is beyond {} in size", shown(exponent), max_exponent));
  if (const Rational* value = base.number()) {
    if (const auto folded = rational_power(*value, exponent)) return Expression(*folded);
  } else if (const Expression* logarithm = argument_of(base, Function::exp)) {
    return call(Function::exp, product({exponent, *logarithm}));
  } else if (const Expression* inside = argument_of(base, Function::abs);
             inside && is_even(exponent)) {
    return power(*inside, exponent);
  } else if (const auto* inner = base.as<Power>()) {
    if (is_even(inner->exponent) && !is_integer(exponent))
      return power(call(Function::abs, inner->base), Rational(inner->exponent * exponent));
    if (exponents_multiply(inner->exponent, exponent) || is_positive_constant(inner->base))
      return power(inner->base, Rational(inner->exponent * exponent));
  } else if (const auto* factors = base.as<Product>(); factors && is_integer(exponent)) {
    std::vector<Expression> powers;
    for (const Expression& factor : factors->factors) powers.push_back(power(factor, exponent));
    return product(powers);
  }
  return make(Power{base, exponent});
}

Expression Expression::power(const Expression& base, const Expression& exponent) {
  if (const Rational* value = exponent.number()) return power(base, *value);
  if (const Expression* logarithm = argument_of(base, Function::exp))
    return call(Function::exp, product({exponent, *logarithm}));
  return call(Function::exp, product({exponent, call(Function::log, base)}));
}

Expression Expression::call(Function function, const std::vector<Expression>& arguments) {
  const bool extremum = function == Function::max || function == Function::min;
  if (function == Function::hermite || arguments.empty() || (arguments.size() > 1 && !extremum))
    throw DomainError(
        fmt::format("{} does not take {} arguments", to_string(function), arguments.size()));
  if (extremum) {
    std::vector<Expression> kept = extremum_arguments(function, arguments);
    return kept.size() == 1 ? kept[0] : make(Call{function, std::move(kept)});
  }
  const Expression& u = arguments[0];
  if (const Rational* value = u.number()) {
    if (const auto folded = exact_value(function, *value)) return *folded;
  }
  if (function == Function::log) {
    if (const Expression* logarithm = argument_of(u, Function::exp)) return *logarithm;
  }
  return make(Call{function, arguments});
}

Expression Expression::call(Function function, const Expression& argument) {
  return call(function, std::vector<Expression>{argument});
}

Expression Expression::hermite(int degree, const Expression& argument) {
  if (degree < 0 || degree > max_supported_degree)
    throw DomainError(
        fmt::format("the degree of a Hermite polynomial must be between 0 and {}, not {}",
                    max_supported_degree, degree));
  if (degree == 0) return Expression(1);
  if (degree == 1) return argument;
  if (degree % 2 == 1 && argument.number() && *argument.number() == 0) return Expression(0);
  return make(Call{Function::hermite, {argument}, degree});
}

const Expression::Node& Expression::node() const {
  return content_->node;
}
const Rational* Expression::number() const {
  const auto* leaf = as<Number>();
  return leaf ? &leaf->value : nullptr;
}
bool Expression::is_constant() const {
  return content_->constant;
}
std::size_t Expression::node_count() const {
  return content_->node_count;
}
int Expression::depth() const {
  return content_->depth;
}
std::size_t Expression::hash() const {
  return content_->hash;
}

bool operator==(const Expression& a, const Expression& b) {
  if (a.content_ == b.content_) return true;
  if (a.hash() != b.hash() || a.node_count() != b.node_count() ||
      a.node().index() != b.node().index())
    return false;
  if (a.number()) return *a.number() == *b.number();
  if (const auto* p = a.as<Expression::Power>()) {
    const auto* q = b.as<Expression::Power>();
    return p->exponent == q->exponent && p->base == q->base;
  }
  if (const auto* f = a.as<Expression::Call>()) {
    const auto* g = b.as<Expression::Call>();
    if (f->function != g->function || f->degree != g->degree) return false;
  }
  return operands_of(a) == operands_of(b);
}

Expression operator+(const Expression& a, const Expression& b) {
  return Expression::sum({a, b});
}
Expression operator-(const Expression& a, const Expression& b) {
  return Expression::sum({a, -b});
}
Expression operator-(const Expression& a) {
  return Expression::product({-1, a});
}
Expression operator*(const Expression& a, const Expression& b) {
  return Expression::product({a, b});
}
Expression operator/(const Expression& a, const Expression& b) {
  return Expression::product({a, Expression::power(b, Rational(-1))});
}

namespace {

Expression compose_node(const Expression& f, const Expression& g) {
  if (f.is_constant()) return f;
  const auto each = [&](const std::vector<Expression>& all) {
    std::vector<Expression> result;
    for (const Expression& u : all) result.push_back(compose_node(u, g));
    return result;
  };
  return std::visit(
      Overloaded{
          [&](const Expression::Number&) { return f; },
          [&](const Expression::Variable&) { return g; },
          [&](const Expression::Pi&) { return f; },
          [&](const Expression::Sum& u) { return Expression::sum(each(u.terms)); },
          [&](const Expression::Product& u) { return Expression::product(each(u.factors)); },
          [&](const Expression::Power& u) {
            return Expression::power(compose_node(u.base, g), u.exponent);
          },
          [&](const Expression::Call& u) {
            if (u.function == Function::hermite)
              return Expression::hermite(u.degree, compose_node(u.arguments[0], g));
            return Expression::call(u.function, each(u.arguments));
          },
      },
      f.node());
}

}  // namespace

Expression compose(const Expression& f, const Expression& g) {
  return compose_node(f, g);
}

}  // namespace sigmahat
