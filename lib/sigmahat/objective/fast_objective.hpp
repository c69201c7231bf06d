#pragma once

#include <sigmahat/objective/make_objective.hpp>

namespace sigmahat {

/// make_objective in double precision, for the many evaluations of an optimizer: where f is that of
/// PiecewiseLinearLoss, all comes from there, ten times as fast. Its derivatives are those of free
/// rows then, whatever the constraint.
std::unique_ptr<Objective<double>> make_fast_objective(const ObjectiveChoice& choice,
                                                       const ProblemValues<double>& problem,
                                                       Constraint constraint, int threads = 0);

}  // namespace sigmahat
