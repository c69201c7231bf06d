#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <sigmahat/kernel/angular_form.hpp>
#include <sigmahat/numeric/fixed_angle.hpp>
#include <sigmahat/numeric/fixed_point.hpp>
#include <sigmahat/numeric/fixed_series.hpp>

namespace sigmahat {

// Internal: not installed. Dual kernels in fixed point, each number with a proven error.

/// Two rows û and v̂ of a FixedFormat, by exact products: near parallel rows 1 ∓ ρ is |û ∓ v̂|²/2.
struct FixedRows {
  const FixedSum& square;        ///< |û|²
  const FixedSum& other_square;  ///< |v̂|²
  const FixedSum& product;       ///< ⟨û,v̂⟩
  double error;  ///< |û - u| + |v̂ - v| at most, in units, u and v the unit rows they stand for
};

/// ρ, κ 2^-exponent and κ' 2^-exponent, and by how many units each may be off.
struct FixedJet {
  FixedRef rho, value;
  FixedRef slope;  ///< no limbs where it is not wanted
  double rho_error = 0, value_error = 0, slope_error = 0;
};

class FixedKernel {
 public:
  virtual ~FixedKernel() = default;
  /// Of the scale: |κ|, |κ'| <= 2^exponent.
  virtual long exponent() const = 0;
  /// False where it is not known to the format's precision.
  virtual bool jet(const FixedRows& rows, FixedJet& jet) const = 0;
};

/// An AngularForm whose derivative is finite at ρ = ±1; null otherwise.
std::shared_ptr<const FixedKernel> make_fixed_angular_kernel(const FixedFormat& format,
                                                             const AngularForm& value,
                                                             const AngularForm& first);

/// What is known of the terms Σ_{k>K} c_k ρ^k and of their derivative: log2 of bounds of the sums
/// of their absolute values at ρ = 1.
struct FixedTail {
  double value, slope;
};

/// Σ_{k<=K} c_k ρ^k, where `tail` lets it stand for the whole series.
/// @param tail  none where there are no more terms
std::shared_ptr<const FixedKernel> make_fixed_series_kernel(const FixedFormat& format,
                                                            const std::vector<Ball>& coefficients,
                                                            std::optional<FixedTail> tail);

}  // namespace sigmahat
