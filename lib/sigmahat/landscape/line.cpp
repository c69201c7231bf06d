#include <cmath>

#include <fmt/format.h>

#include <sigmahat/landscape/geodesic.hpp>
#include <sigmahat/landscape/line.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

std::optional<double> if_finite(double number) {
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

LinePoint line_point(const Objective<double>& objective, const Weights<double>& x,
                     const Weights<double>& velocity, double t, const Freedom& freedom) {
  const Weights<double> here = geodesic_point(x, velocity, t, freedom);
  const Weights<double> v = geodesic_velocity(x, velocity, t, freedom);
  LinePoint point{t, objective.value(here), {}, {}};
  if (!std::isfinite(point.value))
    throw NumericalError(fmt::format("t = {}: the objective has left the range of double", t));
  try {
    const Weights<double> gradient = objective.value_and_gradient(here).gradient;
    point.slope = if_finite(inner(gradient, v));
    const Weights<double> bent =
        riemannian_hessian_product(here, gradient, objective.hessian_product(here, v), v, freedom);
    point.curvature = if_finite(inner(v, bent));
  } catch (const DomainError&) {
    // Rows are parallel, and what was asked for last does not exist.
  }
  return point;
}

}  // namespace

std::vector<LinePoint> along_line(const Objective<double>& objective, const Weights<double>& x,
                                  const Weights<double>& velocity, const std::vector<double>& times,
                                  const Freedom& freedom, int threads,
                                  const WorkProgress& progress) {
  std::vector<LinePoint> points(times.size());
  SharedProgress shared(progress);
  for_each_block(times.size(), threads, [&](std::size_t i) {
    points[i] = line_point(objective, x, velocity, times[i], freedom);
    shared.add();
  });
  return points;
}

std::vector<double> equally_spaced(double first, double last, int count) {
  std::vector<double> numbers(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const double share = static_cast<double>(i) / (count - 1);
    numbers[static_cast<std::size_t>(i)] = (1 - share) * first + share * last;
  }
  return numbers;
}

}  // namespace sigmahat
