#include <algorithm>
#include <tuple>

#include <sigmahat/coefficients/exact_form.hpp>

namespace sigmahat {
namespace {

using Piece = ExactForm::Piece;

bool precedes(const SmoothStep& a, const SmoothStep& b) {
  return std::tie(a.slope_square, a.shift) < std::tie(b.slope_square, b.shift);
}

bool precedes(const Wave& a, const Wave& b) {
  return std::tie(a.frequency, a.phase) < std::tie(b.frequency, b.phase);
}

bool precedes(const FormShape& a, const FormShape& b) {
  if (const auto x = std::tie(a.sharpness, a.rate), y = std::tie(b.sharpness, b.rate); x != y)
    return x < y;
  if (a.wave != b.wave) return b.wave && (!a.wave || precedes(*a.wave, *b.wave));
  return std::lexicographical_compare(
      a.steps.begin(), a.steps.end(), b.steps.begin(), b.steps.end(),
      [](const SmoothStep& s, const SmoothStep& t) { return precedes(s, t); });
}

/// Moves what makes the leading coefficient differ from 1 into the scale.
void normalise(FormTerm& term) {
  const Rational lead = term.polynomial.back();
  if (lead == 1) return;
  term.scale = ExactTerm::rational(lead) * term.scale;
  term.polynomial = product(1 / lead, std::move(term.polynomial));
}

/// Terms of one shape whose scales are rational multiples of each other become one, the order is
/// that of the shapes.
Piece canonical(Piece terms) {
  for (FormTerm& term : terms)
    std::sort(term.shape.steps.begin(), term.shape.steps.end(),
              [](const SmoothStep& s, const SmoothStep& t) { return precedes(s, t); });
  std::stable_sort(terms.begin(), terms.end(),
                   [](const FormTerm& a, const FormTerm& b) { return precedes(a.shape, b.shape); });
  Piece result;
  for (FormTerm& term : terms) {
    // Terms of the same shape stand at the end of what has been collected.
    auto found = result.end();
    std::optional<Rational> ratio;
    for (auto other = result.rbegin(); other != result.rend() && other->shape == term.shape;
         ++other) {
      ratio = rational_ratio(term.scale, other->scale);
      if (ratio) {
        found = std::prev(other.base());
        break;
      }
    }
    if (found == result.end())
      result.push_back(std::move(term));
    else
      found->polynomial = sum(found->polynomial, product(*ratio, std::move(term.polynomial)));
  }
  std::erase_if(result, [](const FormTerm& term) { return term.polynomial.empty(); });
  for (FormTerm& term : result) normalise(term);
  std::sort(result.begin(), result.end(), [](const FormTerm& a, const FormTerm& b) {
    if (a.shape != b.shape) return precedes(a.shape, b.shape);
    return std::tie(a.scale.pi_power, a.scale.exponent, a.scale.square) <
           std::tie(b.scale.pi_power, b.scale.exponent, b.scale.square);
  });
  return result;
}

/// cos a cos b = (cos(a-b) + cos(a+b))/2 and its kin; each wave with its factor ±1/2.
std::vector<std::pair<Rational, std::optional<Wave>>> waves_product(const Wave& a, const Wave& b) {
  using Phase = Wave::Phase;
  const Rational half(1, 2);
  const Rational sum = a.frequency + b.frequency;
  const Rational gap = abs(Rational(a.frequency - b.frequency));
  std::vector<std::pair<Rational, std::optional<Wave>>> result;
  if (a.phase == b.phase) {
    result.emplace_back(half, gap == 0 ? std::optional<Wave>() : Wave{Phase::cosine, gap});
    result.emplace_back(a.phase == Phase::cosine ? half : Rational(-half),
                        Wave{Phase::cosine, sum});
  } else {
    result.emplace_back(half, Wave{Phase::sine, sum});
    const Wave& sine = a.phase == Phase::sine ? a : b;
    const Wave& cosine = a.phase == Phase::sine ? b : a;
    if (gap != 0)
      result.emplace_back(sine.frequency > cosine.frequency ? half : Rational(-half),
                          Wave{Phase::sine, gap});
  }
  return result;
}

void append_product(Piece& result, const FormTerm& a, const FormTerm& b) {
  FormTerm both{a.scale * b.scale, product(a.polynomial, b.polynomial),
                FormShape{a.shape.sharpness + b.shape.sharpness, a.shape.rate + b.shape.rate,
                          a.shape.wave ? a.shape.wave : b.shape.wave, a.shape.steps}};
  both.shape.steps.insert(both.shape.steps.end(), b.shape.steps.begin(), b.shape.steps.end());
  if (!a.shape.wave || !b.shape.wave) {
    result.push_back(std::move(both));
    return;
  }
  for (const auto& [factor, wave] : waves_product(*a.shape.wave, *b.shape.wave)) {
    FormTerm term = both;
    term.scale = ExactTerm::rational(factor) * term.scale;
    term.shape.wave = wave;
    result.push_back(std::move(term));
  }
}

/// combine(f's piece, g's piece) on every interval where neither breaks.
template <class Combine>
ExactForm piecewise(const ExactForm& f, const ExactForm& g, Combine combine) {
  std::vector<Rational> breakpoints;
  std::set_union(f.breakpoints().begin(), f.breakpoints().end(), g.breakpoints().begin(),
                 g.breakpoints().end(), std::back_inserter(breakpoints));
  std::vector<Piece> pieces;
  for (std::size_t i = 0, j = 0, n = 0; n <= breakpoints.size(); ++n) {
    pieces.push_back(combine(f.pieces()[i], g.pieces()[j]));
    if (n == breakpoints.size()) break;
    if (i < f.breakpoints().size() && f.breakpoints()[i] == breakpoints[n]) ++i;
    if (j < g.breakpoints().size() && g.breakpoints()[j] == breakpoints[n]) ++j;
  }
  return {std::move(breakpoints), std::move(pieces)};
}

ExactForm of_shape(FormShape shape) {
  return {{}, {{FormTerm{{}, {1}, std::move(shape)}}}};
}

}  // namespace

ExactForm::ExactForm(Polynomial polynomial)
    : ExactForm({}, {{FormTerm{{}, std::move(polynomial), {}}}}) {}

ExactForm::ExactForm(const ExactTerm& constant) : ExactForm({}, {{FormTerm{constant, {1}, {}}}}) {}

ExactForm::ExactForm(std::vector<Rational> breakpoints, std::vector<Piece> pieces) {
  pieces_.push_back(canonical(std::move(pieces[0])));
  for (std::size_t i = 0; i < breakpoints.size(); ++i) {
    Piece next = canonical(std::move(pieces[i + 1]));
    if (next == pieces_.back()) continue;
    breakpoints_.push_back(std::move(breakpoints[i]));
    pieces_.push_back(std::move(next));
  }
}

ExactForm ExactForm::exponential(const Rational& sharpness, const Rational& rate) {
  return of_shape({sharpness, rate, {}, {}});
}

ExactForm ExactForm::cosine(const Rational& frequency) {
  if (frequency == 0) return Polynomial{1};
  return of_shape({0, 0, Wave{Wave::Phase::cosine, abs(frequency)}, {}});
}

ExactForm ExactForm::sine(const Rational& frequency) {
  if (frequency == 0) return {};
  const ExactForm wave = of_shape({0, 0, Wave{Wave::Phase::sine, abs(frequency)}, {}});
  return frequency < 0 ? -wave : wave;
}

ExactForm ExactForm::error_function(const Rational& slope_square, const Rational& shift) {
  return of_shape({0, 0, {}, {{slope_square, shift}}});
}

ExactForm ExactForm::step(const Rational& c) {
  return {{c}, {{}, {FormTerm{}}}};
}

ExactForm operator+(const ExactForm& f, const ExactForm& g) {
  return piecewise(f, g, [](const Piece& a, const Piece& b) {
    Piece sum = a;
    sum.insert(sum.end(), b.begin(), b.end());
    return sum;
  });
}

ExactForm operator-(const ExactForm& f) {
  return ExactForm(Polynomial{-1}) * f;
}

ExactForm operator-(const ExactForm& f, const ExactForm& g) {
  return f + -g;
}

ExactForm operator*(const ExactForm& f, const ExactForm& g) {
  return piecewise(f, g, [](const Piece& a, const Piece& b) {
    Piece result;
    for (const FormTerm& x : a)
      for (const FormTerm& y : b) append_product(result, x, y);
    return result;
  });
}

}  // namespace sigmahat
