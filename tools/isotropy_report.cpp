#include "isotropy_report.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <sigmahat/numeric/number_text.hpp>

namespace sigmahat::cli {
namespace {

using Align = Column::Align;

/// The digits for people shortened to `few`.
Value shortened(const Enclosure& number, int few, int digits) {
  Value value = certified(number, digits);
  const Value brief = certified(number, few);
  value.text = brief.text;
  value.latex = brief.latex;
  return value;
}

/// A gradient's norm: for people the power of ten below which it is, no less than the digits.
Value residual(const Real& norm, int digits) {
  const auto number = static_cast<double>(norm);
  const double exponent = std::max(std::ceil(std::log10(number)), -static_cast<double>(digits));
  return {fmt::format("<1e{:.0f}", exponent), fmt::format("$< 10^{{{:.0f}}}$", exponent), number};
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

}  // namespace

std::string words_of(const std::vector<Isotropy>& groups) {
  std::vector<std::string> words;
  for (const Isotropy& group : groups) words.push_back(notation(group));
  return fmt::format("{}", fmt::join(words, "; "));
}

Table points_table(const std::vector<SymmetricFamily>& families, int digits) {
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
            residual(point.gradient_norm, digits), shortened(least.value, 4, digits),
            count_of(least.multiplicity), shortened(largest.value, 4, digits),
            count_of(largest.multiplicity), count_of(point.negative), count_of(point.undecided),
            word(std::string(to_string(kind_of(point)))),
            Value{"", "", entries_json(point.entries, digits)}}});
    }
  return table;
}

Section families_section(const std::vector<SymmetricFamily>& families, bool followed) {
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
    const SymmetricFamily& family = families[f];
    std::vector<std::string> remarks;
    if (!family.start.isolated) remarks.emplace_back("not isolated");
    if (family.lost_beyond)
      remarks.push_back(fmt::format("not followed beyond d = {:.4g}", *family.lost_beyond));
    if (!family.failures.empty())
      remarks.push_back(fmt::format("{} not polished", family.failures.size()));
    const std::optional<double> exponent = decay_exponent(family);
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
    table.rows.push_back({{whole(static_cast<std::uint64_t>(orbits.rows()[row].block) + 1),
                           whole(static_cast<std::uint64_t>(orbits.columns()[column].block) + 1),
                           yes_no(orbit.diagonal), count_of(orbit.size),
                           Value{text, "$" + latex_digits(text) + "$", text}}});
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

Plot families_plot(const std::vector<SymmetricFamily>& families, bool followed,
                   const std::string& title) {
  if (!followed) {
    Curve points{"critical points", Curve::Style::circles, {}, {}};
    for (const SymmetricFamily& family : families)
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

}  // namespace sigmahat::cli
