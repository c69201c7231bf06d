#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include <sigmahat/landscape/geodesic.hpp>
#include <sigmahat/landscape/matching.hpp>
#include <sigmahat/landscape/path.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

#include "../optimize/talk_problem.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

/// (x² - 1)²/4 + c/2 (y - k (1 - x²))²: minima at (±1, 0), one saddle at (0, k) of value 1/4.
class BentValley final : public Objective<double> {
 public:
  double value(const Weights<double>& w) const override {
    const double x = w.B(0, 0), off = w.B(0, 1) - k * (1 - x * x);
    return (x * x - 1) * (x * x - 1) / 4 + c / 2 * off * off;
  }
  Evaluation value_and_gradient(const Weights<double>& w) const override {
    const double x = w.B(0, 0), off = w.B(0, 1) - k * (1 - x * x);
    Weights<double> g = zeros_like(w);
    g.B << x * (x * x - 1) + c * off * 2 * k * x, c * off;
    return {value(w), std::move(g)};
  }
  Weights<double> hessian_product(const Weights<double>& w,
                                  const Weights<double>& v) const override {
    const Matrix<double> H = hessian(w);
    Weights<double> result = zeros_like(w);
    result.B = v.B * H.bottomRightCorner(2, 2);
    return result;
  }
  Matrix<double> hessian(const Weights<double>& w) const override {
    const double x = w.B(0, 0), off = w.B(0, 1) - k * (1 - x * x);
    Matrix<double> H = Matrix<double>::Zero(3, 3);
    H(1, 1) = 3 * x * x - 1 + c * (4 * k * k * x * x + 2 * k * off);
    H(1, 2) = H(2, 1) = 2 * k * x * c;
    H(2, 2) = c;
    return H;
  }
  double constant() const override { return 0; }
  std::string method() const override { return "by hand"; }

  static constexpr double c = 5, k = 0.8;
};

/// Points of the gradient flow from just beside the saddle down to (1, 0), by small Euler steps.
std::vector<std::pair<double, double>> flow_line(const BentValley& valley) {
  std::vector<std::pair<double, double>> line;
  Weights<double> x{Vector<double>::Ones(1), Matrix<double>{{0, BentValley::k}}};
  line.emplace_back(0, BentValley::k);
  x.B(0, 0) = 1e-4;
  constexpr double step = 1e-3;
  for (int n = 0; n < 40'000; ++n) {
    add(x, -step, valley.value_and_gradient(x).gradient);
    line.emplace_back(x.B(0, 0), x.B(0, 1));
  }
  return line;
}

const Freedom rows_alone{Constraint::free, false};

Weights<double> at(double x, double y) {
  return {Vector<double>::Ones(1), Matrix<double>{{x, y}}};
}

/// From a random student to the teacher.
struct ToTheTeacher {
  TalkProblem talk{"f", 3, 4};
  Weights<double> from = talk.start();
  Weights<double> to = matched(from, {from.a, talk.values.teacher.B}, false);
  PathOptions options = {.freedom = talk.freedom};
};

}  // namespace

TEST_CASE("the string settles in a bent valley, and its top leads to the mountain pass") {
  const BentValley valley;
  PathOptions options;
  options.freedom = rows_alone;
  options.images = 41;
  StringMethod path(valley, at(-1, 0), at(1, 0), options);
  CHECK(path.run());
  // The path of least energy is the flow line that comes down from the pass on both sides.
  const std::vector<std::pair<double, double>> line = flow_line(valley);
  for (const PathImage& image : path.images()) {
    const double x = image.x.B(0, 0), y = image.x.B(0, 1);
    double nearest = 1;
    for (const auto& [p, q] : line) nearest = std::min(nearest, std::hypot(std::abs(x) - p, y - q));
    // A direction taken from a neighbour at distance h is wrong by h times the path's curvature,
    // at most 2k here, and the slope along the path is below 0.4.
    const double h = path.length() / 40;
    CHECK(nearest < 0.4 * 2 * valley.k * h / valley.c);
  }
  const auto saddle = saddle_on(path, valley, rows_alone);
  REQUIRE(saddle);
  CHECK(saddle->point.value == doctest::Approx(0.25).epsilon(1e-13));
  CHECK(saddle->point.x.B(0, 1) == doctest::Approx(valley.k).epsilon(1e-13));
  CHECK(std::abs(saddle->point.x.B(0, 0)) < 1e-13);
  CHECK(saddle->point.gradient_norm < 1e-13);
  CHECK(saddle->curvature.negative == 1);
  CHECK(saddle->distance < path.length() / 40 + 0.05);
}

TEST_CASE("images are evenly spaced and the ends stay") {
  const TalkProblem talk("f", 4, 1);
  const Weights<double> from = talk.start();
  Weights<double> to = from;
  to.B = talk.values.teacher.B;
  PathOptions options;
  options.freedom = talk.freedom;
  options.images = 11;
  options.most_iterations = 200;
  StringMethod path(*talk.objective, from, to, options);
  path.run();
  CHECK(same_bits(path.images().front().x, from));
  CHECK(same_bits(path.images().back().x, to));
  for (std::size_t i = 1; i < path.images().size(); ++i) {
    const double gap = geodesic_distance(path.images()[i - 1].x, path.images()[i].x, talk.freedom);
    CHECK(gap == doctest::Approx(path.length() / 10).epsilon(0.06));
  }
}

TEST_CASE("two neurons in the plane change places through each other") {
  // Rows at angles (0, π/2) and (π/2, 0), both of them the teacher's: on the way the neurons meet
  // halfway, where swapping them changes nothing. There, at (π/4, π/4), the gradient vanishes by
  // symmetry, and with κ and its derivatives at ρ = √½ (MATH.md 3) the curvature is negative along
  // the way and positive across.
  const TalkProblem talk("f", 2, 1);
  Weights<double> from = talk.start();
  from.B = talk.values.teacher.B;
  Weights<double> to = from;
  to.B.row(0).swap(to.B.row(1));
  PathOptions options;
  options.freedom = talk.freedom;
  options.images = 21;
  StringMethod path(*talk.objective, from, to, options);
  CHECK(path.run());
  const auto& images = path.images();
  for (std::size_t i = 0; i < images.size() / 2; ++i)
    CHECK(std::abs(images[i].value - images[images.size() - 1 - i].value) < 1e-3);
  const auto saddle = saddle_on(path, *talk.objective, talk.freedom);
  REQUIRE(saddle);
  CHECK(saddle->curvature.negative == 1);
  const double root = std::sqrt(0.5), pi = std::numbers::pi;
  const double kernel = (root + root * (pi - pi / 4)) / (2 * pi);
  const double value = 2 * 0.5 + 2 / (2 * pi) - 2 * 4 * kernel + 4 * 0.5;
  CHECK(saddle->point.value == doctest::Approx(value).epsilon(1e-12));
  CHECK((saddle->point.x.B - Matrix<double>::Constant(2, 2, root)).norm() < 1e-7);
}

TEST_CASE("the path is the same for every number of threads") {
  ToTheTeacher way;
  way.options.most_iterations = 60;
  const auto run = [&](int threads) {
    way.options.threads = threads;
    StringMethod path(*way.talk.objective, way.from, way.to, way.options);
    path.run();
    return path;
  };
  const StringMethod one = run(1), two = run(2);
  CHECK(one.iterations() == two.iterations());
  for (std::size_t i = 0; i < one.images().size(); ++i)
    CHECK(same_bits(one.images()[i].x, two.images()[i].x));
}

TEST_CASE("a path that is put back half-way ends as if it had not been broken off") {
  ToTheTeacher way;
  way.options.images = 9;
  way.options.most_iterations = 60;
  StringMethod whole(*way.talk.objective, way.from, way.to, way.options);
  whole.run();
  // Between two estimates of the curvature, which are made every 25 iterations.
  StringMethod first(*way.talk.objective, way.from, way.to, way.options);
  CHECK_FALSE(first.run([](const StringMethod& path) { return path.iterations() < 37; }));
  const Stored<StringState> stored = parse_string_state(to_json(first.state(), "settings"));
  CHECK(stored.settings == "settings");
  StringMethod second(*way.talk.objective, stored.state, way.options);
  second.run();
  CHECK(second.iterations() == whole.iterations());
  CHECK(second.residual() == whole.residual());
  CHECK(to_json(second.state(), "") == to_json(whole.state(), ""));

  way.options.images = 7;
  CHECK_THROWS_AS(StringMethod(*way.talk.objective, stored.state, way.options), InputError);
  for (const char* text : {"", "[1]", "{\"sigmahat_path\":1,\"settings\":\"\",\"state\":{}}"})
    CHECK_THROWS_AS(parse_string_state(text), ParseError);
}
