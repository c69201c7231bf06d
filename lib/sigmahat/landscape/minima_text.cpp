#include <nlohmann/json.hpp>

#include <sigmahat/landscape/minima.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/vector_json.hpp>

namespace sigmahat {
namespace {

using Json = nlohmann::ordered_json;

constexpr int version = 1;

}  // namespace

std::string to_json(const MinimaTally& tally, const std::string& settings) {
  Json json{{"sigmahat_minima", version},
            {"settings", settings},
            {"runs", tally.runs},
            {"spent", tally.spent},
            {"stalled", tally.stalled},
            {"diverged", tally.diverged},
            {"evaluations", tally.evaluations},
            {"classes", Json::array()}};
  for (const MinimumClass& found : tally.classes)
    json["classes"].push_back({{"first_run", found.first_run},
                               {"count", found.count},
                               {"flat", found.flat},
                               {"value", found.point.value},
                               {"gradient_norm", found.point.gradient_norm},
                               {"rows", found.point.x.B.rows()},
                               {"cols", found.point.x.B.cols()},
                               {"weights", numbers_of(flattened(found.point.x))}});
  return json.dump() + "\n";
}

StoredTally parse_tally(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("sigmahat_minima") != version) throw ParseError("a checkpoint of another version");
    StoredTally stored;
    stored.settings = json.at("settings");
    MinimaTally& tally = stored.tally;
    tally.runs = json.at("runs");
    tally.spent = json.at("spent");
    tally.stalled = json.at("stalled");
    tally.diverged = json.at("diverged");
    tally.evaluations = json.at("evaluations");
    for (const Json& entry : json.at("classes")) {
      const Eigen::Index rows = entry.at("rows"), cols = entry.at("cols");
      const Vector<double> weights = vector_of(entry.at("weights"));
      if (rows < 1 || cols < 1 ||
          (weights.size() != rows + rows * cols && weights.size() != 2 * rows + rows * cols))
        throw ParseError("no checkpoint of sigmahat probe minima");
      tally.classes.push_back(
          {{unflattened(weights, rows, cols), entry.at("value"), entry.at("gradient_norm")},
           entry.at("first_run"),
           entry.at("count"),
           entry.at("flat")});
    }
    return stored;
  } catch (const Json::exception&) {
    throw ParseError("no checkpoint of sigmahat probe minima");
  }
}

}  // namespace sigmahat
