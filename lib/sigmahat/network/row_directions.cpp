#include <algorithm>
#include <map>

#include <sigmahat/network/row_directions.hpp>

namespace sigmahat {
namespace {

template <class Entry>
std::vector<RowDirection> directions_of(const Matrix<Entry>& B) {
  std::vector<RowDirection> directions;
  std::map<std::vector<Rational>, RowDirection> known;  // by the row over its first nonzero entry
  for (Eigen::Index i = 0; i < B.rows(); ++i) {
    std::vector<Rational> row;
    for (Eigen::Index j = 0; j < B.cols(); ++j) row.emplace_back(B(i, j));
    const auto pivot =
        std::find_if(row.begin(), row.end(), [](const Rational& x) { return x != 0; });
    int sign = 1;
    if (pivot != row.end()) {
      const Rational scale = *pivot;
      sign = scale < 0 ? -1 : 1;
      for (Rational& x : row) x /= scale;
    }
    const RowDirection& first =
        known.try_emplace(std::move(row), RowDirection{i, sign}).first->second;
    directions.push_back({first.first, sign * first.sign});
  }
  return directions;
}

}  // namespace

std::vector<RowDirection> row_directions(const WeightMatrix& B) {
  if (const auto* entries = std::get_if<WeightMatrix::Entries>(&B.source))
    return directions_of(entries->values);
  if (const auto* doubles = std::get_if<WeightMatrix::Doubles>(&B.source))
    return directions_of(doubles->values);
  std::vector<RowDirection> directions;
  for (Eigen::Index i = 0; i < B.rows(); ++i) directions.push_back({i, 1});
  return directions;
}

}  // namespace sigmahat
