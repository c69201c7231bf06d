#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/activation/weak_derivative.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/kernel/dual_kernel.hpp>
#include <sigmahat/kernel/piecewise_kernel.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

template <Scalar T>
T exact(int value) {
  return T(value);
}

/// π - arccos ρ, to full relative accuracy also near ρ = -1.
template <Scalar T>
T angle_from_opposite(const Correlation<T>& c) {
  using std::atan;
  using std::sqrt;
  if (certainly_less(c.one_plus, c.one_minus))
    return 2 * atan(T(sqrt(T(c.one_plus / c.one_minus))));
  return pi<T>() - 2 * atan(T(sqrt(T(c.one_minus / c.one_plus))));
}

template <Scalar T>
Correlation<T> opposite(const Correlation<T>& c) {
  return {T(-c.rho), c.one_plus, c.one_minus};
}

/// The jet of a kernel that is analytic on [-1,1].
template <Scalar T>
KernelJet<T> smooth_jet(const Correlation<T>& c, const T& value, const T& first, const T& second) {
  return {value, first, second, T(c.one_minus * c.one_plus * second)};
}

/// Kernels that are cheap enough to give value and derivatives together.
template <Scalar T>
class ClosedFormKernel : public DualKernel<T> {
 public:
  T value(const Correlation<T>& c) const override { return this->jet(c).value; }
  std::string method() const override { return "closed form"; }
};

/// exp(su), exp(tv): e^{(s² + t²)/2 + stρ}.
template <Scalar T>
class ExponentialKernel final : public ClosedFormKernel<T> {
 public:
  ExponentialKernel(const Rational& s, const Rational& t)
      : offset_(from_rational<T>((s * s + t * t) / 2)), rate_(from_rational<T>(s * t)) {}
  KernelJet<T> jet(const Correlation<T>& c) const override {
    using std::exp;
    const T value = exp(T(offset_ + rate_ * c.rho));
    return smooth_jet<T>(c, value, rate_ * value, rate_ * rate_ * value);
  }

 private:
  T offset_, rate_;
};

/// sin(ωu), sin(νv): e^{-(ω² + ν²)/2} sinh(ωνρ); cosines: cosh.
template <Scalar T>
class SinusoidKernel final : public ClosedFormKernel<T> {
 public:
  SinusoidKernel(const Sinusoid& s, const Sinusoid& t)
      : sine_(s.phase == Sinusoid::Phase::sine),
        rate_(from_rational<T>(s.frequency * t.frequency)) {
    using std::exp;
    scale_ = exp(from_rational<T>(-(s.frequency * s.frequency + t.frequency * t.frequency) / 2));
  }
  KernelJet<T> jet(const Correlation<T>& c) const override {
    using std::cosh;
    using std::sinh;
    const T x = rate_ * c.rho;
    T odd = scale_ * sinh(x), even = scale_ * cosh(x);
    if (!sine_) std::swap(odd, even);
    return smooth_jet<T>(c, odd, rate_ * even, rate_ * rate_ * odd);
  }

 private:
  bool sine_;
  T rate_, scale_;
};

/// e^{-su²/2}, e^{-tv²/2}: ((1+s)(1+t) - stρ²)^{-1/2}.
template <Scalar T>
class GaussianKernel final : public ClosedFormKernel<T> {
 public:
  GaussianKernel(const Rational& s, const Rational& t)
      : total_(from_rational<T>((1 + s) * (1 + t))), product_(from_rational<T>(s * t)) {}
  KernelJet<T> jet(const Correlation<T>& c) const override {
    using std::sqrt;
    const T square_rho = square(c.rho), q = total_ - product_ * square_rho;
    const T value = 1 / sqrt(q), cube = value / q;
    return smooth_jet<T>(c, value, product_ * c.rho * cube,
                         product_ * cube * (1 + 3 * product_ * square_rho / q));
  }

 private:
  T total_, product_;
};

/// erf: (2/π) arcsin(2ρ/3).
template <Scalar T>
class ErrorFunctionKernel final : public ClosedFormKernel<T> {
 public:
  KernelJet<T> jet(const Correlation<T>& c) const override {
    using std::asin;
    using std::sqrt;
    const T x = 2 * c.rho / 3, q = 1 - square(x), scale = 2 / pi<T>(), slope = 1 / sqrt(q);
    return smooth_jet<T>(c, scale * asin(x), scale * 2 * slope / 3,
                         scale * 4 * x * slope / (9 * q));
  }
};

/// x Φ(x): ρ E[ΦΦ] + E[φφ] by Stein's identity, E[ΦΦ] = 1/4 + arcsin(ρ/2)/(2π) and
/// E[φφ] = (4 - ρ²)^{-1/2}/(2π).
template <Scalar T>
class GeluKernel final : public ClosedFormKernel<T> {
 public:
  KernelJet<T> jet(const Correlation<T>& c) const override {
    using std::asin;
    using std::sqrt;
    const T& rho = c.rho;
    const T half = rho / 2, q = 4 - square(rho), turn = 1 / (2 * pi<T>());
    const T density = turn / sqrt(q);  // E[φφ], which is also the derivative of E[ΦΦ]
    const T slope = density / q;       // its derivative is ρ·slope
    const T mass = exact<T>(1) / 4 + turn * asin(half);
    return smooth_jet<T>(c, density + rho * mass, mass + rho * density + rho * slope,
                         2 * density + slope * (1 + square(rho) * (1 + 3 / q)));
  }
};

/// A_mn(ρ) = E[u_+^m v_+^n] for m, n <= M, by Stein's identity; φ_0 = 1/√(2π), s = √(1-ρ²):
///   A_mn = (m-1) A_{m-2,n} + n ρ A_{m-1,n-1},  A_1n = φ_0 s^n ζ_n + n ρ A_{0,n-1},
///   A_0n = (n-1) A_{0,n-2} + ρ φ_0 s^{n-1} ζ_{n-1},  ζ_n = E[z_+^n].
/// For m = n these are the arc-cosine kernels of Cho and Saul (NIPS 2009).
template <Scalar T>
class TruncatedMoments {
 public:
  explicit TruncatedMoments(int highest) : highest_(highest), zeta_(index(highest) + 1) {
    using std::sqrt;
    peak_ = 1 / sqrt(T(2 * pi<T>()));
    zeta_[0] = exact<T>(1) / 2;
    if (highest >= 1) zeta_[1] = peak_;
    for (int n = 2; n <= highest; ++n) zeta_[index(n)] = (n - 1) * zeta_[index(n - 2)];
  }

  struct Table {
    const TruncatedMoments& constants;
    T rho, s;
    std::vector<T> values;  // (m, n) at m·(M+1) + n

    const T& value(int m, int n) const {
      return values[index(m) * (index(constants.highest_) + 1) + index(n)];
    }
    /// dA_mn/dρ = E[(u_+^m)' (v_+^n)'], a point mass in place of the derivative of u_+^0. Needs
    /// s > 0 for m = n = 0.
    T first(int m, int n) const {
      if (m > n) std::swap(m, n);
      if (m > 0) return m * n * value(m - 1, n - 1);
      if (n == 0) return square(constants.peak_) / s;
      return n * constants.peak_ * power(s, n - 1) * constants.zeta_[index(n) - 1];
    }
    /// The second derivative; needs s > 0 for (0,0), (0,2) and (1,1).
    T second(int m, int n) const {
      if (m > n) std::swap(m, n);
      if (m > 0) return m * n * first(m - 1, n - 1);
      if (n == 0) return square(constants.peak_) * rho / (s * square(s));
      if (n == 1) return exact<T>(0);
      const T scale = -n * (n - 1) * constants.peak_ * constants.zeta_[index(n) - 1] * rho;
      return n == 2 ? T(scale / s) : T(scale * power(s, n - 3));
    }
    /// (1-ρ²) times the second derivative; needs s > 0 for (0,0) alone.
    T weighted_second(int m, int n) const {
      if (m > n) std::swap(m, n);
      if (n == 0) return square(constants.peak_) * rho / s;
      if (m == 1 && n == 1) return square(constants.peak_) * s;
      if (m == 0 && n == 2) return -2 * constants.peak_ * constants.zeta_[1] * rho * s;
      return square(s) * second(m, n);
    }
  };

  Table at(const Correlation<T>& c) const {
    using std::sqrt;
    Table table{*this, c.rho, sqrt(T(c.one_minus * c.one_plus)),
                std::vector<T>((index(highest_) + 1) * (index(highest_) + 1))};
    const auto a = [&](int m, int n) -> T& {
      return table.values[index(m) * (index(highest_) + 1) + index(n)];
    };
    a(0, 0) = angle_from_opposite(c) / (2 * pi<T>());
    T root_power = table.s;  // s^n
    for (int n = 1; n <= highest_; ++n) {
      if (n == 1) {
        a(0, 1) = c.one_plus * peak_ / 2;
      } else {
        a(0, n) = (n - 1) * a(0, n - 2) + c.rho * peak_ * root_power * zeta_[index(n) - 1];
        root_power *= table.s;
      }
      a(n, 0) = a(0, n);
      a(1, n) = peak_ * root_power * zeta_[index(n)] + n * c.rho * a(0, n - 1);
      if (n > 1) a(n, 1) = a(1, n);  // assigned to itself, an Interval of Boost 1.74 turns to NaN
    }
    for (int m = 2; m <= highest_; ++m)
      for (int n = m; n <= highest_; ++n) {
        a(m, n) = (m - 1) * a(m - 2, n) + n * c.rho * a(m - 1, n - 1);
        if (n > m) a(n, m) = a(m, n);
      }
    return table;
  }

 private:
  static std::size_t index(int n) { return static_cast<std::size_t>(n); }
  int highest_;
  T peak_;
  std::vector<T> zeta_;
};

/// Polynomials on either side of zero, a kink at zero: relu, abs, step, relu_power, leaky_relu ...,
/// mixed as one likes. With u^m = r u_+^m + l u_-^m, u_- = (-u)_+, the pair (m, n) gives
/// (r r' + l l') A_mn(ρ) + (r l' + l r') A_mn(-ρ).
template <Scalar T>
class PowerKernel final : public DualKernel<T> {
 public:
  PowerKernel(const PiecewisePolynomial& sigma, const PiecewisePolynomial& gamma)
      : moments_(std::max(degree_of(sigma), degree_of(gamma))) {
    for (int m = 0; m <= degree_of(sigma); ++m)
      for (int n = 0; n <= degree_of(gamma); ++n) {
        const Sides u = sides(sigma, m), v = sides(gamma, n);
        const Rational same = u.right * v.right + u.left * v.left;
        const Rational crossed = u.right * v.left + u.left * v.right;
        crosses_ = crosses_ || crossed != 0;
        if (same != 0 || crossed != 0)
          terms_.push_back({m, n, from_rational<T>(same), from_rational<T>(crossed),
                            has_jump(u, m) && has_jump(v, n)});
      }
  }

  T value(const Correlation<T>& c) const override {
    std::optional<Moments> opposite_moments;
    const Moments along = moments_.at(c);
    return value(along, against(along, c, opposite_moments));
  }

  KernelJet<T> jet(const Correlation<T>& c) const override {
    const Moments along = moments_.at(c);
    std::optional<Moments> opposite_moments;
    const Moments& against = this->against(along, c, opposite_moments);
    // A_00' and the second derivatives of A_00, A_11, A_02 are infinite at |ρ| = 1; where one of
    // the two powers has no jump, the infinities cancel and nothing is left.
    const bool inside = certainly_positive(along.s);
    const auto derivative = [&](auto is_singular, auto term) -> std::optional<T> {
      T total(0);
      for (const Term& t : terms_) {
        if (inside || !is_singular(t))
          total += term(t);
        else if (t.both_jump)
          return {};
      }
      return total;
    };
    return {
        value(along, against),
        derivative([](const Term& t) { return t.m + t.n == 0; },
                   [&](const Term& t) {
                     return T(t.same * along.first(t.m, t.n) - t.crossed * against.first(t.m, t.n));
                   }),
        derivative([](const Term& t) { return t.m + t.n == 0 || t.m + t.n == 2; },
                   [&](const Term& t) {
                     return T(t.same * along.second(t.m, t.n) +
                              t.crossed * against.second(t.m, t.n));
                   }),
        derivative([](const Term& t) { return t.m + t.n == 0; },
                   [&](const Term& t) {
                     return T(t.same * along.weighted_second(t.m, t.n) +
                              t.crossed * against.weighted_second(t.m, t.n));
                   })};
  }

  std::string method() const override { return "closed form"; }

 private:
  using Moments = typename TruncatedMoments<T>::Table;
  struct Sides {
    Rational right, left;  ///< coefficients of u_+^m and u_-^m
  };
  struct Term {
    int m, n;
    T same, crossed;
    bool both_jump;
  };

  static int degree_of(const PiecewisePolynomial& f) {
    return std::max(static_cast<int>(std::max(f.pieces.front().size(), f.pieces.back().size())) - 1,
                    0);
  }
  static Sides sides(const PiecewisePolynomial& f, int m) {
    const auto coefficient = [&](const Polynomial& piece) {
      const auto i = static_cast<std::size_t>(m);
      return i < piece.size() ? piece[i] : Rational(0);
    };
    const Rational left = coefficient(f.pieces.front());
    return {coefficient(f.pieces.back()), m % 2 == 0 ? left : Rational(-left)};
  }
  static bool has_jump(const Sides& u, int m) {
    return u.right != (m % 2 == 0 ? u.left : Rational(-u.left));
  }

  T value(const Moments& along, const Moments& against) const {
    T total(0);
    for (const Term& t : terms_) {
      if (!certainly_zero(t.same)) total += t.same * along.value(t.m, t.n);
      if (!certainly_zero(t.crossed)) total += t.crossed * against.value(t.m, t.n);
    }
    return total;
  }

  /// The moments at -ρ, half of the work: those at ρ stand in where no term asks for them.
  const Moments& against(const Moments& along, const Correlation<T>& c,
                         std::optional<Moments>& place) const {
    return crosses_ ? place.emplace(moments_.at(opposite(c))) : along;
  }

  TruncatedMoments<T> moments_;
  std::vector<Term> terms_;
  bool crosses_ = false;  ///< whether any term has a crossed part
};

/// Σ_{k<=K} σ̂_k γ̂_k ρ^k; beyond K nothing, or what Parseval leaves.
template <Scalar T>
class SeriesKernel final : public DualKernel<T> {
 public:
  /// @param tails  of κ, κ', κ'': sqrt(D_K(σ) D_K(γ)), and the same of σ' and γ', of σ'' and γ'',
  ///               where they are known, up to the degrees K-1 and K-2; 0 where the series ends
  /// @param at_one  κ(1) where it is known by other means
  SeriesKernel(const CoefficientTable& sigma, const CoefficientTable& gamma,
               std::array<std::optional<T>, 3> tails, bool ends, std::optional<T> at_one)
      : tails_(std::move(tails)), ends_(ends), at_one_(std::move(at_one)) {
    const std::size_t count = std::min(sigma.coefficients.size(), gamma.coefficients.size());
    for (std::size_t k = 0; k < count; ++k)
      products_.push_back(from_enclosure<T>(sigma.coefficients[k].enclosure) *
                          from_enclosure<T>(gamma.coefficients[k].enclosure));
  }

  T value(const Correlation<T>& c) const override {
    if (at_one_ && certainly_zero(c.one_minus)) return *at_one_;
    return widened(horner(
                       c.rho, [](int) { return 1; }, 0),
                   c, 0);
  }

  KernelJet<T> jet(const Correlation<T>& c) const override {
    using std::abs;
    const bool inside = certainly_less(T(abs(c.rho)), T(1));
    const auto bounded = [&](std::size_t order) { return ends_ || inside || tails_[order]; };
    KernelJet<T> jet{value(c), {}, {}, {}};
    const T bend = horner(
        c.rho, [](int k) { return k * (k - 1); }, 2);
    if (bounded(1)) {
      jet.first = widened(horner(
                              c.rho, [](int k) { return k; }, 1),
                          c, 1);
      jet.weighted_second = weighted(c, bend);
    }
    if (bounded(2)) jet.second = widened(bend, c, 2);
    return jet;
  }

  std::string method() const override {
    if (ends_) return fmt::format("polynomial of degree {}", products_.size() - 1);
    return fmt::format("series, K = {}", products_.size() - 1);
  }

 private:
  /// Σ_{k>=order} factor(k) c_k ρ^{k-order}
  template <class Factor>
  T horner(const T& rho, Factor factor, int order) const {
    T sum(0);
    for (int k = static_cast<int>(products_.size()) - 1; k >= order; --k)
      sum = sum * rho + factor(k) * products_[static_cast<std::size_t>(k)];
    return sum;
  }

  /// For an Interval, `sum` with the tail of the order-th derivative: sqrt(D_K D_K) times the
  /// largest k!/(k-order)! |ρ|^{k-order} beyond K, or what Parseval leaves of the order-th
  /// derivatives of σ and γ, times |ρ|^{K+1-order}.
  T widened(const T& sum, const Correlation<T>& c, int order) const {
    if constexpr (std::same_as<T, Interval>) {
      if (ends_) return sum;
      const Interval size(upper(Interval(abs(c.rho))));
      const int next = static_cast<int>(products_.size());
      std::optional<Real> reach;
      if (order == 0 || certainly_less(size, Interval(1)))
        reach = upper(Interval(*tails_[0] * largest_factor(size, next, order)));
      if (const auto& tail = tails_[static_cast<std::size_t>(order)]) {
        const Real other = upper(Interval(*tail * power(size, next - order)));
        if (!reach || other < *reach) reach = other;
      }
      return sum + make_interval(-*reach, *reach);
    } else {
      return sum;
    }
  }

  /// (1-ρ²) κ'', given the part of κ'' up to K. Beyond K each term of κ' comes with the factor
  /// (k-1) |ρ|^{k-2} (1-ρ²) < 2.
  T weighted(const Correlation<T>& c, const T& bend) const {
    const T weight = c.one_minus * c.one_plus;
    if constexpr (std::same_as<T, Interval>) {
      if (ends_) return weight * bend;
      std::optional<Interval> result;
      if (tails_[1]) {
        const Real reach = upper(Interval(2 * *tails_[1]));
        result = weight * bend + make_interval(-reach, reach);
      }
      if (tails_[2] || certainly_less(Interval(abs(c.rho)), Interval(1))) {
        const Interval other = weight * widened(bend, c, 2);
        result = result ? intersect(*result, other) : other;
      }
      return *result;
    } else {
      return weight * bend;
    }
  }

  /// max of k^order ρ^{k-order} over the reals k >= next; it falls from k = order/ln(1/ρ) on.
  static Interval largest_factor(const Interval& rho, int next, int order) {
    if (order > 0 && certainly_positive(rho)) {
      const Interval peak = order / Interval(-log(rho));
      if (upper(peak) > next)
        return power(Interval(peak / exp(Interval(1))), order) / power(rho, order);
    }
    return power(Interval(next), order) * power(rho, next - order);
  }

  std::vector<T> products_;
  std::array<std::optional<T>, 3> tails_;
  bool ends_;
  std::optional<T> at_one_;
};

template <Scalar T>
std::unique_ptr<DualKernel<T>> make_finite_series(const Activation& sigma, const Activation& gamma,
                                                  int degree, int digits) {
  const CoefficientTable first = hermite_coefficients(sigma, degree, digits);
  const CoefficientTable second = hermite_coefficients(gamma, degree, digits);
  return std::make_unique<SeriesKernel<T>>(
      first, second, std::array<std::optional<T>, 3>{T(0), T(0), T(0)}, true, std::nullopt);
}

/// E[σ²], E[σ'²], E[σ''²]: what is proven of them.
std::array<std::optional<Interval>, 3> derivative_moments(const Activation& sigma,
                                                          const CoefficientTable& table,
                                                          int digits) {
  std::array<std::optional<Interval>, 3> moments{to_interval(table.second_moment), {}, {}};
  std::optional<Activation> slope = sigma;
  for (std::size_t order = 1; order < moments.size(); ++order) {
    slope = weak_derivative(*slope);
    if (!slope) break;
    const Enclosure moment = hermite_coefficients(*slope, 0, digits).second_moment;
    if (moment.status == Status::estimated) break;
    moments[order] = to_interval(moment);
  }
  return moments;
}

/// What Parseval leaves of E[(σ^(n))²] beyond degree K: Σ_{k>K} k!/(k-n)! σ̂_k².
std::optional<Interval> defect(const std::optional<Interval>& moment, const CoefficientTable& table,
                               int order) {
  if (!moment) return {};
  Interval left = *moment;
  for (int k = order; k <= table.max_degree(); ++k) {
    const Interval c = to_interval(table.coefficients[static_cast<std::size_t>(k)].enclosure);
    left -= (order == 0 ? 1 : order == 1 ? k : k * (k - 1)) * square(c);
  }
  return known_within(left, Interval(0), Interval(upper(*moment)));
}

/// Degrees beyond which a slowly converging series is not followed; its tail is then in the result.
constexpr int longest_series = 2048;

template <Scalar T>
std::unique_ptr<DualKernel<T>> make_series(const Activation& sigma, const Activation& gamma,
                                           int digits) {
  using std::sqrt;
  const Real wanted = pow(Real(10), -digits);
  for (int degree = 64;; degree *= 2) {
    const CoefficientTable first = hermite_coefficients(sigma, degree, digits + 5);
    const CoefficientTable second =
        sigma == gamma ? first : hermite_coefficients(gamma, degree, digits + 5);
    const Interval product =
        to_interval(first.parseval_defect()) * to_interval(second.parseval_defect());
    const Interval tail = sqrt(Interval(upper(product)));
    if (upper(tail) > wanted && degree < longest_series) continue;
    std::optional<T> at_one;
    if (sigma == gamma) at_one = from_enclosure<T>(first.second_moment);
    const auto sigma_moments = derivative_moments(sigma, first, digits + 5);
    const auto gamma_moments =
        sigma == gamma ? sigma_moments : derivative_moments(gamma, second, digits + 5);
    std::array<std::optional<T>, 3> tails;
    for (int order = 0; order < 3; ++order) {
      const auto i = static_cast<std::size_t>(order);
      const auto left = defect(sigma_moments[i], first, order);
      const auto right = defect(gamma_moments[i], second, order);
      if (left && right)
        tails[i] = from_enclosure<T>(to_enclosure(
            Interval(sqrt(Interval(upper(Interval(*left * *right))))), Status::certified));
    }
    return std::make_unique<SeriesKernel<T>>(first, second, std::move(tails), false,
                                             std::move(at_one));
  }
}

/// The degree at which Σ σ̂_k γ̂_k ρ^k ends, where one of the two is a polynomial.
std::optional<int> series_end(const Activation& sigma, const Activation& gamma) {
  std::optional<int> degree;
  for (const Activation* activation : {&sigma, &gamma})
    if (const auto d = activation->polynomial_degree(); d && (!degree || *d < *degree)) degree = d;
  return degree;
}

bool breaks_at_zero_only(const PiecewisePolynomial& f) {
  return f.breakpoints.empty() || (f.breakpoints.size() == 1 && f.breakpoints[0] == 0);
}

/// The closed form for a pair of structures; null where there is none.
template <Scalar T>
struct ClosedForms {
  using Result = std::unique_ptr<DualKernel<T>>;

  Result operator()(const PiecewisePolynomial& f, const PiecewisePolynomial& g) const {
    if (breaks_at_zero_only(f) && breaks_at_zero_only(g))
      return std::make_unique<PowerKernel<T>>(f, g);
    return make_piecewise_dual_kernel<T>(f, g);
  }
  Result operator()(const Exponential& f, const Exponential& g) const {
    return std::make_unique<ExponentialKernel<T>>(f.rate, g.rate);
  }
  Result operator()(const Sinusoid& f, const Sinusoid& g) const {
    if (f.phase != g.phase) return nullptr;
    return std::make_unique<SinusoidKernel<T>>(f, g);
  }
  Result operator()(const GaussianBump& f, const GaussianBump& g) const {
    return std::make_unique<GaussianKernel<T>>(f.sharpness, g.sharpness);
  }
  Result operator()(const ErrorFunction&, const ErrorFunction&) const {
    return std::make_unique<ErrorFunctionKernel<T>>();
  }
  Result operator()(const Gelu&, const Gelu&) const { return std::make_unique<GeluKernel<T>>(); }
  template <class F, class G>
  Result operator()(const F&, const G&) const {
    return nullptr;
  }
};

}  // namespace

template <Scalar T>
Correlation<T> correlation(const T& rho) {
  return {rho, T(1 - rho), T(1 + rho)};
}
template Correlation<double> correlation(const double&);
template Correlation<Real> correlation(const Real&);
template Correlation<Interval> correlation(const Interval&);

template <Scalar T>
Correlation<T> correlation(const Vector<T>& u, const Vector<T>& v) {
  T dot(0), apart(0), together(0);
  for (Eigen::Index i = 0; i < u.size(); ++i) {
    dot += u[i] * v[i];
    apart += square(T(u[i] - v[i]));
    together += square(T(u[i] + v[i]));
  }
  return {known_within(dot, T(-1), T(1)), known_within(T(apart / 2), T(0), T(2)),
          known_within(T(together / 2), T(0), T(2))};
}
template Correlation<double> correlation(const Vector<double>&, const Vector<double>&);
template Correlation<Real> correlation(const Vector<Real>&, const Vector<Real>&);
template Correlation<Interval> correlation(const Vector<Interval>&, const Vector<Interval>&);

bool has_closed_kernel(const Activation& sigma, const Activation& gamma) {
  return series_end(sigma, gamma) ||
         std::visit(ClosedForms<double>{}, sigma.structure(), gamma.structure());
}

template <Scalar T>
std::unique_ptr<DualKernel<T>> make_dual_kernel(const Activation& sigma, const Activation& gamma,
                                                int digits) {
  if (const auto degree = series_end(sigma, gamma))
    return make_finite_series<T>(sigma, gamma, *degree, digits);
  if (auto kernel = std::visit(ClosedForms<T>{}, sigma.structure(), gamma.structure()))
    return kernel;
  return make_series<T>(sigma, gamma, digits);
}
template std::unique_ptr<DualKernel<double>> make_dual_kernel(const Activation&, const Activation&,
                                                              int);
template std::unique_ptr<DualKernel<Real>> make_dual_kernel(const Activation&, const Activation&,
                                                            int);
template std::unique_ptr<DualKernel<Interval>> make_dual_kernel(const Activation&,
                                                                const Activation&, int);

}  // namespace sigmahat
