#pragma once

#include <sigmahat/objective/objective.hpp>
#include <sigmahat/optimize/optimizer.hpp>

namespace sigmahat {

/// An objective at a point of the manifold.
struct Iterate {
  Weights<double> x;
  double value = 0;
  Weights<double> gradient;            ///< the Riemannian one
  Weights<double> euclidean_gradient;  ///< of the objective as it continues itself
};

/// All but at.x, which says where, in the memory that is there. Throws as the objective does.
void evaluate_in_place(const Objective<double>& objective, const Freedom& freedom, Iterate& at);
Iterate evaluate_at(const Objective<double>& objective, Weights<double> x, const Freedom& freedom);
bool is_finite(const Iterate& iterate);

/// The methods that go down an objective whose values and gradients are exact but for rounding.
///
/// The objective outlives the optimizer.
class DescentMethod : public Optimizer {
 public:
  const Weights<double>& weights() const override { return current_.x; }
  const Iterate& current() const { return current_; }
  double gradient_norm() const;
  /// Gradients of the objective computed so far.
  std::uint64_t evaluations() const { return evaluations_; }

 protected:
  /// Throws InputError for a start where the objective is not finite, and as the objective does.
  DescentMethod(const Objective<double>& objective, Weights<double> start, const Freedom& freedom);
  /// Counted, and infinite where the objective is out of the range of double.
  Iterate evaluate(Weights<double> x);
  void evaluate(Iterate& at);
  /// What the rounding of two values may hide: an error of the objective's own scale, which its
  /// value at the start stands for.
  double value_rounding() const;
  void restart_at(const Weights<double>& x, const OptimizerState& state);
  OptimizerState common_state() const;

  const Objective<double>& objective_;
  Freedom freedom_;
  Iterate current_;
  double start_scale_;
  std::uint64_t evaluations_ = 0;
};

/// The numbers called `name`, `size` of them or any number where that is negative; throws
/// InputError otherwise. For optimizers' `restore`.
const std::vector<double>& state_entry(const OptimizerState& state, const std::string& name,
                                       std::ptrdiff_t size = -1);

}  // namespace sigmahat
