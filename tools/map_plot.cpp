#include "map_plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gnuplot.hpp"
#include "layout.hpp"
#include "plot.hpp"
#include "plot_terminal.hpp"

namespace sigmahat::cli {
namespace {

/// Viridis (van der Walt and Smith, CC0) without its yellow end, on which white lines would be
/// lost: equal steps look equal, with every kind of colour vision and in grey.
constexpr std::array shades{"#440154", "#472D7B", "#3B528B", "#2C728E",
                            "#21918C", "#28AE80", "#5EC962"};
/// Okabe and Ito's colours, the light ones last.
constexpr std::array class_colours{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                   "#E69F00", "#56B4E9", "#F0E442", "#000000"};
constexpr const char* no_class_colour = "#B8B8B8";
/// gnuplot's disc, triangle, square, diamond, triangle pointing down.
constexpr std::array mark_shapes{7, 9, 5, 13, 11};
constexpr std::array mark_colours{"#D55E00", "#F0E442", "#56B4E9", "#CC79A7", "#E69F00"};

struct Extremes {
  double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
};
Extremes extremes(const MapPlot& map) {
  Extremes result;
  for (const auto& row : map.values)
    for (const double value : row)
      if (std::isfinite(value))
        result = {std::min(result.lowest, value), std::max(result.highest, value)};
  return result;
}

/// 1, 2 or 5 times a power of ten, at least `step`.
double rounded_up(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= step * (1 - 1e-12)) return factor * power;
  return 10 * power;
}

std::string grid_data(const MapPlot& map) {
  std::string data = "$grid << EOD\n";
  for (std::size_t j = 0; j < map.y.size(); ++j) {
    for (std::size_t i = 0; i < map.x.size(); ++i) {
      const double value = map.values[j][i];
      data += std::isfinite(value) ? fmt::format("{} {} {}\n", map.x[i], map.y[j], value)
                                   : fmt::format("{} {} NaN\n", map.x[i], map.y[j]);
    }
    data += "\n";
  }
  return data + "EOD\n";
}

std::string mark_data(const MapPlot& map) {
  std::string data;
  for (std::size_t g = 0; g < map.marks.size(); ++g) {
    data += fmt::format("$marks{} << EOD\n", g);
    for (std::size_t p = 0; p < map.marks[g].x.size(); ++p)
      data += fmt::format("{} {}\n", map.marks[g].x[p], map.marks[g].y[p]);
    data += "EOD\n";
  }
  return data;
}

/// Each mark with a rim, so that it is seen on every colour.
std::string mark_commands(const MapPlot& map) {
  std::string commands;
  for (std::size_t g = 0; g < map.marks.size(); ++g) {
    if (map.marks[g].x.empty()) continue;
    const int shape = mark_shapes[g % mark_shapes.size()];
    commands += fmt::format(
        ", $marks{0} using 1:2 with points pt {1} ps 1.9 lc rgb '#000000' notitle"
        ", $marks{0} using 1:2 with points pt {1} ps 1.4 lc rgb '{2}' title {3}",
        g, shape, mark_colours[g % mark_colours.size()], quoted(map.marks[g].title));
  }
  return commands;
}

/// The contours as gnuplot finds them, kept as data: drawn in the plane they can have labels of any
/// kind.
std::string contour_data(const MapPlot& map) {
  if (map.levels.empty()) return "";
  return fmt::format(
      "set contour base\nunset surface\nset cntrparam levels discrete {}\nset table $contours\n"
      "splot $grid using 1:2:3\nunset table\nunset contour\nset surface\n"
      "set style textbox opaque noborder fc rgb '#FFFFFF' margins 0.15,0.1\n",
      fmt::join(map.levels, ","));
}

std::string contour_commands(const MapPlot& map) {
  if (map.levels.empty()) return "";
  // A label near the beginning of each line, and more on long ones; none on the shortest.
  return ", $contours using 1:2 with lines lw 0.6 lc rgb '#FFFFFF' notitle"
         ", $contours using 1:2:(sprintf('%.4g',$3)) every 70::8 with labels boxed font ',10' "
         "tc rgb '#202020' notitle";
}

std::string palette(const MapPlot& map) {
  std::string stops;
  if (map.classes.empty()) {
    for (std::size_t i = 0; i < shades.size(); ++i)
      stops += fmt::format("{}{} '{}'", i == 0 ? "" : ", ", i, shades[i]);
    return fmt::format("set palette defined ({})\nset cblabel {}\n", stops,
                       quoted(map.value_label));
  }
  // One colour for each class, and grey for the rest.
  const std::size_t count = std::min(map.classes.size(), class_colours.size());
  for (std::size_t i = 0; i <= count; ++i)
    stops += fmt::format("{}{} '{}'", i == 0 ? "" : ", ", i,
                         i < count ? class_colours[i] : no_class_colour);
  return fmt::format("set palette maxcolors {} defined ({})\nset cbrange [-0.5:{}]\n", count + 1,
                     stops, static_cast<double>(count) + 0.5) +
         "unset colorbox\nset key at graph 1.04,1 top left vertical maxrows 20\nset rmargin 26\n";
}

/// What an axis shows: the cells of the grid in full.
std::string range(char axis, const std::vector<double>& at) {
  const double half = (at[1] - at[0]) / 2;
  return fmt::format("set {}range [{}:{}]\n", axis, at.front() - half, at.back() + half);
}

// ---- Characters --------------------------------------------------------------------------------

/// 0 below the first level, and so on.
std::size_t band_of(double value, const std::vector<double>& levels) {
  return static_cast<std::size_t>(std::upper_bound(levels.begin(), levels.end(), value) -
                                  levels.begin());
}

/// Every second band is blank, so that the eye sees the contours between them.
char band_character(std::size_t band) {
  constexpr std::string_view characters = "0123456789abcdefghijklmnopqrstuvwxyz";
  return band % 2 == 1 ? ' ' : characters[band / 2 % characters.size()];
}
char class_character(double value, std::size_t classes) {
  constexpr std::string_view characters = "abcdefghijklmnopqrstuvwxyz";
  const auto number = static_cast<std::size_t>(value);
  return number < std::min(classes, characters.size()) ? characters[number] : '.';
}
char mark_character(std::size_t group) {
  constexpr std::string_view characters = "O#X+%";
  return characters[group % characters.size()];
}

std::string class_keys(const MapPlot& map) {
  std::string commands;
  for (std::size_t i = 0; i < map.classes.size(); ++i)
    commands += fmt::format(
        ", NaN with points pt 5 ps 1.8 lc rgb '{}' title {}",
        i < class_colours.size() ? class_colours[i] : no_class_colour,
        quoted(fmt::format("{}: {}", class_character(static_cast<double>(i), map.classes.size()),
                           map.classes[i])));
  return commands;
}

std::size_t nearest(const std::vector<double>& at, double place) {
  const double index = (place - at.front()) / (at[1] - at[0]);
  return static_cast<std::size_t>(
      std::clamp(std::lround(index), 0L, static_cast<long>(at.size()) - 1));
}

/// "0: up to 1   1: 2 to 3", in lines of at most `width`.
std::string legend(const std::vector<std::string>& entries, std::size_t width) {
  std::string text, line;
  for (const std::string& entry : entries) {
    if (!line.empty() && display_width(line) + 3 + display_width(entry) > width) {
      text += "  " + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : "   ") + entry;
  }
  return line.empty() ? text : text + "  " + line + "\n";
}

std::vector<std::string> legend_entries(const MapPlot& map) {
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < map.classes.size(); ++i)
    entries.push_back(
        fmt::format("{} {}", class_character(static_cast<double>(i), 99), map.classes[i]));
  if (map.classes.empty() && !map.levels.empty())
    for (std::size_t band = 0; band <= map.levels.size(); band += 2)
      entries.push_back(
          band == 0 ? fmt::format("{} below {:.4g}", band_character(band), map.levels[0])
          : band == map.levels.size()
              ? fmt::format("{} above {:.4g}", band_character(band), map.levels[band - 1])
              : fmt::format("{} {:.4g} to {:.4g}", band_character(band), map.levels[band - 1],
                            map.levels[band]));
  for (std::size_t g = 0; g < map.marks.size(); ++g)
    if (!map.marks[g].x.empty())
      entries.push_back(fmt::format("{} {}", mark_character(g), map.marks[g].title));
  return entries;
}

}  // namespace

std::vector<double> contour_levels(const MapPlot& map, int count) {
  const auto [lowest, highest] = extremes(map);
  if (!(highest > lowest)) return {};
  const double step = rounded_up((highest - lowest) / count);
  std::vector<double> levels;
  for (double k = std::floor(lowest / step) + 1; k * step < highest; ++k)
    levels.push_back(k * step);
  return levels;
}

std::string map_picture(const MapPlot& map, const std::string& target) {
  const double width = map.x.back() - map.x.front(), height = map.y.back() - map.y.front();
  // Directions of comparable length are drawn to one scale.
  const bool alike = width < 1.6 * height && height < 1.6 * width;
  const std::string script =
      "set encoding utf8\n" + terminal(target) + grid_data(map) + mark_data(map) +
      contour_data(map) + palette(map) + range('x', map.x) + range('y', map.y) +
      fmt::format("set title {} offset 0,1.1\nset xlabel {}\nset ylabel {}\n",
                  quoted(literal(map.title)), quoted(literal(map.x_label)),
                  quoted(literal(map.y_label))) +
      (alike ? "set size ratio -1\n" : "") + "unset grid\nset tics out\n" +
      "plot $grid using 1:2:" +
      (map.classes.empty() ? "3"
                           : fmt::format("($3 < {0} ? $3 : {0})",
                                         std::min(map.classes.size(), class_colours.size()))) +
      " with image notitle" + contour_commands(map) + class_keys(map) + mark_commands(map) + "\n";
  return run_gnuplot(script);
}

std::string map_in_characters(const MapPlot& map) {
  const auto [columns, rows] = character_screen();
  constexpr int margin = 10;  // for the numbers of the y axis
  const int width = columns - margin - 2, height = rows - 5;
  std::vector<std::string> drawing(static_cast<std::size_t>(height));
  const auto place = [](int i, int count, const std::vector<double>& at) {
    const double share = (i + 0.5) / count, half = (at[1] - at[0]) / 2;
    return (1 - share) * (at.front() - half) + share * (at.back() + half);
  };
  for (int r = 0; r < height; ++r)
    for (int c = 0; c < width; ++c) {
      const double value = map.values[nearest(map.y, place(height - 1 - r, height, map.y))]
                                     [nearest(map.x, place(c, width, map.x))];
      drawing[static_cast<std::size_t>(r)] += !std::isfinite(value) ? '?'
                                              : map.classes.empty()
                                                  ? band_character(band_of(value, map.levels))
                                                  : class_character(value, map.classes.size());
    }
  const auto cell = [](double at, const std::vector<double>& axis, int count) {
    const double half = (axis[1] - axis[0]) / 2;
    const double share = (at - axis.front() + half) / (axis.back() - axis.front() + 2 * half);
    return static_cast<int>(std::floor(share * count));
  };
  for (std::size_t g = 0; g < map.marks.size(); ++g)
    for (std::size_t p = 0; p < map.marks[g].x.size(); ++p) {
      const int c = cell(map.marks[g].x[p], map.x, width);
      const int r = height - 1 - cell(map.marks[g].y[p], map.y, height);
      if (c >= 0 && c < width && r >= 0 && r < height)
        drawing[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)] = mark_character(g);
    }
  const auto rule =
      std::string(margin, ' ') + "+" + std::string(static_cast<std::size_t>(width), '-') + "+\n";
  std::string text = fmt::format("{}{}\n{}", std::string(margin + 1, ' '), map.title, rule);
  for (int r = 0; r < height; ++r) {
    std::string number;
    if (r == 0) number = fmt::format("{:.4g}", map.y.back());
    if (r == height - 1) number = fmt::format("{:.4g}", map.y.front());
    text += fmt::format("{:>{}} |{}|\n", number, margin - 1, drawing[static_cast<std::size_t>(r)]);
  }
  const std::string first = fmt::format("{:.4g}", map.x.front()),
                    last = fmt::format("{:.4g}", map.x.back());
  text += rule + fmt::format("{}{:<{}}{}\n", std::string(margin + 1, ' '), first,
                             width - static_cast<int>(last.size()), last);
  return text + legend(legend_entries(map), static_cast<std::size_t>(columns) - 2);
}

}  // namespace sigmahat::cli
