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
  ///
  /// @param one_of_a_value  for points that are not isolated: all such of one value are one class
  std::size_t classify(const CriticalPoint& point, bool one_of_a_value = false);

 private:
  struct Class {
    CriticalPoint first;
    SymmetryPattern pattern;  ///< empty where nothing is compared by it
    bool one_of_a_value;
  };
  bool holds(const Class& known, const Class& point) const;

  Matrix<double> teacher_;
  std::optional<Symmetry> symmetry_;
  std::vector<Class> classes_;
};

}  // namespace sigmahat
