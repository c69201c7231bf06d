#include <algorithm>
#include <cmath>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/activation/analytic_pieces.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/overloaded.hpp>

namespace sigmahat {
namespace {

Polynomial reflected(Polynomial polynomial) {
  for (std::size_t i = 1; i < polynomial.size(); i += 2) polynomial[i] = -polynomial[i];
  return polynomial;
}
Polynomial negated(Polynomial polynomial) {
  for (Rational& c : polynomial) c = -c;
  return polynomial;
}

Parity parity_of(const PiecewisePolynomial& f) {
  PiecewisePolynomial mirror;
  for (auto c = f.breakpoints.rbegin(); c != f.breakpoints.rend(); ++c)
    mirror.breakpoints.push_back(-*c);
  for (auto piece = f.pieces.rbegin(); piece != f.pieces.rend(); ++piece)
    mirror.pieces.push_back(reflected(*piece));
  if (mirror.breakpoints != f.breakpoints) return Parity::none;
  if (mirror.pieces == f.pieces) return Parity::even;
  for (Polynomial& piece : mirror.pieces) piece = negated(std::move(piece));
  return mirror.pieces == f.pieces ? Parity::odd : Parity::none;
}

std::optional<int> homogeneity_of(const PiecewisePolynomial& f) {
  for (const Rational& c : f.breakpoints)
    if (c != 0) return {};
  std::optional<int> degree;
  for (const Polynomial& piece : f.pieces) {
    if (piece.empty()) continue;
    const int top = static_cast<int>(piece.size()) - 1;
    const bool monomial =
        std::all_of(piece.begin(), piece.end() - 1, [](const Rational& c) { return c == 0; });
    if (!monomial || (degree && *degree != top)) return {};
    degree = top;
  }
  return degree;
}

template <Scalar T>
T evaluate(const Polynomial& polynomial, const T& x) {
  T value(0);
  for (auto c = polynomial.rbegin(); c != polynomial.rend(); ++c)
    value = value * x + from_rational<T>(*c);
  return value;
}

template <Scalar T>
T evaluate(const PiecewisePolynomial& f, const T& x) {
  const std::size_t breaks = f.breakpoints.size();
  if constexpr (std::same_as<T, Interval>) {
    std::optional<Interval> value;
    const auto add = [&](const Interval& part) { value = value ? hull(*value, part) : part; };
    Real from = lower(x);
    for (std::size_t i = 0; i < breaks && from <= upper(x); ++i) {
      const Interval c = from_rational<Interval>(f.breakpoints[i]);
      if (from > upper(c)) continue;
      const Real to = std::min(upper(x), upper(c));
      add(evaluate(f.pieces[i], make_interval(from, to)));
      if (lower(c) <= upper(x)) {
        // At the breakpoint itself: the mean of both sides.
        add((evaluate(f.pieces[i], c) + evaluate(f.pieces[i + 1], c)) / 2);
        from = std::max(from, lower(c));
      } else {
        return *value;
      }
    }
    if (from <= upper(x)) add(evaluate(f.pieces[breaks], make_interval(from, upper(x))));
    return *value;
  } else {
    std::size_t i = 0;
    for (; i < breaks; ++i) {
      const T c = from_rational<T>(f.breakpoints[i]);
      if (x == c) return (evaluate(f.pieces[i], x) + evaluate(f.pieces[i + 1], x)) / 2;
      if (x < c) break;
    }
    return evaluate(f.pieces[i], x);
  }
}

/// 1/(1+e^{-x}) without overflow for either sign of x.
template <Scalar T>
T sigmoid(const T& x) {
  using std::exp;
  if constexpr (std::same_as<T, Interval>) {
    return 1 / (1 + exp(Interval(-x)));
  } else {
    if (x >= 0) return 1 / (1 + exp(T(-x)));
    const T e = exp(x);
    return e / (1 + e);
  }
}

template <Scalar T>
T softplus(const T& x) {
  using std::exp;
  if constexpr (std::same_as<T, double>) {
    return (x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x)));
  } else if constexpr (std::same_as<T, Real>) {
    return (x > 0 ? x : Real(0)) + log1p(Real(exp(Real(-abs(x)))));
  } else {
    return log(Interval(1 + exp(x)));
  }
}

template <Scalar T>
T evaluate(const Logistic& f, const T& x) {
  using std::tanh;
  const T u = from_rational<T>(f.rate) * x;
  switch (f.kind) {
    case Logistic::Kind::tanh:
      return tanh(u);
    case Logistic::Kind::sigmoid:
      return sigmoid(u);
    case Logistic::Kind::softplus:
      return softplus(u);
    case Logistic::Kind::silu:
      return u * sigmoid(u);
  }
  return T(0);
}

template <Scalar T>
T evaluate(const Structure& structure, const T& x) {
  using std::cos;
  using std::exp;
  using std::sin;
  using std::sqrt;
  return std::visit(
      Overloaded{
          [&](const PiecewisePolynomial& f) { return evaluate(f, x); },
          [&](const HermitePolynomial& f) { return hermite_polynomial(f.degree, x); },
          [&](const Exponential& f) -> T { return exp(T(from_rational<T>(f.rate) * x)); },
          [&](const Sinusoid& f) -> T {
            const T angle = from_rational<T>(f.frequency) * x;
            return f.phase == Sinusoid::Phase::sine ? T(sin(angle)) : T(cos(angle));
          },
          [&](const GaussianBump& f) -> T {
            return exp(T(from_rational<T>(-f.sharpness / 2) * square(x)));
          },
          [&](const ErrorFunction&) { return error_function(x); },
          [&](const Gelu&) -> T { return x * (1 + error_function(T(x / sqrt(T(2))))) / 2; },
          [&](const Logistic& f) { return evaluate(f, x); },
          [&](const Expression& f) { return sigmahat::evaluate(f, x); },
      },
      structure);
}

}  // namespace

std::string_view to_string(Parity parity) {
  switch (parity) {
    case Parity::none:
      return "none";
    case Parity::even:
      return "even";
    case Parity::odd:
      return "odd";
  }
  return "";
}

namespace {

Parity parity_of(const Expression& f);

/// The parity that all of `parts` have.
Parity common_parity(const std::vector<Expression>& parts) {
  const Parity first = parity_of(parts[0]);
  for (const Expression& part : parts)
    if (parity_of(part) != first) return Parity::none;
  return first;
}

/// Of a product of odd and even factors.
Parity product_parity(const std::vector<Expression>& factors) {
  bool odd = false;
  for (const Expression& factor : factors) {
    const Parity parity = parity_of(factor);
    if (parity == Parity::none) return Parity::none;
    odd = odd != (parity == Parity::odd);
  }
  return odd ? Parity::odd : Parity::even;
}

Parity call_parity(const Expression::Call& call) {
  const Parity inner = common_parity(call.arguments);
  if (inner != Parity::odd) return inner;
  switch (call.function) {
    case Function::abs:
    case Function::cos:
    case Function::cosh:
      return Parity::even;
    case Function::sign:
    case Function::sin:
    case Function::tan:
    case Function::sinh:
    case Function::tanh:
    case Function::arctan:
    case Function::arcsinh:
    case Function::erf:
      return Parity::odd;
    case Function::hermite:
      return call.degree % 2 == 0 ? Parity::even : Parity::odd;
    default:
      return Parity::none;
  }
}

Parity power_parity(const Expression::Power& power) {
  const Parity inner = parity_of(power.base);
  if (inner != Parity::odd) return inner;
  if (denominator(power.exponent) != 1) return Parity::none;
  return numerator(power.exponent) % 2 == 0 ? Parity::even : Parity::odd;
}

/// As far as the tree shows.
Parity parity_of(const Expression& f) {
  return std::visit(
      Overloaded{
          [](const Expression::Number&) { return Parity::even; },
          [](const Expression::Pi&) { return Parity::even; },
          [](const Expression::Variable&) { return Parity::odd; },
          [](const Expression::Sum& sum) { return common_parity(sum.terms); },
          [](const Expression::Product& product) { return product_parity(product.factors); },
          [](const Expression::Power& power) { return power_parity(power); },
          [](const Expression::Call& call) { return call_parity(call); },
      },
      f.node());
}

}  // namespace

Parity Activation::parity() const {
  return std::visit(
      Overloaded{
          [](const PiecewisePolynomial& f) { return parity_of(f); },
          [](const HermitePolynomial& f) { return f.degree % 2 == 0 ? Parity::even : Parity::odd; },
          [](const Exponential& f) { return f.rate == 0 ? Parity::even : Parity::none; },
          [](const Sinusoid& f) {
            return f.phase == Sinusoid::Phase::sine ? Parity::odd : Parity::even;
          },
          [](const GaussianBump&) { return Parity::even; },
          [](const ErrorFunction&) { return Parity::odd; },
          [](const Gelu&) { return Parity::none; },
          [](const Logistic& f) {
            return f.kind == Logistic::Kind::tanh ? Parity::odd : Parity::none;
          },
          [](const Expression& f) { return parity_of(f); },
      },
      structure_);
}

std::optional<int> Activation::homogeneity() const {
  if (const auto* f = std::get_if<PiecewisePolynomial>(&structure_)) return homogeneity_of(*f);
  if (const auto* f = std::get_if<HermitePolynomial>(&structure_); f && f->degree <= 1)
    return f->degree;
  return {};
}

std::vector<Rational> Activation::kinks() const {
  if (const auto* f = std::get_if<PiecewisePolynomial>(&structure_)) return f->breakpoints;
  std::vector<Rational> result;
  if (const auto* f = std::get_if<Expression>(&structure_))
    for (const SingularPoint& point : analytic_pieces(*f, 32, 20).points)
      if (point.exact) result.push_back(*point.exact);
  return result;
}

std::optional<int> Activation::polynomial_degree() const {
  if (const auto* f = std::get_if<HermitePolynomial>(&structure_)) return f->degree;
  if (const auto* f = std::get_if<PiecewisePolynomial>(&structure_); f && f->breakpoints.empty())
    return std::max(static_cast<int>(f->pieces[0].size()) - 1, 0);
  return {};
}

template <Scalar T>
T Activation::operator()(const T& x) const {
  return evaluate(structure_, x);
}
template double Activation::operator()(const double&) const;
template Real Activation::operator()(const Real&) const;
template Interval Activation::operator()(const Interval&) const;

}  // namespace sigmahat
