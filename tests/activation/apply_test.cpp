#include <bit>
#include <cmath>
#include <random>

#include <doctest/doctest.h>

#include <sigmahat/activation/activation.hpp>

using namespace sigmahat;

namespace {

std::vector<std::string> examples() {
  std::vector<std::string> names;
  for (const ActivationEntry& entry : activation_registry()) names.push_back(entry.example);
  // Jumps, no symmetry, and parameters besides those of the examples.
  for (const char* more : {"leaky_relu(-2)", "relu_power(3)", "hermite(0)", "hermite(1)"})
    names.emplace_back(more);
  return names;
}

}  // namespace

TEST_CASE("Many values at a time agree with one at a time") {
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal(0, 3);
  std::vector<double> inputs{0.0, -0.0, 1.0, -1.0, 1e-300, -1e-300, 1e-9, -1e-9, 30.0, -30.0};
  while (inputs.size() < 1000) inputs.push_back(normal(random));

  for (const std::string& name : examples()) {
    const Activation activation = parse_activation(name);
    std::vector<double> values = inputs;
    activation.apply(values);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const double expected = activation(inputs[i]);
      CAPTURE(name);
      CAPTURE(inputs[i]);
      CAPTURE(values[i]);
      CAPTURE(expected);
      // Sixteen units in the last place.
      CHECK(std::abs(values[i] - expected) <= 0x1p-48 * std::max(1.0, std::abs(expected)));
    }
  }
}

TEST_CASE("A value has the same image wherever it stands") {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal(0, 2);
  std::vector<double> inputs(150);
  for (double& x : inputs) x = normal(random);

  for (const std::string& name : examples()) {
    CAPTURE(name);
    const Activation activation = parse_activation(name);
    std::vector<double> together = inputs;
    activation.apply(together);
    int different = 0;
    for (std::size_t first = 0; first < inputs.size(); ++first) {
      for (const std::size_t length : {std::size_t{1}, std::size_t{5}, inputs.size() - first}) {
        if (first + length > inputs.size()) continue;
        std::vector<double> part = inputs;
        activation.apply(std::span(part).subspan(first, length));
        for (std::size_t i = 0; i < inputs.size(); ++i) {
          const bool inside = first <= i && i < first + length;
          different += std::bit_cast<std::uint64_t>(part[i]) !=
                       std::bit_cast<std::uint64_t>(inside ? together[i] : inputs[i]);
        }
      }
    }
    CHECK(different == 0);
  }
}
