#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include <sigmahat/kernel/derivative_kernel.hpp>

namespace sigmahat {
namespace {

using Intervals = std::vector<Interval>;

constexpr int guard_digits = 5;
/// Beyond these lengths a series is not followed: where nothing else helps its tail is then in the
/// result.
constexpr int longest_series = 8192;
constexpr int longest_series_beside_moments = 512;
/// A tail above this, relative to E[σ²], is no result.
constexpr double least_use = 1e-3;

std::size_t index(int n) {
  return static_cast<std::size_t>(n);
}

bool contains(const std::vector<int>& list, int k) {
  return std::find(list.begin(), list.end(), k) != list.end();
}

/// x^a f(x).
Activation times_power(const PiecewisePolynomial& f, int a) {
  PiecewisePolynomial product = f;
  for (Polynomial& piece : product.pieces) piece.insert(piece.begin(), index(a), Rational(0));
  return Activation(fmt::format("x^{}*f", a), product);
}

bool breaks_at_zero_only(const PiecewisePolynomial& f) {
  return f.breakpoints.size() == 1 && f.breakpoints[0] == 0;
}

/// Σ c_ab u^a v^b.
class PlanePolynomial {
 public:
  explicit PlanePolynomial(int degree)
      : degree_(degree), coefficients_(index(degree + 1) * index(degree + 1), Interval(0)) {}

  int degree() const { return degree_; }
  Interval& at(int a, int b) { return coefficients_[index(a) * index(degree_ + 1) + index(b)]; }
  const Interval& at(int a, int b) const {
    return coefficients_[index(a) * index(degree_ + 1) + index(b)];
  }
  /// Adds x·u·f + y·v·f.
  void add_times_line(const Interval& x, const Interval& y, const PlanePolynomial& f) {
    for (int a = 0; a <= f.degree_; ++a)
      for (int b = 0; a + b <= f.degree_; ++b) {
        if (certainly_zero(f.at(a, b))) continue;
        at(a + 1, b) += x * f.at(a, b);
        at(a, b + 1) += y * f.at(a, b);
      }
  }
  void add(const Interval& factor, const PlanePolynomial& f) {
    for (int a = 0; a <= f.degree_; ++a)
      for (int b = 0; a + b <= f.degree_; ++b)
        if (!certainly_zero(f.at(a, b))) at(a, b) += factor * f.at(a, b);
  }

 private:
  int degree_;
  Intervals coefficients_;
};

/// W_pq of the vectors dual to those of u and v, in u and v: with h = 1/(1-ρ²) these have the
/// projections h (u - ρv) and h (v - ρu) and the Gram matrix h (1, -ρ; -ρ, 1), and
/// D_pq = E[σ(u) γ(v) W_pq] (MATH.md 6).
std::vector<std::vector<PlanePolynomial>> dual_wick_polynomials(const Interval& rho, int order) {
  const Interval h = 1 / (1 - square(rho)), mixed = -rho * h;
  std::vector<std::vector<PlanePolynomial>> w;
  for (int p = 0; p <= order; ++p) {
    w.emplace_back();
    for (int q = 0; p + q <= order; ++q) {
      PlanePolynomial& next = w[index(p)].emplace_back(p + q);
      if (p + q == 0) {
        next.at(0, 0) = 1;
      } else if (p > 0) {
        next.add_times_line(h, mixed, w[index(p - 1)][index(q)]);
        if (p > 1) next.add(Interval(-(p - 1) * h), w[index(p - 2)][index(q)]);
        if (q > 0) next.add(Interval(-q * mixed), w[index(p - 1)][index(q - 1)]);
      } else {
        next.add_times_line(mixed, h, w[0][index(q - 1)]);
        if (q > 1) next.add(Interval(-(q - 1) * h), w[0][index(q - 2)]);
      }
    }
  }
  return w;
}

/// What the series leaves out after K terms, given Σ_{k>=K} σ̂_k² <= `defect`; empty where this
/// bound does not hold yet.
///
/// (k+p)! (k+q)! <= (k+N)! k!, so a term is at most |σ̂_{k+p} σ̂_{k+q}| √((k+N)!/k!) |ρ|^k, whose
/// last two factors fall from K on where |ρ| (1 + N/(2(K+1))) <= 1; Cauchy and Schwarz bound the
/// sum of the first by what Parseval leaves.
std::optional<Real> tail(const Interval& size_of_rho, int order, int length, const Real& defect) {
  using std::sqrt;
  const Interval ratio = size_of_rho * (1 + Interval(order) / (2 * (length + 1)));
  if (upper(ratio) > 1) return {};
  Interval growth(1);
  for (int i = 1; i <= order; ++i) growth *= length + i;
  return upper(Interval(sqrt(growth) * power(size_of_rho, length) * Interval(defect)));
}

}  // namespace

DerivativeKernel::DerivativeKernel(const Activation& sigma, int order, int digits,
                                   const Real& widest)
    : order_(order), table_{sigma, digits, {}, {}} {
  using boost::multiprecision::pow;
  using std::sqrt;
  const auto* pieces = std::get_if<PiecewisePolynomial>(&sigma.structure());
  if (pieces && breaks_at_zero_only(*pieces))
    for (int a = 0; a <= order; ++a) {
      moments_.emplace_back();
      for (int b = 0; a + b <= order; ++b)
        moments_.back().push_back(
            make_dual_kernel<Interval>(times_power(*pieces, a), times_power(*pieces, b), digits));
    }
  const int longest = moments_.empty() ? longest_series : longest_series_beside_moments;
  for (int length = 32;; length *= 2) {
    table_ = hermite_coefficients(sigma, length + order, digits + guard_digits);
    Interval left = to_interval(table_.second_moment);
    tolerance_ = upper(left) * pow(Real(10), -(digits + guard_digits));
    defects_.clear();
    coefficients_.assign(1, {});
    for (const HermiteCoefficient& coefficient : table_.coefficients) {
      // Not negative, whatever an estimate says.
      defects_.push_back(std::max(upper(left), Real(0)));
      const Interval c = to_interval(coefficient.enclosure);
      left -= square(c);
      coefficients_[0].push_back(c);
    }
    for (int p = 1; p <= order; ++p) {
      Intervals next;
      const Intervals& last = coefficients_.back();
      for (std::size_t k = 0; k + 1 < last.size(); ++k)
        next.push_back(last[k + 1] * sqrt(Interval(static_cast<int>(k) + 1)));
      coefficients_.push_back(std::move(next));
    }
    const std::optional<End> reached = end(Interval(widest));
    if (reached && reached->tail <= tolerance_) return;
    if (length >= longest) break;
    // Where kinks or jumps make coefficients decay slowly, a longer table may not pay.
    if (length >= longest_series_beside_moments) {
      const std::optional<Real> in_the_end =
          tail(Interval(widest), order, longest, defects_[index(length)]);
      if (!in_the_end || *in_the_end > least_use * upper(to_interval(table_.second_moment))) break;
    }
  }
  needs_moments_ = !moments_.empty();
}

std::optional<DerivativeKernel::End> DerivativeKernel::end(const Interval& rho) const {
  using std::abs;
  if (certainly_zero(rho)) return End{1, Real(0)};
  const Interval size(upper(Interval(abs(rho))));
  const int available = static_cast<int>(coefficients_.back().size());
  std::optional<End> best;
  for (int length = std::min(16, available);; length = std::min(2 * length, available)) {
    if (std::optional<Real> left = tail(size, order_, length, defects_[index(length)]))
      best = End{length, std::move(*left)};
    if (length == available || (best && best->tail <= tolerance_)) return best;
  }
}

DerivativeKernel::Values DerivativeKernel::by_series(const Interval& rho, const End& end,
                                                     bool mirrored,
                                                     const std::vector<bool>& needed) const {
  const auto length = index(end.length);
  Intervals powers{Interval(1)};
  while (powers.size() < length) powers.push_back(powers.back() * rho);
  const Interval reach = make_interval(-end.tail, end.tail);
  Values values(index(order_) + 1);
  Intervals left(length);
  for (int p = 0; 2 * p <= order_; ++p) {
    for (std::size_t k = 0; k < length; ++k) left[k] = coefficients_[index(p)][k] * powers[k];
    for (int q = p; p + q <= order_; ++q) {
      Interval sum(0);
      if (needed[index(p + q)]) {
        const Intervals& right = coefficients_[index(q)];
        for (std::size_t k = 0; k < length; ++k) {
          if (certainly_zero(left[k]) || certainly_zero(right[k])) continue;
          if (mirrored && (k + index(q)) % 2 != 0)
            sum -= left[k] * right[k];
          else
            sum += left[k] * right[k];
        }
        sum += reach;
      }
      values[index(p + q)].push_back(sum);
    }
  }
  return values;
}

DerivativeKernel::Values DerivativeKernel::by_moments(const Interval& rho, bool mirrored,
                                                      const std::vector<bool>& needed) const {
  // E[u^a σ(u) v^b σ(-v)] is (-1)^b times that of u and -v.
  const Correlation<Interval> at = correlation(mirrored ? Interval(-rho) : rho);
  std::vector<Intervals> moments;
  for (int a = 0; a <= order_; ++a) {
    moments.emplace_back();
    for (int b = 0; a + b <= order_; ++b) {
      const Interval moment = moments_[index(a)][index(b)]->value(at);
      moments.back().push_back(mirrored && b % 2 != 0 ? Interval(-moment) : moment);
    }
  }
  const auto wick = dual_wick_polynomials(rho, order_);
  Values values(index(order_) + 1);
  for (int p = 0; 2 * p <= order_; ++p)
    for (int q = p; p + q <= order_; ++q) {
      Interval sum(0);
      const PlanePolynomial& w = wick[index(p)][index(q)];
      for (int a = 0; needed[index(p + q)] && a <= p + q; ++a)
        for (int b = 0; a + b <= p + q; ++b)
          if (!certainly_zero(w.at(a, b))) sum += w.at(a, b) * moments[index(a)][index(b)];
      values[index(p + q)].push_back(sum);
    }
  return values;
}

Interval DerivativeKernel::removed(int p, int q, const Interval& rho,
                                   const Variant& variant) const {
  Interval sum(0);
  const auto add_term = [&](int k) {
    const Interval term =
        coefficients_[index(p)][index(k)] * coefficients_[index(q)][index(k)] * power(rho, k);
    if (variant.mirrored && (k + q) % 2 != 0)
      sum -= term;
    else
      sum += term;
  };
  for (const int degree : variant.without) {
    if (degree >= p) add_term(degree - p);
    if (degree >= q && !contains(variant.without, degree - q + p)) add_term(degree - q);
  }
  return sum;
}

std::optional<Interval> DerivativeKernel::contracted(
    const std::vector<std::vector<Interval>>& weights, const Interval& rho,
    const Variant& variant) const {
  std::vector<bool> needed;
  for (const Intervals& of_degree : weights)
    needed.push_back(!std::all_of(of_degree.begin(), of_degree.end(),
                                  [](const Interval& w) { return certainly_zero(w); }));
  const std::optional<End> reached = end(rho);
  const bool converges = reached && reached->tail <= tolerance_;
  if (!reached && moments_.empty()) return {};
  const Values values = converges || moments_.empty()
                            ? by_series(rho, *reached, variant.mirrored, needed)
                            : by_moments(rho, variant.mirrored, needed);
  Interval total(0);
  for (int p = 0; 2 * p <= order_; ++p)
    for (int q = p; p + q <= order_; ++q) {
      // D_qp is D_pq; that of σ(u) and σ(-v) too, where p + q is even.
      const Intervals& of_degree = weights[index(p + q)];
      const Interval weight =
          p == q ? of_degree[index(p)] : Interval(of_degree[index(p)] + of_degree[index(q)]);
      if (certainly_zero(weight)) continue;
      total += weight * (values[index(p + q)][index(p)] - removed(p, q, rho, variant));
    }
  return total;
}

}  // namespace sigmahat
