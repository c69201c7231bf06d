#pragma once

#include <optional>
#include <vector>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/kernel/dual_kernel.hpp>

namespace sigmahat {

/// D_pq(ρ) = E[σ^{(p)}(u) γ^{(q)}(v)], γ(v) = σ(v) or σ(-v), for p + q <= N: the dual kernels of
/// all derivatives, as distributions. Encloses.
///
/// The series Σ_k (σ^{(p)})^_k (γ^{(q)})^_k ρ^k with (σ^{(p)})^_k = √((k+p)!/k!) σ̂_{k+p} (MATH.md
/// 2, 3). Where |ρ| is so near to 1 that it is too long, from E[u^a σ(u) v^b σ(v)], if σ is a
/// polynomial on both sides of zero; that loses N log10 1/(1-ρ²) digits.
class DerivativeKernel {
 public:
  /// At the precision in force.
  /// @param order   N >= 0
  /// @param digits  wanted; of D_00, relative to E[σ²]
  /// @param widest  the largest |ρ| < 1 that will be asked for: series are made long enough for it
  DerivativeKernel(const Activation& sigma, int order, int digits, const Real& widest);

  const CoefficientTable& table() const { return table_; }
  /// Whether the series is too long at `widest`, and moments stand in: N⁴ operations each time.
  bool needs_moments() const { return needs_moments_; }

  /// What to do to σ and γ.
  struct Variant {
    bool mirrored = false;     ///< γ(v) = σ(-v)
    std::vector<int> without;  ///< Hermite degrees left out of both functions
  };
  /// Σ_pq weights[p+q][p] D_pq. Empty where nothing bounds the rest of the series.
  /// @param weights  N+1 lists; where mirrored, only those of even p + q may be other than zero
  std::optional<Interval> contracted(const std::vector<std::vector<Interval>>& weights,
                                     const Interval& rho, const Variant& variant) const;

 private:
  /// Where the series may end, and what it leaves out.
  struct End {
    int length;
    Real tail;
  };
  std::optional<End> end(const Interval& rho) const;
  /// D_pq, p <= q, at [p+q][p], where p + q is needed.
  using Values = std::vector<std::vector<Interval>>;
  Values by_series(const Interval& rho, const End& end, bool mirrored,
                   const std::vector<bool>& needed) const;
  Values by_moments(const Interval& rho, bool mirrored, const std::vector<bool>& needed) const;
  /// What the degrees in `without` contribute to D_pq.
  Interval removed(int p, int q, const Interval& rho, const Variant& variant) const;

  int order_;
  CoefficientTable table_;
  bool needs_moments_ = false;
  Real tolerance_;
  std::vector<Real> defects_;                        ///< Σ_{j>=k} σ̂_j² is at most the k-th
  std::vector<std::vector<Interval>> coefficients_;  ///< (σ^{(p)})^_k at [p][k]
  /// The kernels of x^a σ and x^b σ at [a][b], a + b <= N; none where there is no closed form.
  std::vector<std::vector<std::unique_ptr<DualKernel<Interval>>>> moments_;
};

}  // namespace sigmahat
