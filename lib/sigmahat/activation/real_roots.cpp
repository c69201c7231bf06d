#include <algorithm>
#include <deque>

#include <sigmahat/activation/polynomial_roots.hpp>
#include <sigmahat/activation/real_roots.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

constexpr int max_polynomial_degree = 50;
constexpr std::size_t total_budget = 400'000;
constexpr long max_periods = 5000;  ///< zeros of sin, cos that are written down one by one
constexpr int max_precision_doublings = 3;
constexpr int smallest_box_exponent = -60;  ///< 2^-60, relative: where bisection gives up

Real infinity() {
  return std::numeric_limits<Real>::infinity();
}

int sign_of(const Interval& u) {
  return lower(u) > 0 ? 1 : upper(u) < 0 ? -1 : 0;
}

Real middle(const Real& a, const Real& b) {
  return (a + b) / 2;
}
Real width(const Interval& x) {
  return upper(x) - lower(x);
}

/// What `make` returns; nothing where it is undefined or would be too large.
template <class Make>
std::optional<Expression> if_possible(Make make) {
  try {
    return make();
  } catch (const InputError&) {
    return {};
  }
}

/// Whether u(c) is zero by exact arithmetic.
bool vanishes_exactly(const Expression& u, const Rational& c) {
  const auto value = if_possible([&] { return compose(u, Expression(c)); });
  return value && value->number() && *value->number() == 0;
}

/// The fraction of least denominator in x, where that is at most a million: the root that a person
/// would have meant.
std::optional<Rational> simplest_fraction(const Interval& x) {
  const Real limit = 1'000'000;
  Real value = middle(lower(x), upper(x));
  Integer p0 = 0, q0 = 1, p1 = 1, q1 = 0;
  for (int step = 0; step < 40; ++step) {
    Integer whole;
    mpfr_get_z(whole.backend().data(), value.backend().data(), MPFR_RNDD);
    const Integer p = whole * p1 + p0, q = whole * q1 + q0;
    if (Real(q) > limit) return {};
    const Rational candidate(p, q);
    const Interval enclosure = from_rational<Interval>(candidate);
    if (lower(enclosure) >= lower(x) && upper(enclosure) <= upper(x)) return candidate;
    value -= Real(whole);
    if (value <= 0) return {};
    value = 1 / value;
    p0 = p1;
    q0 = q1;
    p1 = p;
    q1 = q;
  }
  return {};
}

/// a and b, constants, in u = a·x + b on the stretch around c on which u is analytic.
std::optional<std::pair<Expression, Expression>> affine_parts(const Expression& u, const Real& c) {
  const auto slope = if_possible([&] { return derivative(u); });
  if (!slope || !slope->is_constant()) return {};
  const Expression at = exact_rational(c);
  const auto offset = if_possible([&] { return compose(u, at) - *slope * at; });
  if (!offset) return {};
  return std::pair{*slope, *offset};
}

/// Σ c_i w^i = √k! · h_k(w).
Expression expanded_hermite(int degree, const Expression& w) {
  Polynomial previous, current{1};
  for (int k = 0; k < degree; ++k) {
    Polynomial next = sum(product(Polynomial{0, 1}, current), product(Rational(-k), previous));
    previous = std::move(current);
    current = std::move(next);
  }
  std::vector<Expression> terms;
  for (std::size_t i = 0; i < current.size(); ++i)
    terms.push_back(current[i] * Expression::power(w, Rational(i)));
  return Expression::sum(terms);
}

void sort_roots(std::vector<RealRoot>& roots) {
  std::sort(roots.begin(), roots.end(),
            [](const RealRoot& a, const RealRoot& b) { return lower(a.at) < lower(b.at); });
}

/// Boxes that bisection left undecided, side by side, as one.
std::vector<RealRoot> joined(std::vector<RealRoot> roots) {
  sort_roots(roots);
  std::vector<RealRoot> result;
  for (RealRoot& root : roots) {
    if (!result.empty() && !root.isolated && !result.back().isolated &&
        lower(root.at) <= upper(result.back().at))
      result.back().at = hull(result.back().at, root.at);
    else
      result.push_back(std::move(root));
  }
  return result;
}

}  // namespace

RootFinder::RootFinder(int digits)
    : digits_(digits), unit_(pow(Real(10), -digits)), budget_(total_budget) {}

Real RootFinder::tolerance(const Interval& x) const {
  const Real size = std::max(abs(lower(x)), abs(upper(x)));
  return std::max(size, Real(1)) * unit_;
}

Interval RootFinder::range(const Expression& u, const Interval& x) {
  budget_ -= std::min(budget_, u.node_count());
  return range_enclosure(u, x);
}

int RootFinder::sign_at(const Expression& u, const Real& x) {
  int digits = PrecisionScope::digits();
  for (int i = 0; i <= max_precision_doublings; ++i, digits *= 2) {
    const PrecisionScope precision(digits);
    const Interval value = range(u, Interval(x));
    if (const int sign = sign_of(value)) return sign;
    if (lower(value) == 0 && upper(value) == 0) return 0;
  }
  return 0;
}

int RootFinder::sign_beyond(const Expression& u, const Real& x) {
  return sign_beyond(u, x, 0);
}

int RootFinder::sign_beyond(const Expression& u, const Real& x, int depth) {
  const bool right = x > 0;
  const Interval tail = right ? make_interval(x, infinity()) : make_interval(-infinity(), x);
  if (const int sign = sign_of(range(u, tail))) return sign;
  if (const auto p = rational_polynomial(u, max_polynomial_degree); p && p->size() > 1) {
    if (budget_ == 0) return 0;
    for (const RealRoot& root : polynomial_roots(*p))
      if (right ? upper(root.at) >= x : lower(root.at) <= x) return 0;
    return sign_at(u, x);
  }
  if (const auto* product = u.as<Expression::Product>()) {
    int sign = 1;
    for (const Expression& factor : product->factors) sign *= sign_beyond(factor, x, depth);
    if (sign != 0) return sign;
  }
  // Away from x the function moves further from zero if its slope has the right sign.
  if (depth == 3) return 0;
  const auto slope = if_possible([&] { return derivative(u); });
  const int start = sign_at(u, x);
  if (!slope || start == 0) return 0;
  const int growth = sign_beyond(*slope, x, depth + 1) * (right ? 1 : -1);
  return growth == start ? start : 0;
}

std::vector<RealRoot> RootFinder::roots(const Expression& u, const Real& from, const Real& to) {
  const Box box{from, to};
  if (const Rational* value = u.number(); value && *value != 0) return {};
  if (u.is_constant() && sign_at(u, from) != 0) return {};
  if (u.is_constant() || budget_ == 0) return {{make_interval(from, to), {}, false}};
  std::optional<std::vector<RealRoot>> found;
  if (const auto p = rational_polynomial(u, max_polynomial_degree))
    found = polynomial_roots(*p);
  else
    found = structural_roots(u, box);
  std::vector<RealRoot> result = found ? std::move(*found) : isolated_roots(u, box);
  std::erase_if(
      result, [&](const RealRoot& root) { return upper(root.at) <= from || lower(root.at) >= to; });
  sort_roots(result);
  return result;
}

std::vector<RealRoot> RootFinder::polynomial_roots(const Polynomial& p) {
  budget_ -= std::min(budget_, p.size() * p.size() * p.size());
  return polynomial_real_roots(p);
}

RealRoot RootFinder::constant_root(const Expression& value) {
  if (value.number()) return {from_rational<Interval>(*value.number()), *value.number(), true};
  const Interval at = range(value, Interval(0));
  return {at, {}, width(at) <= tolerance(at)};
}

/// Where w = (k + offset)·π; nothing if that happens too often.
std::optional<std::vector<RealRoot>> RootFinder::periodic_roots(const Expression& w,
                                                                const Rational& offset,
                                                                const Box& box) {
  const Interval turns = range(w, make_interval(box.from, box.to)) / sigmahat::pi<Interval>() -
                         from_rational<Interval>(offset);
  if (upper(turns) - lower(turns) > max_periods || isnan(upper(turns) - lower(turns))) return {};
  const long first = floor(lower(turns)).convert_to<long>();
  const long last = ceil(upper(turns)).convert_to<long>();
  const auto affine = affine_parts(w, middle(box.from, box.to));
  if (affine && sign_at(affine->first, 0) == 0) return {};
  std::vector<RealRoot> result;
  for (long k = first; k <= last; ++k) {
    const Expression angle = Expression(Rational(k) + offset) * Expression::pi();
    if (affine) {
      result.push_back(constant_root((angle - affine->second) / affine->first));
    } else {
      const auto some = roots(w - angle, box.from, box.to);
      result.insert(result.end(), some.begin(), some.end());
    }
  }
  return result;
}

/// Zeros that the form of u gives away; nothing where it does not.
std::optional<std::vector<RealRoot>> RootFinder::structural_roots(const Expression& u,
                                                                  const Box& box) {
  if (const auto* product = u.as<Expression::Product>()) {
    std::vector<RealRoot> result;
    for (const Expression& factor : product->factors) {
      const auto some = roots(factor, box.from, box.to);
      result.insert(result.end(), some.begin(), some.end());
    }
    return result;
  }
  if (const auto* power = u.as<Expression::Power>()) {
    if (power->exponent < 0) return std::vector<RealRoot>{};
    return roots(power->base, box.from, box.to);
  }
  if (const auto affine = affine_parts(u, middle(box.from, box.to))) {
    if (sign_at(affine->first, 0) == 0) return {};
    return std::vector{constant_root(-affine->second / affine->first)};
  }
  const auto* call = u.as<Expression::Call>();
  if (!call) return {};
  const Expression& w = call->arguments[0];
  switch (call->function) {
    case Function::exp:
    case Function::cosh:
    case Function::sigmoid:
    case Function::softplus:
    case Function::erfc:
    case Function::normal_cdf:
      return std::vector<RealRoot>{};
    case Function::sinh:
    case Function::tanh:
    case Function::arctan:
    case Function::arcsinh:
    case Function::erf:
    case Function::abs:
    case Function::sign:
      return roots(w, box.from, box.to);
    case Function::log:
      return roots(w - 1, box.from, box.to);
    case Function::sin:
    case Function::tan:
      return periodic_roots(w, 0, box);
    case Function::cos:
      return periodic_roots(w, Rational(1, 2), box);
    case Function::hermite:
      if (call->degree > max_polynomial_degree) return {};
      return roots(expanded_hermite(call->degree, w), box.from, box.to);
    case Function::step:
    case Function::max:
    case Function::min:
      return {};
  }
  return {};
}

/// Bisection, widest boxes first, so that zeros that crowd at one end do not keep the others from
/// being found: a box goes when its image excludes zero, and is settled when u is monotone on it.
std::vector<RealRoot> RootFinder::isolated_roots(const Expression& u, const Box& whole) {
  const auto slope = if_possible([&] { return derivative(u); });
  std::vector<RealRoot> result;
  std::deque<Box> boxes{whole};
  // Half of what is left: one hopeless stretch must not starve the next.
  const std::size_t reserve = budget_ / 2;
  while (!boxes.empty()) {
    const Box box = boxes.front();
    boxes.pop_front();
    const Interval x = make_interval(box.from, box.to);
    const Real size = std::max(Real(1), std::max(abs(box.from), abs(box.to)));
    if (budget_ <= reserve || box.to - box.from < ldexp(size, smallest_box_exponent)) {
      result.push_back({x, {}, false});
      continue;
    }
    if (sign_of(range(u, x)) != 0) continue;
    if (const int growth = slope ? sign_of(range(*slope, x)) : 0; growth != 0) {
      if (auto root = monotone_root(u, *slope, box, growth)) result.push_back(std::move(*root));
      continue;
    }
    // Not in the middle: roots like to sit at round numbers, and should not be cut in two.
    const Real cut = box.from + (box.to - box.from) * Real(497) / 1024;
    boxes.push_back({box.from, cut});
    boxes.push_back({cut, box.to});
  }
  return joined(std::move(result));
}

/// The root of a strictly monotone u in the closed box, if there is one.
std::optional<RealRoot> RootFinder::monotone_root(const Expression& u, const Expression& slope,
                                                  Box box, int growth) {
  // Where the sign at an end cannot be told, u vanishes there or very near: the next point inwards
  // shows on which side of it.
  for (const bool left : {true, false}) {
    Real& end = left ? box.from : box.to;
    if (sign_at(u, end) != 0) continue;
    const Rational exact = exact_rational(end);
    if (vanishes_exactly(u, exact)) return RealRoot{Interval(end), exact, true};
    const Real step = tolerance(Interval(end)) / 4;
    const Real inner =
        left ? std::min(Real(end + step), box.to) : std::max(Real(end - step), box.from);
    const int sign = sign_at(u, inner);
    const Interval strip = left ? make_interval(end, inner) : make_interval(inner, end);
    if (sign == 0) return RealRoot{make_interval(box.from, box.to), {}, false};
    if (sign == (left ? growth : -growth)) return RealRoot{strip, {}, true};
    end = inner;
  }
  const int sign_left = sign_at(u, box.from);
  if (sign_left == sign_at(u, box.to)) return {};
  return refined(u, slope, box, sign_left);
}

/// Newton's interval iteration, and bisection where it gains less.
RealRoot RootFinder::refined(const Expression& u, const Expression& slope, Box box, int sign_left) {
  for (int step = 0; step < 60 + 4 * digits_; ++step) {
    const Interval x = make_interval(box.from, box.to);
    if (width(x) <= tolerance(x)) break;
    const Real cut = middle(box.from, box.to);
    const Real old_width = width(x);
    const Interval newton = Interval(cut) - range(u, Interval(cut)) / range(slope, x);
    box.from = std::max(box.from, lower(newton));
    box.to = std::min(box.to, upper(newton));
    if (box.to - box.from <= old_width / 2) continue;
    const int sign = sign_at(u, cut);
    if (sign == 0) break;
    if (sign == sign_left)
      box.from = std::max(box.from, cut);
    else
      box.to = std::min(box.to, cut);
  }
  const Interval at = make_interval(box.from, box.to);
  RealRoot root{at, {}, width(at) <= tolerance(at)};
  if (const auto fraction = simplest_fraction(at); fraction && vanishes_exactly(u, *fraction)) {
    root.exact = fraction;
    root.at = from_rational<Interval>(*fraction);
  }
  return root;
}

}  // namespace sigmahat
