#include <algorithm>
#include <cmath>
#include <mutex>

#include <fmt/format.h>

#include <sigmahat/activation/transformed.hpp>
#include <sigmahat/activation/weak_derivative.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/kernel/hermite_expansion.hpp>
#include <sigmahat/kernel/nodal_rule.hpp>
#include <sigmahat/kernel/truncated_powers.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

/// The ladder reaches four degrees beyond the last that is used.
constexpr int reach = 4;
constexpr int longest_series = 2048;

template <Scalar T>
T root(int n) {
  using std::sqrt;
  return sqrt(T(n));
}

/// √(k+1) x_{k+1}
template <Scalar T>
std::vector<T> ladder(const std::vector<T>& x) {
  std::vector<T> result;
  for (std::size_t k = 0; k + 1 < x.size(); ++k)
    result.push_back(root<T>(static_cast<int>(k + 1)) * x[k + 1]);
  return result;
}

/// Sets every sequence from s_0, ..., s_{K+4}.
template <Scalar T>
void derive(HermiteExpansion<T>& e, std::vector<T> s) {
  const auto radial_of = [](const std::vector<T>& x, const std::vector<T>& bend) {
    std::vector<T> result;
    for (std::size_t k = 0; k < bend.size(); ++k)
      result.push_back(static_cast<int>(k) * x[k] + bend[k]);
    return result;
  };
  const std::size_t size = s.size() - reach;
  e.s = std::move(s);
  e.slope = ladder(e.s);
  e.bend = ladder(e.slope);
  e.radial = radial_of(e.s, e.bend);
  e.radial_slope = ladder(e.radial);
  e.radial_bend = radial_of(e.radial, ladder(e.radial_slope));
  for (std::vector<T>* sequence :
       {&e.s, &e.slope, &e.bend, &e.radial, &e.radial_slope, &e.radial_bend})
    sequence->resize(size);
}

// ---- Activations --------------------------------------------------------------------------------

/// A rational point and how far (log r, c) is from it at most.
struct Box {
  Rational length, bias;
  Interval radius_log{0}, radius_bias{0};  ///< in log r; in c
  Interval least_length;

  bool is_point() const { return certainly_zero(radius_log) && certainly_zero(radius_bias); }
};

template <Scalar T>
Box box_of(const T& length, const T& bias) {
  if constexpr (std::same_as<T, Interval>) {
    const auto centre = [](const Interval& x) {
      return Rational((exact_rational(lower(x)) + exact_rational(upper(x))) / 2);
    };
    const auto radius = [](const Interval& x) {
      return Interval((Interval(upper(x)) - Interval(lower(x))) / 2);
    };
    if (!certainly_positive(length)) throw DomainError("a row may be zero: no direction is known");
    // |log r - log r_0| <= |r - r_0| / min(r, r_0)
    return {centre(length), centre(bias), radius(length) / Interval(lower(length)), radius(bias),
            Interval(lower(length))};
  } else if constexpr (std::same_as<T, Real>) {
    return {exact_rational(length), exact_rational(bias), 0, 0, Interval(length)};
  } else {
    return {Rational(length), Rational(bias), 0, 0, Interval(length)};
  }
}

/// E[f h_k], k = 0..K, and E[f²] for one function f of a standard normal variable.
struct PointTable {
  std::vector<Interval> coefficients;
  Interval squared_norm;
  bool proven = true;
  std::string estimated_because{};

  /// Σ_{k>K} E[f h_k]²
  Interval defect(int degree) const {
    Interval left = squared_norm;
    for (int k = 0; k <= degree; ++k) left -= square(coefficients[static_cast<std::size_t>(k)]);
    return left;
  }
};

/// (t_p)^_k = p!/(p-k)! E[t_{p-k}]/√k! for k <= p, and p! φ(h) h_{k-p-1}(h)/√(k(k-1)...(k-p))
/// beyond (MATH.md 2).
void add_truncated_power(std::vector<Interval>& sums, const Interval& a, int p,
                         const std::vector<Interval>& moments, const std::vector<Interval>& tail) {
  Interval factor = a;  // a p!/(p-k)!/√k!
  for (int k = 0; k < static_cast<int>(sums.size()); ++k) {
    auto& sum = sums[static_cast<std::size_t>(k)];
    if (k <= p) {
      if (k > 0) factor *= (p - k + 1) / root<Interval>(k);
      sum += factor * moments[static_cast<std::size_t>(p - k + 2)];
    } else if (!tail.empty()) {
      Interval falling(1);
      for (int j = 0; j <= p; ++j) falling *= k - j;
      Interval factorial(1);
      for (int j = 2; j <= p; ++j) factorial *= j;
      sum += a * factorial * tail[static_cast<std::size_t>(k - p - 1)] / sqrt(falling);
    }
  }
}

/// Of a piecewise polynomial: intervals forget how the values of the recurrence for h_k(h) are
/// correlated and widen like e^{|h|√k}, at most to 1/φ(h) beyond √k = |h|/2: digits are added.
PointTable piecewise_table(const PiecewisePolynomial& f, int max_degree, int digits) {
  Real farthest(1);
  for (const Rational& h : f.breakpoints)
    farthest = std::max(farthest, Real(abs(from_rational<Real>(h))));
  const double widening = static_cast<double>(farthest) * std::sqrt(max_degree + 1.0);
  const PrecisionScope precision(digits + 10 + static_cast<int>(std::min(2 * widening, 1e5)));
  PointTable table{std::vector<Interval>(static_cast<std::size_t>(max_degree) + 1, Interval(0)),
                   Interval(0)};
  for (const Knot<Interval>& knot : knots_of<Interval>(f)) {
    const std::vector<Interval> moments = single_moments(knot.at, knot.cut, knot.degree());
    std::vector<Interval> tail;  // φ(h) h_k(h)
    for (int k = 0; knot.cut && k < max_degree; ++k) {
      const auto last = tail.size() - 1;
      tail.push_back(
          k == 0   ? moments[1]
          : k == 1 ? Interval(knot.at * tail[0])
                   : Interval((knot.at * tail[last] - root<Interval>(k - 1) * tail[last - 1]) /
                              root<Interval>(k)));
    }
    for (int p = 0; p <= knot.degree(); ++p)
      add_truncated_power(table.coefficients, knot.coefficients[static_cast<std::size_t>(p)], p,
                          moments, tail);
  }
  for (const Knot<Interval>& knot : knots_of<Interval>(squared(f))) {
    const std::vector<Interval> moments = single_moments(knot.at, knot.cut, knot.degree());
    for (int p = 0; p <= knot.degree(); ++p)
      table.squared_norm +=
          knot.coefficients[static_cast<std::size_t>(p)] * moments[static_cast<std::size_t>(p + 2)];
  }
  return table;
}

/// Of f(r u + c) at a rational point, whose symbols would be of hundreds of digits.
PointTable table_of(const Expression& f, const Rational& length, const Rational& bias,
                    int max_degree, int digits) {
  const Activation g = transformed(f, length, bias);
  if (const auto* pieces = std::get_if<PiecewisePolynomial>(&g.structure()))
    return piecewise_table(*pieces, max_degree, digits);
  const CoefficientTable table = hermite_coefficients(g, max_degree, digits, Symbols::none);
  PointTable result{{},
                    to_interval(table.second_moment),
                    table.second_moment.status != Status::estimated,
                    table.estimated_because};
  for (const HermiteCoefficient& c : table.coefficients)
    result.coefficients.push_back(to_interval(c.enclosure));
  return result;
}

/// What is known of f(r u + c) over a box.
class Norms {
 public:
  /// Throws DomainError where the function, over a box a little larger, is not square integrable.
  Norms(const Expression& f, const Box& box, int digits) : box_(box) {
    const PointTable centre = table_of(f, box.length, box.bias, 0, digits);
    proven_ = centre.proven;
    squared_norm_ = centre.squared_norm;
    if (box.is_point() || !proven_) return;
    // The density of ru + c at t, against that of r_1 u + c_0 with r_1 > r: their ratio is at most
    // r_1/r exp(e²/(2(r_1² - r²))), e = c - c_0, for c - c_0 <= e.
    const Interval spread = 1 + 2 * box.radius_log + Interval(1) / 64;
    const Rational wide =
        exact_rational(upper(Interval(from_rational<Interval>(box.length) * spread)));
    const Interval r = from_rational<Interval>(box.length) * (1 + 2 * box.radius_log);
    const Interval r_wide = from_rational<Interval>(wide);
    const Interval ratio =
        r_wide / box.least_length *
        exp(Interval(square(box.radius_bias) / (2 * (square(r_wide) - square(r)))));
    const PointTable squares =
        table_of(Expression::power(f, Rational(2)), wide, box.bias, 0, digits);
    proven_ = squares.proven;
    norm_ = sqrt(Interval(ratio * squares.coefficients[0]));
    norm_of_square_ = sqrt(Interval(ratio * squares.squared_norm));
  }

  bool proven() const { return proven_; }
  /// How far the k-th coefficient of f, or of f², moves over the box.
  Interval drift(int k) const { return moved(k, norm_); }
  Interval drift_of_square(int k) const { return moved(k, norm_of_square_); }
  /// At least E[f(ru + c)²].
  Interval largest_squared_norm() const {
    return Interval(upper(squared_norm_)) + drift_of_square(0);
  }

 private:
  Interval moved(int k, const Interval& norm) const {
    if (box_.is_point()) return 0;
    return Interval(upper(Interval(((2 * k + 2) * box_.radius_log +
                                    sqrt(Interval(k + 1)) * box_.radius_bias / box_.least_length) *
                                   norm)));
  }

  Box box_;
  bool proven_;
  Interval squared_norm_, norm_{0}, norm_of_square_{0};
};

Interval either_way(const Interval& size) {
  return make_interval(Real(-upper(size)), upper(size));
}

template <Scalar T>
class ActivationExpansions {
 public:
  ActivationExpansions(const Activation& sigma, const ExpansionLength& length)
      : f_(to_expression(sigma)),
        name_(sigma.name()),
        digits_(std::max(PrecisionScope::digits(), length.defect_digits.value_or(0)) + 5),
        length_(length) {
    if (std::same_as<T, double> && sigma.kinks().empty()) nodal_.emplace(sigma);
    std::optional<Activation> slope = sigma;
    for (int order = 1; order <= 2 && slope; ++order) {
      slope = weak_derivative(*slope);
      if (slope) slopes_.push_back(to_expression(*slope));
    }
  }

  std::shared_ptr<const HermiteExpansion<T>> at(const T& length, const T& bias) {
    if constexpr (std::same_as<T, double>)
      if (auto expansion = by_nodes(length, bias)) return expansion;
    const std::lock_guard lock(mutex_);
    const auto same = [](const T& x, const T& y) {
      if constexpr (std::same_as<T, Interval>)
        return lower(x) == lower(y) && upper(x) == upper(y);
      else
        return x == y;
    };
    for (const Made& made : made_)
      if (same(made.length, length) && same(made.bias, bias)) return made.expansion;
    constexpr std::size_t most_kept = 1024;
    if (made_.size() == most_kept) made_.clear();
    made_.push_back({length, bias, expand(box_of(length, bias))});
    return made_.back().expansion;
  }

 private:
  struct Made {
    T length, bias;
    std::shared_ptr<const HermiteExpansion<T>> expansion;
  };

  std::shared_ptr<const HermiteExpansion<T>> expand(const Box& box) const {
    auto expansion = std::make_shared<HermiteExpansion<T>>();
    std::vector<Interval> s, squared;
    {
      const PrecisionScope precision(digits_);
      s = long_enough(box).coefficients;
      squared = table_of(Expression::power(f_, Rational(2)), box.length, box.bias, reach, digits_)
                    .coefficients;
      if constexpr (std::same_as<T, Interval>) {
        const Norms norms(f_, box, digits_);
        for (std::size_t k = 0; k < s.size(); ++k)
          s[k] += either_way(norms.drift(static_cast<int>(k)));
        for (std::size_t k = 0; k < squared.size(); ++k)
          squared[k] += either_way(norms.drift_of_square(static_cast<int>(k)));
        bound_rest(*expansion, s, norms, box);
      }
    }
    expansion->squared.emplace();
    for (std::size_t k = 0; k < squared.size(); ++k) (*expansion->squared)[k] = rounded(squared[k]);
    std::vector<T> coefficients;
    for (const Interval& x : s) coefficients.push_back(rounded(x));
    derive(*expansion, std::move(coefficients));
    return expansion;
  }

  /// In double, where the quick rule does; only of what the slow one proves.
  std::shared_ptr<const HermiteExpansion<double>> by_nodes(
      double length, double bias) requires std::same_as<T, double> {
    if (!nodal_) return nullptr;
    std::call_once(nodal_checked_, [&] {
      const PrecisionScope precision(digits_);
      nodal_serves_ = table_of(f_, 1, 0, 0, digits_).proven;
    });
    if (!nodal_serves_) return nullptr;
    std::optional<NodalRule::Coefficients> made;
    int degree = length_.least_degree;
    if (!length_.defect_digits) {
      made = (*nodal_)(length, bias, degree + reach);
      if (!made) return nullptr;
    } else {
      // What is between K and 2K bounds the rest of a series that falls like a geometric one or
      // faster; below the square of rounding there is nothing to see.
      for (int longest = 2 * degree;; longest *= 2) {
        made = (*nodal_)(length, bias, longest + reach);
        if (!made) return nullptr;
        const std::vector<double>& s = made->of_function;
        const double enough =
            std::max(std::pow(10.0, -*length_.defect_digits), 1e-31 * longest * made->of_square[0]);
        const auto beyond = [&](int k) {
          double sum = 0;
          for (int i = longest; i > k; --i) sum += square(s[static_cast<std::size_t>(i)]);
          return sum;
        };
        while (2 * degree < longest && beyond(degree) > enough) degree *= 2;
        if (beyond(degree) <= enough) break;
        if (longest >= longest_series) {
          degree = longest;
          break;
        }
      }
    }
    auto expansion = std::make_shared<HermiteExpansion<double>>();
    expansion->squared = made->of_square;
    made->of_function.resize(static_cast<std::size_t>(degree + reach + 1));
    derive(*expansion, std::move(made->of_function));
    return expansion;
  }

  /// At the precision in force.
  static T rounded(const Interval& x) {
    return from_enclosure<T>(to_enclosure(x, Status::certified));
  }

  PointTable long_enough(const Box& box) const {
    for (int degree = length_.least_degree;; degree *= 2) {
      PointTable table = table_of(f_, box.length, box.bias, degree + reach, digits_);
      if (!table.proven)
        throw DomainError(fmt::format("the coefficients of {} are not proven: {}", name_,
                                      table.estimated_because));
      if (!length_.defect_digits || degree >= longest_series ||
          upper(table.defect(degree)) <= pow(Real(10), -*length_.defect_digits))
        return table;
    }
  }

  /// Fills in `beyond`: Σ_{k>=n} k(k-1)...s_k² is E[(σ(ru+c))'²] and the like without the terms
  /// below n.
  void bound_rest(HermiteExpansion<T>& expansion, const std::vector<Interval>& s,
                  const Norms& norms, const Box& box) const requires std::same_as<T, Interval> {
    const auto remains = [&](const Interval& whole, auto factor) {
      std::vector<Real> beyond;
      Interval left = whole;
      for (std::size_t k = 0; k < s.size(); ++k) {
        beyond.push_back(std::max(Real(0), upper(left)));
        left -= factor(static_cast<int>(k)) * square(s[k]);
      }
      beyond.push_back(std::max(Real(0), upper(left)));
      return beyond;
    };
    expansion.beyond[0] = remains(norms.largest_squared_norm(), [](int) { return 1; });
    const Interval length = from_rational<Interval>(box.length) * (1 + 2 * box.radius_log);
    for (std::size_t q = 1; q <= slopes_.size(); ++q) {
      std::optional<Norms> of_slope;
      try {
        of_slope.emplace(slopes_[q - 1], box, digits_);
      } catch (const DomainError&) {
        return;  // not square integrable at this length
      }
      if (!of_slope->proven()) return;
      const Interval whole =
          power(length, static_cast<int>(2 * q)) * of_slope->largest_squared_norm();
      // k² <= 2k(k-1) from k = 2 on.
      if (q == 1) {
        expansion.beyond[q] = remains(whole, [](int k) { return k; });
      } else {
        expansion.beyond[q] = remains(whole, [](int k) { return k * (k - 1); });
        for (Real& bound : expansion.beyond[q]) bound *= 2;
      }
    }
  }

  Expression f_;
  std::string name_;
  int digits_;
  ExpansionLength length_;
  std::vector<Expression> slopes_;  ///< σ', σ'', as far as they are functions
  std::optional<NodalRule> nodal_;
  std::once_flag nodal_checked_;
  bool nodal_serves_ = false;
  std::mutex mutex_;
  std::vector<Made> made_;
};

// ---- Polynomials --------------------------------------------------------------------------------

template <Scalar T>
std::shared_ptr<const HermiteExpansion<T>> polynomial_expansion(const std::vector<T>& g,
                                                                const T& length, const T& bias) {
  const auto size = static_cast<int>(g.size());
  // √(j+1) e_{j+1} = c e_j - (1-r²) √j e_{j-1}
  const T narrower = 1 - square(length);
  std::vector<T> e{T(1)};
  for (int j = 0; j + 1 < size; ++j) {
    T next = bias * e[static_cast<std::size_t>(j)];
    if (j > 0) next -= narrower * root<T>(j) * e[static_cast<std::size_t>(j - 1)];
    e.push_back(next / root<T>(j + 1));
  }
  std::vector<T> s;
  T length_power(1);
  for (int k = 0; k < size; ++k) {
    T sum(0), binomial(1);  // √C(k+j, j)
    for (int j = 0; k + j < size; ++j) {
      if (j > 0) binomial *= root<T>(k + j) / root<T>(j);
      sum += binomial * e[static_cast<std::size_t>(j)] * g[static_cast<std::size_t>(k + j)];
    }
    s.push_back(length_power * sum);
    length_power *= length;
  }
  s.resize(s.size() + reach, T(0));
  auto expansion = std::make_shared<HermiteExpansion<T>>();
  expansion->ends = true;
  derive(*expansion, std::move(s));
  return expansion;
}

}  // namespace

template <Scalar T>
ExpandNeuron<T> expansions_of(const Activation& sigma, const ExpansionLength& wanted) {
  const auto expansions = std::make_shared<ActivationExpansions<T>>(sigma, wanted);
  return [expansions](const T& length, const T& bias) { return expansions->at(length, bias); };
}

template <Scalar T>
ExpandNeuron<T> expansions_of_polynomial(std::vector<T> g) {
  return [g = std::move(g)](const T& length, const T& bias) {
    return polynomial_expansion(g, length, bias);
  };
}

#define SIGMAHAT_INSTANTIATE(T)                                                      \
  template ExpandNeuron<T> expansions_of(const Activation&, const ExpansionLength&); \
  template ExpandNeuron<T> expansions_of_polynomial(std::vector<T>)
SIGMAHAT_INSTANTIATE(double);
SIGMAHAT_INSTANTIATE(Real);
SIGMAHAT_INSTANTIATE(Interval);
#undef SIGMAHAT_INSTANTIATE

}  // namespace sigmahat
