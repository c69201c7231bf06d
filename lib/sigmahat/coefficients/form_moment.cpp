#include <utility>

#include <sigmahat/coefficients/exact_form.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

/// E[f], the pairs of smooth steps integrated.
struct Mean {
  ExactForm without_pairs;  ///< the part with at most one smooth step a term
  ExactValue pairs;
};

/// E[x^n e^{-s x²/2} erf(ax) erf(bx)] for one term, down from degree n by integration by parts:
/// (1+s) E[x^n f] = (n-1) E[x^{n-2} f] + E[x^{n-1} e^{-s x²/2} (erf(ax) erf(bx))'].
bool add_pair(Mean& mean, const FormTerm& term) {
  const SmoothStep &first = term.shape.steps[0], &second = term.shape.steps[1];
  if (term.shape.wave || term.shape.rate != 0 || first.shift != 0 || second.shift != 0)
    return false;
  const Rational gain = 1 + term.shape.sharpness;
  Polynomial p = term.polynomial;
  for (std::size_t i = 1; i < p.size(); i += 2) p[i] = 0;  // an odd function
  while (p.size() > 1) {
    const std::size_t n = p.size() - 1;
    const Rational lead = p.back() / gain;
    p.pop_back();
    if (lead == 0) continue;
    p[n - 2] += lead * (n - 1);
    for (const auto& [flat, steep] : {std::pair(first, second), std::pair(second, first)}) {
      FormTerm slope = term;
      // d/dx erf(√q x) = 2 √(q/π) e^{-q x²}
      slope.scale = slope.scale * ExactTerm::root(4 * steep.slope_square, -1);
      slope.polynomial = Polynomial(n, Rational(0));
      slope.polynomial.back() = lead;
      slope.shape.sharpness += 2 * steep.slope_square;
      slope.shape.steps = {flat};
      mean.without_pairs = mean.without_pairs + ExactForm({}, {{std::move(slope)}});
    }
  }
  if (p.empty() || p[0] == 0) return true;
  const Rational a = first.slope_square / gain, b = second.slope_square / gain;
  mean.pairs = mean.pairs + ExactTerm::rational(p[0]) * term.scale * ExactTerm::root(4 / gain, -2) *
                                ExactValue::arcsine(4 * a * b / ((1 + 2 * a) * (1 + 2 * b)));
  return true;
}

std::optional<Mean> mean_of(const ExactForm& f) {
  const auto is_pair = [](const FormTerm& term) { return term.shape.steps.size() == 2; };
  std::vector<ExactForm::Piece> singles, pairs;
  for (const ExactForm::Piece& piece : f.pieces()) {
    singles.emplace_back();
    pairs.emplace_back();
    for (const FormTerm& term : piece) (is_pair(term) ? pairs : singles).back().push_back(term);
  }
  const ExactForm all_pairs(f.breakpoints(), std::move(pairs));
  if (!all_pairs.breakpoints().empty()) return {};
  Mean mean{ExactForm(f.breakpoints(), std::move(singles)), {}};
  for (const FormTerm& term : all_pairs.pieces()[0])
    if (!add_pair(mean, term)) return {};
  return mean;
}

}  // namespace

std::optional<Interval> exact_second_moment(const ExactForm& f) {
  const auto mean = mean_of(f * f);
  if (!mean) return {};
  const auto symbols = exact_mean(mean->without_pairs);
  if (!symbols) return {};
  return to_interval(*symbols + mean->pairs);
}

}  // namespace sigmahat
