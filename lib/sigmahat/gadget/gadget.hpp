#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/numeric/matrix.hpp>
#include <sigmahat/numeric/multivariate_polynomial.hpp>

namespace sigmahat {

/// Highest total degree of a polynomial of inner products: the variance grows like its factorial.
inline constexpr int max_gadget_degree = 32;
/// Most vectors that a polynomial of inner products may name.
inline constexpr std::size_t max_gadget_vectors = 16;

/// Reads a polynomial of inner products t_j = ⟨b*, b_j⟩: "t^4", "s^2*t^2 - t^4/20", "t1*t2*t3".
///
/// `s` is t1 and `t` is t2; a polynomial in `t` alone is of one vector. The result has as many
/// variables as the largest index says. Throws ParseError.
MultivariatePolynomial parse_inner_product_polynomial(std::string_view text);

/// σ̂_k of a teacher's activation for these degrees k, all of which samples can estimate.
///
/// Throws DomainError where a σ̂_k = 0, naming k, the activation and one that would serve;
/// NumericalError where the digits cannot tell σ̂_k from zero.
/// @param degrees  increasing
/// @param digits   relative to sqrt(E[σ²])
std::vector<HermiteCoefficient> estimable_coefficients(const Activation& activation,
                                                       const std::vector<int>& degrees, int digits);

/// The estimator φ(b_1..b_n, x) with E[y φ] = Σ_l a*_l p(⟨b*_l, b_1⟩, ..., ⟨b*_l, b_n⟩) for labels
/// y of a teacher with unit rows b*_l and independent noise (MATH.md 6). A value.
///
/// The vectors need neither be unit nor orthogonal.
class Gadget {
 public:
  /// What the terms of p of one degree k contribute: wick / (√k! σ̂_k).
  struct Part {
    int degree;
    HermiteCoefficient coefficient;  ///< σ̂_k
    MultivariatePolynomial wick;     ///< in the variables of WickVariables
  };

  /// Throws as estimable_coefficients does for the degrees of p.
  /// @param activation  of the teacher
  /// @param digits      of σ̂_k, relative to sqrt(E[σ²])
  Gadget(MultivariatePolynomial p, Activation activation, int digits = 17);

  const MultivariatePolynomial& polynomial() const { return p_; }
  const Activation& activation() const { return activation_; }
  std::size_t vectors() const { return p_.variables(); }
  int digits() const { return digits_; }
  /// By increasing degree.
  const std::vector<Part>& parts() const { return parts_; }

 private:
  MultivariatePolynomial p_;
  Activation activation_;
  int digits_;
  std::vector<Part> parts_;
};

/// 1/(√k! σ̂_k) at the precision in force.
template <Scalar T>
T factor_of(const Gadget::Part& part);

/// φ, or a derivative of it, with the vectors fixed: a polynomial in u_j = ⟨b_j, x⟩ that is
/// evaluated for many x.
template <Scalar T>
class BoundGadget {
 public:
  /// @param gram  n×n, g_jk = ⟨b_j, b_k⟩
  /// @param by    the variable of WickVariables by which φ is differentiated, if any
  BoundGadget(const Gadget& gadget, const Matrix<T>& gram, std::optional<std::size_t> by = {});

  struct Term {
    T coefficient;
    std::vector<int> exponents;  ///< of u_1..u_n
  };
  const std::vector<Term>& terms() const { return terms_; }

  /// @param projections  N×n, a sample is a row
  /// @return φ for each row
  Vector<T> operator()(const Matrix<T>& projections) const;

 private:
  std::vector<Term> terms_;
};

/// E[y φ] = Σ_l a*_l p(inner_l): the exact expectation.
/// @param a      m*
/// @param inner  m*×n, ⟨b*_l, b_j⟩ for unit b*_l
template <Scalar T>
T expectation(const Gadget& gadget, const Vector<T>& a, const Matrix<T>& inner);

}  // namespace sigmahat
