#pragma once

#include <vector>

#include <sigmahat/numeric/fixed_series.hpp>

namespace sigmahat {

/// Angles in turns (2π = 1) in fixed point.
///
/// Internal: not installed. The point (cos θ, sin θ) is turned back by angles of tables, dyadic
/// fractions of a turn and so without error, to where the sine is below 2^-16 or less and a few
/// terms of the arcsine's series are left: no division, and errors do not grow on the way, because
/// rotations preserve lengths.
class FixedAngles {
 public:
  explicit FixedAngles(const FixedFormat& format);

  /// θ/2π of the point (cosine, sine) on the arc 0 <= θ <= π/4, or just off it.
  /// @param error  by how many units the point may be off, as a distance
  /// @return by how many units the angle may be
  double turn(FixedView cosine, FixedView sine, double error, FixedRef result) const;

 private:
  static constexpr int level_bits = 8;
  static constexpr std::size_t steps = (1 << level_bits) / 2;
  /// Level l = 0, 1, ... has the multiples, up to `steps`, of 2^-bits(l) turns.
  static int bits(int level) { return 2 + level_bits * (level + 1); }
  /// Of the square of the sine that is left: sin² <= 2^-least_shrinkage, for half a step of the
  /// last level.
  static int least_shrinkage(int levels) { return 2 * (bits(levels - 1) + 1 - 3); }

  struct Level {
    FixedArray cosines, sines;
  };

  FixedFormat format_;
  std::vector<Level> levels_;
  FixedSeries series_;  ///< arcsin(x)/(2πx) in x²
  FixedSeries::Plan plan_;
};

}  // namespace sigmahat
