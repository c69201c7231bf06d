#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <sigmahat/coefficients/table.hpp>

using namespace sigmahat;

namespace {

constexpr int max_degree = 100;
constexpr int digits = 17;

/// The largest error bound relative to √E[σ²].
double relative_error(const CoefficientTable& table) {
  Real worst = 0;
  for (const HermiteCoefficient& c : table.coefficients)
    worst = std::max(worst, c.enclosure.error_bound);
  return Real(worst / sqrt(table.second_moment.value)).convert_to<double>();
}

double checksum(const CoefficientTable& table) {
  double sum = 0;
  for (const HermiteCoefficient& c : table.coefficients)
    sum += c.enclosure.value.convert_to<double>();
  return sum;
}

void report(benchmark::State& state, double worst, double sum) {
  state.counters["digits"] = -std::log10(worst);
  state.counters["checksum"] = sum;
  if (!(worst < 1e-15)) state.SkipWithError("an error bound is above 1e-15");
}

/// From the text to the table.
void one(benchmark::State& state, const std::string& name) {
  CoefficientTable table = hermite_coefficients(parse_activation(name), max_degree, digits);
  for (auto _ : state) table = hermite_coefficients(parse_activation(name), max_degree, digits);
  report(state, relative_error(table), checksum(table));
}

void whole_list(benchmark::State& state) {
  std::vector<CoefficientTable> tables;
  for (auto _ : state) {
    tables.clear();
    for (const ActivationEntry& entry : activation_registry())
      tables.push_back(hermite_coefficients(parse_activation(entry.example), max_degree, digits));
  }
  double worst = 0, sum = 0;
  for (const CoefficientTable& table : tables) {
    worst = std::max(worst, relative_error(table));
    sum += checksum(table);
  }
  state.counters["activations"] = static_cast<double>(tables.size());
  report(state, worst, sum);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::RegisterBenchmark("W2/list", whole_list)->Unit(benchmark::kMillisecond);
  for (const ActivationEntry& entry : activation_registry())
    benchmark::RegisterBenchmark(fmt::format("W2/{}", entry.example).c_str(), one, entry.example)
        ->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
