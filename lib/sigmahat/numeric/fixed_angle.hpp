#pragma once

#include <memory>
#include <vector>

#include <sigmahat/numeric/fixed_series.hpp>

namespace sigmahat {

/// Angles in turns (2π = 1) in fixed point.
///
/// Internal: not installed. The point (x, y) is turned back by arctangents of p/2^k, k = 6, 12,
/// ..., whose angles are in tables: (x + py/2^k, y - px/2^k) takes products with one limb, and that
/// the point moves outwards does not matter. Then y/x is below 2^-19 or less, and a few terms of
/// the arctangent's series are left.
class FixedAngles {
 public:
  explicit FixedAngles(const FixedFormat& format);
  /// One for all that use it at a time.
  static std::shared_ptr<const FixedAngles> shared(const FixedFormat& format);

  /// θ/2π of the point (cosine, sine) on the arc 0 <= θ <= π/4, or just off it.
  /// @param error  by how many units the point may be off, as a distance
  /// @return by how many units the angle may be
  double turn(FixedView cosine, FixedView sine, double error, FixedRef result) const;

 private:
  static constexpr int level_bits = 6;
  /// Level l = 0, 1, ... takes multiples of 2^-bits(l) off the tangent, `steps` at most: those of
  /// level 0 reach to 1 but for a step, of which turning leaves half where the tangent is 1; those
  /// of the others to half a step of the level before.
  static int bits(int level) { return level_bits * (level + 1); }
  static long steps(int level) {
    return level == 0 ? (1 << level_bits) - 1 : 1 << (level_bits - 1);
  }

  int levels() const { return static_cast<int>(arctangents_.size()); }

  FixedFormat format_;
  std::vector<FixedArray> arctangents_;  ///< [level][p]: of p/2^bits
  int least_shrinkage_;                  ///< tangent² <= 2^-least_shrinkage in the end
  FixedSeries series_;                   ///< arctan(x)/(2πx) in x²
  FixedSeries::Plan plan_;
};

}  // namespace sigmahat
