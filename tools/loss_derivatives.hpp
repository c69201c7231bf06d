#pragma once

#include <vector>

#include <sigmahat/objective/evaluation.hpp>

#include "report.hpp"

namespace sigmahat::cli {

/// What the evaluation has of gradient and Hessian, and which rows are in the way of more.
std::vector<Section> derivative_sections(const PointEvaluation& loss,
                                         const EvaluationOptions& asked, int digits);

}  // namespace sigmahat::cli
