#include <Eigen/Eigenvalues>
#include <doctest/doctest.h>

#include <sigmahat/landscape/minima.hpp>
#include <sigmahat/landscape/symmetric_search.hpp>
#include <sigmahat/numeric/errors.hpp>

#include "random_weights.hpp"
#include "symmetric_case.hpp"

using namespace sigmahat;
using Eigen::Index;

namespace {

/// A teacher of d orthonormal rows that is not the identity.
Problem problem_of(int rows, int d) {
  return {{parse_activation("relu"),
           std::vector<Rational>(static_cast<std::size_t>(d), Rational(1)),
           {WeightMatrix::Orthogonal{d, d, 5}}},
          {parse_activation("relu"),
           std::vector<Rational>(static_cast<std::size_t>(rows), Rational(1)),
           {WeightMatrix::Gaussian{rows, d, 3}}},
          0};
}

/// A problem with the fixed space of a group, and its objective there.
struct Restricted {
  Problem problem;
  ProblemValues<double> values;
  Freedom freedom;
  std::unique_ptr<Objective<double>> whole;
  FixedSpace space;
  FixedSpaceObjective objective;

  Restricted(const char* isotropy, int rows, int d, const Freedom& where)
      : problem(problem_of(rows, d)),
        values(at_precision<double>(problem)),
        freedom(where),
        whole(make_objective<double>(FullLoss{}, values, where.rows, 17, 1)),
        space(parse_isotropy(isotropy), FullLoss{}, values),
        objective(*whole, space, freedom) {}

  Weights<double> start(std::uint64_t number) const {
    const StartDistribution unit{StartDistribution::Kind::unit};
    return space.start(draw_start(unit, student_weights<double>(problem, freedom.rows), 1, number),
                       unit.kind);
  }
};

}  // namespace

TEST_CASE("On the fixed space the restriction has the whole objective's value and gradient") {
  for (const char* isotropy : {"d", "d-2,1,1", "d-3,r:2,c:3", "d-1,1,r:1"})
    for (const Constraint rows : {Constraint::free, Constraint::sphere}) {
      CAPTURE(isotropy);
      const auto k = static_cast<int>(MatrixOrbits(parse_isotropy(isotropy), 6).row_count());
      const Restricted r(isotropy, k, 6, {rows, false});
      const Weights<double> x = r.start(2);
      CHECK((r.space.project(x).B - x.B).norm() < 1e-14);
      CHECK((x.B.rowwise().norm().array() - 1).abs().maxCoeff() < 1e-14);
      const auto restricted = r.objective.value_and_gradient(x);
      const auto whole = r.whole->value_and_gradient(x);
      CHECK(restricted.value == doctest::Approx(whole.value).epsilon(1e-14));
      // The symmetry alone makes it so.
      CHECK((restricted.gradient.B - whole.gradient.B).norm() < 1e-12);
      CHECK((restricted.gradient.a - whole.gradient.a).norm() < 1e-12);
    }
}

TEST_CASE("The restriction's Hessian is the reduced one, and one beside it") {
  for (const Constraint rows : {Constraint::free, Constraint::sphere}) {
    const Restricted r("d-1,1", 6, 6, {rows, false});
    const Weights<double> x = r.start(4);
    const Matrix<double> hessian = r.objective.hessian(x);
    const Matrix<double> on_basis =
        hessian_on_basis(x, r.objective.value_and_gradient(x).gradient, hessian, r.freedom);
    const Eigen::SelfAdjointEigenSolver<Matrix<double>> solver(on_basis, Eigen::EigenvaluesOnly);
    std::vector<double> others;
    for (const double value : solver.eigenvalues())
      if (std::abs(value - 1) > 1e-9) others.push_back(value);

    OrthonormalTask task{parse_activation("relu"), parse_activation("relu")};
    task.rows = rows;
    const SymmetricObjective<double> reduced(task, r.space.orbits(), 17);
    const Vector<double> entries = r.space.orbits().restrict(x.B * r.values.teacher.B.transpose());
    const Eigen::SelfAdjointEigenSolver<Matrix<double>> expected(
        reduced.evaluate(entries, true).hessian, Eigen::EigenvaluesOnly);
    std::vector<double> nonzero;
    for (const double value : expected.eigenvalues())
      if (rows == Constraint::free || std::abs(value) > 1e-9) nonzero.push_back(value);
    REQUIRE(others.size() == nonzero.size());
    for (std::size_t i = 0; i < others.size(); ++i)
      CHECK(others[i] == doctest::Approx(nonzero[i]).epsilon(1e-9));

    // Products are those of the dense one.
    const Weights<double> direction = draw_start({StartDistribution::Kind::gaussian, 1}, x, 9, 9);
    const Vector<double> v = flattened(direction);
    CHECK((flattened(r.objective.hessian_product(x, direction)) - hessian * v).norm() <
          1e-11 * hessian.norm() * v.norm());
  }
}

TEST_CASE("Searches in a fixed space end there, at what the reduced search finds") {
  const Restricted r("d-1,1", 9, 9, {Constraint::free, false});
  MinimaSearch::Options options{.starts = {StartDistribution::Kind::gaussian}, .runs = 60};
  options.search.freedom = r.freedom;
  options.within = &r.space;
  MinimaSearch search(r.objective, student_weights<double>(r.problem, Constraint::free),
                      r.values.teacher.B, symmetry_of(FullLoss{}, r.values), options);
  REQUIRE(search.run());
  const std::vector<SymmetricClass> classes =
      critical_points({parse_activation("relu"), parse_activation("relu")},
                      {parse_isotropy("d-1,1")}, 9, {.starts = 300});
  for (const MinimumClass& found : search.tally().classes) {
    CAPTURE(found.point.value);
    CHECK((r.space.project(found.point.x).B - found.point.x.B).norm() < 1e-12);
    CHECK(std::any_of(classes.begin(), classes.end(), [&](const SymmetricClass& c) {
      return std::abs(c.value - found.point.value) < 1e-9;
    }));
  }
  // The teacher, the family that vanishes and two hidden ones.
  CHECK(search.tally().classes.size() == 4);
}

TEST_CASE("Minima among the symmetric that are saddles of the whole are called so") {
  // Two rows exchanged alone end as equal ones: with a trained partner there is a way down.
  const Restricted r("d-2,r:2,c:2", 7, 7, {Constraint::free, false});
  MinimaSearch::Options options{.starts = {StartDistribution::Kind::gaussian}, .runs = 40};
  options.search.freedom = r.freedom;
  options.within = &r.space;
  MinimaSearch search(r.objective, student_weights<double>(r.problem, Constraint::free),
                      r.values.teacher.B, symmetry_of(FullLoss{}, r.values), options);
  REQUIRE(search.run());
  const auto minima = describe(search.tally(), r.problem, FullLoss{}, r.freedom);
  REQUIRE(!minima.empty());
  int saddles = 0;
  for (const DescribedMinimum& minimum : minima) {
    CHECK(minimum.gradient_norm < 1e-10);  // of the whole objective
    if (!minimum.curvature) continue;
    CHECK((minimum.standing == Standing::saddle) == (minimum.curvature->negative > 0));
    saddles += minimum.standing == Standing::saddle;
  }
  CHECK(saddles >= 1);
}

TEST_CASE("Groups of other students, and teachers whose rows cannot be exchanged, are refused") {
  const auto values = at_precision<double>(problem_of(6, 6));
  CHECK_THROWS_AS(FixedSpace(parse_isotropy("d,r:1"), FullLoss{}, values), InputError);
  CHECK_THROWS_AS(FixedSpace(parse_isotropy("d/4,3*d/4"), FullLoss{}, values), InputError);
  Problem unequal = problem_of(6, 6);
  unequal.teacher.a[2] = 2;
  CHECK_THROWS_AS(FixedSpace(parse_isotropy("d"), FullLoss{}, at_precision<double>(unequal)),
                  InputError);
  const Restricted r("d", 6, 6, {Constraint::free, false});
  const Weights<double> student = student_weights<double>(r.problem, Constraint::free);
  CHECK_THROWS_AS(r.space.start(student, StartDistribution::Kind::orthogonal), InputError);
}
