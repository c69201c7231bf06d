#include "train_runs.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/objective/fast_objective.hpp>
#include <sigmahat/optimize/batch_noise.hpp>

#include "output.hpp"

namespace sigmahat::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* default_checkpoint = "sigmahat-train.checkpoint";

/// One run, from problem to end.
struct Experiment {
  Problem problem;
  ProblemValues<double> values;
  std::unique_ptr<Objective<double>> objective;
  std::unique_ptr<StochasticObjective> sampled;  ///< none: exact gradients
  std::unique_ptr<Training> training;

  Experiment(const PlannedRun& run, int threads)
      : problem(make_problem(run.options)), values(at_precision<double>(problem)) {
    const TrainPlan& plan = run.plan;
    const Constraint rows = plan.training.freedom.rows;
    objective = make_fast_objective(plan.objective, values, rows, threads);
    if (plan.sampling) {
      BatchSampling sampling = *plan.sampling;
      sampling.threads = threads;
      sampling.center =
          plan.center_samples
              ? estimated_label_degrees(values.teacher, values.noise_variance, plan.center,
                                        *plan.center_samples, sampling.seed, threads)
              : label_degrees(values.teacher, plan.center);
      sampled = make_stochastic_objective(plan.objective, values, rows, sampling);
    }
    training = std::make_unique<Training>(*objective, student_weights<double>(problem, rows),
                                          values.teacher.B, plan.training, sampled.get());
  }
  Experiment(const Experiment&) = delete;
  Experiment& operator=(const Experiment&) = delete;

  TrainedRun ended(const PlannedRun& run, Outcome outcome) const {
    const TrainPlan& plan = run.plan;
    TrainedRun end{.seed = run.options.common.seed,
                   .settings = run.settings,
                   .labels = plan.sampling ? labels_in_words(plan) : "",
                   .outcome = outcome,
                   .constant = objective->constant(),
                   .weights = training->weights(),
                   .trajectory = training->trajectory()};
    if (plan.sampling && plan.sampling->data_set == 0 && outcome != Outcome::diverged) {
      const TrainingOptions& options = plan.training;
      const std::uint64_t done = training->iteration();
      end.batch_noise = batch_noise(*objective, *sampled, end.weights, options.freedom, done);
      if (options.method == Method::sgd)
        end.noise_floor = noise_floor(*end.batch_noise,
                                      (*options.step)(done == 0 ? 0 : done - 1, options.iterations),
                                      options.momentum);
    }
    return end;
  }
};

/// The first run of each setting: whatever is wrong with a run is wrong with the one of its setting
/// that comes first, the seed aside.
void check_that_runs_begin(const std::vector<PlannedRun>& planned) {
  if (planned.size() == 1) return;  // it will say so itself
  const Sweep& sweep = planned.front().options.sweep;
  for (std::size_t i = 0; i < planned.size(); ++i) {
    const std::vector<std::size_t> places = combination(sweep, i);
    bool first = true;
    for (std::size_t k = 0; k < sweep.size(); ++k)
      first = first && (sweep[k].option != "seed" || places[k] == 0);
    if (first) Experiment(planned[i], 1);
  }
}

/// What a checkpoint must have been asked to do: the settings of the first run and the sweep.
std::string settings_text(const std::vector<PlannedRun>& planned) {
  return settings_of(planned.front(), make_problem(planned.front().options)).dump();
}

/// How far the runs had come; none has begun where there is nothing to resume.
std::vector<std::optional<StoredRun>> runs_before(const TrainOptions& options,
                                                  const std::vector<PlannedRun>& planned) {
  if (!options.resume) return std::vector<std::optional<StoredRun>>(planned.size());
  try {
    StoredRuns stored = parse_checkpoint_file(read_file(*options.resume));
    require_same_settings(stored.settings, Json::parse(settings_text(planned)), "run");
    if (stored.runs.size() != planned.size())
      throw InputError(fmt::format("{} runs, not {}", stored.runs.size(), planned.size()));
    return std::move(stored.runs);
  } catch (const InputError& error) {
    throw InputError(fmt::format("--resume {}: {}", options.resume->string(), error.what()));
  }
}

/// Runs as their threads see them: told between two iterations how far each has come, it keeps the
/// bar, the checkpoint file, and an eye on signals.
///
/// Runs know nothing of each other, so a checkpoint may hold the states of different moments.
class RunWatch {
 public:
  RunWatch(const TrainOptions& options, const std::vector<PlannedRun>& planned,
           const std::vector<std::optional<StoredRun>>& before)
      : file_(options.checkpoint),
        settings_(settings_text(planned)),
        between_(std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(options.checkpoint_seconds))),
        file_due_(Clock::now() + between_),
        texts_(planned.size()),
        entries_(planned.size()) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < planned.size(); ++i) {
      Entry& entry = entries_[i];
      entry.all = planned[i].plan.training.iterations;
      entry.state_due = file_due_;
      total += entry.all;
      if (!before[i]) continue;
      texts_[i] = to_json(*before[i]);
      const std::uint64_t iteration = before[i]->checkpoint.iteration;
      count(entry, iteration, before[i]->outcome ? entry.all : iteration);
      if (before[i]->outcome) ++ended_;
    }
    bar_ = std::make_unique<ProgressBar>("iterations", total, progress_mode(options.common), done_);
  }

  /// Between two iterations; false where the run is to stop, its state having been taken.
  bool look_at(std::size_t run, const Training& training) {
    Entry& entry = entries_[run];  // no other thread has this one
    const Clock::time_point now = Clock::now();
    const bool stops = signal() != 0 || stopped_;
    if (!stops && now < entry.look_due) return true;
    entry.look_due = now + std::min(between_looks, between_);
    std::string text;
    if (stops || (file_ && now >= entry.state_due)) {
      text = to_json({{}, training.checkpoint()});
      entry.state_due = Clock::now() + std::max(between_, rest_after * (Clock::now() - now));
    }
    const std::lock_guard lock(mutex_);
    count(entry, training.iteration(), training.iteration());
    show(training);
    if (text.empty()) return true;
    texts_[run] = std::move(text);
    if (!stops && Clock::now() >= file_due_) save(*file_);
    return !stops;
  }

  void end(std::size_t run, Outcome outcome, const Training& training) {
    std::string text;
    if (file_ || entries_.size() > 1) text = to_json({outcome, training.checkpoint()});
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[run];
    count(entry, training.iteration(), entry.all);
    ++ended_;
    show(training);
    texts_[run] = std::move(text);
    if (file_ && Clock::now() >= file_due_) save(*file_);
  }

  int signal() const { return note_.signal(); }
  /// All runs, at their next iteration: one has failed.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

  /// Leaves the ends where a checkpoint was asked for: another picture of them takes no time.
  void finish() {
    if (file_) save(*file_);
  }
  /// Leaves a checkpoint of what has been taken.
  RunsEnd interrupted() {
    const std::filesystem::path file = file_.value_or(default_checkpoint);
    save(file);
    return {{}, signal(), iterations_, ended_, file};
  }

 private:
  static constexpr Clock::duration between_looks = std::chrono::milliseconds(20);
  /// Taking and writing states is to cost a small part of the time.
  static constexpr int rest_after = 20;

  struct Entry {
    std::uint64_t iteration = 0;      ///< that it stands at
    std::uint64_t all = 0, done = 0;  ///< iterations for the bar: a run that has ended has done all
    Clock::time_point look_due = {}, state_due = {};
  };

  void count(Entry& entry, std::uint64_t iteration, std::uint64_t done) {
    iterations_ += iteration - entry.iteration;
    done_ += done - entry.done;
    entry.iteration = iteration;
    entry.done = done;
  }
  void show(const Training& training) {
    bar_->update(done_, [&] {
      const double loss = training.trajectory().empty() ? 0 : training.trajectory().back().loss;
      return entries_.size() == 1
                 ? fmt::format("loss {:.3g}", loss)
                 : fmt::format("{}/{} runs, loss {:.3g}", ended_, entries_.size(), loss);
    });
  }
  void save(const std::filesystem::path& file) {
    const Clock::time_point start = Clock::now();
    write_file(file, checkpoint_file(settings_, texts_));
    const Clock::time_point now = Clock::now();
    file_due_ = now + std::max(between_, rest_after * (now - start));
  }

  const SignalNote note_;
  std::optional<std::filesystem::path> file_;
  std::string settings_;
  Clock::duration between_;
  std::atomic<bool> stopped_ = false;

  std::mutex mutex_;  ///< of what follows
  Clock::time_point file_due_;
  std::vector<std::string> texts_;  ///< states of the runs, empty where there is none
  std::vector<Entry> entries_;
  std::uint64_t done_ = 0, iterations_ = 0;
  std::size_t ended_ = 0;
  std::unique_ptr<ProgressBar> bar_;
};

}  // namespace

RunsEnd run_all(const TrainOptions& options, const std::vector<PlannedRun>& planned) {
  check_that_runs_begin(planned);
  const std::vector<std::optional<StoredRun>> before = runs_before(options, planned);
  RunWatch watch(options, planned, before);
  std::vector<TrainedRun> runs(planned.size());
  std::atomic<bool> interrupted = false;
  // A run on each core: within a run there is less to share.
  const bool alone = planned.size() == 1;
  const int threads = alone ? options.common.threads : 1;
  const auto work = [&](std::size_t i) {
    if (watch.signal() != 0 || watch.stopped()) {
      interrupted = true;
      return;
    }
    try {
      Experiment experiment(planned[i], threads);
      Training& training = *experiment.training;
      if (before[i]) training.resume(before[i]->checkpoint);
      Outcome outcome;
      if (before[i] && before[i]->outcome) {
        outcome = *before[i]->outcome;
      } else {
        outcome = training.run([&](const Training& t) { return watch.look_at(i, t); });
        if (outcome == Outcome::interrupted) {
          interrupted = true;
          return;
        }
        watch.end(i, outcome, training);
      }
      runs[i] = experiment.ended(planned[i], outcome);
    } catch (...) {
      watch.stop();
      throw;
    }
  };
  try {
    if (alone)
      work(0);
    else
      for_each_block(planned.size(), options.common.threads, work);
  } catch (...) {
    watch.finish();  // one run has failed: what the others have done is not lost
    throw;
  }
  if (interrupted) return watch.interrupted();
  watch.finish();
  RunsEnd end;
  end.runs = std::move(runs);
  return end;
}

}  // namespace sigmahat::cli
