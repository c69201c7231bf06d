#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sigmahat/landscape/counted_runs.hpp>
#include <sigmahat/landscape/critical_point.hpp>

namespace sigmahat {

struct PathOptions {
  Freedom freedom = {};
  int images = 25;  ///< the two ends among them, >= 3
  int most_iterations = 5000;
  /// Of the gradient's part across the path, at every image.
  double tolerance = 1e-4;
  /// How far the first path is bent aside, as a share of its length: a geodesic that a symmetry
  /// keeps would never leave the symmetric points, be they a ridge.
  double bend = 0.02;
  std::uint64_t seed = 1;  ///< of the direction it is bent in
  int threads = 0;
};

/// An image of a path.
struct PathImage {
  Weights<double> x;
  double place;  ///< length of the path up to here, as a share of the whole
  double value;
  double across;  ///< norm of the gradient's part across the path; 0 at the ends
};

/// All that a string needs to go on with the same bits.
struct StringState {
  int iterations = 0;
  double length = 0;
  double bend = 0;  ///< the largest curvature, by the last estimate
  std::vector<double> places;
  std::vector<Weights<double>> points;  ///< the ends among them
};

/// A path of least energy between two points: where it does not run along the gradient it could be
/// lowered, so its highest point is a mountain pass.
///
/// The string method (E, Ren and Vanden-Eijnden, J. Chem. Phys. 126, 2007): images at equal
/// distances on geodesics, each moved down the gradient's part across the path, the ends fixed.
class StringMethod {
 public:
  /// Begins near the geodesic from one end to the other. Throws DomainError where there is none
  /// (geodesic.hpp), and for ends that are one point.
  StringMethod(const Objective<double>& objective, const Weights<double>& from,
               const Weights<double>& to, const PathOptions& options);

  /// Goes on from where another has stood. Throws InputError for points of another shape or number.
  StringMethod(const Objective<double>& objective, const StringState& state,
               const PathOptions& options);
  StringState state() const;

  /// @param go_on  asked between iterations; false ends it
  /// @return whether the gradient across the path is within the tolerance
  bool run(const std::function<bool(const StringMethod&)>& go_on = {});

  int iterations() const { return iterations_; }
  /// The largest gradient across the path.
  double residual() const;
  double length() const { return length_; }
  const std::vector<PathImage>& images() const { return images_; }
  /// The highest one between the ends.
  const PathImage& top() const;

 private:
  void evaluate();
  void move();
  void space_evenly();
  double largest_curvature() const;

  const Objective<double>& objective_;
  PathOptions options_;
  std::vector<PathImage> images_;
  std::vector<Weights<double>> forces_;  ///< down the gradient's part across the path
  double length_ = 0;
  double bend_ = 0;      ///< the largest curvature, by the last estimate
  double steepest_ = 0;  ///< the largest gradient along the path
  int iterations_ = 0;
};

/// Text, every number as it is. Throws ParseError where it is none.
/// @param settings  what was asked for, for the reader to compare
std::string to_json(const StringState& state, const std::string& settings);
Stored<StringState> parse_string_state(std::string_view text);

/// The saddle on top of a path: index one climbed to from its highest image. None where that ends
/// at no critical point of index one.
struct PathSaddle {
  CriticalPoint point;
  Curvature curvature;
  double distance;  ///< from the highest image
};
std::optional<PathSaddle> saddle_on(const StringMethod& path, const Objective<double>& objective,
                                    const Freedom& freedom);

}  // namespace sigmahat
