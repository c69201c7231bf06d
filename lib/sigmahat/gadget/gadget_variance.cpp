#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include <sigmahat/activation/admissibility.hpp>
#include <sigmahat/gadget/gadget_problem.hpp>
#include <sigmahat/gadget/gadget_variance.hpp>
#include <sigmahat/kernel/derivative_kernel.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;
using IntervalPolynomial = std::map<std::vector<int>, Interval>;
using Intervals = std::vector<Interval>;

constexpr int guard_digits = 10;
/// Of the square of φ before like terms are collected.
constexpr std::size_t most_terms = 20'000;
/// Of intervals: about half a minute.
constexpr double most_operations = 1e9;
/// A variance whose error is larger, relative to Σ a² E[σ²] E[φ²], says no more than a sampled one.
constexpr double largest_relative_error = 1e-3;

std::size_t index(int n) {
  return static_cast<std::size_t>(n);
}

bool contains(const std::vector<int>& list, int k) {
  return std::find(list.begin(), list.end(), k) != list.end();
}

void add(IntervalPolynomial& sum, const std::vector<int>& exponents, const Interval& value) {
  const auto [place, is_new] = sum.try_emplace(exponents, value);
  if (!is_new) place->second += value;
}

/// The transform of φ: E[φ(x + h)] as a polynomial in z_l = ⟨v_l, h⟩. That of W_α is z^α.
IntervalPolynomial transform_of(const Gadget& gadget) {
  IntervalPolynomial transform;
  for (const Gadget::Part& part : gadget.parts()) {
    const Interval factor = factor_of<Interval>(part);
    const MultivariatePolynomial terms = gadget.polynomial().homogeneous_part(part.degree);
    for (const auto& [exponents, coefficient] : terms.terms())
      transform.emplace(exponents, factor * from_rational<Interval>(coefficient));
  }
  return transform;
}

/// The transform of φ(x) φ(±x), from that of φ by Wick's theorem:
///   exp(Σ_lm g_lm ∂_l ∂'_m) p(z) p(±z') at z' = z.
/// Empty where too many terms come up.
std::optional<IntervalPolynomial> transform_of_square(const IntervalPolynomial& p,
                                                      const Matrix<Interval>& gram, bool mirrored) {
  IntervalPolynomial level;  // in z and z'
  for (const auto& [left, c] : p)
    for (const auto& [right, d] : p) {
      const int left_degree = std::accumulate(left.begin(), left.end(), 0);
      const int right_degree = std::accumulate(right.begin(), right.end(), 0);
      // φ(x) φ(-x) is even: its odd terms come in pairs that cancel.
      if (mirrored && (left_degree + right_degree) % 2 != 0) continue;
      std::vector<int> both = left;
      both.insert(both.end(), right.begin(), right.end());
      const Interval product = c * d;
      level.emplace(std::move(both),
                    mirrored && right_degree % 2 != 0 ? Interval(-product) : product);
    }
  IntervalPolynomial result;
  const auto n = static_cast<std::size_t>(gram.rows());
  for (int r = 1; !level.empty(); ++r) {
    if (level.size() > most_terms) return {};
    IntervalPolynomial contracted;
    for (const auto& [both, c] : level) {
      std::vector<int> merged(n);
      for (std::size_t l = 0; l < n; ++l) merged[l] = both[l] + both[n + l];
      add(result, merged, c);
      for (std::size_t l = 0; l < n; ++l)
        for (std::size_t m = 0; m < n; ++m) {
          const Interval& g = gram(static_cast<Index>(l), static_cast<Index>(m));
          const int ways = both[l] * both[n + m];
          if (ways == 0 || certainly_zero(g)) continue;
          std::vector<int> lower = both;
          --lower[l];
          --lower[n + m];
          add(contracted, lower, Interval(c * g * ways / r));
        }
    }
    level = std::move(contracted);
  }
  return result;
}

/// A homogeneous polynomial of degree d in X and Y: the coefficient of X^p Y^{d-p} at p.
Intervals product(const Intervals& f, const Intervals& g) {
  Intervals result(f.size() + g.size() - 1, Interval(0));
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (certainly_zero(f[i])) continue;
    for (std::size_t j = 0; j < g.size(); ++j)
      if (!certainly_zero(g[j])) result[i + j] += f[i] * g[j];
  }
  return result;
}

/// Σ q_α Π_l (x_l X + y_l Y)^{α_l}, by degree.
std::vector<Intervals> on_lines(const IntervalPolynomial& q, const Vector<Interval>& x,
                                const Vector<Interval>& y, int order) {
  std::vector<std::vector<Intervals>> powers(static_cast<std::size_t>(x.size()));
  for (Index l = 0; l < x.size(); ++l) {
    auto& of_l = powers[static_cast<std::size_t>(l)];
    of_l.push_back({Interval(1)});
    for (int e = 1; e <= order; ++e) of_l.push_back(product(of_l.back(), {y[l], x[l]}));
  }
  std::vector<Intervals> result;
  for (int d = 0; d <= order; ++d) result.emplace_back(index(d) + 1, Interval(0));
  for (const auto& [exponents, coefficient] : q) {
    Intervals term{coefficient};
    for (std::size_t l = 0; l < exponents.size(); ++l)
      if (exponents[l] > 0) term = product(term, powers[l][index(exponents[l])]);
    Intervals& sum = result[term.size() - 1];
    for (std::size_t p = 0; p < term.size(); ++p) sum[p] += term[p];
  }
  return result;
}

/// Σ q_α Π_l x_l^{α_l}, by degree.
Intervals on_line(const IntervalPolynomial& q, const Vector<Interval>& x, int order) {
  Intervals result(index(order) + 1, Interval(0));
  for (const auto& [exponents, coefficient] : q) {
    Interval term = coefficient;
    for (std::size_t l = 0; l < exponents.size(); ++l)
      if (exponents[l] > 0) term *= power(x[static_cast<Index>(l)], exponents[l]);
    result[index(std::accumulate(exponents.begin(), exponents.end(), 0))] += term;
  }
  return result;
}

/// E[f(u) He_k(u) He_n(u)] from f_j = E[f(u) He_j(u)]:
/// He_k He_n = Σ_r r! C(k,r) C(n,r) He_{k+n-2r}.
template <class Moment>
Interval moment_of_product(const Moment& f, int k, int n) {
  Interval sum(0);
  Rational weight = 1;
  for (int r = 0; r <= std::min(k, n); ++r) {
    sum += from_rational<Interval>(weight) * f(k + n - 2 * r);
    weight *= Rational((k - r) * (n - r), r + 1);
  }
  return sum;
}

/// √j!
Interval root_factorial(int j) {
  using std::sqrt;
  Rational factorial = 1;
  for (int i = 2; i <= j; ++i) factorial *= i;
  return sqrt(from_rational<Interval>(factorial));
}

/// The moments E[τ(u) τ(±u) He_n(u)] of τ = σ without some degrees T = Σ σ̂_k h_k:
/// σσ' - σT' - Tσ' + TT', a prime for the function of ±u.
Intervals centered_moments(Intervals moments, const CoefficientTable& table,
                           const std::vector<int>& without, bool mirrored) {
  const auto coefficient = [&](int k) {
    return to_interval(table.coefficients[index(k)].enclosure);
  };
  const auto negated = [&](int k) { return mirrored && k % 2 != 0; };
  const auto rest = [&](int j) {  // E[(σ - T) He_j]
    return contains(without, j) ? Interval(0) : Interval(root_factorial(j) * coefficient(j));
  };
  const auto reflected = [&](int j) {  // E[σ' He_j]
    const Interval value = root_factorial(j) * coefficient(j);
    return negated(j) ? Interval(-value) : value;
  };
  for (std::size_t n = 0; n < moments.size(); ++n)
    for (const int k : without) {
      const Interval removed = coefficient(k) / root_factorial(k);  // of He_k in T
      const Interval of_rest = moment_of_product(rest, k, static_cast<int>(n));
      const Interval of_reflected = moment_of_product(reflected, k, static_cast<int>(n));
      moments[n] -= removed * (negated(k) ? Interval(of_reflected - of_rest)
                                          : Interval(of_reflected + of_rest));
    }
  return moments;
}

/// Two rows of the teacher that are not exactly parallel and closest to it.
Correlation<double> widest_correlation(const GadgetProblem<double>& problem) {
  Correlation<double> widest = correlation(0.0);
  for (std::size_t i = 0; i < problem.directions.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      if (problem.directions[i].first == problem.directions[j].first) continue;
      const Correlation<double> c =
          correlation(Vector<double>(problem.teacher.B.row(static_cast<Index>(i))),
                      Vector<double>(problem.teacher.B.row(static_cast<Index>(j))));
      if (c.one_minus * c.one_plus < widest.one_minus * widest.one_plus) widest = c;
    }
  return widest;
}

/// Digits that nearly parallel rows cost: the polynomials behind derivatives of order N have
/// coefficients up to about N! (1-ρ²)^{-N}, the moments that these multiply grow to about N!, and
/// the sum is small.
int digits_lost(const Correlation<double>& c, int order) {
  constexpr double most = 500;
  const double apart = c.one_minus * c.one_plus;
  if (apart <= 0) return static_cast<int>(most);
  if (apart >= 1) return 0;
  const double growth = 2 * std::lgamma(order + 1.0) / std::log(10.0);
  const double lost = growth - order * std::log10(apart);
  return static_cast<int>(std::ceil(std::min(most, lost)));
}

/// E[σ(u)² He_n(u)] or E[σ(u) σ(-u) He_n(u)], n = 0, 1, ...
struct SquareMoments {
  Intervals values;
  Status status;
};

/// Empty where E[σ⁴] is not known to be finite.
std::optional<SquareMoments> square_moments(const Activation& sigma, bool mirrored, int order,
                                            int digits) {
  const Expression f = to_expression(sigma);
  const Expression square = f * (mirrored ? compose(f, -Expression::variable()) : f);
  if (admissibility(square).verdict != Admissibility::square_integrable) return {};
  const CoefficientTable table =
      hermite_coefficients(Activation(to_text(square), structure_of(square)), order, digits);
  SquareMoments moments{{}, table.second_moment.status};
  for (int n = 0; n <= order; ++n) {
    const Enclosure& c = table.coefficients[index(n)].enclosure;
    moments.values.push_back(root_factorial(n) * to_interval(c));
    moments.status = weaker(moments.status, c.status);
  }
  return moments;
}

struct Moment {
  std::optional<Interval> value;
  std::string obstacle;
};

}  // namespace

void require_unbiased(const Gadget& gadget, const std::vector<int>& centered) {
  for (const int k : centered) {
    if (k < 0 || k > max_gadget_degree)
      throw DomainError(
          fmt::format("labels can do without degrees from 0 to {}, not {}", max_gadget_degree, k));
    for (const Gadget::Part& part : gadget.parts())
      if (part.degree == k)
        throw DomainError(
            fmt::format("labels without degree {} would move the mean: the polynomial has terms "
                        "of degree {}",
                        k, k));
  }
}

struct GadgetVariance::Shared {
  /// At the precision in force.
  Shared(Gadget of, GadgetProblem<Interval> on, int order, int digits, const Real& widest);

  Moment label_moment(const std::vector<int>& centered, bool mirrored) const;
  Status status() const;
  double operations() const;

  Gadget gadget;
  GadgetProblem<Interval> problem;
  Matrix<Interval> inner;  ///< m*×n
  int order;               ///< twice the degree of φ
  int digits;              ///< those that are lost included
  DerivativeKernel kernel;
  /// The transforms of φ(x)² and of φ(x) φ(-x); empty where they have too many terms.
  std::optional<IntervalPolynomial> square, mirrored_square;
  std::optional<SquareMoments> moments, mirrored_moments;
};

GadgetVariance::Shared::Shared(Gadget of, GadgetProblem<Interval> on, int order_of_square,
                               int working_digits, const Real& widest)
    : gadget(std::move(of)),
      problem(std::move(on)),
      inner(problem.teacher.B * problem.vectors.transpose()),
      order(order_of_square),
      digits(working_digits),
      kernel(problem.teacher.activation, order, digits, widest) {
  const Matrix<Interval> gram = problem.vectors * problem.vectors.transpose();
  const IntervalPolynomial transform = transform_of(gadget);
  square = transform_of_square(transform, gram, false);
  mirrored_square = transform_of_square(transform, gram, true);
  moments = square_moments(problem.teacher.activation, false, order, digits + guard_digits);
  mirrored_moments = square_moments(problem.teacher.activation, true, order, digits + guard_digits);
}

/// E[ỹ(x) ỹ(±x) φ(x) φ(±x)] without noise. With q the transform of φ(x) φ(±x),
///   E[σ(b·x) γ(c·x) φ φ] = q(⟨b,v_l⟩ ∂_1 + ⟨c,v_l⟩ ∂_2) E[σ(u + s) γ(v + t)] at s = t = 0
/// by Cameron and Martin's shift.
Moment GadgetVariance::Shared::label_moment(const std::vector<int>& centered, bool mirrored) const {
  const IntervalPolynomial& q = mirrored ? *mirrored_square : *square;
  // Of σ(u) and σ(±u).
  const Intervals same = centered_moments(moments->values, kernel.table(), centered, false);
  const Intervals opposite =
      centered_moments(mirrored_moments->values, kernel.table(), centered, true);
  const Vector<Interval>& a = problem.teacher.a;
  const Matrix<Interval> gram = problem.teacher.B * problem.teacher.B.transpose();
  Interval total(0);
  for (Index i = 0; i < a.size(); ++i) {
    const RowDirection& direction = problem.directions[static_cast<std::size_t>(i)];
    const Vector<Interval> along = inner.row(i);
    const Intervals line = on_line(q, along, order);
    const auto parallel = [&](const Intervals& of_square) {
      Interval sum(0);
      for (std::size_t n = 0; n < line.size(); ++n) sum += line[n] * of_square[n];
      return sum;
    };
    total += sigmahat::square(a[i]) * parallel(mirrored ? opposite : same);
    for (Index j = 0; j < i; ++j) {
      const RowDirection& other = problem.directions[static_cast<std::size_t>(j)];
      const Interval weight = 2 * a[i] * a[j];
      if (certainly_zero(weight)) continue;
      if (direction.first == other.first) {
        const bool turned = direction.sign != other.sign;
        total += weight * parallel(mirrored != turned ? opposite : same);
        continue;
      }
      const std::vector<Intervals> lines =
          on_lines(q, along, Vector<Interval>(inner.row(j)), order);
      const auto pair = kernel.contracted(lines, gram(i, j), {mirrored, centered});
      if (!pair)
        return {{}, fmt::format("rows {} and {} of the teacher are nearly parallel", j, i)};
      total += weight * *pair;
    }
  }
  return {total, ""};
}

/// Interval operations, counted as if of a double's precision.
double GadgetVariance::Shared::operations() const {
  const auto rows = static_cast<double>(problem.teacher.B.rows());
  const double orders = (order + 1.0) * (order + 1.0) / 4;
  const double terms =
      static_cast<double>(square->size() * gadget.vectors()) + kernel.table().max_degree();
  const double of_pair = orders * terms + (kernel.needs_moments() ? 16 * orders * orders : 0);
  return rows * rows / 2 * of_pair * std::max(1.0, digits / 50.0);
}

Status GadgetVariance::Shared::status() const {
  Status result = weaker(weaker(moments->status, mirrored_moments->status), Status::certified);
  result = weaker(result, kernel.table().second_moment.status);
  for (const HermiteCoefficient& c : kernel.table().coefficients)
    result = weaker(result, c.enclosure.status);
  return result;
}

GadgetVariance::GadgetVariance(const Gadget& gadget, const Problem& problem, int digits) {
  const int order = 2 * std::max(gadget.polynomial().degree(), 0);
  const Correlation<double> widest =
      widest_correlation(gadget_problem<double>(problem, gadget.vectors()));
  const int working_digits = digits + digits_lost(widest, order);
  const PrecisionScope precision(working_digits, guard_digits);
  // The factors of φ with the working digits too: they multiply what cancels.
  Gadget exact(gadget.polynomial(), gadget.activation(), working_digits);
  shared_ = std::make_shared<const Shared>(std::move(exact),
                                           gadget_problem<Interval>(problem, gadget.vectors()),
                                           order, working_digits, Real(std::abs(widest.rho)));
}

GadgetVariance::Result GadgetVariance::of(const VarianceReduction& reduction) const {
  const Shared& s = *shared_;
  require_unbiased(s.gadget, reduction.centered);
  if (!s.square || !s.mirrored_square) return {{}, "the square of φ has too many terms"};
  if (!s.moments || !s.mirrored_moments)
    return {{},
            fmt::format("E[σ⁴] is not known to be finite for {}", s.gadget.activation().name())};
  if (const double operations = s.operations(); operations > most_operations)
    return {{}, fmt::format("it would take about {:.0e} interval operations", operations)};

  std::vector<int> centered = reduction.centered;
  std::sort(centered.begin(), centered.end());
  centered.erase(std::unique(centered.begin(), centered.end()), centered.end());
  const PrecisionScope precision(s.digits, guard_digits);
  const Moment moment = s.label_moment(centered, false);
  if (!moment.value) return {{}, moment.obstacle};
  const auto constant = s.square->find(std::vector<int>(s.gadget.vectors(), 0));
  const Interval mean_square = constant == s.square->end() ? Interval(0) : constant->second;
  Interval second = *moment.value + s.problem.noise_variance * mean_square;
  if (reduction.antithetic) {
    const Moment mirrored = s.label_moment(centered, true);
    if (!mirrored.value) return {{}, mirrored.obstacle};
    second = Interval(second + *mirrored.value) / 2;
  }
  const Interval variance = second - square(expectation(s.gadget, s.problem.teacher.a, s.inner));
  const Enclosure result = to_enclosure(variance, s.status());

  Interval scale(0);
  for (const Interval& a : s.problem.teacher.a) scale += square(a);
  scale *= mean_square * to_interval(s.kernel.table().second_moment);
  if (result.error_bound > largest_relative_error * upper(scale))
    return {{}, "rows of the teacher are nearly parallel"};
  return {result, ""};
}

}  // namespace sigmahat
