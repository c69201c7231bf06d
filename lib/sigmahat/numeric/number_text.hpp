#pragma once

#include <string>
#include <string_view>

#include <sigmahat/numeric/enclosure.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// Exact value of "3", "-1/3", "0.1", "1e-3", "2.5e2/7".
///
/// Throws ParseError naming the text otherwise (NaN and infinities included); exponents beyond
/// ±100'000 are refused, since their exact value would fill the memory.
Rational parse_rational(std::string_view text);

/// "3", "-1/3": what parse_rational reads back.
std::string to_text(const Rational& value);

/// The value's decimal digits that its bound supports: the last digit printed is off by at most one
/// unit, at most `max_digits` significant digits. "0" where the value is exactly zero. Where not
/// even the leading digit is supported, a bound on the magnitude: "0 ± 2.0e-51".
std::string to_text(const Enclosure& value, int max_digits);

/// A number as printed: the true one lies within `error_bound` of `value`, both read as decimals.
struct DecimalEnclosure {
  std::string value;
  std::string error_bound;
};

/// The digits that the bound supports, at most `max_digits`, and a bound that covers the rounding
/// to them as well. A value of which not even the leading digit is supported is printed as "0".
DecimalEnclosure to_decimal(const Enclosure& value, int max_digits);

/// An error bound, rounded up to two digits: "3.1e-18"; "0" for zero.
std::string bound_text(const Real& bound);

/// Shortest text that reads back as the same double: for numbers that carry their own error bar.
std::string to_text(double value);

/// `digits` significant digits, nearest: for values whose error is reported beside them.
std::string to_text(const Real& value, int digits);

}  // namespace sigmahat
