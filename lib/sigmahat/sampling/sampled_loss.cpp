#include <cmath>
#include <string>

#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/sampling/label_sampler.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>

namespace sigmahat {
namespace {

/// Calls visit(y h_k(b·x)) for k = 0..K, by the recurrence of MATH.md 1.
void visit_key_lemma(const Vector<double>& labels, const Vector<double>& projections,
                     int max_degree, const AddValues& visit) {
  Vector<double> previous = Vector<double>::Zero(labels.size());
  Vector<double> current = Vector<double>::Ones(labels.size());
  Vector<double> next(labels.size()), product(labels.size());
  for (int k = 0;; ++k) {
    product = labels.cwiseProduct(current);
    visit(product);
    if (k == max_degree) break;
    const double up = 1 / std::sqrt(k + 1.0), down = std::sqrt(k / (k + 1.0));
    next = up * projections.cwiseProduct(current) - down * previous;
    previous.swap(current);
    current.swap(next);
  }
}

void check(const ProblemValues<double>& problem, Eigen::Index key_lemma_row, int key_lemma_degree,
           const SampleOptions& options) {
  check_sampling(problem.teacher, problem.noise_variance, options);
  check_shape("the student's B", "entries of a, inputs", problem.student.B,
              problem.student.a.size(), problem.teacher.B.cols());
  if (key_lemma_degree < -1 || key_lemma_degree > max_supported_degree)
    throw InputError("the key lemma's degree must be between 0 and " +
                     std::to_string(max_supported_degree) + " (or -1 for none), not " +
                     std::to_string(key_lemma_degree));
  const Eigen::Index rows = problem.student.B.rows();
  if (key_lemma_degree >= 0 && (key_lemma_row < 0 || key_lemma_row >= rows))
    throw InputError("the key lemma's row must be between 0 and " + std::to_string(rows - 1) +
                     ", not " + std::to_string(key_lemma_row));
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
  const NetworkValues<double>& student = problem.student;
  const LabelSampler sampler(problem.teacher, problem.noise_variance, rows_at_length(student),
                             options.seed);
  const auto visit = [&](LabelledBlock& samples, const AddValues& add) {
    auto neurons = samples.projections(student.B.rows());
    Vector<double> projections;
    if (key_lemma_degree >= 0) {
      projections = neurons.col(key_lemma_row);
      if (student.r.size() > 0) projections /= student.r[key_lemma_row];
    }
    for (Eigen::Index i = 0; i < student.c.size(); ++i) neurons.col(i).array() += student.c[i];
    student.activation.apply({neurons.data(), static_cast<std::size_t>(neurons.size())});
    Vector<double> errors = samples.labels;
    errors.noalias() -= neurons * student.a;
    errors = errors.cwiseAbs2();
    add(errors);
    if (key_lemma_degree >= 0) visit_key_lemma(samples.labels, projections, key_lemma_degree, add);
  };
  std::vector<std::vector<SampledMean>> means =
      sample_means(sampler, static_cast<std::size_t>(key_lemma_degree + 2), options, visit);
  SampledTheorem result;
  result.loss = std::move(means[0]);
  result.key_lemma.assign(means.begin() + 1, means.end());
  return result;
}

}  // namespace sigmahat
