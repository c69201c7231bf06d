#pragma once

#include <sigmahat/network/problem.hpp>
#include <sigmahat/objective/objective.hpp>

namespace sigmahat {

/// f and its gradient.
struct LossGradient {
  double value = 0;
  Vector<double> a;  ///< m, ∂f/∂a_i
  Matrix<double> B;  ///< m×d, ∂f/∂b_i
};

/// f(a,B) = E|y - aᵀγ(Bx)|² in double precision, for teachers and students whose activation is
/// linear on either side of zero (relu, abs, leaky_relu, linear), rows of any length.
///
/// With σ(x) = αx + β|x| the kernel splits into a linear part and an even one (MATH.md 3),
///   E[σ(b·x)γ(c·x)] = αα' ⟨b,c⟩ + (2/π) ββ' ‖b‖‖c‖ q(ρ),  q(ρ) = √(1-ρ²) + ρ asin ρ,  q' = asin,
/// so that no tensor and, for the linear part, no pair is formed:
///   ∂/∂b ‖b‖‖c‖ q(ρ) = √(1-ρ²) ‖c‖ b/‖b‖ + asin(ρ) c.
/// f is C¹ where rows are parallel or opposite: the gradient is right there too.
///
/// Accuracy: with S = Σ|a*_i|‖b*_i‖ + Σ|a_i|‖b_i‖, L the largest |slope|, u = 2^-53 and
/// N = d + m + m* + 10, to first order in u,
///   |error of f| <= 6 N u L² S²,  |error of ∂f/∂a_i| <= 12 N u L² ‖b_i‖ S,
///   ‖error of ∂f/∂b_i‖ <= 12 N u L² |a_i| S.
/// That holds for nearly parallel rows as for others, although the arcsine of a rounded ρ near 1
/// has lost half of its digits: as vectors the errors cancel. With φ = asin ρ and Δφ, Δρ the
/// errors, that of cos φ b/‖b‖ + φ c/‖c‖ is cos(φ+Δφ) - cos φ + Δφ sin φ along b and Δφ cos φ
/// across it: at most (Δφ)²/2 <= 2.5 |Δρ| and 2 |Δρ|, because 1 - cos Δφ <= |Δρ| and cos φ |Δφ|/2
/// <= |Δρ|. f of a student that equals its teacher is a difference of equal terms: rounding, of
/// either sign.
///
/// Bitwise the same for every number of threads.
class PiecewiseLinearLoss {
 public:
  /// Whether an activation is linear on either side of zero.
  static bool takes(const Activation& activation);

  /// The teacher's part, O(m*² d), is computed here and never again.
  ///
  /// Throws DomainError unless both activations are linear on either side of zero; InputError where
  /// a shape, the noise variance or a row's length (see `value`) is wrong.
  PiecewiseLinearLoss(NetworkValues<double> teacher, const Activation& student,
                      double noise_variance, int threads = 0);

  /// What `gradient` works in: kept from call to call, no matrix is allocated anew.
  struct Workspace {
    Matrix<double> within, between;  ///< m×m, m×m*: asin ρ_ij times the weight of j
    /// Parts of Σ_j p_j √(1-ρ_ij²), and of inner products with b_i: a row a neuron, a column a
    /// tile.
    Matrix<double> within_sums, between_sums, dots, mixed_dots, residual_dots;
  };

  /// Throws InputError unless `a` has m entries, B is m×d with d the teacher's, and the length of
  /// every row is zero or between 1e-100 and 1e100; NumericalError where f leaves the range of
  /// double.
  /// @complexity m (m/2 + m*) d multiplications; memory O(m + tile) a thread
  double value(const Vector<double>& a, const Matrix<double>& B, int threads = 0) const;

  /// Also throws DomainError for a row that is zero: f has no gradient there.
  /// The gradient is nearly free of anything but its matrix products: at d = m = m* = 2000 they
  /// take 94 % of the time. `result.B` must not be B.
  /// @complexity m (3m/2 + 2m*) d multiplications; memory m (m + m*) doubles in `work`: with both
  /// networks and the gradient 2.5 (md + m²) for m = m* (2.57 measured at d = m = 5000)
  void gradient(const Vector<double>& a, const Matrix<double>& B, Workspace& work,
                LossGradient& result, int threads = 0) const;
  LossGradient gradient(const Vector<double>& a, const Matrix<double>& B, int threads = 0) const;

  /// The Hessian times a direction, and all of it, ordered as `flattened` does. f is C² where no
  /// two rows are parallel or opposite; there the terms that have no limit are left out.
  ///
  /// With unit vectors b, c, s = √(1-ρ²), n = (c - ρb)/s and m = (b - ρc)/s (Safran and Shamir,
  /// ICML 2018, for ReLU):
  ///   ∂²/∂b∂b ‖b‖‖c‖ q = ‖c‖/‖b‖ s (I - bbᵀ + nnᵀ),
  ///   ∂²/∂b∂c ‖b‖‖c‖ q = asin ρ I + s (nmᵀ + bcᵀ).
  /// Near parallel rows s and asin ρ come from the difference of the unit vectors.
  ///
  /// Throws as `gradient` does.
  /// @complexity 3 m (m + m*) d multiplications for a product, on one thread; m² d² + m (m + m*) d²
  /// for the matrix
  Weights<double> hessian_product(const Weights<double>& x, const Weights<double>& direction) const;
  Matrix<double> hessian(const Weights<double>& x) const;

 private:
  /// Slopes (α, β): σ(x) = αx + β|x|.
  struct Slopes {
    double linear, even;
  };
  /// Of a network's rows; zeros follow up to a multiple of the SIMD width.
  struct Scales {
    Vector<double> lengths, inverse_lengths;
    Vector<double> weights;  ///< a_i ‖b_i‖
  };

  static Slopes slopes(const Activation& activation);
  class Pairs;
  class Sweep;
  struct Angles;

  static Scales scales(const Vector<double>& a, const Matrix<double>& B, const char* role);
  Scales student_scales(const Vector<double>& a, const Matrix<double>& B) const;
  static void require_gradient(const Scales& student, Eigen::Index rows);
  template <int rows>
  bool small_gradient(const Vector<double>& a, const Matrix<double>& B, LossGradient& result) const;
  Angles angles(const Weights<double>& x) const;
  Vector<double> linear_residual(const Vector<double>& a, const Matrix<double>& B) const;

  NetworkValues<double> teacher_;
  Slopes teacher_slopes_, student_slopes_;
  Scales teacher_scales_;
  Vector<double> teacher_linear_;  ///< α* Σ a*_i b*_i
  double constant_;                ///< s² and the even part of the teacher with itself
};

/// Takes out of each row of `gradient` its component along the row of B: the Riemannian gradient,
/// where the rows of B are unit.
void project_to_tangent(const Matrix<double>& B, Matrix<double>& gradient);

}  // namespace sigmahat
