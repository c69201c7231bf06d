#include <fmt/format.h>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/overloaded.hpp>

namespace sigmahat {
namespace {

Expression call(Function function, const Expression& u) {
  return Expression::call(function, u);
}
Expression root(const Expression& u) {
  return Expression::power(u, Rational(1, 2));
}

/// dF/du at u.
Expression outer_derivative(const Expression::Call& f, const Expression& whole) {
  const Expression& u = f.arguments[0];
  const auto gaussian = [&](const Rational& sharpness) {
    return call(Function::exp, Expression(-sharpness) * Expression::power(u, Rational(2)));
  };
  switch (f.function) {
    case Function::abs:
      return call(Function::sign, u);
    case Function::sign:
    case Function::step:
      return 0;
    case Function::exp:
      return whole;
    case Function::log:
      return 1 / u;
    case Function::sin:
      return call(Function::cos, u);
    case Function::cos:
      return -call(Function::sin, u);
    case Function::tan:
      return 1 + Expression::power(whole, Rational(2));
    case Function::sinh:
      return call(Function::cosh, u);
    case Function::cosh:
      return call(Function::sinh, u);
    case Function::tanh:
      return 1 - Expression::power(whole, Rational(2));
    case Function::arctan:
      return 1 / (1 + Expression::power(u, Rational(2)));
    case Function::arcsinh:
      return 1 / root(1 + Expression::power(u, Rational(2)));
    case Function::erf:
      return 2 * gaussian(1) / root(Expression::pi());
    case Function::erfc:
      return -2 * gaussian(1) / root(Expression::pi());
    case Function::normal_cdf:
      return gaussian(Rational(1, 2)) / root(2 * Expression::pi());
    case Function::sigmoid:
      // Not s(1-s): that loses the digits where s is near one.
      return whole * call(Function::sigmoid, -u);
    case Function::softplus:
      return call(Function::sigmoid, u);
    case Function::hermite:
      return root(f.degree) * Expression::hermite(f.degree - 1, u);
    case Function::max:
    case Function::min:
      break;
  }
  throw DomainError(fmt::format("{} has no derivative in one argument", to_string(f.function)));
}

class Differentiation {
 public:
  Expression of(const Expression& f) const {
    if (f.is_constant()) return 0;
    return std::visit(Overloaded{
                          [](const Expression::Number&) { return Expression(0); },
                          [](const Expression::Variable&) { return Expression(1); },
                          [](const Expression::Pi&) { return Expression(0); },
                          [&](const Expression::Sum& u) { return of_sum(u); },
                          [&](const Expression::Product& u) { return of_product(u); },
                          [&](const Expression::Power& u) {
                            return Expression::product(
                                {Expression(u.exponent),
                                 Expression::power(u.base, Rational(u.exponent - 1)), of(u.base)});
                          },
                          [&](const Expression::Call& u) { return of_call(u, f); },
                      },
                      f.node());
  }

 private:
  Expression of_sum(const Expression::Sum& f) const {
    std::vector<Expression> terms;
    for (const Expression& term : f.terms) terms.push_back(of(term));
    return Expression::sum(terms);
  }

  Expression of_product(const Expression::Product& f) const {
    std::vector<Expression> terms;
    std::size_t nodes = 0;
    for (std::size_t i = 0; i < f.factors.size(); ++i) {
      if (f.factors[i].is_constant()) continue;
      std::vector<Expression> factors = f.factors;
      factors[i] = of(f.factors[i]);
      terms.push_back(Expression::product(factors));
      // n factors make n² of them: stop before the terms fill the memory.
      nodes += terms.back().node_count();
      if (nodes > 2 * Expression::max_nodes)
        throw InputError(
            fmt::format("the derivative has more than {} nodes", Expression::max_nodes));
    }
    return Expression::sum(terms);
  }

  Expression of_call(const Expression::Call& f, const Expression& whole) const {
    if (f.function == Function::max || f.function == Function::min) return of_extremum(f);
    return outer_derivative(f, whole) * of(f.arguments[0]);
  }

  /// max(u, v)' = θ(u-v) u' + θ(v-u) v', one argument after the other.
  Expression of_extremum(const Expression::Call& f) const {
    Expression value = f.arguments[0];
    Expression slope = of(value);
    for (std::size_t i = 1; i < f.arguments.size(); ++i) {
      const Expression& u = f.arguments[i];
      const Expression lead = f.function == Function::max ? value - u : u - value;
      slope = call(Function::step, lead) * slope + call(Function::step, -lead) * of(u);
      value = Expression::call(f.function, {value, u});
    }
    return slope;
  }
};

}  // namespace

Expression derivative(const Expression& f) {
  return Differentiation().of(f);
}

}  // namespace sigmahat
