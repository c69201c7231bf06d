#include <algorithm>

#include <sigmahat/activation/admissibility.hpp>
#include <sigmahat/activation/analytic_pieces.hpp>
#include <sigmahat/activation/weak_derivative.hpp>

namespace sigmahat {
namespace {

bool is_absolutely_continuous(const Expression& f) {
  const AnalyticPieces cut = analytic_pieces(f, 32, 20);
  const auto defined = [](const AnalyticPiece& piece) { return piece.f && piece.analytic; };
  return std::all_of(cut.points.begin(), cut.points.end(),
                     [](const SingularPoint& point) {
                       return point.isolated && point.kind == Singularity::kink;
                     }) &&
         std::all_of(cut.pieces.begin(), cut.pieces.end(), defined) && defined(cut.left_tail) &&
         defined(cut.right_tail);
}

}  // namespace

std::optional<Activation> weak_derivative(const Activation& sigma) {
  const Expression f = to_expression(sigma);
  if (!is_absolutely_continuous(f)) return {};
  const Expression slope = derivative(f);
  if (admissibility(slope).verdict != Admissibility::square_integrable) return {};
  return Activation(to_text(slope), structure_of(slope));
}

}  // namespace sigmahat
