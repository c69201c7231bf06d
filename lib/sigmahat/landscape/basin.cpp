#include <algorithm>
#include <numeric>

#include <sigmahat/landscape/basin.hpp>
#include <sigmahat/landscape/stored_json.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

using Json = nlohmann::ordered_json;

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

BasinTally tally_of(const Json& json) {
  BasinTally tally;
  for (const Json& entry : json.at("minima"))
    tally.minima.push_back({critical_point_of(entry), entry.at("flat"), 0});
  for (const Json& end : json.at("ends")) {
    tally.ends.emplace_back();
    if (end.is_null()) continue;
    const auto place = end.get<std::size_t>();
    if (place >= tally.minima.size()) throw ParseError("an end of a checkpoint is no minimum");
    tally.ends.back() = place;
    ++tally.minima[place].count;
  }
  return tally;
}

}  // namespace

BasinSearch::BasinSearch(const Objective<double>& objective, Slice slice, std::vector<double> s,
                         std::vector<double> t, SearchOptions search, const Matrix<double>& teacher,
                         const std::optional<Symmetry>& symmetry, int threads)
    : objective_(objective),
      slice_(std::move(slice)),
      s_(std::move(s)),
      t_(std::move(t)),
      search_(std::move(search)),
      threads_(threads),
      isolated_(teacher, symmetry),
      valleys_(teacher, symmetry) {}

std::optional<SearchEnd> BasinSearch::end_of(std::uint64_t start) const {
  const SlicePosition at{s_[start % s_.size()], t_[start / s_.size()]};
  const auto x = point_on(slice_, at, search_.freedom);
  if (!x) return std::nullopt;
  SearchEnd end = search_minimum(objective_, *x, search_, start);
  if (end.outcome != SearchOutcome::minimum && end.outcome != SearchOutcome::flat)
    return std::nullopt;
  return end;
}

std::size_t BasinSearch::classify(const CriticalPoint& point, bool flat) {
  const std::pair name{flat, (flat ? valleys_ : isolated_).classify(point)};
  const auto known = std::find(names_.begin(), names_.end(), name);
  const auto place = static_cast<std::size_t>(known - names_.begin());
  if (known == names_.end()) names_.push_back(name);
  return place;
}

void BasinSearch::count(std::optional<SearchEnd> end) {
  tally_.ends.emplace_back();
  if (!end) return;
  const bool flat = end->outcome == SearchOutcome::flat;
  const std::size_t place = classify(end->point, flat);
  if (place == tally_.minima.size()) tally_.minima.push_back({std::move(end->point), flat, 0});
  ++tally_.minima[place].count;
  tally_.ends.back() = place;
}

bool BasinSearch::run(const RunWatch& watch) {
  return count_runs(
      tally_.ends.size(), s_.size() * t_.size(), threads_,
      [&](std::uint64_t start) { return end_of(start); },
      [&](std::uint64_t, std::optional<SearchEnd> end) { count(std::move(end)); }, watch);
}

void BasinSearch::resume(BasinTally tally) {
  tally_ = std::move(tally);
  for (const BasinClass& found : tally_.minima) classify(found.point, found.flat);
}

BasinMap BasinSearch::map() const {
  BasinMap map{s_, t_, {}, {}, 0};
  const std::vector<std::size_t> rank = ranks(tally_.minima);
  map.minima.resize(rank.size());
  for (std::size_t i = 0; i < rank.size(); ++i) map.minima[rank[i]] = tally_.minima[i];
  for (std::size_t k = 0; k < tally_.ends.size(); ++k) {
    if (k % s_.size() == 0) map.classes.emplace_back();
    const std::optional<std::size_t>& end = tally_.ends[k];
    map.classes.back().push_back(end ? std::optional(rank[*end]) : std::nullopt);
    if (!end) ++map.nowhere;
  }
  return map;
}

std::string to_json(const BasinTally& tally, const std::string& settings) {
  Json json{{"minima", Json::array()}, {"ends", Json::array()}};
  for (const BasinClass& found : tally.minima) {
    Json entry{{"flat", found.flat}};
    entry.update(json_of(found.point));
    json["minima"].push_back(std::move(entry));
  }
  for (const auto& end : tally.ends) json["ends"].push_back(end ? Json(*end) : Json(nullptr));
  return stored_text("basin", settings, json);
}

Stored<BasinTally> parse_basin_tally(std::string_view text) {
  return read_stored(text, "basin", tally_of);
}

}  // namespace sigmahat
