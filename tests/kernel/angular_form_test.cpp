#include <doctest/doctest.h>

#include <sigmahat/kernel/angular_form.hpp>

using namespace sigmahat;

namespace {

constexpr int highest = 8;

bool equal(const AngularForm& f, const AngularForm& g) {
  return f.turn == g.turn && f.opposite_turn == g.opposite_turn && f.root == g.root &&
         f.inverse_root == g.inverse_root && f.inverse_cube == g.inverse_cube && f.plain == g.plain;
}
AngularForm times(const Rational& factor, const AngularForm& f) {
  return product(Polynomial{factor}, f);
}

/// E[u^k], k >= 0.
Rational normal_moment(int k) {
  if (k % 2 == 1) return 0;
  Rational moment = 1;
  for (int i = k - 1; i > 1; i -= 2) moment *= i;
  return moment;
}
/// E[u^m v^n]: Isserlis' theorem, j of the u's paired with v's.
Polynomial mixed_moment(int m, int n) {
  Polynomial result;
  Rational pairings = 1;  // C(m,j) C(n,j) j!
  for (int j = 0; j <= std::min(m, n); ++j) {
    result.push_back(pairings * normal_moment(m - j) * normal_moment(n - j));
    pairings = pairings * (m - j) * (n - j) / (j + 1);
  }
  return sum(result, {});
}

}  // namespace

TEST_CASE("Price: the derivative of E[u_+^m v_+^n] is mn E[u_+^(m-1) v_+^(n-1)], exactly") {
  const auto A = truncated_moments(highest);
  for (std::size_t m = 1; m <= highest; ++m)
    for (std::size_t n = 1; n <= highest; ++n) {
      CAPTURE(m);
      CAPTURE(n);
      CHECK(equal(derivative(A[m][n]), times(m * n, A[m - 1][n - 1])));
    }
}

TEST_CASE("The four quadrants together are the moments of Isserlis' theorem") {
  const auto A = truncated_moments(highest);
  for (int m = 0; m <= highest; ++m)
    for (int n = 0; n <= highest; ++n) {
      CAPTURE(m);
      CAPTURE(n);
      const AngularForm& quadrant = A[static_cast<std::size_t>(m)][static_cast<std::size_t>(n)];
      const int u = m % 2 == 0 ? 1 : -1, v = n % 2 == 0 ? 1 : -1;
      const AngularForm all = sum(times(1 + u * v, quadrant), times(u + v, reflected(quadrant)));
      // τ(ρ) + τ(-ρ) = 1/2: both with one factor, and no root.
      CHECK(all.turn == all.opposite_turn);
      CHECK(product(Rational(1, 2), all.turn) == mixed_moment(m, n));
      CHECK(all.root.empty());
      CHECK(all.inverse_root.empty());
      CHECK(all.plain.empty());
    }
}

TEST_CASE("At correlation one E[u_+^m v_+^n] is half of E|u|^(m+n), at minus one nothing") {
  const auto A = truncated_moments(highest);
  for (int m = 0; m <= highest; ++m)
    for (int n = 0; n <= highest; ++n) {
      CAPTURE(m);
      CAPTURE(n);
      const AngularForm& f = A[static_cast<std::size_t>(m)][static_cast<std::size_t>(n)];
      // s = 0, τ(1) = 1/2 and τ(-1) = 0. E[u_+^k] is 1/√(2π) times (k-1)!! for odd k.
      Rational odd = 1;
      for (int i = m + n - 1; i > 1; i -= 2) odd *= i;
      CHECK(value_at(f.turn, 1) == normal_moment(m + n));
      CHECK(value_at(f.plain, 1) == ((m + n) % 2 == 1 ? odd : Rational(0)));
      CHECK(value_at(f.plain, -1) == 0);
      CHECK(f.opposite_turn.empty());
      CHECK(f.inverse_root.empty());
    }
}

TEST_CASE("The quadrant probability and its derivatives are those of Sheppard's formula") {
  // (1/4 + arcsin(ρ)/(2π))' = 1/(2πs), (1/(2πs))' = ρ/(2πs³)
  const AngularForm first = derivative(truncated_moments(0)[0][0]);
  CHECK(first.inverse_root == Polynomial{1});
  CHECK((first.turn.empty() && first.root.empty() && first.plain.empty()));
  const AngularForm second = derivative(first);
  CHECK(second.inverse_cube == Polynomial{0, 1});
  CHECK((second.inverse_root.empty() && second.root.empty() && second.plain.empty()));
}

TEST_CASE("A form reflected twice is itself") {
  for (const auto& row : truncated_moments(highest))
    for (const AngularForm& f : row) CHECK(equal(reflected(reflected(f)), f));
}
