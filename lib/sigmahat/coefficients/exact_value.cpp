#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <sigmahat/coefficients/exact_value.hpp>
#include <sigmahat/numeric/ball.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

// Beyond this many bits nothing is told apart any more: a difference that is still not resolved is
// one of numbers that nobody writes down.
constexpr slong most_bits = slong{1} << 20;

std::optional<Integer> perfect_root(const Integer& n) {
  if (mpz_perfect_square_p(n.backend().data()) == 0) return {};
  return Integer(sqrt(n));
}

/// What alike terms have in common, in the order in which terms are written: what has no error
/// function before what has one, densities before probabilities.
auto key_of(const ExactTerm& x) {
  return std::tie(x.erf_square, x.pi_power, x.exponent);
}

bool written_before(const ExactTerm& x, const ExactTerm& y) {
  return std::tie(x.erf_square, x.pi_power, x.exponent, x.square) <
         std::tie(y.erf_square, y.pi_power, y.exponent, y.square);
}

/// Evaluates values, keeping the constants that their terms share.
class Evaluation {
 public:
  Ball value(const ExactValue& x, slong bits) {
    Ball result;
    for (const ExactTerm& term : x.terms())
      arb_add(result.get(), result.get(), value(term, bits).get(), bits);
    return result;
  }

  Ball value(const ExactTerm& x, slong bits) {
    Ball result(x.square, bits);
    if (x.pi_power != 0) {
      Ball power;
      arb_const_pi(power.get(), bits);
      arb_pow_ui(power.get(), power.get(), static_cast<ulong>(std::abs(x.pi_power)), bits);
      if (x.pi_power > 0)
        arb_mul(result.get(), result.get(), power.get(), bits);
      else
        arb_div(result.get(), result.get(), power.get(), bits);
    }
    arb_sqrt(result.get(), result.get(), bits);
    if (x.exponent != 0)
      arb_mul(result.get(), result.get(), exponential(x.exponent, bits).get(), bits);
    if (x.erf_square)
      arb_mul(result.get(), result.get(), error_function(*x.erf_square, bits).get(), bits);
    if (x.sign < 0) arb_neg(result.get(), result.get());
    return result;
  }

  /// Relative error at most 2^-bits, unless the value is within 2^-most_bits or so of zero.
  Ball accurate_value(const ExactValue& x, slong bits) {
    for (slong working = bits + 10;;) {
      Ball result = value(x, working);
      if (x.is_zero() || working >= most_bits) return result;
      if (arb_contains_zero(result.get())) {
        // Nothing is known of the size, hence nothing of what is missing.
        working *= 2;
        continue;
      }
      const slong missing = bits - arb_rel_accuracy_bits(result.get());
      if (missing <= 0) return result;
      working += missing + 10;
    }
  }

 private:
  struct Constant {
    Ball ball;
    slong bits = 0;
  };

  const Ball& exponential(const Rational& exponent, slong bits) {
    Constant& constant = exponentials_[exponent];
    if (constant.bits < bits) {
      constant = {Ball(exponent / 2, bits), bits};
      arb_exp(constant.ball.get(), constant.ball.get(), bits);
    }
    return constant.ball;
  }
  const Ball& error_function(const Rational& square, slong bits) {
    Constant& constant = error_functions_[square];
    if (constant.bits < bits) {
      constant = {Ball(square, bits), bits};
      arb_sqrt(constant.ball.get(), constant.ball.get(), bits);
      arb_hypgeom_erf(constant.ball.get(), constant.ball.get(), bits);
    }
    return constant.ball;
  }

  std::map<Rational, Constant> exponentials_, error_functions_;
};

}  // namespace

ExactTerm ExactTerm::root(const Rational& signed_square, int pi_power, const Rational& exponent) {
  if (signed_square == 0) throw DomainError("a monomial of the exact ring is not zero");
  return {signed_square < 0 ? -1 : 1, abs(signed_square), pi_power, exponent, {}};
}

ExactTerm ExactTerm::rational(const Rational& value) {
  return root(value < 0 ? Rational(-value * value) : Rational(value * value));
}

ExactTerm operator*(const ExactTerm& x, const ExactTerm& y) {
  if (x.erf_square && y.erf_square)
    throw DomainError("the exact ring holds no product of two error functions");
  return {x.sign * y.sign, x.square * y.square, x.pi_power + y.pi_power, x.exponent + y.exponent,
          x.erf_square ? x.erf_square : y.erf_square};
}

std::optional<Rational> rational_ratio(const ExactTerm& x, const ExactTerm& y) {
  if (key_of(x) != key_of(y)) return {};
  const Rational square = x.square / y.square;
  const auto over = perfect_root(numerator(square));
  if (!over) return {};
  const auto under = perfect_root(denominator(square));
  if (!under) return {};
  return Rational(x.sign * y.sign * *over, *under);
}

ExactValue ExactValue::rational(const Rational& value) {
  if (value == 0) return zero();
  return ExactTerm::rational(value);
}

ExactValue ExactValue::root(const Rational& signed_square, int pi_power, const Rational& exponent) {
  if (signed_square == 0) return zero();
  return ExactTerm::root(signed_square, pi_power, exponent);
}

ExactValue ExactValue::error_function(const Rational& signed_square) {
  if (signed_square == 0) return zero();
  return ExactTerm{signed_square < 0 ? -1 : 1, 1, 0, 0, abs(signed_square)};
}

ExactValue ExactValue::sum(std::vector<ExactTerm> terms) {
  std::sort(terms.begin(), terms.end(), written_before);
  ExactValue result;
  // Each group of terms that share their key becomes its classes of alike terms.
  for (auto group = terms.begin(); group != terms.end();) {
    const auto end = std::find_if(group, terms.end(),
                                  [&](const ExactTerm& x) { return key_of(x) != key_of(*group); });
    for (auto first = group; first != end; ++first) {
      if (first->sign == 0) continue;  // taken
      Rational multiple = 1;
      for (auto other = std::next(first); other != end; ++other) {
        if (other->sign == 0) continue;
        const auto ratio = rational_ratio(*other, *first);
        if (!ratio) continue;
        multiple += *ratio;
        other->sign = 0;
      }
      if (multiple == 1)
        result.terms_.push_back(std::move(*first));
      else if (multiple != 0)
        result.terms_.push_back(ExactTerm::rational(multiple) * *first);
    }
    group = end;
  }
  std::sort(result.terms_.begin(), result.terms_.end(), written_before);
  return result;
}

ExactValue operator+(const ExactValue& x, const ExactValue& y) {
  std::vector<ExactTerm> terms = x.terms();
  terms.insert(terms.end(), y.terms().begin(), y.terms().end());
  return ExactValue::sum(std::move(terms));
}

ExactValue operator-(const ExactValue& x) {
  return ExactTerm::rational(-1) * x;
}

ExactValue operator-(const ExactValue& x, const ExactValue& y) {
  return x + -y;
}

ExactValue operator*(const Rational& factor, const ExactValue& x) {
  if (factor == 0) return ExactValue::zero();
  return ExactTerm::rational(factor) * x;
}

ExactValue operator*(const ExactTerm& factor, const ExactValue& x) {
  std::vector<ExactTerm> terms;
  terms.reserve(x.terms().size());
  for (const ExactTerm& term : x.terms()) terms.push_back(factor * term);
  return ExactValue::sum(std::move(terms));
}

bool equal(const ExactValue& x, const ExactValue& y) {
  const ExactValue difference = x - y;
  if (difference.is_zero()) return true;
  Evaluation evaluation;
  for (slong bits = 64; bits <= most_bits; bits *= 2)
    if (!arb_contains_zero(evaluation.value(difference, bits).get())) return false;
  throw NumericalError("whether " + to_text(x) + " and " + to_text(y) +
                       " are the same number could not be decided");
}

std::vector<Interval> to_intervals(const std::vector<ExactValue>& values) {
  Evaluation evaluation;
  const slong bits = PrecisionScope::bits() + 2;
  std::vector<Interval> result;
  result.reserve(values.size());
  for (const ExactValue& x : values)
    result.push_back(to_interval(evaluation.accurate_value(x, bits)));
  return result;
}

Interval to_interval(const ExactValue& x) {
  return to_interval(Evaluation().accurate_value(x, PrecisionScope::bits() + 2));
}

}  // namespace sigmahat
