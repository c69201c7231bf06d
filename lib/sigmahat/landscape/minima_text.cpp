#include <sigmahat/landscape/minima.hpp>
#include <sigmahat/landscape/stored_json.hpp>

namespace sigmahat {
namespace {

using Json = nlohmann::ordered_json;

MinimaTally tally_of(const Json& json) {
  MinimaTally tally;
  tally.runs = json.at("runs");
  tally.spent = json.at("spent");
  tally.stalled = json.at("stalled");
  tally.diverged = json.at("diverged");
  tally.evaluations = json.at("evaluations");
  for (const Json& entry : json.at("classes"))
    tally.classes.push_back(
        {critical_point_of(entry), entry.at("first_run"), entry.at("count"), entry.at("flat")});
  return tally;
}

}  // namespace

std::string to_json(const MinimaTally& tally, const std::string& settings) {
  Json json{{"runs", tally.runs},
            {"spent", tally.spent},
            {"stalled", tally.stalled},
            {"diverged", tally.diverged},
            {"evaluations", tally.evaluations},
            {"classes", Json::array()}};
  for (const MinimumClass& found : tally.classes) {
    Json entry{{"first_run", found.first_run}, {"count", found.count}, {"flat", found.flat}};
    entry.update(json_of(found.point));
    json["classes"].push_back(std::move(entry));
  }
  return stored_text("minima", settings, json);
}

Stored<MinimaTally> parse_tally(std::string_view text) {
  return read_stored(text, "minima", tally_of);
}

}  // namespace sigmahat
