#include <cmath>
#include <random>

#include <Eigen/QR>
#include <doctest/doctest.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/gradient_descent.hpp>
#include <sigmahat/optimize/stochastic.hpp>

#include "talk_problem.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

std::unique_ptr<StochasticObjective> sampled(const TalkProblem& talk, const std::string& objective,
                                             std::uint64_t batch, std::uint64_t seed,
                                             int threads = 1,
                                             FloatFormat format = FloatFormat::float64) {
  BatchSampling sampling;
  sampling.batch = batch;
  sampling.seed = seed;
  sampling.threads = threads;
  sampling.format = format;
  return make_stochastic_objective(parse_objective(objective), talk.values, talk.freedom.rows,
                                   sampling);
}

bool same(const Trajectory& x, const Trajectory& y) {
  return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [](const TrajectoryPoint& p, const TrajectoryPoint& q) {
                      return p.iteration == q.iteration && p.samples == q.samples &&
                             p.loss == q.loss && p.gradient_norm == q.gradient_norm &&
                             p.sampled_loss == q.sampled_loss &&
                             p.distance->surrogate == q.distance->surrogate &&
                             p.distance->modulo_permutation == q.distance->modulo_permutation &&
                             p.distance->spectral == q.distance->spectral;
                    });
}

struct Recipe {
  Method method;
  std::optional<StepSchedule> step;
  double momentum;
};
const StepSchedule falling = parse_step_schedule("geometric:0.05,0.01");
const std::vector<Recipe> recipes{{Method::sgd, falling, 0.9},
                                  {Method::sgd, falling, 0},
                                  {Method::adam, falling, 0},
                                  {Method::gradient_descent, {}, 0},
                                  {Method::gradient_descent, parse_step_schedule("0.01"), 0},
                                  {Method::lbfgs, {}, 0},
                                  {Method::trust_region, {}, 0}};

TrainingOptions options_of(const Recipe& recipe, std::uint64_t iterations) {
  TrainingOptions options;
  options.method = recipe.method;
  options.step = recipe.step;
  options.momentum = recipe.momentum;
  options.iterations = iterations;
  options.record_every = 4;
  options.tolerance = 0;
  return options;
}

/// So short that what samples change is linear in their noise.
TrainingOptions eight_steps() {
  TrainingOptions options;
  options.method = Method::sgd;
  options.step = parse_step_schedule("0.02");
  options.iterations = 8;
  return options;
}

}  // namespace

TEST_CASE("a run that goes on from a checkpoint has the bits of the one that was not stopped") {
  for (const Recipe& recipe : recipes)
    for (const bool trains_a : {false, true}) {
      const TalkProblem talk("f", 6, 2, {Constraint::sphere, trains_a});
      const TrainingOptions options = options_of(recipe, 14);
      const auto batches = sampled(talk, "f", 128, 2);
      Training whole = talk.training(options, batches.get());
      CHECK(whole.run() == Outcome::spent);
      for (const std::uint64_t stop : {0, 1, 5, 8, 13}) {
        const auto first_batches = sampled(talk, "f", 128, 2);
        Training first = talk.training(options, first_batches.get());
        CHECK(first.run([&](const Training& t) { return t.iteration() < stop; }) ==
              Outcome::interrupted);
        const StoredRuns stored = parse_checkpoint_file(
            checkpoint_file("settings", {"", to_json({Outcome::spent, whole.checkpoint()}),
                                         to_json({{}, first.checkpoint()})}));
        CHECK(stored.settings == "settings");
        REQUIRE(stored.runs.size() == 3);
        CHECK(!stored.runs[0]);
        CHECK(stored.runs[1]->outcome == Outcome::spent);
        CHECK(same(stored.runs[1]->checkpoint.trajectory, whole.trajectory()));
        CHECK(same_bits(stored.runs[1]->checkpoint.weights, whole.weights()));
        CHECK(!stored.runs[2]->outcome);
        const auto other_batches = sampled(talk, "f", 128, 2);
        Training second = talk.training(options, other_batches.get());
        second.resume(stored.runs[2]->checkpoint);
        CHECK(second.run() == Outcome::spent);
        CAPTURE(to_string(recipe.method));
        CAPTURE(stop);
        CHECK(same_bits(second.weights(), whole.weights()));
        CHECK(same(second.trajectory(), whole.trajectory()));
      }
    }
}

TEST_CASE("checkpoints of other optimizers, of other shapes and of nothing are refused") {
  const TalkProblem talk("f", 4, 1), other("f", 5, 1);
  Training lbfgs = talk.training(options_of(recipes[5], 3));
  Training trust = talk.training(options_of(recipes[6], 3));
  Training larger = other.training(options_of(recipes[5], 3));
  CHECK_THROWS_AS(trust.resume(lbfgs.checkpoint()), InputError);
  CHECK_THROWS_AS(larger.resume(lbfgs.checkpoint()), InputError);
  for (const char* text :
       {"", "{}", "[1]", "{\"sigmahat_checkpoint\": 1}", "{\"sigmahat_checkpoint\": 2}"})
    CHECK_THROWS_AS(parse_checkpoint_file(text), ParseError);
}

TEST_CASE("any number of threads gives the same bits") {
  for (const Recipe& recipe : recipes)
    for (const std::string objective : {"f", "f_gamma:2,4"})
      for (const FloatFormat format : {FloatFormat::float64, FloatFormat::float32}) {
        std::optional<Weights<double>> first;
        std::optional<Trajectory> trajectory;
        for (const int threads : {1, 2, 3}) {
          const TalkProblem talk(objective, 12, 3, {Constraint::sphere, true}, threads);
          const auto batches = sampled(talk, objective, 1000, 3, threads, format);
          Training training = talk.training(options_of(recipe, 12), batches.get());
          training.run();
          if (!first) first = training.weights();
          if (!trajectory) trajectory = training.trajectory();
          CAPTURE(to_string(recipe.method));
          CAPTURE(threads);
          CHECK(same_bits(training.weights(), *first));
          CHECK(training.trajectory().size() == trajectory->size());
          CHECK(same(training.trajectory(), *trajectory));
        }
      }
}

TEST_CASE("gradient descent is the stochastic one with exact gradients") {
  const TalkProblem talk("f", 5, 7, {Constraint::free, true});
  ExactGradient exact(*talk.objective);
  StochasticDescent stochastic(exact, talk.start(), talk.freedom, parse_step_schedule("0.01"), 50);
  GradientDescent plain(*talk.objective, talk.start(), talk.freedom, 0.01);
  for (int i = 0; i < 50; ++i) {
    CHECK(stochastic.advance() == Move::done);
    CHECK(plain.advance() == Move::done);
  }
  CHECK(same_bits(stochastic.weights(), plain.weights()));
}

TEST_CASE("sampled runs approach the exact one as one over the root of the batch") {
  const TalkProblem talk("f", 5, 8);
  const TrainingOptions options = eight_steps();
  Training exact = talk.training(options);
  exact.run();
  const auto mean_square = [&](std::uint64_t batch) {
    constexpr int runs = 60;
    double sum = 0;
    for (int seed = 1; seed <= runs; ++seed) {
      const auto batches = sampled(talk, "f", batch, static_cast<std::uint64_t>(seed));
      Training training = talk.training(options, batches.get());
      training.run();
      sum += (training.weights().B - exact.weights().B).squaredNorm();
    }
    return sum / runs;
  };
  // Each mean has at least sixty degrees of freedom, its relative error is at most √(2/60) = 0.18:
  // that of a ratio 0.26, and four of that bound its logarithm.
  const double small = mean_square(100), medium = mean_square(400), large = mean_square(1600);
  for (const double ratio : {small / medium, medium / large}) {
    CAPTURE(ratio);
    CHECK(std::abs(std::log(ratio / 4)) <= 4 * 0.26);
  }
  CHECK(std::abs(std::log(small / large / 16)) <= 4 * 0.26);
}

TEST_CASE("in single precision a run goes where it goes in double, to its rounding") {
  // The two formats draw other samples: what they have in common is the mean over them.
  const TalkProblem talk("f", 5, 8);
  const TrainingOptions options = eight_steps();
  Training exact = talk.training(options);
  exact.run();
  constexpr int runs = 40;
  const auto deviations = [&](FloatFormat format) {
    Matrix<double> sum = Matrix<double>::Zero(5, 5), squares = sum;
    for (int seed = 1; seed <= runs; ++seed) {
      const auto batches = sampled(talk, "f", 4096, static_cast<std::uint64_t>(seed), 1, format);
      Training training = talk.training(options, batches.get());
      training.run();
      const Matrix<double> difference = training.weights().B - exact.weights().B;
      sum += difference;
      squares += difference.cwiseAbs2();
    }
    const Matrix<double> mean = sum / runs;
    const Matrix<double> errors = ((squares / runs - mean.cwiseAbs2()) / (runs - 1)).cwiseSqrt();
    // Student's t of 39 degrees is beyond 6.5 once in ten million times. The mean of a curved path
    // is off by the order of its variance.
    const double variance = squares.sum() / runs;
    CHECK((mean.cwiseAbs().array() <= 6.5 * errors.array() + variance).all());
    return std::sqrt(variance);
  };
  const double single = deviations(FloatFormat::float32);
  const double both = deviations(FloatFormat::float64);
  // At least forty degrees of freedom each: a relative error of √(2/40) = 0.22 of the mean square,
  // of the ratio 0.32, of its root 0.16; four of that.
  CHECK(std::abs(std::log(single / both)) <= 4 * 0.16);
}

TEST_CASE("Adam on the sphere turns with the inputs") {
  std::mt19937_64 random(9);
  std::normal_distribution<double> entry;
  const Matrix<double> Q =
      Eigen::HouseholderQR<Matrix<double>>(Matrix<double>::NullaryExpr(5, 5, [&] {
        return entry(random);
      })).householderQ();
  const TalkProblem talk("f", 5, 9);
  ProblemValues<double> turned = talk.values;
  turned.teacher.B = talk.values.teacher.B * Q;
  const auto objective = make_fast_objective(FullLoss{}, turned, Constraint::sphere, 1);
  Weights<double> start = talk.start();
  ExactGradient plain(*talk.objective), other(*objective);
  const StepSchedule step = parse_step_schedule("0.01");
  Adam first(plain, start, talk.freedom, step, 30, {});
  start.B = start.B * Q;
  Adam second(other, start, talk.freedom, step, 30, {});
  for (int i = 0; i < 30; ++i) {
    first.advance();
    second.advance();
  }
  // Thirty steps at most double a rounding error of 1e-15 each.
  CHECK((first.weights().B * Q - second.weights().B).norm() <= 1e-9);
  CHECK((first.weights().B - talk.start().B).norm() > 0.1);
}

TEST_CASE("divergence is an outcome and no number is lost") {
  for (const Method method : {Method::sgd, Method::gradient_descent})
    for (const bool fresh : {false, true}) {
      const TalkProblem talk("f", 4, 1, {Constraint::free, true});
      TrainingOptions options;
      options.method = method;
      options.step = parse_step_schedule("100");
      options.iterations = 100'000;
      const auto batches = fresh ? sampled(talk, "f", 64, 1) : nullptr;
      Training training = talk.training(options, batches.get());
      CHECK(to_string(training.run()) == "diverged");
      CHECK(training.weights().B.allFinite());
      CHECK(training.weights().a.allFinite());
      for (const TrajectoryPoint& point : training.trajectory()) {
        CHECK(std::isfinite(point.loss));
        CHECK(std::isfinite(point.gradient_norm));
        CHECK(std::isfinite(point.distance->spectral));
      }
    }
}

TEST_CASE("trajectories hold the first, the last and every n-th iteration") {
  const TalkProblem talk("f", 4, 1);
  TrainingOptions options = options_of(recipes[1], 10);
  const auto batches = sampled(talk, "f", 32, 1);
  Training training = talk.training(options, batches.get());
  training.run();
  std::vector<std::uint64_t> iterations, samples;
  for (const TrajectoryPoint& point : training.trajectory()) {
    iterations.push_back(point.iteration);
    samples.push_back(point.samples);
  }
  CHECK(iterations == std::vector<std::uint64_t>{0, 4, 8, 10});
  CHECK(samples == std::vector<std::uint64_t>{0, 128, 256, 320});
  CHECK(!training.trajectory().front().sampled_loss);
  CHECK(training.trajectory().back().sampled_loss);
}

TEST_CASE("step schedules run from the first to the last step") {
  for (const char* text : {"0.5", "geometric:0.5,0.01", "cosine:0.5,0.01", "inverse:0.5,1000"}) {
    const StepSchedule schedule = parse_step_schedule(text);
    CHECK(to_text(schedule) == text);
    CHECK(schedule(0, 101) == 0.5);
  }
  CHECK(std::abs(parse_step_schedule("geometric:0.5,0.005")(50, 101) - 0.05) <= 1e-16);
  CHECK(std::abs(parse_step_schedule("geometric:0.5,0.005")(100, 101) - 0.005) <= 1e-17);
  CHECK(std::abs(parse_step_schedule("cosine:0.5,0.1")(50, 101) - 0.3) <= 1e-16);
  CHECK(parse_step_schedule("inverse:0.5,1000")(1000, 0) == 0.25);
  for (const char* text :
       {"", "0", "-1", "x", "geometric", "geometric:1", "linear:1,2", "inverse:1,0"})
    CHECK_THROWS_AS(parse_step_schedule(text), ParseError);
}
