#include <atomic>
#include <cmath>

#include <doctest/doctest.h>

#include <sigmahat/landscape/minima.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../optimize/talk_problem.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

const Freedom free_rows{Constraint::free, false};
const Freedom unit_rows{Constraint::sphere, false};

struct Study {
  TalkProblem talk;
  ObjectiveChoice choice;
  Symmetry symmetry;
  MinimaSearch::Options options;

  Study(const std::string& objective, int d, const Freedom& freedom, std::uint64_t runs,
        int width = 0)
      : talk(objective, d, 1, freedom, 1, "relu", 1, width),
        choice(parse_objective(objective)),
        symmetry(symmetry_of(choice, talk.values)) {
    options.search.freedom = freedom;
    options.runs = runs;
    options.threads = 2;
    options.starts =
        parse_start_distribution(freedom.rows == Constraint::free ? "gaussian" : "unit");
  }
  MinimaSearch search() const {
    return {*talk.objective, talk.start(), talk.values.teacher.B, symmetry, options};
  }
  std::vector<DescribedMinimum> describe(const MinimaTally& tally) const {
    return sigmahat::describe(tally, talk.problem, choice, talk.freedom, 17, 2);
  }
};

void check_equal(const MinimaTally& x, const MinimaTally& y) {
  CHECK(x.runs == y.runs);
  CHECK(x.evaluations == y.evaluations);
  REQUIRE(x.classes.size() == y.classes.size());
  for (std::size_t i = 0; i < x.classes.size(); ++i) {
    CHECK(x.classes[i].count == y.classes[i].count);
    CHECK(x.classes[i].first_run == y.classes[i].first_run);
    CHECK(x.classes[i].point.value == y.classes[i].point.value);
    CHECK(same_bits(x.classes[i].point.x, y.classes[i].point.x));
  }
}

}  // namespace

TEST_CASE("G has no minima but the teacher, up to permutation and sign") {
  for (const int d : {2, 4}) {
    CAPTURE(d);
    Study study("G:mu=1/20", d, unit_rows, 60);
    MinimaSearch search = study.search();
    CHECK(search.run());
    REQUIRE(search.tally().classes.size() == 1);
    CHECK(search.tally().classes[0].count == 60);
    const auto minima = study.describe(search.tally());
    CHECK(minima[0].standing == Standing::global);
    CHECK(minima[0].found.point.value == doctest::Approx(-d / 20.0).epsilon(1e-13));
    CHECK(minima[0].curvature.value().negative == 0);
    // Every row is ± a basis vector.
    const Matrix<double> sizes = minima[0].found.point.x.B.cwiseAbs();
    CHECK((sizes.array() - sizes.array().round()).abs().maxCoeff() <= 1e-12);
  }
}

TEST_CASE("minima are refined to the digits that are asked for") {
  // One neuron on the circle: the least value -μ of G is at the basis.
  Study study("G:mu=1/3", 2, unit_rows, 4, 1);
  MinimaSearch search = study.search();
  CHECK(search.run());
  const auto minima =
      sigmahat::describe(search.tally(), study.talk.problem, study.choice, unit_rows, 60, 1);
  REQUIRE(minima.size() == 1);
  REQUIRE(minima[0].precise.has_value());
  const PrecisionScope precision(70);
  CHECK(abs(Real(3 * Real(minima[0].precise->value) + 1)) <= pow(Real(10), -59));
  CHECK(minima[0].precise->gradient_norm <= pow(Real(10), -59));
}

TEST_CASE("up to five ReLU neurons have no spurious minimum that starts reach; eight have") {
  // Safran and Shamir (ICML 2018) found none below six, and one start in eight in one at eight.
  Study five("f", 5, free_rows, 100);
  MinimaSearch small = five.search();
  CHECK(small.run());
  REQUIRE(small.tally().classes.size() == 1);
  CHECK(five.describe(small.tally())[0].standing == Standing::global);

  Study eight("f", 8, free_rows, 150);
  MinimaSearch search = eight.search();
  CHECK(search.run());
  const auto minima = eight.describe(search.tally());
  REQUIRE(minima.size() >= 2);
  CHECK(minima[0].standing == Standing::global);
  std::uint64_t ended = 0;
  for (const DescribedMinimum& minimum : minima) {
    ended += minimum.found.count;
    CAPTURE(minimum.found.point.value);
    // Afresh, at twice the precision that it was found in.
    CHECK(minimum.gradient_norm <= 1e-12);
    CHECK(minimum.curvature.value().negative == 0);
    CHECK(minimum.curvature.value().smallest > 0);
  }
  CHECK(ended == search.tally().runs);
  for (std::size_t i = 1; i < minima.size(); ++i) CHECK(minima[i].standing == Standing::spurious);
}

TEST_CASE("an end in Newton's hands is the end of the flow") {
  // The flow alone, down to a gradient that no neighbouring minimum shares.
  Study study("f", 7, free_rows, 1);
  for (std::uint64_t run = 0; run < 40; ++run) {
    CAPTURE(run);
    const Weights<double> start = draw_start(study.options.starts, study.talk.start(), 5, run);
    const SearchEnd quick = search_minimum(*study.talk.objective, start, study.options.search);
    REQUIRE(quick.outcome == SearchOutcome::minimum);
    SearchOptions slow = study.options.search;
    slow.flow_accuracy = 1e-5;
    slow.tolerance = 0;
    slow.most_evaluations = 3000;
    const SearchEnd flow = search_minimum(*study.talk.objective, start, slow);
    CHECK((flow.point.x.B - quick.point.x.B).norm() <= 1e-4);
  }
}

TEST_CASE("the tally does not depend on threads or on interruptions") {
  Study study("f", 7, free_rows, 150);
  MinimaSearch one = study.search();
  study.options.threads = 1;
  MinimaSearch two = study.search();
  CHECK(one.run());
  CHECK(two.run());
  check_equal(one.tally(), two.tally());

  MinimaSearch first = study.search();
  CHECK_FALSE(first.run({[&] { return first.tally().runs < 64; }}));
  CHECK(first.tally().runs == 64);
  const Stored<MinimaTally> stored = parse_tally(to_json(first.tally(), "settings"));
  CHECK(stored.settings == "settings");
  MinimaSearch second = study.search();
  second.resume(stored.state);
  // In the middle of a block: what comes before the first run that is left out counts.
  std::atomic<int> left = 40;
  CHECK_FALSE(second.run({{}, [&] { return --left < 0; }}));
  CHECK(second.tally().runs >= 64);
  CHECK(second.tally().runs <= 104);
  CHECK(second.run());
  check_equal(one.tally(), second.tally());
}

TEST_CASE("stochastic searches end at the minima of the exact objective, each on its own samples") {
  Study study("f", 7, free_rows, 60);
  study.options.search.method = SearchMethod::sgd;
  study.options.search.sgd.iterations = 2000;
  study.options.search.sgd.batches =
      fresh_batches(study.choice, study.talk.values, free_rows.rows, 128, 1);
  MinimaSearch search = study.search();
  CHECK(search.run());
  const auto minima = study.describe(search.tally());
  std::uint64_t ended = 0;
  for (const DescribedMinimum& minimum : minima) {
    ended += minimum.found.count;
    CHECK(minimum.gradient_norm <= 1e-12);
    CHECK(minimum.curvature.value().negative == 0);
  }
  CHECK(ended == 60);
  CHECK(minima[0].standing == Standing::global);

  study.options.threads = 1;
  MinimaSearch again = study.search();
  CHECK(again.run());
  check_equal(search.tally(), again.tally());

  // From one start, stopped on the way: another run sees other samples.
  study.options.search.sgd.iterations = 5;
  study.options.search.tolerance = 0;
  study.options.search.most_evaluations = 1;
  const auto end_of = [&](std::uint64_t run) {
    return search_minimum(*study.talk.objective, study.talk.start(), study.options.search, run)
        .point.x;
  };
  CHECK(same_bits(end_of(3), end_of(3)));
  CHECK_FALSE(same_bits(end_of(3), end_of(4)));
}

TEST_CASE("a stochastic search whose steps are too long has diverged") {
  for (const Freedom& freedom : {unit_rows, Freedom{Constraint::sphere, true}, free_rows}) {
    Study study("f", 4, freedom, 5);
    study.options.search.method = SearchMethod::sgd;
    study.options.search.sgd.iterations = 2000;
    study.options.search.sgd.step = {StepSchedule::Shape::constant, 1e4};
    study.options.search.sgd.batches =
        fresh_batches(study.choice, study.talk.values, freedom.rows, 64, 1);
    MinimaSearch search = study.search();
    CHECK(search.run());
    // On the sphere with a fixed nothing can leave, only go astray.
    if (freedom.rows == Constraint::free || freedom.trains_a) CHECK(search.tally().diverged == 5);
    CHECK(search.tally().runs == 5);
  }
}

TEST_CASE(
    "what no batch estimates is refused, and all that the objective does not see is centred") {
  const TalkProblem talk("f", 3, 1);
  for (const char* text : {"degree:3", "weights:2=1,5=1"})
    CHECK_THROWS_AS(fresh_batches(parse_objective(text), talk.values, Constraint::sphere, 16, 1),
                    InputError);
  // The gradient of f_γ without degrees 0 and 1 in the labels: the same mean, a smaller scatter.
  const ObjectiveChoice choice = parse_objective("f_gamma:2,4");
  const Weights<double> x = talk.start();
  const auto objective = make_fast_objective(choice, talk.values, Constraint::sphere);
  const Weights<double> exact =
      tangential(x, objective->value_and_gradient(x).gradient, talk.freedom);
  BatchSampling plain;
  plain.batch = 64;
  const auto centred = fresh_batches(choice, talk.values, Constraint::sphere, 64, 1)();
  const auto whole = make_stochastic_objective(choice, talk.values, Constraint::sphere, plain);
  const int batches = 4000;
  const auto errors = [&](StochasticObjective& sampled) {
    StochasticObjective::Evaluation at;
    Matrix<double> sum = Matrix<double>::Zero(3, 3);
    double squares = 0;
    for (int t = 0; t < batches; ++t) {
      sampled.evaluate(static_cast<std::uint64_t>(t), x, at);
      const Matrix<double> error = tangential(x, at.gradient, talk.freedom).B - exact.B;
      sum += error;
      squares += error.squaredNorm();
    }
    return std::pair{sum.norm() / batches, std::sqrt(squares / batches)};
  };
  const auto [bias, scatter] = errors(*centred);
  const auto [bias_of_whole, scatter_of_whole] = errors(*whole);
  // Four standard errors of nine entries together.
  CHECK(bias <= 4 * scatter / std::sqrt(batches));
  CHECK(bias_of_whole <= 4 * scatter_of_whole / std::sqrt(batches));
  CHECK(scatter < 0.8 * scatter_of_whole);
}

TEST_CASE("one neuron too many: global minima are not isolated and count as one") {
  Study study("f", 3, free_rows, 20, 4);
  MinimaSearch search = study.search();
  CHECK(search.run());
  const auto minima = study.describe(search.tally());
  std::uint64_t global = 0;
  for (const DescribedMinimum& minimum : minima)
    if (minimum.standing == Standing::global) global += minimum.found.count;
  CHECK(global == 20);
  CHECK(minima.size() <= 2);
}

TEST_CASE("texts that are no checkpoints are refused") {
  for (const char* text :
       {"", "{}", "[1]", "{\"sigmahat_minima\": 2}", "{\"sigmahat_minima\": 1, \"settings\": 3}",
        "{\"sigmahat_minima\": 1, \"settings\": \"\", \"state\": {\"runs\": 1}}"})
    CHECK_THROWS_AS(parse_tally(text), ParseError);
}

TEST_CASE("Wilson's interval holds the share of successes that a score test does not reject") {
  // Its bounds p solve (k/n - p)² = z² p (1-p)/n.
  for (const auto& [count, runs] : {std::pair{0u, 10u}, {3u, 10u}, {10u, 10u}, {77u, 1000u}}) {
    CAPTURE(count);
    const Proportion p = wilson_interval(count, runs);
    const double share = double(count) / runs;
    CHECK(p.estimate == share);
    constexpr double z = 1.9599639845400545;
    for (const double bound : {p.lower, p.upper})
      CHECK(std::abs((share - bound) * (share - bound) - z * z * bound * (1 - bound) / runs) <=
            1e-14);
  }
}

TEST_CASE("starts are what their names say") {
  const Weights<double> given{Vector<double>::Ones(3), Matrix<double>::Constant(3, 4, 0.5), {}};
  const auto draw = [&](const char* text, std::uint64_t number) {
    return draw_start(parse_start_distribution(text), given, 7, number).B;
  };
  CHECK((draw("unit", 2).rowwise().norm().array() - 1).abs().maxCoeff() <= 1e-15);
  const Matrix<double> Q = draw("orthogonal", 3);
  CHECK((Q * Q.transpose() - Matrix<double>::Identity(3, 3)).norm() <= 1e-14);
  double sum = 0, squares = 0;
  for (std::uint64_t n = 0; n < 2000; ++n) {
    const Matrix<double> B = draw("gaussian", n);
    sum += B.sum();
    squares += B.squaredNorm();
  }
  // 24000 entries N(0, 1/4): four standard deviations.
  CHECK(std::abs(sum) <= 4 * std::sqrt(24000.0 / 4));
  CHECK(std::abs(squares - 6000) <= 4 * std::sqrt(24000.0 / 8));
  CHECK((draw("near:0.001", 0) - given.B).cwiseAbs().maxCoeff() <= 0.01);
  CHECK((draw("near:0.001", 0) - given.B).norm() > 0);
  CHECK(draw("gaussian:2", 1) == 4 * draw("gaussian", 1));
  CHECK(draw("unit", 0) != draw("unit", 1));
  for (const char* text : {"", "near", "gaussian:0", "gaussian:-1", "unit:2", "normal", "near:x"})
    CHECK_THROWS_AS(parse_start_distribution(text), ParseError);
  for (const char* text : {"unit", "gaussian", "gaussian:0.25", "orthogonal", "near:0.1"})
    CHECK(to_text(parse_start_distribution(text)) == text);
  const Weights<double> wide{Vector<double>::Ones(5), Matrix<double>::Ones(5, 4), {}};
  CHECK_THROWS_AS(draw_start(parse_start_distribution("orthogonal"), wide, 1, 0), InputError);
}
