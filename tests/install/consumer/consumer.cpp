// Prints the first Hermite coefficients of ReLU, in symbols and in digits.
#include <iostream>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/numeric/number_text.hpp>

int main() {
  const auto relu = sigmahat::parse_activation("relu");
  for (const auto& c : sigmahat::hermite_coefficients(relu, 4, 30).coefficients) {
    std::cout << to_text(*c.exact) << " = " << to_text(c.enclosure, 20) << '\n';
  }
}
