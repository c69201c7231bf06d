#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sigmahat/activation/expression.hpp>

namespace sigmahat {

enum class Singularity {
  kink,  ///< continuous, and not analytic
  jump,
  pole,          ///< unbounded like an inverse power, whole or fractional
  branch_point,  ///< of a logarithm or a fractional power, and not a pole
  removable,     ///< as of sin(x)/x at 0
  unknown,       ///< which of these, or an essential singularity, could not be told
};
std::string_view to_string(Singularity kind);

/// Where a function of x fails to be analytic, or may fail.
struct SingularPoint {
  Interval at;                    ///< encloses it, or several that are nearer than was asked for
  std::optional<Rational> exact;  ///< the point, where it is known to be rational
  Singularity kind;
  bool isolated;  ///< false: `at` is wider than was asked for, and may hold any number of points
};

/// A function between two neighbouring singular points.
struct AnalyticPiece {
  std::optional<Expression> f;    ///< nothing where the function is not defined
  std::string undefined_because;  ///< the reason then: "log of a negative number"
  /// Whether f is free of abs, sign, step, max and min and analytic on the whole piece. False only
  /// beyond the range, where there may be more singular points.
  bool analytic;
};

/// A function cut at its singular points into analytic functions.
struct AnalyticPieces {
  std::vector<SingularPoint> points;  ///< ascending, within [-range, range], enclosures disjoint
  /// pieces[i] lies between points[i-1] and points[i], the first from -range, the last to range.
  std::vector<AnalyticPiece> pieces;
  AnalyticPiece left_tail, right_tail;  ///< x < -range and x > range
};

/// Cuts f at every point of [-range, range] where it is not analytic.
///
/// Every such point lies in one of the enclosures: zeros of what stands inside abs, sign, step,
/// log, fractional and negative powers, of the differences between the arguments of max and min,
/// and poles of tan are found by exact arithmetic where they are roots of a rational polynomial,
/// and by interval arithmetic otherwise. Inside the pieces abs(u) has become u or -u, and so on;
/// where both neighbours turn out the same, the point is dropped. Work is bounded: where it does
/// not suffice, or a zero is not simple, an enclosure that is not `isolated` is left. Zeros crowd
/// without end for sin(1/x): the enclosure around 0 then is what is left of them.
/// @param range   X > 0
/// @param digits  decimal digits wanted of each point, relative to max(1, |point|)
AnalyticPieces analytic_pieces(const Expression& f, const Rational& range, int digits);

}  // namespace sigmahat
