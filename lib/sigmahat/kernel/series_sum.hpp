#pragma once

#include <array>
#include <vector>

#include <sigmahat/numeric/ball.hpp>

namespace sigmahat {

/// Σ_k c_k ρ^k and its first two derivatives for |ρ| <= 1, in balls.
///
/// Internal: not installed. Rectangular splitting (Paterson & Stockmeyer, SIAM J. Comput. 2, 1973):
/// the powers of ρ, or of ρ² where every other c_k is zero, are shared by the three sums. The terms
/// shrink, so each row of them is summed with the bits that it still contributes, and the sum ends
/// where nothing is left to contribute; what is left out is in the radius.
class SeriesSum {
 public:
  /// @param coefficients  c_0, c_1, ...
  explicit SeriesSum(const std::vector<Ball>& coefficients);
  /// c_0, c_1, ... up to the last that is not zero.
  std::vector<Ball> coefficients() const;

  /// ρ and its powers, as many as the sums need.
  class Argument {
   public:
    Argument(const SeriesSum& sum, const Ball& rho, slong bits);

   private:
    friend class SeriesSum;
    Ball rho_;
    slong bits_;
    double shrinkage_;          ///< |x| <= 2^-shrinkage
    std::vector<Ball> powers_;  ///< 1, x, ..., x^(row length), x = ρ or ρ²
  };

  /// The derivative of the given order, 0, 1 or 2: to the argument's bits, relative to its first
  /// nonzero term, as far as the radii of coefficients and argument allow.
  Ball value(int order, const Argument& at) const;

 private:
  struct Derivative {
    ulong lowest = 0;                ///< ρ^lowest is taken out
    std::vector<Ball> coefficients;  ///< of 1, x, x², ...
    std::vector<slong> rest;         ///< from the j-th on their absolute values sum to <= 2^rest[j]
    slong lead = 0;                  ///< what counts is measured against 2^lead

    /// log2 of a bound of what the terms from the j-th on add up to.
    double remainder(std::size_t j, double shrinkage) const {
      return static_cast<double>(rest[j]) - shrinkage * static_cast<double>(j);
    }
    /// Terms that count.
    std::size_t length(double shrinkage, slong bits) const;
  };

  std::size_t step_ = 1;
  std::array<Derivative, 3> derivatives_;
};

}  // namespace sigmahat
