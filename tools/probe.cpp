#include <array>

#include "command.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::array members{
    CommandEntry{"isotropy", "critical points with symmetry, at any dimension", add_probe_isotropy},
    CommandEntry{"line", "value, slope and curvature along a geodesic", add_probe_line},
    CommandEntry{"minima", "minima from many starts, modulo symmetry", add_probe_minima},
};

}  // namespace

std::span<const CommandEntry> probe_commands() {
  return members;
}

}  // namespace sigmahat::cli
