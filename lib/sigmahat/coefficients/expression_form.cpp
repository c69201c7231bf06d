#include <algorithm>
#include <utility>

#include <sigmahat/activation/polynomial_roots.hpp>
#include <sigmahat/coefficients/expression_form.hpp>
#include <sigmahat/numeric/overloaded.hpp>

namespace sigmahat {
namespace {

using Piece = ExactForm::Piece;

/// Thrown and caught in this file: nearly every step of the expansion can fail, and all failures
/// mean the same.
struct OutsideClass {};

ExactForm number(const Rational& value) {
  return ExactForm(value == 0 ? Polynomial{} : Polynomial{value});
}

bool is_trivial(const FormShape& shape) {
  return shape == FormShape{};
}

/// of_piece(piece) in the place of every piece.
template <class OfPiece>
ExactForm mapped(const ExactForm& f, OfPiece of_piece) {
  std::vector<Piece> pieces;
  for (const Piece& piece : f.pieces()) pieces.push_back(of_piece(piece));
  return {f.breakpoints(), std::move(pieces)};
}

/// The polynomial that the piece is.
Polynomial polynomial_of(const Piece& piece, std::size_t max_degree) {
  if (piece.empty()) return {};
  const FormTerm& term = piece.front();
  const auto factor = rational_ratio(term.scale, ExactTerm{});
  if (piece.size() > 1 || !is_trivial(term.shape) || !factor ||
      term.polynomial.size() > max_degree + 1)
    throw OutsideClass{};
  return product(*factor, term.polynomial);
}

Rational coefficient(const Polynomial& p, std::size_t i) {
  return i < p.size() ? p[i] : Rational(0);
}

Piece exponential_of(const Piece& exponent) {
  const Polynomial p = polynomial_of(exponent, 2);
  return {FormTerm{ExactTerm::root(1, 0, 2 * coefficient(p, 0)),
                   {1},
                   {-2 * coefficient(p, 2), coefficient(p, 1), {}, {}}}};
}

/// The frequency of a wave: no phase, whose sine and cosine the ring does not hold.
Rational frequency_of(const Piece& argument) {
  const Polynomial p = polynomial_of(argument, 1);
  if (coefficient(p, 0) != 0) throw OutsideClass{};
  return coefficient(p, 1);
}

Piece error_function_of(const Piece& argument) {
  if (argument.empty()) return {};
  const FormTerm& term = argument.front();
  const ExactTerm& scale = term.scale;
  if (argument.size() > 1 || !is_trivial(term.shape) || scale.pi_power != 0 ||
      scale.exponent != 0 || term.polynomial.size() != 2)
    throw OutsideClass{};
  const FormShape step{0, 0, {}, {{scale.square, term.polynomial[0]}}};
  return {FormTerm{ExactTerm::rational(scale.sign), {1}, step}};
}

/// value^exponent, value > 0.
Rational power_of(const Rational& value, const Rational& exponent) {
  Integer over = numerator(value), under = denominator(value);
  const auto root = denominator(exponent).convert_to<unsigned long>();
  const auto times = numerator(abs(exponent)).convert_to<unsigned long>();
  for (Integer* z : {&over, &under}) {
    if (mpz_root(z->backend().data(), z->backend().data(), root) == 0) throw OutsideClass{};
    mpz_pow_ui(z->backend().data(), z->backend().data(), times);
  }
  return exponent < 0 ? Rational(under, over) : Rational(over, under);
}

/// piece^exponent for a constant times an exponential.
Piece monomial_power(const Piece& piece, const Rational& exponent) {
  if (piece.size() != 1) throw OutsideClass{};
  const auto& [scale, polynomial, shape] = piece.front();
  const Rational pi_power = scale.pi_power * exponent;
  const bool whole = denominator(exponent) == 1;
  if (polynomial.size() > 1 || shape.wave || !shape.steps.empty() || denominator(pi_power) != 1 ||
      (scale.sign < 0 && !whole))
    throw OutsideClass{};
  const bool negative = scale.sign < 0 && mpz_odd_p(numerator(exponent).backend().data()) != 0;
  return {FormTerm{{negative ? -1 : 1,
                    power_of(scale.square, exponent),
                    numerator(pi_power).convert_to<int>(),
                    scale.exponent * exponent,
                    {}},
                   {1},
                   {shape.sharpness * exponent, shape.rate * exponent, {}, {}}}};
}

/// A polynomial that has the sign of the piece everywhere.
Polynomial sign_polynomial(const Piece& piece) {
  if (piece.empty()) return {};
  const FormTerm& first = piece.front();
  if (piece.size() == 1 && !first.shape.wave) {
    Polynomial p = product(Rational(first.scale.sign), first.polynomial);
    for (const SmoothStep& step : first.shape.steps) p = product(p, Polynomial{step.shift, 1});
    return p;
  }
  // a e^p - a e^q has the sign of p - q.
  const FormTerm& second = piece.back();
  const auto is_exponential = [](const FormTerm& term) {
    return term.polynomial.size() == 1 && !term.shape.wave && term.shape.steps.empty();
  };
  if (piece.size() == 2 && is_exponential(first) && is_exponential(second) &&
      first.scale.square == second.scale.square && first.scale.pi_power == second.scale.pi_power &&
      first.scale.sign != second.scale.sign) {
    const auto exponent = [](const FormTerm& term) {
      return Polynomial{term.scale.exponent / 2, term.shape.rate, -term.shape.sharpness / 2};
    };
    // sum() drops the zeros at the end.
    return product(Rational(first.scale.sign),
                   sum(exponent(first), product(Rational(-1), exponent(second))));
  }
  throw OutsideClass{};
}

/// The sign of f, 0 where f vanishes on a whole interval.
ExactForm sign_of(const ExactForm& f) {
  constexpr std::size_t most_roots = 50;
  std::vector<Rational> breakpoints;
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < f.pieces().size(); ++i) {
    const Rational* left = i == 0 ? nullptr : &f.breakpoints()[i - 1];
    const Rational* right = i == f.breakpoints().size() ? nullptr : &f.breakpoints()[i];
    const Polynomial p = sign_polynomial(f.pieces()[i]);
    if (p.size() > most_roots) throw OutsideClass{};
    std::vector<Rational> inside;
    for (const RealRoot& root : polynomial_real_roots(p)) {
      if (left && upper(root.at) <= lower(from_rational<Interval>(*left))) continue;
      if (right && lower(root.at) >= upper(from_rational<Interval>(*right))) continue;
      if (!root.exact) throw OutsideClass{};
      if ((!left || *left < *root.exact) && (!right || *root.exact < *right))
        inside.push_back(*root.exact);
    }
    for (std::size_t j = 0; j <= inside.size(); ++j) {
      // A point between two neighbours, or beyond the last.
      const Rational* from = j == 0 ? left : &inside[j - 1];
      const Rational* to = j == inside.size() ? right : &inside[j];
      const Rational sample = from && to ? Rational((*from + *to) / 2)
                              : from     ? Rational(*from + 1)
                              : to       ? Rational(*to - 1)
                                         : Rational(0);
      const int sign = value_at(p, sample).sign();
      pieces.push_back(sign == 0 ? Piece{} : Piece{FormTerm{ExactTerm::rational(sign), {1}, {}}});
      if (j < inside.size()) breakpoints.push_back(inside[j]);
    }
    if (right) breakpoints.push_back(*right);
  }
  return {std::move(breakpoints), std::move(pieces)};
}

std::size_t bits_of(const Rational& x) {
  return mpz_sizeinbase(mpq_numref(x.backend().data()), 2) +
         mpz_sizeinbase(mpq_denref(x.backend().data()), 2);
}

/// How much there is to compute with.
struct Extent {
  double coefficients = 1;
  double bits = 1;  ///< of the longest number
};

Extent extent_of(const ExactForm& f) {
  Extent extent;
  const auto measure = [&](const Rational& x) {
    extent.bits = std::max(extent.bits, static_cast<double>(bits_of(x)));
  };
  for (const Rational& c : f.breakpoints()) measure(c);
  for (const Piece& piece : f.pieces()) {
    for (const FormTerm& term : piece) {
      extent.coefficients += static_cast<double>(term.polynomial.size());
      for (const Rational& c : term.polynomial) measure(c);
      for (const Rational& c : {term.scale.square, term.shape.sharpness, term.shape.rate})
        measure(c);
    }
  }
  return extent;
}

/// Expands an expression from its leaves, within a budget of work.
class Expansion {
 public:
  ExactForm of(const Expression& f) {
    return std::visit(Overloaded{
                          [](const Expression::Number& u) { return number(u.value); },
                          [](const Expression::Variable&) {
                            return ExactForm(Polynomial{0, 1});
                          },
                          [](const Expression::Pi&) { return ExactForm(ExactTerm::root(1, 2)); },
                          [&](const Expression::Sum& u) {
                            ExactForm result;
                            for (const Expression& term : u.terms) result = plus(result, of(term));
                            return result;
                          },
                          [&](const Expression::Product& u) {
                            ExactForm result = number(1);
                            for (const Expression& factor : u.factors)
                              result = times(result, of(factor));
                            return result;
                          },
                          [&](const Expression::Power& u) { return power(of(u.base), u.exponent); },
                          [&](const Expression::Call& u) { return call(u); },
                      },
                      f.node());
  }

 private:
  ExactForm call(const Expression::Call& u) {
    const Rational half(1, 2);
    const ExactForm f = of(u.arguments[0]);
    switch (u.function) {
      case Function::abs:
        return times(f, sign_of(f));
      case Function::sign:
        return sign_of(f);
      case Function::step:
        return positive_part_of_one(f);
      case Function::max:
      case Function::min: {
        ExactForm best = f;
        for (std::size_t i = 1; i < u.arguments.size(); ++i) {
          const ExactForm gain = plus(of(u.arguments[i]), -best);
          const ExactForm taken = positive_part_of_one(u.function == Function::max ? gain : -gain);
          best = plus(best, times(gain, taken));
        }
        return best;
      }
      case Function::exp:
        return mapped(f, exponential_of);
      case Function::sinh:
        return plus(mapped(f, exponential_of), -mapped(-f, exponential_of), half);
      case Function::cosh:
        return plus(mapped(f, exponential_of), mapped(-f, exponential_of), half);
      case Function::sin:
        return mapped(f, [](const Piece& argument) {
          return ExactForm::sine(frequency_of(argument)).pieces()[0];
        });
      case Function::cos:
        return mapped(f, [](const Piece& argument) {
          return ExactForm::cosine(frequency_of(argument)).pieces()[0];
        });
      case Function::erf:
        return mapped(f, error_function_of);
      case Function::erfc:
        return plus(number(1), -mapped(f, error_function_of));
      case Function::normal_cdf: {
        const ExactForm argument = times(f, ExactForm(ExactTerm::root(half)));
        return plus(number(1), mapped(argument, error_function_of), half);
      }
      case Function::hermite:
        return hermite(u.degree, f);
      default:
        throw OutsideClass{};
    }
  }

  /// 1 where f > 0, 0 where f < 0, 1/2 where f vanishes on an interval.
  ExactForm positive_part_of_one(const ExactForm& f) {
    return plus(number(1), sign_of(f), Rational(1, 2));
  }

  /// h_k(f).
  ExactForm hermite(int degree, const ExactForm& f) {
    ExactForm previous = number(1), current = f;
    Integer factorial = 1;
    for (int k = 1; k < degree; ++k) {
      factorial *= k + 1;
      previous = plus(times(f, current), times(number(-k), previous));
      std::swap(previous, current);
    }
    return times(current, ExactForm(ExactTerm::root(Rational(1, factorial))));
  }

  ExactForm power(const ExactForm& base, const Rational& exponent) {
    if (denominator(exponent) != 1 || exponent < 0)
      return mapped(base, [&](const Piece& piece) { return monomial_power(piece, exponent); });
    ExactForm result = number(1), square = base;
    for (auto n = numerator(exponent).convert_to<unsigned long>(); n > 0; n /= 2) {
      if (n % 2 == 1) result = times(result, square);
      if (n > 1) square = times(square, square);
    }
    return result;
  }

  ExactForm plus(const ExactForm& f, const ExactForm& g) {
    const Extent a = extent_of(f), b = extent_of(g);
    spend((a.coefficients + b.coefficients) * (a.bits + b.bits));
    return f + g;
  }
  ExactForm plus(const ExactForm& f, const ExactForm& g, const Rational& factor) {
    return times(number(factor), plus(f, g));
  }
  ExactForm times(const ExactForm& f, const ExactForm& g) {
    const Extent a = extent_of(f), b = extent_of(g);
    spend(a.coefficients * b.coefficients * (a.bits + b.bits));
    return f * g;
  }

  /// A second or so in all: no text may take for ever.
  void spend(double bit_operations) {
    constexpr double overhead = 100;
    budget_ -= bit_operations + overhead;
    if (budget_ < 0) throw OutsideClass{};
  }

  double budget_ = 3e8;
};

}  // namespace

std::optional<ExactForm> exact_form(const Expression& f) {
  try {
    return Expansion().of(f);
  } catch (const OutsideClass&) {
    return {};
  }
}

}  // namespace sigmahat
