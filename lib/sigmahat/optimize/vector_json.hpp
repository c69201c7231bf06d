#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include <sigmahat/numeric/matrix.hpp>

namespace sigmahat {

// Vectors in checkpoints: nlohmann-json writes the shortest decimal that reads back as the same
// double. Internal: not installed.

inline std::vector<double> numbers_of(const Vector<double>& x) {
  return {x.begin(), x.end()};
}

/// Throws nlohmann::json::exception where it is no array of numbers.
inline Vector<double> vector_of(const nlohmann::ordered_json& json) {
  const auto numbers = json.get<std::vector<double>>();
  return Eigen::Map<const Vector<double>>(numbers.data(),
                                          static_cast<Eigen::Index>(numbers.size()));
}

}  // namespace sigmahat
