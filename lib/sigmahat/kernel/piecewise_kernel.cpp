#include <algorithm>
#include <cmath>
#include <limits>

#include <sigmahat/kernel/piecewise_kernel.hpp>
#include <sigmahat/kernel/truncated_powers.hpp>
#include <sigmahat/numeric/bivariate_normal.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

/// w/s for s >= 0, which may be zero: then what w allows.
template <Scalar T>
T ratio(const T& w, const T& s) {
  if (certainly_positive(s)) return w / s;
  const Real infinity = std::numeric_limits<Real>::infinity();
  if constexpr (std::same_as<T, Interval>) {
    const auto least = [&](const Real& size) {
      return upper(s) > 0 ? lower(Interval(Interval(size) / Interval(upper(s)))) : infinity;
    };
    if (lower(w) > 0) return make_interval(least(lower(w)), infinity);
    if (upper(w) < 0) return -make_interval(least(Real(-upper(w))), infinity);
    return make_interval(Real(-infinity), infinity);
  } else {
    return certainly_zero(w) ? T(0) : w > 0 ? T(infinity) : T(-infinity);
  }
}

template <Scalar T>
Correlation<T> opposite(const Correlation<T>& c) {
  return {T(-c.rho), c.one_plus, c.one_minus};
}

/// M_pq = E[t_p(u - h) t_q(v - k)], p = -2..P, q = -2..Q, for u and v of correlation ρ.
///
/// By Stein's identity, E[u f(u) g(v)] = E[f'g] + ρ E[f g'],
///   M_pq = (p-1) M_{p-2,q} + ρ e_q M_{p-1,q-1} - h M_{p-1,q}
/// for p >= 2, and with a delta in place of t_{p-1}' for p = 1. Deltas leave the moments given u =
/// h or v = k, of variance s² = 1-ρ².
template <Scalar T>
class PairMoments {
 public:
  struct Edge {
    const T& at;
    bool cut;
    int highest;
  };

  PairMoments(const Edge& first, const Edge& second, const Correlation<T>& c)
      : first_(first), second_(second), angle_(c) {
    using std::sqrt;
    s_squared_ = c.one_minus * c.one_plus;
    s_ = sqrt(known_within(s_squared_, T(0), T(1)));
    const bool against = certainly_less(c.one_plus, c.one_minus);
    // k - ρh, with no cancellation near parallel rows.
    const auto apart = [&](const T& x, const T& y) -> T {
      return against ? T(T(y + x) - c.one_plus * x) : T(T(y - x) + c.one_minus * x);
    };
    const T w = apart(first.at, second.at), w_back = apart(second.at, first.at);
    z_ = ratio(w, s_);
    z_back_ = ratio(w_back, s_);
    at_first_ = conditional(first, w, z_, second);
    at_second_ = conditional(second, w_back, z_back_, first);
    values_.resize(static_cast<std::size_t>((first.highest + 1) * (second.highest + 1)), T(0));
    if (first.cut && second.cut && nearly_parallel(w))
      fill_nearly_parallel(against);
    else
      fill();
  }

  bool inside() const { return certainly_positive(s_); }

  T operator()(int p, int q) const {
    if (p >= 0 && q >= 0) return value(p, q);
    if (p == -1) return given_first(q);
    if (q == -1) return given_second(p);
    if (p == -2)
      return first_.cut ? T(first_.at * given_first(q) -
                            angle_.rho * T(slope(second_, q) * given_first(q - 1)))
                        : T(0);
    return second_.cut ? T(second_.at * given_second(p) -
                           angle_.rho * T(slope(first_, p) * given_second(p - 1)))
                       : T(0);
  }
  /// (1-ρ²) M_pq: finite at ρ = ±1 for p = q = -1.
  T weighted(int p, int q) const {
    if (p == -1 && q == -1)
      return first_.cut && second_.cut ? T(s_ * normal_density(first_.at) * normal_density(z_))
                                       : T(0);
    return s_squared_ * (*this)(p, q);
  }

 private:
  static std::size_t at(int n) { return static_cast<std::size_t>(n); }
  static int slope(const Edge& edge, int p) { return edge.cut && p <= 0 ? 1 : p; }
  const T& value(int p, int q) const { return values_[at(p * (second_.highest + 1) + q)]; }
  T& value(int p, int q) { return values_[at(p * (second_.highest + 1) + q)]; }
  /// M_{-1,q} and M_{p,-1}
  T given_first(int q) const { return q >= -2 ? at_first_[at(q + 3)] : at_first_[0]; }
  T given_second(int p) const { return p >= -2 ? at_second_[at(p + 3)] : at_second_[0]; }

  /// φ(h) E[t_q(v - k) | u = h], q = -3, ..., highest; at [q + 3]. Those below zero are infinite
  /// where s is zero, and left zero: whoever has need of them asks for `inside`.
  std::vector<T> conditional(const Edge& edge, const T& w, const T& z, const Edge& other) const {
    std::vector<T> moments(at(other.highest + 4), T(0));
    if (!edge.cut) return moments;
    const T density = normal_density(edge.at), peak = normal_density(z);
    if (other.cut && inside()) {
      moments[2] = density * peak / s_;
      moments[1] = density * z * peak / s_squared_;
      moments[0] = density * T(square(z) - 1) * peak / T(s_ * s_squared_);
    }
    moments[3] = other.cut ? T(density * normal_tail(z)) : density;
    for (int n = 1; n <= other.highest; ++n) {
      T next = -(w * moments[at(n + 2)]);
      if (n > 1)
        next += (n - 1) * s_squared_ * moments[at(n + 1)];
      else if (other.cut)
        next += density * s_ * peak;
      moments[at(n + 3)] = next;
    }
    return moments;
  }

  T corner() const {
    if (first_.cut && second_.cut)
      return bivariate_normal_tail(first_.at, second_.at, angle_.one_minus, angle_.one_plus);
    if (first_.cut) return normal_tail(first_.at);
    return second_.cut ? normal_tail(second_.at) : T(1);
  }

  void fill() {
    const T &h = first_.at, &k = second_.at, &rho = angle_.rho;
    value(0, 0) = corner();
    for (int q = 1; q <= second_.highest; ++q) {
      const T own = q == 1 ? given_second(0) : T((q - 1) * value(0, q - 2));
      value(0, q) = own + rho * given_first(q - 1) - k * value(0, q - 1);
    }
    for (int p = 1; p <= first_.highest; ++p)
      for (int q = 0; q <= second_.highest; ++q) {
        const T own = p == 1 ? given_first(q) : T((p - 1) * value(p - 2, q));
        const T other = q == 0 ? given_second(p - 1) : T(q * value(p - 1, q - 1));
        value(p, q) = own + rho * other - h * value(p - 1, q);
      }
  }

  /// Whether the conditional moments are of no use: z is unknown, or s is zero.
  bool nearly_parallel(const T& w) const {
    if constexpr (std::same_as<T, Interval>)
      return !(lower(s_) > 16 * (upper(w) - lower(w)));
    else
      return !inside();
  }

  /// From ρ = ±1, where one variable is left, and what the distance from there may change.
  void fill_nearly_parallel(bool against) {
    const T& gap = against ? angle_.one_plus : angle_.one_minus;
    for (int p = 0; p <= first_.highest; ++p)
      for (int q = 0; q <= second_.highest; ++q) {
        if (p + q == 0) {
          value(0, 0) = corner();
          continue;
        }
        const T there = against ? opposite_value(p, q) : parallel_value(p, q);
        if constexpr (std::same_as<T, Interval>) {
          const Real reach = upper(Interval(gap * largest_slope(p, q)));
          value(p, q) = there + make_interval(-reach, reach);
        } else {
          value(p, q) = there;
        }
      }
  }

  /// E[(y + f)^p (y + g)^q] summed over the moments of y, y^n ↦ moments[n + 2].
  static T expanded(int p, const T& f, int q, const T& g, const std::vector<T>& moments) {
    T sum(0);
    T left(1);  // C(p,i) f^i
    for (int i = 0; i <= p; ++i) {
      T right = left;  // ... C(q,j) g^j
      for (int j = 0; j <= q; ++j) {
        sum += right * moments[at(p - i + q - j + 2)];
        right = right * g * (q - j) / (j + 1);
      }
      left = left * f * (p - i) / (i + 1);
    }
    return sum;
  }
  static T larger(const T& x, const T& y) {
    if constexpr (std::same_as<T, Interval>)
      return make_interval(std::max(lower(x), lower(y)), std::max(upper(x), upper(y)));
    else
      return std::max(x, y);
  }
  /// u = v: both cut at the larger of h and k.
  T parallel_value(int p, int q) const {
    const T t = larger(first_.at, second_.at);
    return expanded(p, T(t - first_.at), q, T(t - second_.at), single_moments(t, true, p + q));
  }
  /// u = -v: from h to -k, the difference of what is beyond h and beyond -k.
  T opposite_value(int p, int q) const {
    const T &h = first_.at, end = -second_.at;
    if (!certainly_less(h, end) && (certainly_less(end, h) || !std::same_as<T, Interval>))
      return T(0);
    const T beyond_h = expanded(p, T(0), q, T(h - end), single_moments(h, true, p + q));
    const T beyond_end = expanded(p, T(end - h), q, T(0), single_moments(end, true, p + q));
    const T result = (q % 2 == 0 ? 1 : -1) * T(beyond_h - beyond_end);
    if constexpr (std::same_as<T, Interval>)
      return certainly_less(h, end) ? result : hull(Interval(0), result);
    else
      return result;
  }

  /// A bound on |dM_pq/dρ|, whatever ρ, for p + q > 0.
  Interval largest_slope(int p, int q) const requires std::same_as<T, Interval> {
    const Interval &h = first_.at, &k = second_.at;
    if (p > 0 && q > 0)
      return p * q *
             sqrt(Interval(single_moments(h, true, 2 * p - 2).back() *
                           single_moments(k, true, 2 * q - 2).back()));
    // n φ(h) E[(v-k)_+^{n-1} | u = h], and |v-k| <= |z| + |h| + |k|.
    const int n = std::max(p, q);
    const Interval moment = 2 * single_moments(Interval(0), true, n - 1).back() +
                            power(Interval(abs(h) + abs(k)), n - 1);
    return n * power(Interval(2), n - 1) * moment;
  }

  Edge first_, second_;
  const Correlation<T>& angle_;
  T s_squared_, s_, z_, z_back_;
  std::vector<T> at_first_, at_second_, values_;
};

template <Scalar T>
bool has_cut(const std::vector<Knot<T>>& knots) {
  return std::any_of(knots.begin(), knots.end(), [](const Knot<T>& knot) { return knot.cut; });
}
/// The lowest power that is cut.
template <Scalar T>
int smoothness(const std::vector<Knot<T>>& knots) {
  int lowest = std::numeric_limits<int>::max();
  for (const Knot<T>& knot : knots)
    if (knot.cut)
      for (int p = 0; p <= knot.degree(); ++p)
        if (!certainly_zero(knot.coefficients[static_cast<std::size_t>(p)]))
          lowest = std::min(lowest, p);
  return lowest;
}

template <Scalar T>
class PiecewiseKernel final : public PairKernel<T> {
 public:
  PiecewiseKernel(const PiecewisePolynomial& sigma, const PiecewisePolynomial& gamma,
                  const NeuronKind& kind)
      : sigma_(knots_of<T>(sigma)),
        gamma_(knots_of<T>(gamma)),
        square_(knots_of<T>(squared(sigma))),
        kind_(kind) {}

  Neuron<T> first(const T& length, const T& bias) const override {
    return {kind_.rows == Constraint::sphere ? T(1) : length, bias};
  }
  Neuron<T> second(const T& length, const T& bias) const override { return first(length, bias); }

  T value(const NeuronPair<T>& pair) const override {
    T sum(0);
    for_each_term(pair, [&](const Term& t) { sum += t.factor * t.derivative(0, 0); });
    return sum;
  }

  PairJet<T> jet(const NeuronPair<T>& pair) const override {
    PairJet<T> k{T(0)};
    k.differentiable = is_differentiable(pair.angle);
    if (!k.differentiable) {
      k.value = value(pair);
      return k;
    }
    const T lengths = pair.first.length * pair.second.length;
    const bool free = kind_.rows == Constraint::free;
    BiasJet<T> bias;
    for_each_term(pair, [&](const Term& t) {
      const auto add = [&t](T& sum, const T& part) { sum += t.factor * part; };
      const T value = t.derivative(0, 0), c = t.derivative(1, 0), d = t.derivative(0, 1);
      const T cc = t.derivative(2, 0), cd = t.derivative(1, 1), dd = t.derivative(0, 2);
      const T ccd = t.derivative(2, 1), cdd = t.derivative(1, 2);
      const T &x = t.first_reach, &y = t.second_reach;
      const int p = t.p, q = t.q;
      add(k.value, value);
      add(k.rho, T(lengths * cd));
      add(k.weighted_rho_rho, T(square(lengths) * t.weighted_second()));
      if (free) {
        add(k.lambda, T(p * value + x * c));
        add(k.mu, T(q * value + y * d));
        add(k.rho_lambda, T(lengths * T(p * cd + x * ccd)));
        add(k.rho_mu, T(lengths * T(q * cd + y * cdd)));
        add(k.lambda_lambda, T(p * p * value + (2 * p - 1) * x * c + square(x) * cc));
        add(k.lambda_mu, T(p * T(q * value + y * d) + x * T(q * c + y * cd)));
        add(k.mu_mu, T(q * q * value + (2 * q - 1) * y * d + square(y) * dd));
      }
      if (!kind_.biased) return;
      add(bias.c, c);
      add(bias.d, d);
      add(bias.rho_c, T(lengths * ccd));
      add(bias.rho_d, T(lengths * cdd));
      add(bias.cc, cc);
      add(bias.cd, cd);
      add(bias.dd, dd);
      if (!free) return;
      add(bias.lambda_c, T((p - 1) * c + x * cc));
      add(bias.lambda_d, T(p * d + x * cd));
      add(bias.mu_c, T(q * c + y * cd));
      add(bias.mu_d, T((q - 1) * d + y * dd));
    });
    if (kind_.biased) k.bias = bias;
    return k;
  }

  /// κ'' where it is finite.
  std::optional<T> second_derivative(const NeuronPair<T>& pair) const {
    const bool bounded = smoothness(sigma_) >= 2 && smoothness(gamma_) >= 2;
    if (!bounded && !is_inside(pair.angle)) return {};
    T sum(0);
    for_each_term(pair, [&](const Term& t) { sum += t.factor * t.derivative(2, 2); });
    return sum;
  }

  DiagonalJet<T> diagonal(const Neuron<T>& neuron) const override {
    const T &r = neuron.length, &c = neuron.bias;
    DiagonalJet<T> k{T(0)};
    for (const Knot<T>& knot : square_) {
      const T reach = knot.at - c;
      const std::vector<T> moments = single_moments(T(reach / r), knot.cut, knot.degree());
      for (int p = 0; p <= knot.degree(); ++p) {
        const auto moment = [&](int n, int factor) -> T {
          if (factor == 0) return T(0);
          return factor * scaled_power(r, n) * moments[static_cast<std::size_t>(n + 2)];
        };
        const T& a = knot.coefficients[static_cast<std::size_t>(p)];
        const T value = moment(p, 1), slope = moment(p - 1, knot.slope(p)),
                bend = moment(p - 2, knot.bend(p));
        k.value += a * value;
        k.first += a * T(p * value + reach * slope);
        k.second += a * T(p * p * value + (2 * p - 1) * reach * slope + square(reach) * bend);
        k.c += a * slope;
        k.lambda_c += a * T((p - 1) * slope + reach * bend);
        k.cc += a * bend;
      }
    }
    if (kind_.rows == Constraint::sphere) k.first = k.second = k.lambda_c = T(0);
    return k;
  }

  std::string method() const override { return "closed form"; }

 private:
  /// a_p b_q E[t_p t_q] of one pair of knots.
  struct Term {
    const PairMoments<T>& moments;
    const Knot<T>&first, &second;
    const T &first_length, &second_length;
    const T &first_reach, &second_reach;  ///< τ - c of each
    int p, q;
    T factor;

    /// E[t_p^(i) t_q^(j)]
    T derivative(int i, int j) const {
      const int slopes = slope_of(first, p, i) * slope_of(second, q, j);
      if (slopes == 0) return T(0);
      return slopes * scale(i, j) * moments(p - i, q - j);
    }
    /// (1-ρ²) E[t_p'' t_q'']
    T weighted_second() const {
      const int slopes = slope_of(first, p, 2) * slope_of(second, q, 2);
      if (slopes == 0) return T(0);
      return slopes * scale(2, 2) * moments.weighted(p - 2, q - 2);
    }

   private:
    static int slope_of(const Knot<T>& knot, int p, int order) {
      return order == 0 ? 1 : order == 1 ? knot.slope(p) : knot.bend(p);
    }
    T scale(int i, int j) const {
      return scaled_power(first_length, p - i) * scaled_power(second_length, q - j);
    }
  };

  static T scaled_power(const T& x, int n) { return n >= 0 ? power(x, n) : T(1 / power(x, -n)); }
  static bool is_inside(const Correlation<T>& c) {
    return certainly_positive(T(c.one_minus * c.one_plus));
  }
  /// At parallel rows a jump that meets a kink has no derivative.
  bool is_differentiable(const Correlation<T>& c) const {
    const bool jump = (smoothness(sigma_) == 0 && has_cut(gamma_)) ||
                      (smoothness(gamma_) == 0 && has_cut(sigma_));
    return !jump || is_inside(c);
  }

  template <class Visit>
  void for_each_term(const NeuronPair<T>& pair, Visit visit) const {
    for (const Knot<T>& a : sigma_)
      for (const Knot<T>& b : gamma_) {
        const T x = a.at - pair.first.bias, y = b.at - pair.second.bias;
        const T h = x / pair.first.length, k = y / pair.second.length;
        const PairMoments<T> moments({h, a.cut, a.degree()}, {k, b.cut, b.degree()}, pair.angle);
        for (int p = 0; p <= a.degree(); ++p)
          for (int q = 0; q <= b.degree(); ++q) {
            const T &s = a.coefficients[static_cast<std::size_t>(p)],
                    &g = b.coefficients[static_cast<std::size_t>(q)];
            if (certainly_zero(s) || certainly_zero(g)) continue;
            visit(Term{moments, a, b, pair.first.length, pair.second.length, x, y, p, q, T(s * g)});
          }
      }
  }

  std::vector<Knot<T>> sigma_, gamma_, square_;
  NeuronKind kind_;
};

template <Scalar T>
class PiecewiseDualKernel final : public DualKernel<T> {
 public:
  PiecewiseDualKernel(const PiecewisePolynomial& sigma, const PiecewisePolynomial& gamma)
      : kernel_(sigma, gamma, {}), unit_{T(1), T(0)} {}

  T value(const Correlation<T>& c) const override { return kernel_.value({unit_, unit_, c}); }
  KernelJet<T> jet(const Correlation<T>& c) const override {
    const NeuronPair<T> pair{unit_, unit_, c};
    const PairJet<T> k = kernel_.jet(pair);
    KernelJet<T> jet{k.value, {}, {}, {}};
    if (!k.differentiable) return jet;
    jet.first = k.rho;
    jet.weighted_second = k.weighted_rho_rho;
    jet.second = kernel_.second_derivative(pair);
    return jet;
  }
  std::string method() const override { return kernel_.method(); }

 private:
  PiecewiseKernel<T> kernel_;
  Neuron<T> unit_;
};

}  // namespace

template <Scalar T>
std::unique_ptr<PairKernel<T>> make_piecewise_kernel(const PiecewisePolynomial& sigma,
                                                     const PiecewisePolynomial& gamma,
                                                     const NeuronKind& kind) {
  return std::make_unique<PiecewiseKernel<T>>(sigma, gamma, kind);
}

template <Scalar T>
std::unique_ptr<DualKernel<T>> make_piecewise_dual_kernel(const PiecewisePolynomial& sigma,
                                                          const PiecewisePolynomial& gamma) {
  return std::make_unique<PiecewiseDualKernel<T>>(sigma, gamma);
}

#define SIGMAHAT_INSTANTIATE(T)                                                                  \
  template std::unique_ptr<PairKernel<T>> make_piecewise_kernel(                                 \
      const PiecewisePolynomial&, const PiecewisePolynomial&, const NeuronKind&);                \
  template std::unique_ptr<DualKernel<T>> make_piecewise_dual_kernel(const PiecewisePolynomial&, \
                                                                     const PiecewisePolynomial&)
SIGMAHAT_INSTANTIATE(double);
SIGMAHAT_INSTANTIATE(Real);
SIGMAHAT_INSTANTIATE(Interval);
#undef SIGMAHAT_INSTANTIATE

}  // namespace sigmahat
