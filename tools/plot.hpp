#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sigmahat::cli {

/// Points to draw. What a logarithmic axis cannot show (zeros) and what is not finite is left out.
struct Curve {
  enum class Style {
    line,
    thick_line,
    line_with_points,
    dashed,
    dotted,
    points,
    circles,
    area_below,
    band  ///< between y and `upper`; not drawn in the terminal
  };

  std::string title;
  Style style;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> upper = {};          ///< of a band
  std::optional<std::size_t> colour = {};  ///< curves of one number share it; otherwise the place
};

/// A picture in the terms of its subject; how gnuplot is told is decided in one place.
///
/// Labels are UTF-8 with gnuplot's enhanced markup (x^{2}, x_{k}).
struct Plot {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool log_x = false;
  bool log_y = false;
  std::vector<Curve> curves;
  std::string subtitle = {};  ///< smaller, below the title
};

/// Text that is to be shown as it is, underscores and all.
std::string literal(const std::string& text);

/// "-" (the terminal) or a file name ending in .svg, .png or .pdf; throws InputError, which names
/// the option, otherwise.
void check_plot_target(const std::string& option, const std::string& target);

/// The picture's bytes, or text for the target "-".
std::string render_plot(const Plot& plot, const std::string& target);

}  // namespace sigmahat::cli
