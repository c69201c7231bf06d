#include "probe_minima_report.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/optimize/assignment.hpp>

#include "probe_options.hpp"

namespace sigmahat::cli {
namespace {

using Align = Column::Align;

constexpr int value_decimals = 8;
constexpr int eigenvalue_digits = 4;

std::uint64_t spurious_runs(const SizeResult& result) {
  std::uint64_t runs = 0;
  for (const DescribedMinimum& minimum : result.minima)
    if (minimum.standing == Standing::spurious) runs += minimum.found.count;
  return runs;
}

/// The least eigenvalue among spurious minima; none where there are none.
std::optional<double> least_spurious_eigenvalue(const SizeResult& result) {
  std::optional<double> least;
  for (const DescribedMinimum& minimum : result.minima)
    if (minimum.standing == Standing::spurious && minimum.curvature)
      least = std::min(least.value_or(minimum.curvature->smallest), minimum.curvature->smallest);
  return least;
}

/// Over the runs that end in spurious minima.
std::optional<double> mean_spurious(const SizeResult& result,
                                    double (*quantity)(const DescribedMinimum&)) {
  double sum = 0;
  for (const DescribedMinimum& minimum : result.minima)
    if (minimum.standing == Standing::spurious)
      sum += static_cast<double>(minimum.found.count) * quantity(minimum);
  const std::uint64_t runs = spurious_runs(result);
  return runs > 0 ? std::optional(sum / static_cast<double>(runs)) : std::nullopt;
}

double value_of(const DescribedMinimum& minimum) {
  return minimum.found.point.value;
}
double least_eigenvalue_of(const DescribedMinimum& minimum) {
  return minimum.curvature ? minimum.curvature->smallest : 0;
}

/// What rounding leaves of a zero is shown as zero.
Value value_shown(double value) {
  Value shown = fixed(value, value_decimals);
  if (std::abs(value) < 0.5 * std::pow(10, -value_decimals)) {
    const Value zero = fixed(0, value_decimals);
    shown.text = zero.text;
    shown.latex = zero.latex;
  }
  return shown;
}

/// As sigmahat probe isotropy reads it.
Value isotropy_text(const DescribedMinimum& minimum, const SizeResult& result) {
  if (!minimum.isotropy) return absent("");
  const auto d = static_cast<int>(result.problem.dimension());
  const Isotropy isotropy = in_terms_of_dimension(minimum.isotropy->isotropy, d);
  Value text = word(to_text(isotropy));
  text.latex = "$" + notation(isotropy, true) + "$";
  return text;
}

Value shown(const std::optional<double>& number, int digits) {
  return number ? rounded(*number, digits) : absent("");
}

std::string interval_text(const Proportion& p) {
  return fmt::format("{:.4f}-{:.4f}", p.lower, p.upper);
}

std::vector<Column> proportion_columns(const std::string& key, const std::string& label) {
  return {{key, label, "", Align::point},
          {"interval", "95 % interval", "", Align::left, Audience::people},
          {"confidence_interval.lower", "", "", Align::point, Audience::programs},
          {"confidence_interval.upper", "", "", Align::point, Audience::programs}};
}
void add_proportion(Row& row, const Proportion& p) {
  row.cells.push_back(fixed(p.estimate, 4));
  row.cells.push_back(word(interval_text(p)));
  row.cells.push_back(rounded(p.lower, 4));
  row.cells.push_back(rounded(p.upper, 4));
}

void append(std::vector<Column>& columns, std::vector<Column> more) {
  columns.insert(columns.end(), more.begin(), more.end());
}

std::uint64_t not_ended(const SizeResult& result) {
  return result.tally.spent + result.tally.stalled + result.tally.diverged;
}

Table sizes_table(const std::vector<SizeResult>& results) {
  const bool all_ended = std::all_of(results.begin(), results.end(), [](const SizeResult& result) {
    return not_ended(result) == 0;
  });
  const Audience of_not_ended = all_ended ? Audience::programs : Audience::everyone;
  Table table{"sizes",
              {{"dimension", "d", "$d$", Align::right},
               {"student_width", "m", "$m$", Align::right},
               {"starts", "starts", "", Align::right, Audience::programs},
               {"minima", "minima", "", Align::right},
               {"spurious", "spurious", "", Align::right}},
              {}};
  append(table.columns, proportion_columns("fraction", "fraction"));
  append(table.columns, {{"mean_value", "mean value", "", Align::point},
                         {"mean_smallest_eigenvalue", "eigenvalue", "", Align::point},
                         {"least_smallest_eigenvalue", "", "", Align::point, Audience::programs},
                         {"not_ended", "not ended", "", Align::right, of_not_ended}});
  for (const SizeResult& result : results) {
    const MinimaTally& tally = result.tally;
    Row row{{whole(static_cast<std::uint64_t>(result.problem.dimension())),
             whole(static_cast<std::uint64_t>(result.problem.student.width())), whole(tally.runs),
             whole(result.minima.size()), whole(spurious_runs(result))}};
    add_proportion(row, wilson_interval(spurious_runs(result), tally.runs));
    row.cells.push_back(shown(mean_spurious(result, value_of), 5));
    row.cells.push_back(shown(mean_spurious(result, least_eigenvalue_of), eigenvalue_digits));
    row.cells.push_back(shown(least_spurious_eigenvalue(result), eigenvalue_digits));
    row.cells.push_back(whole(not_ended(result)));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table minima_table(const std::vector<SizeResult>& results, int digits) {
  const Audience of_refined = digits > digits_of_double ? Audience::everyone : Audience::programs;
  const Audience of_many = results.size() > 1 ? Audience::everyone : Audience::programs;
  const auto shown_if = [&](auto holds) {
    for (const SizeResult& result : results)
      for (const DescribedMinimum& minimum : result.minima)
        if (holds(minimum)) return Audience::everyone;
    return Audience::programs;
  };
  const Audience of_flat =
      shown_if([](const DescribedMinimum& m) { return m.curvature && m.curvature->zero > 0; });
  const Audience of_index =
      shown_if([](const DescribedMinimum& m) { return m.curvature && m.curvature->negative > 0; });
  const Audience of_isotropy =
      shown_if([](const DescribedMinimum& m) { return m.isotropy.has_value(); });
  Table table{"minima",
              {{"dimension", "d", "$d$", Align::right, of_many},
               {"value", "value", "", Align::point},
               {"count", "count", "", Align::right}},
              {}};
  append(table.columns, proportion_columns("fraction", "fraction"));
  append(table.columns,
         {{"kind", "kind", "", Align::left},
          {"global", "", "", Align::left, Audience::programs},
          {"min_eigenvalue", "eigenvalue", "", Align::point},
          {"max_eigenvalue", "", "", Align::point, Audience::programs},
          {"morse_index", "index", "", Align::right, of_index},
          {"flat_directions", "flat", "", Align::right, of_flat},
          {"isotropy", "isotropy", "", Align::left, of_isotropy},
          {"gradient_norm", "gradient", "", Align::point, Audience::programs},
          {"isolated", "", "", Align::left, Audience::programs},
          {"first_start", "", "", Align::right, Audience::programs},
          {"precise.value", "refined", "", Align::point, of_refined},
          {"precise.gradient_norm", "refined gradient", "", Align::point, of_refined},
          {"problem", "", "", Align::left, Audience::json_only}});
  for (const SizeResult& result : results)
    for (const DescribedMinimum& minimum : result.minima) {
      const MinimumClass& found = minimum.found;
      const auto& curvature = minimum.curvature;
      const auto eigenvalue = [&](double Curvature::*which) {
        return curvature ? rounded((*curvature).*which, eigenvalue_digits) : absent("none");
      };
      const auto number = [&](int Curvature::*which) {
        return curvature ? whole(static_cast<std::uint64_t>((*curvature).*which)) : absent("");
      };
      Row row{{whole(static_cast<std::uint64_t>(result.problem.dimension())),
               value_shown(found.point.value), whole(found.count)}};
      add_proportion(row, minimum.fraction);
      const Problem point = with_student(result.problem, found.point.x, result.constraint);
      std::vector<Value> refined = refined_values(minimum.precise, digits);
      for (Value& cell : std::vector<Value>{
               word(std::string(to_string(minimum.standing))),
               yes_no(minimum.standing == Standing::global), eigenvalue(&Curvature::smallest),
               eigenvalue(&Curvature::largest), number(&Curvature::negative),
               number(&Curvature::zero), isotropy_text(minimum, result),
               rounded(minimum.gradient_norm, 2), yes_no(!found.flat), whole(found.first_run),
               std::move(refined[0]), std::move(refined[1]), problem_value(point)})
        row.cells.push_back(std::move(cell));
      table.rows.push_back(std::move(row));
    }
  return table;
}

std::vector<Field> tally_fields(const SizeResult& result) {
  const MinimaTally& tally = result.tally;
  std::vector<Field> fields{{"runs", "starts", whole(tally.runs)},
                            {"evaluations", "gradients", whole(tally.evaluations)}};
  double worst = 0;
  for (const DescribedMinimum& minimum : result.minima)
    worst = std::max(worst, minimum.gradient_norm);
  fields.push_back({"largest_gradient_norm", "largest gradient norm", rounded(worst, 2),
                    "at the minima, evaluated afresh in 34 digits"});
  for (const auto& [key, label, count] :
       {std::tuple{"spent", "out of evaluations", tally.spent},
        std::tuple{"stalled", "without a way down", tally.stalled},
        std::tuple{"diverged", "diverged", tally.diverged}})
    fields.push_back(
        {key, label, whole(count), "", count > 0 ? Audience::everyone : Audience::programs});
  return fields;
}

/// Adds what is missing of 0..n-1, in order.
void complete(std::vector<Eigen::Index>& order, Eigen::Index n) {
  for (Eigen::Index i = 0; i < n; ++i)
    if (std::find(order.begin(), order.end(), i) == order.end()) order.push_back(i);
}

Plot plot_of_sizes(const std::vector<SizeResult>& results, const std::string& objective) {
  Curve fraction{"fraction spurious", Curve::Style::line_with_points, {}, {}};
  Curve interval{"95 % interval", Curve::Style::band, {}, {}};
  Curve values{"values", Curve::Style::circles, {}, {}};
  Curve eigenvalues{"smallest eigenvalues", Curve::Style::points, {}, {}};
  for (const SizeResult& result : results) {
    const auto d = static_cast<double>(result.problem.dimension());
    const Proportion p = wilson_interval(spurious_runs(result), result.tally.runs);
    fraction.x.push_back(d);
    fraction.y.push_back(p.estimate);
    interval.x.push_back(d);
    interval.y.push_back(p.lower);
    interval.upper.push_back(p.upper);
    for (const DescribedMinimum& minimum : result.minima) {
      if (minimum.standing != Standing::spurious) continue;
      values.x.push_back(d);
      values.y.push_back(value_of(minimum) - result.constant);
      eigenvalues.x.push_back(d);
      eigenvalues.y.push_back(least_eigenvalue_of(minimum));
    }
  }
  return {.title = "Spurious minima of " + literal(objective),
          .x_label = "d",
          .y_label = "fraction of starts, value, eigenvalue",
          .log_y = true,
          .curves = {std::move(interval), std::move(fraction), std::move(values),
                     std::move(eigenvalues)}};
}

Plot plot_of_values(const SizeResult& result, const std::string& objective) {
  Curve global{"global", Curve::Style::circles, {}, {}};
  Curve spurious{"spurious", Curve::Style::points, {}, {}};
  Curve lowest{"lowest found", Curve::Style::circles, {}, {}};
  for (const DescribedMinimum& minimum : result.minima) {
    Curve& curve = minimum.standing == Standing::global     ? global
                   : minimum.standing == Standing::spurious ? spurious
                                                            : lowest;
    curve.x.push_back(value_of(minimum));
    curve.y.push_back(minimum.fraction.estimate);
  }
  Plot plot{.title = "Minima of " + literal(objective),
            .x_label = "value",
            .y_label = "fraction of starts",
            .log_y = true,
            .curves = {}};
  for (Curve& curve : std::vector<Curve>{global, spurious, lowest})
    if (!curve.x.empty()) plot.curves.push_back(std::move(curve));
  return plot;
}

}  // namespace

std::vector<Section> minima_sections(const std::vector<SizeResult>& results, int digits) {
  std::vector<Section> sections;
  if (results.size() > 1) {
    sections.push_back({.title = "Sizes", .table = sizes_table(results)});
    sections.push_back({.title = "Minima", .table = minima_table(results, digits)});
  } else {
    sections.push_back({.title = "",
                        .fields = tally_fields(results.front()),
                        .table = minima_table(results, digits)});
  }
  return sections;
}

MapPlot gram_picture(const SizeResult& result, const DescribedMinimum& minimum) {
  const Matrix<double>& B = minimum.found.point.x.B;
  const Matrix<double> gram = B * at_precision<double>(result.problem).teacher.B.transpose();
  std::vector<Eigen::Index> rows, columns;
  if (minimum.isotropy) {
    rows = minimum.isotropy->row_order;
    columns = minimum.isotropy->column_order;
  } else {
    const bool wide = gram.rows() > gram.cols();
    for (const Eigen::Index partner :
         optimal_assignment(wide ? Matrix<double>(-gram.cwiseAbs().transpose())
                                 : Matrix<double>(-gram.cwiseAbs())))
      (wide ? rows : columns).push_back(partner);
    complete(rows, gram.rows());
    complete(columns, gram.cols());
  }
  MapPlot map{.title = fmt::format("B B*ᵀ, value {:.7g}", value_of(minimum)),
              .x_label = "teacher's row",
              .y_label = "student's row",
              .value_label = "⟨b_i, b*_j⟩",
              .x = {},
              .y = {},
              .values = {}};
  for (std::size_t j = 0; j < columns.size(); ++j) map.x.push_back(static_cast<double>(j + 1));
  for (std::size_t i = 0; i < rows.size(); ++i) map.y.push_back(static_cast<double>(i + 1));
  for (const Eigen::Index row : rows) {
    map.values.emplace_back();
    for (const Eigen::Index column : columns) map.values.back().push_back(gram(row, column));
  }
  return map;
}

Plot minima_plot(const std::vector<SizeResult>& results, const std::string& objective) {
  return results.size() > 1 ? plot_of_sizes(results, objective)
                            : plot_of_values(results.front(), objective);
}

}  // namespace sigmahat::cli
