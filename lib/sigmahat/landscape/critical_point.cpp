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
  return tangential(at.x, std::move(solution), freedom);
}

/// The steps of Newton's method, two along each factorisation (Shamanskii, Ukrain. Mat. Zh. 19,
/// 1967): a second gradient costs far less than another Hessian, and three powers of the error are
/// gained by both for two by one. Where the Hessian is singular or solutions are
/// iterative, one each.
class NewtonSteps {
 public:
  NewtonSteps(const Objective<double>& objective, const Freedom& freedom, Refine which)
      : objective_(objective), freedom_(freedom), which_(which) {}

  /// None where the Hessian forbids one.
  std::optional<Weights<double>> next(const Iterate& at) {
    is_second_ = solver_ && solver_->positive_definite();
    if (is_second_) return second(at);
    if (dimension(at.x, freedom_) > most_dense) {
      if (auto direction = solve_by_products(objective_, at, freedom_)) return direction;
      if (which_ == Refine::minima) return forbid();
    }
    solver_.emplace(objective_, at, freedom_, which_ == Refine::minima);
    if (!solver_->factored()) return forbid();
    positive_definite_ = positive_definite_ && solver_->positive_definite();
    base_ = at.x;
    return along_basis(at.gradient);
  }
  bool positive_definite() const { return positive_definite_; }
  /// Whether the last step was the second along its factorisation.
  bool is_second() const { return is_second_; }

 private:
  std::optional<Weights<double>> forbid() {
    positive_definite_ = false;
    return {};
  }
  Weights<double> along_basis(const Weights<double>& gradient) const {
    return from_basis(base_, Vector<double>(-solver_->solve(on_basis(base_, gradient, freedom_))),
                      freedom_);
  }
  /// In the tangent space of the first: beside it both differ by no more than the Hessians do.
  Weights<double> second(const Iterate& at) {
    Weights<double> direction = along_basis(tangential(base_, at.gradient, freedom_));
    solver_.reset();
    return tangential(at.x, std::move(direction), freedom_);
  }

  const Objective<double>& objective_;
  const Freedom& freedom_;
  Refine which_;
  std::optional<HessianSolver> solver_;  ///< until its second step
  Weights<double> base_;                 ///< where that was factored
  bool positive_definite_ = true, is_second_ = false;
};

}  // namespace

Refinement refine_critical_point(const Objective<double>& objective, Weights<double> x,
                                 const Freedom& freedom, double tolerance, Refine which) {
  Iterate at = evaluate_at(objective, on_manifold(std::move(x), freedom), freedom);
  double gradient_norm = norm(at.gradient);
  NewtonSteps steps(objective, freedom, which);
  Refinement result{{}, false, 0, 0, 0, true};
  // At least one step, and another to see the contraction unless the first has done it all.
  while (result.steps < most_steps && (gradient_norm > tolerance || result.steps == 0)) {
    const std::optional<Weights<double>> direction = steps.next(at);
    if (!direction) break;
    const double length = norm(*direction);
    if (result.steps == 0) result.distance = length;
    if (result.steps == 1) result.contraction = length / result.distance;
    if (which == Refine::minima && result.contraction > sure_contraction) break;
    Iterate next = evaluate_at(objective, retracted(at.x, *direction, freedom), freedom);
    const double next_norm = norm(next.gradient);
    // At the rounding of the gradient steps lead nowhere; far from it the first one may go up.
    const bool rounding = result.steps > 0 || gradient_norm <= tolerance;
    if (!is_finite(next) || (rounding && next_norm >= gradient_norm)) {
      if (steps.is_second()) continue;
      break;
    }
    at = std::move(next);
    gradient_norm = next_norm;
    ++result.steps;
  }
  result.positive_definite = steps.positive_definite();
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
