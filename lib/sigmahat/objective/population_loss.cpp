#include <fmt/format.h>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/kernel/dual_kernel.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/evaluation.hpp>
#include <sigmahat/objective/population_loss.hpp>

namespace sigmahat {
namespace {

/// Digits beyond those asked for: sums of m² terms lose a few.
constexpr int guard_digits = 8;

using Values = NetworkValues<Interval>;

Vector<Interval> row(const Values& network, Eigen::Index i) {
  return network.B.row(i).transpose();
}

/// Σ w ρ^k over pairs of rows, for k = 0, 1, 2, ...
class PairPowers {
 public:
  void add(const Interval& weight, const Interval& rho) {
    weights_.push_back(weight);
    correlations_.push_back(rho);
    powers_.emplace_back(1);
  }
  void next_degree() {
    for (std::size_t i = 0; i < powers_.size(); ++i) powers_[i] *= correlations_[i];
  }
  Interval sum() const {
    Interval total(0);
    for (std::size_t i = 0; i < powers_.size(); ++i) total += weights_[i] * powers_[i];
    return total;
  }
  /// Σ |w| |ρ|^k
  Interval absolute_sum() const {
    Interval total(0);
    for (std::size_t i = 0; i < powers_.size(); ++i)
      total += abs(Interval(weights_[i] * powers_[i]));
    return total;
  }

 private:
  std::vector<Interval> weights_, correlations_, powers_;
};

/// Pairs i < j of one network's rows, weighted with a_i a_j.
PairPowers pairs_within(const Values& network) {
  PairPowers pairs;
  for (Eigen::Index i = 0; i < network.B.rows(); ++i)
    for (Eigen::Index j = i + 1; j < network.B.rows(); ++j)
      pairs.add(network.a[i] * network.a[j], correlation(row(network, i), row(network, j)).rho);
  return pairs;
}

PairPowers pairs_between(const Values& first, const Values& second) {
  PairPowers pairs;
  for (Eigen::Index i = 0; i < first.B.rows(); ++i)
    for (Eigen::Index j = 0; j < second.B.rows(); ++j)
      pairs.add(first.a[i] * second.a[j], correlation(row(first, i), row(second, j)).rho);
  return pairs;
}

Interval sum_of_squares(const Vector<Interval>& a) {
  Interval total(0);
  for (const Interval& x : a) total += square(x);
  return total;
}

/// The three Gram matrices of Theorem 1, raised entrywise to one degree after the other.
struct GramPowers {
  Interval teacher_diagonal, student_diagonal;  // Σ a_i²: ρ = 1 at every degree
  PairPowers teacher, mixed, student;

  explicit GramPowers(const ProblemValues<Interval>& p)
      : teacher_diagonal(sum_of_squares(p.teacher.a)),
        student_diagonal(sum_of_squares(p.student.a)),
        teacher(pairs_within(p.teacher)),
        mixed(pairs_between(p.teacher, p.student)),
        student(pairs_within(p.student)) {}

  /// The squared norms and the inner product of Σ a*_i b*_i^{⊗k} and Σ a_i b_i^{⊗k}.
  struct Sums {
    Interval teacher, mixed, student;

    /// ‖s Σ a*_i b*_i^{⊗k} - t Σ a_i b_i^{⊗k}‖_F²
    Interval distance(const Interval& s, const Interval& t) const {
      return square(s) * teacher - 2 * s * t * mixed + square(t) * student;
    }
  };
  Sums sums() const {
    return {teacher_diagonal + 2 * teacher.sum(), mixed.sum(),
            student_diagonal + 2 * student.sum()};
  }
  /// What the terms of this degree and all later ones may add off the diagonal.
  Interval off_diagonal_bound(const Interval& teacher_defect,
                              const Interval& student_defect) const {
    return 2 * (teacher_defect * teacher.absolute_sum() +
                sqrt(Interval(teacher_defect * student_defect)) * mixed.absolute_sum() +
                student_defect * student.absolute_sum());
  }
  void next_degree() {
    teacher.next_degree();
    mixed.next_degree();
    student.next_degree();
  }
};

/// A table whose Parseval defect is followed degree by degree.
class FollowedTable {
 public:
  FollowedTable(CoefficientTable table, const std::optional<CoefficientOverride>& wrong)
      : table_(std::move(table)), defect_(to_interval(table_.second_moment)), wrong_(wrong) {}

  const Interval& second_moment_left() const { return defect_; }
  Interval coefficient(int k) const {
    return wrong_ && wrong_->degree == k ? from_rational<Interval>(wrong_->value) : proven(k);
  }
  Enclosure enclosure(int k) const {
    if (wrong_ && wrong_->degree == k) return to_enclosure(coefficient(k), Status::exact);
    return at(k).enclosure;
  }
  void remove_degree(int k) {
    // The defect is not negative, however its difference rounds.
    defect_ = known_within(Interval(defect_ - square(proven(k))), Interval(0),
                           Interval(upper(to_interval(table_.second_moment))));
  }
  Status status() const {
    Status status = table_.second_moment.status;
    for (const HermiteCoefficient& c : table_.coefficients)
      status = weaker(status, c.enclosure.status);
    return status;
  }

 private:
  const HermiteCoefficient& at(int k) const {
    return table_.coefficients[static_cast<std::size_t>(k)];
  }
  Interval proven(int k) const { return to_interval(at(k).enclosure); }

  CoefficientTable table_;
  Interval defect_;
  std::optional<CoefficientOverride> wrong_;
};

void check_override(const std::optional<CoefficientOverride>& wrong, int max_degree) {
  if (wrong && (wrong->degree < 0 || wrong->degree > max_degree))
    throw DomainError(fmt::format("the overridden degree must be between 0 and {}, not {}",
                                  max_degree, wrong->degree));
}

}  // namespace

PopulationLoss population_loss(const Problem& problem, int digits, int threads) {
  EvaluationOptions options;
  options.digits = digits;
  options.threads = threads;
  PointEvaluation loss = evaluate(problem, options);
  const PrecisionScope precision(digits, guard_digits);
  return {std::move(loss.value),
          to_enclosure(from_rational<Interval>(problem.noise_variance), Status::exact),
          std::move(loss.method)};
}

SeriesLoss population_loss_series(const Problem& problem, const SeriesOptions& options) {
  const int highest = options.max_degree.value_or(options.max_degree_limit);
  check_override(options.override_coefficient, highest);
  const PrecisionScope precision(options.digits, guard_digits);
  const ProblemValues<Interval> p = at_precision<Interval>(problem);
  const Activation &sigma = p.teacher.activation, &gamma = p.student.activation;
  require_unit_rows(p.teacher, "teacher");
  require_unit_rows(p.student, "student");
  FollowedTable teacher(hermite_coefficients(sigma, highest, PrecisionScope::digits()),
                        options.override_coefficient);
  FollowedTable student =
      sigma == gamma
          ? teacher
          : FollowedTable(hermite_coefficients(gamma, highest, PrecisionScope::digits()), {});
  GramPowers gram(p);
  const Interval scale = teacher.second_moment_left() * gram.teacher_diagonal +
                         student.second_moment_left() * gram.student_diagonal + p.noise_variance;
  const Real wanted = upper(scale) * pow(Real(10), -options.digits);
  const Status status = weaker(teacher.status(), student.status());
  // A wrong coefficient must not be left out of the sum that it is to falsify.
  const int least = options.max_degree             ? highest
                    : options.override_coefficient ? options.override_coefficient->degree
                                                   : 0;

  SeriesLoss loss;
  Interval sum = p.noise_variance, bound(0);
  for (int k = 0;; ++k) {
    const Interval s = teacher.coefficient(k), t = student.coefficient(k);
    const GramPowers::Sums sums = gram.sums();
    const Interval contribution = sums.distance(s, t);
    sum += contribution;
    loss.degree_terms.push_back(
        {k, teacher.enclosure(k), student.enclosure(k),
         to_enclosure(sums.distance(Interval(1), Interval(1)), Status::exact),
         to_enclosure(contribution, status)});
    teacher.remove_degree(k);
    student.remove_degree(k);
    gram.next_degree();
    bound = gram.off_diagonal_bound(teacher.second_moment_left(), student.second_moment_left());
    if (k == highest || (k >= least && upper(bound) <= wanted)) break;
  }
  const Interval tail = teacher.second_moment_left() * gram.teacher_diagonal +
                        student.second_moment_left() * gram.student_diagonal;
  loss.terms = static_cast<int>(loss.degree_terms.size());
  loss.truncation_bound = upper(bound);
  loss.partial_sum = to_enclosure(sum, status);
  loss.diagonal_tail = to_enclosure(tail, status);
  loss.value = to_enclosure(
      Interval(sum + tail + make_interval(-loss.truncation_bound, loss.truncation_bound)), status);
  return loss;
}

std::vector<Enclosure> key_lemma_values(const Problem& problem, Eigen::Index row_index,
                                        int max_degree, int digits,
                                        const std::optional<CoefficientOverride>& wrong) {
  if (row_index < 0 || row_index >= problem.student.width())
    throw DomainError(fmt::format("the student has rows 0 to {}, not {}",
                                  problem.student.width() - 1, row_index));
  check_override(wrong, std::max(max_degree, wrong ? wrong->degree : 0));
  const PrecisionScope precision(digits, guard_digits);
  const ProblemValues<Interval> p = at_precision<Interval>(problem);
  require_unit_rows(p.teacher, "teacher");
  require_unit_rows(p.student, "student");
  const FollowedTable table(
      hermite_coefficients(p.teacher.activation, max_degree, PrecisionScope::digits()), wrong);
  const Vector<Interval> b = row(p.student, row_index);
  PairPowers pairs;
  for (Eigen::Index j = 0; j < p.teacher.B.rows(); ++j)
    pairs.add(p.teacher.a[j], correlation(row(p.teacher, j), b).rho);
  std::vector<Enclosure> values;
  for (int k = 0; k <= max_degree; ++k) {
    values.push_back(to_enclosure(Interval(table.coefficient(k) * pairs.sum()), table.status()));
    pairs.next_degree();
  }
  return values;
}

}  // namespace sigmahat
