#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include <sigmahat/kernel/pair_kernel.hpp>
#include <sigmahat/network/problem.hpp>
#include <sigmahat/objective/objective.hpp>

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
using ObjectiveChoice = std::variant<FullLoss, DesignedLoss, DegreeLoss>;

/// Reads "f", "f_gamma:2,4", "degree:4", "weights:2=1,4=1/2"; throws ParseError otherwise.
ObjectiveChoice parse_objective(std::string_view text);
/// What parse_objective reads back.
std::string to_text(const ObjectiveChoice& choice);

/// The objective of students of this problem, at the precision in force.
///
/// The student's weights play no part; the teacher's rows are unit. Rows on the sphere may have any
/// activations, free rows those of make_pair_kernel, and polynomials for any teacher.
template <Scalar T>
std::unique_ptr<Objective<T>> make_objective(const ObjectiveChoice& choice,
                                             const ProblemValues<T>& problem, Constraint constraint,
                                             int digits, int threads = 0);

/// The student of a problem as a point: on the sphere, or as it is given.
template <Scalar T>
Weights<T> student_weights(const Problem& problem, Constraint constraint);

}  // namespace sigmahat
