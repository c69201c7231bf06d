#pragma once

#include <optional>

#include <sigmahat/activation/expression.hpp>

namespace sigmahat {

/// |f(x)| behaves like |x - c|^p near a point c, with `low` <= p <= `high`.
struct LocalOrder {
  Rational low;
  std::optional<Rational> high;  ///< nothing: no upper limit is known
  bool logarithm;                ///< up to powers of log|x - c|
};

/// How functions without kinks (the pieces of analytic_pieces) behave at one point. Internal: not
/// installed.
class LocalBehaviour {
 public:
  /// @param at     a narrow enclosure of the point
  /// @param exact  the point, where it is known to be rational
  LocalBehaviour(Interval at, std::optional<Rational> exact)
      : at_(std::move(at)), exact_(std::move(exact)) {}

  /// Whether f is proven to be analytic on the enclosure.
  bool is_analytic(const Expression& f) const;
  /// Whether f is proven to have no singularities on the enclosure other than poles.
  bool is_meromorphic(const Expression& f) const;
  /// Whether f is proven to have no branch points there: poles and essential singularities at most.
  bool is_single_valued(const Expression& f) const;
  /// The order of f at the point, as far as it can be told; nothing where no lower limit is known.
  std::optional<LocalOrder> order(const Expression& f) const;

 private:
  Interval at_;
  std::optional<Rational> exact_;
};

}  // namespace sigmahat
