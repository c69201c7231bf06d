#pragma once

#include <vector>

#include <sigmahat/numeric/ball.hpp>

namespace sigmahat {

/// The equidistant nodes x_j = j·multiple/2^shift, or their odd ones only, (2j-1)·multiple/2^shift:
/// a product with a node or with its square is one with a machine word. Needs words below 2^31 and
/// 2·shift + log2(max degree) < 62.
struct DyadicGrid {
  ulong multiple;
  slong shift;
  bool odd = false;

  ulong word(slong j) const;  ///< 2^shift x_j
  Ball node(slong j) const;
  Ball step() const;  ///< from node to node
};

/// The grid of a step of at most `step`; multiple < 1024.
DyadicGrid dyadic_grid(double step);
/// The same, the nodes at the middle of the steps from 0.
DyadicGrid dyadic_midpoints(double step);

enum class DegreeParity { even, odd };

/// Σ_j w_j h_k(x_j), x_j = grid.node(j), j = 1..weights.size(), for the even or the odd k of
/// 0..max_degree; zeros stand for the others.
///
/// Plain rounding, its proven bound added at the end (docs/design/trapezoidal-rule.md, "Rounding"):
/// ball arithmetic would lose a factor e^{x√k}. Each radius is about 2^{recurrence_loss -
/// precision} Σ |w_j| e^{x_j²/4} max(1, 1/x_j), and what the radii of the weights make of it.
/// @complexity O(N K) multiplications of a `precision`-bit number by a machine word
std::vector<Ball> hermite_sums(const DyadicGrid& grid, const std::vector<Ball>& weights,
                               DegreeParity parity, int max_degree, slong precision);

/// The same for any nodes and all degrees, without the factor 1/x; the nodes' radii are accounted
/// for.
/// @complexity O(N K) multiplications of two `precision`-bit numbers
std::vector<Ball> hermite_sums(const std::vector<Ball>& nodes, const std::vector<Ball>& weights,
                               int max_degree, slong precision);

/// Bits that hermite_sums loses.
slong recurrence_loss(int max_degree);

}  // namespace sigmahat
