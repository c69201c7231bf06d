#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <sigmahat/landscape/direction.hpp>
#include <sigmahat/landscape/slice.hpp>
#include <sigmahat/landscape/stored_json.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

using Json = nlohmann::ordered_json;

/// Rows shorter than this are zero but for rounding.
constexpr double vanishing = 1e-12;
/// Directions whose sine is below this are parallel but for rounding.
constexpr double parallel = 1e-10;
/// Critical points nearer to each other than this are one.
constexpr double same_point = 1e-6;
constexpr double refined = 1e-10;

Weights<double> difference(const Weights<double>& x, const Weights<double>& y) {
  Weights<double> result = x;
  add(result, -1, y);
  return result;
}

/// Unit vectors along `first` and along what `second` has beside it.
Slice orthonormal(const Weights<double>& centre, Weights<double> first, Weights<double> second,
                  const char* alike) {
  const double length = norm(first), other = norm(second);
  if (!(length > 0) || !(other > 0)) throw DomainError(alike);
  first = scaled(1 / length, std::move(first));
  // Twice: one pass leaves what rounding makes of nearly parallel directions.
  for (int pass = 0; pass < 2; ++pass) add(second, -inner(first, second), first);
  const double rest = norm(second);
  if (!(rest > parallel * other)) throw DomainError(alike);
  return {centre, std::move(first), scaled(1 / rest, std::move(second))};
}

Weights<double> on_plane(const Slice& slice, const SlicePosition& at) {
  Weights<double> x = slice.centre;
  add(x, at.s, slice.u);
  add(x, at.t, slice.v);
  return x;
}

/// d/ds of the retracted point for a direction of the plane: rows are scaled to unit length, so
/// that only what is orthogonal to them counts.
Weights<double> moved_with(const Weights<double>& plane_point, const Weights<double>& direction,
                           const Freedom& freedom) {
  if (freedom.rows != Constraint::sphere) return direction;
  const Vector<double> lengths = plane_point.B.rowwise().norm();
  Weights<double> unit = plane_point;
  unit.B.array().colwise() /= lengths.array();
  Weights<double> moved = tangential(unit, direction, {freedom.rows, true});
  moved.B.array().colwise() /= lengths.array();
  return moved;
}

}  // namespace

Slice slice_along(const Weights<double>& x, const Weights<double>& first,
                  const Weights<double>& second, const Freedom& freedom) {
  return orthonormal(x, unit_tangent(x, first, freedom), unit_tangent(x, second, freedom),
                     "the two directions are parallel: they span no plane");
}

Slice slice_through(const Weights<double>& x, const Weights<double>& y, const Weights<double>& z,
                    const Freedom& freedom) {
  Weights<double> first = difference(y, x), second = difference(z, x);
  if (!freedom.trains_a) {
    first.a.setZero();
    second.a.setZero();
  }
  return orthonormal(x, std::move(first), std::move(second),
                     "the three points lie on one line: they span no plane");
}

SlicePosition plane_position(const Slice& slice, const Weights<double>& x) {
  const Weights<double> offset = difference(x, slice.centre);
  return {inner(offset, slice.u), inner(offset, slice.v)};
}

std::optional<Weights<double>> point_on(const Slice& slice, const SlicePosition& at,
                                        const Freedom& freedom) {
  Weights<double> x = on_plane(slice, at);
  if (freedom.rows != Constraint::sphere) return x;
  if (!(x.B.rowwise().norm().minCoeff() > vanishing)) return std::nullopt;
  x.B.rowwise().normalize();
  return x;
}

/// Gauss and Newton's method: two unknowns, a residual of all weights.
NearestOnSlice nearest_on(const Slice& slice, const Weights<double>& x, const SlicePosition& near,
                          const Freedom& freedom) {
  constexpr int most_steps = 30, most_halvings = 20;
  const auto distance_at = [&](const SlicePosition& at) {
    const auto point = point_on(slice, at, freedom);
    return point ? norm(difference(*point, x)) : std::numeric_limits<double>::infinity();
  };
  NearestOnSlice best{near, distance_at(near)};
  for (int step = 0; step < most_steps && std::isfinite(best.distance); ++step) {
    const Weights<double> residual = difference(*point_on(slice, best.position, freedom), x);
    const Weights<double> plane_point = on_plane(slice, best.position);
    const Weights<double> along_s = moved_with(plane_point, slice.u, freedom);
    const Weights<double> along_t = moved_with(plane_point, slice.v, freedom);
    const double ss = inner(along_s, along_s), st = inner(along_s, along_t),
                 tt = inner(along_t, along_t);
    const double rs = -inner(along_s, residual), rt = -inner(along_t, residual);
    const double determinant = ss * tt - st * st;
    if (!(determinant > 0)) break;
    double ds = (tt * rs - st * rt) / determinant, dt = (ss * rt - st * rs) / determinant;
    bool nearer = false;
    for (int halvings = 0; halvings < most_halvings && !nearer; ++halvings, ds /= 2, dt /= 2) {
      const SlicePosition next{best.position.s + ds, best.position.t + dt};
      const double distance = distance_at(next);
      nearer = distance < best.distance;
      if (nearer) best = {next, distance};
    }
    if (!nearer) break;
  }
  return best;
}

SliceGrid slice_values(const Objective<double>& objective, const Slice& slice,
                       std::vector<double> s, std::vector<double> t, const Freedom& freedom,
                       int threads) {
  SliceGrid grid{std::move(s), std::move(t), {}};
  complete(grid, objective, slice, freedom, threads, {});
  return grid;
}

bool complete(SliceGrid& grid, const Objective<double>& objective, const Slice& slice,
              const Freedom& freedom, int threads, const RunWatch& watch) {
  using Row = std::vector<std::optional<double>>;
  return count_runs(
      grid.values.size(), grid.t.size(), threads,
      [&](std::uint64_t j) {
        Row row;
        for (const double s_i : grid.s) {
          const auto x = point_on(slice, {s_i, grid.t[j]}, freedom);
          const double value = x ? objective.value(*x) : std::numeric_limits<double>::quiet_NaN();
          row.push_back(std::isfinite(value) ? std::optional(value) : std::nullopt);
        }
        return row;
      },
      [&](std::uint64_t, Row row) { grid.values.push_back(std::move(row)); }, watch);
}

std::string to_json(const SliceGrid& grid, const std::string& settings) {
  Json json{{"s", grid.s}, {"t", grid.t}, {"values", Json::array()}};
  for (const auto& row : grid.values) {
    Json numbers = Json::array();
    for (const auto& value : row) numbers.push_back(value ? Json(*value) : Json(nullptr));
    json["values"].push_back(std::move(numbers));
  }
  return stored_text("slice", settings, json);
}

Stored<SliceGrid> parse_slice_grid(std::string_view text) {
  return read_stored(text, "slice", [](const Json& json) {
    SliceGrid grid{json.at("s"), json.at("t"), {}};
    for (const Json& row : json.at("values")) {
      grid.values.emplace_back();
      for (const Json& value : row)
        grid.values.back().push_back(value.is_null() ? std::nullopt
                                                     : std::optional(value.get<double>()));
      if (grid.values.back().size() != grid.s.size() || grid.values.size() > grid.t.size())
        throw ParseError("a checkpoint's grid has no shape");
    }
    return grid;
  });
}

std::vector<SlicePosition> grid_critical_points(const SliceGrid& grid) {
  // The neighbours in their order around a point.
  constexpr std::array<std::array<int, 2>, 8> around{
      {{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}}};
  std::vector<std::pair<double, SlicePosition>> found;
  const auto at = [&](std::size_t j, std::size_t i) { return grid.values[j][i]; };
  for (std::size_t j = 1; j + 1 < grid.t.size(); ++j)
    for (std::size_t i = 1; i + 1 < grid.s.size(); ++i) {
      if (!at(j, i)) continue;
      const double here = *at(j, i);
      std::array<bool, 8> above{};
      bool known = true;
      for (std::size_t n = 0; n < around.size() && known; ++n) {
        const auto neighbour = at(j + static_cast<std::size_t>(around[n][1]),
                                  i + static_cast<std::size_t>(around[n][0]));
        known = neighbour.has_value();
        above[n] = known && *neighbour > here;
      }
      int changes = 0;
      for (std::size_t n = 0; n < above.size(); ++n)
        changes += above[n] != above[(n + 1) % above.size()];
      // None: a minimum or a maximum; two: a slope; four or more: a saddle.
      if (known && changes != 2) found.push_back({here, {grid.s[i], grid.t[j]}});
    }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& p, const auto& q) { return p.first < q.first; });
  std::vector<SlicePosition> positions;
  for (const auto& [value, position] : found) positions.push_back(position);
  return positions;
}

std::vector<SliceCriticalPoint> critical_points_near(const Objective<double>& objective,
                                                     const Slice& slice, const SliceGrid& grid,
                                                     const Freedom& freedom, int most, int threads,
                                                     const WorkProgress& progress) {
  std::vector<SlicePosition> starts = grid_critical_points(grid);
  starts.resize(std::min(starts.size(), static_cast<std::size_t>(most)));
  std::vector<std::optional<Refinement>> ends(starts.size());
  SharedProgress shared(progress);
  for_each_block(starts.size(), threads, [&](std::size_t k) {
    try {
      ends[k] = refine_critical_point(objective, *point_on(slice, starts[k], freedom), freedom);
    } catch (const DomainError&) {
      // A place where the derivatives end: no critical point that a Hessian tells of.
    }
    shared.add();
  });
  std::vector<SliceCriticalPoint> points;
  for (std::size_t k = 0; k < ends.size(); ++k) {
    if (!ends[k] || !(ends[k]->point.gradient_norm <= refined)) continue;
    CriticalPoint& point = ends[k]->point;
    const bool known = std::any_of(points.begin(), points.end(), [&](const auto& other) {
      return norm(difference(other.point.x, point.x)) < same_point;
    });
    if (known) continue;
    const NearestOnSlice seen = nearest_on(slice, point.x, starts[k], freedom);
    const Curvature bends = curvature(hessian_eigensystem(objective, point.x, freedom).values);
    points.push_back({std::move(point), seen, bends});
  }
  std::stable_sort(points.begin(), points.end(),
                   [](const auto& p, const auto& q) { return p.point.value < q.point.value; });
  return points;
}

}  // namespace sigmahat
