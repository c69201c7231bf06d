#include <algorithm>
#include <cmath>
#include <limits>

#include <sigmahat/landscape/direction.hpp>
#include <sigmahat/landscape/hessian_solver.hpp>
#include <sigmahat/landscape/saddles.hpp>
#include <sigmahat/landscape/stored_json.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/descent.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/vector_json.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;
using Json = nlohmann::ordered_json;

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

std::vector<SaddleClass> SaddleTally::by_value() const {
  std::vector<SaddleClass> sorted = classes;
  std::stable_sort(sorted.begin(), sorted.end(), [](const SaddleClass& p, const SaddleClass& q) {
    return p.point.value < q.point.value;
  });
  return sorted;
}

struct SaddleSearch::End {
  CriticalPoint point;
  Vector<double> eigenvalues;
};

SaddleSearch::SaddleSearch(const Objective<double>& objective, std::uint64_t runs, Search search,
                           const Matrix<double>& teacher, const std::optional<Symmetry>& symmetry,
                           const SaddleOptions& options)
    : objective_(objective),
      runs_(runs),
      search_(std::move(search)),
      options_(options),
      classes_(teacher, symmetry) {}

SaddleSearch SaddleSearch::from_starts(const Objective<double>& objective, Weights<double> given,
                                       const Matrix<double>& teacher,
                                       const std::optional<Symmetry>& symmetry,
                                       const SaddleOptions& options) {
  const auto search = [&objective, given = std::move(given), options](std::uint64_t run) {
    Weights<double> start = draw_start(options.starts, given, options.seed, run);
    return options.climb ? climb_to_saddle(objective, std::move(start), options.freedom,
                                           options.index.value_or(1))
                         : nearest_critical_point(objective, std::move(start), options.freedom);
  };
  return {objective, options.runs, search, teacher, symmetry, options};
}

SaddleSearch SaddleSearch::around(const Objective<double>& objective, Weights<double> x, int modes,
                                  const Matrix<double>& teacher,
                                  const std::optional<Symmetry>& symmetry,
                                  const SaddleOptions& options) {
  const HessianEigensystem system =
      hessian_eigensystem(objective, x, options.freedom, /*vectors=*/true);
  const Index count = std::min<Index>(modes, system.values.size());
  const auto search = [&objective, x = std::move(x), freedom = options.freedom,
                       vectors =
                           Matrix<double>(system.vectors.leftCols(count))](std::uint64_t run) {
    const Vector<double> vector = vectors.col(static_cast<Index>(run / 2));
    const Weights<double> direction =
        from_basis(x, Vector<double>(run % 2 == 0 ? vector : -vector), freedom);
    return follow_eigenvector(objective, x, direction, freedom);
  };
  return {objective, 2 * static_cast<std::uint64_t>(count), search, teacher, symmetry, options};
}

/// None where no critical point was come to, or where the objective has no derivatives on the way.
std::optional<SaddleSearch::End> SaddleSearch::end_of(std::uint64_t run) const {
  try {
    End end{search_(run), {}};
    if (!(end.point.gradient_norm <= options_.tolerance)) return std::nullopt;
    end.eigenvalues = hessian_eigensystem(objective_, end.point.x, options_.freedom).values;
    return end;
  } catch (const DomainError&) {
    // Rows have become zero or parallel, and there is no Hessian to go on with.
    return std::nullopt;
  }
}

void SaddleSearch::count(std::uint64_t run, std::optional<End> end) {
  ++tally_.runs;
  if (!end) {
    ++tally_.unresolved;
    return;
  }
  const Curvature bends = curvature(end->eigenvalues);
  if (options_.index && bends.negative != *options_.index) {
    ++tally_.other_index;
    return;
  }
  const std::size_t place = classes_.classify(end->point);
  if (place == tally_.classes.size())
    tally_.classes.push_back({std::move(end->point), bends, std::move(end->eigenvalues), 0, run});
  ++tally_.classes[place].count;
}

bool SaddleSearch::run(const RunWatch& watch) {
  return count_runs(
      tally_.runs, runs_, options_.threads, [&](std::uint64_t run) { return end_of(run); },
      [&](std::uint64_t run, std::optional<End> end) { count(run, std::move(end)); }, watch);
}

void SaddleSearch::resume(SaddleTally tally) {
  tally_ = std::move(tally);
  for (const SaddleClass& found : tally_.classes) classes_.classify(found.point);
}

std::string to_json(const SaddleTally& tally, const std::string& settings) {
  Json json{{"runs", tally.runs},
            {"other_index", tally.other_index},
            {"unresolved", tally.unresolved},
            {"classes", Json::array()}};
  for (const SaddleClass& found : tally.classes) {
    Json entry{{"first_run", found.first_run},
               {"count", found.count},
               {"eigenvalues", numbers_of(found.eigenvalues)}};
    entry.update(json_of(found.point));
    json["classes"].push_back(std::move(entry));
  }
  return stored_text("saddles", settings, json);
}

Stored<SaddleTally> parse_saddle_tally(std::string_view text) {
  return read_stored(text, "saddles", [](const Json& json) {
    SaddleTally tally;
    tally.runs = json.at("runs");
    tally.other_index = json.at("other_index");
    tally.unresolved = json.at("unresolved");
    for (const Json& entry : json.at("classes")) {
      Vector<double> eigenvalues = vector_of(entry.at("eigenvalues"));
      const Curvature bends = curvature(eigenvalues);
      tally.classes.push_back({critical_point_of(entry), bends, std::move(eigenvalues),
                               entry.at("count"), entry.at("first_run")});
    }
    return tally;
  });
}

}  // namespace sigmahat
