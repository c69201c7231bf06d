#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <sigmahat/landscape/direction.hpp>
#include <sigmahat/landscape/hessian_solver.hpp>
#include <sigmahat/landscape/point_classes.hpp>
#include <sigmahat/landscape/saddles.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/optimize/descent.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Newton's method takes over from here.
constexpr double close_to_critical = 1e-4;
/// Length of a step of the climbing methods, at most: rows are of length about one.
constexpr double longest_step = 0.2;
/// Eigenvalues that count less than this share of the largest are zero.
constexpr double flat = 1e-10;

struct EigenPoint {
  Iterate at;
  Vector<double> values;    ///< of the Riemannian Hessian, increasing
  Matrix<double> vectors;   ///< on the basis of hessian_on_basis
  Vector<double> gradient;  ///< in the eigenvectors
};

EigenPoint eigen_point(const Objective<double>& objective, Iterate at, const Freedom& freedom) {
  const SymmetricEigensystem system(dense_hessian(objective, at, freedom),
                                    Eigen::ComputeEigenvectors);
  Vector<double> g = system.vectors().transpose() * on_basis(at.x, at.gradient, freedom);
  return {std::move(at), system.values(), system.vectors(), std::move(g)};
}

Weights<double> step_along(const EigenPoint& point, const Vector<double>& components,
                           const Freedom& freedom) {
  return from_basis(point.at.x, Vector<double>(point.vectors * components), freedom);
}

/// Newton's last steps, where they lead on.
CriticalPoint finished(const Objective<double>& objective, Iterate at, const Freedom& freedom) {
  const double gradient_norm = norm(at.gradient);
  if (gradient_norm <= close_to_critical) {
    Refinement refinement = refine_critical_point(objective, at.x, freedom, 0.0);
    if (refinement.point.gradient_norm <= gradient_norm) return std::move(refinement.point);
  }
  return {std::move(at.x), at.value, gradient_norm};
}

/// Wales's step, up along the eigenvectors that `uphill` names and down along the others.
template <class Uphill>
Vector<double> wales_step(const EigenPoint& point, Uphill uphill) {
  const double least = flat * point.values.cwiseAbs().maxCoeff();
  Vector<double> step(point.values.size());
  for (Index i = 0; i < step.size(); ++i) {
    const double g = point.gradient[i], bend = std::abs(point.values[i]);
    const bool is_flat = bend <= least && std::abs(g) <= least;
    const double length = is_flat ? 0 : 2 * g / (bend + std::sqrt(bend * bend + 4 * g * g));
    step[i] = uphill(i) ? length : -length;
  }
  if (const double length = step.norm(); length > longest_step) step *= longest_step / length;
  return step;
}

/// At a critical point of another index: off along the first eigenvector whose curvature has the
/// wrong sign. Points that a symmetry keeps are left in no other way.
void leave_wrong_index(const Vector<double>& eigenvalues, int index, Vector<double>& step) {
  constexpr double kick = 0.05;
  const double least = flat * eigenvalues.cwiseAbs().maxCoeff();
  for (Index i = 0; i < step.size(); ++i)
    if (i < index ? eigenvalues[i] > least : eigenvalues[i] < -least) {
      step[i] += kick;
      return;
    }
}

/// Runs until the gradient is small and the Hessian has the index asked for.
template <class Step>
CriticalPoint climb(const Objective<double>& objective, Weights<double> x, const Freedom& freedom,
                    int index, int most_steps, Step step) {
  Iterate at = evaluate_at(objective, on_manifold(std::move(x), freedom), freedom);
  for (int n = 0; n < most_steps; ++n) {
    const EigenPoint point = eigen_point(objective, at, freedom);
    Vector<double> components = step(point);
    if (norm(at.gradient) <= close_to_critical) {
      if (curvature(point.values).negative == index) break;
      leave_wrong_index(point.values, index, components);
    }
    Iterate next = evaluate_at(
        objective, retracted(at.x, step_along(point, components, freedom), freedom), freedom);
    if (!is_finite(next)) break;
    at = std::move(next);
  }
  return finished(objective, std::move(at), freedom);
}

/// An end of one run; none where the objective has no derivatives on the way.
struct FoundPoint {
  CriticalPoint point;
  Vector<double> eigenvalues;
};
template <class Search>
std::optional<FoundPoint> searched(const Objective<double>& objective, const SaddleOptions& options,
                                   Search search) {
  try {
    FoundPoint found{search(), {}};
    if (!(found.point.gradient_norm <= options.tolerance)) return std::nullopt;
    found.eigenvalues = hessian_eigensystem(objective, found.point.x, options.freedom).values;
    return found;
  } catch (const DomainError&) {
    // Rows have become zero or parallel, and there is no Hessian to go on with.
    return std::nullopt;
  }
}

/// The runs' ends, in their order, sorted into classes.
SaddleTally tallied(std::vector<std::optional<FoundPoint>> ends, const Matrix<double>& teacher,
                    const std::optional<Symmetry>& symmetry, const SaddleOptions& options) {
  SaddleTally tally;
  PointClasses classes(teacher, symmetry);
  for (std::size_t run = 0; run < ends.size(); ++run) {
    ++tally.runs;
    if (!ends[run]) {
      ++tally.unresolved;
      continue;
    }
    const Curvature bends = curvature(ends[run]->eigenvalues);
    if (options.index && bends.negative != *options.index) {
      ++tally.other_index;
      continue;
    }
    const std::size_t place = classes.classify(ends[run]->point);
    if (place == tally.classes.size())
      tally.classes.push_back({ends[run]->point, bends, std::move(ends[run]->eigenvalues), 0, run});
    ++tally.classes[place].count;
  }
  std::stable_sort(
      tally.classes.begin(), tally.classes.end(),
      [](const SaddleClass& p, const SaddleClass& q) { return p.point.value < q.point.value; });
  return tally;
}

}  // namespace

CriticalPoint nearest_critical_point(const Objective<double>& objective, Weights<double> x,
                                     const Freedom& freedom, int most_steps) {
  constexpr double least_damping = 1e-14, largest_damping = 1e12;
  Iterate at = evaluate_at(objective, on_manifold(std::move(x), freedom), freedom);
  double damping = 1e-2;  // as a share of the largest squared eigenvalue
  for (int n = 0; n < most_steps && norm(at.gradient) > close_to_critical; ++n) {
    const EigenPoint point = eigen_point(objective, at, freedom);
    const double scale =
        std::max(point.values.squaredNorm() / static_cast<double>(point.values.size()),
                 std::numeric_limits<double>::min());
    bool nearer = false;
    while (!nearer && damping < largest_damping) {
      const Vector<double> step = -(point.values.array() * point.gradient.array() /
                                    (point.values.array().square() + damping * scale))
                                       .matrix();
      Iterate next = evaluate_at(
          objective, retracted(at.x, step_along(point, step, freedom), freedom), freedom);
      nearer = is_finite(next) && norm(next.gradient) < norm(at.gradient);
      damping = nearer ? std::max(damping / 3, least_damping) : 4 * damping;
      if (nearer) at = std::move(next);
    }
    if (!nearer) break;
  }
  return finished(objective, std::move(at), freedom);
}

CriticalPoint climb_to_saddle(const Objective<double>& objective, Weights<double> x,
                              const Freedom& freedom, int index, int most_steps) {
  return climb(objective, std::move(x), freedom, index, most_steps, [index](const EigenPoint& p) {
    return wales_step(p, [index](Index i) { return i < index; });
  });
}

CriticalPoint follow_eigenvector(const Objective<double>& objective, const Weights<double>& x,
                                 const Weights<double>& direction, const Freedom& freedom,
                                 int most_steps) {
  constexpr double first_step = 0.1;
  Weights<double> followed = unit_tangent(x, direction, freedom);
  const Weights<double> start = retracted(x, scaled(first_step, followed), freedom);
  return climb(objective, start, freedom, /*index=*/1, most_steps, [&](const EigenPoint& point) {
    // The mode that was followed, until one of negative curvature can be.
    Index mode = 0;
    const Vector<double> along =
        point.vectors.transpose() *
        on_basis(point.at.x, tangential(point.at.x, followed, freedom), freedom);
    if (point.values[0] >= 0) along.cwiseAbs().maxCoeff(&mode);
    const double sign = along[mode] < 0 ? -1 : 1;
    followed =
        step_along(point, Vector<double>(sign * Vector<double>::Unit(along.size(), mode)), freedom);
    return wales_step(point, [mode](Index i) { return i == mode; });
  });
}

SaddleTally find_saddles(const Objective<double>& objective, const Weights<double>& given,
                         const Matrix<double>& teacher, const std::optional<Symmetry>& symmetry,
                         const SaddleOptions& options, const WorkProgress& progress) {
  std::vector<std::optional<FoundPoint>> ends(options.runs);
  SharedProgress shared(progress);
  for_each_block(ends.size(), options.threads, [&](std::size_t run) {
    ends[run] = searched(objective, options, [&] {
      Weights<double> start = draw_start(options.starts, given, options.seed, run);
      return options.climb ? climb_to_saddle(objective, std::move(start), options.freedom,
                                             options.index.value_or(1))
                           : nearest_critical_point(objective, std::move(start), options.freedom);
    });
    shared.add();
  });
  return tallied(std::move(ends), teacher, symmetry, options);
}

SaddleTally saddles_around(const Objective<double>& objective, const Weights<double>& x, int modes,
                           const Matrix<double>& teacher, const std::optional<Symmetry>& symmetry,
                           const SaddleOptions& options, const WorkProgress& progress) {
  const HessianEigensystem system =
      hessian_eigensystem(objective, x, options.freedom, /*vectors=*/true);
  const auto count = static_cast<std::size_t>(std::min<Index>(modes, system.values.size()));
  std::vector<std::optional<FoundPoint>> ends(2 * count);
  SharedProgress shared(progress);
  for_each_block(ends.size(), options.threads, [&](std::size_t run) {
    const Vector<double> vector = system.vectors.col(static_cast<Index>(run / 2));
    const Weights<double> direction =
        from_basis(x, Vector<double>(run % 2 == 0 ? vector : -vector), options.freedom);
    ends[run] = searched(objective, options, [&] {
      return follow_eigenvector(objective, x, direction, options.freedom);
    });
    shared.add();
  });
  return tallied(std::move(ends), teacher, symmetry, options);
}

}  // namespace sigmahat
