#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/kernel/jet.hpp>
#include <sigmahat/kernel/pair_kernel.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

/// ‖b‖^n ‖c‖^p κ(ρ): positively homogeneous functions of degrees n and p. With n = p = 0 any kernel
/// on the sphere.
template <Scalar T>
class HomogeneousKernel final : public PairKernel<T> {
 public:
  HomogeneousKernel(int first_degree, int second_degree, std::unique_ptr<DualKernel<T>> kernel)
      : n_(first_degree), p_(second_degree), kernel_(std::move(kernel)) {}

  T value(const RowPair<T>& pair) const override {
    return scale(pair.first_norm, pair.second_norm) * kernel_->value(pair.angle);
  }

  PairJet<T> jet(const RowPair<T>& pair) const override {
    const KernelJet<T> k = kernel_->jet(pair.angle);
    const T c = scale(pair.first_norm, pair.second_norm);
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

  DiagonalJet<T> diagonal(const T& norm) const override {
    const T value = scale(norm, norm) * kernel_->value({T(1), T(0), T(2)});
    const int degree = n_ + p_;
    return {value, T(degree * value), T(degree * degree * value)};
  }

  std::string method() const override { return kernel_->method(); }

 private:
  T scale(const T& first_norm, const T& second_norm) const {
    return power(first_norm, n_) * power(second_norm, p_);
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

  T value(const RowPair<T>& pair) const override {
    if (constraint_ == Constraint::sphere) return formula_(T(1), T(1), pair.angle.rho);
    return formula_(square(pair.first_norm), square(pair.second_norm),
                    T(pair.first_norm * pair.second_norm * pair.angle.rho));
  }

  PairJet<T> jet(const RowPair<T>& pair) const override {
    const bool free = constraint_ == Constraint::free;
    const T one(1), zero(0);
    const T scale = free ? T(pair.first_norm * pair.second_norm) : one;
    const T s = free ? square(pair.first_norm) : one, t = free ? square(pair.second_norm) : one;
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

  DiagonalJet<T> diagonal(const T& norm) const override {
    const PairJet<T> k = jet({norm, norm, {T(1), T(0), T(2)}});
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

/// Σ_k s_k(‖b‖) g_k(‖c‖) ρ^k for polynomials of known Hermite coefficients: with r the norm,
///   s_k(r) = r^k Σ_j s_{k+2j} sqrt((k+2j)!/k!)/(2^j j!) (r² - 1)^j,
/// from He_n(rx) = Σ_j n!/(2^j j! (n-2j)!) r^{n-2j} (r²-1)^j He_{n-2j}(x).
template <Scalar T>
class PolynomialFormula {
 public:
  PolynomialFormula(const std::vector<T>& s, const std::vector<T>& g)
      : first_(expansions(s)), second_(expansions(g)) {}

  template <class N>
  N operator()(const N& s, const N& t, const N& p) const {
    const T minus(-1), zero(0);
    const N above = minus + s, beyond = minus + t;
    N sum = zero * p;
    for (std::size_t k = std::min(first_.size(), second_.size()); k-- > 0;)
      sum = N(sum * p) + horner(first_[k], above) * horner(second_[k], beyond);
    return sum;
  }

 private:
  /// For each k the coefficients of (r² - 1)^j in s_k(r)/r^k.
  static std::vector<std::vector<T>> expansions(const std::vector<T>& s) {
    using std::sqrt;
    std::vector<std::vector<T>> all(s.size());
    for (std::size_t k = 0; k < s.size(); ++k) {
      T factor(1);
      for (std::size_t j = 0, n = k; n < s.size(); n = k + 2 * ++j) {
        if (j > 0)
          factor *= sqrt(T(static_cast<double>(n) * static_cast<double>(n - 1))) /
                    T(static_cast<double>(2 * j));
        all[k].push_back(factor * s[n]);
      }
    }
    return all;
  }
  template <class N>
  static N horner(const std::vector<T>& coefficients, const N& x) {
    N sum = coefficients.back() + T(0) * x;
    for (std::size_t j = coefficients.size() - 1; j-- > 0;) sum = coefficients[j] + N(sum * x);
    return sum;
  }

  std::vector<std::vector<T>> first_, second_;
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
std::unique_ptr<PairKernel<T>> make_free_kernel(const Activation& sigma, const Activation& gamma,
                                                int digits) {
  const auto n = sigma.homogeneity(), p = gamma.homogeneity();
  if (n && p)
    return std::make_unique<HomogeneousKernel<T>>(*n, *p,
                                                  make_dual_kernel<T>(sigma, gamma, digits));
  if (sigma.polynomial_degree() && gamma.polynomial_degree())
    return make_polynomial_kernel(hermite_expansion<T>(sigma, digits),
                                  hermite_expansion<T>(gamma, digits), Constraint::free);
  if (auto kernel = std::visit(ClosedForms<T>{}, sigma.structure(), gamma.structure()))
    return kernel;
  throw DomainError(
      fmt::format("free rows: no closed form for {} with {}; expected rows on the "
                  "sphere",
                  sigma.name(), gamma.name()));
}

}  // namespace

template <Scalar T>
std::unique_ptr<PairKernel<T>> make_pair_kernel(const Activation& sigma, const Activation& gamma,
                                                Constraint constraint, int digits) {
  if (constraint == Constraint::free) return make_free_kernel<T>(sigma, gamma, digits);
  return std::make_unique<HomogeneousKernel<T>>(0, 0, make_dual_kernel<T>(sigma, gamma, digits));
}

template <Scalar T>
std::unique_ptr<PairKernel<T>> make_polynomial_kernel(const std::vector<T>& s,
                                                      const std::vector<T>& g,
                                                      Constraint constraint) {
  if (constraint == Constraint::free) return formula_kernel<T>(PolynomialFormula<T>(s, g));
  std::vector<T> products(std::min(s.size(), g.size()));
  for (std::size_t k = 0; k < products.size(); ++k) products[k] = s[k] * g[k];
  return make_gram_power_kernel(products, constraint);
}

template <Scalar T>
std::unique_ptr<PairKernel<T>> make_gram_power_kernel(const std::vector<T>& w,
                                                      Constraint constraint) {
  return std::make_unique<FormulaKernel<T, GramPowerFormula<T>>>(GramPowerFormula<T>{w},
                                                                 constraint);
}

#define SIGMAHAT_INSTANTIATE(T)                                                                  \
  template std::unique_ptr<PairKernel<T>> make_pair_kernel(const Activation&, const Activation&, \
                                                           Constraint, int);                     \
  template std::unique_ptr<PairKernel<T>> make_polynomial_kernel(                                \
      const std::vector<T>&, const std::vector<T>&, Constraint);                                 \
  template std::unique_ptr<PairKernel<T>> make_gram_power_kernel(const std::vector<T>&, Constraint)
SIGMAHAT_INSTANTIATE(double);
SIGMAHAT_INSTANTIATE(Real);
SIGMAHAT_INSTANTIATE(Interval);
#undef SIGMAHAT_INSTANTIATE

}  // namespace sigmahat
