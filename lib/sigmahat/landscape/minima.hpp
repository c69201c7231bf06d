#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sigmahat/landscape/counted_runs.hpp>
#include <sigmahat/landscape/critical_point.hpp>
#include <sigmahat/landscape/fixed_space.hpp>
#include <sigmahat/landscape/point_classes.hpp>
#include <sigmahat/landscape/precise_point.hpp>
#include <sigmahat/landscape/sampled_descent.hpp>
#include <sigmahat/landscape/starts.hpp>
#include <sigmahat/landscape/symmetry.hpp>

namespace sigmahat {

/// How a search goes down.
enum class SearchMethod {
  flow,              ///< GradientFlow: where it ends is whose basin of attraction the start is in
  gradient_descent,  ///< with a fixed step
  lbfgs,
  trust_region,
  sgd  ///< on fresh samples for so many iterations, and on with the flow from where that has led
};
/// Reads "flow", "gd", "lbfgs", "trust-region" or "sgd"; throws ParseError otherwise.
SearchMethod parse_search_method(std::string_view text);
std::string_view to_string(SearchMethod method);

struct SearchOptions {
  Freedom freedom = {};
  SearchMethod method = SearchMethod::flow;
  double flow_accuracy = 1e-3;  ///< of GradientFlow
  double step = 0.1;            ///< of gradient descent
  SgdOptions sgd = {};
  double tolerance = 1e-12;                    ///< of the gradient's norm
  std::uint64_t most_evaluations = 1'000'000;  ///< gradients
};

enum class SearchOutcome {
  minimum,  ///< gradient within the tolerance, Hessian clearly positive definite
  flat,     ///< gradient within the tolerance, Hessian not clearly positive definite
  spent,    ///< the evaluations are
  stalled,  ///< no step improves on the weights
  diverged  ///< a number left the range of double, or a row vanished
};
std::string_view to_string(SearchOutcome outcome);

struct SearchEnd {
  SearchOutcome outcome;
  CriticalPoint point;
  std::uint64_t evaluations;  ///< of gradients, batches' too, but for those of Newton's method
};

/// From one start to the end of the search.
///
/// The last digits come from Newton's method, and only from where it checkably goes to the minimum
/// that the search was about to reach: the Hessian positive definite at every step, the second step
/// less than a quarter of the first.
///
/// Where the search is stochastic, Newton's method is tried at once on the exact objective at its
/// end, and along the gradient flow from there: the minimum is the one in whose basin it has ended.
/// @param run  number of the search: of all batches of a seed it takes the iterations from
///             run * options.sgd.iterations on, so that no two searches share a sample
SearchEnd search_minimum(const Objective<double>& objective, Weights<double> start,
                         const SearchOptions& options, std::uint64_t run = 0);

/// Ends that a symmetry maps to each other.
struct MinimumClass {
  CriticalPoint point;  ///< of the first run that ended here
  std::uint64_t first_run;
  std::uint64_t count;
  /// Not isolated, as far as double shows: all flat ends of one value are one class, whether or not
  /// a symmetry maps one to the other.
  bool flat;
};

struct MinimaTally {
  std::uint64_t runs = 0;
  std::vector<MinimumClass> classes;  ///< in the order they were found
  std::uint64_t spent = 0, stalled = 0, diverged = 0;
  std::uint64_t evaluations = 0;

  /// Classes by increasing value.
  std::vector<MinimumClass> by_value() const;
};

/// Many searches, and what they end at modulo symmetry.
class MinimaSearch {
 public:
  struct Options {
    StartDistribution starts = {};
    SearchOptions search = {};
    std::uint64_t seed = 1;
    std::uint64_t runs = 100;
    int threads = 0;
    /// Where starts are put, for an objective that keeps them there; outlives the search.
    const FixedSpace* within = nullptr;
  };

  /// @param objective  outlives the search; runs on one thread, the runs are what is parallel
  /// @param given      whose a and biases every start has
  /// @param teacher    m*×d, rows
  MinimaSearch(const Objective<double>& objective, Weights<double> given, Matrix<double> teacher,
               Symmetry symmetry, Options options);

  /// Runs what is left. The tally is the same for every number of threads, and the same when it is
  /// put back half-way.
  /// @return whether all runs are done
  bool run(const RunWatch& watch = {});

  const MinimaTally& tally() const { return tally_; }
  void resume(MinimaTally tally);

 private:
  void count(std::uint64_t run, SearchEnd end);

  const Objective<double>& objective_;
  Weights<double> given_;
  Options options_;
  MinimaTally tally_;
  PointClasses classes_;  ///< those of the tally, in its order
};

/// Text, every number as it is. Throws ParseError where it is none.
/// @param settings  what was asked for, for the reader to compare
std::string to_json(const MinimaTally& tally, const std::string& settings);
Stored<MinimaTally> parse_tally(std::string_view text);

/// count/runs with the Wilson score interval (J. Am. Stat. Assoc. 22, 1927).
struct Proportion {
  double estimate, lower, upper;
};
/// @param runs  > 0
Proportion wilson_interval(std::uint64_t count, std::uint64_t runs, double confidence = 0.95);

/// How a class stands among all there is.
enum class Standing {
  global,    ///< its value is a proven lower bound of the objective, to rounding
  spurious,  ///< a lower value is known
  saddle,    ///< of a restricted search: a minimum among the symmetric, with ways down beside them
  lowest     ///< no lower value is known, nor that there is none
};
std::string_view to_string(Standing standing);

struct DescribedMinimum {
  MinimumClass found;
  Proportion fraction;
  Standing standing;
  /// None where a free row has all but vanished: the Hessian grows without bound there.
  std::optional<Curvature> curvature;
  /// Of the point as it is, evaluated afresh at twice the precision of double.
  double gradient_norm;
  /// The point refined to more digits than double has, where they are asked for and the class is of
  /// isolated minima.
  std::optional<PrecisePoint> precise = {};
  /// The permutations that leave B B*ᵀ as it is: where teacher rows are orthonormal and can all be
  /// exchanged, neurons have one a and no biases, and no sign is a symmetry.
  std::optional<RecognisedIsotropy> isotropy = {};
};

/// The classes by increasing value. Spectra are those of double. A lower value may be known of
/// another class, or of the teacher's rows themselves.
/// @param digits  to which points are refined beyond double; 17: not at all
std::vector<DescribedMinimum> describe(const MinimaTally& tally, const Problem& problem,
                                       const ObjectiveChoice& choice, const Freedom& freedom,
                                       int digits = 17, int threads = 0);

/// A lower bound on the objective that holds for students of every width: the constant of a squared
/// distance; of G with an orthonormal teacher and μ, a* >= 0 the bound -μ m max a*_i, since
/// Σ_i ⟨b*_i,b⟩⁴ <= 1 for unit b. None for the others.
std::optional<double> lower_bound(const Objective<double>& objective, const ObjectiveChoice& choice,
                                  const ProblemValues<double>& problem);

}  // namespace sigmahat
