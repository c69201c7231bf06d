#pragma once

#include <optional>
#include <vector>

#include <sigmahat/coefficients/table.hpp>

#include "options.hpp"
#include "plot.hpp"
#include "report.hpp"

namespace sigmahat::cli {

struct CoefficientsOptions {
  CommonOptions common;
  std::string activation;
  int max_degree = 20;
  std::optional<Rational> scale;
  std::optional<std::vector<Rational>> grid;  ///< of scales
  std::optional<std::vector<Rational>> evaluate;
  std::optional<std::string> plot_truncations;
};

/// σ̂_0(r)..σ̂_K(r) for the scales r asked for: one, or those of --grid.
struct ScaledTables {
  Activation activation;  ///< before it is scaled
  std::vector<Rational> scales;
  std::vector<CoefficientTable> tables;
};

Report coefficients_report(const ScaledTables& found, const CoefficientsOptions& options);
/// |σ̂_k| against k.
Plot decay_plot(const CoefficientTable& table);
/// σ̂_k(r) against r for the first degrees that do not vanish.
Plot scale_plot(const ScaledTables& found);
/// σ against its truncations.
Plot truncations_plot(const CoefficientTable& table);

}  // namespace sigmahat::cli
