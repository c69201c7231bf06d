#include <algorithm>

#include <fmt/format.h>

#include <sigmahat/coefficients/vanishing.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/sampling/label_sampler.hpp>
#include <sigmahat/sampling/sampled_degrees.hpp>
#include <sigmahat/sampling/sampled_objective.hpp>
#include <sigmahat/sampling/stochastic_objective.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// A SampledObjective, which is a function of B alone, on the batches of iterations.
template <class T>
class BatchObjective final : public StochasticObjective {
 public:
  BatchObjective(SampleBatches<T> batches, SampledObjective objective, double offset, int threads)
      : batches_(std::move(batches)),
        objective_(std::move(objective)),
        offset_(offset),
        threads_(threads) {}

  void evaluate(std::uint64_t iteration, const Weights<double>& x, Evaluation& result) override {
    const auto count = static_cast<Index>(batches_.batch());
    inputs_.resize(count, batches_.dimension());
    labels_.resize(count);
    batches_.move_to(iteration);
    const auto offset = static_cast<T>(offset_);
    constexpr Index block = 256;
    for_each_block(static_cast<std::size_t>((count - 1) / block + 1), threads_, [&](std::size_t b) {
      const Index first = static_cast<Index>(b) * block, size = std::min(block, count - first);
      BatchBlock<T>& samples = memory_.local();
      batches_.draw(static_cast<std::uint64_t>(first), size, samples);
      inputs_.middleRows(first, size) = samples.inputs;
      labels_.segment(first, size) = samples.labels.array() + offset;
    });
    objective_.evaluate(SamplesOf<T>{inputs_, labels_, offset_}, x.B, {}, work_, sampled_,
                        threads_);
    result.value = sampled_.value;
    result.gradient.a.setZero(x.a.size());
    result.gradient.B = sampled_.gradient;
    result.gradient.c.setZero(x.c.size());
  }
  std::uint64_t batch() const override { return batches_.batch(); }

 private:
  SampleBatches<T> batches_;
  SampledObjective objective_;
  double offset_;
  int threads_;
  Matrix<T> inputs_;
  Vector<T> labels_;
  tbb::enumerable_thread_specific<BatchBlock<T>> memory_;
  SampledObjective::Workspace work_;
  SampledEvaluation sampled_;
};

/// A student Σ a_i γ(⟨b_i,x⟩ + c_i).
struct Student {
  const Activation& activation;
  std::set<int> kept;                                    ///< degrees; empty for all
  std::optional<std::vector<double>> coefficients = {};  ///< of γ = Σ g_k h_k, where some are kept
  bool plain;                                            ///< unit rows without biases
};

/// γ̂_k for the kept degrees k, 0 for the others.
std::vector<double> kept_coefficients(const Activation& activation, const std::set<int>& kept) {
  const CoefficientTable table = hermite_coefficients(activation, *kept.rbegin(), 17);
  std::vector<double> g(table.coefficients.size(), 0.0);
  for (const int k : kept)
    g[static_cast<std::size_t>(k)] =
        from_enclosure<double>(table.coefficients[static_cast<std::size_t>(k)].enclosure);
  return g;
}

/// Whether ŷ has no part of degree k, proven: on the sphere γ̂_k = 0. A row of another length turns
/// h_n into a sum of degrees n, n-2, ..., a bias into one of all degrees up to n.
bool lacks_degree(const Student& student, int k, const std::vector<int>& vanishing) {
  const auto certainly_zero = [&](int n) {
    return (!student.kept.empty() && !student.kept.contains(n)) ||
           std::find(vanishing.begin(), vanishing.end(), n) != vanishing.end();
  };
  return student.plain && certainly_zero(k);
}

/// The parity of all that the student can be, which rows of any length keep.
bool lacks_parity(const Student& student, int k, bool biased) {
  if (biased) return false;
  if (!student.kept.empty())
    return std::none_of(student.kept.begin(), student.kept.end(),
                        [&](int n) { return n >= k && (n - k) % 2 == 0; });
  const Parity parity = student.activation.parity();
  return (parity == Parity::even && k % 2 == 1) || (parity == Parity::odd && k % 2 == 0);
}

/// Degree terms and gadgets are written in polynomials that for b of any length are of one degree
/// (MATH.md 6), so that only a term of this degree sees what is subtracted.
void refuse_center(int k) {
  throw InputError(fmt::format(
      "labels cannot be centred at degree {}: the objective has terms of this degree", k));
}

void require_unbiased_center(const DegreeLoss& loss, const LabelDegrees& center) {
  for (const int k : center.degrees()) {
    const auto found = loss.weights.find(k);
    if (found != loss.weights.end() && found->second != 0) refuse_center(k);
  }
}

/// A constant term sees E[y], which BatchObjective adds again.
void require_unbiased_center(const PolynomialTerms<double>& terms, const LabelDegrees& center) {
  for (const int k : center.degrees()) {
    const bool in_pairs =
        std::any_of(terms.pairs.begin(), terms.pairs.end(),
                    [&](const auto& term) { return term.alpha + term.beta == k; });
    const bool in_singles = std::any_of(terms.singles.begin(), terms.singles.end(),
                                        [&](const auto& term) { return term.power == k; });
    if (k > 0 && (in_pairs || in_singles)) refuse_center(k);
  }
}

void require_unbiased_center(const Student& student, bool biased, const LabelDegrees& center) {
  const std::vector<int> degrees = center.degrees();
  if (degrees.empty()) return;
  const std::vector<int> vanishing =
      vanishing_degrees(hermite_coefficients(student.activation, highest_label_degree, 17));
  for (const int k : degrees)
    if (!lacks_degree(student, k, vanishing) && !lacks_parity(student, k, biased))
      throw InputError(fmt::format(
          "labels cannot be centred at degree {}: the student can have a part of this degree, and "
          "the gradient would be biased",
          k));
}

/// E[P(x) Q(x)] of two polynomials with the same degrees.
double inner_product(const LabelDegrees& p, const LabelDegrees& q) {
  double sum = 0;
  if (p.constant) sum += *p.constant * *q.constant;
  if (p.linear) sum += p.linear->dot(*q.linear);
  if (p.quadratic) sum += p.quadratic->cwiseProduct(*q.quadratic).sum() / 2;
  return sum;
}

/// E(y - ŷ)² - E(y - P - ŷ)² for a student without the degrees of P, which may be an estimate of
/// the labels' part of these degrees.
double taken_from_loss(const NetworkValues<double>& teacher, const LabelDegrees& P) {
  const LabelDegrees exact = label_degrees(teacher, P.degrees());
  return 2 * inner_product(exact, P) - inner_product(P, P);
}

template <class T>
std::unique_ptr<StochasticObjective> squared_loss(const Student& student,
                                                  const ProblemValues<double>& problem,
                                                  const BatchSampling& sampling) {
  BatchActivation<T> activation = student.coefficients ? BatchActivation<T>(*student.coefficients)
                                                       : BatchActivation<T>(student.activation);
  return std::make_unique<SampledGradient<T>>(
      SampleBatches<T>(problem.teacher, problem.noise_variance, sampling),
      SampledStudent<T>{std::move(activation), problem.student.c.size() > 0},
      BatchMean::squared_error, taken_from_loss(problem.teacher, sampling.center),
      sampling.threads);
}

template <class T>
std::unique_ptr<StochasticObjective> of_batches(SampledObjective objective,
                                                const ProblemValues<double>& problem,
                                                const BatchSampling& sampling) {
  return std::make_unique<BatchObjective<T>>(
      SampleBatches<T>(problem.teacher, problem.noise_variance, sampling), std::move(objective),
      sampling.center.constant.value_or(0), sampling.threads);
}

}  // namespace

std::unique_ptr<StochasticObjective> make_stochastic_objective(const ObjectiveChoice& choice,
                                                               const ProblemValues<double>& problem,
                                                               Constraint constraint,
                                                               const BatchSampling& sampling) {
  const bool in_float = sampling.format == FloatFormat::float32;
  if (const auto* loss = std::get_if<DegreeLoss>(&choice)) {
    require_unbiased_center(*loss, sampling.center);
    if (in_float)
      return std::make_unique<SampledDegrees<float>>(*loss, problem, constraint, sampling);
    return std::make_unique<SampledDegrees<double>>(*loss, problem, constraint, sampling);
  }
  if (is_squared_distance(choice)) {
    const bool biased = problem.student.c.size() > 0;
    Student student{
        problem.student.activation, {}, {}, constraint == Constraint::sphere && !biased};
    if (const auto* designed = std::get_if<DesignedLoss>(&choice)) {
      student.kept = designed->degrees;
      student.coefficients = kept_coefficients(student.activation, student.kept);
    }
    // The degrees of other neurons are not a multiple of h_k(b·x).
    if (!sampling.center.degrees().empty()) require_unit_rows(problem.teacher, "teacher");
    require_unbiased_center(student, biased, sampling.center);
    return in_float ? squared_loss<float>(student, problem, sampling)
                    : squared_loss<double>(student, problem, sampling);
  }
  require_unit_rows(problem.teacher, "teacher");
  const auto terms = polynomial_terms<double>(choice, problem.teacher.activation, 17);
  require_unbiased_center(*terms, sampling.center);
  Matrix<double> moment;
  if (terms->norm == PolynomialTerms<double>::Norm::teacher)
    moment = second_moment(problem.teacher);
  SampledObjective objective(*terms, problem.teacher.activation, std::move(moment));
  return in_float ? of_batches<float>(std::move(objective), problem, sampling)
                  : of_batches<double>(std::move(objective), problem, sampling);
}

}  // namespace sigmahat
