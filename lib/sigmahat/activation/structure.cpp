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
        {of_x(Function::exp), Exponential{1}},
        {of_x(Function::sin), Sinusoid{Sinusoid::Phase::sine, 1}},
        {of_x(Function::cos), Sinusoid{Sinusoid::Phase::cosine, 1}},
        {parse_expression("exp(-x^2/2)"), GaussianBump{1}},
    };
  }();
  for (const auto& [expression, structure] : known)
    if (expression == f) return structure;
  return {};
}

/// r, where f is r·x.
std::optional<Rational> rate_of(const Expression& f) {
  if (f.as<Expression::Variable>()) return Rational(1);
  const auto* product = f.as<Expression::Product>();
  if (!product || product->factors.size() != 2 || !product->factors[1].as<Expression::Variable>())
    return {};
  if (const Rational* r = product->factors[0].number()) return *r;
  return {};
}

/// tanh, sigmoid, softplus or silu of a multiple of x.
std::optional<Logistic> logistic(const Expression& f) {
  using Kind = Logistic::Kind;
  if (const auto* call = f.as<Expression::Call>()) {
    const auto rate = rate_of(call->arguments[0]);
    if (!rate) return {};
    if (call->function == Function::tanh) return Logistic{Kind::tanh, *rate};
    if (call->function == Function::sigmoid) return Logistic{Kind::sigmoid, *rate};
    if (call->function == Function::softplus) return Logistic{Kind::softplus, *rate};
  }
  if (const auto* product = f.as<Expression::Product>())
    for (const Expression& factor : product->factors)
      if (const auto* call = factor.as<Expression::Call>())
        if (const auto rate = rate_of(call->arguments[0]);
            rate && f == to_expression(Logistic{Kind::silu, *rate}))
          return Logistic{Kind::silu, *rate};
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
  if (auto structure = logistic(f)) return *structure;
  if (const auto* call = f.as<Expression::Call>();
      call && call->function == Function::hermite && call->arguments[0] == Expression::variable())
    return HermitePolynomial{call->degree};
  if (auto pieces = piecewise_polynomial(f)) return *pieces;
  return f;
}

}  // namespace sigmahat
