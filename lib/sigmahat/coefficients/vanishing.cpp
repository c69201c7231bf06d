#include <sigmahat/coefficients/vanishing.hpp>

namespace sigmahat {
namespace {

bool is_proven(const Enclosure& x) {
  return x.status != Status::estimated;
}

bool is_zero(const Enclosure& x) {
  return is_proven(x) && x.value == 0 && x.error_bound == 0;
}

}  // namespace

std::vector<int> vanishing_degrees(const CoefficientTable& table) {
  std::vector<int> degrees;
  for (int k = 0; k <= table.max_degree(); ++k)
    if (is_zero(table.coefficients[static_cast<std::size_t>(k)].enclosure)) degrees.push_back(k);
  return degrees;
}

InformationExponent information_exponent(const CoefficientTable& table) {
  for (int k = 1; k <= table.max_degree(); ++k) {
    const Enclosure& c = table.coefficients[static_cast<std::size_t>(k)].enclosure;
    if (is_zero(c)) continue;
    if (!is_proven(c) || contains_zero(c)) return {.degree = {}, .undecided = k};
    return {.degree = k};
  }
  return {};
}

}  // namespace sigmahat
