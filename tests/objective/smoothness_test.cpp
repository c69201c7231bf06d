#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/evaluation.hpp>

using namespace sigmahat;

namespace {

using Order = Smoothness::Order;

Problem problem_of(const std::string& sigma, const std::string& student_rows,
                   const std::string& gamma = "") {
  return parse_problem(fmt::format(R"({{
    "teacher": {{"activation": "{}", "a": 1, "B": [[1, 0], [0, 1]]}},
    "student": {{"activation": "{}", "a": 1, "B": [{}]}}, "normalize": true}})",
                                   sigma, gamma.empty() ? sigma : gamma, student_rows),
                       "inline");
}

PointEvaluation derivatives(const Problem& problem, const char* objective = "f") {
  EvaluationOptions options;
  options.objective = parse_objective(objective);
  options.gradient = options.hessian = true;
  options.digits = 30;
  return evaluate(problem, options);
}

}  // namespace

TEST_CASE("How often a loss can be differentiated where rows are parallel") {
  const std::string parallel = "[3, 4], [-1, 0]", apart = "[3, 4], [5, 12]";
  for (const auto& [activation, order] : {std::pair{"relu", Order::twice},
                                          {"abs", Order::twice},
                                          {"leaky_relu(1/2)", Order::twice},
                                          {"step", Order::none},
                                          {"sign", Order::none},
                                          {"relu + step(x)", Order::none},
                                          {"relu_power(2)", Order::three_times},
                                          {"erf", Order::three_times},
                                          {"tanh", Order::three_times},
                                          {"cubic", Order::three_times},
                                          {"hard_tanh", Order::at_least_twice},
                                          {"step(x - 1)", Order::unknown}}) {
    CAPTURE(activation);
    const PointEvaluation at = derivatives(problem_of(activation, parallel));
    REQUIRE(at.smoothness);
    CHECK(at.smoothness->order == order);
    const bool limited = order != Order::three_times;
    REQUIRE(at.smoothness->rows.size() == (limited ? 1U : 0U));
    if (limited) {
      const ParallelRows& rows = at.smoothness->rows[0];
      CHECK(rows.student_row == 1);
      CHECK(rows.with_teacher);
      CHECK(rows.other_row == 0);
      CHECK(rows.opposite);
      CHECK(rows.exactly);
    }
    CHECK(at.gradient.has_value() == (order < Order::unknown));
    CHECK(at.spectrum.has_value() == (order < Order::unknown));
    CHECK(derivatives(problem_of(activation, apart)).smoothness->order == Order::three_times);
  }
}

TEST_CASE("A jump and a kink at one place have a smooth kernel together: (1 + ρ)/√(8π)") {
  const PointEvaluation at = derivatives(problem_of("step", "[1, 0]", "relu"));
  CHECK(at.smoothness->order == Order::three_times);
  CHECK(at.gradient);
}

TEST_CASE("Rational rows are proven to be parallel or not, whatever the digits tell") {
  Problem problem = problem_of("relu", "[1, 1], [2, 2], [3, 1]");
  const Smoothness exact = *derivatives(problem).smoothness;
  REQUIRE(exact.rows.size() == 1);
  CHECK(exact.rows[0].student_row == 0);
  CHECK_FALSE(exact.rows[0].with_teacher);
  CHECK(exact.rows[0].other_row == 1);
  CHECK(exact.rows[0].exactly);

  problem = problem_of("relu", R"([1, 1], [1, "1.00000000000000000000000000000000000000000001"])");
  const Smoothness near = *derivatives(problem).smoothness;
  REQUIRE(near.rows.size() == 1);
  CHECK_FALSE(near.rows[0].exactly);

  problem.student.B = {WeightMatrix::Gaussian{2, 2, 1}};
  problem.teacher.B = {WeightMatrix::Gaussian{2, 2, 1}};
  const Smoothness random = *derivatives(problem).smoothness;
  REQUIRE(random.rows.size() == 2);
  CHECK_FALSE(random.rows[0].exactly);
}

TEST_CASE("However near to parallel rows are, the answer is a gradient or the rows in its way") {
  for (int zeros = 5; zeros <= 60; ++zeros) {
    CAPTURE(zeros);
    const PointEvaluation at = derivatives(problem_of(
        "step",
        fmt::format(R"([3, 4], [3, "4.{}1"])", std::string(static_cast<std::size_t>(zeros), '0'))));
    CHECK(at.gradient.has_value() == at.smoothness->rows.empty());
    if (zeros < 15) CHECK(at.gradient);
    if (zeros > 45) CHECK(at.smoothness->rows.size() == 1);
  }
}

TEST_CASE("Objectives that are polynomials in the inner products are smooth everywhere") {
  for (const char* objective : {"f_gamma:2,4", "degree:3", "G:mu=1/20"}) {
    CAPTURE(objective);
    const PointEvaluation at = derivatives(problem_of("step", "[1, 0], [0, 1]"), objective);
    CHECK(at.smoothness->order == Order::three_times);
    CHECK(at.gradient);
  }
}

TEST_CASE("The Hessian of a ReLU loss is continuous where rows become parallel, and no more") {
  // One neuron each in the plane, t the angle between them: f = 1 - 2κ(cos t), and with
  // κ' = (π - |t|)/(2π), κ'' = 1/(2π sin|t|) its second derivative in t is
  //   2κ' cos t - 2κ'' sin² t = 1 - 2|t|/π + O(t²).
  const auto second_derivative = [](const std::string& row) {
    EvaluationOptions options;
    options.hessian = true;
    options.freedom.trains_a = false;
    options.digits = 30;
    const Problem problem = parse_problem(fmt::format(R"({{
      "teacher": {{"activation": "relu", "a": 1, "B": [[1, 0]]}},
      "student": {{"activation": "relu", "a": 1, "B": [{}]}}, "normalize": true}})",
                                                      row),
                                          "inline");
    return evaluate(problem, options).spectrum->eigenvalues.at(0);
  };
  const PrecisionScope precision(40);
  CHECK(contains(second_derivative("[1, 0]"), Real(1)));
  CHECK(second_derivative("[1, 0]").error_bound < Real("1e-25"));
  for (const char* tangent : {"1e-6", "-1e-6"}) {
    CAPTURE(tangent);
    const Real value = second_derivative(fmt::format("[1, \"{}\"]", tangent)).value;
    CHECK(abs(Real(value - 1 + 2 * Real("1e-6") / pi<Real>())) < Real("1e-11"));
  }
}
