#include <algorithm>

#include <sigmahat/numeric/rational_polynomial.hpp>

namespace sigmahat {
namespace {

Polynomial without_trailing_zeros(Polynomial p) {
  while (!p.empty() && p.back() == 0) p.pop_back();
  return p;
}

}  // namespace

Polynomial sum(const Polynomial& p, const Polynomial& q) {
  Polynomial result(std::max(p.size(), q.size()), Rational(0));
  for (std::size_t i = 0; i < p.size(); ++i) result[i] += p[i];
  for (std::size_t i = 0; i < q.size(); ++i) result[i] += q[i];
  return without_trailing_zeros(std::move(result));
}

Polynomial product(const Polynomial& p, const Polynomial& q) {
  if (p.empty() || q.empty()) return {};
  Polynomial result(p.size() + q.size() - 1, Rational(0));
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0) continue;
    for (std::size_t j = 0; j < q.size(); ++j)
      if (q[j] != 0) result[i + j] += p[i] * q[j];
  }
  return result;
}

Polynomial product(const Rational& factor, Polynomial p) {
  if (factor == 0) return {};
  if (factor != 1)
    for (Rational& coefficient : p) coefficient *= factor;
  return p;
}

Polynomial derivative(const Polynomial& p) {
  Polynomial result;
  for (std::size_t i = 1; i < p.size(); ++i) result.push_back(p[i] * i);
  return result;
}

Rational value_at(const Polynomial& p, const Rational& x) {
  Rational result = 0;
  for (auto coefficient = p.rbegin(); coefficient != p.rend(); ++coefficient)
    result = result * x + *coefficient;
  return result;
}

}  // namespace sigmahat
