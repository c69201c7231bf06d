#pragma once

#include <optional>
#include <vector>

#include <sigmahat/landscape/critical_point.hpp>
#include <sigmahat/landscape/symmetry.hpp>

namespace sigmahat {

/// Sorts points into classes in the order in which they come.
class PointClasses {
 public:
  /// @param teacher   m*×d, rows
  /// @param symmetry  points that it maps to each other are one class; none: only equal points are
  PointClasses(Matrix<double> teacher, std::optional<Symmetry> symmetry);

  /// The number of the point's class: a new one where it belongs to none.
  std::size_t classify(const CriticalPoint& point);
  /// The first point of each class.
  const std::vector<CriticalPoint>& representatives() const { return representatives_; }

 private:
  bool is_same(std::size_t known, const CriticalPoint& point, const SymmetryPattern& pattern) const;

  Matrix<double> teacher_;
  std::optional<Symmetry> symmetry_;
  std::vector<CriticalPoint> representatives_;
  std::vector<SymmetryPattern> patterns_;
};

}  // namespace sigmahat
