#pragma once

#include <string>
#include <variant>

#include "map_plot.hpp"
#include "plot.hpp"

namespace sigmahat::cli {

using Picture = std::variant<Plot, MapPlot>;

/// The picture's bytes, or text for the target "-".
std::string render_picture(const Picture& picture, const std::string& target);

}  // namespace sigmahat::cli
