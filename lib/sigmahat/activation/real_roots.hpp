#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <sigmahat/activation/expression.hpp>

namespace sigmahat {

/// Where a function may vanish.
struct RealRoot {
  Interval at;
  std::optional<Rational> exact;  ///< where the root is known to be this number
  bool isolated;                  ///< `at` is as narrow as was asked for
};

/// Finds where analytic expressions vanish, within a budget of work. Internal: not installed.
///
/// Polynomials with rational coefficients of degree at most 50 by exact arithmetic (squarefree
/// parts, then Arb's isolation of the roots); products, powers, functions with known zeros through
/// their operands; everything else by bisection with interval arithmetic, monotonicity, and
/// Newton's interval iteration. Works at the precision in force, which must stay the same while it
/// lives.
class RootFinder {
 public:
  /// @param digits  decimal digits to which roots are wanted, relative to max(1, |root|)
  explicit RootFinder(int digits);

  /// Every zero of u inside (from, to) lies in one of the enclosures, which are in ascending order
  /// and may touch. u is analytic inside.
  std::vector<RealRoot> roots(const Expression& u, const Real& from, const Real& to);

  /// The sign of u at x; 0 where it vanishes or cannot be told.
  int sign_at(const Expression& u, const Real& x);
  /// The sign of u on [x, ∞) for x > 0, on (-∞, x] for x < 0; 0 where it changes or cannot be told.
  /// u is analytic there.
  int sign_beyond(const Expression& u, const Real& x);

 private:
  struct Box {
    Real from, to;
  };

  /// The width up to which an enclosure at x counts as isolated.
  Real tolerance(const Interval& x) const;

  Interval range(const Expression& u, const Interval& x);
  std::vector<RealRoot> polynomial_roots(const Polynomial& p);
  std::optional<std::vector<RealRoot>> periodic_roots(const Expression& w, const Rational& offset,
                                                      const Box& box);
  std::optional<std::vector<RealRoot>> structural_roots(const Expression& u, const Box& box);
  std::vector<RealRoot> isolated_roots(const Expression& u, const Box& box);
  std::optional<RealRoot> monotone_root(const Expression& u, const Expression& slope, Box box,
                                        int growth);
  RealRoot refined(const Expression& u, const Expression& slope, Box box, int sign_left);
  RealRoot constant_root(const Expression& value);
  int sign_beyond(const Expression& u, const Real& x, int depth);

  int digits_;
  Real unit_;           ///< 10^-digits
  std::size_t budget_;  ///< evaluations of single nodes still allowed
};

}  // namespace sigmahat
