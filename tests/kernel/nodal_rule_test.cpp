#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include <sigmahat/activation/transformed.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/kernel/nodal_rule.hpp>

using namespace sigmahat;

TEST_CASE("Quick coefficients are those that are proven") {
  const double epsilon = std::numeric_limits<double>::epsilon();
  for (const char* name : {"tanh", "sigmoid", "softplus", "silu", "gelu", "mish", "arctan"})
    for (const auto& [r, c] : {std::pair{Rational(1), Rational(0)},
                               {Rational(5, 2), Rational(0)},
                               {Rational(1, 8), Rational(-3, 4)}}) {
      CAPTURE(name);
      CAPTURE(r);
      const Activation sigma = parse_activation(name);
      const auto quick = NodalRule(sigma)(from_rational<double>(r), from_rational<double>(c), 140);
      REQUIRE(quick);
      const auto check = [&](const auto& values, const Activation& f, int degrees) {
        const CoefficientTable table = hermite_coefficients(f, degrees, 25, Symbols::none);
        const double norm = std::sqrt(static_cast<double>(table.second_moment.value));
        for (int k = 0; k <= degrees; ++k) {
          CAPTURE(k);
          const auto proven =
              static_cast<double>(table.coefficients[static_cast<std::size_t>(k)].enclosure.value);
          CHECK(std::abs(values[static_cast<std::size_t>(k)] - proven) <= 12 * epsilon * norm);
        }
      };
      check(quick->of_function, transformed(to_expression(sigma), r, c), 140);
      check(quick->of_square,
            transformed(Expression::power(to_expression(sigma), Rational(2)), r, c), 4);
    }
}

TEST_CASE("Where a function has a kink, or grows too fast, the quick rule says so") {
  CHECK_FALSE(NodalRule(parse_activation("relu"))(1, 0, 70));
  CHECK_FALSE(NodalRule(parse_activation("elu(1)"))(1, 0.3, 70));
  CHECK_FALSE(NodalRule(parse_activation("softsign"))(1, 0, 70));
  CHECK_FALSE(NodalRule(parse_activation("exp(x^2/8)"))(1, 0, 70));
}
