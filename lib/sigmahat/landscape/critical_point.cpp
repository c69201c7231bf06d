#include <algorithm>
#include <cmath>
#include <optional>

#include <sigmahat/landscape/critical_point.hpp>
#include <sigmahat/landscape/hessian_solver.hpp>
#include <sigmahat/optimize/descent.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

/// Up to so many dimensions a factorisation costs less than a dozen Hessian products.
constexpr Eigen::Index most_dense = 256;
/// Share of the gradient that conjugate gradients leave.
constexpr double residual_share = 1e-8;
constexpr int most_steps = 20;
constexpr double sure_contraction = 0.25;

/// None where a direction of no positive curvature is met.
std::optional<Weights<double>> solve_by_products(const Objective<double>& objective,
                                                 const Iterate& at, const Freedom& freedom) {
  Weights<double> solution = zeros_like(at.x), r = scaled(-1, at.gradient), p = r;
  double rr = inner(r, r);
  const double wanted = residual_share * std::sqrt(rr);
  const Eigen::Index most = 2 * dimension(at.x, freedom);
  for (Eigen::Index n = 0; n < most && std::sqrt(rr) > wanted; ++n) {
    const Weights<double> hp = riemannian_hessian_product(
        at.x, at.euclidean_gradient, objective.hessian_product(at.x, p), p, freedom);
    const double bend = inner(p, hp);
    if (!(bend > 0)) return {};
    add(solution, rr / bend, p);
    add(r, -rr / bend, hp);
    const double next = inner(r, r);
    p = scaled(next / rr, std::move(p));
    add(p, 1, r);
    rr = next;
  }
  return tangential(at.x, solution, freedom);
}

struct NewtonStep {
  std::optional<Weights<double>> direction;
  bool positive_definite;
};

NewtonStep newton_step(const Objective<double>& objective, const Iterate& at,
                       const Freedom& freedom, Refine which) {
  const Eigen::Index n = dimension(at.x, freedom);
  if (n > most_dense) {
    if (auto direction = solve_by_products(objective, at, freedom))
      return {std::move(direction), true};
    if (which == Refine::minima) return {{}, false};
  }
  const HessianSolver solver(objective, at, freedom, which == Refine::minima);
  if (!solver.factored()) return {{}, false};
  const Vector<double> solution = solver.solve(on_basis(at.x, at.gradient, freedom));
  return {from_basis(at.x, Vector<double>(-solution), freedom), solver.positive_definite()};
}

}  // namespace

Refinement refine_critical_point(const Objective<double>& objective, Weights<double> x,
                                 const Freedom& freedom, double tolerance, Refine which) {
  Iterate at = evaluate_at(objective, on_manifold(std::move(x), freedom), freedom);
  double gradient_norm = norm(at.gradient);
  Refinement result{{}, false, 0, 0, 0, true};
  // At least one step, and another to see the contraction unless the first has done it all.
  while (result.steps < most_steps && (gradient_norm > tolerance || result.steps == 0)) {
    const NewtonStep step = newton_step(objective, at, freedom, which);
    result.positive_definite = result.positive_definite && step.positive_definite;
    if (!step.direction) break;
    const double length = norm(*step.direction);
    if (result.steps == 0) result.distance = length;
    if (result.steps == 1) result.contraction = length / result.distance;
    if (which == Refine::minima && result.contraction > sure_contraction) break;
    Iterate next = evaluate_at(objective, retracted(at.x, *step.direction, freedom), freedom);
    const double next_norm = norm(next.gradient);
    // At the rounding of the gradient steps lead nowhere; far from it the first one may go up.
    const bool rounding = result.steps > 0 || gradient_norm <= tolerance;
    if (!is_finite(next) || (rounding && next_norm >= gradient_norm)) break;
    at = std::move(next);
    gradient_norm = next_norm;
    ++result.steps;
  }
  result.converged = gradient_norm <= tolerance;
  result.point = {std::move(at.x), at.value, gradient_norm};
  return result;
}

HessianEigensystem hessian_eigensystem(const Objective<double>& objective, const Weights<double>& x,
                                       const Freedom& freedom, bool vectors) {
  const SymmetricEigensystem system(
      dense_hessian(objective, evaluate_at(objective, x, freedom), freedom),
      vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  return {system.values(), vectors ? system.vectors() : Matrix<double>()};
}

Curvature curvature(const Vector<double>& eigenvalues, double flatness) {
  Curvature result{0, 0, 0, 0};
  if (eigenvalues.size() == 0) return result;
  result.smallest = eigenvalues.minCoeff();
  result.largest = eigenvalues.maxCoeff();
  const double least = flatness * eigenvalues.cwiseAbs().maxCoeff();
  for (const double value : eigenvalues) {
    if (std::abs(value) <= least)
      ++result.zero;
    else if (value < 0)
      ++result.negative;
  }
  return result;
}

}  // namespace sigmahat
