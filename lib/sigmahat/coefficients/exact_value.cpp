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

/// Whether all but sign and square agree.
bool share_key(const ExactTerm& x, const ExactTerm& y) {
  return x.special == y.special && x.pi_power == y.pi_power && x.exponent == y.exponent;
}

bool precedes(const std::optional<SpecialValue>& x, const std::optional<SpecialValue>& y) {
  if (!x || !y) return !x && y;
  return std::tie(x->function, x->square) < std::tie(y->function, y->square);
}

/// The order in which terms are written, those that share their key side by side: what has no
/// special value before what has one, densities before probabilities.
bool written_before(const ExactTerm& x, const ExactTerm& y) {
  if (x.special != y.special) return precedes(x.special, y.special);
  return std::tie(x.pi_power, x.exponent, x.square) < std::tie(y.pi_power, y.exponent, y.square);
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
    if (x.special) arb_mul(result.get(), result.get(), special(*x.special, bits).get(), bits);
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
  const Ball& special(const SpecialValue& value, slong bits) {
    Constant& constant = special_values_[{value.function, value.square}];
    if (constant.bits < bits) {
      constant = {Ball(value.square, bits), bits};
      const arb_ptr ball = constant.ball.get();
      arb_sqrt(ball, ball, bits);
      if (value.function == SpecialValue::Function::erf)
        arb_hypgeom_erf(ball, ball, bits);
      else
        arb_asin(ball, ball, bits);
    }
    return constant.ball;
  }

  std::map<Rational, Constant> exponentials_;
  std::map<std::pair<SpecialValue::Function, Rational>, Constant> special_values_;
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
  if (x.special && y.special)
    throw DomainError("the exact ring holds no product of error functions and arcsines");
  return {x.sign * y.sign, x.square * y.square, x.pi_power + y.pi_power, x.exponent + y.exponent,
          x.special ? x.special : y.special};
}

std::optional<Rational> rational_ratio(const ExactTerm& x, const ExactTerm& y) {
  if (!share_key(x, y)) return {};
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
  return ExactTerm{signed_square < 0 ? -1 : 1, 1, 0, 0,
                   SpecialValue{SpecialValue::Function::erf, abs(signed_square)}};
}

ExactValue ExactValue::arcsine(const Rational& signed_square) {
  const Rational square = abs(signed_square);
  if (square > 1) throw DomainError("an arcsine is that of a number from -1 to 1");
  if (signed_square == 0) return zero();
  const Rational half(1, 2), quarter(1, 4);
  const int sign = signed_square < 0 ? -1 : 1;
  const auto part_of_pi = [&](int n) { return ExactTerm::root(Rational(sign, n * n), 2); };
  if (square == quarter) return part_of_pi(6);
  if (square == half) return part_of_pi(4);
  if (square < half)
    return ExactTerm{sign, 1, 0, 0, SpecialValue{SpecialValue::Function::arcsin, square}};
  return part_of_pi(2) + arcsine(-sign * Rational(1 - square));
}

ExactValue ExactValue::sum(std::vector<ExactTerm> terms) {
  std::sort(terms.begin(), terms.end(), written_before);
  ExactValue result;
  // Each group of terms that share their key becomes its classes of alike terms.
  for (auto group = terms.begin(); group != terms.end();) {
    const auto end =
        std::find_if(group, terms.end(), [&](const ExactTerm& x) { return !share_key(x, *group); });
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

std::optional<ExactValue> product(const ExactValue& x, const ExactValue& y) {
  std::vector<ExactTerm> terms;
  for (const ExactTerm& left : x.terms())
    for (const ExactTerm& right : y.terms()) {
      if (left.special && right.special) return {};
      terms.push_back(left * right);
    }
  return ExactValue::sum(std::move(terms));
}

std::size_t bit_length(const ExactValue& x) {
  std::size_t bits = 0;
  const auto add = [&bits](const Rational& r) {
    for (const Integer& n : {Integer(numerator(r)), Integer(denominator(r))})
      bits += mpz_sizeinbase(n.backend().data(), 2);
  };
  for (const ExactTerm& term : x.terms()) {
    add(term.square);
    add(term.exponent);
    if (term.special) add(term.special->square);
  }
  return bits;
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
