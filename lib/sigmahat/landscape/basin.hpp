#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

/// What is known of the starts of a grid, row by row, so far.
struct BasinTally {
  /// The place in `minima` that each of the first starts goes to; none where the search came to no
  /// end or the slice has no point.
  std::vector<std::optional<std::size_t>> ends;
  std::vector<BasinClass> minima;  ///< in the order they were found
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

/// A search from every point of a grid; the same for every number of threads, and when it is put
/// back half-way.
class BasinSearch {
 public:
  /// @param objective  outlives the search, and is called from many threads
  /// @param symmetry   what makes minima alike; none: only equal points are one minimum
  BasinSearch(const Objective<double>& objective, Slice slice, std::vector<double> s,
              std::vector<double> t, SearchOptions search, const Matrix<double>& teacher,
              const std::optional<Symmetry>& symmetry, int threads = 0);

  /// @return whether all starts are done
  bool run(const RunWatch& watch = {});

  const BasinTally& tally() const { return tally_; }
  void resume(BasinTally tally);
  /// Of all starts, once they are done.
  BasinMap map() const;

 private:
  std::optional<SearchEnd> end_of(std::uint64_t start) const;
  void count(std::optional<SearchEnd> end);
  /// Its place in the tally's minima.
  std::size_t classify(const CriticalPoint& point, bool flat);

  const Objective<double>& objective_;
  Slice slice_;
  std::vector<double> s_, t_;
  SearchOptions search_;
  int threads_;
  BasinTally tally_;
  /// Flat ends are no points but valleys: theirs are classes of their own.
  PointClasses isolated_, valleys_;
  std::vector<std::pair<bool, std::size_t>> names_;  ///< of the tally's minima in one of these
};

/// Text, every number as it is. Throws ParseError where it is none.
/// @param settings  what was asked for, for the reader to compare
std::string to_json(const BasinTally& tally, const std::string& settings);
Stored<BasinTally> parse_basin_tally(std::string_view text);

}  // namespace sigmahat
