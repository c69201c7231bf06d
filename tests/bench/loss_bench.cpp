#include <algorithm>
#include <cmath>
#include <string>

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/objective/piecewise_linear_loss.hpp>
#include <sigmahat/objective/population_loss.hpp>

#include "timing.hpp"

using namespace sigmahat;
using Eigen::Index;
using sigmahat::bench::median;
using sigmahat::bench::processor_seconds;
using sigmahat::bench::seconds;

namespace {

/// Teacher the identity with weights one, student gaussian rows of unit length: peers/w3.py draws
/// its own, and the cost depends on no value.
NetworkValues<double> identity_teacher(Index width) {
  return {parse_activation("relu"), Vector<double>::Ones(width),
          Matrix<double>::Identity(width, width)};
}
Matrix<double> gaussian_rows(Index width) {
  const auto size = static_cast<std::size_t>(width);
  Matrix<double> B(width, width);
  NormalStream(1, 99).fill(0, size, size, B.data(), size);
  B.rowwise().normalize();
  return B;
}

/// The four matrix products of value and gradient; each thread multiplies an equal share of the
/// rows.
class Products {
 public:
  explicit Products(const Matrix<double>& B) : B_(B), teacher_(B), result_(B), gram_(B) {}

  /// Seconds; B Bᵀ is computed whole and counted half.
  double run(int threads, int repetitions) {
    const auto time = [&](auto product) {
      return seconds([&] {
        for (int r = 0; r < repetitions; ++r)
          for_each_block(static_cast<std::size_t>(threads), threads, [&](std::size_t i) {
            const auto begin = static_cast<Index>(i) * B_.rows() / threads;
            const auto end = static_cast<Index>(i + 1) * B_.rows() / threads;
            product(begin, end - begin);
          });
      });
    };
    const double symmetric = time([&](Index row, Index rows) {
      result_.middleRows(row, rows).noalias() = B_.middleRows(row, rows) * B_.transpose();
    });
    const double mixed = time([&](Index row, Index rows) {
      result_.middleRows(row, rows).noalias() = B_.middleRows(row, rows) * teacher_.transpose();
    });
    const double back = time([&](Index row, Index rows) {
      result_.middleRows(row, rows).noalias() = gram_.middleRows(row, rows) * B_;
      result_.middleRows(row, rows).noalias() += gram_.middleRows(row, rows) * teacher_;
    });
    benchmark::DoNotOptimize(result_.data());
    return (symmetric / 2 + mixed + back) / repetitions;
  }

 private:
  const Matrix<double>& B_;
  Matrix<double> teacher_, result_, gram_;
};

/// |f - exact f|/(2^-53 S²), S as in piecewise_linear_loss.hpp.
double error_in_units(const Vector<double>& a, const Matrix<double>& B, double value) {
  const Network teacher{parse_activation("relu"),
                        std::vector<Rational>(static_cast<std::size_t>(B.rows()), Rational(1)),
                        {WeightMatrix::Identity{static_cast<int>(B.cols())}}};
  const Network student{
      parse_activation("relu"), {a.begin(), a.end()}, {WeightMatrix::Entries{B.cast<Rational>()}}};
  const Enclosure exact = population_loss({teacher, student, Rational(1, 4)}, 40).value;
  const double scale = static_cast<double>(B.rows()) + a.cwiseAbs().dot(B.rowwise().norm());
  const PrecisionScope precision(60);
  return static_cast<double>(abs(Real(exact.value - value))) / (0x1p-53 * scale * scale);
}

/// Arguments: d = m = m*; threads. The products and the loss are timed in turn, so that a busy
/// machine slows both alike; medians.
void value_and_gradient(benchmark::State& state) {
  const auto width = static_cast<Index>(state.range(0));
  const auto threads = static_cast<int>(state.range(1));
  const Matrix<double> B = gaussian_rows(width);
  const Vector<double> a = Vector<double>::LinSpaced(width, 0.5, 1.5);
  const PiecewiseLinearLoss loss(identity_teacher(width), parse_activation("relu"), 0.25);
  PiecewiseLinearLoss::Workspace work;
  LossGradient result;
  loss.gradient(a, B, work, result, threads);
  Products products(B);
  const int repetitions = width <= 100 ? 500 : width <= 500 ? 3 : 1;

  std::vector<double> alone, total, value;
  for (auto _ : state) {
    // Starting a thread would take longer than the small products.
    alone.push_back(products.run(width <= 100 ? 1 : threads, repetitions));
    total.push_back(seconds([&] {
                      for (int r = 0; r < repetitions; ++r)
                        loss.gradient(a, B, work, result, threads);
                    }) /
                    repetitions);
    value.push_back(seconds([&] { benchmark::DoNotOptimize(loss.value(a, B, threads)); }));
    state.SetIterationTime(total.back());
  }
  state.counters["products_ms"] = 1e3 * median(alone);
  state.counters["ratio_to_products"] = median(total) / median(alone);  // must not exceed 1.3
  state.counters["gflops"] = 7 * std::pow(static_cast<double>(width), 3) / median(total) / 1e9;
  state.counters["value_ms"] = 1e3 * median(value);
  state.counters["loss"] = result.value;  // what was computed
  state.counters["gradient_norm"] = std::hypot(result.a.norm(), result.B.norm());
  if (width <= 100) state.counters["error_units"] = error_in_units(a, B, result.value);
}
BENCHMARK(value_and_gradient)
    ->Name("W3/relu_value_and_gradient")
    ->ArgNames({"d", "threads"})
    ->ArgsProduct({{50, 500}, {1, 2}})
    ->Iterations(41)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(value_and_gradient)
    ->Name("W3/relu_value_and_gradient")
    ->ArgNames({"d", "threads"})
    ->ArgsProduct({{2000}, {1, 2}})
    ->Iterations(5)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

/// Bytes of the process at its largest so far, over those of md + m² doubles.
double peak_over_matrices(Index width) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double matrices = 2 * std::pow(static_cast<double>(width), 2) * sizeof(double);
  return static_cast<double>(usage.ru_maxrss) * 1024 / matrices;
}

/// One evaluation at d = m = m* = 5000. The peak holds the teacher's rows, the student's, the
/// gradient, and the two matrices of angles: 2.5 (md + m²) doubles. Last of W3: the peak is the
/// process's.
void memory(benchmark::State& state) {
  const auto width = static_cast<Index>(state.range(0));
  const Matrix<double> B = gaussian_rows(width);
  const Vector<double> a = Vector<double>::Ones(width);
  LossGradient result;
  for (auto _ : state) {
    const PiecewiseLinearLoss loss(identity_teacher(width), parse_activation("relu"), 0.25);
    PiecewiseLinearLoss::Workspace work;
    loss.gradient(a, B, work, result);
  }
  state.counters["peak_over_md_plus_m2"] = peak_over_matrices(width);
  state.counters["loss"] = result.value;
}
BENCHMARK(memory)
    ->Name("W3/relu_memory")
    ->ArgName("d")
    ->Arg(5000)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// Weights (i+1)/4 and rows of integers from -11 to 11, which peers/w7.py makes of the same
/// formula.
Network integer_network(const std::string& activation, int ii, int ij, int jj, int j1) {
  constexpr int size = 10;
  std::vector<Rational> a;
  Matrix<Rational> B(size, size);
  for (int i = 0; i < size; ++i) {
    a.emplace_back(i + 1, 4);
    for (int j = 0; j < size; ++j)
      B(i, j) = (ii * i * i + ij * i * j + jj * j * j + j1 * j) % 23 - 11;
  }
  return {parse_activation(activation), a, {WeightMatrix::Entries{B}}};
}

/// The full loss and a student of unit rows to evaluate it at.
template <Scalar T>
struct PreciseLoss {
  std::unique_ptr<Objective<T>> objective;
  Weights<T> point;

  PreciseLoss(const Problem& problem, Constraint constraint, int digits)
      : objective(make_objective<T>(FullLoss{}, at_precision<T>(problem), constraint, digits, 1)),
        point(student_weights<T>(problem, Constraint::sphere)) {}
};

/// The fewest digits that an enclosure of a component of the gradient proves, relative to the
/// largest component.
double digits_proven(const Vector<Interval>& gradient) {
  Real largest(0), widest(0);
  for (const Interval& x : gradient) {
    largest = std::max(largest, upper(Interval(abs(x))));
    widest = std::max(widest, Real(upper(x) - lower(x)));
  }
  return static_cast<double>(log10(Real(largest / widest)));
}

/// d = m = m* = 10, value and gradient, one thread; argument: digits. Real and Interval in turn,
/// processor time.
void high_precision(benchmark::State& state, const std::string& activation, Constraint constraint) {
  const auto digits = static_cast<int>(state.range(0));
  const PrecisionScope precision(digits, 8);
  const Problem problem{integer_network(activation, 7, 5, 3, 1),
                        integer_network(activation, 5, 7, 2, 0), Rational(1, 4), true};
  const PreciseLoss<Real> plain(problem, constraint, digits);
  const PreciseLoss<Interval> certified(problem, constraint, digits);
  std::vector<double> real, interval, value;
  Objective<Real>::Evaluation result;
  Objective<Interval>::Evaluation enclosure;
  for (auto _ : state) {
    real.push_back(
        processor_seconds([&] { result = plain.objective->value_and_gradient(plain.point); }));
    value.push_back(
        processor_seconds([&] { benchmark::DoNotOptimize(plain.objective->value(plain.point)); }));
    interval.push_back(processor_seconds(
        [&] { enclosure = certified.objective->value_and_gradient(certified.point); }));
    state.SetIterationTime(real.back());
  }
  state.counters["value_ms"] = 1e3 * median(value);
  state.counters["interval_ms"] = 1e3 * median(interval);
  state.counters["interval_over_real"] = median(interval) / median(real);  // must not exceed 4
  state.counters["digits_proven"] = digits_proven(flattened(enclosure.gradient));
  state.counters["loss"] = static_cast<double>(result.value);  // what was computed
  state.counters["df_da0"] = static_cast<double>(result.gradient.a[0]);
  state.counters["df_db00"] = static_cast<double>(result.gradient.B(0, 0));
  state.SetLabel(plain.objective->method());
}
BENCHMARK_CAPTURE(high_precision, relu, std::string("relu"), Constraint::free)
    ->Name("W7/relu_value_and_gradient")
    ->ArgName("digits")
    ->Arg(100)
    ->Arg(1000)
    ->Iterations(41)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(high_precision, tanh, std::string("tanh"), Constraint::sphere)
    ->Name("W7/tanh_value_and_gradient")
    ->ArgName("digits")
    ->Arg(100)
    ->Arg(1000)
    ->Iterations(5)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
