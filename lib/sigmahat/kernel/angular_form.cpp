#include <utility>

#include <sigmahat/kernel/angular_form.hpp>

namespace sigmahat {
namespace {

const Polynomial identity{0, 1};
const Polynomial root_squared{1, 0, -1};  // s² = 1 - ρ²

Polynomial difference(const Polynomial& p, const Polynomial& q) {
  return sum(p, product(Rational(-1), q));
}

Polynomial reflected(Polynomial p) {
  for (std::size_t i = 1; i < p.size(); i += 2) p[i] = -p[i];
  return p;
}

/// p = quotient·(1 - ρ²) + remainder
struct Division {
  Polynomial quotient, remainder;
};
Division divided_by_root_squared(const Polynomial& p) {
  Division result{{}, p};
  while (result.remainder.size() > 2) {
    Polynomial term(result.remainder.size() - 2, Rational(0));
    term.back() = -result.remainder.back();
    result.quotient = sum(result.quotient, term);
    result.remainder = difference(result.remainder, product(term, root_squared));
  }
  return result;
}

Polynomial power_of_root_squared(int n) {
  Polynomial result{1};
  for (; n > 0; --n) result = product(result, root_squared);
  return result;
}

/// φ_0 s^n ζ_n. ζ_0 = 1/2, ζ_1 = φ_0 and ζ_n = (n-1) ζ_{n-2}; φ_0² = 1/(2π).
AngularForm boundary_moment(int n) {
  Rational zeta = n % 2 == 0 ? Rational(1, 2) : Rational(1);
  for (int k = n; k > 1; k -= 2) zeta *= k - 1;
  const Polynomial p = product(zeta, power_of_root_squared(n / 2));
  AngularForm form;
  (n % 2 == 0 ? form.plain : form.root) = p;
  return form;
}

}  // namespace

AngularForm sum(const AngularForm& f, const AngularForm& g) {
  return {sum(f.turn, g.turn),
          sum(f.opposite_turn, g.opposite_turn),
          sum(f.root, g.root),
          sum(f.inverse_root, g.inverse_root),
          sum(f.inverse_cube, g.inverse_cube),
          sum(f.plain, g.plain)};
}

AngularForm product(const Polynomial& p, const AngularForm& f) {
  return {product(p, f.turn),         product(p, f.opposite_turn), product(p, f.root),
          product(p, f.inverse_root), product(p, f.inverse_cube),  product(p, f.plain)};
}

AngularForm reflected(const AngularForm& f) {
  return {reflected(f.opposite_turn), reflected(f.turn),         reflected(f.root),
          reflected(f.inverse_root),  reflected(f.inverse_cube), reflected(f.plain)};
}

AngularForm derivative(const AngularForm& f) {
  // τ(±ρ)' = ±1/(2πs), s' = -ρ/s and (S/s)' = (S' s² + S ρ)/s³.
  const Division over_root = divided_by_root_squared(
      difference(difference(f.turn, f.opposite_turn), product(identity, f.root)));
  return {derivative(f.turn),
          derivative(f.opposite_turn),
          sum(derivative(f.root), over_root.quotient),
          over_root.remainder,
          sum(product(derivative(f.inverse_root), root_squared), product(identity, f.inverse_root)),
          derivative(f.plain)};
}

std::vector<std::vector<AngularForm>> truncated_moments(int highest) {
  const auto at = [](int n) { return static_cast<std::size_t>(n); };
  std::vector<std::vector<AngularForm>> A(at(highest) + 1,
                                          std::vector<AngularForm>(at(highest) + 1));
  const auto times = [](int factor, const AngularForm& f) {
    return product(Polynomial{factor}, f);
  };
  for (int m = 0; m <= highest; ++m)
    for (int n = m; n <= highest; ++n) {
      AngularForm& form = A[at(m)][at(n)];
      if (n == 0)
        form.turn = {1};
      else if (m == 0 && n == 1)
        form.plain = {Rational(1, 2), Rational(1, 2)};
      else if (m == 0)
        form = sum(times(n - 1, A[0][at(n - 2)]), product(identity, boundary_moment(n - 1)));
      else
        form = sum(m == 1 ? boundary_moment(n) : times(m - 1, A[at(m - 2)][at(n)]),
                   times(n, product(identity, A[at(m - 1)][at(n - 1)])));
      A[at(n)][at(m)] = AngularForm(form);
    }
  return A;
}

}  // namespace sigmahat
