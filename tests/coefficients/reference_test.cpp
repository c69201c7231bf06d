#include <doctest/doctest.h>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/reference_data.hpp"

using namespace sigmahat;

namespace {

void check_against(const std::string& file, int digits) {
  const PrecisionScope precision(digits);
  for (const test::ReferenceCoefficients& reference : test::reference_coefficients(file)) {
    CAPTURE(reference.activation);
    const CoefficientTable table =
        hermite_coefficients(parse_activation(reference.activation), 200, digits);
    CHECK(overlap(table.second_moment, reference.second_moment));
    for (const auto& [k, expected] : reference.coefficients) {
      CAPTURE(k);
      CHECK(overlap(table.coefficients[static_cast<std::size_t>(k)].enclosure, expected));
    }
  }
}

}  // namespace

TEST_CASE("Every enclosure contains the digits of an independent program") {
  check_against("coefficients.json", 70);
}

TEST_CASE("So does that of every degree up to 200") {
  check_against("coefficients_to_200.json", 40);
}
