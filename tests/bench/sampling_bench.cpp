#include <benchmark/benchmark.h>

#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>
#include <sigmahat/sampling/sampled_objective.hpp>
#include <sigmahat/sampling/stochastic_objective.hpp>

#include "timing.hpp"

using namespace sigmahat;
using Eigen::Index;
using sigmahat::bench::median;
using sigmahat::bench::processor_seconds;
using sigmahat::bench::seconds;

namespace {

constexpr Eigen::Index width = 50;  // d = m = 50
constexpr std::size_t samples = 1'000'000;
constexpr std::size_t rows = 256;  // of a block: inputs and outputs stay in the second-level cache
constexpr std::size_t blocks = samples / rows + 1;

ProblemValues<double> workload() {
  Matrix<double> B(width, width);
  NormalStream(1, 99).fill(0, width, width, B.data(), width);
  B.rowwise().normalize();
  const Vector<double> ones = Vector<double>::Ones(width);
  const Activation relu = parse_activation("relu");
  return {{relu, ones, Matrix<double>::Identity(width, width)}, {relu, ones, B}, 0.25};
}

/// The two matrix products alone, on inputs that are there.
void multiply(const ProblemValues<double>& problem, int threads) {
  for_each_block(blocks, threads, [&](std::size_t) {
    thread_local const Matrix<double> inputs = Matrix<double>::Random(rows, width);
    thread_local Matrix<double> teacher(rows, width), student(rows, width);
    teacher.noalias() = inputs * problem.teacher.B.transpose();
    student.noalias() = inputs * problem.student.B.transpose();
    benchmark::DoNotOptimize(teacher.data());
    benchmark::DoNotOptimize(student.data());
  });
}

/// The normals alone.
void draw(int threads) {
  const NormalStream stream(1, 0);
  for_each_block(blocks, threads, [&](std::size_t block) {
    thread_local Matrix<double> inputs(rows, width);
    stream.fill(block * rows, rows, width, inputs.data(), rows);
    benchmark::DoNotOptimize(inputs.data());
  });
}

/// Arguments: threads; highest degree of the key lemma, -1 for none. The parts are timed in turn,
/// so that a busy machine slows all of them alike; medians.
void sample(benchmark::State& state) {
  const ProblemValues<double> problem = workload();
  const auto threads = static_cast<int>(state.range(0));
  const auto degree = static_cast<int>(state.range(1));
  SampleOptions options;
  options.counts = {samples};
  options.threads = threads;

  SampledTheorem result;
  std::vector<double> products, normals, total;
  for (auto _ : state) {
    products.push_back(seconds([&] { multiply(problem, threads); }));
    normals.push_back(seconds([&] { draw(threads); }));
    total.push_back(seconds([&] { result = sample_theorem(problem, 0, degree, options); }));
    state.SetIterationTime(total.back());
  }
  const double all = median(total);
  state.counters["ns_per_sample"] = 1e9 * all / samples;
  state.counters["products_share"] = median(products) / all;
  state.counters["normals_share"] = median(normals) / all;
  state.counters["rest_share"] = 1 - (median(products) + median(normals)) / all;
  state.counters["ratio_to_products"] = all / median(products);  // must not exceed 2
  state.counters["ns_per_normal"] = 1e9 * median(normals) / (samples * width);
  state.counters["loss"] = result.loss[0].mean;  // what was computed
}
BENCHMARK(sample)
    ->Name("W4/sampled_loss")
    ->ArgNames({"threads", "key_lemma"})
    ->Args({1, -1})
    ->Args({2, -1})
    ->Args({1, 8})
    ->Iterations(11)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

/// What an iteration of SGD costs on fresh samples: its two matrix products alone, on inputs that
/// are there, block by block.
template <class T>
void multiply_batch(const Matrix<double>& B, Index batch, Team& team) {
  constexpr Index size = 256;
  const Matrix<T> transposed = B.transpose().cast<T>();
  team.for_each_block(static_cast<std::size_t>(batch / size), [&](std::size_t) {
    thread_local const Matrix<T> inputs = Matrix<T>::Random(size, width);
    thread_local Matrix<T> student(size, width), gradient(width, width);
    student.noalias() = inputs * transposed;
    gradient.noalias() = inputs.transpose() * student;
    benchmark::DoNotOptimize(gradient.data());
  });
}

/// Its random numbers alone.
template <class T>
void draw_batch(Index batch, Team& team) {
  const NormalStream stream(1, 0);
  team.for_each_block(static_cast<std::size_t>(batch) / rows, [&](std::size_t block) {
    thread_local Matrix<T> inputs(rows, width);
    stream.fill(block * rows, rows, width, inputs.data(), rows);
    benchmark::DoNotOptimize(inputs.data());
  });
}

/// SGD on fresh samples, B of unit rows against the identity. Arguments: threads; batch. Ten
/// iterations at a time and the parts are timed in turn, one thread by its processor time; medians.
template <class T>
void fresh_sample_sgd(benchmark::State& state) {
  const auto threads = static_cast<int>(state.range(0));
  const auto batch = static_cast<Index>(state.range(1));
  const ProblemValues<double> problem = workload();
  BatchSampling sampling;
  sampling.batch = static_cast<std::uint64_t>(batch);
  sampling.threads = threads;
  sampling.format = sizeof(T) == sizeof(float) ? FloatFormat::float32 : FloatFormat::float64;
  const auto objective =
      make_stochastic_objective(FullLoss{}, problem, Constraint::sphere, sampling);
  Weights<double> x{problem.student.a, problem.student.B};
  StochasticObjective::Evaluation result;
  std::uint64_t iteration = 0;
  Team team(threads);
  constexpr int at_a_time = 10;
  const auto iterate = [&] {
    for (int i = 0; i < at_a_time; ++i) {
      objective->evaluate(iteration++, x, result);
      x.B -= 1e-4 * result.gradient.B;
    }
  };
  const auto time = [&](const auto& work) {
    return threads == 1 ? processor_seconds(work) : seconds(work);
  };
  iterate();
  std::vector<double> products, normals, total;
  for (auto _ : state) {
    products.push_back(time([&] {
      for (int i = 0; i < at_a_time; ++i) multiply_batch<T>(x.B, batch, team);
    }));
    normals.push_back(time([&] {
      for (int i = 0; i < at_a_time; ++i) draw_batch<T>(batch, team);
    }));
    total.push_back(time(iterate));
    state.SetIterationTime(total.back());
  }
  const double all = median(total);
  state.counters["iterations/s"] = at_a_time / all;
  state.counters["products_share"] = median(products) / all;
  state.counters["normals_share"] = median(normals) / all;  // must not exceed a third
  state.counters["rest_share"] = 1 - (median(products) + median(normals)) / all;
  state.counters["loss"] = result.value;  // what was computed
}
void fresh_sample_arguments(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"threads", "batch"})->ArgsProduct({{1, 2}, {1024, 8192}});
  benchmark->Iterations(31)->UseManualTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK_TEMPLATE(fresh_sample_sgd, float)->Name("W4/sgd_float32")->Apply(fresh_sample_arguments);
BENCHMARK_TEMPLATE(fresh_sample_sgd, double)->Name("W4/sgd_float64")->Apply(fresh_sample_arguments);

/// Samples that are there, of the teacher of W4.
struct GivenSamples {
  Matrix<double> inputs;
  Vector<double> labels;

  explicit GivenSamples(Index count) : inputs(count, width) {
    const auto rows_of_inputs = static_cast<std::size_t>(count);
    NormalStream(1, 0).fill(0, rows_of_inputs, width, inputs.data(), rows_of_inputs);
    labels = inputs.cwiseMax(0.0).rowwise().sum();
  }
};

/// BX alone, block by block.
void project(const GivenSamples& given, const Matrix<double>& B, int threads) {
  const Index count = given.inputs.rows(), size = static_cast<Index>(rows);
  for_each_block(static_cast<std::size_t>(count / size), threads, [&](std::size_t block) {
    thread_local Matrix<double> projections(size, width);
    projections.noalias() =
        given.inputs.middleRows(static_cast<Index>(block) * size, size) * B.transpose();
    benchmark::DoNotOptimize(projections.data());
  });
}

/// Arguments: threads; whether the standard errors are computed as well. The pass over BX and the
/// objective are timed in turn; medians.
void sampled_objective(benchmark::State& state) {
  constexpr Index count = 256 * 391;  // the whole blocks nearest to 10^5
  static const GivenSamples given(count);
  const Matrix<double> B = workload().student.B;
  const auto threads = static_cast<int>(state.range(0));
  const bool errors = state.range(1) != 0;
  const SampledObjective G(
      *polynomial_terms<double>(parse_objective("G:mu=0.05"), parse_activation("relu"), 17),
      parse_activation("relu"));
  SampledObjective::Workspace work;
  SampledEvaluation result;
  const auto evaluate = [&] {
    G.evaluate({given.inputs, given.labels}, B, {true, false, errors, errors}, work, result,
               threads);
  };
  evaluate();
  std::vector<double> pass, total;
  for (auto _ : state) {
    pass.push_back(seconds([&] { project(given, B, threads); }));
    total.push_back(seconds(evaluate));
    state.SetIterationTime(total.back());
  }
  state.counters["ns_per_sample"] = 1e9 * median(total) / static_cast<double>(count);
  state.counters["pass_ms"] = 1e3 * median(pass);
  state.counters["ratio_to_pass"] = median(total) / median(pass);  // must not exceed 3
  state.counters["G"] = result.value;                              // what was computed
  state.counters["gradient_norm"] = result.gradient.norm();
}
BENCHMARK(sampled_objective)
    ->Name("W5/sampled_G_and_gradient")
    ->ArgNames({"threads", "errors"})
    ->Args({1, 0})
    ->Args({2, 0})
    ->Args({1, 1})
    ->Iterations(41)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
