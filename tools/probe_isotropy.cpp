#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include <fmt/format.h>

#include <sigmahat/landscape/symmetric_search.hpp>
#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "command.hpp"
#include "output.hpp"

namespace sigmahat::cli {
namespace {

using Align = Column::Align;

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
  std::optional<int> chosen;
  std::optional<std::filesystem::path> output_problem;
};

/// "8", "6,10,100" or "6..1000"
void read_dimensions(IsotropyOptions& options, const std::string& text) {
  const auto whole = [](const std::string& part) {
    return static_cast<int>(parse_whole_number(part, 1, largest_dimension));
  };
  options.dimensions.clear();
  options.range = false;
  if (const std::size_t dots = text.find(".."); dots != std::string::npos) {
    options.range = true;
    options.dimensions = {whole(text.substr(0, dots)), whole(text.substr(dots + 2))};
    if (options.dimensions[0] >= options.dimensions[1])
      throw InputError("expected a range as in 6..1000, the first number the smaller one");
    return;
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    options.dimensions.push_back(whole(text.substr(begin, end - begin)));
    begin = end + 1;
  }
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

/// A class of critical points, and what becomes of it as d grows.
struct FoundFamily {
  SymmetricClass start;
  std::vector<SymmetricCriticalPoint> members;
  std::vector<std::string> failures;  ///< of members that could not be examined
  std::optional<double> lost_beyond;
};

bool is_global(const SymmetricCriticalPoint& point, const OrthonormalTask& task) {
  const MatrixOrbits orbits(point.point.isotropy, point.point.d);
  return zero_is_attained(task, orbits.row_count(), orbits.column_count()) &&
         abs(point.value.value) <= point.value.error_bound + Real(1e-12);
}

/// "global", "spurious", "minimum" where nothing is known of the global one, "saddle", "flat".
std::string kind_of(const SymmetricCriticalPoint& point, const OrthonormalTask& task) {
  if (point.negative > 0) return "saddle";
  if (is_global(point, task)) return "global";
  if (point.undecided > 0) return "flat";
  const MatrixOrbits orbits(point.point.isotropy, point.point.d);
  return zero_is_attained(task, orbits.row_count(), orbits.column_count()) ? "spurious" : "minimum";
}

/// The digits for people shortened to `few`.
Value shortened(const Enclosure& number, int few, int digits) {
  Value value = certified(number, digits);
  const Value brief = certified(number, few);
  value.text = brief.text;
  value.latex = brief.latex;
  return value;
}

Value symbolic(const Isotropy& isotropy) {
  const std::string text = notation(isotropy);
  return {text, "$" + notation(isotropy, true) + "$", text};
}

Value count_of(double number) {
  return whole(static_cast<std::uint64_t>(number));
}

Json entries_json(const Vector<Real>& entries, int digits) {
  Json list = Json::array();
  for (const Real& entry : entries) list.push_back(to_text(entry, digits));
  return list;
}

Table points_table(const std::vector<FoundFamily>& families, const OrthonormalTask& task,
                   int digits) {
  Table table{
      "points",
      {{"family", "#", "", Align::right},
       {"isotropy", "isotropy", ""},
       {"notation", "", "", Align::left, Audience::programs},
       {"d", "d", "$d$", Align::right},
       {.key = "value", .label = "f", .latex = "$f$", .align = Align::point, .certified = true},
       {"gradient_norm", "|∇f|", "$|\\nabla f|$", Align::right},
       {.key = "min_eigenvalue",
        .label = "least λ",
        .latex = "least $\\lambda$",
        .align = Align::point,
        .certified = true},
       {"min_multiplicity", "times", "", Align::right},
       {.key = "max_eigenvalue",
        .label = "largest λ",
        .align = Align::point,
        .audience = Audience::programs,
        .certified = true},
       {"max_multiplicity", "", "", Align::right, Audience::programs},
       {"morse_index", "index", "", Align::right},
       {"undecided", "", "", Align::right, Audience::programs},
       {"kind", "kind", ""},
       {"entries", "", "", Align::left, Audience::json_only}},
      {}};
  for (std::size_t f = 0; f < families.size(); ++f)
    for (const SymmetricCriticalPoint& point : families[f].members) {
      const IsotypicEigenvalue &least = point.spectrum.front(), &largest = point.spectrum.back();
      table.rows.push_back(
          {{whole(f + 1), word(to_text(point.point.isotropy)), symbolic(point.point.isotropy),
            count_of(point.point.d), shortened(point.value, 7, digits),
            rounded(static_cast<double>(point.gradient_norm), 1), shortened(least.value, 4, digits),
            count_of(least.multiplicity), shortened(largest.value, 4, digits),
            count_of(largest.multiplicity), count_of(point.negative), count_of(point.undecided),
            word(kind_of(point, task)), Value{"", "", entries_json(point.entries, digits)}}});
    }
  return table;
}

/// d log f / d log d between the last two members.
std::optional<double> exponent_of(const FoundFamily& family) {
  if (family.members.size() < 2) return std::nullopt;
  const SymmetricCriticalPoint &last = family.members.back(),
                               &before = family.members[family.members.size() - 2];
  const auto f = static_cast<double>(last.value.value), g = static_cast<double>(before.value.value);
  if (f < 1e-12 || g < 1e-12) return std::nullopt;
  return std::log(f / g) / std::log(last.point.d / before.point.d);
}

Section families_section(const std::vector<FoundFamily>& families, bool followed) {
  const Audience where = followed ? Audience::everyone : Audience::programs;
  Table table{"families",
              {{"family", "#", "", Align::right},
               {"isotropy", "", "", Align::left, Audience::programs},
               {"notation", "isotropy group", ""},
               {"starts", "starts", "", Align::right},
               {"reached", "to d", "", Align::right, where},
               {"exponent", "exponent", "", Align::point, where},
               {"remark", "remark", ""}},
              {}};
  for (std::size_t f = 0; f < families.size(); ++f) {
    const FoundFamily& family = families[f];
    std::vector<std::string> remarks;
    if (!family.start.isolated) remarks.emplace_back("not isolated");
    if (family.lost_beyond)
      remarks.push_back(fmt::format("not followed beyond d = {:.4g}", *family.lost_beyond));
    if (!family.failures.empty())
      remarks.push_back(fmt::format("{} not polished", family.failures.size()));
    const std::optional<double> exponent = exponent_of(family);
    table.rows.push_back(
        {{whole(f + 1), word(to_text(family.start.point.isotropy)),
          symbolic(family.start.point.isotropy), count_of(family.start.count),
          family.members.empty() ? absent("") : count_of(family.members.back().point.d),
          exponent ? fixed(*exponent, 3) : absent(""),
          word(fmt::format("{}", fmt::join(remarks, "; ")))}});
  }
  return {.title = followed ? "Families, with d log f / d log d at the end" : "Where they are from",
          .table = std::move(table)};
}

Section entries_section(const SymmetricCriticalPoint& point, int number, int digits) {
  const MatrixOrbits orbits(point.point.isotropy, point.point.d);
  Table table{"chosen.entries",
              {{"row_block", "row block", "", Align::right},
               {"column_block", "column block", "", Align::right},
               {"diagonal", "on the diagonal", ""},
               {"size", "entries", "", Align::right},
               {"value", "value", "", Align::point}},
              {}};
  for (std::size_t i = 0; i < orbits.entries().size(); ++i) {
    const EntryOrbit& orbit = orbits.entries()[i];
    const auto row = static_cast<std::size_t>(orbit.row),
               column = static_cast<std::size_t>(orbit.column);
    const std::string text = to_text(point.entries[static_cast<Eigen::Index>(i)], digits);
    table.rows.push_back(
        {{whole(static_cast<std::uint64_t>(orbits.rows()[row].block) + 1),
          whole(static_cast<std::uint64_t>(orbits.columns()[column].block) + 1),
          yes_no(orbit.diagonal), count_of(orbit.size), Value{text, latex_digits(text), text}}});
  }
  return {.title = fmt::format("Point {}: the matrix", number), .table = std::move(table)};
}

Section spectrum_section(const SymmetricCriticalPoint& point, int number, int digits) {
  const MatrixOrbits orbits(point.point.isotropy, point.point.d);
  Table table{"chosen.eigenvalues",
              {{.key = "value", .label = "eigenvalue", .align = Align::point, .certified = true},
               {"multiplicity", "times", "", Align::right},
               {"representation", "representation", ""}},
              {}};
  double total = 0;
  for (const IsotypicEigenvalue& eigenvalue : point.spectrum) {
    table.rows.push_back({{certified(eigenvalue.value, digits), count_of(eigenvalue.multiplicity),
                           word(to_text(eigenvalue.irreducible, orbits))}});
    total += eigenvalue.multiplicity;
  }
  table.rows.push_back({{absent("total"), count_of(total), word("")}, true});
  return {.title = fmt::format("Point {}: all eigenvalues of the Hessian", number),
          .fields = {{"chosen.number", "", whole(static_cast<std::uint64_t>(number)), "",
                      Audience::programs}},
          .table = std::move(table)};
}

Plot families_plot(const std::vector<FoundFamily>& families, bool followed,
                   const std::string& title) {
  if (!followed) {
    Curve points{"critical points", Curve::Style::circles, {}, {}};
    for (const FoundFamily& family : families)
      for (const SymmetricCriticalPoint& point : family.members) {
        points.x.push_back(point.negative);
        points.y.push_back(static_cast<double>(point.value.value));
      }
    return {.title = title,
            .x_label = "Morse index",
            .y_label = "loss f",
            .curves = {std::move(points)}};
  }
  Plot plot{.title = title,
            .x_label = "dimension d",
            .y_label = "loss f",
            .log_x = true,
            .log_y = true,
            .curves = {}};
  for (std::size_t f = 0; f < families.size(); ++f) {
    Curve curve{fmt::format("{}: {}", f + 1, to_text(families[f].start.point.isotropy)),
                Curve::Style::line_with_points,
                {},
                {}};
    for (const SymmetricCriticalPoint& point : families[f].members) {
      const auto value = static_cast<double>(point.value.value);
      // The global minimum's zero, within rounding, has no place on a logarithmic axis.
      if (value < 1e-12) continue;
      curve.x.push_back(point.point.d);
      curve.y.push_back(value);
    }
    if (!curve.x.empty()) plot.curves.push_back(std::move(curve));
  }
  return plot;
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

std::vector<FoundFamily> find(const IsotropyOptions& options, const OrthonormalTask& task,
                              const std::vector<double>& dimensions) {
  std::vector<FoundFamily> families;
  {
    const ElapsedTime time("critical points", progress_mode(options.common));
    for (SymmetricClass& start : critical_points(task, options.groups, dimensions.front(),
                                                 {.starts = options.starts,
                                                 .seed = options.common.seed,
                                                 .threads = options.common.threads}))
      families.push_back({std::move(start), {}, {}, {}});
  }
  const bool followed = dimensions.size() > 1;
  ProgressBar bar("points", families.size(), progress_mode(options.common));
  std::uint64_t done = 0;
  for (FoundFamily& family : families) {
    const auto examine_into = [&](const SymmetricPoint& point) {
      try {
        family.members.push_back(examine(task, point, options.common.digits));
      } catch (const NumericalError& error) {
        family.failures.emplace_back(error.what());
      }
    };
    examine_into(family.start.point);
    const bool wanted =
        options.followed == Followed::all ||
        (!family.members.empty() && family.members.front().negative == 0 && family.start.isolated);
    if (followed && wanted && !family.members.empty()) {
      const Family rest =
          follow_family(task, family.start.point, {dimensions.begin() + 1, dimensions.end()});
      family.lost_beyond = rest.lost_beyond;
      for (const SymmetricPoint& point : rest.members) examine_into(point);
    }
    if (followed && !wanted) family.members.clear();
    bar.update(++done);
  }
  std::erase_if(families, [&](const FoundFamily& family) {
    return family.members.empty() && (followed || family.failures.empty());
  });
  return families;
}

std::string words_of(const std::vector<Isotropy>& groups) {
  std::vector<std::string> words;
  for (const Isotropy& group : groups) words.push_back(notation(group));
  return fmt::format("{}", fmt::join(words, "; "));
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
  const OrthonormalTask task{options.teacher, options.student.value_or(options.teacher),
                             options.teacher_a, options.student_a};
  const PrecisionScope precision(options.common.digits, guard_digits);
  const std::vector<FoundFamily> families = find(options, task, dimensions);
  const bool followed = dimensions.size() > 1;

  const SymmetricCriticalPoint* chosen = nullptr;
  if (options.chosen) {
    const auto number = static_cast<std::size_t>(*options.chosen);
    if (number > families.size() || families[number - 1].members.empty())
      throw InputError(
          fmt::format("--point: expected one of the {} found, not {}", families.size(), number));
    chosen = &families[number - 1].members.back();
  }

  Report report{
      .command = "probe isotropy",
      .title = "sigmahat probe isotropy: critical points with symmetry " + words_of(options.groups),
      .inputs = inputs_of(options, dimensions)};
  const auto network = [](const Activation& activation, const Rational& a) {
    return (a == 1 ? "" : to_text(a) + " ") + activation.name();
  };
  report.heading = {
      {"loss",
       fmt::format("f = E(Σ {} - Σ {})², orthonormal teacher, free rows;",
                   network(task.teacher, task.teacher_a), network(task.student, task.student_a))},
      {"", "twice the ½E(·)² of Safran and Shamir, Arjevani and Field"},
      {"search", fmt::format("{} starts a group at d = {}", options.starts, dimensions.front())},
      {"precision", describe_numerics(options.common)}};
  report.sections.push_back(
      {.title = "", .table = points_table(families, task, options.common.digits)});
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
  add_parsed_option(command, "--point", "N", "show point N whole: matrix and spectrum",
                    [o](const std::string& text) {
                      o->chosen = static_cast<int>(parse_whole_number(text, 1, 1'000'000));
                    });
  add_file(command, "--output-problem", o->output_problem, "point N as a problem file");
  add_common_options(command, o->common, Plots::some);
  command.footer(
      "A GROUP is the sizes of blocks, which may grow with d. A block permutes as many\n"
      "rows as columns at once; r:2 permutes two rows alone, c:2 two columns. Searched\n"
      "are the matrices that the group fixes, a handful of numbers at any d; spectra are\n"
      "those on all matrices.\n"
      "Examples:\n"
      "  sigmahat probe isotropy d-1,1\n"
      "  sigmahat probe isotropy d d-1,1 d-2,2 --dim 6..1000 --plot -\n"
      "  sigmahat probe isotropy d,r:1 --dim 12 --point 1 --starts 200\n");
  return [options, texts] {
    for (const std::string& text : *texts) options->groups.push_back(parse_isotropy(text));
    return run_isotropy(*options);
  };
}

}  // namespace sigmahat::cli
