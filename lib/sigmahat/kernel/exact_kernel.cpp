#include <algorithm>
#include <utility>
#include <vector>

#include <sigmahat/coefficients/closed_form.hpp>
#include <sigmahat/kernel/exact_kernel.hpp>

namespace sigmahat {
namespace {

Rational power(const Rational& x, int n) {
  Rational result = 1;
  for (int i = 0; i < n; ++i) result *= x;
  return result;
}

/// sign(s)·sqrt(|s|)·x
ExactValue times_root(const Rational& signed_square, const ExactValue& x) {
  return signed_square == 0 ? ExactValue::zero() : ExactTerm::root(signed_square) * x;
}

/// ρ where it is rational.
std::optional<Rational> rational_root(const Rational& signed_square) {
  if (signed_square == 0) return Rational(0);
  return rational_ratio(ExactTerm::root(signed_square), ExactTerm{});
}

/// A_mn(ρ) = E[u_+^m v_+^n] by Stein's identity, as the TruncatedMoments of dual_kernel.cpp, which
/// has the formulas; φ_0 = 1/√(2π), ζ_n = E[z_+^n].
class ExactMoments {
 public:
  explicit ExactMoments(const Rational& signed_square)
      : rho_(signed_square), co_(1 - abs(signed_square)) {}

  const ExactValue& at(int m, int n) {
    if (m > n) std::swap(m, n);
    const auto known = values_.find({m, n});
    if (known != values_.end()) return known->second;
    ExactValue value = computed(m, n);
    return values_.emplace(std::pair(m, n), std::move(value)).first->second;
  }

 private:
  ExactValue computed(int m, int n) {
    if (n == 0)
      return ExactValue::rational(Rational(1, 4)) +
             ExactTerm::root(Rational(1, 4), -2) * ExactValue::arcsine(rho_);
    if (m == 0 && n == 1)
      return Rational(1, 2) * (peak_ * ExactValue::rational(1) + times_root(rho_, peak_));
    if (m == 0) return Rational(n - 1) * at(0, n - 2) + times_root(rho_, boundary(n - 1));
    if (m == 1) return boundary(n) + Rational(n) * times_root(rho_, at(0, n - 1));
    return Rational(m - 1) * at(m - 2, n) + Rational(n) * times_root(rho_, at(m - 1, n - 1));
  }
  /// φ_0 (1-ρ²)^{n/2} ζ_n
  ExactValue boundary(int n) const {
    const Rational co = power(co_, n);
    if (co == 0) return ExactValue::zero();
    return peak_ * ExactTerm::root(co) * half_moment(n);
  }
  static ExactTerm half_moment(int n) {
    if (n == 0) return ExactTerm::rational(Rational(1, 2));
    if (n == 1) return ExactTerm::root(Rational(1, 2), -1);
    return ExactTerm::rational(n - 1) * half_moment(n - 2);
  }

  Rational rho_, co_;  ///< ρ as a signed square, 1 - ρ²
  ExactTerm peak_ = ExactTerm::root(Rational(1, 2), -1);
  std::map<std::pair<int, int>, ExactValue> values_;
};

/// With u^m = r u_+^m + l u_-^m, u_- = (-u)_+.
struct Sides {
  Rational right, left;
};

Sides sides(const PiecewisePolynomial& f, int m) {
  const auto coefficient = [m](const Polynomial& piece) {
    const auto i = static_cast<std::size_t>(m);
    return i < piece.size() ? piece[i] : Rational(0);
  };
  const Rational left = coefficient(f.pieces.front());
  return {coefficient(f.pieces.back()), m % 2 == 0 ? left : Rational(-left)};
}

int degree_of(const PiecewisePolynomial& f) {
  return static_cast<int>(std::max(f.pieces.front().size(), f.pieces.back().size())) - 1;
}

bool is_kinked_at_zero(const PiecewisePolynomial& f) {
  return f.breakpoints.size() == 1 && f.breakpoints[0] == 0 && degree_of(f) <= max_exact_power;
}

ExactValue power_kernel(const PiecewisePolynomial& f, const PiecewisePolynomial& g,
                        const Rational& signed_square) {
  ExactMoments along(signed_square), against(-signed_square);
  ExactValue value;
  for (int m = 0; m <= degree_of(f); ++m)
    for (int n = 0; n <= degree_of(g); ++n) {
      const Sides u = sides(f, m), v = sides(g, n);
      const Rational same = u.right * v.right + u.left * v.left;
      const Rational crossed = u.right * v.left + u.left * v.right;
      if (same != 0) value = value + same * along.at(m, n);
      if (crossed != 0) value = value + crossed * against.at(m, n);
    }
  return value;
}

/// The closed form for a pair of structures; no function where there is none.
struct ClosedForms {
  ExactKernel operator()(const PiecewisePolynomial& f, const PiecewisePolynomial& g) const {
    if (!is_kinked_at_zero(f) || !is_kinked_at_zero(g)) return {};
    return [f, g](const Rational& s) { return power_kernel(f, g, s); };
  }
  ExactKernel operator()(const Exponential& f, const Exponential& g) const {
    return [f, g](const Rational& s) -> std::optional<ExactValue> {
      const auto rho = rational_root(s);
      if (!rho) return {};
      return ExactValue::root(1, 0, f.rate * f.rate + g.rate * g.rate + 2 * f.rate * g.rate * *rho);
    };
  }
  /// e^{-(ω²+ν²)/2} (e^{ωνρ} ∓ e^{-ωνρ})/2
  ExactKernel operator()(const Sinusoid& f, const Sinusoid& g) const {
    if (f.phase != g.phase) return make_exact_polynomial({});
    return [f, g](const Rational& s) -> std::optional<ExactValue> {
      const auto rho = rational_root(s);
      if (!rho) return {};
      const Rational decay = -f.frequency * f.frequency - g.frequency * g.frequency;
      const Rational growth = 2 * f.frequency * g.frequency * *rho;
      const Rational quarter(1, 4);
      const int sign = f.phase == Sinusoid::Phase::sine ? -1 : 1;
      return ExactValue::root(quarter, 0, decay + growth) +
             ExactValue::root(sign * quarter, 0, decay - growth);
    };
  }
  ExactKernel operator()(const GaussianBump& f, const GaussianBump& g) const {
    return [f, g](const Rational& s) -> std::optional<ExactValue> {
      const Rational total = (1 + f.sharpness) * (1 + g.sharpness);
      return ExactValue::root(1 / (total - f.sharpness * g.sharpness * abs(s)));
    };
  }
  /// (2/π) arcsin(2ρ/3)
  ExactKernel operator()(const ErrorFunction&, const ErrorFunction&) const {
    return [](const Rational& s) -> std::optional<ExactValue> {
      return ExactTerm::root(4, -2) * ExactValue::arcsine(4 * s / 9);
    };
  }
  /// ρ (1/4 + arcsin(ρ/2)/(2π)) + (4 - ρ²)^{-1/2}/(2π)
  ExactKernel operator()(const Gelu&, const Gelu&) const {
    return [](const Rational& s) -> std::optional<ExactValue> {
      const ExactTerm turn = ExactTerm::root(Rational(1, 4), -2);
      const ExactValue mass =
          ExactValue::rational(Rational(1, 4)) + turn * ExactValue::arcsine(s / 4);
      return times_root(s, mass) + turn * ExactValue::root(1 / (4 - abs(s)));
    };
  }
  template <class F, class G>
  ExactKernel operator()(const F&, const G&) const {
    return {};
  }
};

/// Σ σ̂_k γ̂_k ρ^k up to the degree of a polynomial.
ExactKernel finite_series(const Activation& sigma, const Activation& gamma, int degree) {
  const auto first = closed_form(sigma, degree), second = closed_form(gamma, degree);
  if (!first || !second) return {};
  std::map<int, ExactValue> products;
  for (int k = 0; k <= degree; ++k) {
    const auto i = static_cast<std::size_t>(k);
    auto both = product(first->coefficients[i], second->coefficients[i]);
    if (!both) return {};
    products.emplace(k, std::move(*both));
  }
  return make_exact_polynomial(std::move(products));
}

}  // namespace

ExactKernel make_exact_kernel(const Activation& sigma, const Activation& gamma) {
  const auto n = sigma.polynomial_degree(), p = gamma.polynomial_degree();
  if (n || p) return finite_series(sigma, gamma, n && p ? std::min(*n, *p) : n ? *n : *p);
  return std::visit(ClosedForms{}, sigma.structure(), gamma.structure());
}

ExactKernel make_exact_polynomial(std::map<int, ExactValue> coefficients) {
  std::erase_if(coefficients, [](const auto& term) { return term.second.is_zero(); });
  return [terms = std::move(coefficients)](const Rational& s) -> std::optional<ExactValue> {
    ExactValue sum;
    for (const auto& [k, c] : terms) sum = sum + times_root(power(s, k), c);
    return sum;
  };
}

}  // namespace sigmahat
