#include <cmath>
#include <limits>
#include <random>

#include <doctest/doctest.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>

using namespace sigmahat;

namespace {

/// E[σ(u)γ(v)] of standard normal u, v as a function of their correlation.
using Kernel = std::function<double(double)>;

NetworkValues<double> random_network(const std::string& activation, Eigen::Index width,
                                     Eigen::Index dimension, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  NetworkValues<double> network{parse_activation(activation), Vector<double>(width),
                                Matrix<double>(width, dimension)};
  for (double& a : network.a) a = normal(random);
  for (double& b : network.B.reshaped()) b = normal(random);
  network.B.rowwise().normalize();
  return network;
}

ProblemValues<double> random_problem(const std::string& teacher, const std::string& student,
                                     Eigen::Index teacher_width, Eigen::Index student_width,
                                     Eigen::Index dimension, double noise_variance,
                                     std::uint64_t seed) {
  std::mt19937_64 random(seed);
  ProblemValues<double> problem{random_network(teacher, teacher_width, dimension, random),
                                random_network(student, student_width, dimension, random),
                                noise_variance};
  return problem;
}

/// aᵀ κ(B Cᵀ) c.
double form(const NetworkValues<double>& x, const NetworkValues<double>& y, const Kernel& kernel) {
  const Matrix<double> gram = x.B * y.B.transpose();
  return x.a.dot(gram.unaryExpr([&](double rho) { return kernel(std::clamp(rho, -1.0, 1.0)); }) *
                 y.a);
}

/// The population loss from the three kernels (MATH.md 4).
double exact_loss(const ProblemValues<double>& problem, const Kernel& teacher, const Kernel& mixed,
                  const Kernel& student) {
  return form(problem.teacher, problem.teacher, teacher) -
         2 * form(problem.teacher, problem.student, mixed) +
         form(problem.student, problem.student, student) + problem.noise_variance;
}

// MATH.md 3; E[u² v²] = 1 + 2ρ² besides.
double zero_kernel(double) {
  return 0;
}
double linear_kernel(double rho) {
  return rho;
}
double quadratic_kernel(double rho) {
  return 1 + 2 * rho * rho;
}
double hermite_3_kernel(double rho) {
  return rho * rho * rho;
}
double relu_kernel(double rho) {
  return (std::sqrt(1 - rho * rho) + rho * (pi<double>() - std::acos(rho))) / (2 * pi<double>());
}
double abs_kernel(double rho) {
  return 2 / pi<double>() * (std::sqrt(1 - rho * rho) + rho * std::asin(rho));
}
double sign_kernel(double rho) {
  return 2 / pi<double>() * std::asin(rho);
}
double erf_kernel(double rho) {
  return 2 / pi<double>() * std::asin(2 * rho / 3);
}
double sin_kernel(double rho) {
  return std::exp(-1.0) * std::sinh(rho);
}
double cos_kernel(double rho) {
  return std::exp(-1.0) * std::cosh(rho);
}
double gaussian_kernel(double rho) {
  return 1 / std::sqrt(4 - rho * rho);
}
// max(u,0) = (u + |u|)/2, and |u| is even.
double relu_abs_kernel(double rho) {
  return abs_kernel(rho) / 2;
}
double relu_linear_kernel(double rho) {
  return rho / 2;
}

SampleOptions options_for(std::vector<std::uint64_t> counts, std::uint64_t seed = 1,
                          int threads = 0) {
  SampleOptions options;
  options.counts = std::move(counts);
  options.seed = seed;
  options.threads = threads;
  return options;
}

void check_equal(const std::vector<SampledMean>& x, const std::vector<SampledMean>& y) {
  REQUIRE(x.size() == y.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(x[i].samples == y[i].samples);
    CHECK(x[i].mean == y[i].mean);
    CHECK(x[i].standard_error == y[i].standard_error);
  }
}

}  // namespace

TEST_CASE("The sampled loss meets the closed form of Theorem 1") {
  const struct {
    std::string teacher, student;
    Kernel teacher_kernel, mixed_kernel, student_kernel;
  } cases[] = {
      {"linear", "linear", linear_kernel, linear_kernel, linear_kernel},
      {"quadratic", "quadratic", quadratic_kernel, quadratic_kernel, quadratic_kernel},
      {"quadratic", "linear", quadratic_kernel, zero_kernel, linear_kernel},
      {"hermite(3)", "hermite(3)", hermite_3_kernel, hermite_3_kernel, hermite_3_kernel},
      {"relu", "relu", relu_kernel, relu_kernel, relu_kernel},
      {"relu", "abs", relu_kernel, relu_abs_kernel, abs_kernel},
      {"relu", "linear", relu_kernel, relu_linear_kernel, linear_kernel},
      {"sign", "sign", sign_kernel, sign_kernel, sign_kernel},
      {"erf", "erf", erf_kernel, erf_kernel, erf_kernel},
      {"sin", "cos", sin_kernel, zero_kernel, cos_kernel},
      {"gaussian", "gaussian", gaussian_kernel, gaussian_kernel, gaussian_kernel},
  };
  const struct {
    Eigen::Index teacher_width, student_width, dimension;
    double noise_variance;
  } shapes[] = {{1, 1, 1, 0}, {3, 3, 4, 0}, {2, 5, 3, 0.25}, {6, 1, 10, 2}};

  std::uint64_t seed = 100;
  for (const auto& c : cases) {
    for (const auto& shape : shapes) {
      ++seed;
      CAPTURE(c.teacher);
      CAPTURE(c.student);
      CAPTURE(shape.teacher_width);
      CAPTURE(shape.student_width);
      CAPTURE(shape.dimension);
      CAPTURE(seed);
      const ProblemValues<double> problem =
          random_problem(c.teacher, c.student, shape.teacher_width, shape.student_width,
                         shape.dimension, shape.noise_variance, seed);
      const double exact = exact_loss(problem, c.teacher_kernel, c.mixed_kernel, c.student_kernel);
      const SampledTheorem sampled =
          sample_theorem(problem, 0, -1, options_for({1000, 30'000, 200'001}, seed));
      REQUIRE(sampled.loss.size() == 3);
      CHECK(sampled.key_lemma.empty());
      for (const SampledMean& mean : sampled.loss) {
        CAPTURE(mean.samples);
        CAPTURE(mean.mean);
        CAPTURE(mean.standard_error);
        CAPTURE(exact);
        CHECK(std::abs(z_score(mean, exact)) <= 4);
      }
    }
  }
}

TEST_CASE("The key lemma's means are the Hermite coefficients times moments of the teacher") {
  // σ̂_k of ReLU (MATH.md 2) and of x² = 1 + sqrt(2) h_2.
  const std::vector<double> relu{1 / std::sqrt(2 * pi<double>()),   0.5,
                                 1 / (2 * std::sqrt(pi<double>())), 0,
                                 -1 / std::sqrt(48 * pi<double>()), 0};
  const std::vector<double> quadratic{1, 0, std::sqrt(2.0), 0, 0, 0};
  for (const auto& [activation, coefficients] :
       {std::pair{"relu", relu}, std::pair{"quadratic", quadratic}}) {
    const ProblemValues<double> problem = random_problem(activation, "abs", 4, 3, 5, 0.5, 77);
    for (const Eigen::Index row : {0, 2}) {
      CAPTURE(activation);
      CAPTURE(row);
      const SampledTheorem sampled =
          sample_theorem(problem, row, 5, options_for({5000, 400'000}, 12));
      REQUIRE(sampled.key_lemma.size() == 6);
      const Vector<double> cosines = problem.teacher.B * problem.student.B.row(row).transpose();
      for (std::size_t k = 0; k < 6; ++k) {
        double exact = 0;
        for (Eigen::Index j = 0; j < cosines.size(); ++j)
          exact += coefficients[k] * problem.teacher.a(j) * power(cosines(j), static_cast<int>(k));
        REQUIRE(sampled.key_lemma[k].size() == 2);
        for (const SampledMean& mean : sampled.key_lemma[k]) {
          CAPTURE(k);
          CAPTURE(mean.samples);
          CAPTURE(mean.mean);
          CAPTURE(exact);
          CHECK(std::abs(z_score(mean, exact)) <= 4);
        }
      }
    }
  }
}

TEST_CASE("The means are those of the samples that the contract names, one by one") {
  // Sample i from (seed, i) by plain loops in long double: streams, blocks, counts that end inside
  // a block, noise and key lemma at once.
  const ProblemValues<double> problem = random_problem("relu", "tanh", 3, 4, 5, 0.3, 5);
  const std::uint64_t seed = 21;
  const std::vector<std::uint64_t> counts{2, 3, 64, 4095, 4096, 4097, 10'000};
  const int degree = 6;
  const Eigen::Index row = 1;
  const SampledTheorem sampled = sample_theorem(problem, row, degree, options_for(counts, seed));

  const std::size_t total = counts.back();
  std::vector<double> inputs(total * 5), noise(total);
  NormalStream(seed, 0).fill(0, total, 5, inputs.data(), total);
  NormalStream(seed, 1).fill(0, total, 1, noise.data(), total);
  // Values of the loss, then of y h_k(b·x).
  std::vector<std::vector<long double>> values(degree + 2);
  for (std::size_t i = 0; i < total; ++i) {
    const auto preactivation = [&](const NetworkValues<double>& network, Eigen::Index neuron) {
      long double sum = 0;
      for (Eigen::Index j = 0; j < 5; ++j)
        sum += static_cast<long double>(network.B(neuron, j)) *
               inputs[static_cast<std::size_t>(j) * total + i];
      return sum;
    };
    long double label = std::sqrt(0.3L) * noise[i], prediction = 0;
    for (Eigen::Index neuron = 0; neuron < 3; ++neuron)
      label += problem.teacher.a(neuron) * std::max(preactivation(problem.teacher, neuron), 0.0L);
    for (Eigen::Index neuron = 0; neuron < 4; ++neuron)
      prediction += problem.student.a(neuron) * std::tanh(preactivation(problem.student, neuron));
    values[0].push_back((label - prediction) * (label - prediction));
    const long double x = preactivation(problem.student, row);
    const long double x2 = x * x;
    // He_k, k = 0..6, written out.
    const long double monic[] = {1,
                                 x,
                                 x2 - 1,
                                 x * (x2 - 3),
                                 x2 * x2 - 6 * x2 + 3,
                                 x * (x2 * x2 - 10 * x2 + 15),
                                 x2 * x2 * x2 - 15 * x2 * x2 + 45 * x2 - 15};
    const long double factorial[] = {1, 1, 2, 6, 24, 120, 720};
    for (std::size_t k = 0; k <= degree; ++k)
      values[k + 1].push_back(label * monic[k] / std::sqrt(factorial[k]));
  }

  for (std::size_t quantity = 0; quantity < values.size(); ++quantity) {
    CAPTURE(quantity);
    const auto& means = quantity == 0 ? sampled.loss : sampled.key_lemma[quantity - 1];
    REQUIRE(means.size() == counts.size());
    for (std::size_t c = 0; c < counts.size(); ++c) {
      CAPTURE(counts[c]);
      const auto count = static_cast<long double>(counts[c]);
      long double sum = 0, magnitude = 0, deviations = 0;
      for (std::size_t i = 0; i < counts[c]; ++i) {
        sum += values[quantity][i];
        magnitude += std::abs(values[quantity][i]);
      }
      for (std::size_t i = 0; i < counts[c]; ++i)
        deviations += std::pow(values[quantity][i] - sum / count, 2.0L);
      const long double standard_error = std::sqrt(deviations / count / (count - 1));
      CHECK(means[c].samples == counts[c]);
      // A sample carries a few dozen roundings, relative to terms that do not cancel by more than
      // three digits; their mean carries no more.
      CHECK(std::abs(means[c].mean - sum / count) <= 1e-13L * magnitude / count);
      CHECK(std::abs(means[c].standard_error - standard_error) <= 1e-12L * standard_error);
    }
  }
}

TEST_CASE("The standard error is that of the mean: intervals cover as often as they should") {
  const ProblemValues<double> problem = random_problem("relu", "relu", 3, 2, 4, 0.5, 31);
  const double exact = exact_loss(problem, relu_kernel, relu_kernel, relu_kernel);
  const int runs = 1000;
  int within_one = 0, within_two = 0;
  double sum = 0;
  for (int run = 0; run < runs; ++run) {
    const SampledTheorem sampled =
        sample_theorem(problem, 0, -1, options_for({5000}, 1000 + static_cast<std::uint64_t>(run)));
    const double z = z_score(sampled.loss[0], exact);
    within_one += std::abs(z) <= 1;
    within_two += std::abs(z) <= 2;
    sum += z;
  }
  // Binomial counts and a mean of normals, each to 4 of its own standard errors.
  const auto check_count = [&](int count, double probability) {
    CAPTURE(count);
    CHECK(std::abs(count - runs * probability) <=
          4 * std::sqrt(runs * probability * (1 - probability)));
  };
  check_count(within_one, std::erf(1 / std::sqrt(2.0)));
  check_count(within_two, std::erf(2 / std::sqrt(2.0)));
  CHECK(std::abs(sum) <= 4 * std::sqrt(static_cast<double>(runs)));
}

TEST_CASE("The standard error of a linear problem has its known value") {
  // y - ŷ is normal with the loss v as its variance, so (y - ŷ)² has variance 2v²; that of its
  // sample variance follows from the eighth moment: E(w² - 1)⁴ = 60 for standard normal w.
  const ProblemValues<double> problem = random_problem("linear", "linear", 3, 3, 6, 0.7, 8);
  const double loss = (problem.teacher.B.transpose() * problem.teacher.a -
                       problem.student.B.transpose() * problem.student.a)
                          .squaredNorm() +
                      0.7;
  const std::uint64_t count = 1'000'000;
  const SampledMean sampled = sample_theorem(problem, 0, -1, options_for({count})).loss[0];
  const auto n = static_cast<double>(count);
  const double variance_ratio = square(sampled.standard_error) * n / (2 * loss * loss);
  const double relative_spread = std::sqrt((60.0 - 4.0) / 4.0 / n);
  CHECK(std::abs(sampled.mean - loss) <= 4 * std::sqrt(2 / n) * loss);
  CHECK(std::abs(variance_ratio - 1) <= 4 * relative_spread);
}

TEST_CASE("Noise adds its variance to the loss and nothing else") {
  ProblemValues<double> problem = random_problem("relu", "relu", 2, 2, 3, 0, 9);
  problem.student = problem.teacher;
  // Nothing but the noise is left of the loss: the mean square of normals, variance 2s⁴.
  problem.noise_variance = 0.49;
  const SampledMean noisy = sample_theorem(problem, 0, -1, options_for({500'000})).loss[0];
  CHECK(std::abs(noisy.mean - 0.49) <= 4 * 0.49 * std::sqrt(2.0 / 500'000));
  problem.noise_variance = 0;
  const SampledMean silent = sample_theorem(problem, 0, -1, options_for({500'000})).loss[0];
  CHECK(silent.mean <= 1e-28);  // squared rounding errors of the two sums
}

TEST_CASE("The result is bitwise the same for every number of threads") {
  const ProblemValues<double> problem = random_problem("relu", "abs", 7, 20, 13, 0.1, 1);
  // More blocks than are worked on before results are combined; counts are no multiples of
  // anything.
  const std::vector<std::uint64_t> counts{17, 1001, 123'457, 1'101'679};
  const SampledTheorem one = sample_theorem(problem, 3, 4, options_for(counts, 1, 1));
  for (const int threads : {2, 3}) {
    CAPTURE(threads);
    const SampledTheorem many = sample_theorem(problem, 3, 4, options_for(counts, 1, threads));
    check_equal(one.loss, many.loss);
    REQUIRE(one.key_lemma.size() == many.key_lemma.size());
    for (std::size_t k = 0; k < one.key_lemma.size(); ++k)
      check_equal(one.key_lemma[k], many.key_lemma[k]);
  }
}

TEST_CASE("The mean at a count does not depend on the other counts") {
  const ProblemValues<double> problem = random_problem("abs", "relu", 3, 3, 5, 0.2, 3);
  const std::vector<std::uint64_t> counts{2, 100, 4095, 4096, 4097, 8192, 100'000};
  const SampledTheorem together = sample_theorem(problem, 2, 2, options_for(counts));
  for (std::size_t i = 0; i < counts.size(); ++i) {
    CAPTURE(counts[i]);
    const SampledTheorem alone = sample_theorem(problem, 2, 2, options_for({counts[i]}));
    check_equal(alone.loss, {together.loss[i]});
    for (std::size_t k = 0; k < 3; ++k) check_equal(alone.key_lemma[k], {together.key_lemma[k][i]});
  }
}

TEST_CASE("Another seed gives other samples") {
  const ProblemValues<double> problem = random_problem("relu", "relu", 3, 3, 5, 0.2, 3);
  const double first = sample_theorem(problem, 0, -1, options_for({1000}, 1)).loss[0].mean;
  const double second = sample_theorem(problem, 0, -1, options_for({1000}, 2)).loss[0].mean;
  CHECK(first != second);
}

TEST_CASE("Progress counts up to the last sample") {
  const ProblemValues<double> problem = random_problem("relu", "relu", 2, 2, 3, 0, 1);
  for (const int threads : {1, 3}) {
    SampleOptions options = options_for({1000, 100'001}, 1, threads);
    std::vector<std::uint64_t> reports;
    options.progress = [&](std::uint64_t done) {
      reports.push_back(done);
      return true;
    };
    sample_theorem(problem, 0, -1, options);
    CAPTURE(threads);
    REQUIRE(reports.size() > 2);
    CHECK(std::is_sorted(reports.begin(), reports.end()));
    CHECK(reports.back() == 100'001);
  }
}

TEST_CASE("A progress callback can stop the run, and is not called again") {
  const ProblemValues<double> problem = random_problem("relu", "relu", 2, 2, 3, 0, 1);
  for (const int threads : {1, 3}) {
    CAPTURE(threads);
    SampleOptions options = options_for({100'000'000'000}, 1, threads);
    int calls = 0;
    options.progress = [&](std::uint64_t) { return ++calls < 5; };
    CHECK_THROWS_AS(sample_theorem(problem, 0, -1, options), Interrupted);
    CHECK(calls == 5);
  }
}

TEST_CASE("An exception of the progress callback reaches the caller") {
  const ProblemValues<double> problem = random_problem("relu", "relu", 2, 2, 3, 0, 1);
  SampleOptions options = options_for({1'000'000});
  options.progress = [](std::uint64_t) -> bool { throw IoError("the log is full"); };
  CHECK_THROWS_WITH_AS(sample_theorem(problem, 0, -1, options), "the log is full", IoError);
}

TEST_CASE("Sample counts that make no sense are refused") {
  const ProblemValues<double> problem = random_problem("relu", "relu", 2, 3, 4, 0, 1);
  const auto run = [&](std::vector<std::uint64_t> counts) {
    sample_theorem(problem, 0, -1, options_for(std::move(counts)));
  };
  CHECK_THROWS_WITH_AS(run({}), "no sample count is given: expected at least one", InputError);
  CHECK_THROWS_WITH_AS(run({0}), "a standard error needs at least 2 samples, not 0", InputError);
  CHECK_THROWS_WITH_AS(run({1, 10}), "a standard error needs at least 2 samples, not 1",
                       InputError);
  CHECK_THROWS_WITH_AS(run({10, 100, 50}), "sample counts must increase, but 50 follows 100",
                       InputError);
  CHECK_THROWS_WITH_AS(run({10, 10}), "sample counts must increase, but 10 follows 10", InputError);
  CHECK_NOTHROW(run({2}));
}

TEST_CASE("A key lemma that does not exist is refused") {
  const ProblemValues<double> problem = random_problem("relu", "relu", 2, 3, 4, 0, 1);
  const auto run = [&](Eigen::Index row, int degree) {
    sample_theorem(problem, row, degree, options_for({10}));
  };
  CHECK_THROWS_WITH_AS(run(3, 2), "the key lemma's row must be between 0 and 2, not 3", InputError);
  CHECK_THROWS_WITH_AS(run(-1, 2), "the key lemma's row must be between 0 and 2, not -1",
                       InputError);
  CHECK_THROWS_AS(run(0, -2), InputError);
  CHECK_THROWS_AS(run(0, 10'001), InputError);
  CHECK_NOTHROW(run(99, -1));
}

TEST_CASE("Networks that do not fit together are refused") {
  const ProblemValues<double> good = random_problem("relu", "relu", 2, 3, 4, 0, 1);
  const auto run = [](const ProblemValues<double>& problem) {
    sample_theorem(problem, 0, -1, options_for({10}));
  };
  CHECK_NOTHROW(run(good));

  ProblemValues<double> other_dimension = good;
  other_dimension.student.B = Matrix<double>::Identity(3, 5);
  CHECK_THROWS_WITH_AS(run(other_dimension),
                       "the student's B must be 3x4 (entries of a, inputs), not 3x5", InputError);
  ProblemValues<double> short_a = good;
  short_a.teacher.a = Vector<double>::Ones(1);
  CHECK_THROWS_WITH_AS(run(short_a), "the teacher's B must be 1x4 (entries of a, inputs), not 2x4",
                       InputError);
  for (const double variance : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
    ProblemValues<double> noisy = good;
    noisy.noise_variance = variance;
    CHECK_THROWS_AS(run(noisy), InputError);
  }
  SampleOptions options = options_for({10});
  options.threads = -1;
  CHECK_THROWS_AS(sample_theorem(good, 0, -1, options), InputError);
}

TEST_CASE("A sample out of the range of double is an error, not a number") {
  ProblemValues<double> problem = random_problem("exp", "exp", 1, 1, 2, 0, 1);
  problem.teacher.a(0) = 1e200;
  CHECK_THROWS_AS(sample_theorem(problem, 0, -1, options_for({1000})), NumericalError);
}

TEST_CASE("The z-score counts standard errors beyond what rounding explains") {
  CHECK(z_score({100, 1.5, 0.25}, 1.0) == doctest::Approx(2));
  CHECK(z_score({100, 0.5, 0.25}, 1.0) == doctest::Approx(-2));
  CHECK(z_score({100, 1.5, 0.25}, 1.0, 0.25) == doctest::Approx(1));
  CHECK(z_score({100, 1.0, 0}, 1.0) == 0);
  CHECK(z_score({100, 1.0, 0}, std::nextafter(1.0, 2.0)) == 0);
  CHECK(z_score({100, 1e-30, 1e-33}, 1e-17, 1e-16) == 0);
  CHECK(std::isinf(z_score({100, 1.0, 0}, 1.1)));
}
