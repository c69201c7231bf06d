#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/landscape/reduced_problem.hpp>
#include <sigmahat/landscape/symmetric_families.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Carried beyond the digits asked for.
constexpr int guard_digits = 10;

/// Throws NumericalError where rows vanish or f has no gradient: a search has gone astray.
Vector<Real> gradient_at(const SymmetricObjective<Real>& objective, const Vector<Real>& entries) {
  try {
    return objective.evaluate(entries, false).gradient;
  } catch (const DomainError& error) {
    throw NumericalError(error.what());
  }
}

}  // namespace

Vector<Real> polished(const OrthonormalTask& task, const SymmetricPoint& point, int digits) {
  using std::pow;
  const MatrixOrbits orbits(point.isotropy, point.d);
  const SymmetricObjective<double> plain(task, orbits, 17);
  const ReducedProblem reduced(plain);
  const PrecisionScope precision(digits, guard_digits);
  const SymmetricObjective<Real> objective(task, orbits, PrecisionScope::digits());
  const auto to_double = [](const Vector<Real>& x) {
    return Vector<double>(
        x.unaryExpr([](const Real& entry) { return static_cast<double>(entry); }));
  };
  const Real goal = Real(gradient_scale(orbits)) * pow(Real(10), -digits - guard_digits / 2);
  Vector<Real> entries = point.entries.cast<Real>();
  std::optional<ReducedProblem::Point> nearby;
  std::optional<Real> last;
  int failures = 0;
  bool arrived = false;
  while (failures < 4) {
    const Vector<Real> gradient = gradient_at(objective, entries);
    const Real norm = sqrt(Real(gradient.squaredNorm()));
    // One step more than needed, then cut to digits that rounding on the way has no part in; the
    // more of them, the more the gradient feels.
    if (arrived || norm == 0) {
      for (Index i = 0; i < entries.size(); ++i) {
        const double weight = plain.scales()[i] * orbits.column_count();
        const int decimals = digits + guard_digits / 2 + static_cast<int>(std::log10(weight));
        const Real unit = pow(Real(10), -decimals);
        entries[i] = round(Real(entries[i] / unit)) * unit;
      }
      return entries;
    }
    arrived = norm <= goal;
    // The Hessian of one point serves many steps, each of which gains the same number of digits.
    if (!last || norm > *last / 1000) {
      nearby = reduced.at_point(reduced.coordinates(to_double(entries)));
      if (!nearby) break;
    }
    if (last && norm > *last / 2 && !arrived) ++failures;
    last = norm;
    const Vector<double> step =
        ReducedProblem::newton_step(*nearby, to_double(Vector<Real>(gradient / norm)));
    for (Index i = 0; i < entries.size(); ++i)
      entries[i] += norm * Real(step[i]) / objective.scales()[i];
    entries = objective.on_manifold(entries);
  }
  throw NumericalError(
      fmt::format("critical point of isotropy {} at d = {}: Newton's method does not reach {} "
                  "digits; f has no second derivative there, or a singular one",
                  to_text(point.isotropy), point.d, digits));
}

Continuation follow_family(const OrthonormalTask& task, const SymmetricPoint& start,
                           const std::vector<double>& dimensions) {
  constexpr double max_step = 0.2, min_step = 1e-5;  // of log d
  constexpr double max_correction = 0.05;            // of ‖z‖
  const SymmetricObjective<double> first(task, MatrixOrbits(start.isotropy, start.d), 17);
  struct State {
    double t;
    Vector<double> z;
  };
  State now{std::log(start.d), ReducedProblem(first).coordinates(start.entries)};
  std::optional<State> before;
  Continuation family;
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
        const ReducedProblem reduced(objective);
        Vector<double> z = now.z;
        if (before) z += (t - now.t) / (now.t - before->t) * (now.z - before->z);
        std::optional<ReducedProblem::Point> point = reduced.at_point(z);
        for (int i = 0; point && i < 12; ++i) {
          if (reduced.converged(*point)) {
            if ((point->z - z).norm() <= max_correction * z.norm()) corrected = point->z;
            break;
          }
          point = reduced.at_point(point->z + ReducedProblem::newton_step(*point, point->gradient));
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
    family.members.push_back({start.isotropy, d, ReducedProblem(objective).entries(now.z)});
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
                                {},
                                norm,
                                isotypic_spectrum(objective, enclosed),
                                0,
                                0};
  if (const auto least = objective.global_value())
    result.global_value = to_enclosure(*least, Status::certified).value;
  for (const IsotypicEigenvalue& eigenvalue : result.spectrum) {
    if (contains_zero(eigenvalue.value))
      result.undecided += eigenvalue.multiplicity;
    else if (eigenvalue.value.value < 0)
      result.negative += eigenvalue.multiplicity;
  }
  return result;
}

std::string_view to_string(CriticalKind kind) {
  switch (kind) {
    case CriticalKind::global:
      return "global";
    case CriticalKind::spurious:
      return "spurious";
    case CriticalKind::minimum:
      return "minimum";
    case CriticalKind::saddle:
      return "saddle";
    case CriticalKind::flat:
      return "flat";
  }
  return {};
}

CriticalKind kind_of(const SymmetricCriticalPoint& point) {
  if (point.negative > 0) return CriticalKind::saddle;
  // No spurious critical point is known with a value anywhere near.
  constexpr double negligible = 1e-12;
  const std::optional<Real>& least = point.global_value;
  if (least &&
      abs(Real(point.value.value - *least)) <=
          point.value.error_bound + Real(negligible) * std::max(Real(1), Real(abs(*least))))
    return CriticalKind::global;
  if (point.undecided > 0) return CriticalKind::flat;
  return least ? CriticalKind::spurious : CriticalKind::minimum;
}

std::optional<double> decay_exponent(const SymmetricFamily& family) {
  if (family.members.size() < 2) return std::nullopt;
  const SymmetricCriticalPoint &last = family.members.back(),
                               &before = family.members[family.members.size() - 2];
  const auto f = static_cast<double>(last.value.value), g = static_cast<double>(before.value.value);
  constexpr double negligible = 1e-12;
  if (f < negligible || g < negligible) return std::nullopt;
  return std::log(f / g) / std::log(last.point.d / before.point.d);
}

std::vector<SymmetricFamily> symmetric_families(const OrthonormalTask& task,
                                                const std::vector<Isotropy>& groups,
                                                const std::vector<double>& dimensions,
                                                const FamilySearch& search) {
  std::vector<SymmetricFamily> families;
  for (SymmetricClass& start : critical_points(task, groups, dimensions.front(), search.search))
    families.push_back({std::move(start), {}, {}, {}});
  const std::vector<double> others(dimensions.begin() + 1, dimensions.end());
  std::vector<SymmetricFamily> kept, unpolished;
  for (SymmetricFamily& family : families) {
    const auto add = [&](const SymmetricPoint& point) {
      try {
        family.members.push_back(examine(task, point, search.digits));
      } catch (const NumericalError& error) {
        family.failures.emplace_back(error.what());
      } catch (const DomainError& error) {
        // Rows that vanish, or nearly.
        family.failures.emplace_back(error.what());
      }
    };
    add(family.start.point);
    if (family.members.empty()) {
      unpolished.push_back(std::move(family));
      continue;
    }
    const bool is_minimum = family.members.front().negative == 0 && family.start.isolated;
    if (!others.empty() && search.minima_only && !is_minimum) continue;
    const Continuation rest = follow_family(task, family.start.point, others);
    family.lost_beyond = rest.lost_beyond;
    for (const SymmetricPoint& point : rest.members) add(point);
    kept.push_back(std::move(family));
  }
  if (others.empty() || !search.minima_only)
    std::move(unpolished.begin(), unpolished.end(), std::back_inserter(kept));
  return kept;
}

}  // namespace sigmahat
