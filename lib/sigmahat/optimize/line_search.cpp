#include <algorithm>
#include <cmath>
#include <limits>

#include <sigmahat/optimize/line_search.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

/// An end of the interval in which the step is sought.
struct End {
  double t;
  std::optional<double> slope;  ///< none where only the value, too large, is of use
};

/// Where the slope would vanish were it linear, kept away from the ends; the middle without slopes.
double between(const End& low, const End& high) {
  const double width = high.t - low.t;
  constexpr double margin = 0.1;
  if (!high.slope || !(*high.slope > *low.slope)) return low.t + width / 2;
  const double secant = low.t - width * *low.slope / (*high.slope - *low.slope);
  return std::clamp(secant, low.t + margin * width, high.t - margin * width);
}

}  // namespace

std::optional<LineStep> wolfe_step(const Iterate& from, const Weights<double>& direction,
                                   double first_trial, double rounding, const Freedom& freedom,
                                   const std::function<Iterate(Weights<double>)>& evaluate,
                                   const LineSearchOptions& options) {
  constexpr double growth = 4;
  const double start_slope = inner(from.gradient, direction);
  if (!(start_slope < 0)) return std::nullopt;
  const double delta = options.sufficient_decrease, sigma = options.curvature;
  End low{0, start_slope};
  End high{std::numeric_limits<double>::infinity(), std::nullopt};
  double t = first_trial;
  for (int n = 0; n < options.most_evaluations; ++n) {
    Iterate trial = evaluate(retracted(from.x, scaled(t, direction), freedom));
    const double slope = slope_along(from.x, direction, t, trial.gradient, freedom);
    const bool usable = is_finite(trial);
    const bool decreased = usable && trial.value <= from.value + delta * t * start_slope;
    const bool level = usable && trial.value <= from.value + rounding;
    const bool flat_enough = slope >= sigma * start_slope;
    if (flat_enough && (decreased || (level && slope <= (2 * delta - 1) * start_slope)))
      return LineStep{t, std::move(trial)};
    if (!usable || (!decreased && !level)) {
      high = {t, std::nullopt};
    } else if (slope < sigma * start_slope && (decreased || level)) {
      low = {t, slope};
    } else {
      high = {t, slope};
    }
    t = std::isinf(high.t) ? growth * t : between(low, high);
    if (!(t > low.t) || !(t < high.t) || !std::isfinite(t)) break;
  }
  return std::nullopt;
}

}  // namespace sigmahat
