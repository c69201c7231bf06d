#include <algorithm>
#include <cmath>

#include <Eigen/Eigenvalues>
#include <doctest/doctest.h>

#include <sigmahat/landscape/symmetric_families.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/optimize/trust_region.hpp>

#include "symmetric_case.hpp"

using namespace sigmahat;
using Eigen::Index;

namespace {

OrthonormalTask relu_task() {
  return {parse_activation("relu"), parse_activation("relu")};
}

std::vector<SymmetricClass> found(const char* isotropy, double d, int starts = 300) {
  return critical_points(relu_task(), {parse_isotropy(isotropy)}, d, {.starts = starts});
}

}  // namespace

TEST_CASE("Every critical point found is one of the whole objective") {
  for (const char* isotropy : {"d", "d-1,1", "d-2,1,1", "d,r:1"}) {
    int points = 0;
    for (const SymmetricClass& c : found(isotropy, 6)) {
      CAPTURE(isotropy);
      CAPTURE(c.value);
      const MatrixOrbits orbits(c.point.isotropy, 6);
      const test::SymmetricCase whole{isotropy, 6};
      const Weights<double> x = whole.whole_point(orbits, c.point.entries);
      const auto at_point = whole.whole_objective<double>(orbits)->value_and_gradient(x);
      CHECK(at_point.value == doctest::Approx(c.value).epsilon(1e-10));
      CHECK(at_point.gradient.B.norm() < 1e-8);
      ++points;
    }
    CHECK(points >= 2);
  }
}

TEST_CASE("Minima that the trust region finds among all matrices are found with their symmetry") {
  // Of starts N(0, I/d): those that end in a minimum of one of the groups searched.
  constexpr int d = 10;
  const test::SymmetricCase whole{"d", d};
  const MatrixOrbits orbits(parse_isotropy("d"), d);
  const auto objective = whole.whole_objective<double>(orbits);
  const std::vector<std::string> names{"10", "9,1", "8,2"};
  std::vector<Isotropy> groups;
  for (const std::string& name : names) groups.push_back(parse_isotropy(name));
  const std::vector<SymmetricClass> classes = critical_points(relu_task(), groups, d, {});
  const Freedom rows_free{Constraint::free, false};
  int spurious = 0;
  std::mt19937_64 engine(1);
  std::normal_distribution<double> normal;
  for (int start = 0; start < 100; ++start) {
    Matrix<double> B(d, d);
    for (double& x : B.reshaped()) x = normal(engine) / std::sqrt(d);
    TrustRegion search(*objective, {Vector<double>::Ones(d), B}, rows_free);
    for (int i = 0; i < 500 && search.gradient_norm() > 1e-11; ++i)
      if (search.advance() != Move::done) break;
    if (search.gradient_norm() > 1e-9) continue;
    const double value = search.current().value;
    const RecognisedIsotropy own = recognise_isotropy(search.weights().B, 1e-6);
    if (std::find(names.begin(), names.end(), to_text(own.isotropy)) == names.end()) continue;
    CAPTURE(start);
    CAPTURE(value);
    CHECK(std::any_of(classes.begin(), classes.end(),
                      [&](const SymmetricClass& c) { return std::abs(c.value - value) < 1e-9; }));
    spurious += value > 1e-6;
  }
  CHECK(spurious > 0);
}

TEST_CASE("The isotropy of a point is recognised at any dimension") {
  const MatrixOrbits orbits(parse_isotropy("d-3,1,2"), 1000);
  // All entries as the indices of two blocks of sizes d-2 and 2 would have them.
  Vector<double> entries(orbits.dimension_of_fixed_space());
  const auto block_of = [&](int block) { return block == 2 ? 1 : 0; };
  for (Index i = 0; i < entries.size(); ++i) {
    const EntryOrbit& orbit = orbits.entries()[static_cast<std::size_t>(i)];
    const int row = block_of(orbit.row), column = block_of(orbit.column);
    entries[i] = orbit.diagonal ? 1 + row : 0.1 * (1 + row + 3 * column);
  }
  CHECK(to_text(recognise_isotropy(orbits, entries, 1e-9).isotropy) == "d-2,2");
  entries[0] += 0.5;  // the diagonal of the block of size d-3
  CHECK(to_text(recognise_isotropy(orbits, entries, 1e-9).isotropy) == "d-3,2,1");

  const MatrixOrbits twice(parse_isotropy("rrc:d"), 1000);
  CHECK(to_text(recognise_isotropy(twice, test::random_point(twice, 1), 1e-9).isotropy) == "rrc:d");
}

TEST_CASE("A polished point satisfies its own residual at twice the precision") {
  for (const int digits : {17, 40})
    for (const SymmetricClass& c : found("d-1,1", 30)) {
      if (!c.isolated) continue;
      CAPTURE(c.value);
      const SymmetricCriticalPoint point = examine(relu_task(), c.point, digits);
      CHECK(static_cast<double>(point.gradient_norm) < 1e3 * std::pow(10.0, -digits));
      // The teacher's entries are 1 and 0, where the gradient is zero; no other point's are as
      // short.
      CHECK((point.gradient_norm > 0) == (c.value > 1e-9));
      CHECK(std::abs(static_cast<double>(point.value.value) - c.value) < 1e-9);
      double total = 0;
      for (const IsotypicEigenvalue& eigenvalue : point.spectrum) total += eigenvalue.multiplicity;
      CHECK(total == 900);
    }
}

TEST_CASE("A family followed to a dimension ends at the point that a search there finds") {
  for (const SymmetricClass& c : found("d-1,1", 8)) {
    if (!c.isolated || c.value > 0.2) continue;
    CAPTURE(c.value);
    const Continuation family = follow_family(relu_task(), c.point, {9, 12, 25});
    REQUIRE(family.members.size() == 3);
    const SymmetricObjective<double> objective(
        relu_task(), MatrixOrbits(family.members.back().isotropy, 25), 17);
    const double value = objective.value(family.members.back().entries);
    const std::vector<SymmetricClass> there = found("d-1,1", 25);
    CHECK(std::any_of(there.begin(), there.end(), [&](const SymmetricClass& other) {
      return std::abs(other.value - value) < 1e-9;
    }));
  }
}

TEST_CASE("Following a family up and down again comes back") {
  const std::vector<SymmetricClass> classes = found("d-1,1", 8);
  for (const SymmetricClass& c : classes) {
    if (!c.isolated || c.value > 0.2) continue;
    const Continuation up = follow_family(relu_task(), c.point, {300});
    REQUIRE(up.members.size() == 1);
    const Continuation down = follow_family(relu_task(), up.members.front(), {8});
    REQUIRE(down.members.size() == 1);
    CHECK((down.members.front().entries - c.point.entries).norm() < 1e-8);
  }
}

TEST_CASE(
    "The loss of the family that random starts find vanishes, that of hidden minima does not") {
  // Δ(S_{d-1} × S_1): f d and f approach constants with steps of d^(-1/2), which Richardson's
  // extrapolation removes.
  const double limits[] = {1 - 4 / (M_PI * M_PI), 1 - 2 / M_PI};
  std::vector<double> ends;
  for (const SymmetricClass& c : found("d-1,1", 8)) {
    if (!c.isolated || c.value < 1e-6) continue;
    const Continuation family = follow_family(relu_task(), c.point, {1000, 4000, 16000});
    if (family.members.size() < 3) continue;
    std::vector<double> values;
    for (const SymmetricPoint& member : family.members) {
      const SymmetricCriticalPoint point = examine(relu_task(), member, 17);
      if (point.negative + point.undecided > 0) break;
      values.push_back(static_cast<double>(point.value.value));
    }
    if (values.size() < 3) continue;
    const bool vanishes = values[2] < 0.01;
    for (std::size_t i = 0; vanishes && i < 3; ++i) values[i] *= family.members[i].d;
    // h halves from one to the next: remove h, then h².
    const double first = 2 * values[1] - values[0], second = 2 * values[2] - values[1];
    const double limit = (4 * second - first) / 3;
    CHECK(limit == doctest::Approx(limits[vanishes ? 0 : 1]).epsilon(1e-4));
    ends.push_back(limit);
  }
  CHECK(ends.size() == 3);
}

TEST_CASE("Students of an even activation are one class whatever the signs of their rows") {
  const OrthonormalTask task{parse_activation("abs"), parse_activation("abs")};
  const std::vector<SymmetricClass> classes =
      critical_points(task, {parse_isotropy("d")}, 6, {.starts = 300});
  REQUIRE(classes.size() >= 3);
  for (std::size_t i = 1; i < classes.size(); ++i)
    CHECK(classes[i].value > classes[i - 1].value + 1e-9);
  CHECK(classes.front().value < 1e-12);
}

TEST_CASE("Families are told from each other, and where one ends is told") {
  const std::vector<SymmetricFamily> families =
      symmetric_families(relu_task(), {parse_isotropy("d-1,1")}, {8, 10, 40},
                         {.search = {.starts = 300}, .minima_only = false});
  int global = 0, spurious = 0, lost = 0;
  for (const SymmetricFamily& family : families) {
    if (family.members.empty()) continue;
    const CriticalKind kind = kind_of(family.members.front());
    CHECK((kind == CriticalKind::saddle) == (family.members.front().negative > 0));
    global += kind == CriticalKind::global;
    spurious += kind == CriticalKind::spurious;
    if (!family.lost_beyond) continue;
    ++lost;
    CHECK(*family.lost_beyond >= family.members.back().point.d);
    CHECK(*family.lost_beyond < 40);
  }
  CHECK(global == 1);
  CHECK(spurious == 3);
  // A saddle whose rows become parallel on the way.
  CHECK(lost >= 1);
}

TEST_CASE("With unit rows every critical point found is one of the whole objective on the sphere") {
  for (const char* objective : {"f", "f_gamma:2,4", "degree:4", "weights:2=1,4=1/2", "G:mu=1/20"})
    for (const char* isotropy : {"d", "d-1,1"}) {
      CAPTURE(objective);
      CAPTURE(isotropy);
      const test::SymmetricCase whole{isotropy,           6,        "relu", "relu", 1, 1,
                                      Constraint::sphere, objective};
      int global = 0, points = 0;
      for (const SymmetricFamily& family : symmetric_families(
               whole.task(), {parse_isotropy(isotropy)}, {6}, {.search = {.starts = 200}})) {
        if (family.members.empty()) continue;
        ++points;
        const SymmetricCriticalPoint& point = family.members.front();
        const MatrixOrbits orbits(point.point.isotropy, 6);
        const Weights<double> x = whole.whole_point(orbits, point.point.entries);
        CHECK((x.B.rowwise().norm().array() - 1).abs().maxCoeff() < 1e-14);
        const auto at_point = whole.whole_objective<double>(orbits)->value_and_gradient(x);
        const auto value = static_cast<double>(point.value.value);
        CHECK(std::abs(at_point.value - value) < 1e-12 * (1 + std::abs(value)));
        CHECK(tangential(x, at_point.gradient, whole.freedom()).B.norm() < 1e-8);
        const bool is_global = kind_of(point) == CriticalKind::global;
        global += is_global;
        REQUIRE(point.global_value);
        CHECK(value >= static_cast<double>(*point.global_value) - 1e-12);
        // The teacher's rows, turned around or not, in some order.
        if (is_global && std::string(objective) != "f")
          CHECK((x.B.cwiseAbs().rowwise().maxCoeff().array() - 1).abs().maxCoeff() < 1e-7);
      }
      CHECK(points >= 2);
      CHECK(global >= 1);
    }
}

TEST_CASE("What has no minimum, or is no objective here, is refused") {
  OrthonormalTask task{parse_activation("relu"), parse_activation("relu")};
  task.objective = parse_objective("G:mu=1");
  CHECK_THROWS_AS(require_symmetric_objective(task), InputError);
  task.rows = Constraint::sphere;
  CHECK_NOTHROW(require_symmetric_objective(task));
  task.objective = parse_objective("penalty:mu=1,lambda=1");
  CHECK_THROWS_AS(require_symmetric_objective(task), InputError);
}

TEST_CASE("Unit rows: a family is followed, and its minima stay what they are") {
  OrthonormalTask task{parse_activation("relu"), parse_activation("relu")};
  task.rows = Constraint::sphere;
  int followed = 0;
  for (const SymmetricFamily& family :
       symmetric_families(task, {parse_isotropy("d"), parse_isotropy("d-1,1")}, {8, 100, 1000},
                          {.search = {.starts = 200}})) {
    REQUIRE(family.members.size() == 3);
    for (const SymmetricCriticalPoint& point : family.members) {
      CHECK(point.negative == 0);
      CHECK(static_cast<double>(point.gradient_norm) < 1e-15);
      double total = 0;
      for (const IsotypicEigenvalue& eigenvalue : point.spectrum) total += eigenvalue.multiplicity;
      CHECK(total == point.point.d * (point.point.d - 1));
    }
    ++followed;
  }
  CHECK(followed >= 3);
}

TEST_CASE("A point without derivatives is refused") {
  // All rows zero: quadratic students are smooth there, but have no direction.
  const OrthonormalTask task{parse_activation("quadratic"), parse_activation("quadratic")};
  const SymmetricPoint zero{parse_isotropy("d"), 5, Vector<double>{{0.0, 0.0}}};
  CHECK_THROWS_AS(polished(task, zero, 17), NumericalError);
}
