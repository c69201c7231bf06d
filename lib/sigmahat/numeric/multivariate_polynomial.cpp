#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/multivariate_polynomial.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/spelling.hpp>

namespace sigmahat {
namespace {

int total(const MultivariatePolynomial::Exponents& exponents) {
  return std::accumulate(exponents.begin(), exponents.end(), 0);
}

/// Recursive descent over the rules of parse_polynomial.
class Parser {
 public:
  Parser(std::string_view text, std::span<const std::string> names, int max_degree)
      : text_(text), names_(names), max_degree_(max_degree) {}

  MultivariatePolynomial parse() {
    constexpr std::size_t max_length = 10'000;
    if (text_.size() > max_length)
      throw ParseError(fmt::format("the polynomial is {} characters long; at most {} are read",
                                   text_.size(), max_length));
    const MultivariatePolynomial result = parse_sum();
    if (next() != '\0') fail("expected an operator");
    return result;
  }

 private:
  MultivariatePolynomial parse_sum() {
    MultivariatePolynomial result = parse_product();
    for (;;) {
      if (take('+'))
        result += parse_product();
      else if (take('-'))
        result = result - parse_product();
      else
        return result;
    }
  }

  MultivariatePolynomial parse_product() {
    MultivariatePolynomial result = parse_signed();
    for (;;) {
      if (take('*')) {
        result = times(result, parse_signed());
      } else if (take('/')) {
        const MultivariatePolynomial divisor = parse_signed();
        if (divisor.degree() != 0) fail("expected a number other than zero to divide by");
        result *= 1 / divisor.terms().begin()->second;
      } else {
        return result;
      }
    }
  }

  MultivariatePolynomial parse_signed() {
    bool negative = false;
    for (;;) {
      if (take('-'))
        negative = !negative;
      else if (!take('+'))
        break;
    }
    MultivariatePolynomial result = parse_power();
    if (negative) result *= -1;
    return result;
  }

  MultivariatePolynomial parse_power() {
    const MultivariatePolynomial base = parse_operand();
    if (!take('^')) return base;
    next();
    const std::size_t start = position_;
    const std::string_view digits = take_while([](char c) { return c >= '0' && c <= '9'; });
    if (digits.empty() || digits.size() > 4) {
      position_ = start;
      fail("expected a whole number as the exponent");
    }
    MultivariatePolynomial result = MultivariatePolynomial::constant(names_.size(), 1);
    for (int i = std::stoi(std::string(digits)); i > 0; --i) result = times(result, base);
    return result;
  }

  MultivariatePolynomial parse_operand() {
    const char c = next();
    if (c == '(') {
      if (++nesting_ > 100) fail("expected at most 100 parentheses in each other");
      ++position_;
      MultivariatePolynomial inner = parse_sum();
      if (!take(')')) fail("expected an operator or a closing parenthesis");
      --nesting_;
      return inner;
    }
    if ((c >= '0' && c <= '9') || c == '.') return parse_number();
    const std::size_t start = position_;
    const std::string_view name = take_while([](char letter) {
      return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
             (letter >= '0' && letter <= '9') || letter == '_';
    });
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) {
      position_ = start;
      fail(name.empty() ? "expected a number, a variable or a parenthesis"
                        : fmt::format("expected one of the variables, not {}",
                                      in_quotes(name.substr(0, 40))));
    }
    return MultivariatePolynomial::variable(names_.size(),
                                            static_cast<std::size_t>(found - names_.begin()));
  }

  MultivariatePolynomial parse_number() {
    const std::string_view digits =
        take_while([](char c) { return (c >= '0' && c <= '9') || c == '.'; });
    try {
      return MultivariatePolynomial::constant(names_.size(), parse_rational(digits));
    } catch (const ParseError&) {
      fail("expected a number like 3 or 0.1");
    }
  }

  MultivariatePolynomial times(const MultivariatePolynomial& p,
                               const MultivariatePolynomial& q) const {
    if (p.degree() + q.degree() > max_degree_)
      throw ParseError(fmt::format("polynomial {}: its degree is above {}",
                                   in_quotes(text_.substr(0, 60)), max_degree_));
    // Sums of many variables to high powers have more terms than anyone can use.
    constexpr std::size_t most_terms = 20'000;
    if (p.terms().size() * q.terms().size() > 50 * most_terms)
      throw ParseError(fmt::format("polynomial {}: it has more than {} terms",
                                   in_quotes(text_.substr(0, 60)), most_terms));
    return p * q;
  }

  template <class Holds>
  std::string_view take_while(Holds holds) {
    const std::size_t start = position_;
    while (position_ < text_.size() && holds(text_[position_])) ++position_;
    return text_.substr(start, position_ - start);
  }
  char next() {
    take_while([](char c) { return c == ' ' || c == '\t'; });
    return position_ < text_.size() ? text_[position_] : '\0';
  }
  bool take(char c) {
    if (next() != c) return false;
    ++position_;
    return true;
  }
  [[noreturn]] void fail(const std::string& expected) const {
    throw ParseError(fmt::format("polynomial {}, column {}: {}", in_quotes(text_.substr(0, 60)),
                                 position_ + 1, expected));
  }

  std::string_view text_;
  std::span<const std::string> names_;
  int max_degree_;
  std::size_t position_ = 0;
  int nesting_ = 0;
};

}  // namespace

const PolynomialNotation plain_notation{
    "*", [](const std::string& name, int exponent) { return fmt::format("{}^{}", name, exponent); },
    [](const Rational& value) { return to_text(value); }};

const PolynomialNotation latex_notation{
    " ",
    [](const std::string& name, int exponent) { return fmt::format("{}^{{{}}}", name, exponent); },
    [](const Rational& value) {
      if (denominator(value) == 1) return to_text(value);
      return fmt::format("\\frac{{{}}}{{{}}}", to_text(Rational(numerator(value))),
                         to_text(Rational(denominator(value))));
    }};

MultivariatePolynomial MultivariatePolynomial::constant(std::size_t variables,
                                                        const Rational& value) {
  MultivariatePolynomial result(variables);
  result.add(Exponents(variables, 0), value);
  return result;
}

MultivariatePolynomial MultivariatePolynomial::variable(std::size_t variables, std::size_t i) {
  Exponents exponents(variables, 0);
  exponents.at(i) = 1;
  return monomial(exponents, 1);
}

MultivariatePolynomial MultivariatePolynomial::monomial(const Exponents& exponents,
                                                        const Rational& coefficient) {
  MultivariatePolynomial result(exponents.size());
  result.add(exponents, coefficient);
  return result;
}

int MultivariatePolynomial::degree() const {
  int degree = -1;
  for (const auto& [exponents, coefficient] : terms_) degree = std::max(degree, total(exponents));
  return degree;
}

MultivariatePolynomial MultivariatePolynomial::homogeneous_part(int degree) const {
  MultivariatePolynomial result(variables_);
  for (const auto& [exponents, coefficient] : terms_)
    if (total(exponents) == degree) result.add(exponents, coefficient);
  return result;
}

template <Scalar T>
T MultivariatePolynomial::value_at(std::span<const T> point) const {
  T sum(0);
  for (const auto& [exponents, coefficient] : terms_) {
    T term = from_rational<T>(coefficient);
    for (std::size_t i = 0; i < variables_; ++i)
      if (exponents[i] > 0) term *= power(point[i], exponents[i]);
    sum += term;
  }
  return sum;
}
template double MultivariatePolynomial::value_at(std::span<const double>) const;
template Real MultivariatePolynomial::value_at(std::span<const Real>) const;
template Interval MultivariatePolynomial::value_at(std::span<const Interval>) const;

void MultivariatePolynomial::add(const Exponents& exponents, const Rational& coefficient) {
  if (coefficient == 0) return;
  const auto [place, is_new] = terms_.try_emplace(exponents, coefficient);
  if (is_new) return;
  place->second += coefficient;
  if (place->second == 0) terms_.erase(place);
}

MultivariatePolynomial& MultivariatePolynomial::operator+=(const MultivariatePolynomial& other) {
  if (other.variables_ != variables_)
    throw DomainError("polynomials of different numbers of variables have no sum");
  for (const auto& [exponents, coefficient] : other.terms_) add(exponents, coefficient);
  return *this;
}

MultivariatePolynomial& MultivariatePolynomial::operator*=(const Rational& factor) {
  if (factor == 0) terms_.clear();
  for (auto& [exponents, coefficient] : terms_) coefficient *= factor;
  return *this;
}

MultivariatePolynomial operator+(MultivariatePolynomial p, const MultivariatePolynomial& q) {
  return p += q;
}
MultivariatePolynomial operator-(MultivariatePolynomial p, const MultivariatePolynomial& q) {
  p *= -1;
  p += q;
  return p *= -1;
}
MultivariatePolynomial operator*(const MultivariatePolynomial& p, const MultivariatePolynomial& q) {
  if (p.variables_ != q.variables_)
    throw DomainError("polynomials of different numbers of variables have no product");
  MultivariatePolynomial result(p.variables_);
  for (const auto& [a, c] : p.terms_)
    for (const auto& [b, d] : q.terms_) {
      MultivariatePolynomial::Exponents exponents(a);
      for (std::size_t i = 0; i < exponents.size(); ++i) exponents[i] += b[i];
      result.add(exponents, c * d);
    }
  return result;
}

MultivariatePolynomial derivative(const MultivariatePolynomial& p, std::size_t i) {
  MultivariatePolynomial result(p.variables());
  for (const auto& [exponents, coefficient] : p.terms()) {
    if (exponents.at(i) == 0) continue;
    MultivariatePolynomial::Exponents lower(exponents);
    --lower[i];
    result += MultivariatePolynomial::monomial(lower, coefficient * exponents[i]);
  }
  return result;
}

MultivariatePolynomial parse_polynomial(std::string_view text, std::span<const std::string> names,
                                        int max_degree) {
  return Parser(text, names, max_degree).parse();
}

std::string to_text(const MultivariatePolynomial& p, std::span<const std::string> names,
                    const PolynomialNotation& notation) {
  std::string text;
  for (const auto& [exponents, coefficient] : p.terms()) {
    const Rational size = abs(coefficient);
    std::vector<std::string> factors;
    if (size != 1 || total(exponents) == 0) factors.push_back(notation.fraction(size));
    for (std::size_t i = 0; i < exponents.size(); ++i)
      if (exponents[i] > 0)
        factors.push_back(exponents[i] == 1 ? names[i] : notation.power(names[i], exponents[i]));
    const bool negative = coefficient < 0;
    text += text.empty() ? (negative ? "-" : "") : (negative ? " - " : " + ");
    text += fmt::format("{}", fmt::join(factors, notation.times));
  }
  return text.empty() ? "0" : text;
}

}  // namespace sigmahat
