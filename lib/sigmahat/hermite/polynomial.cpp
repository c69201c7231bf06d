#include <cmath>

#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

void check_degree(int degree) {
  if (degree < 0 || degree > max_supported_degree)
    throw DomainError("the degree must be between 0 and " + std::to_string(max_supported_degree) +
                      ", not " + std::to_string(degree));
}

template <Scalar T>
T root_of(int k) {
  using std::sqrt;
  return sqrt(T(k));
}

/// Calls visit(k, h_k(x)) for k = 0..max_degree.
template <Scalar T, class Visit>
void run_recurrence(const T& x, int max_degree, Visit visit) {
  T previous(0), current(1), root_k(0);
  for (int k = 0;; ++k) {
    visit(k, current);
    if (k == max_degree) break;
    const T root_next = root_of<T>(k + 1);
    T next = (x * current - root_k * previous) / root_next;
    previous = current;
    current = next;
    root_k = root_next;
  }
}

void check_range(int degree, double x, double value) {
  if (!std::isfinite(value))
    throw NumericalError("h_" + std::to_string(degree) + "(" + std::to_string(x) +
                         ") is out of the range of double");
}

}  // namespace

template <Scalar T>
std::vector<T> hermite_polynomials(const T& x, int max_degree) {
  check_degree(max_degree);
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(max_degree) + 1);
  run_recurrence(x, max_degree, [&](int k, const T& value) {
    if constexpr (std::same_as<T, double>) check_range(k, x, value);
    values.push_back(value);
  });
  return values;
}
template std::vector<double> hermite_polynomials(const double&, int);
template std::vector<Real> hermite_polynomials(const Real&, int);
template std::vector<Interval> hermite_polynomials(const Interval&, int);

template <Scalar T>
T hermite_polynomial(int degree, const T& x) {
  check_degree(degree);
  T result(0);
  run_recurrence(x, degree, [&](int k, const T& value) {
    if (k == degree) result = value;
  });
  if constexpr (std::same_as<T, double>) check_range(degree, x, result);
  return result;
}
template double hermite_polynomial(int, const double&);
template Real hermite_polynomial(int, const Real&);
template Interval hermite_polynomial(int, const Interval&);

std::vector<double> hermite_functions(double x, int max_degree) {
  check_degree(max_degree);
  if (!std::isfinite(x)) throw DomainError("the argument of a Hermite function must be finite");
  // Beyond this even h_10000(x) e^{-x²/4} is below the smallest double (x^k/sqrt(k!) bounds |h_k|
  // there), and the recurrence would overflow between two rescalings.
  constexpr double negligible_beyond = 1000;
  if (std::abs(x) > negligible_beyond)
    return std::vector<double>(static_cast<std::size_t>(max_degree) + 1, 0.0);
  constexpr double large = 0x1p+400;
  // h_k = mantissa · e^{log_scale}: a large mantissa is scaled down and the scale remembered, so
  // that neither the growth of h_k nor the smallness of the weight leaves the range of double.
  double previous = 0, current = 1, log_scale = -x * x / 4;
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(max_degree) + 1);
  for (int k = 0;; ++k) {
    // exp() first would underflow where the mantissa is large: split the scale in two.
    const double half = std::exp(log_scale / 2);
    values.push_back(current * half * half);
    if (k == max_degree) return values;
    const double next = (x * current - std::sqrt(k) * previous) / std::sqrt(k + 1.0);
    previous = current;
    current = next;
    if (std::abs(current) > large) {
      current /= large;
      previous /= large;
      log_scale += std::log(large);
    }
  }
}

std::vector<Rational> monic_hermite_polynomials(const Rational& x, int max_degree) {
  check_degree(max_degree);
  std::vector<Rational> values{Rational(1)};
  values.reserve(static_cast<std::size_t>(max_degree) + 1);
  for (int k = 0; k < max_degree; ++k) {
    Rational next = x * values.back();
    if (k > 0) next -= k * values[static_cast<std::size_t>(k) - 1];
    values.push_back(std::move(next));
  }
  return values;
}

}  // namespace sigmahat
