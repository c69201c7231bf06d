#include "report.hpp"

#include <cmath>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>

namespace sigmahat::cli {
namespace {

Value decimal(std::string text, Json json) {
  std::string latex = "$" + latex_digits(text) + "$";
  return {std::move(text), std::move(latex), std::move(json)};
}

void require_finite(double number) {
  if (!std::isfinite(number))
    throw NumericalError("a result left the range of double precision (about 1e308)");
}

/// `significant` digits, the zeros among them included; exponents as elsewhere here, 1e-5 for fmt's
/// 1e-05.
std::string with_significant_digits(double number, int significant) {
  const std::string text = fmt::format("{:#.{}g}", number, significant);
  const std::size_t e = std::min(text.find('e'), text.size());
  const std::string_view mantissa = std::string_view(text).substr(0, e);
  std::string result(mantissa.back() == '.' ? mantissa.substr(0, e - 1) : mantissa);
  if (e < text.size()) result += fmt::format("e{}", std::stoi(text.substr(e + 1)));
  return result;
}

std::string with_decimals(double number, int decimals) {
  const std::string text = fmt::format("{:.{}f}", number, decimals);
  // A small negative number must not round to "-0.00".
  return text.find_first_of("123456789") == std::string::npos && text[0] == '-' ? text.substr(1)
                                                                                : text;
}

}  // namespace

Value word(std::string text) {
  std::string latex = escape_latex(text);
  return {text, std::move(latex), text};
}

Value whole(std::uint64_t number) {
  return decimal(fmt::format("{}", number), number);
}

Value yes_no(bool truth) {
  return {truth ? "yes" : "no", truth ? "yes" : "no", truth};
}

Value certified(const Enclosure& number, int digits) {
  const DecimalEnclosure shown = to_decimal(number, digits);
  Value value = decimal(shown.value, shown.value);
  value.error_bound = shown.error_bound;
  return value;
}

Value bound(const Real& number) {
  const std::string text = bound_text(number);
  return decimal(text, text);
}

Value symbol(const ExactValue& number, Radicals radicals) {
  const std::string text = to_text(number, radicals);
  return {text, "$" + to_latex(number, radicals) + "$", text};
}

Value rational(const Rational& number) {
  const std::string text = to_text(number);
  return decimal(text, text);
}

Value measured(double mean, double standard_error) {
  require_finite(mean);
  require_finite(standard_error);
  if (standard_error == 0) return rounded(mean, 6);
  const int decimals = 1 - static_cast<int>(std::floor(std::log10(standard_error)));
  if (decimals < 0 || decimals > 12) return rounded(mean, 6);
  return decimal(with_decimals(mean, decimals), mean);
}

Value rounded(double number, int significant) {
  require_finite(number);
  return decimal(with_significant_digits(number, significant), number);
}

Value rounded(double number, int significant, double rounding) {
  if (std::abs(number) > rounding) return rounded(number, significant);
  return decimal("0", number);
}

Value rounded_norm(double number, int significant, double rounding) {
  if (number > rounding) return rounded(number, significant);
  const int power = static_cast<int>(std::ceil(std::log10(rounding)));
  return {fmt::format("<1e{}", power), fmt::format("$<10^{{{}}}$", power), number};
}

Value fixed(double number, int decimals) {
  require_finite(number);
  return decimal(with_decimals(number, decimals), number);
}

Value absent(std::string reason) {
  std::string latex = escape_latex(reason);
  return {std::move(reason), std::move(latex), nullptr};
}

std::string bound_key(std::string_view key) {
  const std::size_t leaf = key.rfind('.') + 1;
  if (key.substr(leaf) == "value") return std::string(key.substr(0, leaf)) + "error_bound";
  return std::string(key) + "_error_bound";
}

bool shown_to_people(Audience audience) {
  return audience == Audience::everyone || audience == Audience::people;
}

std::string render(const Report& report, Format format) {
  switch (format) {
    case Format::text:
      return render_text(report);
    case Format::json:
      return render_json(report);
    case Format::csv:
      return render_csv(report);
    case Format::latex:
      return render_latex(report);
    case Format::markdown:
      return render_markdown(report);
    case Format::c_header:
      return render_c_header(report);
    case Format::npy:
      return render_npy(report);
  }
  return {};
}

}  // namespace sigmahat::cli
