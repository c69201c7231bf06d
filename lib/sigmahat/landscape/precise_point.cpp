#include <cmath>

#include <fmt/format.h>

#include <sigmahat/landscape/hessian_solver.hpp>
#include <sigmahat/landscape/precise_point.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/fast_objective.hpp>
#include <sigmahat/optimize/manifold.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

constexpr int guard_digits = 8;
/// What a step has to gain, or there are no digits left to gain.
constexpr double least_gain = 0.5;

Weights<Real> in_real(const Weights<double>& x) {
  return {x.a.cast<Real>(), x.B.cast<Real>(), x.c.cast<Real>()};
}

void put_on_manifold(Weights<Real>& x, const Freedom& freedom) {
  if (freedom.rows != Constraint::sphere) return;
  for (Index i = 0; i < x.B.rows(); ++i) {
    Real square(0);
    for (Index k = 0; k < x.B.cols(); ++k) square += x.B(i, k) * x.B(i, k);
    const Real length = sqrt(square);
    for (Index k = 0; k < x.B.cols(); ++k) x.B(i, k) /= length;
  }
}

/// Objective and problem at the precision in force.
class PreciseObjective {
 public:
  PreciseObjective(const Problem& problem, const ObjectiveChoice& choice, const Freedom& freedom,
                   int digits)
      : freedom_(freedom),
        objective_(
            make_objective<Real>(choice, at_precision<Real>(problem), freedom.rows, digits)) {}

  struct Evaluation {
    Real value;
    Weights<Real> gradient;  ///< Riemannian
    Real norm;
  };
  Evaluation operator()(const Weights<Real>& x) const {
    auto [value, euclidean] = objective_->value_and_gradient(x);
    Weights<Real> gradient = tangential(x, euclidean, freedom_);
    Real square(0);
    for (const Real& entry : flattened(gradient)) square += entry * entry;
    return {std::move(value), std::move(gradient), Real(sqrt(square))};
  }

 private:
  Freedom freedom_;
  std::unique_ptr<Objective<Real>> objective_;
};

/// Entries of a tangent direction whose length is `norm` as doubles, for one of length one.
Weights<double> direction_of(const Weights<Real>& v, const Real& norm) {
  const auto scaled = [&](const Real& entry) { return Real(entry / norm).convert_to<double>(); };
  return {v.a.unaryExpr(scaled), v.B.unaryExpr(scaled), v.c.unaryExpr(scaled)};
}

}  // namespace

PrecisePoint evaluate_precisely(const Problem& problem, const ObjectiveChoice& choice,
                                const Freedom& freedom, const Weights<double>& x, int digits) {
  const PrecisionScope precision(digits, guard_digits);
  Weights<Real> point = in_real(x);
  put_on_manifold(point, freedom);
  const auto at = PreciseObjective(problem, choice, freedom, digits)(point);
  return {std::move(point), at.value, at.norm};
}

PrecisePoint refine_precisely(const Problem& problem, const ObjectiveChoice& choice,
                              const Freedom& freedom, const Weights<double>& x, int digits) {
  const auto values = at_precision<double>(problem);
  const auto objective = make_fast_objective(choice, values, freedom.rows);
  const Weights<double> near = on_manifold(x, freedom);
  require_dense(dimension(near, freedom));
  const Matrix<double> hessian = objective->hessian(near);
  const HessianSolver solver(*objective, evaluate_at(*objective, near, freedom), freedom, false);

  const PrecisionScope precision(digits, guard_digits);
  const PreciseObjective precise(problem, choice, freedom, digits);
  Weights<Real> point = in_real(near);
  put_on_manifold(point, freedom);
  auto at = precise(point);
  Real wanted = hessian.norm();
  for (int i = 0; i < digits; ++i) wanted /= 10;
  while (at.norm > wanted) {
    const Vector<double> g = on_basis(near, direction_of(at.gradient, at.norm), freedom);
    const Weights<double> step = from_basis(near, Vector<double>(solver.solve(g)), freedom);
    Weights<Real> next = point;
    const Weights<Real> change = in_real(step);
    for (Index i = 0; i < next.a.size(); ++i) next.a[i] -= at.norm * change.a[i];
    for (Index i = 0; i < next.B.rows(); ++i)
      for (Index k = 0; k < next.B.cols(); ++k) next.B(i, k) -= at.norm * change.B(i, k);
    for (Index i = 0; i < next.c.size(); ++i) next.c[i] -= at.norm * change.c[i];
    put_on_manifold(next, freedom);
    auto there = precise(next);
    if (!(there.norm < least_gain * at.norm))
      throw NumericalError(fmt::format("the gradient's norm stays at {:.2g}; {} digits want {:.2g}",
                                       at.norm.convert_to<double>(), digits,
                                       wanted.convert_to<double>()));
    point = std::move(next);
    at = std::move(there);
  }
  return {std::move(point), at.value, at.norm};
}

}  // namespace sigmahat
