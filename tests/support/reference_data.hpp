#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <sigmahat/numeric/enclosure.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>

namespace sigmahat::test {

/// A decimal string of data/reference as a value and one unit of its last digit, at the precision
/// in force; "0" as 0 ± `zero_below`. The files' README says why the digits deserve it.
inline Enclosure reference_number(const std::string& text, const std::string& zero_below) {
  const auto real = [](const std::string& t) { return from_rational<Real>(parse_rational(t)); };
  if (text == "0") return {Real(0), real(zero_below), Status::estimated};
  // The same text with every digit but the last a zero: one unit of the last place.
  std::string unit = text;
  const std::size_t mantissa_end = std::min(text.find('e'), text.size());
  for (std::size_t i = 0; i < mantissa_end; ++i)
    if (unit[i] >= '0' && unit[i] <= '9') unit[i] = i + 1 == mantissa_end ? '1' : '0';
  return {real(text), abs(real(unit)), Status::estimated};
}

inline nlohmann::json read_reference(const std::string& file) {
  const std::filesystem::path path =
      std::filesystem::path(SIGMAHAT_SOURCE_ROOT) / "data" / "reference" / file;
  std::ifstream stream(path);
  if (!stream) throw IoError("cannot read " + path.string());
  return nlohmann::json::parse(stream);
}

/// σ̂_k for some k and E[σ²] of one activation.
struct ReferenceCoefficients {
  std::string activation;
  Enclosure second_moment;
  std::map<int, Enclosure> coefficients;
};

/// data/reference/coefficients.json, or coefficients_to_200.json, at the precision in force.
inline std::vector<ReferenceCoefficients> reference_coefficients(
    const std::string& name = "coefficients.json") {
  const nlohmann::json file = read_reference(name);
  const std::string zero_below = file.at("zero_below");
  std::vector<ReferenceCoefficients> result;
  for (const auto& entry : file.at("activations")) {
    ReferenceCoefficients table{
        entry.at("name"), reference_number(entry.at("second_moment"), zero_below), {}};
    for (const auto& [degree, value] : entry.at("coefficients").items())
      table.coefficients.emplace(std::stoi(degree), reference_number(value, zero_below));
    result.push_back(std::move(table));
  }
  return result;
}

/// κ, κ', κ'' at a correlation; a derivative that was not computed is absent.
struct ReferenceKernelPoint {
  Rational rho;
  Enclosure value;
  std::optional<Enclosure> first, second;
};
struct ReferenceKernel {
  std::string sigma, gamma;
  std::vector<ReferenceKernelPoint> points;
};

/// data/reference/kernels.json at the precision in force.
inline std::vector<ReferenceKernel> reference_kernels() {
  const nlohmann::json file = read_reference("kernels.json");
  const std::string zero_below = file.at("zero_below");
  std::vector<ReferenceKernel> result;
  for (const auto& pair : file.at("pairs")) {
    ReferenceKernel kernel{pair.at("sigma"), pair.at("gamma"), {}};
    for (const auto& point : pair.at("points")) {
      const auto number = [&](const char* name) -> std::optional<Enclosure> {
        if (!point.contains(name)) return {};
        return reference_number(point.at(name), zero_below);
      };
      kernel.points.push_back({parse_rational(std::string(point.at("rho"))),
                               number("value").value(), number("first"), number("second")});
    }
    result.push_back(std::move(kernel));
  }
  return result;
}

struct ReferenceLoss {
  std::string problem;  ///< JSON text, as in a problem file
  Enclosure population_loss;
};

/// data/reference/losses.json at the precision in force.
inline std::vector<ReferenceLoss> reference_losses() {
  std::vector<ReferenceLoss> result;
  const nlohmann::json file = read_reference("losses.json");
  for (const auto& entry : file.at("problems"))
    result.push_back(
        {entry.at("problem").dump(), reference_number(entry.at("population_loss"), "0")});
  return result;
}

}  // namespace sigmahat::test
