#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "command.hpp"
#include "isotropy_report.hpp"
#include "output.hpp"

namespace sigmahat::cli {
namespace {

constexpr int most_starts = 10'000'000;
constexpr int largest_dimension = 100'000;
/// Rows of a matrix that is written to a file.
constexpr double most_rows_written = 2000;

enum class Followed { minima, all };

struct IsotropyOptions {
  CommonOptions common;
  std::vector<Isotropy> groups;
  std::vector<int> dimensions{8};
  bool range = false;  ///< the dimensions are the ends of a range
  int points = 10;
  int starts = 1000;
  Followed followed = Followed::minima;
  Activation teacher = parse_activation("relu");
  std::optional<Activation> student;  ///< none: the teacher's
  Rational teacher_a = 1, student_a = 1;
  Constraint constraint = Constraint::free;
  ObjectiveChoice objective = FullLoss{};
  std::optional<int> chosen;
  std::optional<std::filesystem::path> output_problem;
};

/// "8", "6,10,100" or "6..1000"
void read_dimensions(IsotropyOptions& options, const std::string& text) {
  const auto whole = [](const std::string& part) {
    return static_cast<int>(parse_whole_number(part, 1, largest_dimension));
  };
  options.range = false;
  if (const std::size_t dots = text.find(".."); dots != std::string::npos) {
    options.range = true;
    options.dimensions = {whole(text.substr(0, dots)), whole(text.substr(dots + 2))};
    if (options.dimensions[0] >= options.dimensions[1])
      throw InputError("expected a range as in 6..1000, the first number the smaller one");
    return;
  }
  options.dimensions = parse_whole_numbers(text, 1, largest_dimension);
}

/// Whether every block of every group has a whole number of indices.
bool all_whole(const std::vector<Isotropy>& groups, double d) {
  return std::all_of(groups.begin(), groups.end(),
                     [&](const Isotropy& group) { return MatrixOrbits(group, d).whole(); });
}

/// The dimensions to report, the one to search in first.
std::vector<double> dimensions_of(const IsotropyOptions& options) {
  std::vector<double> dimensions;
  if (!options.range) {
    for (const int d : options.dimensions) {
      if (!all_whole(options.groups, d))
        throw InputError(fmt::format(
            "--dim: at d = {} a block has no whole size; expected another dimension", d));
      dimensions.push_back(d);
    }
    return dimensions;
  }
  const double first = options.dimensions[0], last = options.dimensions[1];
  for (int i = 0; i < options.points; ++i) {
    const double share = options.points == 1 ? 1 : static_cast<double>(i) / (options.points - 1);
    double d = std::round(first * std::pow(last / first, share));
    while (d <= last && !all_whole(options.groups, d)) ++d;
    if (d <= last && (dimensions.empty() || d > dimensions.back())) dimensions.push_back(d);
  }
  if (dimensions.empty())
    throw InputError("--dim: in this range no dimension gives every block a whole size");
  return dimensions;
}

/// The point as a problem: the teacher is the identity in the order of the blocks' columns.
Problem problem_of(const SymmetricCriticalPoint& point, const OrthonormalTask& task) {
  const MatrixOrbits orbits(point.point.isotropy, point.point.d);
  Vector<double> entries(point.entries.size());
  for (Eigen::Index i = 0; i < entries.size(); ++i)
    entries[i] = static_cast<double>(point.entries[i]);
  const Matrix<double> B = orbits.embed(entries);
  const auto d = static_cast<int>(B.cols());
  return {.teacher = {task.teacher,
                      std::vector<Rational>(static_cast<std::size_t>(d), task.teacher_a),
                      {WeightMatrix::Identity{d}}},
          .student = {task.student,
                      std::vector<Rational>(static_cast<std::size_t>(B.rows()), task.student_a),
                      {WeightMatrix::Doubles{B}}},
          .noise_variance = 0};
}

void check(const IsotropyOptions& options, const std::vector<double>& dimensions) {
  if (options.output_problem && !options.chosen)
    throw InputError("--output-problem: expected --point as well, which says what to write");
  if (options.output_problem)
    for (const Isotropy& group : options.groups)
      if (MatrixOrbits(group, dimensions.back()).row_count() > most_rows_written)
        throw InputError(fmt::format("--output-problem: a matrix of {} rows; expected at most {}",
                                     MatrixOrbits(group, dimensions.back()).row_count(),
                                     most_rows_written));
}

std::vector<SymmetricFamily> find(const IsotropyOptions& options, const OrthonormalTask& task,
                                  const std::vector<double>& dimensions) {
  const FamilySearch search{.search = {.starts = options.starts,
                                       .seed = options.common.seed,
                                       .threads = options.common.threads},
                            .minima_only = options.followed == Followed::minima,
                            .digits = options.common.digits};
  const ElapsedTime time("critical points", progress_mode(options.common));
  return symmetric_families(task, options.groups, dimensions, search);
}

std::string objective_in_words(const OrthonormalTask& task) {
  if (std::holds_alternative<FullLoss>(task.objective))
    return "f = E(teacher - student)²; Safran and Shamir, Arjevani and Field write f/2";
  return to_text(task.objective);
}

Json inputs_of(const IsotropyOptions& options, const std::vector<double>& dimensions) {
  Json inputs;
  inputs["isotropy"] = Json::array();
  for (const Isotropy& group : options.groups) inputs["isotropy"].push_back(to_text(group));
  inputs["dimensions"] = Json::array();
  for (const double d : dimensions) inputs["dimensions"].push_back(static_cast<int>(d));
  inputs["starts"] = options.starts;
  inputs["follow"] = options.followed == Followed::all ? "all" : "minima";
  inputs["teacher_activation"] = options.teacher.name();
  inputs["student_activation"] = options.student.value_or(options.teacher).name();
  inputs["teacher_a"] = to_text(options.teacher_a);
  inputs["a"] = to_text(options.student_a);
  inputs["objective"] = to_text(options.objective);
  inputs["constraint"] = options.constraint == Constraint::sphere ? "sphere" : "free";
  inputs["point"] = options.chosen ? Json(*options.chosen) : Json(nullptr);
  inputs["output_problem"] =
      options.output_problem ? Json(options.output_problem->string()) : Json(nullptr);
  describe(options.common, inputs);
  return inputs;
}

ExitCode run_isotropy(const IsotropyOptions& options) {
  const std::vector<double> dimensions = dimensions_of(options);
  check(options, dimensions);
  std::vector<Target> files;
  if (options.output_problem) files.push_back({"--output-problem", *options.output_problem});
  check_delivery(options.common, std::nullopt, files);
  const OrthonormalTask task{options.teacher,    options.student.value_or(options.teacher),
                             options.teacher_a,  options.student_a,
                             options.constraint, options.objective};
  require_symmetric_objective(task);
  const PrecisionScope precision(options.common.digits, guard_digits);
  const std::vector<SymmetricFamily> families = find(options, task, dimensions);
  const bool followed = dimensions.size() > 1;

  const SymmetricCriticalPoint* chosen = nullptr;
  if (options.chosen) {
    const auto number = static_cast<std::size_t>(*options.chosen);
    if (number > families.size() || families[number - 1].members.empty())
      throw InputError(
          fmt::format("--point: expected one of the {} found, not {}", families.size(), number));
    chosen = &families[number - 1].members.back();
  }

  Report report{.command = "probe isotropy",
                .title = "sigmahat probe isotropy: critical points with symmetry",
                .inputs = inputs_of(options, dimensions)};
  const auto network = [](const Activation& activation, const Rational& a) {
    return (a == 1 ? "" : to_text(a) + " ") + activation.name();
  };
  report.heading = {
      {"groups", words_of(options.groups)},
      {"teacher", fmt::format("Σ {}, orthonormal rows", network(task.teacher, task.teacher_a))},
      {"student", fmt::format("Σ {}, {} rows", network(task.student, task.student_a),
                              task.rows == Constraint::sphere ? "unit" : "free")},
      {"objective", objective_in_words(task)},
      {"search", fmt::format("{} starts a group at d = {}", options.starts, dimensions.front())},
      {"precision", describe_numerics(options.common)}};
  report.sections.push_back({.title = "", .table = points_table(families, options.common.digits)});
  report.sections.push_back(families_section(families, followed));
  if (chosen) {
    report.sections.push_back(entries_section(*chosen, *options.chosen, options.common.digits));
    report.sections.push_back(spectrum_section(*chosen, *options.chosen, options.common.digits));
  }
  const ExitCode code = deliver(
      report,
      families_plot(families, followed, "Critical points of isotropy " + words_of(options.groups)),
      options.common);
  if (code == ExitCode::done && options.output_problem)
    write_file(*options.output_problem, to_json(problem_of(*chosen, task)) + "\n");
  return code;
}

}  // namespace

Run add_probe_isotropy(CLI::App& command) {
  auto options = std::make_shared<IsotropyOptions>();
  IsotropyOptions* o = options.get();
  const auto texts = std::make_shared<std::vector<std::string>>();
  command.add_option("isotropy", *texts, "d-1,1: Δ(S_{d-1} x S_1); r:2 or c:2 alone")
      ->required()
      ->type_name("GROUP");
  add_parsed_option(command, "--dim", "D", "8; 6,10,100; or 6..1000: found in the first (8)",
                    [o](const std::string& text) { read_dimensions(*o, text); });
  add_whole_number(command, "--points", o->points, 1, 1000, "dimensions in a range (10)");
  add_whole_number(command, "--starts", o->starts, 1, most_starts, "random, for each group (1000)");
  add_parsed_option(command, "--follow", "WHAT", "minima or all critical points (minima)",
                    [o](const std::string& text) {
                      if (text != "minima" && text != "all")
                        throw InputError("expected minima or all");
                      o->followed = text == "all" ? Followed::all : Followed::minima;
                    });
  add_parsed_option(command, "--teacher-activation", "ACT", "of the teacher (relu)",
                    [o](const std::string& text) { o->teacher = parse_activation(text); });
  add_parsed_option(command, "--student-activation", "ACT", "of the student (the teacher's)",
                    [o](const std::string& text) { o->student = parse_activation(text); });
  add_parsed_option(command, "--teacher-a", "A", "weight of each teacher's neuron (1)",
                    [o](const std::string& text) { o->teacher_a = parse_rational(text); });
  add_parsed_option(command, "--a", "A", "weight of each student's neuron (1)",
                    [o](const std::string& text) { o->student_a = parse_rational(text); });
  add_parsed_option(command, "--objective", "OBJECTIVE",
                    "f, f_gamma:2,4, degree:4, G:mu=0.05 ... (f)",
                    [o](const std::string& text) { o->objective = parse_objective(text); });
  add_parsed_option(command, "--constraint", "C", "rows of the student: sphere or free (free)",
                    [o](const std::string& text) { o->constraint = parse_constraint(text); });
  add_parsed_option(command, "--point", "N", "show point N whole: matrix and spectrum",
                    [o](const std::string& text) {
                      o->chosen = static_cast<int>(parse_whole_number(text, 1, 1'000'000));
                    });
  add_file(command, "--output-problem", o->output_problem, "point N as a problem file");
  add_common_options(command, o->common, Plots::some);
  command.footer(
      "A GROUP is the sizes of blocks, which may grow with d. A block permutes as many\n"
      "rows as columns at once; r:2 permutes two rows alone, c:2 two columns. Searched\n"
      "are the matrices that the group fixes, a handful of numbers at any d; spectra\n"
      "are those on all matrices.\n"
      "Examples:\n"
      "  sigmahat probe isotropy d-1,1\n"
      "  sigmahat probe isotropy d d-1,1 d-2,2 --dim 6..1000 --plot -\n"
      "  sigmahat probe isotropy d,r:1 --dim 12 --point 1 --starts 200\n"
      "  sigmahat probe isotropy d d-1,1 --constraint sphere --objective degree:4\n");
  return [options, texts] {
    for (const std::string& text : *texts) options->groups.push_back(parse_isotropy(text));
    return run_isotropy(*options);
  };
}

}  // namespace sigmahat::cli
