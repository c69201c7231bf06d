#pragma once

#include <string>
#include <vector>

namespace sigmahat::cli {

/// Points that a map shows, all of one kind.
struct MapMarks {
  std::string title;
  std::vector<double> x;
  std::vector<double> y;
};

/// A number, or a class, for every point of a grid: colours, with labelled contours or a legend.
///
/// Labels are UTF-8 and shown as they are.
struct MapPlot {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::string value_label;
  std::vector<double> x;  ///< equally spaced, increasing, two at least
  std::vector<double> y;  ///< likewise
  /// values[j][i] at (x[i], y[j]); what is not finite is left white.
  std::vector<std::vector<double>> values;
  std::vector<double> levels = {};  ///< increasing; contours are drawn there
  /// Where there are any, values are their numbers, 0, 1, ...; those beyond the last are grey.
  std::vector<std::string> classes = {};
  std::vector<MapMarks> marks = {};
};

/// Round numbers between the least value and the largest, about `count` of them.
std::vector<double> contour_levels(const MapPlot& map, int count = 10);

/// The picture's bytes.
std::string map_picture(const MapPlot& map, const std::string& target);
/// A drawing for terminals: what lies between two contours has one character.
std::string map_in_characters(const MapPlot& map);

}  // namespace sigmahat::cli
