#include <nlohmann/json.hpp>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/training.hpp>
#include <sigmahat/optimize/vector_json.hpp>

namespace sigmahat {
namespace {

using Json = nlohmann::ordered_json;

constexpr int version = 2;

Json to_json(const TrajectoryPoint& point) {
  Json json{{"iteration", point.iteration},
            {"samples", point.samples},
            {"loss", point.loss},
            {"gradient_norm", point.gradient_norm}};
  if (point.sampled_loss) json["sampled_loss"] = *point.sampled_loss;
  if (point.distance)
    json["distance"] = {point.distance->surrogate, point.distance->modulo_permutation,
                        point.distance->spectral};
  return json;
}

TrajectoryPoint trajectory_point(const Json& json) {
  TrajectoryPoint point{
      json.at("iteration"), json.at("samples"), json.at("loss"), json.at("gradient_norm"), {}, {}};
  if (json.contains("sampled_loss")) point.sampled_loss = json.at("sampled_loss").get<double>();
  if (json.contains("distance")) {
    const auto numbers = json.at("distance").get<std::vector<double>>();
    point.distance = {numbers.at(0), numbers.at(1), numbers.at(2)};
  }
  return point;
}

Matrix<double> rows_of(const Json& json, Eigen::Index dimension) {
  Matrix<double> B(static_cast<Eigen::Index>(json.size()), dimension);
  for (Eigen::Index i = 0; i < B.rows(); ++i) {
    const Vector<double> row = vector_of(json.at(static_cast<std::size_t>(i)));
    if (row.size() != dimension) throw ParseError("a checkpoint's rows differ in length");
    B.row(i) = row.transpose();
  }
  return B;
}

Checkpoint checkpoint_of(const Json& json) {
  Checkpoint checkpoint;
  checkpoint.iteration = json.at("iteration");
  const Json& rows = json.at("B");
  const auto dimension = static_cast<Eigen::Index>(rows.at(0).size());
  checkpoint.weights = {vector_of(json.at("a")), rows_of(rows, dimension), vector_of(json.at("c"))};
  checkpoint.optimizer = json.at("optimizer").get<OptimizerState>();
  for (const Json& point : json.at("trajectory"))
    checkpoint.trajectory.push_back(trajectory_point(point));
  return checkpoint;
}

}  // namespace

std::string to_json(const StoredRun& run) {
  const auto& [iteration, weights, optimizer, trajectory] = run.checkpoint;
  Json json{{"outcome", run.outcome ? Json(to_string(*run.outcome)) : Json(nullptr)},
            {"iteration", iteration},
            {"a", numbers_of(weights.a)},
            {"B", Json::array()},
            {"c", numbers_of(weights.c)},
            {"optimizer", optimizer},
            {"trajectory", Json::array()}};
  for (Eigen::Index i = 0; i < weights.B.rows(); ++i)
    json["B"].push_back(numbers_of(weights.B.row(i).transpose()));
  for (const TrajectoryPoint& point : trajectory) json["trajectory"].push_back(to_json(point));
  return json.dump();
}

std::string checkpoint_file(const std::string& settings, const std::vector<std::string>& runs) {
  std::string text = "{\"sigmahat_checkpoint\":" + std::to_string(version) +
                     ",\"settings\":" + Json(settings).dump() + ",\"runs\":[";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    text += i == 0 ? "\n" : ",\n";
    text += runs[i].empty() ? "null" : runs[i];
  }
  return text + "]}\n";
}

StoredRuns parse_checkpoint_file(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("sigmahat_checkpoint") != version)
      throw ParseError("a checkpoint of another version");
    StoredRuns stored{json.at("settings"), {}};
    for (const Json& run : json.at("runs")) {
      stored.runs.emplace_back();
      if (run.is_null()) continue;
      stored.runs.back() = StoredRun{{}, checkpoint_of(run)};
      if (!run.at("outcome").is_null())
        stored.runs.back()->outcome = parse_outcome(run.at("outcome").get<std::string>());
    }
    return stored;
  } catch (const Json::exception&) {
    throw ParseError("no checkpoint of sigmahat train");
  }
}

}  // namespace sigmahat
