#pragma once

#include <map>
#include <string>
#include <vector>

#include <sigmahat/objective/sphere.hpp>

namespace sigmahat {

/// What an optimizer has to remember between two iterations besides the weights: put back, it goes
/// on with the same bits.
using OptimizerState = std::map<std::string, std::vector<double>>;

enum class Move {
  done,
  /// No step improves on the weights: rounding, or an objective without the derivatives wanted.
  none,
  /// A number has left the range of double; the weights are the last ones that were finite.
  diverged
};

/// Moves the weights of a student, one iteration at a time.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual Move advance() = 0;
  virtual const Weights<double>& weights() const = 0;

  virtual OptimizerState state() const = 0;
  /// Goes on from where the optimizer stood that `state` is from. Throws InputError where it is the
  /// state of another kind of optimizer, or of weights of another shape.
  virtual void restore(const Weights<double>& weights, const OptimizerState& state) = 0;
};

}  // namespace sigmahat
