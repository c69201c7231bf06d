#pragma once

#include <optional>
#include <vector>

#include <sigmahat/landscape/minima.hpp>
#include <sigmahat/landscape/slice.hpp>

namespace sigmahat {

/// A class of minima, and how many starts of a slice went there.
struct BasinClass {
  CriticalPoint point;
  bool flat;  ///< not isolated, as far as double shows
  std::uint64_t count;
};

/// Which start goes where, on a slice.
struct BasinMap {
  std::vector<double> s, t;
  /// classes[j][i]: the place in `minima` of the class that (s[i], t[j]) goes to; none where the
  /// search came to no end or the slice has no point.
  std::vector<std::vector<std::optional<std::size_t>>> classes;
  std::vector<BasinClass> minima;  ///< by increasing value
  std::uint64_t nowhere = 0;       ///< starts of which no end is known
};

/// @param symmetry  what makes minima alike; none: only equal points are one minimum
/// @param threads   over the starts; the objective is called from all of them
BasinMap basin_map(const Objective<double>& objective, const Slice& slice, std::vector<double> s,
                   std::vector<double> t, const SearchOptions& search,
                   const Matrix<double>& teacher, const std::optional<Symmetry>& symmetry,
                   int threads = 0, const WorkProgress& progress = {});

}  // namespace sigmahat
