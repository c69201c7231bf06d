#include <algorithm>
#include <numeric>

#include <sigmahat/landscape/basin.hpp>
#include <sigmahat/landscape/point_classes.hpp>
#include <sigmahat/numeric/parallel.hpp>

namespace sigmahat {
namespace {

std::optional<SearchEnd> end_from(const Objective<double>& objective, const Slice& slice,
                                  const SlicePosition& at, const SearchOptions& search,
                                  std::uint64_t number) {
  const auto start = point_on(slice, at, search.freedom);
  if (!start) return std::nullopt;
  SearchEnd end = search_minimum(objective, *start, search, number);
  if (end.outcome != SearchOutcome::minimum && end.outcome != SearchOutcome::flat)
    return std::nullopt;
  return end;
}

/// The places of the classes in order of their values.
std::vector<std::size_t> ranks(const std::vector<BasinClass>& minima) {
  std::vector<std::size_t> order(minima.size()), rank(minima.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t p, std::size_t q) {
    return minima[p].point.value < minima[q].point.value;
  });
  for (std::size_t place = 0; place < order.size(); ++place) rank[order[place]] = place;
  return rank;
}

}  // namespace

BasinMap basin_map(const Objective<double>& objective, const Slice& slice, std::vector<double> s,
                   std::vector<double> t, const SearchOptions& search,
                   const Matrix<double>& teacher, const std::optional<Symmetry>& symmetry,
                   int threads, const WorkProgress& progress) {
  BasinMap map{std::move(s), std::move(t), {}, {}, 0};
  const std::size_t width = map.s.size(), starts = width * map.t.size();
  std::vector<std::optional<SearchEnd>> ends(starts);
  SharedProgress shared(progress);
  for_each_block(starts, threads, [&](std::size_t k) {
    ends[k] = end_from(objective, slice, {map.s[k % width], map.t[k / width]}, search, k);
    shared.add();
  });
  // Flat ends are no points but valleys: theirs are classes of their own.
  PointClasses isolated(teacher, symmetry), flat(teacher, symmetry);
  std::vector<std::pair<bool, std::size_t>> found;
  std::vector<std::optional<std::size_t>> places(starts);
  for (std::size_t k = 0; k < starts; ++k) {
    if (!ends[k]) {
      ++map.nowhere;
      continue;
    }
    const bool is_flat = ends[k]->outcome == SearchOutcome::flat;
    const std::pair name{is_flat, (is_flat ? flat : isolated).classify(ends[k]->point)};
    const auto known = std::find(found.begin(), found.end(), name);
    places[k] = static_cast<std::size_t>(known - found.begin());
    if (known == found.end()) {
      found.push_back(name);
      map.minima.push_back({ends[k]->point, is_flat, 0});
    }
    ++map.minima[*places[k]].count;
  }
  const std::vector<std::size_t> rank = ranks(map.minima);
  std::vector<BasinClass> sorted(map.minima.size());
  for (std::size_t i = 0; i < rank.size(); ++i) sorted[rank[i]] = std::move(map.minima[i]);
  map.minima = std::move(sorted);
  for (std::size_t k = 0; k < starts; ++k) {
    if (k % width == 0) map.classes.emplace_back();
    map.classes.back().push_back(places[k] ? std::optional(rank[*places[k]]) : std::nullopt);
  }
  return map;
}

}  // namespace sigmahat
