#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <oneapi/tbb/enumerable_thread_specific.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/sampling/label_sampler.hpp>
#include <sigmahat/sampling/moments.hpp>
#include <sigmahat/sampling/pair_sums.hpp>
#include <sigmahat/sampling/sample_progress.hpp>
#include <sigmahat/sampling/sampled_objective.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Blocks are summed up in this many parts, fewer where the sums are large: the parts are what
/// threads share, and a function of the shape alone.
constexpr std::size_t most_parts = 64, least_parts = 4;
constexpr std::size_t doubles_of_parts = std::size_t{1} << 25;

/// Mean and sum of squared deviations of every entry of the blocks' gradients.
struct GradientMoments {
  double blocks = 0;
  Matrix<double> mean, squared_deviations;

  void clear(Index rows, Index columns) {
    blocks = 0;
    mean.setZero(rows, columns);
    squared_deviations.setZero(rows, columns);
  }
  /// Welford's update.
  void add(const Matrix<double>& gradient) {
    ++blocks;
    const auto difference = (gradient - mean).eval();
    mean += difference / blocks;
    squared_deviations.array() += difference.array() * (gradient - mean).array();
  }
  /// As `combined` for Moments.
  void add(const GradientMoments& other) {
    if (other.blocks == 0) return;
    const double total = blocks + other.blocks, weight = other.blocks / total;
    squared_deviations +=
        other.squared_deviations + blocks * weight * (other.mean - mean).cwiseAbs2();
    mean += weight * (other.mean - mean);
    blocks = total;
  }
};

/// What a part of the blocks adds up to.
struct Part {
  PairSumTotals totals, block;
  Moments values;
  GradientMoments gradients;
  Matrix<double> gradient;
};

template <class T>
struct ThreadMemory {
  typename PairSums<T>::Scratch scratch;
  LabelledBlock drawn;
  Matrix<T> inputs, projections;
  Vector<T> labels, values;
};

/// A block of samples, filled up with labels 0.
template <class T>
struct BlockOfSamples {
  Eigen::Ref<const Matrix<T>> inputs, projections;
  const Vector<T>& labels;
  std::size_t samples;
};

/// Takes each row's part along the unit row of B away.
void project(Matrix<double>& gradient, const Matrix<double>& B) {
  const Vector<double> along = gradient.cwiseProduct(B).rowwise().sum();
  gradient -= along.asDiagonal() * B;
}

/// How many samples there are, and in blocks of what size; what was subtracted from the labels.
struct Sampled {
  std::uint64_t count;
  std::size_t block_size;
  double offset;
};

}  // namespace

template <class T>
struct SampledObjective::Workspace::Parts {
  std::shared_ptr<const WickPairTerms> terms;
  std::optional<PairSums<T>> sums;
  std::vector<Part> parts;
  tbb::enumerable_thread_specific<ThreadMemory<T>> threads;

  /// Makes the blocks by `source(i, memory)`, on threads, and combines them in order.
  template <class Source>
  void evaluate(const SampledObjective& objective, const Matrix<double>& B, const Sampled& sampled,
                const Wanted& wanted, int threads, SampleProgress& progress, Source source,
                SampledEvaluation& result);
};

SampledObjective::Workspace::Workspace()
    : in_double_(std::make_unique<Parts<double>>()), in_float_(std::make_unique<Parts<float>>()) {}
SampledObjective::Workspace::~Workspace() = default;
SampledObjective::Workspace::Workspace(Workspace&&) noexcept = default;
SampledObjective::Workspace& SampledObjective::Workspace::operator=(Workspace&&) noexcept = default;

SampledObjective::SampledObjective(PolynomialTerms<double> terms, const Activation& activation,
                                   Matrix<double> second_moment, int digits)
    : wick_(std::make_shared<const WickPairTerms>(terms, activation, digits)),
      norm_(terms.norm),
      lambda_(terms.lambda),
      second_moment_(std::move(second_moment)) {
  if (norm_ == PolynomialTerms<double>::Norm::teacher && second_moment_.size() == 0)
    throw InputError("a whitened objective needs the teacher's second moment, exact or estimated");
}

double SampledObjective::penalty(const Matrix<double>& B, Matrix<double>* gradient) const {
  if (lambda_ == 0) return 0;
  const bool euclidean = norm_ == PolynomialTerms<double>::Norm::euclidean;
  if (!euclidean)
    check_shape("the second moment", "inputs, inputs", second_moment_, B.cols(), B.cols());
  const Matrix<double> images = euclidean ? B : Matrix<double>(B * second_moment_);
  const Vector<double> excess = images.cwiseProduct(B).rowwise().sum().array() - 1;
  if (gradient) *gradient += 4 * lambda_ * excess.asDiagonal() * images;
  return lambda_ * excess.squaredNorm();
}

template <class T>
template <class Source>
void SampledObjective::Workspace::Parts<T>::evaluate(const SampledObjective& objective,
                                                     const Matrix<double>& B,
                                                     const Sampled& sampled, const Wanted& wanted,
                                                     int thread_count, SampleProgress& progress,
                                                     Source source, SampledEvaluation& result) {
  const auto& [count, block_size, offset] = sampled;
  if (wanted.standard_error && count < 2)
    throw InputError(fmt::format("a standard error needs at least 2 samples, not {}", count));
  if (wanted.gradient_errors && count < 2 * block_size)
    throw InputError(fmt::format("standard errors of the gradient need at least {} samples, not {}",
                                 2 * block_size, count));
  if (terms != objective.wick_) {
    terms = objective.wick_;
    sums.emplace(*terms);
  }
  sums->move_to(B);
  const double constant = sums->constant();
  const bool gradient = wanted.gradient || wanted.gradient_errors;
  const std::size_t blocks = (count - 1) / block_size + 1;
  const std::size_t part_count = std::min(
      blocks, std::clamp(doubles_of_parts / sums->size_of_totals(), least_parts, most_parts));
  parts.resize(part_count);

  for_each_block(part_count, thread_count, [&](std::size_t i) {
    Part& part = parts[i];
    ThreadMemory<T>& memory = threads.local();
    sums->clear(part.totals);
    part.values = {};
    if (wanted.gradient_errors) part.gradients.clear(B.rows(), B.cols());
    for (std::size_t b = i * blocks / part_count; b < (i + 1) * blocks / part_count; ++b) {
      const BlockOfSamples<T> block = source(b, memory);
      const auto add_to = [&](PairSumTotals& totals) {
        sums->add_block(block.inputs, block.projections, block.labels,
                        {gradient, wanted.standard_error}, memory.scratch, totals, memory.values);
      };
      if (wanted.gradient_errors) {
        sums->clear(part.block);
        add_to(part.block);
        part.totals.add(part.block);
        // Blocks of one size scatter by one variance: the last one may be smaller.
        if (block.samples == block_size) {
          sums->gradient(part.block, part.gradient);
          if (wanted.tangential) project(part.gradient, B);
          part.gradients.add(Matrix<double>(part.gradient / static_cast<double>(block_size)));
        }
      } else {
        add_to(part.totals);
      }
      if (wanted.standard_error) {
        const auto size = static_cast<Index>(block.samples);
        Vector<double> values = memory.values.head(size).template cast<double>();
        if (constant != 0)
          values.array() +=
              constant * (block.labels.head(size).template cast<double>().array() + offset);
        part.values = combined(part.values, moments_of(values));
      }
      progress.add(block.samples);
    }
  });

  Part& all = parts.front();
  for (std::size_t i = 1; i < part_count; ++i) {
    all.totals.add(parts[i].totals);
    all.values = combined(all.values, parts[i].values);
    if (wanted.gradient_errors) all.gradients.add(parts[i].gradients);
  }
  const auto samples = static_cast<double>(count);
  result.samples = count;
  result.value =
      sums->value(all.totals) / samples + constant * (all.totals.labels / samples + offset);
  result.standard_error.reset();
  if (wanted.standard_error) result.standard_error = sampled_mean(all.values).standard_error;
  if (wanted.gradient) {
    sums->gradient(all.totals, result.gradient);
    result.gradient /= samples;
  } else {
    result.gradient.resize(0, 0);
  }
  result.value += objective.penalty(B, wanted.gradient ? &result.gradient : nullptr);
  if (wanted.gradient && wanted.tangential) project(result.gradient, B);
  if (wanted.gradient_errors) {
    const double whole_blocks = all.gradients.blocks;
    const double share = whole_blocks * static_cast<double>(block_size) / samples;
    result.gradient_errors =
        (share / (whole_blocks * (whole_blocks - 1)) * all.gradients.squared_deviations.array())
            .sqrt();
  } else {
    result.gradient_errors.resize(0, 0);
  }
  if (!std::isfinite(result.value) || !result.gradient.allFinite() ||
      !result.gradient_errors.allFinite())
    throw NumericalError(fmt::format("a sampled value is out of the range of {}",
                                     sizeof(T) == sizeof(float) ? "float" : "double"));
}

namespace {

void check_student(const Matrix<double>& B, Index dimension) {
  if (B.rows() == 0) throw InputError("the student has no rows");
  check_shape("the student's B", "rows, inputs", B, B.rows(), dimension);
}

template <class T>
void check_samples(const SamplesOf<T>& samples) {
  if (samples.inputs.rows() == 0) throw InputError("there are no samples");
  if (samples.inputs.rows() != samples.labels.size())
    throw InputError(
        fmt::format("{} inputs have {} labels", samples.inputs.rows(), samples.labels.size()));
}

}  // namespace

template <class T>
void SampledObjective::evaluate_in(const SamplesOf<T>& samples, const Matrix<double>& B,
                                   const Wanted& wanted, Workspace::Parts<T>& parts,
                                   SampledEvaluation& result, int threads) const {
  check_samples(samples);
  check_student(B, samples.inputs.cols());
  const Index total = samples.inputs.rows(), d = B.cols(), m = B.rows();
  const auto block_size = static_cast<Index>(block_size_for(static_cast<std::size_t>(d + 2 * m)));
  const Matrix<T> rows = B.transpose().template cast<T>();
  const auto offset = static_cast<T>(samples.offset);
  const auto source = [&](std::size_t block, ThreadMemory<T>& memory) {
    const Index first = static_cast<Index>(block) * block_size;
    const Index size = std::min(block_size, total - first);
    constexpr Index lane = PairSums<T>::lane;
    const Index padded = (size + lane - 1) / lane * lane;
    memory.labels.setZero(padded);
    memory.labels.head(size) = samples.labels.segment(first, size).array() - offset;
    memory.projections.resize(padded, m);
    const auto inputs = samples.inputs.middleRows(first, size);
    if (padded == size) {
      memory.projections.noalias() = inputs * rows;
      return BlockOfSamples<T>{inputs, memory.projections, memory.labels,
                               static_cast<std::size_t>(size)};
    }
    memory.inputs.setZero(padded, d);
    memory.inputs.topRows(size) = inputs;
    memory.projections.noalias() = memory.inputs * rows;
    return BlockOfSamples<T>{memory.inputs, memory.projections, memory.labels,
                             static_cast<std::size_t>(size)};
  };
  const std::function<bool(std::uint64_t)> nobody;
  SampleProgress silent(nobody, 0);
  parts.evaluate(
      *this, B,
      {static_cast<std::uint64_t>(total), static_cast<std::size_t>(block_size), samples.offset},
      wanted, threads, silent, source, result);
}
void SampledObjective::evaluate(const Samples& samples, const Matrix<double>& B,
                                const Wanted& wanted, Workspace& work, SampledEvaluation& result,
                                int threads) const {
  evaluate_in(samples, B, wanted, *work.in_double_, result, threads);
}

void SampledObjective::evaluate(const SamplesOf<float>& samples, const Matrix<double>& B,
                                const Wanted& wanted, Workspace& work, SampledEvaluation& result,
                                int threads) const {
  evaluate_in(samples, B, wanted, *work.in_float_, result, threads);
}

SampledEvaluation sample_objective(const NetworkValues<double>& teacher, double noise_variance,
                                   const SampledObjective& objective, const Matrix<double>& B,
                                   const ObjectiveSampling& sampling) {
  SampleOptions options;
  options.counts = {sampling.samples};
  check_sampling(teacher, noise_variance, options);
  check_student(B, teacher.B.cols());
  const LabelSampler sampler(teacher, noise_variance, B, sampling.seed);
  const std::size_t block_size = sampler.block_size();
  const auto source = [&](std::size_t block, ThreadMemory<double>& memory) {
    sampler.draw(block, memory.drawn);
    const std::uint64_t before = block * block_size;
    const std::size_t size = std::min<std::uint64_t>(block_size, sampling.samples - before);
    Vector<double>& labels = memory.drawn.labels;
    labels.array() -= sampling.offset;
    labels.tail(static_cast<Index>(block_size - size)).setZero();
    return BlockOfSamples<double>{memory.drawn.inputs, memory.drawn.projections(B.rows()), labels,
                                  size};
  };
  SampleProgress progress(sampling.progress, sampling.samples);
  SampledObjective::Workspace work;
  SampledEvaluation result;
  work.in_double_->evaluate(objective, B, {sampling.samples, block_size, sampling.offset},
                            sampling.wanted, sampling.threads, progress, source, result);
  return result;
}

GradientDistance distance_from(const SampledEvaluation& sampled, const Matrix<double>& exact) {
  check_shape("the exact gradient", "rows, inputs", exact, sampled.gradient.rows(),
              sampled.gradient.cols());
  return {(sampled.gradient - exact).norm(), sampled.gradient_errors.norm()};
}

double expected_label(const NetworkValues<double>& teacher) {
  const CoefficientTable table = hermite_coefficients(teacher.activation, 0, 17);
  return from_enclosure<double>(table.coefficients[0].enclosure) * teacher.a.sum();
}

Matrix<double> second_moment(const NetworkValues<double>& teacher) {
  return teacher.B.transpose() * teacher.a.asDiagonal() * teacher.B;
}

Matrix<double> estimated_second_moment(const Samples& samples, const Activation& activation) {
  check_samples(samples);
  const Gadget square(MultivariatePolynomial::monomial({2}, 1), activation);
  const Vector<double> labels = samples.labels.array() - samples.offset;
  const Index d = samples.inputs.cols();
  Matrix<double> sum = Matrix<double>::Zero(d, d);
  sum.triangularView<Eigen::Lower>() +=
      samples.inputs.transpose() * Matrix<double>(labels.asDiagonal() * samples.inputs);
  sum.diagonal().array() -= labels.sum();
  sum = sum.selfadjointView<Eigen::Lower>();
  return factor_of<double>(square.parts().front()) / static_cast<double>(labels.size()) * sum;
}

}  // namespace sigmahat
