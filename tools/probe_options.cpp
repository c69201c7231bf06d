#include "probe_options.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/landscape/critical_point.hpp>
#include <sigmahat/landscape/direction.hpp>
#include <sigmahat/landscape/geodesic.hpp>
#include <sigmahat/landscape/matching.hpp>
#include <sigmahat/network/npy_file.hpp>
#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/objective/fast_objective.hpp>
#include <sigmahat/optimize/manifold.hpp>

namespace sigmahat::cli {
namespace {

void require_shape(const Weights<double>& point, const Landscape& landscape) {
  const Weights<double>& student = landscape.student;
  if (point.B.rows() != student.B.rows() || point.B.cols() != student.B.cols())
    throw InputError(fmt::format("{} neurons in R^{}; expected {} in R^{}, as the student's",
                                 point.B.rows(), point.B.cols(), student.B.rows(),
                                 student.B.cols()));
  if (point.c.size() != student.c.size())
    throw InputError(
        fmt::format("{} biases; expected {}, as the student's", point.c.size(), student.c.size()));
}

Weights<double> teacher_point(const Landscape& landscape) {
  Problem other = landscape.problem;
  other.student = other.teacher;
  Weights<double> point = student_weights<double>(other, landscape.freedom.rows);
  const bool alike =
      landscape.problem.teacher.activation.name() == landscape.problem.student.activation.name();
  if (!alike && point.a.size() == landscape.student.a.size()) point.a = landscape.student.a;
  return point;
}

Weights<double> rows_direction(const std::filesystem::path& file, const Landscape& landscape) {
  Weights<double> direction{Vector<double>::Zero(landscape.student.a.size()), read_npy(file).values,
                            Vector<double>::Zero(landscape.student.c.size())};
  if (!direction.B.allFinite()) throw InputError("an entry is not finite");
  require_shape(direction, landscape);
  return direction;
}

Weights<double> gradient_at(const Landscape& landscape, const Weights<double>& x) {
  return tangential(x, landscape.objective->value_and_gradient(x).gradient, landscape.freedom);
}

/// "random:3" after "random": 3; without a number 0.
std::uint64_t number_behind(const std::string& text, const std::string& word) {
  if (text == word) return 0;
  return parse_whole_number(text.substr(word.size() + 1), 0, 1'000'000'000);
}

bool begins_with_word(const std::string& text, const std::string& word) {
  return text == word || text.rfind(word + ":", 0) == 0;
}

/// The eigenvector of eigenvalue 0, 1, ... from the least or -1, -2, ... from the largest.
Weights<double> eigenvector(const std::string& number, const Landscape& landscape,
                            const Weights<double>& x) {
  const auto dimensions = static_cast<std::uint64_t>(dimension(x, landscape.freedom));
  const bool from_largest = !number.empty() && number[0] == '-';
  const std::uint64_t k = from_largest
                              ? dimensions - parse_whole_number(number.substr(1), 1, dimensions)
                              : parse_whole_number(number, 0, dimensions - 1);
  const HessianEigensystem system =
      hessian_eigensystem(*landscape.objective, x, landscape.freedom, /*vectors=*/true);
  return from_basis(x, Vector<double>(system.vectors.col(static_cast<Eigen::Index>(k))),
                    landscape.freedom);
}

Weights<double> direction_named(const std::string& text, const Landscape& landscape,
                                const Weights<double>& x, std::uint64_t seed) {
  if (begins_with_word(text, "random"))
    return random_direction(x, landscape.freedom, seed, number_behind(text, "random"));
  if (text == "gradient") return gradient_at(landscape, x);
  if (begins_with_word(text, "eigenvector"))
    return eigenvector(text == "eigenvector" ? "0" : text.substr(text.find(':') + 1), landscape, x);
  const std::string extension = std::filesystem::path(text).extension().string();
  if (extension == ".npy") return rows_direction(text, landscape);
  if (text != "teacher" && extension != ".json")
    throw InputError(
        "expected random, random:I, gradient, eigenvector:K, teacher or a file (.json, .npy)");
  return velocity_towards(x, read_point(text, landscape), landscape.freedom);
}

}  // namespace

void add_probe_options(CLI::App& command, ProbeOptions& options, Arrays arrays) {
  add_objective_options(command, options.objective);
  add_problem_options(command, options.problem);
  add_common_options(command, options.common, Plots::some, arrays);
}

Landscape::Landscape(Problem of, ObjectiveChoice what, const Freedom& where)
    : problem(std::move(of)),
      choice(std::move(what)),
      freedom(where),
      values(at_precision<double>(problem)),
      objective(make_fast_objective(choice, values, freedom.rows, /*threads=*/1)),
      student(on_manifold(student_weights<double>(problem, freedom.rows), freedom)) {}

Landscape make_landscape(const ProbeOptions& options) {
  Problem problem = make_problem(options.problem, options.common.seed);
  return naming_file(options.problem, [&] {
    return Landscape(std::move(problem), options.objective.objective.value_or(FullLoss{}),
                     freedom_of(options.objective));
  });
}

double value_rounding(const Landscape& landscape) {
  constexpr double share = 1e-13;
  Weights<double> nothing = landscape.student;
  nothing.a.setZero();
  return share * std::max(std::abs(landscape.objective->value(landscape.student)),
                          std::abs(landscape.objective->value(nothing)));
}

AfreshPoint evaluated_afresh(const Landscape& landscape, const Weights<double>& x, bool isolated,
                             int digits) {
  AfreshPoint result{
      evaluate_precisely(landscape.problem, landscape.choice, landscape.freedom, x, digits_afresh)
          .gradient_norm.convert_to<double>(),
      {}};
  if (digits <= digits_of_double || !isolated) return result;
  try {
    result.refined =
        refine_precisely(landscape.problem, landscape.choice, landscape.freedom, x, digits);
  } catch (const NumericalError&) {
    // Where the Hessian has no limit there is nothing to refine by.
  }
  return result;
}

std::vector<Value> refined_values(const std::optional<PrecisePoint>& point, int digits) {
  const auto shown = [](const Real& number, int d) {
    const std::string text = to_text(number, d);
    return Value{text, latex_digits(text), Json(text)};
  };
  if (!point) return {absent(""), absent("")};
  return {shown(point->value, digits), shown(point->gradient_norm, 2)};
}

Weights<double> read_point(const std::string& text, const Landscape& landscape) {
  if (text == "student") return landscape.student;
  if (text != "teacher" && std::filesystem::path(text).extension() != ".json")
    throw InputError(
        fmt::format("expected student, teacher or a problem file (.json), not \"{}\"", text));
  try {
    Weights<double> point =
        text == "teacher" ? teacher_point(landscape)
                          : student_weights<double>(read_problem(text), landscape.freedom.rows);
    require_shape(point, landscape);
    return on_manifold(std::move(point), landscape.freedom);
  } catch (const InputError& error) {
    const std::string message = error.what();
    // A file that cannot be understood is named by its reader.
    throw InputError(message.rfind(text, 0) == 0 ? message : text + ": " + message);
  }
}

Weights<double> read_direction(const std::string& text, const Landscape& landscape,
                               const Weights<double>& x, std::uint64_t seed) {
  try {
    return unit_tangent(x, direction_named(text, landscape, x, seed), landscape.freedom);
  } catch (const InputError& error) {
    const std::string message = error.what();
    throw InputError(message.rfind(text, 0) == 0 ? message : text + ": " + message);
  }
}

Weights<double> matched_in(const Landscape& landscape, const Weights<double>& x,
                           const Weights<double>& y) {
  return matched(x, y, landscape.problem.student.activation.parity() == Parity::even);
}

Json settings_of(const ProbeOptions& options, const Landscape& landscape) {
  Json settings{{"seed", json_integer(options.common.seed)}};
  describe(options.problem, landscape.problem, settings);
  settings.erase("problem_file");
  describe(landscape.choice, landscape.freedom, settings);
  return settings;
}

Json inputs_of(const ProbeOptions& options, const Landscape& landscape, const Json& own) {
  Json inputs;
  describe(options.problem, landscape.problem, inputs);
  describe(landscape.choice, landscape.freedom, inputs);
  for (const auto& [key, value] : own.items()) inputs[key] = value;
  describe(options.common, inputs);
  return inputs;
}

Report probe_report(const std::string& name, const ProbeOptions& options,
                    const Landscape& landscape, const Json& own) {
  Report report{.command = "probe " + name,
                .title = fmt::format("sigmahat probe {}: {}", name, to_text(landscape.choice)),
                .inputs = inputs_of(options, landscape, own),
                .heading = describe(landscape.problem)};
  report.heading.emplace_back("constraint", in_words(landscape.freedom));
  report.heading.emplace_back("precision", fmt::format("double, seed {}", options.common.seed));
  return report;
}

}  // namespace sigmahat::cli
