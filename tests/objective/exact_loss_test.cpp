#include <random>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/evaluation.hpp>
#include <sigmahat/objective/exact_loss.hpp>
#include <sigmahat/objective/population_loss.hpp>

#include "random_student.hpp"

using namespace sigmahat;

namespace {

/// Rows in Pythagorean directions: rational and unit.
Problem unit_problem(const std::string& teacher, const std::string& student,
                     const std::string& noise = "1/7") {
  return parse_problem(fmt::format(R"({{
    "teacher": {{"activation": "{}", "a": ["2", "-1/3"], "noise_variance": "{}",
                 "B": [["1/3", "2/3", "2/3"], ["2/7", "3/7", "-6/7"]]}},
    "student": {{"activation": "{}", "a": ["1/2", "1", "-5/4"],
                 "B": [["0", "3/5", "4/5"], ["4/9", "-4/9", "7/9"], ["1", "0", "0"]]}}}})",
                                   teacher, noise, student),
                       "inline");
}

void check_is(const ExactValue& exact, const Enclosure& enclosure) {
  CAPTURE(to_text(exact));
  CHECK(overlap(to_enclosure(to_interval(exact), Status::exact), enclosure));
}

/// Everything in symbols, against the enclosures of the same.
void check_against_enclosures(const Problem& problem, const std::string& objective) {
  CAPTURE(objective);
  const int digits = 100;
  const PrecisionScope precision(digits + 20);
  const ObjectiveChoice choice = parse_objective(objective);
  const ExactLoss exact = exact_loss(problem, choice, 6);
  CAPTURE(exact.value_absent_because);
  REQUIRE(exact.value);
  EvaluationOptions evaluation;
  evaluation.objective = choice;
  evaluation.digits = digits;
  const PointEvaluation loss = evaluate(problem, evaluation);
  check_is(*exact.value, loss.value);
  CHECK(loss.value.error_bound < Real("1e-95"));

  SeriesOptions options;
  options.objective = choice;
  options.max_degree = 6;
  options.digits = digits;
  const SeriesLoss series = population_loss_series(problem, options);
  REQUIRE(exact.degree_terms.size() == series.degree_terms.size());
  for (std::size_t i = 0; i < series.degree_terms.size(); ++i) {
    const ExactDegreeTerm& term = exact.degree_terms[i];
    CHECK(term.degree == series.degree_terms[i].degree);
    REQUIRE(term.f_k);
    REQUIRE(series.degree_terms[i].f_k);
    check_is(*term.f_k, *series.degree_terms[i].f_k);
    if (exact.terms_absent_because.empty()) REQUIRE(term.contribution);
    if (term.contribution) check_is(*term.contribution, series.degree_terms[i].contribution);
  }
  if (exact.partial_sum) check_is(*exact.partial_sum, series.partial_sum);
}

}  // namespace

TEST_CASE("Losses in symbols are the numbers that the enclosures hold, to a hundred digits") {
  for (const auto& [teacher, student] : {std::pair{"relu", "relu"},
                                         {"abs", "relu"},
                                         {"step", "sign"},
                                         {"leaky_relu(1/4)", "relu_power(2)"},
                                         {"erf", "erf"},
                                         {"gelu", "gelu"},
                                         {"exp", "exp"},
                                         {"sin", "sin"},
                                         {"cos", "cos"},
                                         {"gaussian", "gaussian"},
                                         {"cubic", "relu"},
                                         {"hermite(4)", "gelu"}}) {
    CAPTURE(teacher);
    CAPTURE(student);
    const Problem problem = unit_problem(teacher, student);
    for (const char* objective : {"f", "f_gamma:1,2,4,9", "degree:3", "weights:2=1,5=-1/3,8=2"})
      check_against_enclosures(problem, objective);
  }
}

TEST_CASE("Rows of any rational length bring square roots, and nothing else changes") {
  for (unsigned seed = 1; seed <= 3; ++seed)
    for (const char* name : {"relu", "sign", "erf", "gaussian", "quadratic"}) {
      CAPTURE(seed);
      CAPTURE(name);
      // normalised
      test::RandomStudent random(name, name, {2, 3, 3}, seed);
      check_against_enclosures(random.problem(), "f");
      check_against_enclosures(random.problem(), "f_gamma:2,3");
      // the lengths as factors of the weights
      random.problem().normalize = false;
      if (random.problem().teacher.activation.homogeneity())
        check_against_enclosures(random.problem(), "f");
    }
}

TEST_CASE("Two orthogonal, opposite and equal ReLU neurons in symbols, by hand") {
  const auto value = [](const char* row, const char* noise) {
    const Problem problem = parse_problem(fmt::format(R"({{
      "teacher": {{"activation": "relu", "a": 1, "B": [[1, 0]], "noise_variance": "{}"}},
      "student": {{"activation": "relu", "a": 1, "B": [{}]}}}})",
                                                      noise, row),
                                          "inline");
    return to_text(*exact_loss(problem, FullLoss{}, 2).value, Radicals::reduced);
  };
  CHECK(value("[0, 1]", "0") == "-1/pi + 1");
  CHECK(value("[-1, 0]", "1/4") == "5/4");
  CHECK(value("[1, 0]", "1/3") == "1/3");
  // E[r(x)²] + E[r(x+y)²] - 2 E[r(x) r(x+y)], ρ = 1/√2 and length √2:
  // 1/2 + 1 - 2√2 (√(1/2) + (1/√2) 3π/4)/(2π)
  CHECK(value("[1, 1]", "0") == "-1/pi + 3/4");
}

TEST_CASE("A student equal to its teacher has the noise for its loss, as an object") {
  for (const char* name : {"relu", "erf", "gelu", "gaussian", "sign"}) {
    CAPTURE(name);
    test::RandomStudent random(name, name, {3, 3, 4}, 7);
    Problem& problem = random.problem();
    problem.student = problem.teacher;
    problem.student.B = {WeightMatrix::Entries{
        std::get<WeightMatrix::Entries>(problem.teacher.B.source).values.colwise().reverse()}};
    std::reverse(problem.student.a.begin(), problem.student.a.end());
    const ExactLoss exact = exact_loss(problem, FullLoss{}, 4);
    REQUIRE(exact.value);
    CHECK(*exact.value == ExactValue::rational(problem.noise_variance));
    for (const ExactDegreeTerm& term : exact.degree_terms) CHECK(term.f_k->is_zero());
  }
}

TEST_CASE("Degree terms of rational rows are rational, and exact coefficients multiply them") {
  const ExactLoss exact = exact_loss(unit_problem("relu", "relu"), FullLoss{}, 5);
  for (const ExactDegreeTerm& term : exact.degree_terms) {
    CAPTURE(term.degree);
    CHECK(rational_ratio(term.f_k->terms().at(0), ExactTerm{}));
    CHECK(term.f_k->terms().size() == 1);
  }
  // σ̂_1² = 1/4, σ̂_2² = 1/(4π), σ̂_3 = 0
  CHECK(*exact.degree_terms[1].contribution == Rational(1, 4) * *exact.degree_terms[1].f_k);
  CHECK(*exact.degree_terms[2].contribution ==
        ExactTerm::root(Rational(1, 16), -2) * *exact.degree_terms[2].f_k);
  CHECK(exact.degree_terms[3].contribution->is_zero());
}

TEST_CASE("What is not exact is absent, and why is said") {
  const auto because = [](const Problem& problem, const char* objective = "f") {
    const ExactLoss exact = exact_loss(problem, parse_objective(objective), 3);
    CHECK_FALSE(exact.value);
    return exact.value_absent_because;
  };
  CHECK(because(unit_problem("tanh", "tanh")) == "the kernel of tanh has no closed form");
  CHECK(because(unit_problem("relu", "erf")) == "the kernel of relu and erf has no closed form");
  // Its degree terms are exact all the same, and so is a weighted sum of them.
  const ExactLoss tanh = exact_loss(unit_problem("tanh", "tanh"), FullLoss{}, 3);
  CHECK(tanh.degree_terms.size() == 4);
  CHECK(tanh.degree_terms[3].f_k);
  CHECK_FALSE(tanh.degree_terms[3].contribution);
  CHECK(tanh.terms_absent_because == "the coefficients of tanh have no exact form");
  CHECK(exact_loss(unit_problem("tanh", "tanh"), parse_objective("degree:2"), 3).value);

  test::RandomStudent random("exp", "exp", {2, 2, 3}, 5);
  CHECK(because(random.problem()) == "an exponential of an irrational inner product");

  Problem problem = unit_problem("relu", "relu");
  problem.student.B = {WeightMatrix::Gaussian{3, 3, 1}};
  CHECK(because(problem) == "the student's rows are random");
  CHECK(exact_loss(problem, FullLoss{}, 3).degree_terms.empty());
  CHECK_THROWS_AS(exact_loss(problem, parse_objective("G:mu=1"), 3), DomainError);
}

TEST_CASE("Large problems and high degrees are cut off at the limits") {
  // 50 x 50 rows in as many directions: more inner products than are followed.
  Matrix<Rational> B(50, 50);
  for (int i = 0; i < 50; ++i)
    for (int k = 0; k < 50; ++k) B(i, k) = Rational((7 * i * i + 13 * i * k + k * k * k) % 31 - 15);
  Problem problem = unit_problem("relu", "relu", "0");
  problem.teacher = {
      problem.teacher.activation, std::vector<Rational>(50, 1), {WeightMatrix::Identity{50}}};
  problem.student = {
      problem.teacher.activation, std::vector<Rational>(50, 1), {WeightMatrix::Entries{B}}};
  CHECK(exact_loss(problem, FullLoss{}, 8).value_absent_because ==
        "the rows make more than 256 different inner products");
  // A student on the teacher's rows makes two, 0 and 1: 25 · (1 - 2)² + 2450 · (1 - 2)²/(2π).
  problem.student.B = {WeightMatrix::Identity{50}};
  problem.student.a = std::vector<Rational>(50, 2);
  CHECK(*exact_loss(problem, FullLoss{}, 8).value ==
        ExactValue::rational(25) + ExactValue::root(Rational(2450) * 2450 / 4, -2));

  const ExactLoss far = exact_loss(unit_problem("relu", "relu"), FullLoss{}, 3000);
  CHECK(far.value);
  REQUIRE(far.degree_terms.size() == 3001);
  CHECK(far.degree_terms[100].f_k);
  CHECK_FALSE(far.degree_terms[3000].f_k);
  CHECK(far.terms_absent_because == "its fractions have more than 20000 binary digits");
}
