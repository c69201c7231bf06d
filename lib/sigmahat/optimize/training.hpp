#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sigmahat/objective/objective.hpp>
#include <sigmahat/optimize/optimizer.hpp>
#include <sigmahat/optimize/step_schedule.hpp>
#include <sigmahat/optimize/stochastic.hpp>
#include <sigmahat/optimize/teacher_distance.hpp>

namespace sigmahat {

enum class Method { sgd, adam, gradient_descent, lbfgs, trust_region };
/// Whether it has step schedules and takes gradients that are estimates.
bool is_stochastic(Method method);
/// Reads "sgd", "adam", "gd", "lbfgs" or "trust-region"; throws ParseError otherwise.
Method parse_method(std::string_view text);
std::string_view to_string(Method method);

struct TrajectoryPoint {
  std::uint64_t iteration;
  std::uint64_t samples;                    ///< labels taken so far
  double loss;                              ///< exact but for rounding
  double gradient_norm;                     ///< of the exact Riemannian gradient
  std::optional<double> sampled_loss;       ///< of the last batch, at the weights before its step
  std::optional<TeacherDistance> distance;  ///< where student and teacher have rows to compare
};
using Trajectory = std::vector<TrajectoryPoint>;

enum class Outcome {
  converged,   ///< the gradient's norm is at most the tolerance
  spent,       ///< the iterations are
  stalled,     ///< no step improves on the weights
  diverged,    ///< numbers left the range of double; the weights are the last finite ones
  interrupted  ///< the caller wanted no more
};
std::string_view to_string(Outcome outcome);
/// What to_string writes; throws ParseError otherwise.
Outcome parse_outcome(std::string_view text);

struct TrainingOptions {
  Freedom freedom = {};
  Method method = Method::lbfgs;
  std::uint64_t iterations = 10000;
  double tolerance = 1e-9;  ///< of the gradient's norm; looked at where the exact one is known
  /// Iterations from one trajectory point to the next; the first and the last are always there.
  std::uint64_t record_every = 1;
  /// Of a stochastic method; of gradient descent, where there, the fixed step.
  std::optional<StepSchedule> step = {};
  double momentum = 0;
};

/// All that a run needs to go on with the same bits.
struct Checkpoint {
  std::uint64_t iteration;
  Weights<double> weights;
  OptimizerState optimizer;
  Trajectory trajectory;
};

/// How far one of several runs has come.
struct StoredRun {
  std::optional<Outcome> outcome;  ///< of a run that has ended
  Checkpoint checkpoint;
};
/// Text, every number as it is.
std::string to_json(const StoredRun& run);

/// The text of a checkpoint file.
/// @param settings  what the runs were asked to do, for the reader to compare
/// @param runs      to_json of each; empty where a run has not begun
std::string checkpoint_file(const std::string& settings, const std::vector<std::string>& runs);

struct StoredRuns {
  std::string settings;
  std::vector<std::optional<StoredRun>> runs;
};
/// Throws ParseError where the text is no checkpoint file.
StoredRuns parse_checkpoint_file(std::string_view text);

/// A run of one optimizer on one objective, recorded.
class Training {
 public:
  /// The objective, the teacher's rows and what is sampled outlive the run.
  ///
  /// Throws as the objective does at the start, InputError where a stochastic method has no step.
  /// @param objective     for trajectory and tolerance; descent methods minimise it
  /// @param sampled       the objective from samples, for a stochastic method; none: exact
  /// gradients
  /// @param teacher_rows  m*×d, to measure the distance from
  Training(const Objective<double>& objective, Weights<double> start, const Matrix<double>& teacher,
           const TrainingOptions& options, StochasticObjective* sampled = nullptr);
  ~Training();

  void resume(const Checkpoint& checkpoint);
  Checkpoint checkpoint() const;

  /// @param go_on  asked between iterations; false ends the run
  Outcome run(const std::function<bool(const Training&)>& go_on = {});

  std::uint64_t iteration() const { return iteration_; }
  std::uint64_t samples() const;
  const Weights<double>& weights() const { return optimizer_->weights(); }
  const Trajectory& trajectory() const { return trajectory_; }

 private:
  TrajectoryPoint observe() const;
  /// Of the exact gradient, where the optimizer knows it.
  std::optional<double> known_gradient_norm() const;
  bool is_recorded() const;
  bool is_converged() const;
  void record();
  /// False where the objective cannot be evaluated any more.
  bool try_to_record();

  const Objective<double>& objective_;
  const Matrix<double>& teacher_;
  TrainingOptions options_;
  std::unique_ptr<StochasticObjective> exact_gradient_;
  StochasticObjective* sampled_;
  std::unique_ptr<Optimizer> optimizer_;
  std::uint64_t iteration_ = 0;
  Trajectory trajectory_;
};

}  // namespace sigmahat
