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

bool PointClasses::is_same(std::size_t known, const CriticalPoint& point,
                           const SymmetryPattern& pattern) const {
  const CriticalPoint& other = representatives_[known];
  const double reach = same_value * std::max(1.0, std::abs(point.value));
  if (std::abs(other.value - point.value) > reach) return false;
  if (symmetry_) return are_equivalent(patterns_[known], pattern, *symmetry_, same_entry);
  Weights<double> difference = point.x;
  add(difference, -1, other.x);
  return norm(difference) < same_entry;
}

std::size_t PointClasses::classify(const CriticalPoint& point) {
  SymmetryPattern pattern;
  if (symmetry_) pattern = pattern_of(point.x, teacher_, *symmetry_);
  for (std::size_t known = 0; known < representatives_.size(); ++known)
    if (is_same(known, point, pattern)) return known;
  representatives_.push_back(point);
  patterns_.push_back(std::move(pattern));
  return representatives_.size() - 1;
}

}  // namespace sigmahat
