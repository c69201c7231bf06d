#include <algorithm>
#include <array>
#include <cmath>

#include <sigmahat/activation/weak_derivative.hpp>
#include <sigmahat/numeric/overloaded.hpp>
#include <sigmahat/sampling/batch_activation.hpp>

namespace sigmahat {
namespace {

constexpr std::size_t chunk = 64;

/// Calls work(start, length) for pieces of a chunk's length and the rest.
template <class Work>
void for_each_chunk(std::size_t count, Work work) {
  for (std::size_t start = 0; start < count; start += chunk)
    work(start, std::min(chunk, count - start));
}

/// x ← activation(x), in double.
template <class T>
void apply(const Activation& activation, std::span<T> x) {
  if constexpr (std::same_as<T, double>) {
    activation.apply(x);
  } else {
    std::array<double, 4 * chunk> wide;
    for (std::size_t start = 0; start < x.size(); start += wide.size()) {
      const auto part = x.subspan(start, std::min(wide.size(), x.size() - start));
      std::copy(part.begin(), part.end(), wide.begin());
      activation.apply(std::span(wide).first(part.size()));
      std::transform(wide.begin(), wide.begin() + static_cast<std::ptrdiff_t>(part.size()),
                     part.begin(), [](double v) { return static_cast<T>(v); });
    }
  }
}

/// With H_k = ‖b‖^k h_k(u/‖b‖) the sums Σ g_k H_k, Σ g_k ∂H_k/∂u = Σ g_k √k H_{k-1} and, where
/// wanted, Σ g_k ∂H_k/∂‖b‖² = -Σ g_k √(k(k-1))/2 H_{k-2}, by the recurrence of MATH.md 1, which
/// loses no digits at any degree, where powers of u would.
template <class T>
void hermite_sum(const std::vector<double>& g, T squared_norm, const T* u, T* values, T* slopes,
                 T* norm_slopes) {
  std::array<T, chunk> previous{}, current;
  current.fill(1);
  std::fill_n(values, chunk, g.empty() ? T(0) : static_cast<T>(g[0]));
  std::fill_n(slopes, chunk, T(0));
  if (norm_slopes) std::fill_n(norm_slopes, chunk, T(0));
  for (std::size_t k = 1; k < g.size(); ++k) {
    const double root = std::sqrt(static_cast<double>(k));
    const double root_before = std::sqrt(static_cast<double>(k - 1));
    const T up = static_cast<T>(1 / root);
    const T down = static_cast<T>(root_before / root) * squared_norm;
    const T value_factor = static_cast<T>(g[k]), slope_factor = static_cast<T>(g[k] * root);
    if (norm_slopes) {
      const T norm_factor = static_cast<T>(-g[k] * root * root_before / 2);
      for (std::size_t i = 0; i < chunk; ++i) norm_slopes[i] += norm_factor * previous[i];
    }
    for (std::size_t i = 0; i < chunk; ++i) {
      const T next = up * u[i] * current[i] - down * previous[i];
      slopes[i] += slope_factor * current[i];
      values[i] += value_factor * next;
      previous[i] = current[i];
      current[i] = next;
    }
  }
}

/// @param slopes, norm_slopes  empty where not wanted
template <class T>
void hermite_sums(const std::vector<double>& g, T squared_norm, std::span<T> u, std::span<T> values,
                  std::span<T> slopes, std::span<T> norm_slopes) {
  // Always whole chunks: a value is treated alike wherever it stands.
  for_each_chunk(u.size(), [&](std::size_t start, std::size_t length) {
    std::array<T, chunk> points{}, value, slope, norm_slope;
    std::copy_n(u.data() + start, length, points.data());
    hermite_sum(g, squared_norm, points.data(), value.data(), slope.data(),
                norm_slopes.empty() ? nullptr : norm_slope.data());
    std::copy_n(value.data(), length, values.data() + start);
    if (!slopes.empty()) std::copy_n(slope.data(), length, slopes.data() + start);
    if (!norm_slopes.empty()) std::copy_n(norm_slope.data(), length, norm_slopes.data() + start);
  });
}

}  // namespace

template <class T>
typename BatchActivation<T>::Kind BatchActivation<T>::kind_of(const Activation& activation) {
  if (const auto* f = std::get_if<PiecewisePolynomial>(&activation.structure())) {
    const auto slope = [](const Polynomial& piece) -> std::optional<T> {
      if (piece.empty()) return T(0);
      if (piece.size() == 2 && piece[0] == 0)
        return static_cast<T>(from_rational<double>(piece[1]));
      return {};
    };
    const bool at_zero = f->breakpoints.size() == 1 && f->breakpoints[0] == 0;
    const auto left = slope(f->pieces.front()), right = slope(f->pieces.back());
    if ((at_zero || f->breakpoints.empty()) && left && right) return Halves{*left, *right};
  }
  if (const auto* f = std::get_if<HermitePolynomial>(&activation.structure())) {
    std::vector<double> g(static_cast<std::size_t>(f->degree) + 1, 0.0);
    g.back() = 1;
    return HermiteSum{std::move(g)};
  }
  if (const auto* f = std::get_if<Logistic>(&activation.structure()))
    if (f->kind == Logistic::Kind::tanh || f->kind == Logistic::Kind::sigmoid)
      return Sigmoid{activation, from_rational<double>(f->rate), f->kind == Logistic::Kind::tanh};
  return General{activation, weak_derivative(activation)};
}

template <class T>
BatchActivation<T>::BatchActivation(const Activation& activation) : kind_(kind_of(activation)) {}

template <class T>
bool BatchActivation<T>::has_slopes() const {
  const auto* general = std::get_if<General>(&kind_);
  return !general || general->derivative;
}

template <class T>
void BatchActivation<T>::values(std::span<T> u) const {
  std::visit(
      Overloaded{[&](const Halves& f) {
                   for (T& x : u) x *= x > 0 ? f.right : f.left;
                 },
                 [&](const HermiteSum& f) { hermite_sums<T>(f.coefficients, 1, u, u, {}, {}); },
                 [&](const auto& f) { apply(f.activation, u); }},
      kind_);
}

template <class T>
void BatchActivation<T>::values_and_slopes(std::span<T> u, std::span<T> values) const {
  std::visit(
      Overloaded{[&](const Halves& f) {
                   const T left = f.left, right = f.right, middle = (left + right) / 2;
                   T* const x = u.data();
                   T* const v = values.data();
                   for (std::size_t i = 0; i < u.size(); ++i) {
                     const T slope = x[i] > 0 ? right : x[i] < 0 ? left : middle;
                     v[i] = x[i] * slope;
                     x[i] = slope;
                   }
                 },
                 [&](const HermiteSum& f) { hermite_sums<T>(f.coefficients, 1, u, values, u, {}); },
                 [&](const Sigmoid& f) {
                   apply(f.activation, u);
                   std::copy(u.begin(), u.end(), values.begin());
                   const T rate = static_cast<T>(f.rate), origin = f.is_tanh ? T(-1) : T(0);
                   for (T& v : u) v = rate * ((1 - v) * (v - origin));
                 },
                 [&](const General& f) {
                   std::copy(u.begin(), u.end(), values.begin());
                   apply(f.activation, values);
                   apply(*f.derivative, u);
                 }},
      kind_);
}

template <class T>
void BatchActivation<T>::values_and_slopes(std::span<T> u, T squared_norm, std::span<T> values,
                                           std::span<T> norm_slopes) const {
  hermite_sums<T>(std::get<HermiteSum>(kind_).coefficients, squared_norm, u, values, u,
                  norm_slopes);
}

template class BatchActivation<float>;
template class BatchActivation<double>;

}  // namespace sigmahat
