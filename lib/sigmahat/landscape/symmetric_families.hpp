#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sigmahat/landscape/symmetric_search.hpp>

namespace sigmahat {

/// A critical point to `digits` decimals and a few more, beyond which its entries are zero:
/// Newton's method with the Hessian of double. Throws NumericalError where it does not converge.
Vector<Real> polished(const OrthonormalTask& task, const SymmetricPoint& point, int digits);

/// Where a critical point goes as d changes.
struct Continuation {
  std::vector<SymmetricPoint> members;
  std::optional<double> lost_beyond;  ///< the last dimension reached, where that is not the last
};

/// Follows a critical point to these dimensions, increasing or decreasing, through real dimensions
/// in between: a secant in log d predicts, Newton's method corrects, and steps are halved until the
/// correction is small.
Continuation follow_family(const OrthonormalTask& task, const SymmetricPoint& start,
                           const std::vector<double>& dimensions);

/// What is known of a critical point, every number with its bound. Value and spectrum are those at
/// `entries`, from which the critical point is at most a few times |∇f| away.
struct SymmetricCriticalPoint {
  SymmetricPoint point;
  Vector<Real> entries;
  Enclosure value;
  std::optional<Real> global_value;  ///< the least that there is, where it is known and attained
  Real gradient_norm;                ///< of the whole gradient at `entries`, at twice the precision
  std::vector<IsotypicEigenvalue> spectrum;
  double negative;   ///< eigenvalues proven to be, with multiplicity
  double undecided;  ///< those whose sign the bounds leave open
};

/// Polishes the point to `digits` and proves its value and spectrum.
SymmetricCriticalPoint examine(const OrthonormalTask& task, const SymmetricPoint& point,
                               int digits);

enum class CriticalKind {
  global,    ///< of the least value that there is
  spurious,  ///< a minimum with another
  minimum,   ///< the value of the global minimum is not known
  saddle,    ///< or a maximum: there is a way down
  flat       ///< no way down is proven, nor that there is none
};
std::string_view to_string(CriticalKind kind);
CriticalKind kind_of(const SymmetricCriticalPoint& point);

/// A class of critical points, and what becomes of it as d changes.
struct SymmetricFamily {
  SymmetricClass start;
  std::vector<SymmetricCriticalPoint> members;  ///< the start first
  std::vector<std::string> failures;            ///< why points could not be polished
  std::optional<double> lost_beyond;
};

/// d log f / d log d between the last two members; nothing where f vanishes or there is one member.
std::optional<double> decay_exponent(const SymmetricFamily& family);

struct FamilySearch {
  SymmetricSearch search;
  bool minima_only = true;  ///< which classes are followed where there is more than one dimension
  int digits = 17;
};

/// The classes of critical points at the first of these dimensions, those that are wanted followed
/// to the others. Where nothing is followed, every class is kept; otherwise those that are. Last
/// come classes of which no member could be polished.
std::vector<SymmetricFamily> symmetric_families(const OrthonormalTask& task,
                                                const std::vector<Isotropy>& groups,
                                                const std::vector<double>& dimensions,
                                                const FamilySearch& search);

}  // namespace sigmahat
