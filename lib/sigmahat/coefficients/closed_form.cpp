#include <sigmahat/coefficients/closed_form.hpp>
#include <sigmahat/coefficients/expression_form.hpp>
#include <sigmahat/numeric/overloaded.hpp>

namespace sigmahat {
namespace {

ExactForm form_of(const PiecewisePolynomial& f) {
  std::vector<ExactForm::Piece> pieces;
  for (const Polynomial& p : f.pieces) pieces.push_back({FormTerm{{}, p, {}}});
  return {f.breakpoints, std::move(pieces)};
}

ExactForm form_of(const Exponential& f) {
  return ExactForm::exponential(0, f.rate);
}

ExactForm form_of(const Sinusoid& f) {
  return f.phase == Sinusoid::Phase::sine ? ExactForm::sine(f.frequency)
                                          : ExactForm::cosine(f.frequency);
}

ExactForm form_of(const GaussianBump& f) {
  return ExactForm::exponential(f.sharpness, 0);
}

ExactForm form_of(const ErrorFunction&) {
  return ExactForm::error_function(1, 0);
}

/// x Φ(x) = x/2 (1 + erf(x/√2)).
ExactForm form_of(const Gelu&) {
  const ExactForm half(Polynomial{0, Rational(1, 2)});
  return half + half * ExactForm::error_function(Rational(1, 2), 0);
}

/// As a polynomial in powers of x, h_k of high degree would be all cancellation.
ClosedForm closed_form(const HermitePolynomial& f, int max_degree) {
  ClosedForm form{std::vector<ExactValue>(static_cast<std::size_t>(max_degree) + 1), Interval(1)};
  if (f.degree <= max_degree)
    form.coefficients[static_cast<std::size_t>(f.degree)] = ExactValue::rational(1);
  return form;
}

}  // namespace

std::optional<ClosedForm> closed_form(const ExactForm& f, int max_degree) {
  auto coefficients = exact_coefficients(f, max_degree);
  if (!coefficients) return {};
  return ClosedForm{std::move(*coefficients), exact_second_moment(f)};
}

std::optional<ClosedForm> closed_form(const Activation& activation, int max_degree) {
  return std::visit(Overloaded{
                        [](const Logistic&) -> std::optional<ClosedForm> { return {}; },
                        [&](const Expression& f) -> std::optional<ClosedForm> {
                          const auto form = exact_form(f);
                          if (!form) return {};
                          return closed_form(*form, max_degree);
                        },
                        [&](const HermitePolynomial& f) -> std::optional<ClosedForm> {
                          return closed_form(f, max_degree);
                        },
                        [&](const auto& f) { return closed_form(form_of(f), max_degree); },
                    },
                    activation.structure());
}

bool has_closed_form(const Activation& activation) {
  return closed_form(activation, 0).has_value();
}

}  // namespace sigmahat
