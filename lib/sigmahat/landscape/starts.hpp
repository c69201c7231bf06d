#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sigmahat/objective/sphere.hpp>

namespace sigmahat {

/// Where searches start.
struct StartDistribution {
  enum class Kind {
    unit,        ///< rows uniform on the unit sphere
    gaussian,    ///< entries N(0, scale²)
    orthogonal,  ///< orthonormal rows, uniform
    near         ///< the given point, its rows moved by N(0, scale²) in every entry
  };
  Kind kind = Kind::unit;
  double scale = 0;  ///< 0 for gaussian: 1/√d
};

/// Reads "unit", "gaussian", "gaussian:0.3", "orthogonal" and "near:0.1"; throws ParseError
/// otherwise.
StartDistribution parse_start_distribution(std::string_view text);
/// What parse_start_distribution reads back.
std::string to_text(const StartDistribution& distribution);

/// Unit rows where rows are unit, Gaussian ones of scale 1/√d where they are free.
StartDistribution default_starts(Constraint rows);

/// Start `number` of the sequence that `seed` names, a function of both alone; a and the biases are
/// those of `given`.
///
/// Throws InputError for more orthonormal rows than there are dimensions.
Weights<double> draw_start(const StartDistribution& distribution, const Weights<double>& given,
                           std::uint64_t seed, std::uint64_t number);

}  // namespace sigmahat
