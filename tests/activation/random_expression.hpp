#pragma once

#include <random>

#include <sigmahat/activation/expression.hpp>

namespace sigmahat::test {

/// Draws trees at random; the same seed draws the same trees.
class RandomExpression {
 public:
  /// What may come out: any tree, or only ones with a moderate value at every real x, or of these
  /// only ones that are analytic on the whole real line.
  enum class Kind { any, total, smooth };

  RandomExpression(unsigned seed, Kind kind) : engine_(seed), kind_(kind) {}

  /// A tree of at most `depth` levels before simplification.
  Expression draw(int depth) {
    if (depth <= 1 || below(8) == 0) return leaf();
    switch (below(6)) {
      case 0:
      case 1: {
        std::vector<Expression> terms;
        for (int i = 2 + below(2); i > 0; --i) terms.push_back(draw(depth - 1));
        return Expression::sum(terms);
      }
      case 2:
      case 3: {
        std::vector<Expression> factors;
        for (int i = 2 + below(2); i > 0; --i) factors.push_back(draw(depth - 1));
        return Expression::product(factors);
      }
      case 4:
        return power(draw(depth - 1));
      default:
        return call(depth);
    }
  }

  Rational small_rational() { return Rational(below(19) - 9, 1 + below(6)); }
  double point() { return std::uniform_real_distribution<double>(-3, 3)(engine_); }
  int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(engine_); }

 private:
  Expression leaf() {
    const int kind = below(10);
    if (kind == 0) return Expression::pi();
    if (kind < 4) return small_rational();
    return Expression::variable();
  }

  Expression power(const Expression& u) {
    const Rational whole = below(3) + 2;
    if (kind_ != Kind::any) {
      switch (below(3)) {
        case 0:
          return Expression::power(u, whole);
        case 1:
          return Expression::power(1 + u * u, Rational(1, 2));
        default:
          return 1 / (2 + u * u);
      }
    }
    const Rational exponents[] = {whole,          -whole,          Rational(1, 2), Rational(-1, 2),
                                  Rational(2, 3), Rational(-5, 4), Rational(-1)};
    return guarded([&] { return Expression::power(u, exponents[below(7)]); }, u);
  }

  Expression call(int depth) {
    static constexpr Function all[] = {Function::abs,     Function::sign,     Function::step,
                                       Function::max,     Function::min,      Function::exp,
                                       Function::log,     Function::sin,      Function::cos,
                                       Function::tan,     Function::sinh,     Function::cosh,
                                       Function::tanh,    Function::arctan,   Function::arcsinh,
                                       Function::erf,     Function::erfc,     Function::normal_cdf,
                                       Function::sigmoid, Function::softplus, Function::hermite};
    const int first = kind_ == Kind::smooth ? 5 : 0;
    const Function function = all[first + below(21 - first)];
    const Expression u = draw(depth - 1);
    if (function == Function::hermite) return Expression::hermite(below(6), u);
    if (function == Function::max || function == Function::min)
      return Expression::call(function, {u, draw(depth - 1)});
    return guarded([&] { return Expression::call(function, tamed(function, u)); }, u);
  }

  /// Keeps the values of a total tree moderate and inside the domain.
  Expression tamed(Function function, const Expression& u) const {
    if (kind_ == Kind::any) return u;
    switch (function) {
      case Function::log:
        return 2 + u * u;
      case Function::exp:
      case Function::sinh:
      case Function::cosh:
        return Expression::call(Function::arctan, u);
      case Function::tan:
        return Expression::call(Function::sin, u);
      default:
        return u;
    }
  }

  /// The folding of numbers may find something undefined: then the operand is as good.
  template <class Make>
  Expression guarded(Make make, const Expression& otherwise) {
    try {
      return make();
    } catch (const std::exception&) {
      return otherwise;
    }
  }

  std::mt19937 engine_;
  Kind kind_;
};

}  // namespace sigmahat::test
