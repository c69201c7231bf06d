#include <sigmahat/activation/activation.hpp>
#include <sigmahat/activation/analytic_pieces.hpp>

namespace sigmahat {
namespace {

constexpr int highest_degree = 200;  // of polynomials written as expressions

/// Functions that have a structure of their own, as the grammar writes them.
std::optional<Structure> known_structure(const Expression& f) {
  static const std::vector<std::pair<Expression, Structure>> known = [] {
    const Expression x = Expression::variable();
    const auto of_x = [&](Function function) { return Expression::call(function, x); };
    return std::vector<std::pair<Expression, Structure>>{
        {of_x(Function::tanh), Logistic::tanh},
        {of_x(Function::sigmoid), Logistic::sigmoid},
        {of_x(Function::softplus), Logistic::softplus},
        {x * of_x(Function::sigmoid), Logistic::silu},
        {of_x(Function::erf), ErrorFunction{}},
        {x * of_x(Function::normal_cdf), Gelu{}},
    };
  }();
  for (const auto& [expression, structure] : known)
    if (expression == f) return structure;
  return {};
}

/// exp, sin and cos of a multiple of x, and the Gaussian of any width.
std::optional<Structure> entire_structure(const Expression& f) {
  const auto* call = f.as<Expression::Call>();
  if (!call) return {};
  const auto argument = rational_polynomial(call->arguments[0], 2);
  if (!argument || argument->size() < 2 || (*argument)[0] != 0) return {};
  const Rational& slope = (*argument)[1];
  if (argument->size() == 3) {
    const Rational sharpness = -2 * (*argument)[2];
    if (call->function != Function::exp || slope != 0 || sharpness < 0) return {};
    return GaussianBump{sharpness};
  }
  switch (call->function) {
    case Function::exp:
      return Exponential{slope};
    case Function::sin:
      return Sinusoid{Sinusoid::Phase::sine, slope};
    case Function::cos:
      return Sinusoid{Sinusoid::Phase::cosine, slope};
    default:
      return {};
  }
}

/// The polynomials of f between rational breakpoints, where that is all that f is.
std::optional<PiecewisePolynomial> piecewise_polynomial(const Expression& f) {
  if (const auto polynomial = rational_polynomial(f, highest_degree))
    return PiecewisePolynomial{{}, {*polynomial}};
  const AnalyticPieces cut = analytic_pieces(f, 32, 20);
  if (!cut.left_tail.analytic || !cut.right_tail.analytic) return {};
  PiecewisePolynomial result;
  for (const SingularPoint& point : cut.points) {
    if (!point.exact) return {};
    result.breakpoints.push_back(*point.exact);
  }
  for (const AnalyticPiece& piece : cut.pieces) {
    if (!piece.f || !piece.analytic) return {};
    const auto polynomial = rational_polynomial(*piece.f, highest_degree);
    if (!polynomial) return {};
    result.pieces.push_back(*polynomial);
  }
  // At a breakpoint f must have the mean of both sides, which is the value of a jump here.
  for (const Rational& c : result.breakpoints)
    if (std::abs(evaluate(f, from_rational<double>(c)) -
                 Activation("", result)(from_rational<double>(c))) > 1e-9)
      return {};
  return result;
}

}  // namespace

Structure structure_of(const Expression& f) {
  if (auto structure = known_structure(f)) return *structure;
  if (auto structure = entire_structure(f)) return *structure;
  if (const auto* call = f.as<Expression::Call>();
      call && call->function == Function::hermite && call->arguments[0] == Expression::variable())
    return HermitePolynomial{call->degree};
  if (auto pieces = piecewise_polynomial(f)) return *pieces;
  return f;
}

}  // namespace sigmahat
