#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/spelling.hpp>

namespace sigmahat {
namespace {

constexpr int max_exponent = 100'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

Rational power_of_ten(int exponent) {
  const Integer power = pow(Integer(10), static_cast<unsigned>(std::abs(exponent)));
  return exponent < 0 ? Rational(1, power) : Rational(power);
}

/// Reads e[+-]digits from the front of `rest`; 0 where there is no e, nothing where it is
/// malformed. `text` is the whole number, for the message.
std::optional<int> read_exponent(std::string_view& rest, std::string_view text) {
  if (rest.empty() || (rest.front() != 'e' && rest.front() != 'E')) return 0;
  rest.remove_prefix(1);
  const bool negative = !rest.empty() && rest.front() == '-';
  if (negative || (!rest.empty() && rest.front() == '+')) rest.remove_prefix(1);
  if (rest.empty() || !is_digit(rest.front())) return {};
  int magnitude = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), magnitude);
  if (error != std::errc() || magnitude > max_exponent)
    throw ParseError(fmt::format("{}: the exponent must be between -{} and {}", in_quotes(text),
                                 max_exponent, max_exponent));
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return negative ? -magnitude : magnitude;
}

/// Reads digits[.digits][e[+-]digits] from the front of `rest`; nothing where there is none.
std::optional<Rational> read_decimal(std::string_view& rest, std::string_view text) {
  std::string digits;
  int point_shift = 0;
  while (!rest.empty() && is_digit(rest.front())) {
    digits += rest.front();
    rest.remove_prefix(1);
  }
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    while (!rest.empty() && is_digit(rest.front())) {
      digits += rest.front();
      --point_shift;
      rest.remove_prefix(1);
    }
  }
  if (digits.empty()) return {};
  const std::optional<int> exponent = read_exponent(rest, text);
  if (!exponent) return {};
  // GMP would read a leading zero as octal.
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return Rational(Integer(digits)) * power_of_ten(*exponent + point_shift);
}

/// sign, decimal digits (leading one not zero) and decimal exponent: 0.d1d2d3... · 10^exponent.
struct Decimal {
  bool negative;
  std::string digits;
  long exponent;
};

Decimal round_to_digits(const Real& value, int count, mpfr_rnd_t rounding = MPFR_RNDN) {
  mpfr_exp_t exponent = 0;
  char* text = mpfr_get_str(nullptr, &exponent, 10, static_cast<std::size_t>(count),
                            value.backend().data(), rounding);
  std::string digits(text);
  mpfr_free_str(text);
  const bool negative = !digits.empty() && digits.front() == '-';
  if (negative) digits.erase(0, 1);
  return {negative, std::move(digits), static_cast<long>(exponent)};
}

/// Whether to write an exponent: plain digits would need zeros that are not known, or many.
bool is_scientific(const Decimal& number) {
  return number.exponent > static_cast<long>(number.digits.size()) || number.exponent > 21 ||
         number.exponent < -3;
}

std::string layout(const Decimal& number) {
  const auto count = static_cast<long>(number.digits.size());
  std::string text;
  if (is_scientific(number)) {
    text = number.digits.substr(0, 1);
    if (count > 1) text += "." + number.digits.substr(1);
    text += fmt::format("e{}", number.exponent - 1);
  } else if (number.exponent <= 0) {
    text = "0." + std::string(static_cast<std::size_t>(-number.exponent), '0') + number.digits;
  } else {
    const auto whole = static_cast<std::size_t>(number.exponent);
    text = number.digits.substr(0, whole);
    if (whole < number.digits.size()) text += "." + number.digits.substr(whole);
  }
  return number.negative ? "-" + text : text;
}

void drop_trailing_zeros(Decimal& number) {
  const std::size_t last = number.digits.find_last_not_of('0');
  // The zeros before a decimal point stay.
  const auto whole =
      static_cast<std::size_t>(is_scientific(number) ? 1L : std::max(number.exponent, 1L));
  number.digits.erase(std::max(last + 1, std::min(whole, number.digits.size())));
}

/// floor(log10 |x|) + 1 for x != 0: the exponent in 0.d1d2... · 10^exponent.
long decimal_exponent(const Real& x) {
  // Towards zero: 0.9996 to nearest would be 1.0, of the next exponent.
  return round_to_digits(x, 2, MPFR_RNDZ).exponent;
}

/// The digits that the bound supports; empty where it supports none.
std::optional<std::string> supported_digits(const Enclosure& value, int max_digits) {
  if (value.error_bound == 0) {
    if (value.value == 0) return "0";
    Decimal number = round_to_digits(value.value, max_digits);
    drop_trailing_zeros(number);
    return layout(number);
  }
  if (value.value == 0) return {};
  // error <= u/2 leaves room for half a unit of rounding: the printed digit is within one unit u.
  const long bound_exponent = decimal_exponent(value.error_bound * 2);  // 2 error < 10^this
  const long supported = decimal_exponent(value.value) - bound_exponent;
  if (supported < 1) return {};
  return layout(
      round_to_digits(value.value, static_cast<int>(std::min<long>(supported, max_digits))));
}

}  // namespace

Rational parse_rational(std::string_view text) {
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  const std::optional<Rational> numerator = read_decimal(rest, text);
  std::optional<Rational> denominator(1);
  if (numerator && !rest.empty() && rest.front() == '/') {
    rest.remove_prefix(1);
    denominator = read_decimal(rest, text);
  }
  if (!numerator || !denominator || !rest.empty())
    throw ParseError(
        fmt::format("{} is not a number; expected one like 3, -1/3, 0.1 or 1e-3", in_quotes(text)));
  if (*denominator == 0) throw ParseError(fmt::format("{} divides by zero", in_quotes(text)));
  const Rational value = *numerator / *denominator;
  return negative ? -value : value;
}

std::string to_text(const Rational& value) {
  return value.str();
}

std::string to_text(const Enclosure& value, int max_digits) {
  if (const auto digits = supported_digits(value, max_digits)) return *digits;
  Real reach = abs(value.value);
  mpfr_add(reach.backend().data(), reach.backend().data(), value.error_bound.backend().data(),
           MPFR_RNDU);
  return "0 ± " + bound_text(reach);
}

DecimalEnclosure to_decimal(const Enclosure& value, int max_digits) {
  const std::string shown = supported_digits(value, max_digits).value_or("0");
  const Rational distance = abs(parse_rational(shown) - exact_rational(value.value));
  Real bound;
  mpfr_set_q(bound.backend().data(),
             Rational(distance + exact_rational(value.error_bound)).backend().data(), MPFR_RNDU);
  return {shown, bound_text(bound)};
}

std::string bound_text(const Real& bound) {
  if (bound == 0) return "0";
  mpfr_exp_t exponent = 0;
  char* digits = mpfr_get_str(nullptr, &exponent, 10, 2, bound.backend().data(), MPFR_RNDU);
  const std::string text = fmt::format("{}.{}e{}", digits[0], digits[1], exponent - 1);
  mpfr_free_str(digits);
  return text;
}

std::string to_text(double value) {
  return fmt::format("{}", value);
}

std::string to_text(const Real& value, int digits) {
  if (value == 0) return "0";
  Decimal number = round_to_digits(value, digits);
  drop_trailing_zeros(number);
  return layout(number);
}

}  // namespace sigmahat
