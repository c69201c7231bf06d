#include <nlohmann/json.hpp>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/training.hpp>

namespace sigmahat {
namespace {

using Json = nlohmann::ordered_json;

constexpr int version = 1;

// nlohmann-json writes the shortest decimal that reads back as the same double.
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

std::vector<double> numbers_of(const Vector<double>& x) {
  return {x.begin(), x.end()};
}

Vector<double> vector_of(const Json& json) {
  const auto numbers = json.get<std::vector<double>>();
  return Eigen::Map<const Vector<double>>(numbers.data(),
                                          static_cast<Eigen::Index>(numbers.size()));
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

}  // namespace

std::string to_json(const Checkpoint& checkpoint, const std::string& settings) {
  const Weights<double>& x = checkpoint.weights;
  Json json{{"sigmahat_checkpoint", version},
            {"settings", settings},
            {"iteration", checkpoint.iteration},
            {"a", numbers_of(x.a)},
            {"B", Json::array()},
            {"c", numbers_of(x.c)},
            {"optimizer", checkpoint.optimizer},
            {"trajectory", Json::array()}};
  for (Eigen::Index i = 0; i < x.B.rows(); ++i)
    json["B"].push_back(numbers_of(x.B.row(i).transpose()));
  for (const TrajectoryPoint& point : checkpoint.trajectory)
    json["trajectory"].push_back(to_json(point));
  return json.dump() + "\n";
}

StoredCheckpoint parse_checkpoint(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("sigmahat_checkpoint") != version)
      throw ParseError("a checkpoint of another version");
    StoredCheckpoint stored;
    stored.settings = json.at("settings");
    Checkpoint& checkpoint = stored.checkpoint;
    checkpoint.iteration = json.at("iteration");
    const Json& rows = json.at("B");
    const auto dimension = static_cast<Eigen::Index>(rows.at(0).size());
    checkpoint.weights = {vector_of(json.at("a")), rows_of(rows, dimension),
                          vector_of(json.at("c"))};
    checkpoint.optimizer = json.at("optimizer").get<OptimizerState>();
    for (const Json& point : json.at("trajectory"))
      checkpoint.trajectory.push_back(trajectory_point(point));
    return stored;
  } catch (const Json::exception&) {
    throw ParseError("no checkpoint of sigmahat train");
  }
}

}  // namespace sigmahat
