#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sigmahat/landscape/counted_runs.hpp>
#include <sigmahat/landscape/critical_point.hpp>
#include <sigmahat/landscape/shared_progress.hpp>

namespace sigmahat {

/// A plane in the space of weights, laid onto the manifold: (s, t) stands for centre + s u + t v,
/// rows on the sphere scaled to unit length.
struct Slice {
  Weights<double> centre;
  Weights<double> u, v;  ///< orthonormal, and zero in a where a is fixed
};

struct SlicePosition {
  double s, t;
};

/// Two tangent directions at x, the second made orthogonal to the first. Throws DomainError where
/// they are parallel.
Slice slice_along(const Weights<double>& x, const Weights<double>& first,
                  const Weights<double>& second, const Freedom& freedom);
/// The plane through three points: x at (0, 0), y at (‖y - x‖, 0), z above the line through them.
/// Throws DomainError where they lie on one line.
Slice slice_through(const Weights<double>& x, const Weights<double>& y, const Weights<double>& z,
                    const Freedom& freedom);

/// Where the plane comes nearest to x, which is x itself for the three points of slice_through.
SlicePosition plane_position(const Slice& slice, const Weights<double>& x);

/// None where a row of the plane is zero, which has no place on the sphere.
std::optional<Weights<double>> point_on(const Slice& slice, const SlicePosition& at,
                                        const Freedom& freedom);

/// The point of the slice that is nearest to x, found from a position near it, and the distance
/// that is left, in the space of weights.
struct NearestOnSlice {
  SlicePosition position;
  double distance;
};
NearestOnSlice nearest_on(const Slice& slice, const Weights<double>& x, const SlicePosition& near,
                          const Freedom& freedom);

/// Values on a grid; none where the plane has no point of the manifold.
struct SliceGrid {
  std::vector<double> s, t;                                ///< increasing
  std::vector<std::vector<std::optional<double>>> values;  ///< values[j][i] at (s[i], t[j])
};
SliceGrid slice_values(const Objective<double>& objective, const Slice& slice,
                       std::vector<double> s, std::vector<double> t, const Freedom& freedom,
                       int threads = 0);
/// Adds the rows that are missing.
/// @param threads  over the rows of the grid; the objective is called from all of them
/// @return whether none is missing any more
bool complete(SliceGrid& grid, const Objective<double>& objective, const Slice& slice,
              const Freedom& freedom, int threads, const RunWatch& watch);

/// Text, every number as it is; the rows are what there is of them. Throws ParseError where it is
/// none.
/// @param settings  what was asked for, for the reader to compare
std::string to_json(const SliceGrid& grid, const std::string& settings);
Stored<SliceGrid> parse_slice_grid(std::string_view text);

/// Where the grid's values have a minimum, a maximum or a saddle among their eight neighbours, the
/// lowest first.
std::vector<SlicePosition> grid_critical_points(const SliceGrid& grid);

/// A critical point of the objective on the whole manifold, seen from a slice.
struct SliceCriticalPoint {
  CriticalPoint point;
  NearestOnSlice seen;
  Curvature curvature;
};
/// What Newton's method finds from the grid's critical points, each once, by increasing value.
///
/// @param most  so many of the grid's points are tried, at most
std::vector<SliceCriticalPoint> critical_points_near(const Objective<double>& objective,
                                                     const Slice& slice, const SliceGrid& grid,
                                                     const Freedom& freedom, int most = 100,
                                                     int threads = 0,
                                                     const WorkProgress& progress = {});

}  // namespace sigmahat
