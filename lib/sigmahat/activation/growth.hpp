#pragma once

#include <optional>

#include <sigmahat/activation/expression.hpp>

namespace sigmahat {

/// The function e^log_constant · |x|^power · e^{linear·|x| + quadratic·x²}.
struct Growth {
  Interval log_constant;
  Interval power;
  Interval linear;
  Interval quadratic;
};

/// `lower` <= |f(x)| <= `upper` on a half-line, each where one was found.
struct TailGrowth {
  std::optional<Growth> lower;
  std::optional<Growth> upper;
};

/// Proven bounds of |f(x)|, valid at every x >= from at which f is defined (x <= from if from < 0).
///
/// Derived from the tree: sums by their dominant term, exponentials from bounds a x² + b|x| + c of
/// their argument, everything bounded by interval arithmetic on the half-line. The exponents are
/// sharp for products of powers, exponentials of polynomials of degree at most two and bounded
/// functions; elsewhere the farther out `from` is the sharper they get. The coefficients enclose
/// the numbers that were proven to do: use their upper ends in the upper bound, their lower ends in
/// the lower.
/// @param from  |from| >= 8; throws DomainError otherwise
TailGrowth tail_growth(const Expression& f, const Rational& from);

}  // namespace sigmahat
