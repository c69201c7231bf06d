#include <charconv>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>

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

/// Reads digits[.digits][e[+-]digits] from the front of `rest`; false where there is none.
bool read_decimal(std::string_view& rest, Rational& value) {
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
  if (digits.empty()) return false;
  int exponent = 0;
  if (!rest.empty() && (rest.front() == 'e' || rest.front() == 'E')) {
    std::string_view after = rest.substr(1);
    if (after.size() > 1 && after.front() == '+' && is_digit(after[1])) after.remove_prefix(1);
    const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), exponent);
    if (error != std::errc() || exponent < -max_exponent || exponent > max_exponent) return false;
    rest = after.substr(static_cast<std::size_t>(end - after.data()));
  }
  // GMP would read a leading zero as octal.
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  value = Rational(Integer(digits)) * power_of_ten(exponent + point_shift);
  return true;
}

/// sign, decimal digits (leading one not zero) and decimal exponent: 0.d1d2d3... · 10^exponent.
struct Decimal {
  bool negative;
  std::string digits;
  long exponent;
};

Decimal round_to_digits(const Real& value, int count) {
  mpfr_exp_t exponent = 0;
  // mpfr_get_str wants at least two digits in old versions; rounding twice would be wrong, so one
  // digit is asked for as one.
  char* text = mpfr_get_str(nullptr, &exponent, 10, static_cast<std::size_t>(count),
                            value.backend().data(), MPFR_RNDN);
  std::string digits(text);
  mpfr_free_str(text);
  const bool negative = !digits.empty() && digits.front() == '-';
  if (negative) digits.erase(0, 1);
  return {negative, std::move(digits), static_cast<long>(exponent)};
}

std::string layout(const Decimal& number) {
  const auto count = static_cast<long>(number.digits.size());
  std::string text;
  if (number.exponent > count || number.exponent > 21 || number.exponent < -3) {
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
  const auto whole = static_cast<std::size_t>(std::max(number.exponent, 1L));
  number.digits.erase(std::max(last + 1, std::min(whole, number.digits.size())));
}

/// floor(log10 |x|) + 1 for x != 0: the exponent in 0.d1d2... · 10^exponent.
long decimal_exponent(const Real& x) {
  return round_to_digits(x, 2).exponent;
}

}  // namespace

Rational parse_rational(std::string_view text) {
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  Rational value, denominator;
  bool good = read_decimal(rest, value);
  if (good && !rest.empty() && rest.front() == '/') {
    rest.remove_prefix(1);
    good = read_decimal(rest, denominator);
    if (good && denominator == 0) throw ParseError(fmt::format("\"{}\" divides by zero", text));
    if (good) value /= denominator;
  }
  if (!good || !rest.empty())
    throw ParseError(
        fmt::format("\"{}\" is not a number; expected one like 3, -1/3, 0.1 or 1e-3", text));
  return negative ? -value : value;
}

std::string to_text(const Rational& value) {
  return value.str();
}

std::string to_text(const Enclosure& value, int max_digits) {
  const bool exact = value.error_bound == 0;
  if (exact && value.value == 0) return "0";
  if (exact) {
    Decimal number = round_to_digits(value.value, max_digits);
    drop_trailing_zeros(number);
    return layout(number);
  }
  // error <= u/2 leaves room for half a unit of rounding: the printed digit is within one unit u.
  if (value.value != 0) {
    const long bound_exponent = decimal_exponent(value.error_bound * 2);  // 2 error < 10^this
    const long supported = decimal_exponent(value.value) - bound_exponent;
    if (supported >= 1)
      return layout(
          round_to_digits(value.value, static_cast<int>(std::min<long>(supported, max_digits))));
  }
  return "0 ± " + bound_text(abs(value.value) + value.error_bound);
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
