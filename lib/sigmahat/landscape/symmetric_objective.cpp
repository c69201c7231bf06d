#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/landscape/symmetric_objective.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/objective/unit_tangent.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// The teacher I_d in the student's orbits: a row type for each column type.
MatrixOrbits teacher_orbits(const MatrixOrbits& student) {
  std::vector<IsotropyBlock> shapes = student.shapes();
  for (IsotropyBlock& shape : shapes) shape.rows = shape.columns;
  return MatrixOrbits(std::move(shapes), student.block_sizes());
}

}  // namespace

void require_symmetric_objective(const OrthonormalTask& task) {
  if (std::holds_alternative<PenalisedObjective>(task.objective))
    throw InputError("--objective: expected f, f_gamma, degree, weights, G or gadget here");
  const bool polynomial = std::holds_alternative<GuaranteedObjective>(task.objective) ||
                          std::holds_alternative<GadgetObjective>(task.objective);
  if (polynomial && task.rows == Constraint::free)
    throw InputError(
        fmt::format("--objective {}: unbounded below for free rows; expected "
                    "--constraint sphere",
                    to_text(task.objective)));
}

bool signs_are_free(const OrthonormalTask& task) {
  const auto even = [](int k) { return k % 2 == 0; };
  if (const auto* designed = std::get_if<DesignedLoss>(&task.objective))
    return std::all_of(designed->degrees.begin(), designed->degrees.end(), even);
  if (const auto* degrees = std::get_if<DegreeLoss>(&task.objective))
    return std::all_of(degrees->weights.begin(), degrees->weights.end(),
                       [&](const auto& term) { return even(term.first); });
  if (std::holds_alternative<FullLoss>(task.objective))
    return task.student.parity() == Parity::even;
  const auto terms = polynomial_terms<double>(task.objective, task.teacher, 17);
  return std::all_of(terms->pairs.begin(), terms->pairs.end(),
                     [&](const auto& t) { return even(t.alpha) && even(t.beta); }) &&
         std::all_of(terms->singles.begin(), terms->singles.end(),
                     [&](const auto& t) { return even(t.power); });
}

template <Scalar T>
SymmetricObjective<T>::SymmetricObjective(const OrthonormalTask& task, MatrixOrbits orbits,
                                          int digits)
    : orbits_(std::move(orbits)), teacher_orbits_(teacher_orbits(orbits_)) {
  require_symmetric_objective(task);
  auto kernels = std::make_shared<Kernels>();
  kernels->constraint = task.rows;
  kernels->teacher_a = from_rational<T>(task.teacher_a);
  kernels->student_a = from_rational<T>(task.student_a);
  kernels->terms = polynomial_terms<T>(task.objective, task.teacher, digits);
  kernels->attained = task.teacher_a == task.student_a;
  const NeuronKind kind{task.rows, false};
  if (const auto* degrees = std::get_if<DegreeLoss>(&task.objective)) {
    std::vector<T> w(at(degrees->weights.rbegin()->first) + 1, T(0));
    for (const auto& [degree, weight] : degrees->weights) {
      w[at(degree)] = from_rational<T>(weight);
      kernels->attained = kernels->attained && weight >= 0;
    }
    kernels->student = make_gram_power_kernel(w, task.rows);
    kernels->teacher = kernels->mixed = kernels->student;
  } else if (const auto* designed = std::get_if<DesignedLoss>(&task.objective)) {
    const int highest = *designed->degrees.rbegin();
    std::vector<T> kept;
    for (const HermiteCoefficient& c :
         hermite_coefficients(task.student, highest, digits).coefficients)
      kept.push_back(designed->degrees.contains(static_cast<int>(kept.size()))
                         ? from_enclosure<T>(c.enclosure)
                         : T(0));
    kernels->teacher = make_pair_kernel<T>(task.teacher, task.teacher, kind, digits);
    kernels->mixed = make_polynomial_kernel(kept, task.teacher, kind, digits);
    kernels->student = make_polynomial_kernel(kept, kept, kind);
    // Free rows have parts in lower degrees as well, and may do better than the teacher's.
    kernels->attained =
        kernels->attained && task.teacher == task.student && task.rows == Constraint::sphere;
  } else if (!kernels->terms) {
    kernels->teacher = make_pair_kernel<T>(task.teacher, task.teacher, kind, digits);
    // One kernel expands every neuron once, where kernels are series.
    kernels->student = kernels->mixed = kernels->teacher;
    if (task.student != task.teacher) {
      kernels->mixed = make_pair_kernel<T>(task.student, task.teacher, kind, digits);
      kernels->student = make_pair_kernel<T>(task.student, task.student, kind, digits);
      kernels->attained = false;
    }
  }
  if (const auto* g = std::get_if<GuaranteedObjective>(&task.objective))
    kernels->attained = g->mu >= 0 && task.teacher_a >= 0;
  else if (kernels->terms)
    kernels->attained = false;
  kernels_ = std::move(kernels);
  lay_out();
}

template <Scalar T>
SymmetricObjective<T>::SymmetricObjective(const SymmetricObjective& other, MatrixOrbits orbits)
    : kernels_(other.kernels_),
      orbits_(std::move(orbits)),
      teacher_orbits_(teacher_orbits(orbits_)) {
  lay_out();
}

template <Scalar T>
void SymmetricObjective<T>::lay_out() {
  using std::sqrt;
  scales_ = Vector<T>(orbits_.dimension_of_fixed_space());
  for (Index i = 0; i < scales_.size(); ++i) scales_[i] = sqrt(T(orbits_.entries()[at(i)].size));
  teacher_entries_ = Vector<T>::Constant(teacher_orbits_.dimension_of_fixed_space(), T(0));
  for (int c = 0; c < static_cast<int>(orbits_.columns().size()); ++c)
    teacher_entries_[teacher_orbits_.entry(c, c, true)] = T(1);
  teacher_rows_ = rows_of(teacher_orbits_, teacher_entries_, kernels_->mixed.get(), false);
  student_pairs_ = pairs_between(orbits_, orbits_, true);
  mixed_pairs_ = pairs_between(orbits_, teacher_orbits_, false);

  // Σ_ij k(e_i, e_j)
  const T d(orbits_.column_count());
  const auto of_teacher = [&](const PairKernel<T>& kernel) {
    const Neuron<T> unit = kernel.first(T(1), T(0)), other = kernel.second(T(1), T(0));
    const T together = kernel.diagonal(unit).value;
    const T apart = kernel.value({unit, other, {T(0), T(1), T(1)}});
    return T(square(kernels_->teacher_a) * d * T(together + T(d - 1) * apart));
  };
  if (kernels_->teacher) teacher_part_ = of_teacher(*kernels_->teacher);
  const double k = orbits_.row_count();
  if (!kernels_->attained) return;
  if (kernels_->terms) {
    // Each row at a row of the teacher's, no two at the same one.
    if (k <= orbits_.column_count()) {
      T single(0);
      for (const auto& term : kernels_->terms->singles) single += term.factor;
      global_value_ = T(kernels_->teacher_a * T(k) * single);
    }
  } else if (constraint() == Constraint::sphere ? k == orbits_.column_count()
                                                : k >= orbits_.column_count()) {
    global_value_ = T(0);
    if (kernels_->mixed != kernels_->teacher)
      global_value_ = T(teacher_part_ - of_teacher(*kernels_->mixed));
  }
}

/// @param same  whether x and y are the student with itself: each unordered pair once
template <Scalar T>
std::vector<typename SymmetricObjective<T>::PairClass> SymmetricObjective<T>::pairs_between(
    const MatrixOrbits& x, const MatrixOrbits& y, bool same) {
  std::vector<PairClass> pairs;
  const auto add_pair = [&](double count, int i, int j, bool same_index) {
    if (count <= 0) return;
    PairClass pair{T(count), i, j, {}};
    const auto add_columns = [&](double columns, int c, bool first_diagonal, bool second_diagonal) {
      if (columns > 0)
        pair.columns.push_back(
            {T(columns), x.entry(i, c, first_diagonal), y.entry(j, c, second_diagonal)});
    };
    for (int c = 0; c < static_cast<int>(x.columns().size()); ++c) {
      const double size = x.columns()[at(c)].size;
      const bool first = x.share_block(i, c), second = y.share_block(j, c);
      if (first && second && same_index) {
        add_columns(1, c, true, true);
        add_columns(size - 1, c, false, false);
      } else {
        if (first) add_columns(1, c, true, false);
        if (second) add_columns(1, c, false, true);
        add_columns(size - first - second, c, false, false);
      }
    }
    pairs.push_back(std::move(pair));
  };
  for (int i = 0; i < static_cast<int>(x.rows().size()); ++i)
    for (int j = same ? i : 0; j < static_cast<int>(y.rows().size()); ++j) {
      const LineType &row = x.rows()[at(i)], &other = y.rows()[at(j)];
      if (row.block != other.block) {
        add_pair(row.size * other.size, i, j, false);
      } else if (same && i == j) {
        add_pair(row.size * (row.size - 1) / 2, i, j, false);
      } else {
        add_pair(row.size, i, j, true);
        add_pair(row.size * (row.size - 1), i, j, false);
      }
    }
  return pairs;
}

template <Scalar T>
typename SymmetricObjective<T>::Rows SymmetricObjective<T>::rows_of(const MatrixOrbits& orbits,
                                                                    const Vector<T>& entries,
                                                                    const PairKernel<T>* kernel,
                                                                    bool as_first) const {
  using std::sqrt;
  Rows rows;
  for (int i = 0; i < static_cast<int>(orbits.rows().size()); ++i) {
    T squared(0);
    for (int c = 0; c < static_cast<int>(orbits.columns().size()); ++c) {
      const double size = orbits.columns()[at(c)].size;
      const bool shared = orbits.share_block(i, c);
      if (shared) squared += square(T(entries[orbits.entry(i, c, true)]));
      if (size - shared > 0)
        squared += T(size - shared) * square(T(entries[orbits.entry(i, c, false)]));
    }
    if (!certainly_positive(squared))
      throw DomainError(
          fmt::format("student rows of type {} are zero; expected rows with a direction", i));
    rows.length.push_back(sqrt(squared));
    // On the sphere derivatives are those at the rows' directions.
    const T length = constraint() == Constraint::sphere ? T(1) : rows.length.back();
    if (kernel)
      rows.neurons.push_back(as_first ? kernel->first(length, T(0)) : kernel->second(length, T(0)));
  }
  return rows;
}

template <Scalar T>
std::optional<T> SymmetricObjective<T>::global_value() const {
  return global_value_;
}

template <Scalar T>
Vector<T> SymmetricObjective<T>::on_manifold(const Vector<T>& entries) const {
  if (constraint() == Constraint::free) return entries;
  const Rows rows = rows_of(orbits_, entries, nullptr, true);
  Vector<T> unit = entries;
  for (Index i = 0; i < unit.size(); ++i) unit[i] /= rows.length[at(orbits_.entries()[at(i)].row)];
  return unit;
}

template <Scalar T>
template <class Visit>
void SymmetricObjective<T>::for_each_pair(const Vector<T>& entries, const Rows& student,
                                          Visit visit) const {
  const auto visit_all = [&](const std::vector<PairClass>& pairs, const Rows& x,
                             const Vector<T>& x_entries, const Rows& y, const Vector<T>& y_entries,
                             const PairKernel<T>& kernel, const T& weight, bool second_moves) {
    for (const PairClass& pair : pairs) {
      const Index classes = static_cast<Index>(pair.columns.size());
      Vector<T> u(classes), v(classes);
      T product(0), apart(0), together(0);
      for (Index c = 0; c < classes; ++c) {
        const ColumnClass& column = pair.columns[at(c)];
        u[c] = x_entries[column.first] / x.length[at(pair.first)];
        v[c] = y_entries[column.second] / y.length[at(pair.second)];
        product += column.count * T(u[c] * v[c]);
        apart += column.count * square(T(u[c] - v[c]));
        together += column.count * square(T(u[c] + v[c]));
      }
      // 1 ∓ ρ = |u ∓ v|²/2; the exact numbers lie in these ranges.
      const Correlation<T> angle{known_within(product, T(-1), T(1)),
                                 known_within(T(apart / 2), T(0), T(2)),
                                 known_within(T(together / 2), T(0), T(2))};
      visit(PairAt{pair,
                   T(weight * pair.count),
                   kernel,
                   {x.neurons[at(pair.first)], y.neurons[at(pair.second)], angle},
                   std::move(u),
                   std::move(v),
                   second_moves});
    }
  };
  const Kernels& k = *kernels_;
  if (!k.student) return;
  visit_all(student_pairs_, student, entries, student, entries, *k.student,
            T(2 * square(k.student_a)), true);
  std::optional<Rows> mixed;
  if (k.mixed != k.student) mixed = rows_of(orbits_, entries, k.mixed.get(), true);
  visit_all(mixed_pairs_, mixed ? *mixed : student, entries, teacher_rows_, teacher_entries_,
            *k.mixed, T(-2 * k.teacher_a * k.student_a), false);
}

template <Scalar T>
T SymmetricObjective<T>::value(const Vector<T>& entries) const {
  if (kernels_->terms) return polynomial_value(on_manifold(entries));
  T sum(teacher_part_);
  const Rows rows = rows_of(orbits_, entries, kernels_->student.get(), true);
  for (std::size_t i = 0; i < rows.neurons.size(); ++i)
    sum += square(kernels_->student_a) * T(orbits_.rows()[i].size) *
           kernels_->student->diagonal(rows.neurons[i]).value;
  for_each_pair(entries, rows,
                [&](const PairAt& p) { sum += p.weight * p.kernel.value(p.neurons); });
  return sum;
}

// ---- Polynomials in the entries: those of one column are the teacher's row with every student's
// --

namespace {

/// n (n-1) ... x^(n-order)
template <Scalar T>
T derivative_of_power(const T& x, int n, int order) {
  if (order > n) return T(0);
  T factor(1);
  for (int i = 0; i < order; ++i) factor *= n - i;
  return factor * power(x, n - order);
}

/// An orbit's entries in one column.
double in_column(const MatrixOrbits& orbits, const EntryOrbit& entry) {
  return entry.size / orbits.columns()[at(entry.column)].size;
}

/// Σ_j x_j^p over each column type's column.
template <Scalar T>
Vector<T> power_sums(const MatrixOrbits& orbits, const Vector<T>& entries, int p) {
  Vector<T> sums = Vector<T>::Constant(static_cast<Index>(orbits.columns().size()), T(0));
  for (Index i = 0; i < entries.size(); ++i) {
    const EntryOrbit& entry = orbits.entries()[at(i)];
    sums[entry.column] += T(in_column(orbits, entry)) * power(entries[i], p);
  }
  return sums;
}

}  // namespace

template <Scalar T>
T SymmetricObjective<T>::polynomial_value(const Vector<T>& entries) const {
  const auto columns = static_cast<Index>(orbits_.columns().size());
  Vector<T> sums = Vector<T>::Constant(columns, T(0));
  const auto powers = [&](int p) { return power_sums(orbits_, entries, p); };
  for (const auto& term : kernels_->terms->pairs)
    sums += term.factor * Vector<T>(powers(term.alpha).cwiseProduct(powers(term.beta)) -
                                    powers(term.alpha + term.beta));
  for (const auto& term : kernels_->terms->singles) sums += term.factor * powers(term.power);
  T result(0);
  for (Index c = 0; c < columns; ++c) result += T(orbits_.columns()[at(c)].size) * sums[c];
  return kernels_->teacher_a * result;
}

template <Scalar T>
void SymmetricObjective<T>::add_polynomial(Evaluation& sums, const Vector<T>& entries,
                                           bool with_hessian) const {
  sums.value += polynomial_value(entries);
  const Index n = entries.size();
  const auto column = [&](Index i) { return orbits_.entries()[at(i)].column; };
  // p-th derivatives of an entry's own term in one column, and of what it is multiplied by.
  const auto add = [&](const T& factor, int power, const Vector<T>& weight) {
    for (Index i = 0; i < n; ++i) {
      const T scale =
          kernels_->teacher_a * factor * T(orbits_.entries()[at(i)].size) * weight[column(i)];
      sums.gradient[i] += scale * derivative_of_power(entries[i], power, 1);
      if (with_hessian) sums.hessian(i, i) += scale * derivative_of_power(entries[i], power, 2);
    }
  };
  const Vector<T> ones = Vector<T>::Constant(static_cast<Index>(orbits_.columns().size()), T(1));
  for (const auto& term : kernels_->terms->singles) add(term.factor, term.power, ones);
  for (const auto& term : kernels_->terms->pairs) {
    add(term.factor, term.alpha, power_sums(orbits_, entries, term.beta));
    add(term.factor, term.beta, power_sums(orbits_, entries, term.alpha));
    add(T(-term.factor), term.alpha + term.beta, ones);
    if (!with_hessian) continue;
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j <= i; ++j) {
        if (column(i) != column(j)) continue;
        const auto slope = [&](Index e, int power) {
          return derivative_of_power(entries[e], power, 1);
        };
        sums.hessian(i, j) += kernels_->teacher_a * term.factor * T(orbits_.entries()[at(i)].size) *
                              T(in_column(orbits_, orbits_.entries()[at(j)])) *
                              T(slope(i, term.alpha) * slope(j, term.beta) +
                                slope(i, term.beta) * slope(j, term.alpha));
      }
  }
}

namespace {

/// (v ∓ u) ± (1 ∓ ρ)u = v - ρu, with no cancellation near parallel rows.
template <Scalar T>
Vector<T> tangent(const Vector<T>& u, const Vector<T>& v, const Correlation<T>& angle) {
  const bool opposite = certainly_less(angle.one_plus, angle.one_minus);
  Vector<T> w(u.size());
  for (Index c = 0; c < u.size(); ++c)
    w[c] = opposite ? T(T(v[c] + u[c]) - angle.one_plus * u[c])
                    : T(T(v[c] - u[c]) + angle.one_minus * u[c]);
  return w;
}

}  // namespace

/// With u and v the unit rows, w = v - ρu, ŵ = w/|w|, z = u - ρv and ẑ = z/|z|,
///   ∂_b k    = (k_ρ w + k_λ u)/r,
///   ∂_b² k   = (k_ρρ wwᵀ + (k_ρλ - k_ρ)(wuᵀ + uwᵀ) + (k_λλ - k_λ) uuᵀ
///              + (k_λ - ρk_ρ)(I - uuᵀ))/r²,
///   ∂_b∂_c k = (k_ρρ wzᵀ + k_ρμ wvᵀ + k_ρλ uzᵀ + k_λμ uvᵀ + k_ρ(I - vvᵀ - uzᵀ))/(rs).
template <Scalar T>
void SymmetricObjective<T>::add_pair(Evaluation& sums, const PairAt& p, bool with_hessian) const {
  const PairJet<T> k = p.kernel.jet(p.neurons);
  if (!k.differentiable)
    throw DomainError(
        fmt::format("no gradient: student rows of type {} are parallel to others, where the kernel "
                    "has no proven derivative",
                    p.pair.first));
  const Vector<T>&u = p.u, &v = p.v;
  const Correlation<T>& angle = p.neurons.angle;
  const T &r = p.neurons.first.length, &s = p.neurons.second.length;
  const Vector<T> w = tangent(u, v, angle), z = tangent(v, u, angle);
  const Index classes = u.size();
  sums.value += p.weight * k.value;
  for (Index c = 0; c < classes; ++c) {
    const ColumnClass& column = p.pair.columns[at(c)];
    const T share = p.weight * column.count;
    sums.gradient[column.first] += share * T(k.rho * w[c] + k.lambda * u[c]) / r;
    if (p.second_moves) sums.gradient[column.second] += share * T(k.rho * z[c] + k.mu * v[c]) / s;
  }
  if (!with_hessian) return;

  Matrix<T>& H = sums.hessian;
  const Vector<T> w_unit = unit_tangent(w, angle), z_unit = unit_tangent(z, angle);
  const auto add_own = [&](const Vector<T>& own, const Vector<T>& across,
                           const Vector<T>& across_unit, const T& length, const T& k_own,
                           const T& k_rho_own, const T& k_own_own, bool first) {
    const T scale = p.weight / square(length);
    const T level = scale * T(k_own - angle.rho * k.rho);
    const T bend = scale * k.weighted_rho_rho;
    const T twist = scale * T(k_rho_own - k.rho);
    const T radial = scale * T(k_own_own - k_own) - level;
    for (Index c = 0; c < classes; ++c) {
      const ColumnClass& x = p.pair.columns[at(c)];
      const int i = first ? x.first : x.second;
      H(i, i) += level * x.count;
      for (Index e = 0; e < classes; ++e) {
        const ColumnClass& y = p.pair.columns[at(e)];
        const int j = first ? y.first : y.second;
        if (j > i) continue;
        H(i, j) += T(x.count * y.count) * T(bend * T(across_unit[c] * across_unit[e]) +
                                            twist * T(across[c] * own[e] + own[c] * across[e]) +
                                            radial * T(own[c] * own[e]));
      }
    }
  };
  add_own(u, w, w_unit, r, k.lambda, k.rho_lambda, k.lambda_lambda, true);
  if (!p.second_moves) return;
  add_own(v, z, z_unit, s, k.mu, k.rho_mu, k.mu_mu, false);

  const T scale = p.weight / T(r * s);
  // The pair and its reverse: once in a triangle, twice on the diagonal.
  const auto add_mixed = [&](int i, int j, const T& value) {
    H(std::max(i, j), std::min(i, j)) += i == j ? T(2 * value) : value;
  };
  for (Index c = 0; c < classes; ++c) {
    const ColumnClass& x = p.pair.columns[at(c)];
    add_mixed(x.first, x.second, T(scale * k.rho * x.count));
    for (Index e = 0; e < classes; ++e) {
      const ColumnClass& y = p.pair.columns[at(e)];
      const T value = k.weighted_rho_rho * T(w_unit[c] * z_unit[e]) + k.rho_mu * T(w[c] * v[e]) +
                      T(k.rho_lambda - k.rho) * T(u[c] * z[e]) + k.lambda_mu * T(u[c] * v[e]) -
                      k.rho * T(v[c] * v[e]);
      add_mixed(x.first, y.second, T(scale * T(x.count * y.count) * value));
    }
  }
}

template <Scalar T>
typename SymmetricObjective<T>::Evaluation SymmetricObjective<T>::evaluate(
    const Vector<T>& entries, bool with_hessian) const {
  const Index n = orbits_.dimension_of_fixed_space();
  Evaluation result{T(teacher_part_), Vector<T>::Constant(n, T(0)), {}};
  Vector<T>& gradient = result.gradient;
  Matrix<T>& H = result.hessian;
  if (with_hessian) H = Matrix<T>::Constant(n, n, T(0));

  // A row with itself: F(log r) = k(b, b), with gradient F'u/r and Hessian
  // ((F'' - F') uuᵀ + F'(I - uuᵀ))/r².
  const Rows rows = rows_of(orbits_, entries, kernels_->student.get(), true);
  for (int i = 0; kernels_->student && i < static_cast<int>(orbits_.rows().size()); ++i) {
    const T& r = rows.length[at(i)];
    const T weight = square(kernels_->student_a) * T(orbits_.rows()[at(i)].size);
    const DiagonalJet<T> own = kernels_->student->diagonal(rows.neurons[at(i)]);
    result.value += weight * own.value;
    if (constraint() == Constraint::sphere) continue;
    std::vector<ColumnClass> columns;
    for (int c = 0; c < static_cast<int>(orbits_.columns().size()); ++c) {
      const double size = orbits_.columns()[at(c)].size;
      const bool shared = orbits_.share_block(i, c);
      if (shared) columns.push_back({T(1), orbits_.entry(i, c, true), 0});
      if (size - shared > 0) columns.push_back({T(size - shared), orbits_.entry(i, c, false), 0});
    }
    const T slope = weight * own.first / square(r);
    const T bend = weight * T(own.second - 2 * own.first) / square(square(r));
    for (const ColumnClass& x : columns) {
      gradient[x.first] += slope * x.count * entries[x.first];
      if (!with_hessian) continue;
      H(x.first, x.first) += slope * x.count;
      for (const ColumnClass& y : columns)
        if (y.first <= x.first)
          H(x.first, y.first) +=
              bend * T(x.count * y.count) * T(entries[x.first] * entries[y.first]);
    }
  }

  for_each_pair(entries, rows, [&](const PairAt& p) { add_pair(result, p, with_hessian); });
  const Vector<T> point = on_manifold(entries);
  if (kernels_->terms) add_polynomial(result, point, with_hessian);

  for (Index i = 0; i < n; ++i) {
    gradient[i] /= scales_[i];
    if (!with_hessian) continue;
    for (Index j = 0; j <= i; ++j) {
      H(i, j) /= T(scales_[i] * scales_[j]);
      if (j < i) H(j, i) = H(i, j);
    }
  }
  if (constraint() == Constraint::sphere) project(result, point, with_hessian);
  return result;
}

/// The Riemannian derivatives from the Euclidean ones: each row's Hessian less ⟨g, b⟩ (Absil,
/// Mahony and Trumpf, GSI 2013), all projected.
template <Scalar T>
void SymmetricObjective<T>::project(Evaluation& result, const Vector<T>& entries,
                                    bool with_hessian) const {
  for (int row = 0; row < static_cast<int>(orbits_.rows().size()); ++row) {
    const T count(orbits_.rows()[at(row)].size);  // |b|² over all rows of the type
    Vector<T> b = Vector<T>::Constant(entries.size(), T(0));
    for (Index i = 0; i < entries.size(); ++i)
      if (orbits_.entries()[at(i)].row == row) b[i] = entries[i] * scales_[i];
    const auto dot = [&](const auto& x) {
      T sum(0);
      for (Index i = 0; i < b.size(); ++i)
        if (orbits_.entries()[at(i)].row == row) sum += b[i] * x[i];
      return T(sum / count);
    };
    const T along = dot(result.gradient);
    for (Index i = 0; i < b.size(); ++i) {
      if (orbits_.entries()[at(i)].row != row) continue;
      result.gradient[i] -= along * b[i];
      if (with_hessian) result.hessian(i, i) -= along;
    }
    if (!with_hessian) continue;
    for (Index j = 0; j < b.size(); ++j) {
      const T part = dot(Vector<T>(result.hessian.col(j)));
      for (Index i = 0; i < b.size(); ++i) result.hessian(i, j) -= part * b[i];
    }
    for (Index i = 0; i < b.size(); ++i) {
      const T part = dot(Vector<T>(result.hessian.row(i).transpose()));
      for (Index j = 0; j < b.size(); ++j) result.hessian(i, j) -= part * b[j];
    }
  }
}

template class SymmetricObjective<double>;
template class SymmetricObjective<Real>;
template class SymmetricObjective<Interval>;

}  // namespace sigmahat
