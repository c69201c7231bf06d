#include "plot.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sigmahat/numeric/errors.hpp>

#include "gnuplot.hpp"
#include "plot_terminal.hpp"

namespace sigmahat::cli {
namespace {

/// A terminal of characters puts a combining mark in a cell of its own.
std::string without_combining_hat(std::string text) {
  static const std::string hat = "\u0302";
  for (std::size_t at = text.find(hat); at != std::string::npos; at = text.find(hat))
    text.erase(at, hat.size());
  return text;
}

std::string with_clause(Curve::Style style, const std::string& colour, bool characters) {
  switch (style) {
    case Curve::Style::line:
      return characters ? "lines" : fmt::format("lines lw 1.5 lc rgb '{}'", colour);
    case Curve::Style::thick_line:
      return characters ? "lines" : "lines lw 3 lc rgb '#A0A0A0'";
    case Curve::Style::line_with_points:
      return characters ? "linespoints"
                        : fmt::format("linespoints lw 1.5 pt 7 ps 0.7 lc rgb '{}'", colour);
    case Curve::Style::dashed:
      return characters ? "lines" : fmt::format("lines lw 1.2 dt 2 lc rgb '{}'", colour);
    case Curve::Style::dotted:
      return characters ? "lines" : fmt::format("lines lw 1.5 dt 3 lc rgb '{}'", colour);
    case Curve::Style::points:
      return characters ? "points" : fmt::format("points pt 7 ps 1.5 lc rgb '{}'", colour);
    case Curve::Style::circles:
      return characters ? "points" : fmt::format("points pt 6 ps 1.5 lc rgb '{}'", colour);
    case Curve::Style::area_below:
      return characters ? "lines" : "filledcurves x1 fs solid 0.25 noborder lc rgb '#56B4E9'";
    case Curve::Style::band:
      return fmt::format("filledcurves fs transparent solid 0.2 noborder lc rgb '{}'", colour);
  }
  return {};
}

}  // namespace

std::string literal(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (std::string_view("_^{}@&~\\").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

void check_plot_target(const std::string& option, const std::string& target) {
  const std::string extension = extension_of(target);
  if (target != "-" && extension != ".svg" && extension != ".png" && extension != ".pdf")
    throw InputError(
        fmt::format("{} {}: expected a file ending in .svg, .png or .pdf, or - for the terminal",
                    option, target));
}

namespace {

/// The points that the axes can show: x, y, and of a band its upper edge.
std::vector<std::vector<double>> drawable_points(const Curve& curve, const Plot& plot) {
  std::vector<std::vector<double>> points;
  const auto is_drawable = [](double number, bool logarithmic) {
    return std::isfinite(number) && !(logarithmic && number <= 0);
  };
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    std::vector<double> point{curve.x[i], curve.y[i]};
    if (curve.style == Curve::Style::band) point.push_back(curve.upper[i]);
    if (is_drawable(point[0], plot.log_x) &&
        std::all_of(point.begin() + 1, point.end(),
                    [&](double y) { return is_drawable(y, plot.log_y); }))
      points.push_back(std::move(point));
  }
  return points;
}

/// The x axis a little wider than the points: gnuplot would go on to the next round number.
std::string x_range(double lowest, double highest, bool logarithmic) {
  constexpr double margin = 0.03;
  if (logarithmic) {
    const double factor = std::pow(highest / lowest, margin) * 1.05;
    return fmt::format("set xrange [{}:{}]\n", lowest / factor, highest * factor);
  }
  const double pad = margin * (highest > lowest ? highest - lowest : 1);
  return fmt::format("set xrange [{}:{}]\n", lowest - pad, highest + pad);
}

/// Axis numbers 10^{-3}: gnuplot's own would put 0.001 and 1e-05 beside each other.
std::string logarithmic_axis(char axis, bool characters) {
  return fmt::format("set logscale {0}\nset format {0} '{1}'\n", axis,
                     characters ? "1e%L" : "10^{%L}");
}

std::string labels(const Plot& plot, bool characters) {
  std::string title = quoted(plot.title);
  if (!plot.subtitle.empty())
    title += characters ? ".\"\\n\"." + quoted(plot.subtitle)
                        : ".\"\\n\"." + quoted("{/*0.7 " + plot.subtitle + "}");
  std::string script =
      fmt::format("set title {}{}\nset xlabel {}\nset ylabel {}\n", title,
                  characters ? "" : " offset 0,1.1", quoted(plot.x_label), quoted(plot.y_label));
  if (!plot.subtitle.empty() && !characters) script += "set tmargin 5.2\n";
  if (plot.log_x) script += logarithmic_axis('x', characters);
  if (plot.log_y) script += logarithmic_axis('y', characters);
  return script;
}

/// gnuplot's lines end in blanks, and some are nothing else.
std::string trimmed_lines(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    line.erase(line.find_last_not_of(" \f") + 1);
    if (!line.empty()) result += line + "\n";
  }
  return result;
}

}  // namespace

std::string render_plot(const Plot& plot, const std::string& target) {
  const bool characters = target == "-";
  std::string data, commands;
  double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
  for (std::size_t c = 0; c < plot.curves.size(); ++c) {
    const Curve& curve = plot.curves[c];
    const bool band = curve.style == Curve::Style::band;
    const auto points = drawable_points(curve, plot);
    if (points.empty() || (band && characters)) continue;
    data += fmt::format("$curve{} << EOD\n", c);
    for (const std::vector<double>& point : points) {
      data += fmt::format("{}\n", fmt::join(point, " "));
      lowest = std::min(lowest, point[0]);
      highest = std::max(highest, point[0]);
    }
    data += "EOD\n";
    commands += fmt::format(
        "{}$curve{} using {} with {} title {}", commands.empty() ? "" : ", ", c,
        band ? "1:2:3" : "1:2",
        with_clause(curve.style, colours[curve.colour.value_or(c) % colours.size()], characters),
        quoted(curve.title));
  }
  if (commands.empty()) throw InputError("every value is zero, there is nothing to draw");
  const std::string script = "set encoding utf8\n" + terminal(target) + labels(plot, characters) +
                             x_range(lowest, highest, plot.log_x) + data + "plot " + commands +
                             "\n";
  return characters ? trimmed_lines(run_gnuplot(without_combining_hat(script)))
                    : run_gnuplot(script);
}

}  // namespace sigmahat::cli
