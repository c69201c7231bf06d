#include <algorithm>
#include <cstdlib>

#include <sigmahat/activation/polynomial_roots.hpp>
#include <sigmahat/numeric/ball.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

class IntegerPolynomial {
 public:
  IntegerPolynomial() { fmpz_poly_init(polynomial_); }
  ~IntegerPolynomial() { fmpz_poly_clear(polynomial_); }
  IntegerPolynomial(const IntegerPolynomial&) = delete;
  IntegerPolynomial& operator=(const IntegerPolynomial&) = delete;

  /// p times its common denominator.
  explicit IntegerPolynomial(const Polynomial& p) : IntegerPolynomial() {
    Integer common = 1;
    for (const Rational& c : p) common = lcm(common, denominator(c));
    fmpz_t whole;
    fmpz_init(whole);
    for (std::size_t i = 0; i < p.size(); ++i) {
      const Integer value = numerator(p[i]) * (common / denominator(p[i]));
      fmpz_set_mpz(whole, value.backend().data());
      fmpz_poly_set_coeff_fmpz(polynomial_, static_cast<slong>(i), whole);
    }
    fmpz_clear(whole);
  }
  fmpz_poly_struct* get() { return polynomial_; }

 private:
  fmpz_poly_t polynomial_;
};

class SquarefreeFactors {
 public:
  explicit SquarefreeFactors(IntegerPolynomial& p) {
    fmpz_poly_factor_init(factors_);
    fmpz_poly_factor_squarefree(factors_, p.get());
  }
  ~SquarefreeFactors() { fmpz_poly_factor_clear(factors_); }
  SquarefreeFactors(const SquarefreeFactors&) = delete;
  SquarefreeFactors& operator=(const SquarefreeFactors&) = delete;

  slong size() const { return factors_->num; }
  fmpz_poly_struct* operator[](slong i) { return factors_->p + i; }

 private:
  fmpz_poly_factor_t factors_;
};

class RootVector {
 public:
  RootVector(fmpz_poly_struct* squarefree, slong bits) : size_(fmpz_poly_degree(squarefree)) {
    roots_ = _acb_vec_init(size_);
    arb_fmpz_poly_complex_roots(roots_, squarefree, 0, bits);
  }
  ~RootVector() { _acb_vec_clear(roots_, size_); }
  RootVector(const RootVector&) = delete;
  RootVector& operator=(const RootVector&) = delete;

  slong size() const { return size_; }
  acb_ptr operator[](slong i) { return roots_ + i; }

 private:
  slong size_;
  acb_ptr roots_;
};

/// The rational number in `root` that is a root of `p`, if there is one.
std::optional<Rational> rational_root(fmpz_poly_struct* p, arb_srcptr root) {
  fmpz_t lead, candidate;
  fmpz_init(lead);
  fmpz_init(candidate);
  fmpz_poly_get_coeff_fmpz(lead, p, fmpz_poly_degree(p));
  Ball scaled;
  arb_mul_fmpz(scaled.get(), root, lead, ARF_PREC_EXACT);
  std::optional<Rational> result;
  if (arb_get_unique_fmpz(candidate, scaled.get())) {
    fmpq_t fraction, value;
    fmpq_init(fraction);
    fmpq_init(value);
    fmpq_set_fmpz_frac(fraction, candidate, lead);
    fmpz_poly_evaluate_fmpq(value, p, fraction);
    if (fmpq_is_zero(value)) {
      Rational exact;
      fmpq_get_mpq(exact.backend().data(), fraction);
      result = exact;
    }
    fmpq_clear(value);
    fmpq_clear(fraction);
  }
  fmpz_clear(candidate);
  fmpz_clear(lead);
  return result;
}

}  // namespace

std::vector<RealRoot> polynomial_real_roots(const Polynomial& p) {
  std::vector<RealRoot> result;
  if (p.size() < 2) return result;
  IntegerPolynomial whole(p);
  SquarefreeFactors factors(whole);
  for (slong i = 0; i < factors.size(); ++i) {
    // Enough bits to tell whole multiples of the leading coefficient's inverse apart.
    const slong bits = PrecisionScope::bits() + 2 * std::abs(fmpz_poly_max_bits(factors[i]));
    RootVector roots(factors[i], bits);
    for (slong j = 0; j < roots.size(); ++j) {
      if (!acb_is_real(roots[j])) continue;
      const auto exact = rational_root(factors[i], acb_realref(roots[j]));
      Ball enclosure;
      arb_set(enclosure.get(), acb_realref(roots[j]));
      result.push_back(
          {exact ? from_rational<Interval>(*exact) : to_interval(enclosure), exact, true});
    }
  }
  std::sort(result.begin(), result.end(),
            [](const RealRoot& a, const RealRoot& b) { return lower(a.at) < lower(b.at); });
  return result;
}

}  // namespace sigmahat
