#include <algorithm>
#include <optional>

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "arb_integrator.hpp"
#include "timing.hpp"

using namespace sigmahat;
using sigmahat::bench::median;
using sigmahat::bench::seconds;

namespace {

/// The largest error bound relative to √E[σ²].
Real relative_error(const CoefficientTable& table) {
  Real worst = 0;
  for (const HermiteCoefficient& c : table.coefficients)
    worst = std::max(worst, c.enclosure.error_bound);
  return worst / sqrt(table.second_moment.value);
}

/// Of the process so far.
double peak_mebibytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

bool vanishes(const HermiteCoefficient& c) {
  return c.enclosure.value == 0 && c.enclosure.error_bound == 0;
}

/// σ̂_0..σ̂_K of one activation, every value with its bound; and Arb's acb_calc_integrate, called
/// once for each of `peer_calls` coefficients, in turn with ours so that a busy machine slows both.
void table_against_arb(benchmark::State& state, const char* name, int max_degree, int digits,
                       int peer_calls) {
  const Activation activation = parse_activation(name);
  const PrecisionScope precision(digits, 10);
  // E[σ²] > 1/4 for all three: relative to its root.
  const slong bits = PrecisionScope(digits).bits() + 1;
  for (auto _ : state) {
    std::optional<CoefficientTable> made;
    std::vector<double> ours{
        seconds([&] { made = hermite_coefficients(activation, max_degree, digits); })};
    const CoefficientTable& table = *made;
    const double memory = peak_mebibytes();

    std::vector<int> degrees;  // that do not vanish
    for (int k = 0; k <= max_degree; ++k)
      if (!vanishes(table.coefficients[static_cast<std::size_t>(k)])) degrees.push_back(k);
    double peer = 0;
    for (int call = 0; call < peer_calls; ++call) {
      const std::size_t part = degrees.size() * (2 * static_cast<std::size_t>(call) + 1) /
                               (2 * static_cast<std::size_t>(peer_calls));
      const int k = degrees[part];
      const bench::ArbIntegral integral = bench::arb_coefficient(activation, k, bits);
      peer += integral.seconds / peer_calls;
      const Enclosure& value = table.coefficients[static_cast<std::size_t>(k)].enclosure;
      if (!overlap(value, to_enclosure(integral.value, Status::certified))) {
        state.SkipWithError("the enclosures of a coefficient do not meet");
        return;
      }
      for (int repeat = 0; repeat < 5 && ours.front() < 0.1; ++repeat) {
        ours.push_back(seconds([&] {
          benchmark::DoNotOptimize(hermite_coefficients(activation, max_degree, digits));
        }));
      }
    }

    const double time = median(ours);
    state.SetIterationTime(time);
    state.counters["digits"] = Real(-log10(relative_error(table))).convert_to<double>();
    state.counters["peer_s_per_value"] = peer;
    state.counters["ratio"] = peer * (max_degree + 1) / time;
    // The peer called only for what parity does not make zero.
    state.counters["ratio_nonzero"] = peer * static_cast<double>(degrees.size()) / time;
    state.counters["peak_MiB"] = memory;
  }
}

void add(const char* name, const char* activation, int max_degree, int digits, int peer_calls) {
  benchmark::RegisterBenchmark(name, table_against_arb, activation, max_degree, digits, peer_calls)
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  add("W1/tanh/50_digits", "tanh", 200, 50, 5);
  add("W1/gelu/50_digits", "gelu", 200, 50, 5);
  add("W1/softplus/50_digits", "softplus", 200, 50, 5);
  add("W1/tanh/100_digits", "tanh", 200, 100, 5);
  add("W1/gelu/100_digits", "gelu", 200, 100, 5);
  add("W1/softplus/100_digits", "softplus", 200, 100, 5);
  add("W1/tanh/1000_digits", "tanh", 1000, 1000, 1);
  add("W1/gelu/1000_digits", "gelu", 1000, 1000, 1);
  add("W1/softplus/1000_digits", "softplus", 1000, 1000, 1);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
