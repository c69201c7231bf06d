#include <algorithm>
#include <concepts>
#include <map>
#include <utility>

#include <sigmahat/sampling/pair_sums.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

constexpr Index lane = PairSums<double>::lane;
template <class T>
using Lane = Eigen::Array<T, lane, 1>;

template <class T>
Eigen::Map<const Lane<T>> lane_at(const T* x) {
  return Eigen::Map<const Lane<T>>(x);
}
template <class T>
Eigen::Map<Lane<T>> lane_at(T* x) {
  return Eigen::Map<Lane<T>>(x);
}

/// Calls f(p) for p = 1..Highest, each p a type of its own: arrays indexed by it stay in registers.
template <int Highest, class F>
void for_degrees(F f) {
  [&]<int... P>(std::integer_sequence<int, P...>) {
    (f(std::integral_constant<int, P + 1>{}), ...);
  }
  (std::make_integer_sequence<int, Highest>{});
}

/// W_0..W_Highest of one row at a lane of samples: W_{p+1} = u W_p - p ‖b‖² W_{p-1}.
template <class T, int Highest>
struct WickLanes {
  Lane<T> W[Highest + 1];

  WickLanes(const Lane<T>& u, T squared_norm) {
    W[0].setOnes();
    W[1] = u;
    if constexpr (Highest >= 2) {
      W[2] = u * u - squared_norm;
      for_degrees<Highest - 2>([&](auto degree) {
        constexpr int p = degree + 1;
        W[p + 1] = u * W[p] - (p * squared_norm) * W[p - 1];
      });
    }
  }
};

/// Calls f(std::integral_constant) with the least degree compiled for that is at least `highest`.
template <class F>
void with_degree(int highest, F f) {
  if (highest <= 2) return f(std::integral_constant<int, 2>{});
  if (highest <= 4) return f(std::integral_constant<int, 4>{});
  if (highest <= 8) return f(std::integral_constant<int, 8>{});
  f(std::integral_constant<int, max_gadget_degree>{});
}

/// Σ_j W_p(b_j, x_n) for the degrees asked for: column p of `sums`.
template <class T, int Highest>
void sum_rows(DegreeSet wanted, const Eigen::Ref<const Matrix<T>>& projections,
              const Vector<double>& norms, Matrix<T>& sums) {
  for (Index n = 0; n < projections.rows(); n += lane) {
    Lane<T> sum[Highest + 1];
    for_degrees<Highest>([&](auto degree) {
      constexpr int p = degree;
      sum[p].setZero();
    });
    for (Index j = 0; j < projections.cols(); ++j) {
      const WickLanes<T, Highest> wick(
          lane_at(projections.data() + j * projections.outerStride() + n),
          static_cast<T>(norms[j]));
      for_degrees<Highest>([&](auto degree) {
        constexpr int p = degree;

        if (wanted.contains(p)) sum[p] += wick.W[p];
      });
    }
    for_degrees<Highest>([&](auto degree) {
      constexpr int p = degree;

      if (wanted.contains(p)) lane_at(&sums(n, p)) = sum[p];
    });
  }
}

/// One column of projections: ⟨b_j, x_n⟩ for all n.
template <class T>
struct Column {
  Index samples;
  const T* u;
  const T* labels;
  double squared_norm, label_sum;
  Index row;                          ///< j
  const Matrix<double>& row_factors;  ///< in row j: D_p[j]
};

/// Σ_n y_n W_p, and, where wanted, ∂/∂u into `slopes`, with the part of ∂/∂‖b‖² that the pair sums
/// have. `sum_slopes` is N×(P+1): p ∂/∂W_p through the sums over rows.
///
/// W_Highest itself is not formed: Σ y W_p = Σ u y W_{p-1} - (p-1) ‖b‖² Σ y W_{p-2}, and the first
/// sum's terms share y W_{p-1} with ∂/∂u.
template <class T, int Highest>
void differentiate_column(const PairSumPlan plan, const Column<T> c, const Matrix<T>& sum_slopes,
                          T* slopes, Matrix<double>& totals, double& norm_slope) {
  const T squared_norm = static_cast<T>(c.squared_norm);
  Lane<T> total[Highest + 1], of_norm;
  for_degrees<Highest>([&](auto degree) { total[degree].setZero(); });
  of_norm.setZero();
  for (Index n = 0; n < c.samples; n += lane) {
    const Lane<T> y = lane_at(c.labels + n), u = lane_at(c.u + n);
    const WickLanes<T, Highest - 1> wick(u, squared_norm);
    Lane<T> slope = Lane<T>::Zero();
    for_degrees<Highest>([&](auto degree) {
      constexpr int p = degree;
      if (!plan.total.contains(p)) return;
      const Lane<T> weighted = y * wick.W[p - 1];
      total[p] += u * weighted;
      // The degrees of single rows are all among those of the totals.
      if (plan.single.contains(p)) slope += static_cast<T>(p * c.row_factors(c.row, p)) * weighted;
    });
    if (!slopes) continue;
    for_degrees<Highest>([&](auto degree) {
      constexpr int p = degree;
      if (!plan.sum.contains(p)) return;
      const Lane<T> of_sum = lane_at(&sum_slopes(n, p));
      slope += of_sum * wick.W[p - 1];
      // ∂W_p/∂‖b‖² = -p(p-1)/2 W_{p-2}
      if constexpr (p >= 3) of_norm -= T(0.5 * (p - 1)) * of_sum * wick.W[p - 2];
      if constexpr (p == 2) of_norm -= T(0.5) * of_sum;
    });
    lane_at(slopes + n) = slope;
  }
  double sums[Highest + 1];
  sums[0] = c.label_sum;
  for_degrees<Highest>([&](auto degree) {
    constexpr int p = degree;
    if (!plan.total.contains(p)) return;
    sums[p] = static_cast<double>(total[p].sum());
    if constexpr (p > 1) sums[p] -= (p - 1) * c.squared_norm * sums[p - 2];
    totals(c.row, p) += sums[p];
  });
  norm_slope += static_cast<double>(of_norm.sum());
}

/// y Σ_p D_p W_p of each sample.
template <class T, int Highest>
void add_column_values(const PairSumPlan plan, const Column<T> c, Vector<T>& values) {
  for (Index n = 0; n < c.samples; n += lane) {
    const WickLanes<T, Highest> wick(lane_at(c.u + n), static_cast<T>(c.squared_norm));
    Lane<T> value = Lane<T>::Zero();
    for_degrees<Highest>([&](auto degree) {
      constexpr int p = degree;
      if (plan.single.contains(p)) value += static_cast<T>(c.row_factors(c.row, p)) * wick.W[p];
    });
    lane_at(values.data() + n) += lane_at(c.labels + n) * value;
  }
}

double binomial(int n, int k) {
  double result = 1;
  for (int i = 1; i <= k; ++i) result = result * (n - k + i) / i;
  return result;
}

/// 1/(√n! σ̂_n) for the degrees n that the terms have, else 0.
std::vector<double> factors_of(const PolynomialTerms<double>& terms, const Activation& activation,
                               int digits) {
  MultivariatePolynomial degrees(1);
  const auto needs = [&](int degree) { degrees += MultivariatePolynomial::monomial({degree}, 1); };
  for (const auto& pair : terms.pairs)
    if (pair.factor != 0) needs(pair.alpha + pair.beta);
  for (const auto& single : terms.singles)
    if (single.factor != 0) needs(single.power);
  std::vector<double> factors(static_cast<std::size_t>(std::max(degrees.degree(), 0)) + 1, 0.0);
  const Gadget gadget(degrees, activation, digits);
  for (const Gadget::Part& part : gadget.parts())
    factors[static_cast<std::size_t>(part.degree)] = factor_of<double>(part);
  return factors;
}

/// result += xᵀy, in pieces: in one product of more than about 300 rows Eigen 3.4 takes three times
/// as long for the same work. A piece of single precision is formed in `piece`.
template <class T>
void add_transposed_product(const Eigen::Ref<const Matrix<T>>& x,
                            const Eigen::Ref<const Matrix<T>>& y, Matrix<T>& piece,
                            Eigen::Ref<Matrix<double>> result) {
  constexpr Index longest = 256;
  for (Index n = 0; n < x.rows(); n += longest) {
    const Index rows = std::min(longest, x.rows() - n);
    if constexpr (std::same_as<T, double>) {
      result.noalias() += x.middleRows(n, rows).transpose() * y.middleRows(n, rows);
    } else {
      piece.noalias() = x.middleRows(n, rows).transpose() * y.middleRows(n, rows);
      result += piece.template cast<double>();
    }
  }
}

/// x^r entrywise into a matrix that is there.
void set_power(const Matrix<double>& x, std::size_t r, Matrix<double>& result) {
  result.setOnes(x.rows(), x.cols());
  for (std::size_t i = 0; i < r; ++i) result.array() *= x.array();
}

}  // namespace

WickPairTerms::WickPairTerms(const PolynomialTerms<double>& terms, const Activation& activation,
                             int digits) {
  const std::vector<double> factors = factors_of(terms, activation, digits);
  singles.assign(factors.size(), 0.0);
  std::map<std::pair<int, int>, std::vector<double>> collected;
  for (const auto& [alpha, beta, factor] : terms.pairs) {
    if (factor == 0) continue;
    const int n = alpha + beta;
    const double scaled = factor * factors[static_cast<std::size_t>(n)];
    if (n == 0) {
      constant_of_pairs += scaled;
      continue;
    }
    singles[static_cast<std::size_t>(n)] -= scaled;
    double sign_and_factorial = 1;
    for (int r = 0; r <= std::min(alpha, beta); ++r) {
      if (r > 0) sign_and_factorial *= -r;
      auto& gram = collected[{std::min(alpha, beta) - r, std::max(alpha, beta) - r}];
      gram.resize(std::max(gram.size(), static_cast<std::size_t>(r) + 1), 0.0);
      gram[static_cast<std::size_t>(r)] +=
          scaled * sign_and_factorial * binomial(alpha, r) * binomial(beta, r);
    }
  }
  for (const auto& [power, factor] : terms.singles) {
    if (factor == 0) continue;
    const double scaled = factor * factors[static_cast<std::size_t>(power)];
    (power == 0 ? constant_of_rows : singles[static_cast<std::size_t>(power)]) += scaled;
  }
  for (auto& [degrees, gram] : collected)
    pairs.push_back({degrees.first, degrees.second, std::move(gram)});
}

void PairSumTotals::add(const PairSumTotals& other) {
  labels += other.labels;
  value += other.value;
  wick += other.wick;
  products += other.products;
  corner += other.corner;
  for (std::size_t i = 0; i < moments.size(); ++i) moments[i] += other.moments[i];
  norm_slopes += other.norm_slopes;
}

template <class T>
PairSums<T>::PairSums(WickPairTerms terms) : terms_(std::move(terms)) {
  const auto mark_single = [&](int p) {
    plan_.single.insert(p);
    // Of the value; of the derivative by the norm, and of the recurrence that leads there.
    for (int k = p; k > 0; k -= 2) plan_.total.insert(k);
  };
  for (std::size_t p = 1; p < terms_.singles.size(); ++p)
    if (terms_.singles[p] != 0) mark_single(static_cast<int>(p));
  for (const auto& [p, q, gram] : terms_.pairs) {
    if (p == 0) {
      rows_weighted_.push_back({p, q, gram, {}, {}});
      if (q > 0) mark_single(q);
      continue;
    }
    if (gram[0] != 0) {
      sums_.push_back({p, q, gram[0]});
      plan_.sum.insert(p);
      plan_.sum.insert(q);
    }
    if (std::all_of(gram.begin() + 1, gram.end(), [](double c) { return c == 0; })) continue;
    std::vector<double> beyond = gram;
    beyond[0] = 0;
    if (q == 1)
      quadratic_ = GramPolynomial{p, q, std::move(beyond), {}, {}};
    else
      matrices_.push_back({p, q, std::move(beyond), {}, {}});
  }
  std::sort(matrices_.begin(), matrices_.end(),
            [](const auto& x, const auto& y) { return x.q < y.q; });
}

template <class T>
void PairSums<T>::GramPolynomial::move_to(const Matrix<double>& gram) {
  Matrix<double> power;
  value.setZero(gram.rows(), gram.cols());
  derivative.setZero(gram.rows(), gram.cols());
  for (std::size_t r = 0; r < coefficients.size(); ++r) {
    if (coefficients[r] == 0) continue;
    if (r > 0) {
      set_power(gram, r - 1, power);
      derivative += static_cast<double>(r) * coefficients[r] * power;
    }
    set_power(gram, r, power);
    value += coefficients[r] * power;
  }
}

template <class T>
void PairSums<T>::move_to(const Matrix<double>& B) {
  B_ = B;
  gram_.noalias() = B * B.transpose();
  norms_ = gram_.diagonal();
  for (auto* polynomials : {&matrices_, &rows_weighted_})
    for (GramPolynomial& polynomial : *polynomials) polynomial.move_to(gram_);
  if (quadratic_) quadratic_->move_to(gram_);
  row_factors_.setZero(rows(), max_gadget_degree + 1);
  for (std::size_t p = 1; p < terms_.singles.size(); ++p)
    row_factors_.col(static_cast<Index>(p)).setConstant(terms_.singles[p]);
  for (const GramPolynomial& weighted : rows_weighted_)
    if (weighted.q > 0) row_factors_.col(weighted.q) += weighted.value.rowwise().sum();
}

template <class T>
Index PairSums<T>::corner() const {
  return quadratic_ && !projects_second_moment() ? dimension() / 16 * 8 : 0;
}

template <class T>
Index PairSums<T>::rows_of_second_moment() const {
  if (!quadratic_) return 0;
  return projects_second_moment() ? rows() : dimension() - corner();
}

template <class T>
std::size_t PairSums<T>::size_of_totals() const {
  const Index m = rows(), d = dimension();
  return static_cast<std::size_t>(m * (max_gadget_degree + 2) + (m + rows_of_second_moment()) * d +
                                  corner() * corner() +
                                  static_cast<Index>(matrices_.size()) * m * m);
}

template <class T>
void PairSums<T>::clear(PairSumTotals& totals) const {
  const Index m = rows();
  totals.labels = totals.value = 0;
  totals.wick.setZero(m, max_gadget_degree + 1);
  totals.products.setZero(m + rows_of_second_moment(), dimension());
  totals.corner.setZero(corner(), corner());
  totals.moments.resize(matrices_.size());
  for (Matrix<double>& moment : totals.moments) moment.setZero(m, m);
  totals.norm_slopes.setZero(m);
}

template <class T>
void PairSums<T>::add_block(const Eigen::Ref<const Matrix<T>>& inputs,
                            const Eigen::Ref<const Matrix<T>>& projections, const Vector<T>& labels,
                            Wanted wanted, Scratch& scratch, PairSumTotals& totals,
                            Vector<T>& values) const {
  const Index size = inputs.rows(), m = rows();
  const auto label_sum = static_cast<double>(labels.sum());
  totals.labels += label_sum;
  if (wanted.samples) values.setZero(size);
  add_sums(projections, labels, wanted, scratch, totals, values);
  scratch.factors.resize(size, m + rows_of_second_moment());
  with_degree((plan_.total | plan_.sum).highest(), [&](auto degree) {
    for (Index j = 0; j < m; ++j) {
      const T* const u = projections.data() + j * projections.outerStride();
      const Column<T> column{size, u, labels.data(), norms_[j], label_sum, j, row_factors_};
      differentiate_column<T, degree>(plan_, column, scratch.sum_slopes,
                                      wanted.gradient ? &scratch.factors(0, j) : nullptr,
                                      totals.wick, totals.norm_slopes[j]);
      if (wanted.samples) add_column_values<T, degree>(plan_, column, values);
    }
  });
  add_gram_products(projections, labels, wanted, scratch, totals, values);
  add_products_with_inputs(inputs, projections, labels, wanted, scratch, totals, values);
  for (const GramPolynomial& weighted : rows_weighted_)
    if (weighted.q == 0 && wanted.samples) values += static_cast<T>(weighted.value.sum()) * labels;
}

template <class T>
void PairSums<T>::add_sums(const Eigen::Ref<const Matrix<T>>& projections, const Vector<T>& labels,
                           Wanted wanted, Scratch& scratch, PairSumTotals& totals,
                           Vector<T>& values) const {
  if (sums_.empty()) return;
  const Index size = projections.rows();
  Matrix<T>& sums = scratch.sums;
  Matrix<T>& slopes = scratch.sum_slopes;
  sums.resize(size, plan_.sum.highest() + 1);
  slopes.setZero(size, plan_.sum.highest() + 1);
  with_degree(plan_.sum.highest(),
              [&](auto degree) { sum_rows<T, degree>(plan_.sum, projections, norms_, sums); });
  for (const auto& [p, q, factor] : sums_) {
    const auto s_p = sums.col(p).array(), s_q = sums.col(q).array();
    totals.value += factor * static_cast<double>((labels.array() * s_p * s_q).sum());
    if (wanted.samples) values.array() += static_cast<T>(factor) * labels.array() * s_p * s_q;
    slopes.col(p).array() += static_cast<T>(p * factor) * labels.array() * s_q;
    slopes.col(q).array() += static_cast<T>(q * factor) * labels.array() * s_p;
  }
}

template <class T>
void PairSums<T>::add_gram_products(const Eigen::Ref<const Matrix<T>>& projections,
                                    const Vector<T>& labels, Wanted wanted, Scratch& scratch,
                                    PairSumTotals& totals, Vector<T>& values) const {
  if (matrices_.empty()) return;
  const Index size = projections.rows(), m = rows();
  std::vector<Matrix<T>>& wick = scratch.wick;
  wick.resize(max_gadget_degree + 1);
  const Vector<T> norms = norms_.template cast<T>();
  wick[0].setOnes(size, m);
  wick[1] = projections;
  for (std::size_t p = 1; p < static_cast<std::size_t>(matrices_.back().q); ++p)
    wick[p + 1] =
        projections.cwiseProduct(wick[p]) - static_cast<T>(p) * wick[p - 1] * norms.asDiagonal();
  // What ∂/∂W_p is, y times the product, adds to ∂/∂u_nj and ∂/∂‖b_j‖².
  const auto differentiate = [&](int p) {
    const auto degree = static_cast<std::size_t>(p);
    scratch.factors.leftCols(m) += T(p) * scratch.product.cwiseProduct(wick[degree - 1]);
    if (p > 1)
      totals.norm_slopes -=
          0.5 * p * (p - 1) *
          scratch.product.cwiseProduct(wick[degree - 2]).colwise().sum().template cast<double>();
  };
  for (std::size_t i = 0; i < matrices_.size(); ++i) {
    const GramPolynomial& gamma = matrices_[i];
    const Matrix<T>&W_p = wick[static_cast<std::size_t>(gamma.p)],
          &W_q = wick[static_cast<std::size_t>(gamma.q)];
    scratch.weighted.noalias() = labels.asDiagonal() * W_q;
    add_transposed_product<T>(W_p, scratch.weighted, scratch.block, totals.moments[i]);
    if (!wanted.gradient && !wanted.samples) continue;
    scratch.product.noalias() = scratch.weighted * gamma.value.template cast<T>();
    if (wanted.samples) values += W_p.cwiseProduct(scratch.product).rowwise().sum();
    if (!wanted.gradient) continue;
    differentiate(gamma.p);
    if (gamma.p != gamma.q) {
      scratch.weighted.noalias() = labels.asDiagonal() * W_p;
      scratch.product.noalias() = scratch.weighted * gamma.value.template cast<T>();
    }
    differentiate(gamma.q);
  }
}

template <class T>
void PairSums<T>::add_products_with_inputs(const Eigen::Ref<const Matrix<T>>& inputs,
                                           const Eigen::Ref<const Matrix<T>>& projections,
                                           const Vector<T>& labels, Wanted wanted, Scratch& scratch,
                                           PairSumTotals& totals, Vector<T>& values) const {
  const Index m = rows(), below = rows_of_second_moment(), left = corner();
  if (quadratic_) {
    if (projects_second_moment())
      scratch.factors.rightCols(below).noalias() = labels.asDiagonal() * projections;
    else
      scratch.factors.rightCols(below).noalias() = labels.asDiagonal() * inputs.rightCols(below);
  }
  const Index top = wanted.gradient ? 0 : m;
  add_transposed_product<T>(scratch.factors.rightCols(m + below - top), inputs, scratch.block,
                            totals.products.bottomRows(m + below - top));
  if (left > 0) {
    scratch.weighted.noalias() = labels.asDiagonal() * inputs.leftCols(left);
    add_transposed_product<T>(scratch.weighted, inputs.leftCols(left), scratch.block,
                              totals.corner);
  }
  if (!quadratic_ || !wanted.samples) return;
  scratch.product.noalias() = projections * quadratic_->value.template cast<T>();
  values.array() +=
      labels.array() * scratch.product.cwiseProduct(projections).rowwise().sum().array();
}

template <class T>
Matrix<double> PairSums<T>::rows_times_second_moment(const PairSumTotals& totals) const {
  const Index below = rows_of_second_moment(), left = corner();
  const auto kept = totals.products.bottomRows(below);
  if (projects_second_moment()) return kept;
  // S is symmetric: its last rows are its last columns.
  Matrix<double> result(rows(), dimension());
  result.noalias() = B_.rightCols(below) * kept;
  result.leftCols(left).noalias() += B_.leftCols(left) * totals.corner;
  result.rightCols(below).noalias() += B_.leftCols(left) * kept.leftCols(left).transpose();
  return result;
}

template <class T>
double PairSums<T>::value(const PairSumTotals& totals) const {
  double sum = totals.value;
  sum += row_factors_.cwiseProduct(totals.wick).sum();
  for (const GramPolynomial& weighted : rows_weighted_)
    if (weighted.q == 0) sum += totals.labels * weighted.value.sum();
  if (quadratic_)
    sum += quadratic_->value.cwiseProduct(rows_times_second_moment(totals) * B_.transpose()).sum();
  for (std::size_t i = 0; i < matrices_.size(); ++i)
    sum += matrices_[i].value.cwiseProduct(totals.moments[i]).sum();
  return sum;
}

template <class T>
void PairSums<T>::gradient(const PairSumTotals& totals, Matrix<double>& result) const {
  // ∂/∂⟨b_j,b_k⟩
  Matrix<double> of_gram = Matrix<double>::Zero(rows(), rows());
  result = totals.products.topRows(rows());
  for (const GramPolynomial& weighted : rows_weighted_) {
    if (weighted.q == 0)
      of_gram += totals.labels * weighted.derivative;
    else
      of_gram += totals.wick.col(weighted.q).asDiagonal() * weighted.derivative;
  }
  if (quadratic_) {
    const Matrix<double> image = rows_times_second_moment(totals);
    of_gram += quadratic_->derivative.cwiseProduct(image * B_.transpose());
    result.noalias() += 2 * quadratic_->value * image;
  }
  for (std::size_t i = 0; i < matrices_.size(); ++i)
    of_gram += matrices_[i].derivative.cwiseProduct(totals.moments[i]);
  // ∂W_p/∂‖b‖² = -p(p-1)/2 W_{p-2}
  Vector<double> of_norms = totals.norm_slopes;
  for (int p = 2; p <= plan_.single.highest(); ++p) {
    if (!plan_.single.contains(p)) continue;
    const double half = -0.5 * p * (p - 1);
    if (p == 2)
      of_norms += half * totals.labels * row_factors_.col(p);
    else
      of_norms += half * row_factors_.col(p).cwiseProduct(totals.wick.col(p - 2));
  }
  of_gram += Matrix<double>(of_gram.transpose());
  of_gram.diagonal() += 2 * of_norms;
  result.noalias() += of_gram * B_;
}

template <class T>
double PairSums<T>::constant() const {
  const auto m = static_cast<double>(rows());
  return terms_.constant_of_pairs * m * (m - 1) + terms_.constant_of_rows * m;
}

template class PairSums<float>;
template class PairSums<double>;

}  // namespace sigmahat
