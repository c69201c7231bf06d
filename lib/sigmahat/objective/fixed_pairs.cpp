#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/fixed_pairs.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Errors are sums and products of a few doubles.
constexpr double upwards = 1 + 0x1p-40;
constexpr double infinite = std::numeric_limits<double>::infinity();
/// Of an Interval, beyond the precision in force: what its rounding and that of a few operations
/// leave.
constexpr int thin_bits = 8;
constexpr long no_exponent = std::numeric_limits<long>::min() / 4;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// e with |x| < 2^e for what x may be; no_exponent for zero.
long exponent_above(mpfr_srcptr x) {
  return mpfr_regular_p(x) ? mpfr_get_exp(x) : no_exponent;
}
long exponent_above(const Real& x) {
  return exponent_above(x.backend().data());
}
long exponent_above(const Interval& x) {
  return std::max(exponent_above(x.backend().left_data()),
                  exponent_above(x.backend().right_data()));
}

}  // namespace

template <Scalar T>
auto FixedPairs<T>::scaled(const T& x) const -> Scaled {
  Scaled result;
  result.exponent = exponent_above(x);
  if (result.exponent == no_exponent)
    format_.set_zero(result.significand);
  else
    result.error = format_.set(result.significand, x, result.exponent);
  return result;
}

template <Scalar T>
auto FixedPairs<T>::product(const Scaled& x, const Scaled& y) const -> Scaled {
  Scaled result;
  format_.multiply(result.significand, x.significand, y.significand);
  result.exponent = std::max(x.exponent + y.exponent, no_exponent);
  result.error = (std::abs(format_.to_double(x.significand)) * y.error +
                  std::abs(format_.to_double(y.significand)) * x.error +
                  x.error * format_.unit() * y.error + 1) *
                 upwards;
  return result;
}

template <Scalar T>
auto FixedPairs<T>::power(const Scaled& x, int n, Scaled y) const -> Scaled {
  for (; n > 0; --n) y = product(x, y);
  return y;
}

template <Scalar T>
std::unique_ptr<FixedPairs<T>> FixedPairs<T>::make(const NetworkValues<T>& teacher,
                                                   const PairKernel<T>& mixed,
                                                   const PairKernel<T>& student) {
  if constexpr (std::same_as<T, double>) {
    return nullptr;
  } else {
    const long bits = PrecisionScope::bits();
    const auto format = FixedFormat::with_guard(bits);
    if (!format || teacher.c.size() > 0) return nullptr;
    auto q = mixed.fixed(*format), k = student.fixed(*format);
    const auto same_degree = [&] {
      return q->first_degree == k->first_degree && k->first_degree == k->second_degree;
    };
    if (!q || !k || !same_degree()) return nullptr;
    std::unique_ptr<FixedPairs> pairs(new FixedPairs(*format, *std::move(q), *std::move(k)));
    pairs->bits_ = bits;
    pairs->widest_ = std::ldexp(1.0, static_cast<int>(format->fraction_bits() - bits) + thin_bits);
    const Index rows = teacher.B.rows(), d = teacher.B.cols();
    pairs->dimension_ = d;
    pairs->rows_ = FixedArray(*format, at(rows * d));
    const FixedArray& read = pairs->rows_;
    for (Index l = 0; l < rows; ++l) {
      FixedSum square(*format);
      double error = 0;
      for (Index i = 0; i < d; ++i) {
        const double e = format->set(pairs->rows_[at(l * d + i)], teacher.B(l, i), 0);
        error += e * e;
        square.add(read[at(l * d + i)], read[at(l * d + i)]);
      }
      pairs->squares_.push_back(square);
      pairs->row_errors_.push_back(std::sqrt(error) * upwards);
      Scaled weight = pairs->scaled(teacher.a[l]);
      if (teacher.r.size() > 0)
        weight = pairs->power(pairs->scaled(teacher.r[l]), pairs->mixed_.second_degree, weight);
      weight.exponent += pairs->mixed_.kernel->exponent();
      pairs->weights_.push_back(weight);
      if (!(pairs->row_errors_.back() <= pairs->widest_ && weight.error <= pairs->widest_))
        return nullptr;
    }
    const T at_one = student.diagonal({T(1), T(0), nullptr}).value;
    pairs->at_one_error_ = format->set(pairs->at_one_, at_one, pairs->student_.kernel->exponent());
    if (format->finite(pairs->at_one_error_) == infinite) return nullptr;
    return pairs;
  }
}

/// A student's rows and weights.
template <Scalar T>
class FixedPairs<T>::Point {
 public:
  Point(const FixedPairs& pairs, const Weights<T>& x, int threads)
      : pairs_(pairs),
        format_(pairs.format_),
        x_(x),
        m_(x.B.rows()),
        d_(x.B.cols()),
        teachers_(static_cast<Index>(pairs.weights_.size())),
        degree_(pairs.student_.first_degree),
        threads_(threads),
        rows_(format_, at(m_ * d_)),
        squares_(at(m_), FixedSum(format_)),
        row_errors_(at(m_)),
        a_(at(m_)),
        lengths_(at(m_)),
        inverses_(at(m_)) {}

  /// False where a row or a weight is too wide.
  bool prepare() {
    for (Index i = 0; i < m_; ++i) {
      a_[at(i)] = pairs_.scaled(x_.a[i]);
      if (!(a_[at(i)].error <= pairs_.widest_ && normalise(i))) return false;
    }
    weigh();
    return true;
  }

  /// The kernels of all pairs, each once. False where one is not known.
  bool evaluate_kernels(bool slopes) {
    student_ = Jets(format_, at(m_ * m_), slopes);
    mixed_ = Jets(format_, at(m_ * teachers_), slopes);
    std::atomic<bool> known = true;  // of the pairs so far: the first that is not ends it all
    for_each_block(at(m_), threads_, [&](std::size_t block) {
      const auto i = static_cast<Index>(block);
      const double own = row_errors_[block];
      for (Index j = i + 1; j < m_ && known; ++j)
        if (!find(*pairs_.student_.kernel, rows(i), rows(j), squares_[block], squares_[at(j)],
                  own + row_errors_[at(j)], student_, at(i * m_ + j)))
          known = false;
      for (Index l = 0; l < teachers_ && known; ++l)
        if (!find(*pairs_.mixed_.kernel, rows(i), teacher(l), squares_[block],
                  pairs_.squares_[at(l)], own + pairs_.row_errors_[at(l)], mixed_,
                  at(i * teachers_ + l)))
          known = false;
    });
    return known;
  }

  /// Σ_i a_i r_i^n (Σ_j a_j r_j^n k_ij - 2 Σ_l a*_l r*_l^p q_il), and its gradient where `gradient`
  /// is not null. None where the bound is not worth having.
  std::optional<T> sum(Weights<T>* gradient) {
    FixedArray totals(format_, at(m_));
    std::vector<double> errors(at(m_));
    std::vector<char> good(at(m_), true);
    for_each_block(at(m_), threads_, [&](std::size_t block) {
      const auto i = static_cast<Index>(block);
      good[block] = add_row(i, totals[block], errors[block], gradient);
    });
    if (std::find(good.begin(), good.end(), false) != good.end()) return {};
    FixedSum sum(format_);
    double error = 1;
    const FixedArray &total = totals, &w = weights_;
    for (Index i = 0; i < m_; ++i) {
      sum.add(w[at(i)], total[at(i)]);
      error += sizes_[at(i)] * errors[at(i)] + weight_errors_[at(i)];
    }
    FixedNumber result;
    sum.round(result);
    if (!acceptable(error)) return {};
    return format_.template number<T>(result, error * upwards,
                                      2 * exponent_ - pairs_.student_.kernel->exponent());
  }

 private:
  /// Of pairs of rows.
  struct Jets {
    FixedArray rho, value, slope;
    std::vector<double> rho_error, value_error, slope_error;

    Jets() = default;
    Jets(const FixedFormat& format, std::size_t count, bool slopes)
        : rho(format, count),
          value(format, count),
          slope(format, slopes ? count : 0),
          rho_error(count),
          value_error(count),
          slope_error(count) {}
  };

  /// Row i as a unit row, its length and the inverse of that.
  bool normalise(Index i) {
    long exponent = no_exponent;
    for (Index k = 0; k < d_; ++k) exponent = std::max(exponent, exponent_above(x_.B(i, k)));
    if (exponent == no_exponent) return false;
    double square = 0, error = 0;
    for (Index k = 0; k < d_; ++k) {
      const FixedRef entry = rows_[at(i * d_ + k)];
      const double e = format_.set(entry, x_.B(i, k), exponent) + 1;
      error += e * e;
      const double size = format_.to_double(entry);
      square += size * size;
    }
    if (square < 0.24) return false;  // what an Interval's middle may be
    // The length in (1/2, 1], but for a rounding.
    const long shift = std::max(0L, static_cast<long>(std::ceil(std::log2(square) / 2)));
    exponent += shift;
    error = std::sqrt(error) * upwards;
    if (!(error <= pairs_.widest_)) return false;
    FixedSum sum(format_);
    const FixedArray& read = rows_;
    for (Index k = 0; k < d_; ++k) {
      format_.shift_right(rows_[at(i * d_ + k)], shift);
      sum.add(read[at(i * d_ + k)], read[at(i * d_ + k)]);
    }
    Scaled &length = lengths_[at(i)], &inverse = inverses_[at(i)];
    sum.root(length.significand);
    length.exponent = exponent;
    length.error = error + 1;
    // d(1/2r) = dr/2r², r > 0.49
    format_.half_inverse(inverse.significand, length.significand);
    inverse.exponent = 1 - exponent;
    inverse.error = (2.1 * length.error + 1) * upwards;
    for (Index k = 0; k < d_; ++k) {
      const FixedRef entry = rows_[at(i * d_ + k)];
      format_.multiply(entry, entry, inverse.significand, 1);
      squares_[at(i)].add(read[at(i * d_ + k)], read[at(i * d_ + k)]);
    }
    // Of what the entries stand for: 2|m - m̂|/(|m| + |m̂|). Of the entries: the inverse, of which
    // the root's rounding makes 2.1 and its own 1, twice, times the length, and the products'
    // rounding.
    row_errors_[at(i)] = (2.1 * error + 6.3 + std::sqrt(static_cast<double>(d_))) * upwards;
    return true;
  }

  /// What each row of the student, then each of the teacher counts, at one scale.
  void weigh() {
    std::vector<Scaled> all;
    for (Index i = 0; i < m_; ++i) {
      all.push_back(pairs_.power(lengths_[at(i)], degree_, a_[at(i)]));
      all.back().exponent += pairs_.student_.kernel->exponent();
    }
    all.insert(all.end(), pairs_.weights_.begin(), pairs_.weights_.end());
    exponent_ = no_exponent;
    for (const Scaled& w : all) exponent_ = std::max(exponent_, w.exponent);
    exponent_ = std::max(exponent_, no_exponent / 4);
    const auto count = static_cast<double>(all.size());
    exponent_ += static_cast<long>(std::ceil(std::log2(count * (degree_ + 1)))) + 1;
    weights_ = FixedArray(format_, all.size());
    for (std::size_t j = 0; j < all.size(); ++j) {
      const FixedRef w = weights_[j];
      const long shift = exponent_ - all[j].exponent;
      format_.copy(w, all[j].significand);
      format_.shift_right(w, shift);
      if (j >= at(m_)) *w.negative = !*w.negative;  // the teacher's
      weight_errors_.push_back(
          std::ldexp(all[j].error, static_cast<int>(std::max(-1000L, -shift))) + 1);
      // Above |w_j κ̂| and |w_j κ̂'|, too, which may be above 1 by their errors.
      sizes_.push_back(std::abs(format_.to_double(w)) * 1.001 + 0x1p-60);
    }
  }

  struct Row {
    const FixedArray& entries;
    std::size_t first;
    FixedView operator[](Index k) const { return entries[first + at(k)]; }
  };
  Row rows(Index i) const { return {rows_, at(i * d_)}; }
  Row teacher(Index l) const { return {pairs_.rows_, at(l * d_)}; }

  bool find(const FixedKernel& kernel, const Row& u, const Row& v, const FixedSum& square,
            const FixedSum& other_square, double error, Jets& jets, std::size_t pair) const {
    FixedSum product(format_);
    for (Index k = 0; k < d_; ++k) product.add(u[k], v[k]);
    const bool slopes = jets.slope.size() > 0;
    FixedJet jet{jets.rho[pair], jets.value[pair], slopes ? jets.slope[pair] : FixedRef{}};
    if (!kernel.jet({square, other_square, product, error}, jet)) return false;
    jets.rho_error[pair] = jet.rho_error;
    jets.value_error[pair] = jet.value_error;
    jets.slope_error[pair] = jet.slope_error;
    return true;
  }

  /// Row i's part of the value, without its weight, and of the gradient.
  bool add_row(Index i, FixedRef total, double& total_error, Weights<T>* gradient) {
    const FixedArray& w = weights_;
    FixedSum student(format_), mixed(format_);
    double student_error = 0, mixed_error = 0;
    student.add(w[at(i)], pairs_.at_one_);
    student_error += sizes_[at(i)] * pairs_.at_one_error_ + weight_errors_[at(i)];
    for_each_neighbour(i, [&](std::size_t j, const Jets& jets, std::size_t pair) {
      (j < at(m_) ? student : mixed).add(w[j], jets.value[pair]);
      (j < at(m_) ? student_error : mixed_error) +=
          sizes_[j] * jets.value_error[pair] + weight_errors_[j];
    });
    FixedSum sum = mixed;
    sum.multiply_by(2);
    sum.add(student);
    sum.round(total);
    total_error = (student_error + 2 * mixed_error + 1) * upwards;
    if (!gradient || !acceptable(total_error)) return acceptable(total_error);

    student.add(mixed);
    const double pull_error = (student_error + mixed_error) * upwards;
    FixedNumber pull;
    student.round(pull);
    Scaled scale;
    format_.set_one(scale.significand);
    gradient->a[i] = scaled(pull, pull_error + 1, pairs_.power(lengths_[at(i)], degree_, scale));

    // Σ_j w_j (κ' (v_j - ρ_j u) + n κ u)
    FixedArray pulls(format_, weights_.size());
    FixedSum along(format_);
    double along_error = 0, across_error = 0;
    for_each_neighbour(i, [&](std::size_t j, const Jets& jets, std::size_t pair) {
      format_.multiply(pulls[j], w[j], jets.slope[pair]);
      const FixedView factor = pulls[j];
      along.subtract(factor, jets.rho[pair]);
      const double error = sizes_[j] * jets.slope_error[pair] + weight_errors_[j] + 1;
      const double row_error = j < at(m_) ? row_errors_[j] : pairs_.row_errors_[j - at(m_)];
      along_error += error + sizes_[j] * jets.rho_error[pair];
      across_error += error + sizes_[j] * row_error;
    });
    student.multiply_by(static_cast<mp_limb_t>(degree_));
    along.add(student);
    FixedNumber own;
    along.round(own);
    const double own_error = along_error + degree_ * pull_error + 1;
    const double error = (across_error + own_error + row_errors_[at(i)] + 1) * upwards;
    if (!acceptable(error)) return false;
    const Scaled& a = a_[at(i)];
    const Scaled slope_scale = degree_ == 0 ? pairs_.product(a, inverses_[at(i)])
                                            : pairs_.power(lengths_[at(i)], degree_ - 1, a);
    const FixedArray &factors = pulls, &students = rows_, &teachers = pairs_.rows_;
    FixedSum entry(format_);
    FixedNumber rounded;
    for (Index k = 0; k < d_; ++k) {
      entry.clear();
      entry.add(own, students[at(i * d_ + k)]);
      for (Index j = 0; j < m_; ++j)
        if (j != i) entry.add(factors[at(j)], students[at(j * d_ + k)]);
      for (Index l = 0; l < teachers_; ++l)
        entry.add(factors[at(m_ + l)], teachers[at(l * d_ + k)]);
      entry.round(rounded);
      gradient->B(i, k) = scaled(rounded, error, slope_scale);
    }
    return true;
  }

  /// Every row that i is paired with: its place among the weights and that of the pair.
  template <class Visit>
  void for_each_neighbour(Index i, Visit visit) const {
    for (Index j = 0; j < m_; ++j)
      if (j != i) visit(at(j), student_, at(std::min(i, j) * m_ + std::max(i, j)));
    for (Index l = 0; l < teachers_; ++l) visit(at(m_ + l), mixed_, at(i * teachers_ + l));
  }

  /// 2·scale·x at the weights' scale.
  T scaled(const FixedNumber& x, double error, const Scaled& scale) const {
    FixedNumber product;
    format_.multiply(product, x, scale.significand);
    const double total =
        (std::abs(format_.to_double(scale.significand)) * error +
         (std::abs(format_.to_double(x)) + error * format_.unit()) * scale.error + 2) *
        upwards;
    return format_.template number<T>(product, total,
                                      std::max(exponent_ + scale.exponent + 1, no_exponent / 2));
  }

  /// A Real is to be right to its own rounding, relative to the weights; an Interval says itself.
  bool acceptable(double error) const {
    if constexpr (std::same_as<T, Real>)
      return error <= std::ldexp(1.0, static_cast<int>(format_.fraction_bits() - pairs_.bits_));
    else
      return format_.finite(4 * error) != infinite;
  }

  const FixedPairs& pairs_;
  FixedFormat format_;
  const Weights<T>& x_;
  Index m_, d_, teachers_;
  int degree_, threads_;
  FixedArray rows_;
  std::vector<FixedSum> squares_;
  std::vector<double> row_errors_;
  std::vector<Scaled> a_, lengths_, inverses_;
  /// Σ |w_j| (n+1) <= 1/2: what is summed is the sum times 2^-exponent.
  FixedArray weights_;
  long exponent_ = 0;
  std::vector<double> weight_errors_, sizes_;
  Jets student_, mixed_;
};

template <Scalar T>
std::optional<typename Objective<T>::Evaluation> FixedPairs<T>::evaluate(const Weights<T>& x,
                                                                         bool gradient,
                                                                         int threads) const {
  if constexpr (std::same_as<T, double>) {
    return {};
  } else {
    if (PrecisionScope::bits() > bits_) return {};
    Point point(*this, x, threads);
    if (!point.prepare() || !point.evaluate_kernels(gradient)) return {};
    typename Objective<T>::Evaluation result;
    if (gradient) {
      result.gradient.a.resize(x.a.size());
      result.gradient.B.resize(x.B.rows(), x.B.cols());
    }
    auto value = point.sum(gradient ? &result.gradient : nullptr);
    if (!value) return {};
    result.value = *std::move(value);
    return result;
  }
}

template class FixedPairs<Real>;
template class FixedPairs<Interval>;

}  // namespace sigmahat
