#include <algorithm>
#include <cmath>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/kernel/expansion_kernel.hpp>
#include <sigmahat/kernel/jet.hpp>
#include <sigmahat/kernel/pair_kernel.hpp>
#include <sigmahat/kernel/piecewise_kernel.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

/// ‖b‖^n ‖c‖^p κ(ρ): positively homogeneous functions of degrees n and p. With n = p = 0 any kernel
/// on the sphere.
template <Scalar T>
class HomogeneousKernel final : public PairKernel<T> {
 public:
  HomogeneousKernel(int first_degree, int second_degree, std::unique_ptr<DualKernel<T>> kernel)
      : n_(first_degree), p_(second_degree), kernel_(std::move(kernel)) {}

  T value(const NeuronPair<T>& pair) const override {
    return scale(pair.first, pair.second) * kernel_->value(pair.angle);
  }

  PairJet<T> jet(const NeuronPair<T>& pair) const override {
    const KernelJet<T> k = kernel_->jet(pair.angle);
    const T c = scale(pair.first, pair.second);
    PairJet<T> jet{T(c * k.value)};
    jet.differentiable = k.first && k.weighted_second;
    if (!jet.differentiable) return jet;
    jet.rho = c * *k.first;
    jet.weighted_rho_rho = c * *k.weighted_second;
    jet.lambda = n_ * jet.value;
    jet.mu = p_ * jet.value;
    jet.rho_lambda = n_ * jet.rho;
    jet.rho_mu = p_ * jet.rho;
    jet.lambda_lambda = n_ * n_ * jet.value;
    jet.lambda_mu = n_ * p_ * jet.value;
    jet.mu_mu = p_ * p_ * jet.value;
    return jet;
  }

  DiagonalJet<T> diagonal(const Neuron<T>& neuron) const override {
    const T value = scale(neuron, neuron) * kernel_->value({T(1), T(0), T(2)});
    const int degree = n_ + p_;
    return {value, T(degree * value), T(degree * degree * value)};
  }

  std::optional<FixedPairKernel> fixed(const FixedFormat& format) const override {
    if (auto kernel = kernel_->fixed(format)) return FixedPairKernel{n_, p_, std::move(kernel)};
    return {};
  }

  std::string method() const override { return kernel_->method(); }

 private:
  T scale(const Neuron<T>& first, const Neuron<T>& second) const {
    return power(first.length, n_) * power(second.length, p_);
  }

  int n_, p_;
  std::unique_ptr<DualKernel<T>> kernel_;
};

/// A formula in s = ‖b‖², t = ‖c‖² and p = ⟨b,c⟩, for numbers and for jets.
template <Scalar T, class Formula>
class FormulaKernel final : public PairKernel<T> {
 public:
  FormulaKernel(Formula formula, Constraint constraint)
      : formula_(std::move(formula)), constraint_(constraint) {}

  T value(const NeuronPair<T>& pair) const override {
    const T &r = pair.first.length, &t = pair.second.length;
    if (constraint_ == Constraint::sphere) return formula_(T(1), T(1), pair.angle.rho);
    return formula_(square(r), square(t), T(r * t * pair.angle.rho));
  }

  PairJet<T> jet(const NeuronPair<T>& pair) const override {
    const bool free = constraint_ == Constraint::free;
    const T one(1), zero(0);
    const T scale = free ? T(pair.first.length * pair.second.length) : one;
    const T s = free ? square(pair.first.length) : one, t = free ? square(pair.second.length) : one;
    const T p = scale * pair.angle.rho;
    // The variables are ρ, λ, μ: s = e^{2λ}, t = e^{2μ}, p = e^{λ+μ} ρ.
    Jet<T> first = constant_jet(s), second = constant_jet(t), product = constant_jet(p);
    product.first = {scale, zero, zero};
    if (free) {
      first.first[1] = 2 * s;
      first.second[Jet<T>::place(1, 1)] = 4 * s;
      second.first[2] = 2 * t;
      second.second[Jet<T>::place(2, 2)] = 4 * t;
      product.first = {scale, p, p};
      product.second = {zero, scale, scale, p, p, p};
    }
    const Jet<T> k = formula_(first, second, product);
    return {.value = k.value,
            .rho = k.first[0],
            .lambda = k.first[1],
            .mu = k.first[2],
            .weighted_rho_rho = pair.angle.one_minus * pair.angle.one_plus * k.second[0],
            .rho_lambda = k.second[1],
            .rho_mu = k.second[2],
            .lambda_lambda = k.second[3],
            .lambda_mu = k.second[4],
            .mu_mu = k.second[5]};
  }

  DiagonalJet<T> diagonal(const Neuron<T>& neuron) const override {
    const PairJet<T> k = jet({neuron, neuron, {T(1), T(0), T(2)}});
    return {k.value, T(k.lambda + k.mu), T(k.lambda_lambda + 2 * k.lambda_mu + k.mu_mu)};
  }

  std::string method() const override { return "closed form"; }

 private:
  Formula formula_;
  Constraint constraint_;
};

template <Scalar T, class Formula>
std::unique_ptr<PairKernel<T>> formula_kernel(Formula formula) {
  return std::make_unique<FormulaKernel<T, Formula>>(std::move(formula), Constraint::free);
}

/// exp(fX), exp(gY): e^{(f²s + g²t)/2 + fg p}.
template <Scalar T>
struct ExponentialFormula {
  T first, second, mixed;  // f²/2, g²/2, fg
  template <class N>
  N operator()(const N& s, const N& t, const N& p) const {
    return exponential(N(first * s + second * t + mixed * p));
  }
};

/// sin(fX), sin(gY): e^{-(f²s + g²t)/2} sinh(fg p); cosines: cosh.
template <Scalar T>
struct SinusoidFormula {
  T first, second, mixed;  // -f²/2, -g²/2, fg
  bool sine;
  template <class N>
  N operator()(const N& s, const N& t, const N& p) const {
    const N angle = mixed * p;
    return exponential(N(first * s + second * t)) *
           (sine ? hyperbolic_sine(angle) : hyperbolic_cosine(angle));
  }
};

/// sin(X) cos(Y): odd under x ↦ -x.
template <Scalar T>
struct ZeroFormula {
  template <class N>
  N operator()(const N& s, const N&, const N&) const {
    return T(0) * s;
  }
};

/// e^{-fX²/2}, e^{-gY²/2}: ((1+fs)(1+gt) - fg p²)^{-1/2}.
template <Scalar T>
struct GaussianFormula {
  T first, second, negative_product;  // f, g, -fg
  template <class N>
  N operator()(const N& s, const N& t, const N& p) const {
    const T one(1);
    return inverse_root(N(N(one + first * s) * N(one + second * t) + negative_product * N(p * p)));
  }
};

/// erf: (2/π) arcsin(2p/sqrt((1+2s)(1+2t))) (Williams, Neural Computation 10, 1998).
template <Scalar T>
struct ErrorFunctionFormula {
  T scale = 2 / pi<T>();
  template <class N>
  N operator()(const N& s, const N& t, const N& p) const {
    const T one(1), two(2);
    return scale * arcsine(N(two * p * inverse_root(N(N(one + two * s) * N(one + two * t)))));
  }
};

/// xΦ(x): with M = E[ΦΦ] = 1/4 + arcsin(p/sqrt((1+s)(1+t)))/(2π), N = E[φφ] = q^{-1/2}/(2π) and
/// q = (1+s)(1+t) - p², Stein's identity, used twice, gives
///   k = pM + N (st + p²(1-st)/((1+s)(1+t))) = pM + N (1 + (st-1) q/((1+s)(1+t))).
template <Scalar T>
struct GeluFormula {
  T turn = 1 / (2 * pi<T>());
  template <class N>
  N operator()(const N& s, const N& t, const N& p) const {
    const T one(1), minus(-1), quarter = T(1) / 4;
    const N total = N(one + s) * N(one + t);
    const N q = total + minus * N(p * p);
    const N mass = quarter + turn * arcsine(N(p * inverse_root(total)));
    const N density = turn * inverse_root(q);
    return p * mass + density * N(one + N(minus + s * t) * q * reciprocal(total));
  }
};

template <Scalar T>
struct GramPowerFormula {
  std::vector<T> weights;
  template <class N>
  N operator()(const N&, const N&, const N& p) const {
    N sum = T(0) * p;
    for (std::size_t k = weights.size(); k-- > 0;) sum = weights[k] + N(sum * p);
    return sum;
  }
};

/// The closed form at any norms for a pair of structures; null where there is none.
template <Scalar T>
struct ClosedForms {
  using Result = std::unique_ptr<PairKernel<T>>;

  Result operator()(const Exponential& f, const Exponential& g) const {
    return formula_kernel<T>(ExponentialFormula<T>{from_rational<T>(f.rate * f.rate / 2),
                                                   from_rational<T>(g.rate * g.rate / 2),
                                                   from_rational<T>(f.rate * g.rate)});
  }
  Result operator()(const Sinusoid& f, const Sinusoid& g) const {
    if (f.phase != g.phase) return formula_kernel<T>(ZeroFormula<T>{});
    return formula_kernel<T>(SinusoidFormula<T>{from_rational<T>(-f.frequency * f.frequency / 2),
                                                from_rational<T>(-g.frequency * g.frequency / 2),
                                                from_rational<T>(f.frequency * g.frequency),
                                                f.phase == Sinusoid::Phase::sine});
  }
  Result operator()(const GaussianBump& f, const GaussianBump& g) const {
    return formula_kernel<T>(GaussianFormula<T>{from_rational<T>(f.sharpness),
                                                from_rational<T>(g.sharpness),
                                                from_rational<T>(-f.sharpness * g.sharpness)});
  }
  Result operator()(const ErrorFunction&, const ErrorFunction&) const {
    return formula_kernel<T>(ErrorFunctionFormula<T>{});
  }
  Result operator()(const Gelu&, const Gelu&) const { return formula_kernel<T>(GeluFormula<T>{}); }
  template <class F, class G>
  Result operator()(const F&, const G&) const {
    return nullptr;
  }
};

/// The Hermite coefficients of a polynomial.
template <Scalar T>
std::vector<T> hermite_expansion(const Activation& polynomial, int digits) {
  std::vector<T> values;
  for (const HermiteCoefficient& c :
       hermite_coefficients(polynomial, *polynomial.polynomial_degree(), digits).coefficients)
    values.push_back(from_enclosure<T>(c.enclosure));
  return values;
}

template <Scalar T>
ExpandNeuron<T> expansions(const Activation& sigma, const ExpansionLength& length, int digits) {
  if (sigma.polynomial_degree())
    return expansions_of_polynomial(hermite_expansion<T>(sigma, digits));
  return expansions_of<T>(sigma, length);
}

template <Scalar T>
std::unique_ptr<PairKernel<T>> make_general_kernel(const Activation& sigma, const Activation& gamma,
                                                   const NeuronKind& kind, int digits) {
  const auto m = sigma.polynomial_degree(), n = gamma.polynomial_degree();
  if (m || n) {
    const ExpansionLength length{.least_degree = m && n ? std::min(*m, *n) : m ? *m : *n};
    return make_expansion_kernel(expansions<T>(sigma, length, digits),
                                 expansions<T>(gamma, length, digits), kind);
  }
  if (!kind.biased)
    if (auto kernel = std::visit(ClosedForms<T>{}, sigma.structure(), gamma.structure()))
      return kernel;
  const auto *f = std::get_if<PiecewisePolynomial>(&sigma.structure()),
             *g = std::get_if<PiecewisePolynomial>(&gamma.structure());
  if (f && g) return make_piecewise_kernel<T>(*f, *g, kind);
  // The rest of a pair is below sqrt(D D') at the end of the shorter expansion.
  if (sigma == gamma) {
    const auto both = expansions_of<T>(sigma, {.defect_digits = digits});
    return make_expansion_kernel<T>(both, both, kind);
  }
  const ExpansionLength length{.defect_digits = 2 * digits};
  return make_expansion_kernel(expansions_of<T>(sigma, length), expansions_of<T>(gamma, length),
                               kind);
}

}  // namespace

template <Scalar T>
std::unique_ptr<PairKernel<T>> make_pair_kernel(const Activation& sigma, const Activation& gamma,
                                                const NeuronKind& kind, int digits) {
  const bool sphere = kind.rows == Constraint::sphere;
  const auto n = sigma.homogeneity(), p = gamma.homogeneity();
  if (!kind.biased && (sphere || (n && p)))
    return std::make_unique<HomogeneousKernel<T>>(sphere ? 0 : *n, sphere ? 0 : *p,
                                                  make_dual_kernel<T>(sigma, gamma, digits));
  return make_general_kernel<T>(sigma, gamma, kind, digits);
}

template <Scalar T>
std::unique_ptr<PairKernel<T>> make_polynomial_kernel(const std::vector<T>& g,
                                                      const Activation& sigma,
                                                      const NeuronKind& kind, int digits) {
  const ExpansionLength length{.least_degree = static_cast<int>(g.size()) - 1};
  return make_expansion_kernel(expansions_of_polynomial(g), expansions<T>(sigma, length, digits),
                               kind);
}

template <Scalar T>
std::unique_ptr<PairKernel<T>> make_polynomial_kernel(const std::vector<T>& s,
                                                      const std::vector<T>& g,
                                                      const NeuronKind& kind) {
  if (kind.rows == Constraint::free || kind.biased)
    return make_expansion_kernel(expansions_of_polynomial(s), expansions_of_polynomial(g), kind);
  std::vector<T> products(std::min(s.size(), g.size()));
  for (std::size_t k = 0; k < products.size(); ++k) products[k] = s[k] * g[k];
  return make_gram_power_kernel(products, Constraint::sphere);
}

template <Scalar T>
std::unique_ptr<PairKernel<T>> make_degrees_kernel(const Activation& sigma,
                                                   const std::set<int>& degrees,
                                                   const NeuronKind& kind) {
  const ExpansionLength length{.least_degree = *degrees.rbegin()};
  const auto all = expansions<T>(sigma, length, PrecisionScope::digits());
  const ExpandNeuron<T> some = [all, degrees](const T& r, const T& c) {
    auto expansion = std::make_shared<HermiteExpansion<T>>();
    expansion->s = all(r, c)->s;
    for (int k = 0; k <= expansion->degree(); ++k)
      if (!degrees.contains(k)) expansion->s[static_cast<std::size_t>(k)] = T(0);
    expansion->ends = true;
    return expansion;
  };
  return make_expansion_kernel<T>(some, some, kind);
}

template <Scalar T>
std::unique_ptr<PairKernel<T>> make_gram_power_kernel(const std::vector<T>& w,
                                                      Constraint constraint) {
  return std::make_unique<FormulaKernel<T, GramPowerFormula<T>>>(GramPowerFormula<T>{w},
                                                                 constraint);
}

#define SIGMAHAT_INSTANTIATE(T)                                                                  \
  template std::unique_ptr<PairKernel<T>> make_pair_kernel(const Activation&, const Activation&, \
                                                           const NeuronKind&, int);              \
  template std::unique_ptr<PairKernel<T>> make_polynomial_kernel(                                \
      const std::vector<T>&, const Activation&, const NeuronKind&, int);                         \
  template std::unique_ptr<PairKernel<T>> make_polynomial_kernel(                                \
      const std::vector<T>&, const std::vector<T>&, const NeuronKind&);                          \
  template std::unique_ptr<PairKernel<T>> make_degrees_kernel(                                   \
      const Activation&, const std::set<int>&, const NeuronKind&);                               \
  template std::unique_ptr<PairKernel<T>> make_gram_power_kernel(const std::vector<T>&, Constraint)
SIGMAHAT_INSTANTIATE(double);
SIGMAHAT_INSTANTIATE(Real);
SIGMAHAT_INSTANTIATE(Interval);
#undef SIGMAHAT_INSTANTIATE

}  // namespace sigmahat
