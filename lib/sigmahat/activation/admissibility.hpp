#pragma once

#include <string>
#include <string_view>

#include <sigmahat/activation/expression.hpp>

namespace sigmahat {

/// Whether E[f(x)²] is finite for x ~ N(0,1).
enum class Admissibility {
  square_integrable,      ///< proven
  not_square_integrable,  ///< proven
  undefined,              ///< proven: f has no value on a set of positive measure
  undecided,              ///< neither could be proven
};
std::string_view to_string(Admissibility verdict);

struct AdmissibilityReport {
  Admissibility verdict;
  std::string reason;  ///< empty for square_integrable
};

/// Decides from the analytic pieces of f on [-32, 32], the order of f at its singular points, and
/// proven bounds of its growth on both sides: f is in L²(φ) if near each singular point
/// |f| = O(|x - c|^p) with p > -1/2, and |f| = O(e^{α x²}) with α < 1/4 at infinity.
AdmissibilityReport admissibility(const Expression& f);

/// Throws DomainError with the reason where f is proven not to be admissible.
void require_admissible(const Expression& f);

}  // namespace sigmahat
