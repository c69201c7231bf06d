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

/// c, where f is h_k(c x).
std::optional<Rational> hermite_scale(const Expression& f) {
  const auto* call = f.as<Expression::Call>();
  if (!call || call->function != Function::hermite) return {};
  const auto argument = rational_polynomial(call->arguments[0], 1);
  if (!argument || argument->size() != 2 || (*argument)[0] != 0) return {};
  return (*argument)[1];
}

/// h_n(c x) = Σ_j (c² - 1)^j c^{n-2j} sqrt(n!/(n-2j)!) / (2^j j!) h_{n-2j}(x), a term for each
/// degree (DLMF 18.18.13): as a polynomial in powers of x it would be all cancellation here, too.
ClosedForm closed_form_of_scaled(int n, const Rational& c, int max_degree) {
  ClosedForm form{std::vector<ExactValue>(static_cast<std::size_t>(max_degree) + 1), Interval(0)};
  Interval moment(0);
  // From degree n downwards: the square of the coefficient, and its sign.
  Rational square = 1;
  for (int i = 0; i < n; ++i) square *= c * c;
  int sign = c < 0 && n % 2 == 1 ? -1 : 1;
  for (int j = 0; 2 * j <= n; ++j) {
    const int k = n - 2 * j;
    if (square == 0) break;
    if (k <= max_degree)
      form.coefficients[static_cast<std::size_t>(k)] = ExactValue::root(sign * square);
    moment += from_rational<Interval>(square);
    const Rational step = (c * c - 1) / (2 * (j + 1) * c * c);
    square *= step * step * k * (k - 1);
    if (step < 0) sign = -sign;
  }
  form.second_moment = moment;
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
                          if (const auto c = hermite_scale(f))
                            return closed_form_of_scaled(f.as<Expression::Call>()->degree, *c,
                                                         max_degree);
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
