#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>
#include <span>
#include <string>

#include <oneapi/tbb/enumerable_thread_specific.h>

#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>

namespace sigmahat {
namespace {

constexpr std::uint32_t input_stream = 0;
constexpr std::uint32_t noise_stream = 1;

// Half of a usual second-level cache: the inputs and preactivations of a block are written once and
// read a few times.
constexpr std::size_t block_bytes = std::size_t{1} << 19;
// Fewer rows would not pay for the matrix product's rearranging of the weights.
constexpr std::size_t least_block = 256;
// More rows would only make progress reports and the last block coarser.
constexpr std::size_t largest_block = 4096;
// Bounds the results held at a time; they are combined in order, so it changes none of them.
constexpr std::size_t blocks_per_wave = 1024;

/// Count, mean and sum of squared deviations from the mean.
struct Moments {
  std::uint64_t count = 0;
  double mean = 0;
  double squared_deviations = 0;
};

/// Corrected two-pass algorithm (Chan, Golub, LeVeque, Am. Stat. 37, 1983): equal values have no
/// deviation at all.
Moments moments_of(const Eigen::Ref<const Vector<double>>& values) {
  const auto count = static_cast<double>(values.size());
  const double rough_mean = values.mean();
  const double mean = rough_mean + (values.array() - rough_mean).sum() / count;
  return {static_cast<std::uint64_t>(values.size()), mean, (values.array() - mean).square().sum()};
}

/// Moments of both sets together (ibid.).
Moments combined(const Moments& x, const Moments& y) {
  const std::uint64_t count = x.count + y.count;
  const double difference = y.mean - x.mean;
  const double weight = static_cast<double>(y.count) / static_cast<double>(count);
  return {count, x.mean + weight * difference,
          x.squared_deviations + y.squared_deviations +
              difference * difference * weight * static_cast<double>(x.count)};
}

/// Of the squared error, then of y h_k(b·x) for k = 0..K.
using QuantityMoments = std::vector<Moments>;

SampledMean sampled_mean(const Moments& moments) {
  const auto count = static_cast<double>(moments.count);
  const double error = std::sqrt(moments.squared_deviations / (count * (count - 1)));
  if (!std::isfinite(moments.mean) || !std::isfinite(error))
    throw NumericalError("a sampled value is out of the range of double");
  return {moments.count, moments.mean, error};
}

/// What a thread keeps from block to block; n is the size of a block.
struct Workspace {
  Matrix<double> inputs;          ///< n×d, a sample is a row
  Matrix<double> preactivations;  ///< n×(m*+m), the teacher's neurons first
  Vector<double> projections;     ///< n, b·x of the key lemma
  Vector<double> noise, labels, squared_errors, products;
  Vector<double> hermite, previous_hermite, next_hermite;
};

/// A problem made ready to be sampled block by block.
class Sampler {
 public:
  Sampler(const ProblemValues<double>& problem, Eigen::Index key_lemma_row, int key_lemma_degree,
          std::uint64_t seed)
      : problem_(problem),
        key_lemma_row_(key_lemma_row),
        key_lemma_degree_(key_lemma_degree),
        inputs_(seed, input_stream),
        noise_(seed, noise_stream),
        B_(problem.teacher.B.rows() + problem.student.B.rows(), problem.teacher.B.cols()) {
    B_ << problem.teacher.B, problem.student.B;
    const auto bytes_per_sample = static_cast<std::size_t>(B_.rows() + B_.cols()) * sizeof(double);
    block_size_ =
        std::clamp(std::bit_floor(block_bytes / bytes_per_sample), least_block, largest_block);
  }

  std::size_t block_size() const { return block_size_; }

  /// For each of the lengths the moments over the first so many samples of the block.
  std::vector<QuantityMoments> moments(std::size_t block, std::span<const std::size_t> lengths,
                                       Workspace& work) const {
    draw(block, work);
    std::vector<QuantityMoments> result(lengths.size());
    const auto add = [&](const Vector<double>& values) {
      for (std::size_t i = 0; i < lengths.size(); ++i)
        result[i].push_back(moments_of(values.head(static_cast<Eigen::Index>(lengths[i]))));
    };
    add(work.squared_errors);
    visit_key_lemma(work, add);
    return result;
  }

 private:
  /// Inputs, labels, predictions and errors of a block's samples.
  void draw(std::size_t block, Workspace& work) const {
    const auto size = static_cast<Eigen::Index>(block_size_);
    const std::uint64_t first = block * block_size_;
    const Eigen::Index teacher_width = problem_.teacher.B.rows();
    const Eigen::Index student_width = problem_.student.B.rows();

    work.inputs.resize(size, B_.cols());
    inputs_.fill(first, block_size_, static_cast<std::size_t>(B_.cols()), work.inputs.data(),
                 block_size_);
    // One product for both networks: the inputs are laid out for it once.
    work.preactivations.resize(size, B_.rows());
    work.preactivations.noalias() = work.inputs * B_.transpose();
    if (key_lemma_degree_ >= 0)
      work.projections = work.preactivations.col(teacher_width + key_lemma_row_);

    double* const neurons = work.preactivations.data();
    const std::size_t teacher_values = block_size_ * static_cast<std::size_t>(teacher_width);
    const std::size_t student_values = block_size_ * static_cast<std::size_t>(student_width);
    problem_.teacher.activation.apply({neurons, teacher_values});
    problem_.student.activation.apply({neurons + teacher_values, student_values});
    work.labels.noalias() = work.preactivations.leftCols(teacher_width) * problem_.teacher.a;
    if (problem_.noise_variance > 0) {
      work.noise.resize(size);
      noise_.fill(first, block_size_, 1, work.noise.data(), block_size_);
      work.labels += std::sqrt(problem_.noise_variance) * work.noise;
    }
    work.squared_errors = work.labels;
    work.squared_errors.noalias() -=
        work.preactivations.rightCols(student_width) * problem_.student.a;
    work.squared_errors = work.squared_errors.cwiseAbs2();
  }

  /// Calls visit(y h_k(b·x)) for k = 0..K, by the recurrence of MATH.md 1.
  template <class Visit>
  void visit_key_lemma(Workspace& work, Visit visit) const {
    if (key_lemma_degree_ < 0) return;
    work.previous_hermite.setZero(work.labels.size());
    work.hermite.setOnes(work.labels.size());
    for (int k = 0;; ++k) {
      work.products = work.labels.cwiseProduct(work.hermite);
      visit(work.products);
      if (k == key_lemma_degree_) break;
      const double up = 1 / std::sqrt(k + 1.0), down = std::sqrt(k / (k + 1.0));
      work.next_hermite =
          up * work.projections.cwiseProduct(work.hermite) - down * work.previous_hermite;
      work.previous_hermite.swap(work.hermite);
      work.hermite.swap(work.next_hermite);
    }
  }

  const ProblemValues<double>& problem_;
  Eigen::Index key_lemma_row_;
  int key_lemma_degree_;
  NormalStream inputs_, noise_;
  Matrix<double> B_;  ///< (m*+m)×d
  std::size_t block_size_;
};

/// Counts samples for the caller's progress callback, one thread at a time.
class Progress {
 public:
  Progress(const std::function<bool(std::uint64_t)>& callback, std::uint64_t total)
      : callback_(callback), total_(total) {}

  /// Throws Interrupted where the callback asks for it, and ever after.
  void add(std::uint64_t samples) {
    if (!callback_) return;
    const std::lock_guard lock(mutex_);
    done_ = std::min(done_ + samples, total_);
    stopped_ = stopped_ || !callback_(done_);
    if (stopped_) throw Interrupted("interrupted after " + std::to_string(done_) + " samples");
  }

 private:
  const std::function<bool(std::uint64_t)>& callback_;
  std::uint64_t total_;
  std::mutex mutex_;
  std::uint64_t done_ = 0;
  bool stopped_ = false;
};

void check_network(const char* role, const NetworkValues<double>& network, Eigen::Index dimension) {
  if (network.a.size() != network.B.rows() || network.B.cols() != dimension)
    throw InputError(std::string("the ") + role + "'s B must be " +
                     std::to_string(network.a.size()) + "x" + std::to_string(dimension) +
                     " (entries of a, inputs), not " + std::to_string(network.B.rows()) + "x" +
                     std::to_string(network.B.cols()));
}

void check(const ProblemValues<double>& problem, Eigen::Index key_lemma_row, int key_lemma_degree,
           const SampleOptions& options) {
  const Eigen::Index dimension = problem.teacher.B.cols();
  if (dimension == 0) throw InputError("the teacher's B has no columns: there is no input");
  check_network("teacher", problem.teacher, dimension);
  check_network("student", problem.student, dimension);
  if (!(problem.noise_variance >= 0))
    throw InputError("the noise variance must be at least 0, not " +
                     std::to_string(problem.noise_variance));

  if (key_lemma_degree < -1 || key_lemma_degree > max_supported_degree)
    throw InputError("the key lemma's degree must be between 0 and " +
                     std::to_string(max_supported_degree) + " (or -1 for none), not " +
                     std::to_string(key_lemma_degree));
  const Eigen::Index rows = problem.student.B.rows();
  if (key_lemma_degree >= 0 && (key_lemma_row < 0 || key_lemma_row >= rows))
    throw InputError("the key lemma's row must be between 0 and " + std::to_string(rows - 1) +
                     ", not " + std::to_string(key_lemma_row));

  if (options.counts.empty()) throw InputError("no sample count is given: expected at least one");
  if (options.counts.front() < 2)
    throw InputError("a standard error needs at least 2 samples, not " +
                     std::to_string(options.counts.front()));
  const auto fall =
      std::adjacent_find(options.counts.begin(), options.counts.end(), std::greater_equal<>());
  if (fall != options.counts.end())
    throw InputError("sample counts must increase, but " + std::to_string(fall[1]) + " follows " +
                     std::to_string(fall[0]));
}

}  // namespace

double z_score(const SampledMean& sampled, double exact, double exact_error) {
  const double difference = sampled.mean - exact;
  const double rest = std::abs(difference) - exact_error - 0x1p-50 * std::abs(sampled.mean);
  return rest <= 0 ? 0 : std::copysign(rest, difference) / sampled.standard_error;
}

SampledTheorem sample_theorem(const ProblemValues<double>& problem, Eigen::Index key_lemma_row,
                              int key_lemma_degree, const SampleOptions& options) {
  check(problem, key_lemma_row, key_lemma_degree, options);
  const Sampler sampler(problem, key_lemma_row, key_lemma_degree, options.seed);
  const std::size_t block_size = sampler.block_size();
  const std::vector<std::uint64_t>& counts = options.counts;
  const std::size_t blocks = (counts.back() - 1) / block_size + 1;

  // A block is drawn whole, and a count that ends inside it takes its first samples: the mean at a
  // count depends on no other count.
  const auto lengths_in = [&](std::size_t block) {
    const std::uint64_t before = block * block_size;
    std::vector<std::size_t> lengths;
    for (auto count = std::upper_bound(counts.begin(), counts.end(), before);
         count != counts.end() && *count - before <= block_size; ++count)
      lengths.push_back(*count - before);
    lengths.push_back(block_size);
    return lengths;
  };

  const auto quantities = static_cast<std::size_t>(key_lemma_degree + 2);
  SampledTheorem result;
  result.key_lemma.resize(quantities - 1);
  QuantityMoments total(quantities);
  const auto report = [&](const QuantityMoments& part) {
    result.loss.push_back(sampled_mean(combined(total[0], part[0])));
    for (std::size_t k = 0; k + 1 < quantities; ++k)
      result.key_lemma[k].push_back(sampled_mean(combined(total[k + 1], part[k + 1])));
  };

  Progress progress(options.progress, counts.back());
  tbb::enumerable_thread_specific<Workspace> workspaces;
  for (std::size_t start = 0; start < blocks; start += blocks_per_wave) {
    std::vector<std::vector<QuantityMoments>> wave(std::min(blocks_per_wave, blocks - start));
    for_each_block(wave.size(), options.threads, [&](std::size_t i) {
      wave[i] = sampler.moments(start + i, lengths_in(start + i), workspaces.local());
      progress.add(block_size);
    });
    for (const std::vector<QuantityMoments>& block : wave) {
      std::for_each(block.begin(), block.end() - 1, report);
      for (std::size_t i = 0; i < quantities; ++i) total[i] = combined(total[i], block.back()[i]);
    }
  }
  return result;
}

}  // namespace sigmahat
