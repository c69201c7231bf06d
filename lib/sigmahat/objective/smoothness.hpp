#pragma once

#include <string_view>
#include <vector>

#include <sigmahat/objective/make_objective.hpp>

namespace sigmahat {

/// A row of the student on one line with another row.
struct ParallelRows {
  Eigen::Index student_row;
  bool with_teacher;  ///< whose the other row is
  Eigen::Index other_row;
  bool opposite;
  bool exactly;  ///< proven, for rational rows; otherwise as far as the digits tell
};

/// How often an objective can be differentiated at a student.
///
/// Its kernels are analytic but at ρ = ±1, where rows are parallel: there κ(ρ) is a function of the
/// angle θ between them. If κ' is infinite (step: θ), there is no gradient. If κ' is finite,
/// (1-ρ²)κ'' tends to 0, since the terms of Σ k c_k ρ^{k-1} converge absolutely and come with
/// factors (k-1) |ρ|^{k-2} (1-ρ²) < 2 that each tend to 0: there is a Hessian, and it is
/// continuous. With κ'' infinite (ReLU: θ³) it changes with |θ| and has no derivative. If κ'' is
/// finite, so is the derivative of the Hessian, by the same reasoning.
struct Smoothness {
  enum class Order {
    three_times,
    at_least_twice,  ///< a continuous Hessian; of its derivative nothing is proven
    twice,           ///< a continuous Hessian that has no derivative
    unknown,         ///< nothing bounds κ'
    none,            ///< no gradient
  } order = Order::three_times;
  std::vector<ParallelRows> rows;  ///< those that are in the way of more
};
/// "three times", "at least twice", "twice", "unknown", "not once".
std::string_view to_string(Smoothness::Order order);

/// At the problem's student: `teacher` and `x`, the student's weights, are what the problem is at
/// the precision in force.
Smoothness smoothness_at(const Problem& problem, const NetworkValues<Interval>& teacher,
                         const Weights<Interval>& x, const ObjectiveChoice& objective, int digits);

}  // namespace sigmahat
