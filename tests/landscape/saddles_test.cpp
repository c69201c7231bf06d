#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include <sigmahat/landscape/direction.hpp>
#include <sigmahat/landscape/geodesic.hpp>
#include <sigmahat/landscape/precise_point.hpp>
#include <sigmahat/landscape/saddles.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

#include "../optimize/talk_problem.hpp"
#include "random_weights.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

SaddleTally find_saddles(const Objective<double>& objective, const Weights<double>& given,
                         const Matrix<double>& teacher, const std::optional<Symmetry>& symmetry,
                         const SaddleOptions& options) {
  SaddleSearch search = SaddleSearch::from_starts(objective, given, teacher, symmetry, options);
  CHECK(search.run());
  SaddleTally tally = search.tally();
  tally.classes = tally.by_value();
  return tally;
}

/// One row on the sphere of R³ and the quadratic form Σ λ_i b_i²: critical points are ± the basis
/// vectors, of value λ_i and index the number of smaller λ; the Hessian's eigenvalues are
/// 2 (λ_j - λ_i).
class QuadraticForm final : public Objective<double> {
 public:
  explicit QuadraticForm(Vector<double> lambda) : lambda_(std::move(lambda)) {}
  double value(const Weights<double>& x) const override {
    return x.B.row(0).cwiseAbs2().dot(lambda_.transpose());
  }
  Evaluation value_and_gradient(const Weights<double>& x) const override {
    return {value(x), hessian_product(x, x)};
  }
  Weights<double> hessian_product(const Weights<double>& x,
                                  const Weights<double>& v) const override {
    Weights<double> result = zeros_like(x);
    result.B = 2 * v.B.cwiseProduct(lambda_.transpose());
    return result;
  }
  Matrix<double> hessian(const Weights<double>&) const override {
    Matrix<double> H = Matrix<double>::Zero(lambda_.size() + 1, lambda_.size() + 1);
    H.diagonal().tail(lambda_.size()) = 2 * lambda_;
    return H;
  }
  double constant() const override { return 0; }
  std::string method() const override { return "by hand"; }

 private:
  Vector<double> lambda_;
};

const Freedom sphere{Constraint::sphere, false};

}  // namespace

TEST_CASE("a quadratic form on the sphere has the eigenvectors for critical points") {
  const QuadraticForm form(Vector<double>{{1, 2, 4, 7}});
  const Weights<double> given = random_weights(1, 4, 1, sphere);
  SaddleOptions options;
  options.freedom = sphere;
  options.runs = 60;
  const SaddleTally all =
      find_saddles(form, given, Matrix<double>::Identity(4, 4), std::nullopt, options);
  CHECK(all.unresolved == 0);
  REQUIRE(all.classes.size() == 8);
  for (std::size_t k = 0; k < 8; ++k) {
    const SaddleClass& found = all.classes[k];
    const int index = static_cast<int>(k / 2);
    const double lambda = Vector<double>{{1, 2, 4, 7}}[index];
    CHECK(found.point.value == doctest::Approx(lambda).epsilon(1e-13));
    CHECK(found.curvature.negative == index);
    CHECK(std::abs(found.point.x.B(0, index)) == doctest::Approx(1).epsilon(1e-13));
    CHECK(found.curvature.smallest ==
          doctest::Approx(2 * ((index == 0 ? 2 : 1) - lambda)).epsilon(1e-12));
  }
  options.index = 2;
  const SaddleTally some =
      find_saddles(form, given, Matrix<double>::Identity(4, 4), std::nullopt, options);
  CHECK(some.classes.size() == 2);
  CHECK(some.other_index + some.classes[0].count + some.classes[1].count == 60);
}

TEST_CASE("climbing ends at the index that is asked for") {
  const QuadraticForm form(Vector<double>{{1, 2, 4, 7, 11}});
  for (int index = 0; index < 5; ++index)
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(index);
      CAPTURE(seed);
      const CriticalPoint found =
          climb_to_saddle(form, random_weights(1, 5, seed, sphere), sphere, index);
      CHECK(found.gradient_norm < 1e-13);
      CHECK(std::abs(found.x.B(0, index)) == doctest::Approx(1).epsilon(1e-13));
    }
}

TEST_CASE("an eigenvector leads from the minimum to the saddle in its direction") {
  // At e_0 the eigenvectors are e_1, e_2, e_3; e_1 alone has index one, and up e_1 it is.
  const QuadraticForm form(Vector<double>{{1, 2, 4, 7}});
  Weights<double> x{Vector<double>::Ones(1), Matrix<double>{{1, 0, 0, 0}}};
  Weights<double> v = zeros_like(x);
  v.B(0, 1) = -1;
  const CriticalPoint found = follow_eigenvector(form, x, v, sphere);
  CHECK(found.gradient_norm < 1e-13);
  CHECK(found.x.B(0, 1) == doctest::Approx(-1).epsilon(1e-13));
}

TEST_CASE("saddles of f are critical to twice the precision, and each has its index") {
  const TalkProblem talk("f", 3, 1);
  SaddleOptions options;
  options.freedom = talk.freedom;
  options.runs = 40;
  const Symmetry symmetry = symmetry_of(FullLoss{}, talk.values);
  const SaddleTally tally =
      find_saddles(*talk.objective, talk.start(), talk.values.teacher.B, symmetry, options);
  CHECK(tally.classes.size() > 2);
  std::uint64_t counted = tally.unresolved;
  for (const SaddleClass& found : tally.classes) {
    counted += found.count;
    const PrecisePoint precise =
        evaluate_precisely(talk.problem, FullLoss{}, talk.freedom, found.point.x, 32);
    CHECK(precise.gradient_norm < 1e-12);
    CHECK(static_cast<double>(precise.value) == doctest::Approx(found.point.value).epsilon(1e-12));
    // Along eigenvectors of negative curvature the objective falls.
    const HessianEigensystem system =
        hessian_eigensystem(*talk.objective, found.point.x, talk.freedom, true);
    for (Eigen::Index i = 0; i < found.curvature.negative; ++i) {
      const Weights<double> v =
          from_basis(found.point.x, Vector<double>(system.vectors.col(i)), talk.freedom);
      CHECK(talk.objective->value(geodesic_point(found.point.x, v, 1e-3, talk.freedom)) <
            found.point.value);
    }
  }
  CHECK(counted == 40);
}

TEST_CASE("the tally of saddles is the same for every number of threads") {
  const TalkProblem talk("f_gamma:2,4", 3, 1);
  SaddleOptions options;
  options.freedom = talk.freedom;
  options.runs = 20;
  const Symmetry symmetry = symmetry_of(parse_objective("f_gamma:2,4"), talk.values);
  const auto run = [&](int threads) {
    options.threads = threads;
    return find_saddles(*talk.objective, talk.start(), talk.values.teacher.B, symmetry, options);
  };
  const SaddleTally one = run(1);
  for (const int threads : {2, 3}) {
    const SaddleTally many = run(threads);
    REQUIRE(many.classes.size() == one.classes.size());
    for (std::size_t i = 0; i < one.classes.size(); ++i) {
      CHECK(many.classes[i].count == one.classes[i].count);
      CHECK(same_bits(many.classes[i].point.x, one.classes[i].point.x));
    }
  }
}

TEST_CASE("a search for saddles that is put back half-way ends as if it had not been broken off") {
  const TalkProblem talk("f", 3, 1);
  SaddleOptions options;
  options.freedom = talk.freedom;
  options.runs = 200;
  options.threads = 2;
  const Symmetry symmetry = symmetry_of(FullLoss{}, talk.values);
  const auto begin = [&] {
    return SaddleSearch::from_starts(*talk.objective, talk.start(), talk.values.teacher.B, symmetry,
                                     options);
  };
  SaddleSearch whole = begin();
  CHECK(whole.run());
  SaddleSearch first = begin();
  CHECK_FALSE(first.run({[&] { return first.tally().runs < 64; }}));
  const Stored<SaddleTally> stored = parse_saddle_tally(to_json(first.tally(), "settings"));
  CHECK(stored.settings == "settings");
  SaddleSearch second = begin();
  second.resume(stored.state);
  CHECK(second.run());
  // The text holds every number.
  CHECK(to_json(second.tally(), "") == to_json(whole.tally(), ""));

  SaddleSearch around = SaddleSearch::around(*talk.objective, whole.tally().classes[0].point.x, 2,
                                             talk.values.teacher.B, symmetry, options);
  CHECK(around.runs() == 4);
  CHECK(around.run());
  CHECK(around.tally().runs == 4);
  for (const char* text : {"", "[1]", "{\"sigmahat_saddles\":1,\"settings\":\"\",\"state\":{}}"})
    CHECK_THROWS_AS(parse_saddle_tally(text), ParseError);
}
