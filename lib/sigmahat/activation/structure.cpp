#include <sigmahat/activation/activation.hpp>
#include <sigmahat/activation/analytic_pieces.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

constexpr int highest_degree = 200;  // of polynomials written as expressions

/// Functions that have a structure of their own, as the grammar writes them.
std::optional<Structure> known_structure(const Expression& f) {
  static const std::vector<std::pair<Expression, Structure>> known = [] {
    const Expression x = Expression::variable();
    const auto of_x = [&](Function function) { return Expression::call(function, x); };
    return std::vector<std::pair<Expression, Structure>>{
        {of_x(Function::erf), ErrorFunction{}},
        {x * of_x(Function::normal_cdf), Gelu{}},
    };
  }();
  for (const auto& [expression, structure] : known)
    if (expression == f) return structure;
  return {};
}

/// r, where f is r·x.
std::optional<Rational> rate_of(const Expression& f) {
  const auto line = rational_polynomial(f, 1);
  if (!line || line->size() != 2 || (*line)[0] != 0) return {};
  return (*line)[1];
}

/// s >= 0, where f is -s·x²/2.
std::optional<Rational> sharpness_of(const Expression& f) {
  const auto p = rational_polynomial(f, 2);
  if (!p || p->size() != 3 || (*p)[0] != 0 || (*p)[1] != 0 || (*p)[2] > 0) return {};
  return Rational(-2 * (*p)[2]);
}

/// A function of a multiple of x, and the Gaussian of any width.
std::optional<Structure> scaled_structure(const Expression& f) {
  const auto* call = f.as<Expression::Call>();
  if (!call) return {};
  const Expression& u = call->arguments[0];
  if (call->function == Function::exp)
    if (const auto sharpness = sharpness_of(u)) return GaussianBump{*sharpness};
  const auto rate = rate_of(u);
  if (!rate) return {};
  switch (call->function) {
    case Function::exp:
      return Exponential{*rate};
    case Function::sin:
      return Sinusoid{Sinusoid::Phase::sine, *rate};
    case Function::cos:
      return Sinusoid{Sinusoid::Phase::cosine, *rate};
    case Function::tanh:
      return Logistic{Logistic::Kind::tanh, *rate};
    case Function::sigmoid:
      return Logistic{Logistic::Kind::sigmoid, *rate};
    case Function::softplus:
      return Logistic{Logistic::Kind::softplus, *rate};
    default:
      return {};
  }
}

/// u sigmoid(u) of a multiple u of x.
std::optional<Structure> silu(const Expression& f) {
  const auto* product = f.as<Expression::Product>();
  if (!product) return {};
  for (const Expression& factor : product->factors) {
    const auto* call = factor.as<Expression::Call>();
    if (!call || call->function != Function::sigmoid) continue;
    const auto rate = rate_of(call->arguments[0]);
    if (!rate) continue;
    const Logistic candidate{Logistic::Kind::silu, *rate};
    if (f == to_expression(candidate)) return candidate;
  }
  return {};
}

/// The polynomials of f between rational breakpoints, where that is all that f is.
std::optional<PiecewisePolynomial> piecewise_polynomial(const Expression& f) {
  if (const auto polynomial = rational_polynomial(f, highest_degree))
    return PiecewisePolynomial{{}, {*polynomial}};
  const AnalyticPieces cut = analytic_pieces(f, 32, 20);
  if (!cut.left_tail.analytic || !cut.right_tail.analytic) return {};
  PiecewisePolynomial result;
  for (std::size_t i = 0; i < cut.pieces.size(); ++i) {
    const AnalyticPiece& piece = cut.pieces[i];
    if (!piece.f || !piece.analytic) return {};
    const auto polynomial = rational_polynomial(*piece.f, highest_degree);
    if (!polynomial) return {};
    if (i > 0) {
      const auto& breakpoint = cut.points[i - 1].exact;
      if (!breakpoint) return {};
      if (*polynomial == result.pieces.back()) continue;  // nothing happens there after all
      result.breakpoints.push_back(*breakpoint);
    }
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

Expression to_expression(const Logistic& f) {
  const Expression u = Expression(f.rate) * Expression::variable();
  switch (f.kind) {
    case Logistic::Kind::tanh:
      return Expression::call(Function::tanh, u);
    case Logistic::Kind::sigmoid:
      return Expression::call(Function::sigmoid, u);
    case Logistic::Kind::softplus:
      return Expression::call(Function::softplus, u);
    case Logistic::Kind::silu:
      return u * Expression::call(Function::sigmoid, u);
  }
  throw DomainError("no such logistic activation");
}

Structure structure_of(const Expression& f) {
  if (auto structure = known_structure(f)) return *structure;
  if (auto structure = scaled_structure(f)) return *structure;
  if (auto structure = silu(f)) return *structure;
  if (const auto* call = f.as<Expression::Call>();
      call && call->function == Function::hermite && call->arguments[0] == Expression::variable())
    return HermitePolynomial{call->degree};
  if (auto pieces = piecewise_polynomial(f)) return *pieces;
  return f;
}

}  // namespace sigmahat
