#include "plot_terminal.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace sigmahat::cli {
namespace {

std::string dumb_terminal() {
  const auto [columns, rows] = character_screen();
  return fmt::format("set terminal dumb {} {}\nset key bottom outside center horizontal\n", columns,
                     rows);
}

/// `font_size` in the terminal's own unit.
std::string picture_terminal(const std::string& name_and_size, const std::string& font,
                             int font_size, double line_width) {
  return fmt::format("set terminal {} font '{},{}' linewidth {}\n", name_and_size, font, font_size,
                     line_width) +
         // The legend in a row between title and frame, where it can cover no data.
         fmt::format(
             "set key at graph 0.5,1.015 bottom center horizontal reverse Left samplen 2 "
             "maxrows 1 font ',{}'\nset tmargin 4.5\n",
             font_size * 5 / 6) +
         "set grid lc rgb '#C8C8C8' lw 0.8 dt 1\nset border lw 0.8\nset tics nomirror\n";
}

}  // namespace

std::string extension_of(const std::string& target) {
  std::string extension = std::filesystem::path(target).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

CharacterScreen character_screen() {
  CharacterScreen screen{79, 24};
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col >= 40)
    screen = {std::min<int>(window.ws_col - 1, 120), std::clamp<int>(window.ws_row - 1, 16, 40)};
  return screen;
}

std::string terminal(const std::string& target) {
  if (target == "-") return dumb_terminal();
  const std::string extension = extension_of(target);
  if (extension == ".svg")
    return picture_terminal("svg size 720,504 background '#FFFFFF'", "sans-serif", 15, 1.5);
  if (extension == ".png") return picture_terminal("pngcairo size 1440,1008", "sans", 24, 3);
  return picture_terminal("pdfcairo size 15cm,10.5cm", "sans", 12, 1.5);
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("''") : std::string(1, c);
  return result + "'";
}

}  // namespace sigmahat::cli
