#include <algorithm>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/numeric/overloaded.hpp>

namespace sigmahat {
namespace {

/// Expands f; gives up beyond the degree, and where the coefficients grow past the numbers that an
/// expression may hold.
class Expansion {
 public:
  explicit Expansion(int max_degree) : max_size_(static_cast<std::size_t>(max_degree) + 1) {}

  std::optional<Polynomial> of(const Expression& f) const {
    return std::visit(Overloaded{
                          [](const Expression::Number& u) -> std::optional<Polynomial> {
                            return u.value == 0 ? Polynomial{} : Polynomial{u.value};
                          },
                          [&](const Expression::Variable&) -> std::optional<Polynomial> {
                            if (max_size_ < 2) return {};
                            return Polynomial{0, 1};
                          },
                          [&](const Expression::Sum& u) -> std::optional<Polynomial> {
                            Polynomial result;
                            for (const Expression& term : u.terms) {
                              const auto p = of(term);
                              if (!p) return {};
                              result = sum(result, *p);
                            }
                            return result;
                          },
                          [&](const Expression::Product& u) -> std::optional<Polynomial> {
                            std::optional<Polynomial> result = Polynomial{1};
                            for (const Expression& factor : u.factors) {
                              const auto p = of(factor);
                              if (!p) return {};
                              result = times(*result, *p);
                              if (!result) return {};
                            }
                            return result;
                          },
                          [&](const Expression::Power& u) -> std::optional<Polynomial> {
                            if (denominator(u.exponent) != 1 || u.exponent < 0) return {};
                            const auto base = of(u.base);
                            if (!base) return {};
                            std::optional<Polynomial> result = Polynomial{1};
                            for (Rational i = 0; i < u.exponent && result; i += 1)
                              result = times(*result, *base);
                            return result;
                          },
                          [](const Expression::Pi&) -> std::optional<Polynomial> { return {}; },
                          [](const Expression::Call&) -> std::optional<Polynomial> { return {}; },
                      },
                      f.node());
  }

 private:
  std::optional<Polynomial> times(const Polynomial& p, const Polynomial& q) const {
    if (!p.empty() && !q.empty() && p.size() + q.size() - 1 > max_size_) return {};
    Polynomial result = product(p, q);
    if (!std::all_of(result.begin(), result.end(), is_short)) return {};
    return result;
  }

  static bool is_short(const Rational& c) {
    return mpz_sizeinbase(mpq_numref(c.backend().data()), 2) +
               mpz_sizeinbase(mpq_denref(c.backend().data()), 2) <=
           Expression::max_number_bits;
  }

  std::size_t max_size_;
};

}  // namespace

std::optional<Polynomial> rational_polynomial(const Expression& f, int max_degree) {
  return Expansion(max_degree).of(f);
}

}  // namespace sigmahat
