#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/activation/weak_derivative.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/kernel/angular_form.hpp>
#include <sigmahat/kernel/dual_kernel.hpp>
#include <sigmahat/kernel/fixed_kernel.hpp>
#include <sigmahat/kernel/piecewise_kernel.hpp>
#include <sigmahat/kernel/series_sum.hpp>
#include <sigmahat/numeric/elementary.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/numeric/vector_operations.hpp>

namespace sigmahat {
namespace {

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
    const T value = exponential(T(offset_ + rate_ * c.rho));
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
    scale_ =
        exponential(from_rational<T>(-(s.frequency * s.frequency + t.frequency * t.frequency) / 2));
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
    using std::sqrt;
    const T x = 2 * c.rho / 3, q = 1 - square(x), scale = 2 / pi<T>(), slope = 1 / sqrt(q);
    return smooth_jet<T>(c, scale * arcsine(x), scale * 2 * slope / 3,
                         scale * 4 * x * slope / (9 * q));
  }
};

/// x Φ(x): ρ E[ΦΦ] + E[φφ] by Stein's identity, E[ΦΦ] = 1/4 + arcsin(ρ/2)/(2π) and
/// E[φφ] = (4 - ρ²)^{-1/2}/(2π).
template <Scalar T>
class GeluKernel final : public ClosedFormKernel<T> {
 public:
  KernelJet<T> jet(const Correlation<T>& c) const override {
    using std::sqrt;
    const T& rho = c.rho;
    const T half = rho / 2, q = 4 - square(rho), turn = 1 / (2 * pi<T>());
    const T density = turn / sqrt(q);  // E[φφ], which is also the derivative of E[ΦΦ]
    const T slope = density / q;       // its derivative is ρ·slope
    const T mass = T(1) / 4 + turn * arcsine(half);
    return smooth_jet<T>(c, density + rho * mass, mass + rho * density + rho * slope,
                         2 * density + slope * (1 + square(rho) * (1 + 3 / q)));
  }
};

/// What an AngularForm is made of, at one point.
template <Scalar T>
struct AngularPoint {
  T rho, squared_rho;
  T root;                 ///< s = √(1-ρ²)
  T turn, opposite_turn;  ///< τ(ρ) and τ(-ρ), both to full relative accuracy
};

/// A polynomial in ρ, for many values.
template <Scalar T>
class RhoPolynomial {
 public:
  RhoPolynomial(const Polynomial& p, const T& scale) {
    while (lowest_ < p.size() && p[lowest_] == 0) ++lowest_;
    for (std::size_t i = lowest_; i < p.size(); ++i)
      if (p[i] != 0 && (i - lowest_) % 2 == 1) step_ = 1;
    for (std::size_t i = lowest_; i < p.size(); i += step_)
      coefficients_.push_back(from_rational<T>(p[i]) * scale);
    is_one_ = p == Polynomial{1} && certainly_zero(T(scale - 1));
  }

  bool is_zero() const { return coefficients_.empty(); }
  /// Not zero.
  T value(const AngularPoint<T>& at) const {
    T sum = coefficients_.back();
    for (std::size_t j = coefficients_.size() - 1; j-- > 0;) {
      sum *= step_ == 1 ? at.rho : at.squared_rho;
      sum += coefficients_[j];
    }
    if (lowest_ == 1) sum *= at.rho;
    if (lowest_ > 1) sum *= power(at.rho, static_cast<int>(lowest_));
    return sum;
  }
  /// sum += factor·value
  void add_to(T& sum, const T& factor, const AngularPoint<T>& at) const {
    if (is_zero()) return;
    if (is_one_)
      sum += factor;
    else
      sum += factor * value(at);
  }

 private:
  std::size_t lowest_ = 0;  ///< ρ^lowest is taken out
  std::size_t step_ = 2;    ///< what is left is a polynomial in ρ^step
  bool is_one_ = false;
  std::vector<T> coefficients_;
};

/// An AngularForm in numbers.
template <Scalar T>
struct AngularFunction {
  RhoPolynomial<T> turn, opposite_turn, root, inverse_root, inverse_cube, plain;

  explicit AngularFunction(const AngularForm& form)
      : turn(form.turn, T(1)),
        opposite_turn(form.opposite_turn, T(1)),
        root(form.root, half_turn()),
        inverse_root(form.inverse_root, half_turn()),
        inverse_cube(form.inverse_cube, half_turn()),
        plain(form.plain, sqrt_half_turn()) {}

  /// Whether there is nothing but what stands over s and s³.
  bool is_singular() const {
    return turn.is_zero() && opposite_turn.is_zero() && root.is_zero() && plain.is_zero();
  }
  /// The rest.
  T regular(const AngularPoint<T>& at) const {
    T sum = plain.is_zero() ? T(0) : plain.value(at);
    turn.add_to(sum, at.turn, at);
    opposite_turn.add_to(sum, at.opposite_turn, at);
    root.add_to(sum, at.root, at);
    return sum;
  }

 private:
  static T half_turn() { return 1 / T(2 * pi<T>()); }
  static T sqrt_half_turn() {
    using std::sqrt;
    return sqrt(half_turn());
  }
};

/// Polynomials on either side of zero, a kink at zero: relu, abs, step, relu_power, leaky_relu ...,
/// mixed as one likes. With u^m = r u_+^m + l u_-^m, u_- = (-u)_+, the pair (m, n) gives
/// (r r' + l l') A_mn(ρ) + (r l' + l r') A_mn(-ρ).
template <Scalar T>
class PowerKernel final : public DualKernel<T> {
 public:
  PowerKernel(const PiecewisePolynomial& sigma, const PiecewisePolynomial& gamma)
      : PowerKernel(form(sigma, gamma)) {}

  T value(const Correlation<T>& c) const override { return value_.regular(point(c)); }

  KernelJet<T> jet(const Correlation<T>& c) const override {
    const AngularPoint<T> at = point(c);
    KernelJet<T> jet{value_.regular(at), {}, {}, {}};
    // What stands over s is infinite at |ρ| = 1 unless it is zero altogether.
    const bool inside = certainly_positive(at.root);
    if (!inside && !first_.inverse_root.is_zero()) return jet;
    jet.first = first_.regular(at);
    if (!first_.inverse_root.is_zero()) *jet.first += first_.inverse_root.value(at) / at.root;

    const T weight = square(at.root);
    jet.weighted_second = second_.is_singular() ? T(0) : T(weight * second_.regular(at));
    second_.inverse_root.add_to(*jet.weighted_second, at.root, at);
    if (!second_.inverse_cube.is_zero())
      *jet.weighted_second += second_.inverse_cube.value(at) / at.root;
    if (inside)
      jet.second = *jet.weighted_second / weight;
    else if (second_.inverse_root.is_zero())
      jet.second = second_.regular(at);
    return jet;
  }

  std::shared_ptr<const FixedKernel> fixed(const FixedFormat& format) const override {
    return make_fixed_angular_kernel(format, form_, derivative(form_));
  }

  std::string method() const override { return "closed form"; }

 private:
  explicit PowerKernel(const AngularForm& value) : PowerKernel(value, derivative(value)) {}
  PowerKernel(const AngularForm& value, const AngularForm& first)
      : form_(value), value_(value), first_(first), second_(derivative(first)) {}

  struct Sides {
    Rational right, left;  ///< coefficients of u_+^m and u_-^m
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
  static AngularForm form(const PiecewisePolynomial& sigma, const PiecewisePolynomial& gamma) {
    const auto moments = truncated_moments(std::max(degree_of(sigma), degree_of(gamma)));
    AngularForm total;
    for (int m = 0; m <= degree_of(sigma); ++m)
      for (int n = 0; n <= degree_of(gamma); ++n) {
        const Sides u = sides(sigma, m), v = sides(gamma, n);
        const AngularForm& moment =
            moments[static_cast<std::size_t>(m)][static_cast<std::size_t>(n)];
        total = sum(total, product({u.right * v.right + u.left * v.left}, moment));
        total = sum(total, product({u.right * v.left + u.left * v.right}, reflected(moment)));
      }
    return total;
  }
  /// One arctangent gives the angle to the nearer of ρ = ±1 to full relative accuracy.
  AngularPoint<T> point(const Correlation<T>& c) const {
    using std::sqrt;
    const bool nearer_opposite = certainly_less(c.one_plus, c.one_minus);
    const T& near = nearer_opposite ? c.one_plus : c.one_minus;
    const T& far = nearer_opposite ? c.one_minus : c.one_plus;
    T tangent = sqrt(T(near / far));
    T turn = arctangent(tangent) * inverse_pi_, rest = half_ - turn;
    // s = tangent·far spares a root, but would count the width of an Interval twice.
    T root = std::same_as<T, Interval> ? T(sqrt(T(near * far))) : T(tangent * far);
    if (!nearer_opposite) std::swap(turn, rest);
    return {c.rho, square(c.rho), std::move(root), std::move(turn), std::move(rest)};
  }

  AngularForm form_;
  AngularFunction<T> value_, first_, second_;
  T inverse_pi_ = 1 / pi<T>();
  T half_ = T(1) / 2;
};

/// A magnitude, rounded upwards.
class Magnitude {
 public:
  Magnitude() { mag_init(value_); }
  /// Of the largest number in the interval.
  explicit Magnitude(const Interval& x) : Magnitude() { arb_get_mag(value_, Ball(x).get()); }
  Magnitude(const Magnitude& other) { mag_init_set(value_, other.value_); }
  Magnitude& operator=(const Magnitude& other) {
    mag_set(value_, other.value_);
    return *this;
  }
  ~Magnitude() { mag_clear(value_); }

  mag_ptr get() { return value_; }
  mag_srcptr get() const { return value_; }
  /// Above its logarithm by less than 1.
  double log2() const {
    constexpr double none = -1e12;
    if (mag_is_zero(value_) || !fmpz_fits_si(MAG_EXPREF(value_)))
      return mag_cmp_2exp_si(value_, 0) < 0 ? none : -none;
    return static_cast<double>(fmpz_get_si(MAG_EXPREF(value_)));
  }

 private:
  mag_t value_;
};

Magnitude product(const Magnitude& x, const Magnitude& y) {
  Magnitude result;
  mag_mul(result.get(), x.get(), y.get());
  return result;
}
Magnitude power(const Magnitude& x, int n) {
  Magnitude result;
  mag_pow_ui(result.get(), x.get(), static_cast<ulong>(n));
  return result;
}
void reduce_to(std::optional<Magnitude>& x, const Magnitude& y) {
  if (!x || mag_cmp(y.get(), x->get()) < 0) x = y;
}

/// Σ c_k ρ^k in double, and its derivatives.
class DoubleSeries {
 public:
  explicit DoubleSeries(std::vector<double> coefficients)
      : coefficients_(std::move(coefficients)) {}

  double value(int order, double rho) const {
    double sum = 0;
    for (int k = static_cast<int>(coefficients_.size()) - 1; k >= order; --k) {
      const int factor = order == 0 ? 1 : order == 1 ? k : k * (k - 1);
      sum = sum * rho + factor * coefficients_[static_cast<std::size_t>(k)];
    }
    return sum;
  }

 private:
  std::vector<double> coefficients_;
};

/// What a series is computed in.
template <Scalar T>
Ball to_ball(const T& x) {
  if constexpr (std::same_as<T, Interval>) {
    return Ball(x);
  } else {
    Ball ball;
    arf_set_mpfr(arb_midref(ball.get()), x.backend().data());
    return ball;
  }
}
template <Scalar T>
T from_ball(const Ball& ball) {
  if constexpr (std::same_as<T, Interval>) {
    return to_interval(ball);
  } else {
    Real middle;
    arf_get_mpfr(middle.backend().data(), arb_midref(ball.get()), MPFR_RNDN);
    return middle;
  }
}

/// Σ_{k<=K} σ̂_k γ̂_k ρ^k; beyond K nothing, or what Parseval leaves.
template <Scalar T>
class SeriesKernel final : public DualKernel<T> {
 public:
  /// Bounds of what is beyond K in κ, κ', κ'': sqrt(D_K(σ) D_K(γ)), and the same of σ' and γ', of
  /// σ'' and γ'', where they are known, up to the degrees K-1 and K-2.
  using Tails = std::array<std::optional<Magnitude>, 3>;

  /// @param tails  none where the series ends
  /// @param at_one  κ(1) where it is known by other means
  SeriesKernel(const CoefficientTable& sigma, const CoefficientTable& gamma,
               std::optional<Tails> tails, std::optional<T> at_one)
      : degree_(std::min(sigma.max_degree(), gamma.max_degree())),
        sum_(products(sigma, gamma, degree_)),
        tails_(std::move(tails)),
        at_one_(std::move(at_one)) {}

  T value(const Correlation<T>& c) const override { return value(c, argument(c)); }

  KernelJet<T> jet(const Correlation<T>& c) const override {
    const bool inside = certainly_positive(c.one_minus) && certainly_positive(c.one_plus);
    const auto bounded = [&](std::size_t order) { return !tails_ || inside || (*tails_)[order]; };
    const auto at = argument(c);
    const auto bend = sum_.value(2, at);
    KernelJet<T> jet{value(c, at), {}, {}, {}};
    if (bounded(1)) {
      jet.first = widened(sum_.value(1, at), reach(c, 1));
      jet.weighted_second = weighted(c, bend);
    }
    if (bounded(2)) jet.second = widened(bend, reach(c, 2));
    return jet;
  }

  std::shared_ptr<const FixedKernel> fixed(const FixedFormat& format) const override {
    if constexpr (in_balls) {
      if (!tails_) return make_fixed_series_kernel(format, sum_.coefficients(), {});
      const auto &tail = (*tails_)[0], &slope_tail = (*tails_)[1];
      if (tail && slope_tail)
        return make_fixed_series_kernel(format, sum_.coefficients(),
                                        FixedTail{tail->log2(), slope_tail->log2()});
    }
    return nullptr;
  }

  std::string method() const override {
    return fmt::format("{}{}", tails_ ? "series, K = " : "polynomial of degree ", degree_);
  }

 private:
  static constexpr bool in_balls = !std::same_as<T, double>;
  using Number = std::conditional_t<in_balls, Ball, double>;

  static std::vector<Number> products(const CoefficientTable& sigma, const CoefficientTable& gamma,
                                      int degree) {
    std::vector<Number> list;
    for (std::size_t k = 0; k <= static_cast<std::size_t>(degree); ++k) {
      const T product = from_enclosure<T>(sigma.coefficients[k].enclosure) *
                        from_enclosure<T>(gamma.coefficients[k].enclosure);
      if constexpr (in_balls)
        list.push_back(to_ball(product));
      else
        list.push_back(product);
    }
    return list;
  }

  auto argument(const Correlation<T>& c) const {
    if constexpr (in_balls)
      return SeriesSum::Argument(sum_, to_ball(c.rho), PrecisionScope::bits());
    else
      return c.rho;
  }

  template <class Argument>
  T value(const Correlation<T>& c, const Argument& at) const {
    if (at_one_ && certainly_zero(c.one_minus)) return *at_one_;
    return widened(sum_.value(0, at), reach(c, 0));
  }

  static T widened(Number sum, const std::optional<Magnitude>& reach) {
    if constexpr (in_balls) {
      if (reach) arb_add_error_mag(sum.get(), reach->get());
      return from_ball<T>(sum);
    } else {
      return sum;
    }
  }

  /// For an Interval, how far the tail of the order-th derivative reaches: sqrt(D_K D_K) times the
  /// largest k!/(k-order)! |ρ|^{k-order} beyond K, or what Parseval leaves of the order-th
  /// derivatives of σ and γ, times |ρ|^{K+1-order}.
  std::optional<Magnitude> reach(const Correlation<T>& c, int order) const {
    std::optional<Magnitude> result;
    if constexpr (std::same_as<T, Interval>) {
      if (!tails_) return {};
      Magnitude size(c.rho), one;
      mag_one(one.get());
      mag_min(size.get(), size.get(), one.get());
      const int next = degree_ + 1;
      if (const auto factor = largest_factor(c, size, next, order))
        result = product(*(*tails_)[0], *factor);
      if (const auto& tail = (*tails_)[static_cast<std::size_t>(order)])
        reduce_to(result, product(*tail, power(size, next - order)));
    }
    return result;
  }

  /// (1-ρ²) κ'', given the part of κ'' up to K. Beyond K each term of κ' comes with the factor
  /// (k-1) |ρ|^{k-2} (1-ρ²) < 2.
  T weighted(const Correlation<T>& c, const Number& bend) const {
    const T weight = c.one_minus * c.one_plus;
    if constexpr (in_balls) {
      Ball scaled = to_ball(weight);
      arb_mul(scaled.get(), scaled.get(), bend.get(), PrecisionScope::bits() + 10);
      std::optional<Magnitude> least;
      if constexpr (std::same_as<T, Interval>) {
        if (tails_ && (*tails_)[1]) {
          least = (*tails_)[1];
          mag_mul_2exp_si(least->get(), least->get(), 1);
        }
        if (const auto other = reach(c, 2)) reduce_to(least, product(Magnitude(weight), *other));
      }
      return widened(std::move(scaled), least);
    } else {
      return weight * bend;
    }
  }

  /// A bound of k^n |ρ|^{k-n} over the reals k >= next, none at |ρ| = 1. With δ <= 1-|ρ| it falls
  /// from k = n/δ on, since log(1/|ρ|) >= δ, and is at most (n/(eδ))^n |ρ|^-n; where it still grows
  /// at k = next, |ρ| >= 1 - n/next.
  static std::optional<Magnitude> largest_factor(const Correlation<T>& c, const Magnitude& size,
                                                 int next, int n) {
    if (n == 0) return power(size, next);
    const Real distance = std::min(lower(c.one_minus), lower(c.one_plus));
    if (distance <= 0) return {};
    Magnitude factor;
    if (distance * next >= n) {
      mag_set_ui(factor.get(), static_cast<ulong>(next));
      return product(power(factor, n), power(size, next - n));
    }
    const Interval growth = Interval(n) * next / (Interval(next - n) * Interval(distance));
    return power(Magnitude(Interval(growth / exponential(Interval(1)))), n);
  }

  int degree_;
  std::conditional_t<in_balls, SeriesSum, DoubleSeries> sum_;
  std::optional<Tails> tails_;
  std::optional<T> at_one_;
};

template <Scalar T>
std::unique_ptr<DualKernel<T>> make_finite_series(const Activation& sigma, const Activation& gamma,
                                                  int degree, int digits) {
  const CoefficientTable first = hermite_coefficients(sigma, degree, digits);
  const CoefficientTable second = hermite_coefficients(gamma, degree, digits);
  return std::make_unique<SeriesKernel<T>>(first, second, std::nullopt, std::nullopt);
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
    typename SeriesKernel<T>::Tails tails;
    for (int order = 0; order < 3; ++order) {
      const auto i = static_cast<std::size_t>(order);
      const auto left = defect(sigma_moments[i], first, order);
      const auto right = defect(gamma_moments[i], second, order);
      if (left && right) tails[i] = Magnitude(Interval(sqrt(Interval(*left * *right))));
    }
    return std::make_unique<SeriesKernel<T>>(first, second, std::move(tails), std::move(at_one));
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
bool far_from_parallel(const T& rho) {
  constexpr double limit = 0.75;
  // Boost would make a number of the limit.
  if constexpr (std::same_as<T, Interval>)
    return mpfr_cmp_d(rho.backend().left_data(), -limit) >= 0 &&
           mpfr_cmp_d(rho.backend().right_data(), limit) <= 0;
  else if constexpr (std::same_as<T, Real>)
    return mpfr_cmp_d(rho.backend().data(), -limit) >= 0 &&
           mpfr_cmp_d(rho.backend().data(), limit) <= 0;
  else
    return -limit <= rho && rho <= limit;
}
template bool far_from_parallel(const double&);
template bool far_from_parallel(const Real&);
template bool far_from_parallel(const Interval&);

template <Scalar T>
Correlation<T> correlation(const Vector<T>& u, const Vector<T>& v) {
  T rho = dot(u, v);
  if (far_from_parallel(rho)) {
    T one_minus = 1 - rho, one_plus = 1 + rho;
    return {std::move(rho), std::move(one_minus), std::move(one_plus)};
  }
  const T zero(0), one(1), two(2);
  return {known_within(rho, T(-one), one), known_within(T(squared_distance(u, v) / 2), zero, two),
          known_within(T(squared_norm_of_sum(u, v) / 2), zero, two)};
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
