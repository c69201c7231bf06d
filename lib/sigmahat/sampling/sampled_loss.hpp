#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <sigmahat/network/problem.hpp>

namespace sigmahat {

/// Mean of a sampled quantity and the standard error of that mean.
struct SampledMean {
  std::uint64_t samples;
  double mean;
  double standard_error;
};

/// (mean - exact) / standard_error.
///
/// A difference that rounding explains counts as none (0, not 0/0, where nothing is random): what
/// is left of it after `exact_error`, the error bound of `exact`, and the rounding of the mean,
/// 2^-50 |mean|, is what gets divided. Infinite where the standard error vanishes and the rest of
/// the difference does not.
double z_score(const SampledMean& sampled, double exact, double exact_error = 0);

struct SampleOptions {
  std::vector<std::uint64_t> counts;  ///< increasing: report after each of these many samples
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: all cores; the result is bitwise the same for every number
  /// Called now and then, from any one thread at a time, with the number of samples done; returning
  /// false ends the run early (Interrupted is thrown).
  std::function<bool(std::uint64_t)> progress;
};

/// What `sample_theorem` estimates, every quantity from the same samples.
struct SampledTheorem {
  std::vector<SampledMean> loss;  ///< E|y - ŷ|², one per count
  /// E[y h_k(b·x)], b the student's row; [k][count].
  std::vector<std::vector<SampledMean>> key_lemma;
};

/// Draws x ~ N(0, I_d) and ξ ~ N(0, s²) and averages; float64.
///
/// Sample i is a function of (seed, i) alone: x from stream 0 of NormalStream, ξ from stream 1.
/// Blocks of samples are sized for the cache; labels and predictions are matrix products; block
/// results are combined in order of their index. The mean at a count depends on no other count.
///
/// Throws InputError where the shapes do not fit, a variance is negative, or the counts are not
/// increasing numbers >= 2; NumericalError where a sample leaves the range of double.
/// @param key_lemma_row     row of the student, 0-based; not looked at where the degree is -1
/// @param key_lemma_degree  highest k <= max_supported_degree; -1 for none
/// @complexity O(N (m* + m) d) operations
SampledTheorem sample_theorem(const ProblemValues<double>& problem, Eigen::Index key_lemma_row,
                              int key_lemma_degree, const SampleOptions& options);

}  // namespace sigmahat
