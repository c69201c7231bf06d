#pragma once

#include <vector>

#include <sigmahat/numeric/fixed_point.hpp>

namespace sigmahat {

/// 1, y, ..., y^row of a number 0 <= y < 1 in fixed point, for one or more FixedSeries.
///
/// Internal: not installed.
class FixedPowers {
 public:
  /// @param row  >= 1
  FixedPowers(const FixedFormat& format, FixedView y, std::size_t row);

  std::size_t row() const { return powers_.size() - 1; }
  /// y <= 2^-shrinkage
  double shrinkage() const { return shrinkage_; }
  FixedView operator[](std::size_t i) const { return powers_[i]; }

  static double shrinkage_of(const FixedFormat& format, FixedView y);

 private:
  double shrinkage_;
  FixedArray powers_;  ///< y^i by less than i units
};

/// Σ_j c_j y^j, 0 <= y < 1, in fixed point, for coefficients whose absolute values sum to 1 at
/// most.
///
/// Internal: not installed. Rectangular splitting (Paterson & Stockmeyer, SIAM J. Comput. 2, 1973).
/// Terms shrink, and each row of them is summed with the limbs that it still contributes to.
class FixedSeries {
 public:
  /// @param coefficients  of y^0, y^1, ...
  /// @param beyond        bounds Σ |c_j| 2^(count-j) over the terms that follow them
  FixedSeries(const FixedFormat& format, const std::vector<Ball>& coefficients, double beyond = 0);

  /// Terms to sum for a y of this shrinkage.
  std::size_t length(double shrinkage) const;
  /// The longest row that pays, where `sums` series share the powers.
  static std::size_t row(std::size_t length, std::size_t sums);

  /// Σ c_j y^j, or Σ (-1)^j c_j y^j.
  /// @return by how many units it may be off, y taken as exact; y <= 1/2 if terms follow the
  ///         coefficients
  double value(const FixedPowers& powers, bool alternating, FixedRef result) const;
  /// How to sum a few terms by Horner's rule, for every y of this shrinkage or more.
  struct Plan {
    std::vector<std::size_t> limbs;  ///< with which the sum of the terms from the j-th on is kept
    double error;
  };
  Plan plan(double shrinkage) const;
  /// Σ c_j y^j by Horner's rule, off by plan.error units at most.
  void horner(const Plan& plan, FixedView y, FixedRef result) const;

  std::size_t size() const { return coefficients_.size(); }

 private:
  /// Limbs with which the terms from y^j on contribute all that shows.
  std::size_t limbs_from(std::size_t j, double shrinkage) const;
  /// What `rows` rows, each rounded by `units` of its own last place, and all that the sum does not
  /// hold may make of it.
  double error(std::size_t length, double shrinkage, std::size_t row, double units) const;

  FixedFormat format_;
  FixedArray coefficients_;
  std::vector<std::size_t> limbs_;  ///< of each coefficient, those above not counted that are zero
  std::vector<double> rest_;        ///< log2 of a bound of what is left from the j-th on
  std::vector<double> errors_;      ///< of each coefficient, in units
};

}  // namespace sigmahat
