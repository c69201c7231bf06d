#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sigmahat/numeric/enclosure.hpp>
#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/objective/smoothness.hpp>
#include <sigmahat/objective/sphere.hpp>

namespace sigmahat {

/// The Hessian's eigenvalues over the directions in which the weights may move.
struct Spectrum {
  std::vector<Enclosure> eigenvalues;  ///< increasing
  int negative;                        ///< proven to be: the least that the Morse index can be
  int undecided;                       ///< those whose sign the bounds leave open
};

/// An objective at one point, every number with its proven bound.
struct PointEvaluation {
  Enclosure value;
  Enclosure constant;        ///< the part of `value` that no student can remove
  Enclosure above_constant;  ///< the rest
  std::string method;
  /// On the sphere the Riemannian one. The entries of a are zero where a is fixed.
  struct Gradient {
    std::vector<Enclosure> a;
    std::vector<std::vector<Enclosure>> B;  ///< rows
    std::vector<Enclosure> c;               ///< empty where the student has no biases
    std::vector<Enclosure> row_norms;       ///< of B's rows
    Enclosure norm;
  };
  /// Where there is no gradient, neither of the two is there: `smoothness` says which rows are in
  /// the way.
  std::optional<Gradient> gradient;
  std::optional<Spectrum> spectrum;
  std::optional<Smoothness> smoothness;  ///< where derivatives were asked for
};

struct EvaluationOptions {
  ObjectiveChoice objective = FullLoss{};
  Freedom freedom = {};
  bool gradient = false;
  bool hessian = false;
  int digits = 17;
  int threads = 0;
};

/// Directions that `evaluate` takes a spectrum over, at most: an interval Hessian of 3000 rows
/// fills two gigabytes.
inline constexpr int max_spectrum = 3000;
/// Up to so many the eigenvalues come to the digits asked for, beyond to those of
/// symmetric_eigenvalues_in_double.
inline constexpr int max_precise_spectrum = 150;

/// The objective at the problem's student, by interval arithmetic throughout.
///
/// Throws InputError where derivatives on the sphere are asked for at rows that are not unit.
PointEvaluation evaluate(const Problem& problem, const EvaluationOptions& options);

}  // namespace sigmahat
