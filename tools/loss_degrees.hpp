#pragma once

#include <optional>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/objective/evaluation.hpp>
#include <sigmahat/objective/exact_loss.hpp>
#include <sigmahat/objective/population_loss.hpp>

#include "plot.hpp"
#include "report.hpp"

namespace sigmahat::cli {

/// What loss found of an objective that is a squared distance between networks.
struct DegreeFindings {
  SeriesLoss table;  ///< up to the degree asked for
  /// Where a kernel is summed as a series: the loss by its own, as long as the digits need.
  std::optional<SeriesLoss> series;
  std::optional<ExactLoss> exact;  ///< with --exact

  const SeriesLoss& longest() const { return series ? *series : table; }
};

/// What the degrees beyond the table add to the loss.
Enclosure remainder_of(const PointEvaluation& loss, const DegreeFindings& findings);

/// A number in symbols for the exact column or field; one too long to read is left to programs.
Value readable_symbol(const std::optional<ExactValue>& exact, std::size_t longest_text,
                      std::size_t longest_latex);
Value latex_source(const std::optional<ExactValue>& exact);

/// The degree terms, and below them what makes their sum the loss.
Section degree_section(const Problem& problem, const ObjectiveChoice& objective,
                       const PointEvaluation& loss, const DegreeFindings& findings, int max_degree,
                       int digits);

/// The contributions, those out of the student's reach apart.
Plot degree_plot(const SeriesLoss& table, const ObjectiveChoice& objective);

}  // namespace sigmahat::cli
