#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/numeric/vector_operations.hpp>
#include <sigmahat/objective/fixed_pairs.hpp>
#include <sigmahat/objective/pair_objective.hpp>
#include <sigmahat/objective/unit_tangent.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Rows, each as a direction and a length.
template <Scalar T>
struct Directions {
  std::vector<Vector<T>> unit;
  std::vector<T> norm;

  static Directions of_unit_rows(const Matrix<T>& B) {
    Directions rows;
    for (Index i = 0; i < B.rows(); ++i) {
      rows.unit.push_back(B.row(i).transpose());
      rows.norm.push_back(T(1));
    }
    return rows;
  }
  static Directions of_rows(const Matrix<T>& B) {
    using std::sqrt;
    Directions rows;
    for (Index i = 0; i < B.rows(); ++i) {
      T squared(0);
      for (Index k = 0; k < B.cols(); ++k) squared += square(B(i, k));
      if (!certainly_positive(squared))
        throw DomainError(
            fmt::format("student row {} is zero; expected a row with a direction", i));
      const T norm = sqrt(squared);
      Vector<T> unit(B.cols());
      for (Index k = 0; k < B.cols(); ++k) unit[k] = B(i, k) / norm;
      rows.unit.push_back(std::move(unit));
      rows.norm.push_back(norm);
    }
    return rows;
  }
};

template <Scalar T>
Vector<T> zeros(Index size) {
  return Vector<T>::Constant(size, T(0));
}

/// w = v - ρu, with no cancellation near parallel rows: (v - u) + (1-ρ)u, (v + u) - (1+ρ)u.
template <Scalar T>
Vector<T> tangent(const Vector<T>& u, const Vector<T>& v, const Correlation<T>& angle) {
  const bool opposite = certainly_less(angle.one_plus, angle.one_minus);
  Vector<T> w(u.size());
  for (Index k = 0; k < u.size(); ++k)
    w[k] = opposite ? T(T(v[k] + u[k]) - angle.one_plus * u[k])
                    : T(T(v[k] - u[k]) + angle.one_minus * u[k]);
  return w;
}

/// sum += factor·w, w the tangent, the part along u as its coefficient: no vector is formed.
template <Scalar T>
void add_tangent(Vector<T>& sum, T& along, const T& factor, const Vector<T>& u, const Vector<T>& v,
                 const Correlation<T>& angle) {
  MultiplyAdd<T> add_product;
  if (far_from_parallel(angle.rho)) {
    add(sum, factor, v);
    add_product(along, T(-factor), angle.rho);
    return;
  }
  const bool opposite = certainly_less(angle.one_plus, angle.one_minus);
  for (Index k = 0; k < u.size(); ++k)
    add_product(sum[k], factor, opposite ? T(v[k] + u[k]) : T(v[k] - u[k]));
  add_product(along, opposite ? T(-factor) : factor, opposite ? angle.one_plus : angle.one_minus);
}

template <Scalar T>
BiasJet<T> seen_from_second(const BiasJet<T>& k) {
  return {.c = k.d,
          .d = k.c,
          .rho_c = k.rho_d,
          .rho_d = k.rho_c,
          .lambda_c = k.mu_d,
          .lambda_d = k.mu_c,
          .mu_c = k.lambda_d,
          .mu_d = k.lambda_c,
          .cc = k.dd,
          .cd = k.cd,
          .dd = k.cc};
}
template <Scalar T>
PairJet<T> seen_from_second(const PairJet<T>& k) {
  std::optional<BiasJet<T>> bias;
  if (k.bias) bias = seen_from_second(*k.bias);
  return {.value = k.value,
          .differentiable = k.differentiable,
          .rho = k.rho,
          .lambda = k.mu,
          .mu = k.lambda,
          .weighted_rho_rho = k.weighted_rho_rho,
          .rho_lambda = k.rho_mu,
          .rho_mu = k.rho_lambda,
          .lambda_lambda = k.mu_mu,
          .lambda_mu = k.lambda_mu,
          .mu_mu = k.lambda_lambda,
          .bias = std::move(bias)};
}

/// Row i's bias; zero where there are none.
template <Scalar T>
T bias_of(const Vector<T>& biases, Index i) {
  return biases.size() > 0 ? biases[i] : T(0);
}

}  // namespace

/// A student at one point: to each of its rows the teacher's rows, with weights -a*, and the other
/// rows of the student, with weights a, are neighbours of the same kind.
template <Scalar T>
class PairObjective<T>::Point {
 public:
  struct Neighbour {
    const Vector<T>& unit;
    T weight;
    PairJet<T> jet;  ///< of the row itself, first, and the neighbour
    const Correlation<T>& angle;
    Index student;  ///< its row in the student, -1 for a row of the teacher
  };

  Point(const PairObjective& objective, const Weights<T>& x)
      : objective_(objective),
        x_(x),
        teacher_(Directions<T>::of_unit_rows(objective.teacher_.B)),
        student_(Directions<T>::of_rows(x.B)) {
    for (Index i = 0; i < rows(); ++i) {
      neurons_.push_back(objective.student_->first(norm(i), bias_of(x.c, i)));
      mixed_neurons_.push_back(objective.mixed_->first(norm(i), bias_of(x.c, i)));
    }
  }

  Index rows() const { return x_.B.rows(); }
  Index dimension() const { return x_.B.cols(); }
  const T& a(Index i) const { return x_.a[i]; }
  bool biased() const { return x_.c.size() > 0; }
  const Vector<T>& unit(Index i) const { return student_.unit[at(i)]; }
  const T& norm(Index i) const { return student_.norm[at(i)]; }

  T value() const {
    std::vector<T> sums(at(rows()), T(0));
    parallel([&](Index i) {
      T sum = a(i) * objective_.student_->diagonal(neuron(i)).value / 2;
      for (Index j = i + 1; j < rows(); ++j)
        sum += a(j) * objective_.student_->value({neuron(i), neuron(j), student_angle(i, j)});
      for (Index l = 0; l < teacher_rows(); ++l)
        sum +=
            -objective_.teacher_.a[l] *
            objective_.mixed_->value({mixed_neurons_[at(i)], teacher_neuron(l), mixed_angle(i, l)});
      sums[at(i)] = a(i) * sum;
    });
    return total(sums);
  }

  /// Evaluates the kernels and their derivatives, each pair once.
  void differentiate() {
    diagonal_.resize(at(rows()), DiagonalJet<T>{T(0)});
    mixed_jets_.resize(at(rows() * teacher_rows()), PairJet<T>{T(0)});
    student_jets_.resize(at(rows() * rows()), PairJet<T>{T(0)});
    mixed_angles_.resize(at(rows() * teacher_rows()));
    student_angles_.resize(at(rows() * rows()));
    parallel([&](Index i) {
      diagonal_[at(i)] = objective_.student_->diagonal(neuron(i));
      for (Index j = i + 1; j < rows(); ++j) {
        Correlation<T>& angle = student_angles_[at(i * rows() + j)];
        PairJet<T>& jet = student_jets_[at(i * rows() + j)];
        angle = student_angle(i, j);
        jet = objective_.student_->jet({neuron(i), neuron(j), angle});
        require_differentiable(jet, "student", i, j);
      }
      for (Index l = 0; l < teacher_rows(); ++l) {
        Correlation<T>& angle = mixed_angles_[at(i * teacher_rows() + l)];
        PairJet<T>& jet = mixed_jets_[at(i * teacher_rows() + l)];
        angle = mixed_angle(i, l);
        jet = objective_.mixed_->jet({mixed_neurons_[at(i)], teacher_neuron(l), angle});
        require_differentiable(jet, "teacher", i, l);
      }
    });
  }

  const DiagonalJet<T>& diagonal(Index i) const { return diagonal_[at(i)]; }

  template <class Visit>
  void for_each_neighbour(Index i, Visit visit) const {
    for (Index l = 0; l < teacher_rows(); ++l)
      visit(Neighbour{teacher_.unit[at(l)], T(-objective_.teacher_.a[l]),
                      mixed_jets_[at(i * teacher_rows() + l)],
                      mixed_angles_[at(i * teacher_rows() + l)], -1});
    for (Index j = 0; j < rows(); ++j) {
      if (j == i) continue;
      const std::size_t pair = at(std::min(i, j) * rows() + std::max(i, j));
      visit(Neighbour{unit(j), a(j),
                      i < j ? student_jets_[pair] : seen_from_second(student_jets_[pair]),
                      student_angles_[pair], j});
    }
  }

  template <class Work>
  void parallel(Work work) const {
    for_each_block(at(rows()), objective_.threads_,
                   [&](std::size_t block) { work(static_cast<Index>(block)); });
  }

  /// The sums over rows, in their order, with what the student has no part in.
  T total(const std::vector<T>& sums) const {
    T sum(0);
    for (const T& part : sums) sum += part;
    return objective_.total(T(2 * sum));
  }

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  Index teacher_rows() const { return objective_.teacher_.B.rows(); }
  const Neuron<T>& neuron(Index i) const { return neurons_[at(i)]; }
  const Neuron<T>& teacher_neuron(Index l) const { return objective_.teacher_neurons_[at(l)]; }
  Correlation<T> student_angle(Index i, Index j) const { return correlation(unit(i), unit(j)); }
  Correlation<T> mixed_angle(Index i, Index l) const {
    return correlation(unit(i), teacher_.unit[at(l)]);
  }
  static void require_differentiable(const PairJet<T>& jet, const char* whose, Index i, Index j) {
    if (!jet.differentiable)
      throw DomainError(
          fmt::format("no gradient: student row {} and {} row {} are parallel, where the kernel "
                      "has no proven derivative",
                      i, whose, j));
  }

  const PairObjective& objective_;
  const Weights<T>& x_;
  Directions<T> teacher_, student_;
  std::vector<Neuron<T>> neurons_, mixed_neurons_;  ///< as each of the kernels wants them
  std::vector<DiagonalJet<T>> diagonal_;
  std::vector<PairJet<T>> mixed_jets_, student_jets_;
  std::vector<Correlation<T>> mixed_angles_, student_angles_;
};

template <Scalar T>
PairObjective<T>::PairObjective(NetworkValues<T> teacher, std::unique_ptr<PairKernel<T>> mixed,
                                std::unique_ptr<PairKernel<T>> student, Constants constants,
                                bool biased, int threads)
    : teacher_(std::move(teacher)),
      mixed_(std::move(mixed)),
      student_(std::move(student)),
      constants_(std::move(constants)),
      biased_(biased),
      threads_(threads) {
  for (Index l = 0; l < teacher_.B.rows(); ++l)
    teacher_neurons_.push_back(
        mixed_->second(teacher_.r.size() > 0 ? teacher_.r[l] : T(1), bias_of(teacher_.c, l)));
  if constexpr (!std::same_as<T, double>)
    fixed_ = FixedPairs<T>::make(teacher_, *mixed_, *student_);
}

template <Scalar T>
void PairObjective<T>::check(const Weights<T>& x) const {
  const bool biased = x.c.size() > 0;
  if (x.B.cols() != teacher_.B.cols() || x.a.size() != x.B.rows() ||
      (biased && x.c.size() != x.B.rows()))
    throw DomainError(fmt::format(
        "weights of {} and {} by {}; expected as many entries of a as rows of B, of {} entries",
        x.a.size(), x.B.rows(), x.B.cols(), teacher_.B.cols()));
  if (biased && !biased_)
    throw DomainError("weights with biases; expected none, as in the problem's student");
}

template <Scalar T>
std::string PairObjective<T>::method() const {
  const std::string mixed = mixed_->method(), student = student_->method();
  return mixed == student ? student : mixed + "; " + student;
}

template <Scalar T>
T PairObjective<T>::value(const Weights<T>& x) const {
  check(x);
  if constexpr (!std::same_as<T, double>)
    if (fixed_ && x.c.size() == 0)
      if (const auto result = fixed_->evaluate(x, false, threads_)) return total(result->value);
  return Point(*this, x).value();
}

template <Scalar T>
typename Objective<T>::Evaluation PairObjective<T>::value_and_gradient(const Weights<T>& x) const {
  check(x);
  if constexpr (!std::same_as<T, double>)
    if (fixed_ && x.c.size() == 0)
      if (auto result = fixed_->evaluate(x, true, threads_)) {
        result->value = total(result->value);
        return *std::move(result);
      }
  Point point(*this, x);
  point.differentiate();
  Weights<T> gradient{zeros<T>(x.a.size()), Matrix<T>(x.B.rows(), x.B.cols()),
                      zeros<T>(x.c.size())};
  std::vector<T> sums(static_cast<std::size_t>(x.B.rows()), T(0));
  point.parallel([&](Index i) {
    const DiagonalJet<T>& own = point.diagonal(i);
    const Vector<T>& u = point.unit(i);
    // What multiplies a_i: half its own part here, the half of each pair with the student.
    T pull(0), student_pull(0);
    T radial = x.a[i] * own.first / 2, offset = x.a[i] * own.c / 2;
    Vector<T> gradient_b = zeros<T>(u.size());
    point.for_each_neighbour(i, [&](const typename Point::Neighbour& n) {
      const T part = n.weight * n.jet.value;
      (n.student >= 0 ? student_pull : pull) += part;
      radial += n.weight * n.jet.lambda;
      if (n.jet.bias) offset += n.weight * n.jet.bias->c;
      add_tangent(gradient_b, radial, T(n.weight * n.jet.rho), u, n.unit, n.angle);
    });
    add(gradient_b, radial, u);
    const T own_part = x.a[i] * own.value;
    gradient.a[i] = 2 * T(own_part + pull + student_pull);
    const T scale = 2 * x.a[i] / point.norm(i);
    for (Index k = 0; k < u.size(); ++k) gradient.B(i, k) = scale * gradient_b[k];
    if (point.biased()) gradient.c[i] = 2 * x.a[i] * offset;
    sums[static_cast<std::size_t>(i)] = x.a[i] * T(T(own_part + student_pull) / 2 + pull);
  });
  return {point.total(sums), std::move(gradient)};
}

template <Scalar T>
Weights<T> PairObjective<T>::hessian_product(const Weights<T>& x,
                                             const Weights<T>& direction) const {
  check(x);
  Point point(*this, x);
  point.differentiate();
  const Index m = x.B.rows(), d = x.B.cols();
  // Directions in units of the rows' lengths, and their parts along the rows.
  std::vector<Vector<T>> y;
  std::vector<T> along;
  for (Index i = 0; i < m; ++i) {
    Vector<T> scaled(d);
    for (Index k = 0; k < d; ++k) scaled[k] = direction.B(i, k) / point.norm(i);
    along.push_back(dot(point.unit(i), scaled));
    y.push_back(std::move(scaled));
  }
  Weights<T> product{zeros<T>(m), Matrix<T>(m, d), zeros<T>(x.c.size())};
  point.parallel([&](Index i) {
    const auto at = [](Index j) { return static_cast<std::size_t>(j); };
    const DiagonalJet<T>& own = point.diagonal(i);
    const Vector<T>& u = point.unit(i);
    const T& alpha = direction.a[i];
    const T& eta = along[at(i)];
    Vector<T> across = y[at(i)];  // the part of y_i orthogonal to the row
    add(across, T(-eta), u);

    const T zeta = bias_of(direction.c, i);
    T pull_rate = alpha * own.value + x.a[i] * T(own.first * eta + own.c * zeta);
    // ∂/∂c without its factor 2a_i, and its rate of change.
    T offset = x.a[i] * own.c / 2;
    T offset_rate = x.a[i] * T(own.lambda_c * eta + own.cc * zeta) / 2 + alpha * own.c / 2;
    // The gradient without its factor 2a_i/r_i, and its rate of change in r_i² units.
    Vector<T> slope = zeros<T>(d), slope_rate = zeros<T>(d);
    add(slope, T(x.a[i] * own.first / 2), u);
    add(slope_rate,
        T(x.a[i] * T(T(own.second - own.first) * eta + own.lambda_c * zeta) / 2 +
          alpha * own.first / 2),
        u);
    add(slope_rate, T(x.a[i] * own.first / 2), across);
    point.for_each_neighbour(i, [&](const typename Point::Neighbour& n) {
      const PairJet<T>& k = n.jet;
      const Vector<T> w = tangent(u, n.unit, n.angle), w_unit = unit_tangent(w, n.angle);
      const T tau = dot(w, y[at(i)]);
      T rho_rate = tau, unit_rate = dot(w_unit, y[at(i)]);
      // With u, v the unit rows, w = v - ρu, ŵ = w/|w|, the second derivatives in b are
      //   k_ρρ wwᵀ + (k_ρλ - k_ρ)(wuᵀ + uwᵀ) + (k_λλ - k_λ) uuᵀ + (k_λ - ρk_ρ)(I - uuᵀ), over r².
      T u_part = T(k.rho_lambda - k.rho) * tau + T(k.lambda_lambda - k.lambda) * eta;
      T w_part = T(k.rho_lambda - k.rho) * eta;
      T value_rate = k.lambda * eta;
      const T& weight = n.weight;
      T bias_rate(0);  // of k_c
      if (k.bias) {
        w_part += k.bias->rho_c * zeta;
        u_part += k.bias->lambda_c * zeta;
        value_rate += k.bias->c * zeta;
        bias_rate = k.bias->lambda_c * eta + k.bias->cc * zeta;
        offset += weight * k.bias->c;
      }
      add(slope, T(weight * k.rho), w);
      add(slope, T(weight * k.lambda), u);
      if (n.student >= 0) {
        const Vector<T>& other = y[at(n.student)];
        const T& other_eta = along[at(n.student)];
        const Vector<T> back = tangent(n.unit, u, n.angle);
        const T other_tau = dot(back, other);
        rho_rate += other_tau;
        unit_rate += dot(unit_tangent(back, n.angle), other);
        w_part += k.rho_mu * other_eta;
        u_part += k.rho_lambda * other_tau + k.lambda_mu * other_eta;
        value_rate += k.mu * other_eta;
        if (k.bias) {
          const T other_zeta = bias_of(direction.c, n.student);
          w_part += k.bias->rho_d * other_zeta;
          u_part += k.bias->lambda_d * other_zeta;
          value_rate += k.bias->d * other_zeta;
          bias_rate += k.bias->mu_c * other_eta + k.bias->cd * other_zeta;
          offset_rate += direction.a[n.student] * k.bias->c;
        }
        // k_ρ (I - uuᵀ)(I - vvᵀ) y_j
        Vector<T> moved = other;
        add(moved, T(-other_eta), n.unit);
        add(moved, T(-dot(u, moved)), u);
        add(slope_rate, T(weight * k.rho), moved);
        const T& other_alpha = direction.a[n.student];
        pull_rate += other_alpha * k.value;
        add(slope_rate, T(other_alpha * k.rho), w);
        add(slope_rate, T(other_alpha * k.lambda), u);
      }
      value_rate += k.rho * rho_rate;
      if (k.bias) offset_rate += weight * T(bias_rate + k.bias->rho_c * rho_rate);
      pull_rate += weight * value_rate;
      add(slope_rate, T(weight * k.weighted_rho_rho * unit_rate), w_unit);
      add(slope_rate, T(weight * w_part), w);
      add(slope_rate, T(weight * u_part), u);
      add(slope_rate, T(weight * T(k.lambda - n.angle.rho * k.rho)), across);
    });
    product.a[i] = 2 * pull_rate;
    const T& r = point.norm(i);
    for (Index c = 0; c < d; ++c)
      product.B(i, c) = 2 * T(alpha * slope[c] + x.a[i] * slope_rate[c]) / r;
    if (point.biased()) product.c[i] = 2 * T(alpha * offset + x.a[i] * offset_rate);
  });
  return product;
}

template <Scalar T>
Matrix<T> PairObjective<T>::hessian(const Weights<T>& x) const {
  check(x);
  Point point(*this, x);
  point.differentiate();
  const Index m = x.B.rows(), d = x.B.cols();
  const Index size = m + m * d + x.c.size(), biases = m + m * d;
  Matrix<T> H = Matrix<T>::Constant(size, size, T(0));
  // Each row of neurons writes its own blocks, those to the right of the diagonal for both halves.
  point.parallel([&](Index i) {
    const DiagonalJet<T>& own = point.diagonal(i);
    const Vector<T>& u = point.unit(i);
    const T &a = x.a[i], &r = point.norm(i);
    const Index row = m + i * d;
    H(i, i) = 2 * own.value;

    // The block of b_i with itself: `cross` is c in cuᵀ + ucᵀ.
    Matrix<T> block = Matrix<T>::Constant(d, d, T(0));
    Vector<T> cross = zeros<T>(d), slope = zeros<T>(d);
    T along = a * T(own.second - own.first) / 2, across = a * own.first / 2;
    add(slope, T(a * own.first), u);
    // Of c_i: with a_i, with itself, with b_i.
    T offset = a * own.c, bias_bend = a * own.cc / 2;
    Vector<T> bias_slope = zeros<T>(d);
    add(bias_slope, T(a * own.lambda_c / 2), u);
    point.for_each_neighbour(i, [&](const typename Point::Neighbour& n) {
      const PairJet<T>& k = n.jet;
      const Vector<T> w = tangent(u, n.unit, n.angle), w_unit = unit_tangent(w, n.angle);
      const T bend = n.weight * k.weighted_rho_rho;
      for (Index p = 0; p < d; ++p) {
        const T factor = bend * w_unit[p];
        for (Index q = 0; q < p; ++q) block(p, q) += factor * w_unit[q];
        block(p, p) += bend * square(w_unit[p]);
      }
      add(cross, T(n.weight * T(k.rho_lambda - k.rho)), w);
      along += n.weight * T(k.lambda_lambda - k.lambda);
      across += n.weight * T(k.lambda - n.angle.rho * k.rho);
      add(slope, T(n.weight * k.rho), w);
      add(slope, T(n.weight * k.lambda), u);
      const bool biased = k.bias && point.biased();
      if (biased) {
        offset += n.weight * k.bias->c;
        bias_bend += n.weight * k.bias->cc;
        add(bias_slope, T(n.weight * k.bias->rho_c), w);
        add(bias_slope, T(n.weight * k.bias->lambda_c), u);
      }
      if (n.student < 0) return;

      const Index j = n.student, column = m + j * d;
      const T& other_norm = point.norm(j);
      for (Index p = 0; p < d; ++p) H(j, row + p) = 2 * a * T(k.rho * w[p] + k.lambda * u[p]) / r;
      for (Index p = 0; p < d; ++p) H(row + p, j) = H(j, row + p);
      if (biased) {
        H(j, biases + i) = 2 * a * k.bias->c;
        H(biases + i, j) = H(j, biases + i);
        // b_i with c_j
        for (Index p = 0; p < d; ++p) {
          H(row + p, biases + j) =
              2 * a * x.a[j] * T(k.bias->rho_d * w[p] + k.bias->lambda_d * u[p]) / r;
          H(biases + j, row + p) = H(row + p, biases + j);
        }
        if (i < j) {
          H(biases + i, biases + j) = 2 * a * x.a[j] * k.bias->cd;
          H(biases + j, biases + i) = H(biases + i, biases + j);
        }
      }
      if (j < i) return;
      H(i, j) = 2 * k.value;
      H(j, i) = H(i, j);
      const Vector<T>& v = n.unit;
      const Vector<T> back = tangent(v, u, n.angle), back_unit = unit_tangent(back, n.angle);
      const T scale = 2 * a * x.a[j] / T(r * other_norm);
      for (Index p = 0; p < d; ++p)
        for (Index q = 0; q < d; ++q) {
          T entry = k.weighted_rho_rho * w_unit[p] * back_unit[q] + k.rho_mu * w[p] * v[q] +
                    k.rho_lambda * u[p] * back[q] + k.lambda_mu * u[p] * v[q];
          // (I - uuᵀ)(I - vvᵀ) = I - uuᵀ - w vᵀ
          entry += k.rho * T(T(p == q ? 1 : 0) - u[p] * u[q] - w[p] * v[q]);
          H(row + p, column + q) = scale * entry;
          H(column + q, row + p) = H(row + p, column + q);
        }
    });
    const T scale = 2 * a / square(r);
    for (Index p = 0; p < d; ++p) {
      for (Index q = 0; q <= p; ++q) {
        T entry = block(p, q) + cross[p] * u[q] + u[p] * cross[q] + T(along - across) * u[p] * u[q];
        if (p == q) entry += across;
        H(row + p, row + q) = scale * entry;
        if (q < p) H(row + q, row + p) = H(row + p, row + q);
      }
      H(i, row + p) = 2 * slope[p] / r;
      H(row + p, i) = H(i, row + p);
    }
    if (!point.biased()) return;
    H(i, biases + i) = 2 * offset;
    H(biases + i, i) = H(i, biases + i);
    H(biases + i, biases + i) = 2 * a * bias_bend;
    for (Index p = 0; p < d; ++p) {
      H(row + p, biases + i) = 2 * a * bias_slope[p] / r;
      H(biases + i, row + p) = H(row + p, biases + i);
    }
  });
  return H;
}

namespace {

/// Σ_ij a_i a_j k(b_i, b_j), with the angle of b_i and -b_j where `reflected`.
template <Scalar T>
T form(const NetworkValues<T>& network, const PairKernel<T>& k, bool reflected, int threads) {
  const Directions<T> rows = Directions<T>::of_unit_rows(network.B);
  std::vector<Neuron<T>> first, second;
  for (Index i = 0; i < network.B.rows(); ++i) {
    const T length = network.r.size() > 0 ? network.r[i] : T(1), bias = bias_of(network.c, i);
    first.push_back(k.first(length, bias));
    second.push_back(k.second(length, bias));
  }
  const auto value = [&](std::size_t i, std::size_t j, const Correlation<T>& c) {
    const Correlation<T> angle = reflected ? Correlation<T>{T(-c.rho), c.one_plus, c.one_minus} : c;
    return k.value({first[i], second[j], angle});
  };
  std::vector<T> sums(rows.unit.size(), T(0));
  for_each_block(sums.size(), threads, [&](std::size_t i) {
    const auto a = [&](std::size_t j) -> const T& { return network.a[static_cast<Index>(j)]; };
    T sum = a(i) * value(i, i, {T(1), T(0), T(2)}) / 2;
    for (std::size_t j = i + 1; j < rows.unit.size(); ++j)
      sum += a(j) * value(i, j, correlation(rows.unit[i], rows.unit[j]));
    sums[i] = a(i) * sum;
  });
  T total(0);
  for (const T& sum : sums) total += sum;
  return 2 * total;
}

}  // namespace

template <Scalar T>
T quadratic_form(const NetworkValues<T>& network, const PairKernel<T>& k, int threads) {
  return form(network, k, false, threads);
}
template <Scalar T>
T reflected_form(const NetworkValues<T>& network, const PairKernel<T>& k, int threads) {
  return form(network, k, true, threads);
}

#define SIGMAHAT_INSTANTIATE(T)                                                          \
  template class PairObjective<T>;                                                       \
  template T quadratic_form(const NetworkValues<T>&, const PairKernel<T>&, int threads); \
  template T reflected_form(const NetworkValues<T>&, const PairKernel<T>&, int threads)
SIGMAHAT_INSTANTIATE(double);
SIGMAHAT_INSTANTIATE(Real);
SIGMAHAT_INSTANTIATE(Interval);
#undef SIGMAHAT_INSTANTIATE

}  // namespace sigmahat
