#pragma once

#include <string>
#include <vector>

#include <sigmahat/landscape/minima.hpp>
#include <sigmahat/network/problem.hpp>

#include "picture.hpp"
#include "report.hpp"

namespace sigmahat::cli {

/// The minima of one problem.
struct SizeResult {
  Problem problem;
  Constraint constraint;
  double constant;  ///< of the objective
  MinimaTally tally;
  std::vector<DescribedMinimum> minima;
};

/// What was found: a table of minima, before it one of sizes where there are several.
/// @param digits  of the values that minima have been refined to, where they have
std::vector<Section> minima_sections(const std::vector<SizeResult>& results, int digits);

/// Of one problem, the share of starts that end at each value; of several, the share that ends in
/// spurious minima, their values and smallest eigenvalues against the dimension.
Plot minima_plot(const std::vector<SizeResult>& results, const std::string& objective);

/// B B*ᵀ of one minimum, its neurons in the order of its symmetry, or each beside the teacher row
/// that it is nearest to.
MapPlot gram_picture(const SizeResult& result, const DescribedMinimum& minimum);

}  // namespace sigmahat::cli
