#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sigmahat/landscape/counted_runs.hpp>
#include <sigmahat/landscape/critical_point.hpp>
#include <sigmahat/landscape/point_classes.hpp>
#include <sigmahat/landscape/starts.hpp>
#include <sigmahat/landscape/symmetry.hpp>

namespace sigmahat {

// Critical points of every index. Dense Hessians, hence O(n³) a step in n dimensions.

/// The critical point that minimising ½‖grad f‖² leads to, whatever its index: Levenberg and
/// Marquardt's method, whose Gauss-Newton matrix is the square of the Riemannian Hessian. Where it
/// ends at a minimum of ½‖grad f‖² that is no zero the gradient's norm says so.
CriticalPoint nearest_critical_point(const Objective<double>& objective, Weights<double> x,
                                     const Freedom& freedom, int most_steps = 500);

/// Goes up along the `index` lowest eigenvectors of the Hessian and down along all others, to a
/// critical point of that index: Wales's steps, 2 g_i/(|λ_i| + √(λ_i² + 4 g_i²)) along eigenvector
/// i (J. Chem. Phys. 101, 1994), which are Newton's near the end and bounded far from it. Where it
/// comes to no critical point the gradient's norm says so.
CriticalPoint climb_to_saddle(const Objective<double>& objective, Weights<double> x,
                              const Freedom& freedom, int index = 1, int most_steps = 500);

/// The saddle that is reached from a critical point by leaving it along a tangent direction and
/// following the eigenvector that goes on in that direction uphill, down along all others
/// (Cerjan and Miller, J. Chem. Phys. 75, 1981).
CriticalPoint follow_eigenvector(const Objective<double>& objective, const Weights<double>& x,
                                 const Weights<double>& direction, const Freedom& freedom,
                                 int most_steps = 500);

struct SaddleOptions {
  Freedom freedom = {};
  StartDistribution starts = {};
  std::optional<int> index;  ///< of the critical points that are kept; none: all
  /// Climb to `index` from each start rather than minimise the gradient.
  bool climb = false;
  double tolerance = 1e-10;  ///< of the gradient's norm
  std::uint64_t seed = 1;
  std::uint64_t runs = 100;
  int threads = 0;
};

struct SaddleClass {
  CriticalPoint point;  ///< of the first run that ended here
  Curvature curvature;
  Vector<double> eigenvalues;  ///< increasing
  std::uint64_t count;
  std::uint64_t first_run;
};

struct SaddleTally {
  std::vector<SaddleClass> classes;  ///< in the order they were found
  std::uint64_t runs = 0;
  std::uint64_t other_index = 0;  ///< critical points of another index than asked for
  std::uint64_t unresolved = 0;   ///< runs that ended at no critical point

  /// Classes by increasing value.
  std::vector<SaddleClass> by_value() const;
};

/// Critical points from many runs, modulo symmetry; the same for every number of threads, and when
/// it is put back half-way.
class SaddleSearch {
 public:
  /// From random starts.
  /// @param objective  outlives the search
  /// @param given      whose a and biases every start has
  /// @param teacher    m*×d, rows
  /// @param symmetry   none: only equal points are one
  static SaddleSearch from_starts(const Objective<double>& objective, Weights<double> given,
                                  const Matrix<double>& teacher,
                                  const std::optional<Symmetry>& symmetry,
                                  const SaddleOptions& options);
  /// From one critical point along its `modes` lowest eigenvectors, both ways.
  static SaddleSearch around(const Objective<double>& objective, Weights<double> x, int modes,
                             const Matrix<double>& teacher, const std::optional<Symmetry>& symmetry,
                             const SaddleOptions& options);

  /// @return whether all runs are done
  bool run(const RunWatch& watch = {});

  std::uint64_t runs() const { return runs_; }  ///< all of them
  const SaddleTally& tally() const { return tally_; }
  void resume(SaddleTally tally);

 private:
  using Search = std::function<CriticalPoint(std::uint64_t run)>;
  struct End;

  SaddleSearch(const Objective<double>& objective, std::uint64_t runs, Search search,
               const Matrix<double>& teacher, const std::optional<Symmetry>& symmetry,
               const SaddleOptions& options);
  std::optional<End> end_of(std::uint64_t run) const;
  void count(std::uint64_t run, std::optional<End> end);

  const Objective<double>& objective_;
  std::uint64_t runs_;
  Search search_;
  SaddleOptions options_;
  SaddleTally tally_;
  PointClasses classes_;  ///< those of the tally, in its order
};

/// Text, every number as it is. Throws ParseError where it is none.
/// @param settings  what was asked for, for the reader to compare
std::string to_json(const SaddleTally& tally, const std::string& settings);
Stored<SaddleTally> parse_saddle_tally(std::string_view text);

}  // namespace sigmahat
