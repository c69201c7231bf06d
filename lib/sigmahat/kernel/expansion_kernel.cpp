#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <sigmahat/kernel/expansion_kernel.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

template <Scalar T>
T dot(const std::vector<T>& x, const std::vector<T>& y, std::size_t size) {
  T sum(0);
  for (std::size_t k = 0; k < size; ++k) sum += x[k] * y[k];
  return sum;
}

/// What the degrees beyond K add to the sums of one pair; nothing unless T is Interval.
///
/// Each sum is over products of at most (k+4)^p, s_{k+i}, g_{k+j} and ρ^k, where k+i and k+j are
/// beyond K and k at most two before. Where Σ k^q s_k² and Σ k^q g_k² beyond K are known, q of the
/// p powers of k go to them and p - q to ρ^k.
template <Scalar T>
class Tails {
 public:
  Tails(const HermiteExpansion<T>&, const HermiteExpansion<T>&, const Correlation<T>&, int) {}
  bool bounds(int) const { return true; }
  T widened(T sum, int, int, const T&) const { return sum; }
  T weighted(const T& sum, const T& weight) const { return sum * weight; }
};

template <>
class Tails<Interval> {
 public:
  Tails(const HermiteExpansion<Interval>& s, const HermiteExpansion<Interval>& g,
        const Correlation<Interval>& angle, int degree)
      : next_(degree + 1), ends_(s.ends || g.ends) {
    if (ends_) return;
    size_ = Interval(upper(Interval(abs(angle.rho))));
    inside_ = certainly_less(size_, Interval(1));
    for (std::size_t q = 0; q < norms_.size(); ++q)
      if (!s.beyond[q].empty() && !g.beyond[q].empty())
        norms_[q] =
            power(Interval(1 + Interval(4) / next_), static_cast<int>(q)) *
            sqrt(Interval(Interval(s.beyond[q][at(next_)]) * Interval(g.beyond[q][at(next_)])));
    for (int p = 0; p <= 2; ++p)
      for (int q = 0; q <= p; ++q)
        if (const auto& norm = norms_[at(q)]; norm && (p == q || inside_)) {
          const Real bound = upper(Interval(*norm * largest(p - q, p == 0 ? next_ : next_ - 2)));
          auto& best = powers_[at(p)];
          if (!best || bound < *best) best = bound;
        }
  }

  /// Whether p powers of k are bounded.
  bool bounds(int p) const { return ends_ || powers_[at(p)].has_value(); }

  /// `sum`, beyond K made of `terms` products with p powers of k, times `scale`. Unbounded where
  /// nothing bounds the rest.
  Interval widened(const Interval& sum, int p, int terms, const Interval& scale) const {
    if (ends_) return sum;
    if (!powers_[at(p)]) {
      const Real infinity = std::numeric_limits<Real>::infinity();
      return make_interval(Real(-infinity), infinity);
    }
    const Real reach = upper(Interval(terms * Interval(*powers_[at(p)]) * abs(scale)));
    return sum + make_interval(-reach, reach);
  }

  /// (1-ρ²) times k_ρρ. Each of its terms is one of Σ k s_k g_k times (k-1) |ρ|^{k-2} (1-ρ²), which
  /// is below 2.
  Interval weighted(const Interval& sum, const Interval& weight) const {
    if (ends_) return sum * weight;
    std::optional<Interval> result;
    if (norms_[1]) {
      const Real reach = upper(Interval(2 * *norms_[1]));
      result = sum * weight + make_interval(-reach, reach);
    }
    if (powers_[2]) {
      const Interval other = weight * widened(sum, 2, 1, Interval(1));
      result = result ? intersect(*result, other) : other;
    }
    return *result;
  }

 private:
  static std::size_t at(int n) { return static_cast<std::size_t>(n); }

  /// max of (k+4)^a |ρ|^k over the reals k >= first: it falls from k + 4 = a/ln(1/|ρ|) on.
  Interval largest(int a, int first) const {
    if (a > 0 && certainly_positive(size_)) {
      const Interval peak = a / Interval(-log(size_));
      if (upper(peak) > first + 4)
        return power(Interval(peak / exp(Interval(1))), a) / power(size_, 4);
    }
    return power(Interval(first + 4), a) * power(size_, std::max(first, 0));
  }

  int next_;
  bool ends_, inside_ = false;
  Interval size_;
  std::array<std::optional<Interval>, 3> norms_{};  // √(Σ k^q s_k² Σ k^q g_k²) beyond K
  std::array<std::optional<Real>, 3> powers_{};
};

template <Scalar T>
class ExpansionKernel final : public PairKernel<T> {
 public:
  ExpansionKernel(ExpandNeuron<T> first, ExpandNeuron<T> second, const NeuronKind& kind)
      : first_(std::move(first)), second_(std::move(second)), kind_(kind) {}

  Neuron<T> first(const T& length, const T& bias) const override {
    return expanded(first_, length, bias);
  }
  Neuron<T> second(const T& length, const T& bias) const override {
    return expanded(second_, length, bias);
  }

  T value(const NeuronPair<T>& pair) const override {
    const auto &s = *pair.first.expansion, &g = *pair.second.expansion;
    const std::size_t size = std::min(s.s.size(), g.s.size());
    T sum(0);
    for (std::size_t k = size; k-- > 0;) sum = sum * pair.angle.rho + s.s[k] * g.s[k];
    return Tails<T>(s, g, pair.angle, static_cast<int>(size) - 1).widened(sum, 0, 1, T(1));
  }

  PairJet<T> jet(const NeuronPair<T>& pair) const override {
    const HermiteExpansion<T>&s = *pair.first.expansion, &g = *pair.second.expansion;
    const std::size_t size = std::min(s.s.size(), g.s.size());
    const Tails<T> tails(s, g, pair.angle, static_cast<int>(size) - 1);
    PairJet<T> k{T(0)};
    k.differentiable = tails.bounds(1);
    if (!k.differentiable) {
      k.value = value(pair);
      return k;
    }
    const std::vector<T> powers = powers_of(pair.angle.rho, size);
    const auto with_powers = [&](const std::vector<T>& x) {
      std::vector<T> result(size);
      for (std::size_t i = 0; i < size; ++i) result[i] = x[i] * powers[i];
      return result;
    };
    const std::vector<T> G = with_powers(g.s), G_slope = with_powers(g.slope),
                         G_bend = with_powers(g.bend);
    const T one(1);
    const auto sum = [&](const std::vector<T>& x, const std::vector<T>& y, int p, int terms,
                         const T& scale, std::size_t dropped = 0) {
      return tails.widened(T(scale * dot(x, y, size - std::min(dropped, size))), p, terms, scale);
    };
    // The derivative in ρ of a sum up to K ends at K - 1: so is every derivative that of the value.
    k.value = sum(s.s, G, 0, 1, one);
    k.rho = sum(s.slope, G_slope, 1, 1, one, 1);
    k.weighted_rho_rho = tails.weighted(dot(s.bend, G_bend, size - std::min<std::size_t>(2, size)),
                                        T(pair.angle.one_minus * pair.angle.one_plus));
    const bool free = kind_.rows == Constraint::free;
    std::vector<T> G_radial, G_radial_slope;
    if (free) {
      G_radial = with_powers(g.radial);
      G_radial_slope = with_powers(g.radial_slope);
      k.lambda = sum(s.radial, G, 1, 2, one);
      k.mu = sum(s.s, G_radial, 1, 2, one);
      k.rho_lambda = sum(s.radial_slope, G_slope, 2, 2, one, 1);
      k.rho_mu = sum(s.slope, G_radial_slope, 2, 2, one, 1);
      k.lambda_lambda = sum(s.radial_bend, G, 2, 4, one);
      k.lambda_mu = sum(s.radial, G_radial, 2, 4, one);
      k.mu_mu = sum(s.s, with_powers(g.radial_bend), 2, 4, one);
    }
    if (!kind_.biased) return k;
    const T r = 1 / pair.first.length, t = 1 / pair.second.length;
    BiasJet<T> bias;
    bias.c = sum(s.slope, G, 1, 1, r);
    bias.d = sum(s.s, G_slope, 1, 1, t);
    bias.rho_c = sum(s.bend, G_slope, 2, 1, r, 1);
    bias.rho_d = sum(s.slope, G_bend, 2, 1, t, 1);
    bias.cc = sum(s.bend, G, 2, 1, T(r * r));
    bias.cd = sum(s.slope, G_slope, 2, 1, T(r * t));
    bias.dd = sum(s.s, G_bend, 2, 1, T(t * t));
    if (free) {
      // ∂/∂λ (s'/r) = ((∂s/∂λ)' - s')/r
      bias.lambda_c = sum(s.radial_slope, G, 2, 2, r) - sum(s.slope, G, 1, 1, r);
      bias.lambda_d = sum(s.radial, G_slope, 2, 2, t);
      bias.mu_c = sum(s.slope, G_radial, 2, 2, r);
      bias.mu_d = sum(s.s, G_radial_slope, 2, 2, t) - sum(s.s, G_slope, 1, 1, t);
    }
    k.bias = std::move(bias);
    return k;
  }

  DiagonalJet<T> diagonal(const Neuron<T>& neuron) const override {
    DiagonalJet<T> k = free_diagonal(neuron);
    if (kind_.rows == Constraint::sphere) k.first = k.second = k.lambda_c = T(0);
    return k;
  }

  std::string method() const override {
    if (ends_) return fmt::format("polynomial of degree {}", degree_.load());
    return fmt::format("series, K = {}", degree_.load());
  }

 private:
  DiagonalJet<T> free_diagonal(const Neuron<T>& neuron) const {
    const HermiteExpansion<T>& s = *neuron.expansion;
    const T r = 1 / neuron.length;
    if (s.squared) {
      // The ladder for E[σ(ru + c)²], the mean of a function of ru + c like any other.
      const auto root = [](int n) {
        using std::sqrt;
        return T(sqrt(T(n)));
      };
      const std::array<T, 5>& m = *s.squared;
      return {m[0],        T(root(2) * m[2]),     T(root(2) * T(2 * m[2] + root(12) * m[4])),
              T(m[1] * r), T(root(6) * m[3] * r), T(root(2) * m[2] * r * r)};
    }
    const auto sum = [&](const std::vector<T>& x, const std::vector<T>& y) {
      return dot(x, y, s.s.size());
    };
    const T slope = sum(s.s, s.slope);
    return {sum(s.s, s.s),
            T(2 * sum(s.s, s.radial)),
            T(2 * T(sum(s.radial, s.radial) + sum(s.s, s.radial_bend))),
            T(2 * slope * r),
            T(2 * r * T(sum(s.radial, s.slope) + sum(s.s, s.radial_slope) - slope)),
            T(2 * r * r * T(sum(s.slope, s.slope) + sum(s.s, s.bend)))};
  }

  Neuron<T> expanded(const ExpandNeuron<T>& expand, const T& length, const T& bias) const {
    const T& r = kind_.rows == Constraint::sphere ? unit_ : length;
    Neuron<T> neuron{r, bias, expand(r, bias)};
    const int degree = neuron.expansion->degree();
    if (neuron.expansion->ends && !ends_.exchange(true)) degree_ = degree;
    if (!neuron.expansion->ends && !ends_ && degree > degree_) degree_ = degree;
    return neuron;
  }

  static std::vector<T> powers_of(const T& rho, std::size_t size) {
    std::vector<T> powers(size, T(1));
    for (std::size_t k = 1; k < size; ++k) powers[k] = powers[k - 1] * rho;
    return powers;
  }

  ExpandNeuron<T> first_, second_;
  NeuronKind kind_;
  T unit_{1};
  mutable std::atomic<int> degree_ = 0;  ///< the longest expansion so far
  mutable std::atomic<bool> ends_ = false;
};

}  // namespace

template <Scalar T>
std::unique_ptr<PairKernel<T>> make_expansion_kernel(ExpandNeuron<T> first, ExpandNeuron<T> second,
                                                     const NeuronKind& kind) {
  return std::make_unique<ExpansionKernel<T>>(std::move(first), std::move(second), kind);
}

#define SIGMAHAT_INSTANTIATE(T)                                                                   \
  template std::unique_ptr<PairKernel<T>> make_expansion_kernel(ExpandNeuron<T>, ExpandNeuron<T>, \
                                                                const NeuronKind&)
SIGMAHAT_INSTANTIATE(double);
SIGMAHAT_INSTANTIATE(Real);
SIGMAHAT_INSTANTIATE(Interval);
#undef SIGMAHAT_INSTANTIATE

}  // namespace sigmahat
