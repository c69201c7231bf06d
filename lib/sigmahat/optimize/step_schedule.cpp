#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/optimize/step_schedule.hpp>

namespace sigmahat {
namespace {

using Shape = StepSchedule::Shape;
constexpr std::array shapes{std::pair{std::string_view("geometric"), Shape::geometric},
                            std::pair{std::string_view("cosine"), Shape::cosine},
                            std::pair{std::string_view("inverse"), Shape::inverse}};

double positive_number(std::string_view text) {
  const double number = from_rational<double>(parse_rational(text));
  if (!(number > 0) || !std::isfinite(number))
    throw ParseError(fmt::format("expected a number above 0, not \"{}\"", text));
  return number;
}

}  // namespace

double StepSchedule::operator()(std::uint64_t iteration, std::uint64_t iterations) const {
  const double share =
      iterations > 1 ? static_cast<double>(iteration) / static_cast<double>(iterations - 1) : 0;
  switch (shape) {
    case Shape::constant:
      return first;
    case Shape::geometric:
      return first * std::pow(last / first, share);
    case Shape::cosine:
      return last + (first - last) * (1 + std::cos(std::numbers::pi * share)) / 2;
    case Shape::inverse:
      return first / (1 + static_cast<double>(iteration) / last);
  }
  return first;
}

StepSchedule parse_step_schedule(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {Shape::constant, positive_number(text), 0};
  for (const auto& [name, shape] : shapes) {
    if (text.substr(0, colon) != name) continue;
    const std::string_view numbers = text.substr(colon + 1);
    const std::size_t comma = numbers.find(',');
    if (comma == std::string_view::npos) break;
    return {shape, positive_number(numbers.substr(0, comma)),
            positive_number(numbers.substr(comma + 1))};
  }
  throw ParseError(fmt::format(
      "expected 0.5, geometric:0.5,0.01, cosine:0.5,0.01 or inverse:0.5,1000, not \"{}\"", text));
}

std::string to_text(const StepSchedule& schedule) {
  for (const auto& [name, shape] : shapes)
    if (shape == schedule.shape)
      return fmt::format("{}:{},{}", name, schedule.first, schedule.last);
  return fmt::format("{}", schedule.first);
}

}  // namespace sigmahat
