#pragma once

#include <array>
#include <string>

namespace sigmahat::cli {

/// Okabe and Ito's colours: told apart with every kind of colour vision, and in grey.
inline constexpr std::array colours{"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"};

/// ".svg" of a file's name, in small letters.
std::string extension_of(const std::string& target);

/// What a terminal of characters has room for.
struct CharacterScreen {
  int columns, rows;
};
CharacterScreen character_screen();

/// gnuplot's commands that choose size, font and frame of a picture; of "-", the terminal.
std::string terminal(const std::string& target);

/// Single-quoted for gnuplot.
std::string quoted(const std::string& text);

}  // namespace sigmahat::cli
