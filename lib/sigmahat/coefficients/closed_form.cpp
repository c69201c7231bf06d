#include <sigmahat/coefficients/closed_form.hpp>
#include <sigmahat/hermite/polynomial.hpp>

namespace sigmahat {
namespace {

using Coefficients = std::vector<ExactValue>;

std::size_t count_up_to(int max_degree) {
  return static_cast<std::size_t>(max_degree) + 1;
}

Coefficients zeros(int max_degree) {
  return Coefficients(count_up_to(max_degree));
}

ExactValue& at(Coefficients& coefficients, int k) {
  return coefficients[static_cast<std::size_t>(k)];
}

Integer factorial(int n) {
  Integer result;
  mpz_fac_ui(result.backend().data(), static_cast<unsigned long>(n));
  return result;
}

/// n!! with (-1)!! = 0!! = 1.
Integer double_factorial(int n) {
  if (n < 1) return 1;
  Integer result;
  mpz_2fac_ui(result.backend().data(), static_cast<unsigned long>(n));
  return result;
}

Rational alternating(int n, const Rational& value) {
  return n % 2 == 0 ? value : -value;
}

/// E[x_+^n h_k(x)] for all k <= max_degree.
///
/// Up to k = n by differentiating k times, E[x_+^j] being (j-1)!!/2 for even j and (j-1)!!/sqrt(2π)
/// for odd j; beyond, the n+1-st derivative is n! times a point mass at zero (MATH.md 2, ladder).
Coefficients truncated_power(int n, int max_degree) {
  Coefficients result = zeros(max_degree);
  for (int k = 0; k <= std::min(n, max_degree); ++k) {
    const int rest = n - k;
    const Rational factor(factorial(n) * double_factorial(rest - 1), factorial(rest));
    const Rational square = factor * factor / factorial(k);
    at(result, k) = rest % 2 == 0 ? ExactValue::root(square / 4) : ExactValue::root(square / 2, -1);
  }
  // h_{2i}(0)² = C(2i,i)/4^i, and the falling factorial k (k-1) ... (k-n), both kept running.
  Rational square(factorial(n) * factorial(n), factorial(n + 1));
  for (int i = 0, k = n + 1; k <= max_degree; ++i, k += 2) {
    at(result, k) = ExactValue::root(alternating(i, square / 2), -1);
    square *= Rational(2 * i + 1, 2 * i + 2);
    square *= Rational(Integer(k - n) * (k - n + 1), Integer(k + 1) * (k + 2));
  }
  return result;
}

/// `right` x^n above zero, `left` x^n below.
ClosedForm homogeneous(int n, const Rational& left, const Rational& right, int max_degree) {
  ClosedForm form{truncated_power(n, max_degree), {}};
  for (int k = 0; k <= max_degree; ++k)
    at(form.coefficients, k) = (right + alternating(n + k, left)) * at(form.coefficients, k);
  form.second_moment = from_rational<Interval>((left * left + right * right) / 2 *
                                               Rational(double_factorial(2 * n - 1)));
  return form;
}

/// min(max(x, -c), c): the second derivative is δ_{-c} - δ_c.
ClosedForm clipped_line(const Rational& c, int max_degree) {
  ClosedForm form{zeros(max_degree), {}};
  if (max_degree >= 1) {
    ExactValue mass = ExactValue::rational(1);  // P(|x| < c)
    mass.erf_square = c * c / 2;
    at(form.coefficients, 1) = mass;
  }
  const auto he = monic_hermite_polynomials(c, std::max(max_degree - 2, 0));
  Rational inverse_factorial(1, 6);
  for (int k = 3; k <= max_degree; k += 2) {
    const Rational& value = he[static_cast<std::size_t>(k) - 2];
    const Rational square = 2 * value * value * inverse_factorial;
    at(form.coefficients, k) = ExactValue::root(value > 0 ? -square : square, -1, -c * c);
    inverse_factorial /= Integer(k + 1) * (k + 2);
  }
  const Interval bound = from_rational<Interval>(c);
  const Interval mass = error_function(Interval(bound / sqrt(Interval(2))));
  const Interval density =
      exp(from_rational<Interval>(-c * c / 2)) / sqrt(Interval(2 * pi<Interval>()));
  form.second_moment = mass - 2 * bound * density + square(bound) * (1 - mass);
  return form;
}

std::optional<ClosedForm> form_of(const PiecewisePolynomial& f, const Activation& activation,
                                  int max_degree) {
  if (const auto degree = activation.homogeneity()) {
    const auto leading = [&](const Polynomial& piece) {
      return piece.empty() ? Rational(0) : piece.back();
    };
    return homogeneous(*degree, leading(f.pieces.front()), leading(f.pieces.back()), max_degree);
  }
  if (f.breakpoints.size() == 2) {
    const Rational& c = f.breakpoints[1];
    if (c > 0 && f.breakpoints[0] == -c && f.pieces[0] == Polynomial{-c} &&
        f.pieces[1] == Polynomial{0, 1} && f.pieces[2] == Polynomial{c})
      return clipped_line(c, max_degree);
  }
  return {};
}

ClosedForm form_of(const HermitePolynomial& f, int max_degree) {
  ClosedForm form{zeros(max_degree), Interval(1)};
  if (f.degree <= max_degree) at(form.coefficients, f.degree) = ExactValue::rational(1);
  return form;
}

ClosedForm form_of(const Exponential& f, int max_degree) {
  ClosedForm form{zeros(max_degree), exp(from_rational<Interval>(2 * f.rate * f.rate))};
  Rational square = 1;
  for (int k = 0; k <= max_degree; ++k) {
    at(form.coefficients, k) =
        ExactValue::root(f.rate < 0 ? alternating(k, square) : square, 0, f.rate * f.rate);
    square *= f.rate * f.rate / (k + 1);
  }
  return form;
}

ClosedForm form_of(const Sinusoid& f, int max_degree) {
  const bool sine = f.phase == Sinusoid::Phase::sine;
  const Rational w = f.frequency * f.frequency;
  const Interval damping = exp(from_rational<Interval>(-2 * w));
  ClosedForm form{zeros(max_degree), (sine ? Interval(1 - damping) : Interval(1 + damping)) / 2};
  Rational square = 1;
  for (int k = 0; k <= max_degree; ++k) {
    if ((k % 2 == 1) == sine) {
      const Rational sign = sine && f.frequency < 0 ? -1 : 1;
      at(form.coefficients, k) = ExactValue::root(sign * alternating(k / 2, square), 0, -w);
    }
    square *= w / (k + 1);
  }
  return form;
}

/// Coefficients of exp(-s x²/2).
Coefficients gaussian_coefficients(const Rational& s, int max_degree) {
  Coefficients result = zeros(max_degree);
  Rational square = 1 / (1 + s);
  const Rational ratio = s / (2 * (1 + s));
  for (int n = 0; 2 * n <= max_degree; ++n) {
    at(result, 2 * n) = ExactValue::root(alternating(n, square));
    square *= Rational(Integer(2 * n + 1) * (2 * n + 2), Integer(n + 1) * (n + 1)) * ratio * ratio;
  }
  return result;
}

ClosedForm form_of(const GaussianBump& f, int max_degree) {
  return {gaussian_coefficients(f.sharpness, max_degree),
          1 / sqrt(from_rational<Interval>(1 + 2 * f.sharpness))};
}

/// erf' = 2/sqrt(π) e^{-x²}.
ClosedForm form_of(const ErrorFunction&, int max_degree) {
  ClosedForm form{zeros(max_degree), 2 * asin(Interval(Interval(2) / 3)) / pi<Interval>()};
  const Coefficients derivative = gaussian_coefficients(2, max_degree);
  for (int k = 1; k <= max_degree; k += 2) {
    ExactValue value = derivative[static_cast<std::size_t>(k) - 1];
    value.square *= Rational(4, k);
    value.pi_power = -1;
    at(form.coefficients, k) = value;
  }
  return form;
}

/// GELU'' = (2 - x²)φ; with the Gaussian's three-term relations the coefficient of degree j of
/// (2 - x²) e^{-x²/2} is (j+3)/2 times that of e^{-x²/2}.
ClosedForm form_of(const Gelu&, int max_degree) {
  ClosedForm form{zeros(max_degree),
                  Interval(1) / 3 + 1 / (2 * pi<Interval>() * sqrt(Interval(3)))};
  at(form.coefficients, 0) = ExactValue::root(Rational(1, 4), -1);
  if (max_degree >= 1) at(form.coefficients, 1) = ExactValue::rational(Rational(1, 2));
  const Coefficients gaussian = gaussian_coefficients(1, max_degree);
  for (int k = 2; k <= max_degree; k += 2) {
    ExactValue value = gaussian[static_cast<std::size_t>(k) - 2];
    value.square *= Rational(Integer(k + 1) * (k + 1), Integer(8) * k * (k - 1));
    value.pi_power = -1;
    at(form.coefficients, k) = value;
  }
  return form;
}

}  // namespace

std::optional<ClosedForm> closed_form(const Activation& activation, int max_degree) {
  return std::visit(
      [&](const auto& f) -> std::optional<ClosedForm> {
        using Kind = std::decay_t<decltype(f)>;
        if constexpr (std::same_as<Kind, PiecewisePolynomial>)
          return form_of(f, activation, max_degree);
        else if constexpr (std::same_as<Kind, Logistic>)
          return {};
        else
          return form_of(f, max_degree);
      },
      activation.structure());
}

bool has_closed_form(const Activation& activation) {
  return closed_form(activation, 0).has_value();
}

}  // namespace sigmahat
