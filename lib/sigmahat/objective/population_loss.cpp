#include <fmt/format.h>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/kernel/dual_kernel.hpp>
#include <sigmahat/kernel/hermite_expansion.hpp>
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

/// The table of Σ_{k kept} γ̂_k h_k.
CoefficientTable restricted(CoefficientTable table, const std::set<int>& kept) {
  Interval moment(0);
  Status status = Status::exact;
  for (int k = 0; k <= table.max_degree(); ++k) {
    HermiteCoefficient& c = table.coefficients[static_cast<std::size_t>(k)];
    if (!kept.contains(k)) c = {Enclosure{Real(0), Real(0), Status::exact}, ExactValue::zero()};
    moment += square(to_interval(c.enclosure));
    status = weaker(status, c.enclosure.status);
  }
  table.second_moment = to_enclosure(moment, status);
  return table;
}

/// σ̂_k and the γ̂_k that the student has, both up to `highest` at least.
struct Tables {
  FollowedTable teacher, student;
};

Tables tables_of(const ProblemValues<Interval>& p, const SeriesOptions& options, int highest) {
  const Activation &sigma = p.teacher.activation, &gamma = p.student.activation;
  const int digits = PrecisionScope::digits();
  const auto& wrong = options.override_coefficient;
  FollowedTable teacher(hermite_coefficients(sigma, highest, digits), wrong);
  const auto shared = sigma == gamma ? wrong : std::nullopt;
  if (const auto* designed = std::get_if<DesignedLoss>(&options.objective)) {
    const int reach = std::max(highest, *designed->degrees.rbegin());
    return {std::move(teacher),
            {restricted(hermite_coefficients(gamma, reach, digits), designed->degrees),
             shared && designed->degrees.contains(shared->degree) ? shared : std::nullopt}};
  }
  if (sigma == gamma) return {teacher, teacher};
  return {std::move(teacher), {hermite_coefficients(gamma, highest, digits), {}}};
}

/// Σ w_k f_k, a finite sum; up to K it is told degree by degree.
SeriesLoss weighted_degrees(const ProblemValues<Interval>& p, const DegreeLoss& loss,
                            std::optional<int> max_degree) {
  GramPowers gram(p);
  SeriesLoss series;
  Interval partial_sum(0), tail(0);
  int reached = 0;
  for (const auto& [k, weight] : loss.weights) {
    for (; reached < k; ++reached) gram.next_degree();
    const Interval f_k = gram.sums().distance(Interval(1), Interval(1));
    const Interval contribution = from_rational<Interval>(weight) * f_k;
    if (max_degree && k > *max_degree) {
      tail += contribution;
      continue;
    }
    partial_sum += contribution;
    series.degree_terms.push_back({k,
                                   {},
                                   {},
                                   weight,
                                   to_enclosure(f_k, Status::exact),
                                   to_enclosure(contribution, Status::exact),
                                   true});
  }
  series.terms = static_cast<int>(series.degree_terms.size());
  series.truncation_bound = 0;
  series.partial_sum = to_enclosure(partial_sum, Status::exact);
  series.known_tail = to_enclosure(tail, Status::exact);
  series.value = to_enclosure(Interval(partial_sum + tail), Status::exact);
  return series;
}

/// Every neuron with its own Hermite coefficients.
///
/// f - s² is the squared norm of one network, the teacher's neurons with weights a* and the
/// student's with weights -a: Σ_k Σ_ij w_i w_j s_k^(i) s_k^(j) ρ_ij^k.
class Neurons {
 public:
  Neurons(const ProblemValues<Interval>& p, const SeriesOptions& options, int highest) {
    const ExpansionLength length{.least_degree = highest};
    add(p.teacher, expansions_of<Interval>(p.teacher.activation, length), Interval(1));
    students_from_ = weights_.size();
    if (const auto* designed = std::get_if<DesignedLoss>(&options.objective)) {
      std::vector<Interval> kept;
      for (int k = 0; k <= *designed->degrees.rbegin(); ++k) kept.emplace_back(0);
      const CoefficientTable table = hermite_coefficients(
          p.student.activation, *designed->degrees.rbegin(), PrecisionScope::digits());
      for (const int k : designed->degrees)
        kept[static_cast<std::size_t>(k)] =
            to_interval(table.coefficients[static_cast<std::size_t>(k)].enclosure);
      add(p.student, expansions_of_polynomial(std::move(kept)), Interval(-1));
    } else {
      add(p.student, expansions_of<Interval>(p.student.activation, length), Interval(-1));
    }
    for (std::size_t i = 0; i < weights_.size(); ++i)
      for (std::size_t j = i + 1; j < weights_.size(); ++j) {
        correlations_.push_back(correlation(rows_[i], rows_[j]).rho);
        powers_.emplace_back(1);
      }
  }

  /// Of degree k; called for k = 0, 1, ... in turn.
  Interval contribution(int k) const {
    Interval sum(0);
    std::size_t pair = 0;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const Interval own = weights_[i] * coefficient(i, k);
      sum += square(own);
      for (std::size_t j = i + 1; j < weights_.size(); ++j, ++pair)
        sum += 2 * own * weights_[j] * coefficient(j, k) * powers_[pair];
    }
    return sum;
  }
  bool student_has(int k) const { return any(students_from_, weights_.size(), k); }
  bool teacher_has(int k) const { return any(0, students_from_, k); }
  void next_degree(int k) {
    for (std::size_t i = 0; i < weights_.size(); ++i)
      left_[i] = known_within(
          Interval(left_[i] - square(coefficient(i, k))), Interval(0),
          Interval(upper(expansions_[i]->squared ? (*expansions_[i]->squared)[0] : left_[i])));
    for (std::size_t pair = 0; pair < powers_.size(); ++pair) powers_[pair] *= correlations_[pair];
  }
  /// What the terms with ρ = 1 add from here on, and a bound on the others.
  Interval diagonal_tail() const {
    Interval sum(0);
    for (std::size_t i = 0; i < weights_.size(); ++i) sum += square(weights_[i]) * left_[i];
    return sum;
  }
  Real off_diagonal_bound() const {
    Interval sum(0);
    std::size_t pair = 0;
    for (std::size_t i = 0; i < weights_.size(); ++i)
      for (std::size_t j = i + 1; j < weights_.size(); ++j, ++pair)
        sum += 2 * abs(Interval(weights_[i] * weights_[j] * powers_[pair])) *
               sqrt(Interval(left_[i] * left_[j]));
    return upper(sum);
  }

 private:
  void add(const Values& network, const ExpandNeuron<Interval>& expand, const Interval& sign) {
    for (Eigen::Index i = 0; i < network.B.rows(); ++i) {
      rows_.push_back(row(network, i));
      weights_.push_back(sign * network.a[i]);
      expansions_.push_back(expand(network.r.size() > 0 ? network.r[i] : Interval(1),
                                   network.c.size() > 0 ? network.c[i] : Interval(0)));
      Interval whole(0);  // E[σ(ru + c)²]
      if (const auto& squared = expansions_.back()->squared)
        whole = (*squared)[0];
      else
        for (const Interval& s : expansions_.back()->s) whole += square(s);
      left_.push_back(whole);
    }
  }
  Interval coefficient(std::size_t i, int k) const {
    const auto& s = expansions_[i]->s;
    return static_cast<std::size_t>(k) < s.size() ? s[static_cast<std::size_t>(k)] : Interval(0);
  }
  bool any(std::size_t from, std::size_t to, int k) const {
    for (std::size_t i = from; i < to; ++i)
      if (!certainly_zero(coefficient(i, k))) return true;
    return false;
  }

  std::vector<Vector<Interval>> rows_;
  std::vector<Interval> weights_, left_;  ///< left_: Σ of the squared coefficients not yet passed
  std::vector<std::shared_ptr<const HermiteExpansion<Interval>>> expansions_;
  std::size_t students_from_ = 0;
  std::vector<Interval> correlations_, powers_;  ///< of pairs i < j
};

SeriesLoss degrees_of_neurons(const ProblemValues<Interval>& p, const SeriesOptions& options,
                              int highest) {
  Neurons neurons(p, options, highest);
  const Real wanted =
      upper(Interval(neurons.diagonal_tail() + p.noise_variance)) * pow(Real(10), -options.digits);
  SeriesLoss loss;
  Interval sum = p.noise_variance;
  for (int k = 0;; ++k) {
    const Interval contribution = neurons.contribution(k);
    sum += contribution;
    loss.degree_terms.push_back({k,
                                 {},
                                 {},
                                 {},
                                 {},
                                 to_enclosure(contribution, Status::certified),
                                 neurons.student_has(k) || !neurons.teacher_has(k)});
    neurons.next_degree(k);
    loss.truncation_bound = neurons.off_diagonal_bound();
    if (k == highest || (!options.max_degree && loss.truncation_bound <= wanted)) break;
  }
  const Interval tail = neurons.diagonal_tail();
  loss.terms = static_cast<int>(loss.degree_terms.size());
  loss.partial_sum = to_enclosure(sum, Status::certified);
  loss.known_tail = to_enclosure(tail, Status::certified);
  loss.value = to_enclosure(
      Interval(sum + tail + make_interval(Real(-loss.truncation_bound), loss.truncation_bound)),
      Status::certified);
  return loss;
}

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
  degree_part(options.objective, 0);
  const auto* weighted = std::get_if<DegreeLoss>(&options.objective);
  if (!weighted && !options.override_coefficient &&
      !(has_unit_rows(p.teacher) && has_unit_rows(p.student)))
    return degrees_of_neurons(p, options, highest);
  require_unit_rows(p.teacher, "teacher");
  require_unit_rows(p.student, "student");
  if (weighted) return weighted_degrees(p, *weighted, options.max_degree);
  auto [teacher, student] = tables_of(p, options, highest);
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
        {k,
         teacher.enclosure(k),
         student.enclosure(k),
         {},
         to_enclosure(sums.distance(Interval(1), Interval(1)), Status::exact),
         to_enclosure(contribution, status),
         !certainly_zero(t) || certainly_zero(s)});
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
  loss.known_tail = to_enclosure(tail, status);
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
