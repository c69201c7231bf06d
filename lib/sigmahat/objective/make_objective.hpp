#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include <sigmahat/kernel/pair_kernel.hpp>
#include <sigmahat/network/problem.hpp>
#include <sigmahat/numeric/multivariate_polynomial.hpp>
#include <sigmahat/objective/objective.hpp>
#include <sigmahat/objective/polynomial_objective.hpp>

namespace sigmahat {

/// f(a,B) = E|y - ŷ|² (MATH.md 4).
struct FullLoss {};
/// f_γ: the full loss of a student that keeps these degrees of its activation (MATH.md 5).
struct DesignedLoss {
  std::set<int> degrees;
};
/// Σ_k w_k f_k, f_k = ‖Σ a*_i b*_i^{⊗k} - Σ a_i b_i^{⊗k}‖_F².
struct DegreeLoss {
  std::map<int, Rational> weights;
};
/// Σ_i a*_i Σ_{j≠k} P(⟨b*_i,b_j⟩, ⟨b*_i,b_k⟩).
struct GadgetObjective {
  MultivariatePolynomial pairs;  ///< P in s and t
};
/// G(B; μ) = Σ_i a*_i (Σ_{j≠k} ⟨b*_i,b_j⟩²⟨b*_i,b_k⟩² - μ Σ_j ⟨b*_i,b_j⟩⁴) (MATH.md 7).
struct GuaranteedObjective {
  Rational mu;
};
/// The paper's form, sign(σ̂_4) E[y Σ_{j≠k} φ(b_j,b_k,x)] - μ sign(σ̂_4) E[y Σ_j ϕ(b_j,x)]
/// + λ Σ_j (N(b_j) - 1)² with φ = W_22/2 and ϕ = W_4/24: as an expectation
///   √24 |σ̂_4| Σ_i a*_i (1/2 Σ_{j≠k} m_ij² m_ik² - μ/24 Σ_j m_ij⁴) + λ Σ_j (N(b_j) - 1)².
/// N(b) is ‖b‖², or bᵀ(Σ a*_i b*_i b*_iᵀ)b for teachers whose rows are not orthonormal.
struct PenalisedObjective {
  Rational mu;
  Rational lambda;
  bool whitened = false;
};
using ObjectiveChoice = std::variant<FullLoss, DesignedLoss, DegreeLoss, GadgetObjective,
                                     GuaranteedObjective, PenalisedObjective>;

/// Whether it is a squared distance between networks and noise: f, f_γ and the degree terms.
bool is_squared_distance(const ObjectiveChoice& choice);

/// What an objective that is a squared distance has at degree k, T = Σ a*_i b*_i^{⊗k} and
/// S = Σ a_i b_i^{⊗k}: w ‖T - S‖², or without a weight ‖σ̂_k T - γ̂_k S‖², γ̂_k left out where the
/// student has dropped the degree.
struct DegreePart {
  std::optional<Rational> weight;
  bool kept = true;
};
/// Throws DomainError for an objective that is no squared distance.
DegreePart degree_part(const ObjectiveChoice& choice, int degree);

/// Reads "f", "f_gamma:2,4", "degree:4", "weights:2=1,4=1/2", "G:mu=0.05", "gadget:s^2*t^2",
/// "penalty:mu=0.05,lambda=1" and "whitened:mu=0.05,lambda=1"; throws ParseError otherwise.
ObjectiveChoice parse_objective(std::string_view text);
/// What parse_objective reads back.
std::string to_text(const ObjectiveChoice& choice);

/// Reads "sphere" or "free"; throws ParseError otherwise.
Constraint parse_constraint(std::string_view text);

/// The objective of students of this problem, at the precision in force.
///
/// The student's weights play no part but for this: only where the problem's student has biases do
/// students have them. f and f_γ take any teacher; for the others InputError is thrown unless its
/// rows are unit and without biases.
template <Scalar T>
std::unique_ptr<Objective<T>> make_objective(const ObjectiveChoice& choice,
                                             const ProblemValues<T>& problem, Constraint constraint,
                                             int digits, int threads = 0);

/// The terms of G, of its penalty forms and of the gadget objectives; none for the others.
/// @param teacher  its coefficient scales the penalty forms
template <Scalar T>
std::optional<PolynomialTerms<T>> polynomial_terms(const ObjectiveChoice& choice,
                                                   const Activation& teacher, int digits);

/// The student of a problem as a point: on the sphere, or as it is given. Throws InputError where
/// rows are to be on the sphere and are not.
template <Scalar T>
Weights<T> student_weights(const Problem& problem, Constraint constraint);

/// The problem with this student: what student_weights gives back, to the last bit where rows are
/// free, to their rounding where they are on the sphere.
Problem with_student(const Problem& problem, const Weights<double>& x, Constraint constraint);

}  // namespace sigmahat
