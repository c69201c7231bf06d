#include "problem_options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/overloaded.hpp>

#include "options.hpp"

namespace sigmahat::cli {
namespace {

constexpr int default_dimension = 50;

/// The first rows of the identity: an exact teacher of any width up to the dimension.
WeightMatrix identity_rows(int rows, int dimension) {
  if (rows == dimension) return {WeightMatrix::Identity{dimension}};
  Matrix<Rational> values = Matrix<Rational>::Constant(rows, dimension, Rational(0));
  for (int i = 0; i < rows; ++i) values(i, i) = 1;
  return {WeightMatrix::Entries{std::move(values)}};
}

/// One number stands for all of them.
std::vector<Rational> one_for_each(const std::vector<Rational>& given, Eigen::Index width,
                                   const char* option) {
  if (given.size() == 1) return std::vector<Rational>(static_cast<std::size_t>(width), given[0]);
  if (given.size() != static_cast<std::size_t>(width))
    throw InputError(fmt::format("{}: expected one number or {}, one for each neuron, not {}",
                                 option, width, given.size()));
  return given;
}

Problem problem_from_flags(const ProblemOptions& options, std::uint64_t seed) {
  const int dimension = options.dimension.value_or(default_dimension);
  const int teacher_width = options.teacher_width.value_or(dimension);
  const int student_width = options.student_width.value_or(teacher_width);
  if (teacher_width > dimension)
    throw InputError(
        fmt::format("--teacher-width: expected at most --dim {}, not {}: flags make the teacher's "
                    "rows orthonormal; a --problem file can give others",
                    dimension, teacher_width));
  const Activation teacher = options.teacher_activation.value_or(parse_activation("relu"));
  const std::vector<Rational> ones{Rational(1)};
  return {.teacher = {teacher, one_for_each(ones, teacher_width, "--teacher-a"),
                      identity_rows(teacher_width, dimension)},
          .student = {teacher,
                      one_for_each(ones, student_width, "--a"),
                      {WeightMatrix::Gaussian{student_width, dimension, seed}}},
          .noise_variance = 0};
}

/// What a file fixes and a flag cannot bend.
void refuse_shapes_beside_file(const ProblemOptions& options) {
  for (const auto& [option, value] : {std::pair{"--dim", options.dimension},
                                      {"--teacher-width", options.teacher_width},
                                      {"--student-width", options.student_width}})
    if (value)
      throw InputError(fmt::format(
          "{}: not together with --problem: the file's matrices fix the shapes", option));
}

std::string rows_in_words(const WeightMatrix& B) {
  return std::visit(
      Overloaded{[](const WeightMatrix::Entries&) { return std::string("given rows"); },
                 [](const WeightMatrix::Doubles& d) {
                   return fmt::format("rows in {}", to_string(d.format));
                 },
                 [](const WeightMatrix::Identity&) { return std::string("identity"); },
                 [](const WeightMatrix::Gaussian& g) {
                   return fmt::format("random unit rows of seed {}", g.seed);
                 },
                 [](const WeightMatrix::Orthogonal& o) {
                   return fmt::format("random orthonormal rows of seed {}", o.seed);
                 }},
      B.source);
}

std::string network_in_words(const Network& network, const char* a) {
  const bool equal = std::adjacent_find(network.a.begin(), network.a.end(),
                                        std::not_equal_to<>()) == network.a.end();
  return fmt::format("{}, {} neuron{} in R^{}, {}, {} {}{}", network.activation.name(),
                     network.width(), network.width() == 1 ? "" : "s", network.dimension(),
                     rows_in_words(network.B), a,
                     equal && !network.a.empty() ? "= " + to_text(network.a.front()) : "given",
                     network.c.empty() ? "" : ", with biases");
}

}  // namespace

void add_problem_options(CLI::App& command, ProblemOptions& options) {
  const std::string group = "Problem";
  const auto grouped = [&](CLI::Option* option) { option->group(group); };
  const auto add_size = [&](const std::string& name, std::optional<int>& target,
                            const std::string& description) {
    grouped(add_parsed_option(command, name, "N", description, [&target](const std::string& text) {
      target = static_cast<int>(parse_whole_number(text, 1, max_width));
    }));
  };
  const auto add_activation = [&](const std::string& name, std::optional<Activation>& target,
                                  const std::string& description) {
    grouped(
        add_parsed_option(command, name, "ACT", description,
                          [&target](const std::string& text) { target = parse_activation(text); }));
  };
  const auto add_list = [&](const std::string& name, std::optional<std::vector<Rational>>& target,
                            const std::string& description) {
    grouped(add_parsed_option(
        command, name, "LIST", description,
        [&target](const std::string& text) { target = parse_rational_list(text); }));
  };
  grouped(add_parsed_option(command, "--problem", "FILE",
                            "problem file; the other options override it",
                            [&options](const std::string& text) { options.file = text; }));
  add_activation("--teacher-activation", options.teacher_activation, "of the teacher (relu)");
  add_activation("--student-activation", options.student_activation,
                 "of the student (the teacher's)");
  add_size("--dim", options.dimension, "dimension d of x (50)");
  add_size("--teacher-width", options.teacher_width, "m*, rows of the identity (d)");
  add_size("--student-width", options.student_width, "m, random unit rows from --seed (m*)");
  add_list("--teacher-a", options.teacher_a, "a*: one number, or m* of them (1)");
  add_list("--a", options.student_a, "a of the student: one number, or m of them (1)");
  add_list("--teacher-c", options.teacher_c, "c*, biases of the teacher's neurons (none)");
  add_list("--c", options.student_c, "c, biases of the student's neurons (none)");
  grouped(add_parsed_option(command, "--noise-variance", "V", "variance of the labels' noise (0)",
                            [&options](const std::string& text) {
                              const Rational variance = parse_rational(text);
                              if (variance < 0)
                                throw InputError(fmt::format(
                                    "expected a number that is not negative, not {}", text));
                              options.noise_variance = variance;
                            }));
}

Problem make_problem(const ProblemOptions& options, std::uint64_t seed) {
  if (options.file) refuse_shapes_beside_file(options);
  Problem problem = options.file ? read_problem(*options.file) : problem_from_flags(options, seed);
  if (options.teacher_activation) problem.teacher.activation = *options.teacher_activation;
  if (options.student_activation) problem.student.activation = *options.student_activation;
  if (options.teacher_a)
    problem.teacher.a = one_for_each(*options.teacher_a, problem.teacher.width(), "--teacher-a");
  if (options.student_a)
    problem.student.a = one_for_each(*options.student_a, problem.student.width(), "--a");
  if (options.teacher_c)
    problem.teacher.c = one_for_each(*options.teacher_c, problem.teacher.width(), "--teacher-c");
  if (options.student_c)
    problem.student.c = one_for_each(*options.student_c, problem.student.width(), "--c");
  if (options.noise_variance) problem.noise_variance = *options.noise_variance;
  validate(problem);
  return problem;
}

Value problem_value(const Problem& problem) {
  return {"", "", Json::parse(to_json(problem))};
}

void describe(const ProblemOptions& options, const Problem& problem, Json& inputs) {
  inputs["problem_file"] = options.file ? Json(options.file->string()) : Json(nullptr);
  inputs["problem"] = problem_value(problem).json;
}

std::vector<std::pair<std::string, std::string>> describe(const Problem& problem) {
  return {{"teacher", network_in_words(problem.teacher, "a*")},
          {"student", network_in_words(problem.student, "a")},
          {"noise", "variance " + to_text(problem.noise_variance)}};
}

}  // namespace sigmahat::cli
