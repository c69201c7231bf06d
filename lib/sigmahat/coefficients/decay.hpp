#pragma once

#include <optional>

#include <sigmahat/coefficients/table.hpp>

namespace sigmahat {

/// |σ̂_k| ≈ C k^{-p} e^{-c k^q}, for `factorial` divided by sqrt(k!): read off a table, not proven.
struct DecayFit {
  enum class Law {
    power,        ///< c = 0: a kink or a jump on the real line
    exponential,  ///< a singularity off the real line, or an entire function of fast growth
    factorial,    ///< an entire function that grows like an exponential, q = 1
  };

  Law law;
  double log_scale;  ///< log C
  double p;
  double c;
  double q;
  int first_degree;  ///< of the degrees that it was fitted to
  int last_degree;
  int points;       ///< how many those were
  double residual;  ///< root mean square of log |σ̂_k| - log fit
};

/// The law and its parameters, by least squares in log |σ̂_k| over the upper half of the degrees
/// that the table resolves.
///
/// Fitted are the degrees whose |σ̂_k| no later one exceeds: what vanishes has no logarithm, and an
/// oscillation is to be followed along its crests. The law is the best of those with two
/// parameters,
///     C k^{-p},  C k^{-1/4} e^{-c k^q} (q = 1/3, 1/2, 2/3, 1),  C e^{-ck} / sqrt(k!),
/// k^{-1/4} being the amplitude of h_k e^{-x²/4} (Szegő 1975, 8.22.8); then p and c are fitted
/// together. For a kink where the m-th derivative jumps p = m/2 + 3/4; for poles at distance a from
/// the real line q = 1/2 and c = a; for e^{-sx²/2} q = 1 and c = log((1+s)/s)/2; for e^{tx} the
/// factorial law has c = -log t.
/// @return nothing where the last degrees vanish exactly, as for a polynomial, where fewer than
/// five
///         degrees can be fitted, or where the residual is above 3 percent: few crests of an
///         oscillation are no law
std::optional<DecayFit> fit_decay(const CoefficientTable& table);

/// log of what the fit says |σ̂_k| is, k >= 1.
double log_size(const DecayFit& fit, int degree);

}  // namespace sigmahat
