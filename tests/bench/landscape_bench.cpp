#include <algorithm>
#include <string>

#include <benchmark/benchmark.h>

#include <sigmahat/landscape/minima.hpp>
#include <sigmahat/objective/fast_objective.hpp>

using namespace sigmahat;

namespace {

constexpr int size = 6;
constexpr std::uint64_t starts = 1000;

/// W6: ReLU, d = m = 6, from every start to a gradient of 1e-12.
void many_starts(benchmark::State& state, Constraint rows, SearchMethod method, int threads) {
  const Problem problem{
      {parse_activation("relu"), std::vector<Rational>(size, 1), {WeightMatrix::Identity{size}}},
      {parse_activation("relu"), std::vector<Rational>(size, 1), {WeightMatrix::Identity{size}}},
      Rational(0)};
  const auto values = at_precision<double>(problem);
  const auto objective = make_fast_objective(FullLoss{}, values, rows, 1);
  MinimaSearch::Options options;
  options.starts = parse_start_distribution(rows == Constraint::free ? "gaussian" : "unit");
  options.search.freedom = {rows, false};
  options.search.method = method;
  options.runs = starts;
  options.threads = threads;
  MinimaTally tally;
  for (auto _ : state) {
    MinimaSearch search(*objective, student_weights<double>(problem, rows), values.teacher.B,
                        symmetry_of(FullLoss{}, values), options);
    search.run();
    tally = search.tally();
  }
  double worst = 0;
  std::uint64_t spurious = 0;
  for (const MinimumClass& found : tally.classes) {
    worst = std::max(worst, found.point.gradient_norm);
    if (found.point.value > 1e-9) spurious += found.count;
  }
  state.counters["starts/s"] = benchmark::Counter(static_cast<double>(starts),
                                                  benchmark::Counter::kIsIterationInvariantRate);
  state.counters["minima"] = static_cast<double>(tally.classes.size());
  state.counters["spurious"] = static_cast<double>(spurious);
  state.counters["not_ended"] = static_cast<double>(tally.spent + tally.stalled + tally.diverged);
  state.counters["gradient"] = worst;
}

void register_all() {
  for (const Constraint rows : {Constraint::free, Constraint::sphere})
    for (const SearchMethod method : {SearchMethod::flow, SearchMethod::lbfgs})
      for (const int threads : {1, 2}) {
        const std::string name = rows == Constraint::free ? "free_rows" : "unit_rows";
        benchmark::RegisterBenchmark(
            ("W6/" + name + "/" + std::string(to_string(method)) +
             "/threads:" + std::to_string(threads))
                .c_str(),
            [=](benchmark::State& state) { many_starts(state, rows, method, threads); })
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      }
}

}  // namespace

int main(int argc, char** argv) {
  register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
