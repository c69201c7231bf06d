#include <algorithm>
#include <cmath>

#include <sigmahat/landscape/point_classes.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

/// Far above what Newton's method leaves, far below what tells critical points apart.
constexpr double same_value = 1e-9;
constexpr double same_entry = 1e-6;

}  // namespace

PointClasses::PointClasses(Matrix<double> teacher, std::optional<Symmetry> symmetry)
    : teacher_(std::move(teacher)), symmetry_(std::move(symmetry)) {}

bool PointClasses::holds(const Class& known, const Class& point) const {
  if (known.one_of_a_value != point.one_of_a_value) return false;
  const double value = point.first.value;
  if (std::abs(known.first.value - value) > same_value * std::max(1.0, std::abs(value)))
    return false;
  if (point.one_of_a_value) return true;
  if (symmetry_) return are_equivalent(known.pattern, point.pattern, *symmetry_, same_entry);
  Weights<double> difference = point.first.x;
  add(difference, -1, known.first.x);
  return norm(difference) < same_entry;
}

std::size_t PointClasses::classify(const CriticalPoint& point, bool one_of_a_value) {
  Class candidate{point, {}, one_of_a_value};
  if (symmetry_ && !one_of_a_value) candidate.pattern = pattern_of(point.x, teacher_, *symmetry_);
  const auto known = std::find_if(classes_.begin(), classes_.end(),
                                  [&](const Class& c) { return holds(c, candidate); });
  const auto place = static_cast<std::size_t>(known - classes_.begin());
  if (known == classes_.end()) classes_.push_back(std::move(candidate));
  return place;
}

}  // namespace sigmahat
