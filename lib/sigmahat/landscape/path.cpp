#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include <sigmahat/landscape/direction.hpp>
#include <sigmahat/landscape/geodesic.hpp>
#include <sigmahat/landscape/line.hpp>
#include <sigmahat/landscape/path.hpp>
#include <sigmahat/landscape/saddles.hpp>
#include <sigmahat/landscape/stored_json.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/optimize/descent.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {
namespace {

using Json = nlohmann::ordered_json;

/// Images are put at equal distances again once two of these differ by this share.
constexpr double uneven = 1e-3;
/// Iterations between two estimates of the largest curvature.
constexpr int estimate_every = 25;
constexpr int power_iterations = 10;
constexpr double critical = 1e-10;
/// As a share of the length of the weights: what is shorter is no path.
constexpr double shortest_path = 1e-6;

}  // namespace

StringMethod::StringMethod(const Objective<double>& objective, const Weights<double>& from,
                           const Weights<double>& to, const PathOptions& options)
    : objective_(objective), options_(options) {
  const Weights<double> velocity = velocity_towards(from, to, options.freedom);
  length_ = norm(velocity);
  if (!(length_ > shortest_path * norm(from)))
    throw DomainError("both ends of the path are one point");
  const Weights<double> aside = random_direction(from, options.freedom, options.seed);
  for (const double t : equally_spaced(0, 1, options.images)) {
    const Weights<double> x = geodesic_point(from, velocity, t, options.freedom);
    const double height = options.bend * length_ * std::sin(std::numbers::pi * t);
    images_.push_back(
        {retracted(x, scaled(height, tangential(x, aside, options.freedom)), options.freedom), t, 0,
         0});
  }
  images_.front().x = from;
  images_.back().x = to;
  if (!options.freedom.trains_a) images_.back().x.a = from.a;
  forces_.resize(images_.size());
  evaluate();
}

StringMethod::StringMethod(const Objective<double>& objective, const StringState& state,
                           const PathOptions& options)
    : objective_(objective),
      options_(options),
      length_(state.length),
      bend_(state.bend),
      iterations_(state.iterations) {
  const auto fits = [&](const Weights<double>& x) {
    const Weights<double>& first = state.points.front();
    return x.B.rows() == first.B.rows() && x.B.cols() == first.B.cols() &&
           x.c.size() == first.c.size();
  };
  if (state.points.size() < 3 || state.points.size() != state.places.size() ||
      static_cast<int>(state.points.size()) != options.images ||
      !std::all_of(state.points.begin(), state.points.end(), fits))
    throw InputError(fmt::format("no path of {} images", options.images));
  for (std::size_t i = 0; i < state.points.size(); ++i)
    images_.push_back({state.points[i], state.places[i], 0, 0});
  forces_.resize(images_.size());
  evaluate();
}

StringState StringMethod::state() const {
  StringState state{iterations_, length_, bend_, {}, {}};
  for (const PathImage& image : images_) {
    state.places.push_back(image.place);
    state.points.push_back(image.x);
  }
  return state;
}

/// Values, and the gradients' parts across the path. The path's direction at an image is that
/// towards its higher neighbour, or between both weighted by their heights (Henkelman and Jónsson,
/// J. Chem. Phys. 113, 2000): central differences make kinks where forces are large.
void StringMethod::evaluate() {
  std::vector<Weights<double>> gradients(images_.size());
  for_each_block(images_.size(), options_.threads, [&](std::size_t i) {
    const Iterate at = evaluate_at(objective_, images_[i].x, options_.freedom);
    images_[i].value = at.value;
    gradients[i] = at.gradient;
  });
  steepest_ = 0;
  for (std::size_t i = 0; i < images_.size(); ++i) {
    images_[i].across = 0;
    forces_[i] = zeros_like(images_[i].x);
    if (i == 0 || i + 1 == images_.size()) continue;
    const Weights<double>& x = images_[i].x;
    const Weights<double> ahead = velocity_towards(x, images_[i + 1].x, options_.freedom);
    const Weights<double> behind =
        scaled(-1, velocity_towards(x, images_[i - 1].x, options_.freedom));
    const double rise = images_[i + 1].value - images_[i].value;
    const double fall = images_[i].value - images_[i - 1].value;
    double of_ahead = rise > 0 && fall > 0 ? 1 : 0, of_behind = rise < 0 && fall < 0 ? 1 : 0;
    if (of_ahead == of_behind) {
      const auto [least, most] = std::minmax(std::abs(rise), std::abs(fall));
      const bool ahead_is_higher = images_[i + 1].value > images_[i - 1].value;
      of_ahead = ahead_is_higher ? most : least;
      of_behind = ahead_is_higher ? least : most;
      if (most == 0) of_ahead = of_behind = 1;
    }
    Weights<double> along = scaled(of_ahead, ahead);
    add(along, of_behind, behind);
    const double length = norm(along);
    forces_[i] = scaled(-1, gradients[i]);
    if (length > 0) add(forces_[i], -inner(forces_[i], along) / (length * length), along);
    images_[i].across = norm(forces_[i]);
    steepest_ = std::max(steepest_, norm(gradients[i]));
  }
}

/// By the power method at each image. Where there is no Hessian nothing is known.
double StringMethod::largest_curvature() const {
  std::vector<double> found(images_.size(), 0);
  for_each_block(images_.size(), options_.threads, [&](std::size_t i) {
    const Weights<double>& x = images_[i].x;
    try {
      const Weights<double> gradient = objective_.value_and_gradient(x).gradient;
      Weights<double> v = random_direction(x, options_.freedom, 0, i);
      for (int n = 0; n < power_iterations; ++n) {
        const Weights<double> bent = riemannian_hessian_product(
            x, gradient, objective_.hessian_product(x, v), v, options_.freedom);
        found[i] = norm(bent);
        if (!(found[i] > 0)) break;
        v = scaled(1 / found[i], bent);
      }
    } catch (const DomainError&) {
      found[i] = 0;
    }
  });
  return *std::max_element(found.begin(), found.end());
}

/// An image that lies aside by y is pulled back by the curvature across, and by its higher
/// neighbour, towards whom the path is said to run, at a rate of the slope over the distance to it:
/// steps are stable below two over the sum of both.
void StringMethod::move() {
  if (iterations_ % estimate_every == 0) bend_ = largest_curvature();
  const double gap = length_ / static_cast<double>(images_.size() - 1);
  // The power method stays below the largest eigenvalue: some room is left.
  constexpr double room = 1.3;
  const double rate = room * (bend_ + steepest_ / gap);
  const double step = rate > 0 ? 1 / rate : 0;
  for (std::size_t i = 1; i + 1 < images_.size(); ++i)
    images_[i].x = retracted(images_[i].x, scaled(step, forces_[i]), options_.freedom);
}

void StringMethod::space_evenly() {
  const std::size_t last = images_.size() - 1;
  std::vector<double> up_to(images_.size(), 0);
  double shortest = std::numeric_limits<double>::infinity(), longest = 0;
  for (std::size_t i = 1; i <= last; ++i) {
    const double gap = geodesic_distance(images_[i - 1].x, images_[i].x, options_.freedom);
    shortest = std::min(shortest, gap);
    longest = std::max(longest, gap);
    up_to[i] = up_to[i - 1] + gap;
  }
  length_ = up_to[last];
  if (longest > (1 + uneven) * shortest) {
    std::vector<Weights<double>> even;
    std::size_t segment = 0;
    for (std::size_t i = 1; i < last; ++i) {
      const double wanted = length_ * static_cast<double>(i) / static_cast<double>(last);
      while (segment + 1 < last && up_to[segment + 1] < wanted) ++segment;
      const double share = (wanted - up_to[segment]) / (up_to[segment + 1] - up_to[segment]);
      const Weights<double>& x = images_[segment].x;
      even.push_back(geodesic_point(x,
                                    velocity_towards(x, images_[segment + 1].x, options_.freedom),
                                    share, options_.freedom));
    }
    for (std::size_t i = 1; i < last; ++i) {
      images_[i].x = std::move(even[i - 1]);
      up_to[i] = length_ * static_cast<double>(i) / static_cast<double>(last);
    }
  }
  for (std::size_t i = 0; i <= last; ++i) images_[i].place = up_to[i] / length_;
}

bool StringMethod::run(const std::function<bool(const StringMethod&)>& go_on) {
  while (residual() > options_.tolerance) {
    if (iterations_ >= options_.most_iterations || (go_on && !go_on(*this))) return false;
    move();
    space_evenly();
    evaluate();
    ++iterations_;
  }
  return true;
}

double StringMethod::residual() const {
  double largest = 0;
  for (const PathImage& image : images_) largest = std::max(largest, image.across);
  return largest;
}

const PathImage& StringMethod::top() const {
  return *std::max_element(
      images_.begin() + 1, images_.end() - 1,
      [](const PathImage& p, const PathImage& q) { return p.value < q.value; });
}

std::string to_json(const StringState& state, const std::string& settings) {
  Json json{{"iterations", state.iterations},
            {"length", state.length},
            {"bend", state.bend},
            {"places", state.places},
            {"points", Json::array()}};
  for (const Weights<double>& x : state.points) json["points"].push_back(json_of(x));
  return stored_text("path", settings, json);
}

Stored<StringState> parse_string_state(std::string_view text) {
  return read_stored(text, "path", [](const Json& json) {
    StringState state{
        json.at("iterations"), json.at("length"), json.at("bend"), json.at("places"), {}};
    for (const Json& point : json.at("points")) state.points.push_back(weights_of(point));
    return state;
  });
}

std::optional<PathSaddle> saddle_on(const StringMethod& path, const Objective<double>& objective,
                                    const Freedom& freedom) {
  const PathImage& top = path.top();
  try {
    CriticalPoint point = climb_to_saddle(objective, top.x, freedom);
    if (!(point.gradient_norm <= critical)) return std::nullopt;
    const Curvature bends = curvature(hessian_eigensystem(objective, point.x, freedom).values);
    if (bends.negative != 1) return std::nullopt;
    const double distance = geodesic_distance(top.x, point.x, freedom);
    return PathSaddle{std::move(point), bends, distance};
  } catch (const DomainError&) {
    return std::nullopt;  // the Hessian ends on the way
  }
}

}  // namespace sigmahat
