#include <sigmahat/kernel/truncated_powers.hpp>
#include <sigmahat/numeric/bivariate_normal.hpp>

namespace sigmahat {
namespace {

/// f expanded in powers of x - τ.
Polynomial about(const Polynomial& f, const Rational& at) {
  Polynomial shifted = f;
  for (std::size_t i = 0; i < shifted.size(); ++i)
    for (std::size_t k = shifted.size() - 1; k-- > i;) shifted[k] += at * shifted[k + 1];
  return shifted;
}

Polynomial difference(const Polynomial& f, const Polynomial& g) {
  return sum(f, product(Rational(-1), g));
}

}  // namespace

PiecewisePolynomial squared(PiecewisePolynomial f) {
  for (Polynomial& piece : f.pieces) piece = product(piece, piece);
  return f;
}

template <Scalar T>
std::vector<Knot<T>> knots_of(const PiecewisePolynomial& f) {
  std::vector<Knot<T>> knots;
  const auto add = [&](const Rational& at, bool cut, const Polynomial& powers) {
    if (powers.empty()) return;
    Knot<T> knot{from_rational<T>(at), cut, {}};
    for (const Rational& a : powers) knot.coefficients.push_back(from_rational<T>(a));
    knots.push_back(std::move(knot));
  };
  add(0, false, f.pieces.front());
  for (std::size_t j = 0; j < f.breakpoints.size(); ++j)
    add(f.breakpoints[j], true, about(difference(f.pieces[j + 1], f.pieces[j]), f.breakpoints[j]));
  return knots;
}

template <Scalar T>
std::vector<T> single_moments(const T& h, bool cut, int highest) {
  const T density = cut ? normal_density(h) : T(0);
  std::vector<T> moments{T(h * density), density, cut ? normal_tail(h) : T(1)};
  for (int n = 1; n <= highest; ++n) {
    const auto last = moments.size() - 1;
    T next = -(h * moments[last]);
    // E[u t_{n-1}] = E[t_{n-1}'].
    next += n == 1 ? density : T((n - 1) * moments[last - 1]);
    moments.push_back(next);
  }
  return moments;
}

#define SIGMAHAT_INSTANTIATE(T)                                       \
  template std::vector<Knot<T>> knots_of(const PiecewisePolynomial&); \
  template std::vector<T> single_moments(const T&, bool, int)
SIGMAHAT_INSTANTIATE(double);
SIGMAHAT_INSTANTIATE(Real);
SIGMAHAT_INSTANTIATE(Interval);
#undef SIGMAHAT_INSTANTIATE

}  // namespace sigmahat
