#include <numeric>
#include <random>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/evaluation.hpp>
#include <sigmahat/objective/population_loss.hpp>

using namespace sigmahat;

namespace {

struct Shape {
  int teacher, student, dimension;
};

/// Random unit rows (given by seeds) and random weights; noise 1/7.
Problem random_problem(const std::string& teacher, const std::string& student, const Shape& shape,
                       std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto weights = [&](int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += fmt::format("{}\"{}/10\"", i == 0 ? "" : ",",
                          std::uniform_int_distribution<int>(-20, 20)(random));
    return text;
  };
  const auto network = [&](const std::string& activation, int width) {
    return fmt::format(
        R"({{"activation": "{}", "a": [{}], "B": {{"gaussian": {{"rows": {}, "cols": {}, "seed": {}}}}}}})",
        activation, weights(width), width, shape.dimension, random() % 100'000);
  };
  const std::string first = network(teacher, shape.teacher);
  return parse_problem(fmt::format(R"({{"teacher": {{"noise_variance": "1/7", {}, "student": {}}})",
                                   first.substr(1), network(student, shape.student)),
                       "random problem");
}

}  // namespace

TEST_CASE("Theorem 1: the series and the dual kernels enclose the same loss") {
  std::uint64_t seed = 1;
  for (const char* name : {"relu", "abs", "erf", "gelu", "tanh", "sigmoid", "softplus", "exp"})
    for (const int dimension : {2, 3, 5, 10}) {
      CAPTURE(name);
      CAPTURE(dimension);
      const Problem problem = random_problem(name, name, {3, 2, dimension}, ++seed);
      const PopulationLoss closed = population_loss(problem, 50);
      SeriesOptions options;
      options.digits = 50;
      const SeriesLoss series = population_loss_series(problem, options);
      CHECK(overlap(closed.value, series.value));
      CHECK(series.terms <= options.max_degree_limit + 1);
    }
}

TEST_CASE("Theorem 1 holds for a student whose activation differs from the teacher's") {
  std::uint64_t seed = 100;
  for (const auto& [teacher, student] :
       {std::pair{"relu", "abs"}, {"tanh", "erf"}, {"hermite(4)", "relu"}, {"sign", "cubic"}}) {
    CAPTURE(teacher);
    const Problem problem = random_problem(teacher, student, {2, 4, 6}, ++seed);
    SeriesOptions options;
    options.digits = 30;
    CHECK(overlap(population_loss(problem, 30).value,
                  population_loss_series(problem, options).value));
  }
}

TEST_CASE("A student equal to its teacher leaves the noise and nothing else") {
  const Problem problem = parse_problem(R"({
    "teacher": {"activation": "relu", "a": ["1", "-1/3"], "B": [["3/5", "4/5"], ["0", "1"]],
                "noise_variance": "1/4"},
    "student": {"activation": "relu", "a": ["-1/3", "1"], "B": [["0", "1"], ["3/5", "4/5"]]}})",
                                        "inline");
  const PopulationLoss loss = population_loss(problem, 40);
  CHECK(contains(loss.value, Real("0.25")));
  CHECK(loss.value.error_bound < Real("1e-40"));
  const SeriesLoss series = population_loss_series(problem, {});
  for (const DegreeTerm& term : series.degree_terms) CHECK(contains_zero(*term.f_k));
}

TEST_CASE("Orthonormal rows: the loss of two ReLU networks by hand") {
  // Teacher e_1, student e_2: E[(r(x) - r(y))²] = 1/2 + 1/2 - 2/(2π)
  const Problem problem = parse_problem(R"({
    "teacher": {"activation": "relu", "a": 1, "B": [[1, 0]]},
    "student": {"activation": "relu", "a": 1, "B": [[0, 1]]}})",
                                        "inline");
  const PrecisionScope precision(60);
  CHECK(contains(population_loss(problem, 40).value, Real(1 - 1 / pi<Real>())));
}

TEST_CASE("The degree terms are the squared norms of the tensors, formed entry by entry") {
  // Exact unit rows in three dimensions; tensors of degree k have 3^k entries.
  const Problem problem = parse_problem(R"({
    "teacher": {"activation": "softplus", "a": ["2", "-1/3"],
                "B": [["1/3", "2/3", "2/3"], ["2/7", "3/7", "-6/7"]]},
    "student": {"activation": "softplus", "a": ["1/2", "1", "-5/4"],
                "B": [["0", "3/5", "4/5"], ["4/9", "-4/9", "7/9"], ["1", "0", "0"]]}})",
                                        "inline");
  SeriesOptions options;
  options.max_degree = 5;
  options.digits = 30;
  const SeriesLoss series = population_loss_series(problem, options);
  REQUIRE(series.degree_terms.size() == 6);
  const auto& teacher = std::get<WeightMatrix::Entries>(problem.teacher.B.source).values;
  const auto& student = std::get<WeightMatrix::Entries>(problem.student.B.source).values;
  int entries = 1;
  for (int k = 0; k <= 5; ++k, entries *= 3) {
    CAPTURE(k);
    Rational norm = 0;
    for (int entry = 0; entry < entries; ++entry) {
      const auto sum = [&](const Matrix<Rational>& B, const std::vector<Rational>& a) {
        Rational total = 0;
        for (Eigen::Index i = 0; i < B.rows(); ++i) {
          Rational product = a[static_cast<std::size_t>(i)];
          for (int digit = 0, rest = entry; digit < k; ++digit, rest /= 3)
            product *= B(i, rest % 3);
          total += product;
        }
        return total;
      };
      const Rational difference = sum(teacher, problem.teacher.a) - sum(student, problem.student.a);
      norm += difference * difference;
    }
    const PrecisionScope precision(60);
    const Enclosure& f_k = *series.degree_terms[static_cast<std::size_t>(k)].f_k;
    CHECK(contains(f_k, from_rational<Real>(norm)));
    CHECK(f_k.error_bound < Real("1e-28"));
  }
}

TEST_CASE("A truncated series says what it leaves out") {
  const Problem problem = random_problem("relu", "relu", {3, 4, 3}, 7);
  const PopulationLoss closed = population_loss(problem, 40);
  for (const int max_degree : {0, 1, 2, 5, 20, 100}) {
    CAPTURE(max_degree);
    SeriesOptions options;
    options.max_degree = max_degree;
    options.digits = 40;
    const SeriesLoss series = population_loss_series(problem, options);
    CHECK(series.terms == max_degree + 1);
    CHECK(overlap(series.value, closed.value));
    CHECK(series.value.error_bound >= series.truncation_bound);
    const PrecisionScope precision(60);
    // The bound is one: |f - partial sum - diagonal tail| must not exceed it.
    CHECK(abs(Real(closed.value.value - series.partial_sum.value - series.known_tail.value)) <=
          series.truncation_bound + Real("1e-38"));
  }
}

TEST_CASE(
    "Every squared distance is the sum of its degrees, and the constant of those out of reach") {
  for (const auto& [teacher, student] : {std::pair{"relu", "relu"}, {"softplus", "tanh"}})
    for (const char* text :
         {"f", "f_gamma:2,4", "f_gamma:0,1,3,17", "degree:3", "weights:1=2,4=-1/2,9=1/3"})
      for (const std::optional<int> max_degree : {std::optional(3), std::optional(12), {}}) {
        CAPTURE(teacher);
        CAPTURE(text);
        const Problem problem = random_problem(teacher, student, {3, 4, 8}, 31);
        SeriesOptions options;
        options.objective = parse_objective(text);
        options.digits = 30;
        options.max_degree = max_degree;
        const SeriesLoss series = population_loss_series(problem, options);
        EvaluationOptions evaluation;
        evaluation.objective = options.objective;
        evaluation.digits = 30;
        const PointEvaluation loss = evaluate(problem, evaluation);
        CHECK(overlap(series.value, loss.value));
        if (!max_degree) CHECK(series.value.error_bound < Real("1e-25"));

        const PrecisionScope precision(40);
        const bool weighted = std::holds_alternative<DegreeLoss>(options.objective);
        Interval all(0), out_of_reach(0);
        if (!weighted) all = out_of_reach = from_rational<Interval>(problem.noise_variance);
        for (const DegreeTerm& term : series.degree_terms) {
          all += to_interval(term.contribution);
          if (!term.reachable) out_of_reach += to_interval(term.contribution);
        }
        CHECK(overlap(series.partial_sum, to_enclosure(all, Status::certified)));
        CHECK(lower(out_of_reach) <= loss.constant.value + loss.constant.error_bound);
        // To the end, nothing is missing from the constant.
        if (!max_degree && !weighted)
          CHECK(abs(Real(lower(out_of_reach) - loss.constant.value)) <
                series.truncation_bound + series.known_tail.value + Real("1e-28"));
      }
}

TEST_CASE("An objective that is no squared distance has no degrees") {
  const Problem problem = random_problem("relu", "relu", {2, 2, 3}, 3);
  SeriesOptions options;
  options.objective = parse_objective("G:mu=1/20");
  CHECK_THROWS_AS(population_loss_series(problem, options), DomainError);
}

TEST_CASE("Permuting the neurons does not change the loss, whatever the number of threads") {
  Problem problem = parse_problem(R"({
    "teacher": {"activation": "gelu", "a": ["2", "-1/3"],
                "B": [["1/3", "2/3", "2/3"], ["2/7", "3/7", "-6/7"]]},
    "student": {"activation": "gelu", "a": ["1/2", "1", "-5/4"],
                "B": [["0", "3/5", "4/5"], ["4/9", "-4/9", "7/9"], ["1", "0", "0"]]}})",
                                  "inline");
  const Enclosure before = population_loss(problem, 30, 1).value;
  CHECK(population_loss(problem, 30, 3).value.value == before.value);
  auto& B = std::get<WeightMatrix::Entries>(problem.student.B.source).values;
  B.row(0).swap(B.row(2));
  std::swap(problem.student.a[0], problem.student.a[2]);
  CHECK(overlap(population_loss(problem, 30).value, before));
}

TEST_CASE("More digits give a narrower enclosure of the same loss") {
  for (const char* name : {"relu", "tanh"}) {
    const Problem problem = random_problem(name, name, {2, 3, 4}, 9);
    Enclosure before = population_loss(problem, 10).value;
    for (const int digits : {17, 30, 60}) {
      CAPTURE(name);
      CAPTURE(digits);
      const Enclosure value = population_loss(problem, digits).value;
      CHECK(overlap(value, before));
      CHECK(value.error_bound < before.error_bound);
      before = value;
    }
  }
}

TEST_CASE("A wrong coefficient moves the series away from the loss") {
  const Problem problem = random_problem("relu", "relu", {3, 4, 5}, 5);
  SeriesOptions options;
  options.override_coefficient = {2, Rational(1, 2)};
  CHECK_FALSE(
      overlap(population_loss(problem, 17).value, population_loss_series(problem, options).value));
  options.override_coefficient = {-1, Rational(1, 2)};
  CHECK_THROWS_AS(population_loss_series(problem, options), DomainError);
}

TEST_CASE("A wrong coefficient is summed however early the series could have ended") {
  const Problem problem = random_problem("gelu", "gelu", {2, 2, 50}, 5);
  SeriesOptions options;
  const int degrees = population_loss_series(problem, options).terms;
  CAPTURE(degrees);
  REQUIRE(degrees < 200);
  options.override_coefficient = {200, Rational(1)};
  CHECK_FALSE(
      overlap(population_loss(problem, 17).value, population_loss_series(problem, options).value));
}

TEST_CASE("Key lemma: for quadratic labels E[y h_2(b x)] is a quadratic form, by hand") {
  // y = Σ a_j ⟨b_j, x⟩²: E[y h_2(b·x)] = √2 Σ a_j ⟨b_j, b⟩², E[y] = Σ a_j, nothing else.
  const Problem problem = parse_problem(R"({
    "teacher": {"activation": "quadratic", "a": ["2", "-1/3"],
                "B": [["1/3", "2/3", "2/3"], ["2/7", "3/7", "-6/7"]]},
    "student": {"activation": "quadratic", "a": 1, "B": [["0", "3/5", "4/5"]]}})",
                                        "inline");
  const std::vector<Enclosure> values = key_lemma_values(problem, 0, 4, 30);
  const PrecisionScope precision(50);
  const Rational first(2 * 3 + 2 * 4, 15), second(3 * 3 - 6 * 4, 35);
  CHECK(contains(values[0], from_rational<Real>(Rational(5, 3))));
  CHECK(contains(values[2],
                 sqrt(Real(2)) * from_rational<Real>(2 * first * first - second * second / 3)));
  for (const int k : {1, 3, 4}) CHECK(contains_zero(values[static_cast<std::size_t>(k)]));
  CHECK_THROWS_AS(key_lemma_values(problem, 1, 4, 30), DomainError);
}
