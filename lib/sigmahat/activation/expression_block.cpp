#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Core>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/activation/expression_point.hpp>
#include <sigmahat/numeric/overloaded.hpp>

namespace sigmahat {
namespace {

constexpr std::size_t width = 256;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

/// 2 KiB, always evaluated whole: Eigen then takes the same vector instructions for every element,
/// wherever it stands.
using Block = Eigen::Array<double, static_cast<int>(width), 1>;

template <class Operation>
void each(Block& u, Operation operation) {
  for (std::size_t i = 0; i < width; ++i) u.data()[i] = operation(u.data()[i]);
}

/// e^u. Eigen cuts its argument to the range of double: beyond it the result is infinite.
Block exponential(const Block& u) {
  Block result = u.exp();
  for (std::size_t i = 0; i < width; ++i)
    result.data()[i] = u.data()[i] > 709.782712893384 ? inf : result.data()[i];
  return result;
}

/// log(1+e) for 0 <= e <= 1: the logarithm of w = fl(1+e), corrected for the rounding of w (Kahan).
Block log_one_plus(const Block& e) {
  const Block w = 1 + e;
  Block result = w.log() * (e / (w - 1));
  for (std::size_t i = 0; i < width; ++i)
    result.data()[i] = w.data()[i] == 1 ? e.data()[i] : result.data()[i];
  return result;
}

/// e^v - 1 for v <= 0, corrected for the rounding of w = fl(e^v) likewise.
Block exponential_less_one(const Block& v) {
  const Block w = v.exp();
  Block result = (w - 1) * (v / w.log());
  for (std::size_t i = 0; i < width; ++i)
    result.data()[i] = w.data()[i] == 1        ? v.data()[i]
                       : w.data()[i] < 0x1p-60 ? -1
                                               : result.data()[i];
  return result;
}

/// tanh u = -m/(2+m) with m = e^{-2|u|} - 1: no digit is lost near zero.
Block hyperbolic_tangent(const Block& u) {
  const Block m = exponential_less_one(-2 * u.abs());
  Block result = -m / (2 + m);
  for (std::size_t i = 0; i < width; ++i)
    result.data()[i] = std::copysign(result.data()[i], u.data()[i]);
  return result;
}

/// h_k by the three-term recurrence (MATH.md 1).
void hermite(int degree, Block& u) {
  Block previous = Block::Zero(), current = Block::Ones();
  double root = 0;
  for (int k = 0; k < degree; ++k) {
    const double next_root = std::sqrt(k + 1.0);
    const Block next = (u * current - root * previous) / next_root;
    previous = current;
    current = next;
    root = next_root;
  }
  u = current;
}

void apply(const Expression::Call& f, Block& u) {
  switch (f.function) {
    case Function::abs:
      u = u.abs();
      return;
    case Function::sign:
      each(u, [](double v) { return v > 0 ? 1 : v < 0 ? -1 : v; });
      return;
    case Function::step:
      each(u, [](double v) { return v > 0 ? 1 : v < 0 ? 0 : v + 0.5; });
      return;
    case Function::exp:
      u = exponential(u);
      return;
    case Function::log:
      u = u.log();
      return;
    case Function::sin:
      each(u, [](double v) { return std::sin(v); });
      return;
    case Function::cos:
      each(u, [](double v) { return std::cos(v); });
      return;
    case Function::tan:
      each(u, [](double v) { return std::tan(v); });
      return;
    case Function::sinh:
      each(u, [](double v) { return std::sinh(v); });
      return;
    case Function::cosh:
      each(u, [](double v) { return std::cosh(v); });
      return;
    case Function::tanh:
      u = hyperbolic_tangent(u);
      return;
    case Function::arctan:
      each(u, [](double v) { return std::atan(v); });
      return;
    case Function::arcsinh:
      each(u, [](double v) { return std::asinh(v); });
      return;
    case Function::erf:
      each(u, [](double v) { return std::erf(v); });
      return;
    case Function::erfc:
      each(u, [](double v) { return std::erfc(v); });
      return;
    case Function::normal_cdf:
      each(u, [](double v) { return std::erfc(-v / std::sqrt(2.0)) / 2; });
      return;
    case Function::sigmoid:
      u = 1 / (1 + exponential(-u));
      return;
    case Function::softplus: {
      const Block tail = log_one_plus((-u.abs()).exp());
      each(u, [](double v) { return v < 0 ? 0 : v; });
      u += tail;
      return;
    }
    case Function::hermite:
      hermite(f.degree, u);
      return;
    case Function::max:
    case Function::min:
      return;  // of one argument
  }
}

void raise(Block& u, const Rational& exponent) {
  if (exponent == Rational(1, 2)) {
    u = u.sqrt();
  } else if (exponent == Rational(-1, 2)) {
    u = 1 / u.sqrt();
  } else if (exponent == -1) {
    u = 1 / u;
  } else if (exponent == 2) {
    u *= u;
  } else if (exponent == 3) {
    u *= u * u;
  } else {
    const double r = from_rational<double>(exponent);
    each(u, [r](double v) { return std::pow(v, r); });
  }
}

/// One pass over the block for each node. What is not a number stays not a number, as in the
/// evaluation at a point.
class BlockEvaluator {
 public:
  explicit BlockEvaluator(const Expression& f)
      : f_(f), scratch_(static_cast<std::size_t>(f.depth()) + 1) {}

  /// f(x); stands until the next call.
  const Block& at(const Block& x) {
    x_ = &x;
    evaluate(f_, 0);
    return scratch_[0];
  }

 private:
  /// scratch_[level] ← f(x); uses the levels above for operands.
  void evaluate(const Expression& f, std::size_t level) {
    Block& out = scratch_[level];
    if (f.is_constant()) {
      out = rounded_value(f, 0);
      return;
    }
    std::visit(Overloaded{
                   [](const Expression::Number&) {},  // constants: done
                   [](const Expression::Pi&) {},
                   [&](const Expression::Variable&) { out = *x_; },
                   [&](const Expression::Sum& u) {
                     fold(u.terms, level, [](double a, double b) { return a + b; });
                   },
                   [&](const Expression::Product& u) {
                     fold(u.factors, level, [](double a, double b) { return a * b; });
                   },
                   [&](const Expression::Power& u) {
                     evaluate(u.base, level);
                     raise(out, u.exponent);
                   },
                   [&](const Expression::Call& u) {
                     if (u.function == Function::max)
                       fold(u.arguments, level, [](double a, double b) {
                         return a < b ? b : b <= a ? a : nan;
                       });
                     else if (u.function == Function::min)
                       fold(u.arguments, level, [](double a, double b) {
                         return b < a ? b : a <= b ? a : nan;
                       });
                     else
                       evaluate(u.arguments[0], level);
                     apply(u, out);
                   },
               },
               f.node());
  }

  /// scratch_[level] ← the operands combined from the left; constants and x need no block.
  template <class Operation>
  void fold(const std::vector<Expression>& operands, std::size_t level, Operation operation) {
    Block& out = scratch_[level];
    evaluate(operands[0], level);
    for (std::size_t k = 1; k < operands.size(); ++k) {
      if (operands[k].is_constant()) {
        const double b = rounded_value(operands[k], 0);
        for (std::size_t i = 0; i < width; ++i) out.data()[i] = operation(out.data()[i], b);
        continue;
      }
      const bool variable = operands[k].as<Expression::Variable>() != nullptr;
      if (!variable) evaluate(operands[k], level + 1);
      const double* b = variable ? x_->data() : scratch_[level + 1].data();
      for (std::size_t i = 0; i < width; ++i) out.data()[i] = operation(out.data()[i], b[i]);
    }
  }

  const Expression& f_;
  const Block* x_ = nullptr;
  std::vector<Block, Eigen::aligned_allocator<Block>> scratch_;
};

}  // namespace

void evaluate(const Expression& f, std::span<double> values) {
  constexpr double largest = std::numeric_limits<double>::max();
  BlockEvaluator evaluator(f);
  Block x;
  for (std::size_t from = 0; from < values.size(); from += width) {
    const std::size_t count = std::min(width, values.size() - from);
    std::copy_n(values.data() + from, count, x.data());
    std::fill(x.data() + count, x.data() + width, values[from]);
    const Block& result = evaluator.at(x);
    int finite = 1;
    for (std::size_t i = 0; i < width; ++i) finite &= std::abs(result.data()[i]) <= largest;
    std::copy_n(result.data(), count, values.data() + from);
    if (finite != 0) continue;
    // The evaluation at a point says what is wrong, and where.
    for (std::size_t i = 0; i < count; ++i)
      if (!std::isfinite(result.data()[i])) values[from + i] = evaluate<double>(f, x.data()[i]);
  }
}

}  // namespace sigmahat
