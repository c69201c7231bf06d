#include <algorithm>
#include <cmath>

#include <Eigen/Core>

#include <sigmahat/activation/activation.hpp>

// The formulas of activation.cpp once more, for double and many values at a time: parameters are
// converted once, branches become selections, and Eigen's vectorised exp and log replace the C
// library's.

namespace sigmahat {
namespace {

/// A fixed number of registers full: a value is treated alike wherever it stands, which loops with
/// a remainder do not promise.
using Chunk = Eigen::Array<double, 64, 1>;

/// values ← transform(values), chunk by chunk; `transform` must return a Chunk, not an expression
/// of its locals.
template <class Transform>
void transform_chunks(std::span<double> values, Transform transform) {
  constexpr std::size_t length = Chunk::SizeAtCompileTime;
  while (values.size() >= length) {
    Eigen::Map<Chunk> chunk(values.data());
    chunk = transform(Chunk(chunk));
    values = values.subspan(length);
  }
  if (values.empty()) return;
  Chunk padded = Chunk::Zero();
  const Eigen::Map<Eigen::ArrayXd> rest(values.data(), static_cast<Eigen::Index>(values.size()));
  padded.head(rest.size()) = rest;
  padded = transform(Chunk(padded));
  std::copy_n(padded.data(), values.size(), values.begin());
}

/// values ← function(values), one by one.
template <class Function>
void transform_each(std::span<double> values, Function function) {
  for (double& v : values) v = function(v);
}

Chunk evaluate(const std::vector<double>& polynomial, const Chunk& x) {
  Chunk value = Chunk::Zero();
  for (auto c = polynomial.rbegin(); c != polynomial.rend(); ++c) value = value * x + *c;
  return value;
}

std::vector<double> to_doubles(const std::vector<Rational>& numbers) {
  std::vector<double> doubles;
  for (const Rational& number : numbers) doubles.push_back(from_rational<double>(number));
  return doubles;
}

void apply(const PiecewisePolynomial& f, std::span<double> values) {
  const std::vector<double> breakpoints = to_doubles(f.breakpoints);
  std::vector<std::vector<double>> pieces;
  for (const Polynomial& piece : f.pieces) pieces.push_back(to_doubles(piece));

  const auto proportional = [](const std::vector<double>& piece) {
    return piece.empty() || (piece.size() == 2 && piece[0] == 0);
  };
  if (breakpoints == std::vector{0.0} && proportional(pieces[0]) && proportional(pieces[1])) {
    // ReLU and its like, the hot loop of sampling.
    const double left = pieces[0].empty() ? 0 : pieces[0][1];
    const double right = pieces[1].empty() ? 0 : pieces[1][1];
    transform_each(values, [=](double x) { return x * (x > 0 ? right : left); });
    return;
  }

  transform_chunks(values, [&](const Chunk& x) -> Chunk {
    Chunk value = evaluate(pieces[0], x);
    for (std::size_t i = 0; i < breakpoints.size(); ++i) {
      const Chunk right = evaluate(pieces[i + 1], x);
      for (Eigen::Index j = 0; j < x.size(); ++j) {
        const double middle = (value[j] + right[j]) / 2;
        value[j] = x[j] > breakpoints[i] ? right[j] : x[j] < breakpoints[i] ? value[j] : middle;
      }
    }
    return value;
  });
}

void apply(const HermitePolynomial& f, std::span<double> values) {
  transform_chunks(values, [degree = f.degree](const Chunk& x) -> Chunk {
    Chunk previous = Chunk::Zero(), current = Chunk::Ones();
    for (int k = 0; k < degree; ++k) {
      const Chunk next = (x * current - std::sqrt(double(k)) * previous) * (1 / std::sqrt(k + 1.0));
      previous = current;
      current = next;
    }
    return current;
  });
}

void apply(const Exponential& f, std::span<double> values) {
  transform_chunks(values, [rate = from_rational<double>(f.rate)](const Chunk& x) -> Chunk {
    return (rate * x).exp();
  });
}

void apply(const Sinusoid& f, std::span<double> values) {
  const auto frequency = from_rational<double>(f.frequency);
  if (f.phase == Sinusoid::Phase::sine)
    transform_each(values, [=](double x) { return std::sin(frequency * x); });
  else
    transform_each(values, [=](double x) { return std::cos(frequency * x); });
}

void apply(const GaussianBump& f, std::span<double> values) {
  transform_chunks(values,
                   [rate = from_rational<double>(f.sharpness) / -2](const Chunk& x) -> Chunk {
                     return (rate * x.square()).exp();
                   });
}

void apply(const ErrorFunction&, std::span<double> values) {
  transform_each(values, [](double x) { return std::erf(x); });
}

void apply(const Gelu&, std::span<double> values) {
  transform_each(values, [](double x) { return x * std::erfc(-x * M_SQRT1_2) / 2; });
}

void apply(const Expression& f, std::span<double> values) {
  evaluate(f, values);
}

void apply(const Logistic& f, std::span<double> values) {
  if (f.rate != 1)
    transform_each(values, [rate = from_rational<double>(f.rate)](double x) { return rate * x; });
  switch (f.kind) {
    case Logistic::Kind::tanh:
      // Odd by construction; e^{-2|x|} cannot overflow.
      transform_chunks(values, [](const Chunk& x) -> Chunk {
        const Chunk decay = (-2 * x.abs()).exp();
        return x.sign() * (1 - decay) / (1 + decay);
      });
      break;
    case Logistic::Kind::sigmoid:
      transform_chunks(values, [](const Chunk& x) -> Chunk { return 1 / (1 + (-x).exp()); });
      break;
    case Logistic::Kind::softplus:
      transform_chunks(
          values, [](const Chunk& x) -> Chunk { return x.max(0) + (1 + (-x.abs()).exp()).log(); });
      break;
    case Logistic::Kind::silu:
      transform_chunks(values, [](const Chunk& x) -> Chunk { return x / (1 + (-x).exp()); });
      break;
  }
}

}  // namespace

void Activation::apply(std::span<double> values) const {
  std::visit([&](const auto& f) { sigmahat::apply(f, values); }, structure_);
}

}  // namespace sigmahat
