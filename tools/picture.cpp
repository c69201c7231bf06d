#include "picture.hpp"

namespace sigmahat::cli {

std::string render_picture(const Picture& picture, const std::string& target) {
  if (const auto* map = std::get_if<MapPlot>(&picture))
    return target == "-" ? map_in_characters(*map) : map_picture(*map, target);
  return render_plot(std::get<Plot>(picture), target);
}

}  // namespace sigmahat::cli
