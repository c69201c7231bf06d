#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <sigmahat/gadget/gadget.hpp>
#include <sigmahat/gadget/wick.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

using Exponents = MultivariatePolynomial::Exponents;

bool uses(const MultivariatePolynomial& p, std::size_t variable) {
  return std::any_of(p.terms().begin(), p.terms().end(),
                     [&](const auto& term) { return term.first[variable] > 0; });
}

std::vector<int> degrees_of(const MultivariatePolynomial& p) {
  std::vector<int> degrees;
  for (int k = 0; k <= p.degree(); ++k)
    if (!p.homogeneous_part(k).is_zero()) degrees.push_back(k);
  return degrees;
}

bool is_certainly_zero(const HermiteCoefficient& c) {
  return c.enclosure.value == 0 && c.enclosure.error_bound == 0;
}

/// A well-known activation whose coefficients of these degrees are not zero; exp has them all.
std::string one_that_serves(const std::vector<int>& degrees) {
  for (const char* name : {"relu", "erf", "max(x - 1/2, 0)"}) {
    const CoefficientTable table = hermite_coefficients(parse_activation(name), degrees.back(), 17);
    if (std::none_of(degrees.begin(), degrees.end(), [&](int k) {
          return contains_zero(table.coefficients[static_cast<std::size_t>(k)].enclosure);
        }))
      return name;
  }
  return "exp";
}

}  // namespace

MultivariatePolynomial parse_inner_product_polynomial(std::string_view text) {
  std::vector<std::string> names{"s", "t"};
  for (std::size_t j = 1; j <= max_gadget_vectors; ++j) names.push_back(fmt::format("t{}", j));
  const MultivariatePolynomial p = parse_polynomial(text, names, max_gadget_degree);

  bool only_t = true;
  for (std::size_t i = 0; i < names.size(); ++i) only_t = only_t && (i == 1 || !uses(p, i));
  const auto vector_of = [&](std::size_t i) {
    return i == 0 ? 0 : i == 1 ? (only_t ? 0 : 1) : i - 2;
  };
  std::size_t vectors = 1;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (uses(p, i)) vectors = std::max<std::size_t>(vectors, vector_of(i) + 1);

  MultivariatePolynomial result(vectors);
  for (const auto& [exponents, coefficient] : p.terms()) {
    Exponents merged(vectors, 0);
    for (std::size_t i = 0; i < names.size(); ++i)
      if (exponents[i] > 0) merged[vector_of(i)] += exponents[i];
    result += MultivariatePolynomial::monomial(merged, coefficient);
  }
  return result;
}

std::vector<HermiteCoefficient> estimable_coefficients(const Activation& activation,
                                                       const std::vector<int>& degrees,
                                                       int digits) {
  std::vector<HermiteCoefficient> coefficients;
  if (degrees.empty()) return coefficients;
  const CoefficientTable table = hermite_coefficients(activation, degrees.back(), digits);
  for (const int k : degrees) {
    const HermiteCoefficient& c = table.coefficients[static_cast<std::size_t>(k)];
    if (is_certainly_zero(c))
      throw DomainError(
          fmt::format("degree {} cannot be estimated from labels of {}: its coefficient vanishes; "
                      "{} would serve",
                      k, activation.name(), one_that_serves(degrees)));
    if (contains_zero(c.enclosure))
      throw NumericalError(
          fmt::format("{} digits cannot tell coefficient {} of {} from zero: more may", digits, k,
                      activation.name()));
    coefficients.push_back(c);
  }
  return coefficients;
}

Gadget::Gadget(MultivariatePolynomial p, Activation activation, int digits)
    : p_(std::move(p)), activation_(std::move(activation)), digits_(digits) {
  if (p_.variables() == 0 || p_.variables() > max_gadget_vectors)
    throw DomainError(
        fmt::format("a gadget has 1 to {} vectors, not {}", max_gadget_vectors, p_.variables()));
  if (p_.degree() > max_gadget_degree)
    throw DomainError(fmt::format("the degree of a gadget must be at most {}, not {}",
                                  max_gadget_degree, p_.degree()));
  const std::vector<int> degrees = degrees_of(p_);
  std::vector<HermiteCoefficient> coefficients =
      estimable_coefficients(activation_, degrees, digits);
  for (std::size_t i = 0; i < degrees.size(); ++i) {
    const int k = degrees[i];
    MultivariatePolynomial wick(WickVariables{vectors()}.count());
    const MultivariatePolynomial of_degree = p_.homogeneous_part(k);
    for (const auto& [exponents, coefficient] : of_degree.terms()) {
      MultivariatePolynomial term = wick_polynomial(exponents);
      term *= coefficient;
      wick += term;
    }
    parts_.push_back({k, std::move(coefficients[i]), std::move(wick)});
  }
}

template <Scalar T>
T factor_of(const Gadget::Part& part) {
  using std::sqrt;
  Rational factorial = 1;
  for (int i = 2; i <= part.degree; ++i) factorial *= i;
  return 1 / (sqrt(from_rational<T>(factorial)) * from_enclosure<T>(part.coefficient.enclosure));
}
template double factor_of(const Gadget::Part&);
template Real factor_of(const Gadget::Part&);
template Interval factor_of(const Gadget::Part&);

template <Scalar T>
BoundGadget<T>::BoundGadget(const Gadget& gadget, const Matrix<T>& gram,
                            std::optional<std::size_t> by) {
  const std::size_t n = gadget.vectors();
  if (gram.rows() != static_cast<Eigen::Index>(n) || gram.cols() != gram.rows())
    throw DomainError(fmt::format("a gadget of {} vectors needs their {}x{} Gram matrix, not {}x{}",
                                  n, n, n, gram.rows(), gram.cols()));
  const WickVariables variables{n};
  std::map<std::vector<int>, T> collected;
  for (const Gadget::Part& part : gadget.parts()) {
    const T factor = factor_of<T>(part);
    const MultivariatePolynomial wick = by ? derivative(part.wick, *by) : part.wick;
    for (const auto& [exponents, coefficient] : wick.terms()) {
      T value = factor * from_rational<T>(coefficient);
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t k = j; k < n; ++k)
          if (const int e = exponents[variables.gram(j, k)]; e > 0)
            value *= power(gram(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(k)), e);
      const std::vector<int> of_u(exponents.begin(),
                                  exponents.begin() + static_cast<std::ptrdiff_t>(n));
      const auto [place, is_new] = collected.try_emplace(of_u, value);
      if (!is_new) place->second += value;
    }
  }
  for (auto& [exponents, coefficient] : collected)
    terms_.push_back({std::move(coefficient), exponents});
}

template <Scalar T>
Vector<T> BoundGadget<T>::operator()(const Matrix<T>& projections) const {
  Vector<T> sum = Vector<T>::Constant(projections.rows(), T(0));
  Vector<T> product(projections.rows());
  // Powers of each column once; a term is a product of some of them.
  std::vector<std::vector<Vector<T>>> powers(static_cast<std::size_t>(projections.cols()));
  const auto column_power = [&](std::size_t j, int exponent) -> const Vector<T>& {
    auto& made = powers[j];
    const auto column = projections.col(static_cast<Eigen::Index>(j));
    if (made.empty()) made.push_back(column);
    while (static_cast<int>(made.size()) < exponent)
      made.push_back(made.back().cwiseProduct(column));
    return made[static_cast<std::size_t>(exponent) - 1];
  };
  for (const Term& term : terms_) {
    product.setConstant(term.coefficient);
    for (std::size_t j = 0; j < term.exponents.size(); ++j)
      if (term.exponents[j] > 0) product = product.cwiseProduct(column_power(j, term.exponents[j]));
    sum += product;
  }
  return sum;
}
template class BoundGadget<double>;
template class BoundGadget<Real>;
template class BoundGadget<Interval>;

template <Scalar T>
T expectation(const Gadget& gadget, const Vector<T>& a, const Matrix<T>& inner) {
  if (inner.rows() != a.size() || inner.cols() != static_cast<Eigen::Index>(gadget.vectors()))
    throw DomainError("the inner products have a row for each neuron, a column for each vector");
  T sum(0);
  for (Eigen::Index l = 0; l < a.size(); ++l) {
    const Vector<T> row = inner.row(l).transpose();
    const T value = gadget.polynomial().value_at(
        std::span<const T>(row.data(), static_cast<std::size_t>(row.size())));
    sum += a[l] * value;
  }
  return sum;
}
template double expectation(const Gadget&, const Vector<double>&, const Matrix<double>&);
template Real expectation(const Gadget&, const Vector<Real>&, const Matrix<Real>&);
template Interval expectation(const Gadget&, const Vector<Interval>&, const Matrix<Interval>&);

}  // namespace sigmahat
