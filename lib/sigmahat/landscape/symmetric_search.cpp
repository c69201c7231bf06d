#include <algorithm>
#include <cmath>
#include <numeric>

#include <Eigen/Eigenvalues>
#include <fmt/format.h>

#include <sigmahat/landscape/symmetric_search.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

constexpr std::uint32_t start_stream = 0xb0000010;
/// Of `gradient_scale`.
constexpr double gradient_tolerance = 1e-11;
/// Entries further apart are different, and so are values, relatively.
constexpr double same_tolerance = 1e-7;
/// Carried beyond the digits asked for.
constexpr int guard_digits = 10;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// What gradients are measured by: each of k rows gets a pull of order one from each of d rows.
/// Not by the Hessian, which grows without bound near zero rows.
double gradient_scale(const MatrixOrbits& orbits) {
  return std::sqrt(orbits.row_count()) * orbits.column_count();
}

/// The reduced problem in the coordinates z = scale · entry, in which its derivatives are.
class Reduced {
 public:
  explicit Reduced(const SymmetricObjective<double>& objective)
      : objective_(objective), goal_(gradient_tolerance * gradient_scale(objective.orbits())) {}

  struct Point {
    Vector<double> z, gradient;
    Eigen::SelfAdjointEigenSolver<Matrix<double>> hessian;
    double norm = 0;
    /// Whether the Hessian is regular on the fixed space: there is no other critical point nearby.
    bool isolated() const {
      const Vector<double> sizes = hessian.eigenvalues().cwiseAbs();
      return sizes.minCoeff() > 1e-8 * sizes.maxCoeff();
    }
  };

  Vector<double> coordinates(const Vector<double>& entries) const {
    return entries.cwiseProduct(objective_.scales());
  }
  Vector<double> entries(const Vector<double>& z) const {
    return z.cwiseQuotient(objective_.scales());
  }

  /// Nothing where f has no derivatives.
  std::optional<Point> at_point(const Vector<double>& z) const {
    try {
      auto [value, gradient, hessian] = objective_.evaluate(entries(z), true);
      if (!gradient.allFinite() || !hessian.allFinite()) return std::nullopt;
      Point point{z, std::move(gradient), Eigen::SelfAdjointEigenSolver<Matrix<double>>(hessian)};
      point.norm = point.gradient.norm();
      return point;
    } catch (const DomainError&) {
      return std::nullopt;
    }
  }

  bool converged(const Point& point) const { return point.norm <= goal_; }

  /// The minimiser of |g + H s|² + μ|s|².
  static Vector<double> damped_step(const Point& point, double mu) {
    Vector<double> s = point.hessian.eigenvectors().transpose() * point.gradient;
    for (Index i = 0; i < s.size(); ++i) {
      const double lambda = point.hessian.eigenvalues()[i];
      s[i] *= -lambda / (lambda * lambda + mu);
    }
    return point.hessian.eigenvectors() * s;
  }

  /// Newton's step, none along directions in which the gradient hardly changes.
  static Vector<double> newton_step(const Point& point, const Vector<double>& gradient) {
    const double least = 1e-9 * point.hessian.eigenvalues().lpNorm<Eigen::Infinity>();
    Vector<double> s = point.hessian.eigenvectors().transpose() * gradient;
    for (Index i = 0; i < s.size(); ++i) {
      const double lambda = point.hessian.eigenvalues()[i];
      s[i] = std::abs(lambda) > least ? -s[i] / lambda : 0;
    }
    return point.hessian.eigenvectors() * s;
  }

  /// Levenberg and Marquardt's method.
  std::optional<Vector<double>> root(const Vector<double>& start) const {
    constexpr int max_iterations = 300;
    std::optional<Point> point = at_point(start);
    if (!point) return std::nullopt;
    double mu = 1e-2 * square(point->hessian.eigenvalues().lpNorm<Eigen::Infinity>());
    for (int i = 0; i < max_iterations; ++i) {
      if (point->norm <= goal_) return refined(*point);
      std::optional<Point> next = at_point(point->z + damped_step(*point, mu));
      if (next && next->norm < point->norm) {
        point = std::move(next);
        mu /= 4;
      } else {
        mu *= 5;
        if (mu > 1e20) break;
      }
    }
    return std::nullopt;
  }

 private:
  /// Newton's steps while they help.
  Vector<double> refined(Point point) const {
    for (int i = 0; i < 5; ++i) {
      std::optional<Point> next = at_point(point.z + newton_step(point, point.gradient));
      if (!next || next->norm >= point.norm) break;
      point = std::move(*next);
    }
    return point.z;
  }

  const SymmetricObjective<double>& objective_;
  double goal_;
};

/// Entries of which a row's orbit has a part in its length of order one; every other start with
/// orbits whose sum is of order one.
Vector<double> random_entries(const MatrixOrbits& orbits, const NormalStream& normals,
                              std::uint64_t start) {
  Vector<double> entries(orbits.dimension_of_fixed_space());
  normals.fill(start, 1, at(entries.size()), entries.data(), 1);
  for (Index i = 0; i < entries.size(); ++i) {
    const EntryOrbit& orbit = orbits.entries()[at(i)];
    const double in_row = orbit.size / orbits.rows()[at(orbit.row)].size;
    entries[i] /= start % 2 == 0 ? std::sqrt(in_row) : in_row;
  }
  return entries;
}

/// Entries with their multiplicities, by value: what permutations leave alone.
std::vector<std::pair<double, double>> sorted_entries(const Isotropy& isotropy, double d,
                                                      const Vector<double>& entries) {
  const MatrixOrbits orbits(isotropy, d);
  std::vector<std::pair<double, double>> sorted;
  for (Index i = 0; i < entries.size(); ++i)
    sorted.emplace_back(entries[i], orbits.entries()[at(i)].size);
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

/// A found point in the form in which points are compared.
struct Signature {
  double value;
  Isotropy isotropy;
  std::vector<std::pair<double, double>> entries;
  bool isolated;

  bool matches(const Signature& other) const {
    if (isotropy != other.isotropy ||
        std::abs(value - other.value) > same_tolerance * (1 + std::abs(value)))
      return false;
    // Of a manifold of critical points every start finds another one.
    if (!isolated || !other.isolated) return isolated == other.isolated;
    // Orbits whose values agree may be sorted either way: compare how much lies below each value.
    const auto multiset = [](const std::vector<std::pair<double, double>>& list) {
      std::vector<std::pair<double, double>> merged;
      for (const auto& [x, size] : list)
        if (!merged.empty() && x - merged.back().first < same_tolerance)
          merged.back().second += size;
        else
          merged.emplace_back(x, size);
      return merged;
    };
    const auto x = multiset(entries), y = multiset(other.entries);
    return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin(), [](auto p, auto q) {
             return std::abs(p.first - q.first) < same_tolerance && p.second == q.second;
           });
  }
};

BlockSize sum(const BlockSize& x, const BlockSize& y) {
  BlockSize size{x.numerator * y.denominator + y.numerator * x.denominator,
                 x.denominator * y.denominator, x.constant + y.constant};
  const int common = std::gcd(size.numerator, size.denominator);
  size.numerator /= common;
  size.denominator /= common;
  return size;
}

/// The group that the orbits are of.
RecognisedIsotropy whole_group(const MatrixOrbits& orbits, const Vector<double>& entries) {
  RecognisedIsotropy group{{orbits.shapes()}, entries, {}, {}};
  group.row_order.resize(at(static_cast<Index>(orbits.row_count())));
  group.column_order.resize(at(static_cast<Index>(orbits.column_count())));
  std::iota(group.row_order.begin(), group.row_order.end(), Index{0});
  std::iota(group.column_order.begin(), group.column_order.end(), Index{0});
  return group;
}

}  // namespace

RecognisedIsotropy recognise_isotropy(const MatrixOrbits& orbits, const Vector<double>& entries,
                                      double tolerance) {
  // Three indices of a block behave as all of them do.
  constexpr double enough = 3;
  std::vector<double> sizes = orbits.block_sizes();
  for (double& size : sizes) size = std::min(size, enough);
  const MatrixOrbits small(orbits.shapes(), sizes);
  RecognisedIsotropy found = recognise_isotropy(small.embed(entries), tolerance);

  const auto blocks_of = [&](const std::vector<LineType>& lines) {
    std::vector<int> blocks;
    for (const LineType& line : lines)
      blocks.insert(blocks.end(), static_cast<std::size_t>(line.size), line.block);
    return blocks;
  };
  const std::vector<int> row_blocks = blocks_of(small.rows()),
                         column_blocks = blocks_of(small.columns());
  std::size_t row = 0, column = 0;
  for (IsotropyBlock& block : found.isotropy.blocks) {
    const auto count = static_cast<std::size_t>(block.size.constant);
    std::vector<double> kept(sizes.size(), 0);
    for (std::size_t i = 0; i < count; ++i)
      ++kept[at(block.rows > 0 ? row_blocks[at(found.row_order[row + i])]
                               : column_blocks[at(found.column_order[column + i])])];
    BlockSize size{0, 1, 0};
    for (std::size_t b = 0; b < kept.size(); ++b) {
      if (kept[b] == 0) continue;
      // Copies of one block's rows: a symmetry that exchanges of two rows do not generate.
      if (kept[b] != sizes[b]) return whole_group(orbits, entries);
      size = sum(size, orbits.shapes()[b].size);
    }
    if (block.rows > 0) row += count;
    if (block.columns > 0) column += count;
    block.size = size;
  }
  return found;
}

std::optional<Vector<double>> nearby_critical_point(const SymmetricObjective<double>& objective,
                                                    Vector<double> entries) {
  const Reduced reduced(objective);
  const std::optional<Vector<double>> z = reduced.root(reduced.coordinates(entries));
  return z ? std::optional(reduced.entries(*z)) : std::nullopt;
}

std::vector<SymmetricClass> critical_points(const OrthonormalTask& task,
                                            const std::vector<Isotropy>& groups, double d,
                                            const SymmetricSearch& search) {
  std::vector<SymmetricClass> classes;
  std::vector<Signature> signatures;
  const NormalStream normals(search.seed, start_stream);
  for (const Isotropy& group : groups) {
    const MatrixOrbits orbits(group, d);
    const SymmetricObjective<double> objective(task, orbits, 17);
    const Reduced reduced(objective);
    std::vector<std::optional<Vector<double>>> ends(at(search.starts));
    for_each_block(ends.size(), search.threads, [&](std::size_t start) {
      ends[start] = nearby_critical_point(objective, random_entries(orbits, normals, start));
    });
    for (const std::optional<Vector<double>>& entries : ends) {
      if (!entries) continue;
      RecognisedIsotropy own = recognise_isotropy(orbits, *entries, same_tolerance);
      const bool isolated = reduced.at_point(reduced.coordinates(*entries)).value().isolated();
      Signature signature{objective.value(*entries), own.isotropy,
                          sorted_entries(own.isotropy, d, own.entries), isolated};
      const auto known =
          std::find_if(signatures.begin(), signatures.end(),
                       [&](const Signature& other) { return signature.matches(other); });
      if (known != signatures.end()) {
        ++classes[static_cast<std::size_t>(known - signatures.begin())].count;
        continue;
      }
      classes.push_back({{own.isotropy, d, own.entries}, signature.value, 1, isolated});
      signatures.push_back(std::move(signature));
    }
  }
  std::stable_sort(
      classes.begin(), classes.end(),
      [](const SymmetricClass& x, const SymmetricClass& y) { return x.value < y.value; });
  return classes;
}

Vector<Real> polished(const OrthonormalTask& task, const SymmetricPoint& point, int digits) {
  using std::pow;
  const MatrixOrbits orbits(point.isotropy, point.d);
  const SymmetricObjective<double> plain(task, orbits, 17);
  const Reduced reduced(plain);
  const PrecisionScope precision(digits, guard_digits);
  const SymmetricObjective<Real> objective(task, orbits, PrecisionScope::digits());
  const auto to_double = [](const Vector<Real>& x) {
    return Vector<double>(
        x.unaryExpr([](const Real& entry) { return static_cast<double>(entry); }));
  };
  const Real goal = Real(gradient_scale(orbits)) * pow(Real(10), -digits - guard_digits / 2);
  Vector<Real> entries = point.entries.cast<Real>();
  std::optional<Reduced::Point> nearby;
  std::optional<Real> last;
  int failures = 0;
  while (failures < 4) {
    const Vector<Real> gradient = objective.evaluate(entries, false).gradient;
    const Real norm = sqrt(Real(gradient.squaredNorm()));
    if (norm <= goal) return entries;
    // The Hessian of one point serves many steps, each of which gains the same number of digits.
    if (!last || norm > *last / 1000) {
      nearby = reduced.at_point(reduced.coordinates(to_double(entries)));
      if (!nearby) break;
    }
    if (last && norm > *last / 2) ++failures;
    last = norm;
    const Vector<double> step =
        Reduced::newton_step(*nearby, to_double(Vector<Real>(gradient / norm)));
    for (Index i = 0; i < entries.size(); ++i)
      entries[i] += norm * Real(step[i]) / objective.scales()[i];
  }
  throw NumericalError(
      fmt::format("critical point of isotropy {} at d = {}: Newton's method does not reach {} "
                  "digits; f has no second derivative there, or a singular one",
                  to_text(point.isotropy), point.d, digits));
}

Family follow_family(const OrthonormalTask& task, const SymmetricPoint& start,
                     const std::vector<double>& dimensions) {
  constexpr double max_step = 0.2, min_step = 1e-5;  // of log d
  constexpr double max_correction = 0.05;            // of ‖z‖
  const SymmetricObjective<double> first(task, MatrixOrbits(start.isotropy, start.d), 17);
  struct State {
    double t;
    Vector<double> z;
  };
  State now{std::log(start.d), Reduced(first).coordinates(start.entries)};
  std::optional<State> before;
  Family family;
  double step = max_step / 8;

  for (const double d : dimensions) {
    const double goal = std::log(d);
    while (now.t != goal) {
      const double distance = goal - now.t;
      const bool arrives = std::abs(distance) <= step;
      const double t = arrives ? goal : now.t + std::copysign(step, distance);
      std::optional<Vector<double>> corrected;
      try {
        const MatrixOrbits orbits(start.isotropy, arrives ? d : std::exp(t));
        const SymmetricObjective<double> objective(first, orbits);
        const Reduced reduced(objective);
        Vector<double> z = now.z;
        if (before) z += (t - now.t) / (now.t - before->t) * (now.z - before->z);
        std::optional<Reduced::Point> point = reduced.at_point(z);
        for (int i = 0; point && i < 12; ++i) {
          if (reduced.converged(*point)) {
            if ((point->z - z).norm() <= max_correction * z.norm()) corrected = point->z;
            break;
          }
          point = reduced.at_point(point->z + Reduced::newton_step(*point, point->gradient));
        }
      } catch (const InputError&) {
        // A block would be smaller than one: further the family does not go.
      }
      if (corrected) {
        before = now;
        now = {t, std::move(*corrected)};
        step = std::min(max_step, 1.5 * step);
      } else {
        step /= 2;
        if (step < min_step) {
          family.lost_beyond = std::exp(now.t);
          return family;
        }
      }
    }
    const SymmetricObjective<double> objective(first, MatrixOrbits(start.isotropy, d));
    family.members.push_back({start.isotropy, d, Reduced(objective).entries(now.z)});
  }
  return family;
}

SymmetricCriticalPoint examine(const OrthonormalTask& task, const SymmetricPoint& point,
                               int digits) {
  const MatrixOrbits orbits(point.isotropy, point.d);
  Vector<Real> entries = polished(task, point, digits);
  Real norm;
  {
    const PrecisionScope twice(2 * digits, guard_digits);
    const SymmetricObjective<Real> objective(task, orbits, PrecisionScope::digits());
    norm = sqrt(Real(objective.evaluate(entries, false).gradient.squaredNorm()));
  }
  const PrecisionScope precision(digits, guard_digits);
  const SymmetricObjective<Interval> objective(task, orbits, PrecisionScope::digits());
  Vector<Interval> enclosed(entries.size());
  for (Index i = 0; i < entries.size(); ++i) enclosed[i] = Interval(entries[i]);
  SymmetricCriticalPoint result{point,
                                std::move(entries),
                                to_enclosure(objective.value(enclosed), Status::certified),
                                norm,
                                isotypic_spectrum(objective, enclosed),
                                0,
                                0};
  for (const IsotypicEigenvalue& eigenvalue : result.spectrum) {
    if (contains_zero(eigenvalue.value))
      result.undecided += eigenvalue.multiplicity;
    else if (eigenvalue.value.value < 0)
      result.negative += eigenvalue.multiplicity;
  }
  return result;
}

bool zero_is_attained(const OrthonormalTask& task, double rows, double d) {
  return task.teacher == task.student && task.teacher_a == task.student_a && rows >= d;
}

}  // namespace sigmahat
