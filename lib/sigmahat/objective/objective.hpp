#pragma once

#include <string>
#include <utility>

#include <sigmahat/numeric/matrix.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// The weights of a student x ↦ Σ a_i γ(⟨b_i,x⟩ + c_i); a direction to move them in; a gradient.
template <Scalar T>
struct Weights {
  Vector<T> a;    ///< m
  Matrix<T> B;    ///< m×d, rows are neurons
  Vector<T> c{};  ///< m biases; empty where the neurons have none
};

/// a, then B row by row, then the biases: m + md entries or 2m + md, the order of a dense Hessian.
template <Scalar T>
Vector<T> flattened(const Weights<T>& x);
/// The weights of m neurons in R^d whose entries are `x`; with biases where there are entries for
/// them.
template <Scalar T>
Weights<T> unflattened(const Vector<T>& x, Eigen::Index m, Eigen::Index d);

/// What is minimised over the weights (a, B, c) of a student; the teacher is fixed.
///
/// Gradients and Hessians are the Euclidean ones. An objective that is meant for rows on the unit
/// sphere continues itself off the sphere in a smooth way of its own; what objective/sphere.hpp
/// makes of its derivatives does not depend on which. With T = Interval every result encloses the
/// exact one.
///
/// Throws DomainError for a shape that is not the problem's, for a zero row, and, where a
/// derivative is asked for that does not exist, with the rows that are in the way.
template <Scalar T>
class Objective {
 public:
  struct Evaluation {
    T value;
    Weights<T> gradient;
  };

  virtual ~Objective() = default;
  virtual T value(const Weights<T>& x) const = 0;
  virtual Evaluation value_and_gradient(const Weights<T>& x) const = 0;
  /// The value, and the gradient in the place of `gradient`, whose memory serves again where it is
  /// of its shape: in few dimensions memory costs as much as arithmetic.
  virtual T gradient_into(const Weights<T>& x, Weights<T>& gradient) const {
    Evaluation result = value_and_gradient(x);
    gradient = std::move(result.gradient);
    return std::move(result.value);
  }
  /// The Hessian times `direction`.
  virtual Weights<T> hessian_product(const Weights<T>& x, const Weights<T>& direction) const = 0;
  /// Dense and symmetric, ordered as `flattened`: memory O(m²d²).
  virtual Matrix<T> hessian(const Weights<T>& x) const = 0;
  /// The part of every value that no student can remove, as far as a formula gives it.
  virtual T constant() const = 0;
  /// How the numbers come about: "closed form", "series, K = 210".
  virtual std::string method() const = 0;
};

}  // namespace sigmahat
