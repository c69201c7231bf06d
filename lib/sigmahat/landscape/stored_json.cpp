#include <sigmahat/landscape/stored_json.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/vector_json.hpp>

namespace sigmahat {
namespace {

using Json = nlohmann::ordered_json;

constexpr int version = 1;

std::string key_of(const std::string& name) {
  return "sigmahat_" + name;
}

}  // namespace

Json json_of(const Weights<double>& x) {
  return {{"rows", x.B.rows()}, {"cols", x.B.cols()}, {"weights", numbers_of(flattened(x))}};
}

Weights<double> weights_of(const Json& json) {
  const Eigen::Index rows = json.at("rows"), cols = json.at("cols");
  const Vector<double> weights = vector_of(json.at("weights"));
  if (rows < 1 || cols < 1 ||
      (weights.size() != rows + rows * cols && weights.size() != 2 * rows + rows * cols))
    throw ParseError("a point of a checkpoint has no shape");
  return unflattened(weights, rows, cols);
}

Json json_of(const CriticalPoint& point) {
  Json json = json_of(point.x);
  json["value"] = point.value;
  json["gradient_norm"] = point.gradient_norm;
  return json;
}

CriticalPoint critical_point_of(const Json& json) {
  return {weights_of(json), json.at("value"), json.at("gradient_norm")};
}

std::string stored_text(const std::string& name, const std::string& settings, const Json& state) {
  return Json{{key_of(name), version}, {"settings", settings}, {"state", state}}.dump() + "\n";
}

void refuse_stored(const std::string& name) {
  throw ParseError("no checkpoint of sigmahat probe " + name);
}

Stored<Json> parse_stored(std::string_view text, const std::string& name) {
  try {
    Json json = Json::parse(text);
    if (json.at(key_of(name)) != version) throw ParseError("a checkpoint of another version");
    return {std::move(json.at("state")), json.at("settings")};
  } catch (const Json::exception&) {
    refuse_stored(name);
  }
}

}  // namespace sigmahat
