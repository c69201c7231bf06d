#include <fmt/format.h>

#include <sigmahat/gadget/wick.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

using Exponents = MultivariatePolynomial::Exponents;

/// A product of n different vectors has as many terms as n things have pairings: 9496 for ten of
/// them, 46 million for sixteen.
constexpr std::size_t most_terms = 20'000;

/// W_{α + e_j} = u_j W_α - Σ_k α_k g_jk W_{α - e_k}: the derivative of the generating function by
/// s_j. Every W below α is made once.
class WickRecurrence {
 public:
  explicit WickRecurrence(std::size_t vectors) : variables_{vectors} {}

  const MultivariatePolynomial& at(const Exponents& exponents) {
    if (const auto known = made_.find(exponents); known != made_.end()) return known->second;
    return made_.emplace(exponents, make(exponents)).first->second;
  }

 private:
  MultivariatePolynomial make(Exponents exponents) {
    const std::size_t count = variables_.count();
    std::size_t j = 0;
    while (j < exponents.size() && exponents[j] == 0) ++j;
    if (j == exponents.size()) return MultivariatePolynomial::constant(count, 1);
    --exponents[j];
    MultivariatePolynomial result =
        MultivariatePolynomial::variable(count, variables_.projection(j)) * at(exponents);
    for (std::size_t k = 0; k < exponents.size(); ++k) {
      if (exponents[k] == 0) continue;
      Exponents lower = exponents;
      --lower[k];
      MultivariatePolynomial contracted =
          MultivariatePolynomial::variable(count, variables_.gram(j, k)) * at(lower);
      contracted *= -exponents[k];
      result += contracted;
    }
    if (result.terms().size() > most_terms)
      throw DomainError(fmt::format(
          "its estimator has more than {} terms; expected fewer vectors in a product", most_terms));
    return result;
  }

  WickVariables variables_;
  std::map<Exponents, MultivariatePolynomial> made_;
};

}  // namespace

MultivariatePolynomial wick_polynomial(const Exponents& exponents) {
  return WickRecurrence(exponents.size()).at(exponents);
}

}  // namespace sigmahat
