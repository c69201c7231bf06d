#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include <sigmahat/landscape/precise_point.hpp>

#include "objective_options.hpp"
#include "options.hpp"
#include "problem_options.hpp"

namespace sigmahat::cli {

/// What every probe takes: an objective of a problem's students.
struct ProbeOptions {
  CommonOptions common;
  ProblemOptions problem;
  ObjectiveOptions objective;
};
void add_probe_options(CLI::App& command, ProbeOptions& options, Arrays arrays = Arrays::none);

/// An objective in double, and the manifold it is looked at on.
struct Landscape {
  Problem problem;
  ObjectiveChoice choice;
  Freedom freedom;
  ProblemValues<double> values;
  /// For calls from many threads at once: each is the work of one.
  std::unique_ptr<Objective<double>> objective;
  Weights<double> student;  ///< the problem's

  Landscape(Problem of, ObjectiveChoice what, const Freedom& where);
};
/// Throws InputError as make_problem does, and where rows are to be unit and are not.
Landscape make_landscape(const ProbeOptions& options);

/// What rounding makes of values of the objective that are zero, with a margin: a share of its
/// value where the student is and where its a is zero.
double value_rounding(const Landscape& landscape);
/// Beyond them points are refined, and people see that.
constexpr int digits_of_double = 17;
/// Twice as many.
constexpr int digits_afresh = 34;
/// A critical point that was found in double.
struct AfreshPoint {
  double gradient_norm;                 ///< evaluated in digits_afresh
  std::optional<PrecisePoint> refined;  ///< to --digits beyond those of double
};
/// @param isolated  others are not refined, and what Newton's method does not reach is not either
AfreshPoint evaluated_afresh(const Landscape& landscape, const Weights<double>& x, bool isolated,
                             int digits);
/// A refined point's value and the norm of its gradient, in --digits; absent where there is none.
std::vector<Value> refined_values(const std::optional<PrecisePoint>& point, int digits);

/// Gradients and distances below it are zero to all that double shows.
constexpr double norm_rounding = 1e-12;

/// "student", "teacher" or a problem file, whose student it is.
///
/// The teacher's rows stand for a student: with its a where both have one activation, otherwise
/// with the a of the problem's student. Throws InputError, naming the file, where the shape is
/// another.
Weights<double> read_point(const std::string& text, const Landscape& landscape);

/// A tangent direction of length one at x: number I of the random ones of `seed`, the gradient's,
/// the eigenvector of eigenvalue K = 0, 1, ... (from the least) or -1, -2, ... (from the largest)
/// of the Hessian, the one towards the teacher or a problem file's student, or the m×d entries of
/// an array, which move the rows.
Weights<double> read_direction(const std::string& text, const Landscape& landscape,
                               const Weights<double>& x, std::uint64_t seed);

/// `y` as near to `x` as the order of its neurons, and their signs where the activation is even,
/// allow.
Weights<double> matched_in(const Landscape& landscape, const Weights<double>& x,
                           const Weights<double>& y);

/// What decides what a probe finds, for checkpoints: problem, objective and seed.
Json settings_of(const ProbeOptions& options, const Landscape& landscape);

/// The inputs of a report on a landscape, with what the probe adds to them.
Json inputs_of(const ProbeOptions& options, const Landscape& landscape, const Json& own);
/// A report without sections.
/// @param name  "line"
Report probe_report(const std::string& name, const ProbeOptions& options,
                    const Landscape& landscape, const Json& own);

}  // namespace sigmahat::cli
