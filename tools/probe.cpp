#include <array>

#include "command.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::array members{
    CommandEntry{"minima", "minima from many starts, modulo symmetry", add_probe_minima},
    CommandEntry{"saddles", "critical points of any index from many starts", add_probe_saddles},
    CommandEntry{"isotropy", "critical points with symmetry, at any dimension", add_probe_isotropy},
    CommandEntry{"spectrum", "proven eigenvalues of the Hessian at a point", add_probe_spectrum},
    CommandEntry{"line", "value, slope and curvature along a geodesic", add_probe_line},
    CommandEntry{"slice", "values on a plane, with contours and critical points", add_probe_slice},
    CommandEntry{"path", "least-energy path between two points, and its saddle", add_probe_path},
    CommandEntry{"basin", "which start of a plane goes to which minimum", add_probe_basin},
};

}  // namespace

std::span<const CommandEntry> probe_commands() {
  return members;
}

}  // namespace sigmahat::cli
