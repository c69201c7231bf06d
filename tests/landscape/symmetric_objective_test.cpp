#include <random>

#include <doctest/doctest.h>

#include <sigmahat/landscape/symmetric_objective.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/make_objective.hpp>

#include "symmetric_case.hpp"

using namespace sigmahat;
using Eigen::Index;
using test::SymmetricCase;

namespace {

/// Row by row, as a dense Hessian is ordered.
Vector<double> by_rows(const Matrix<double>& B) {
  return Matrix<double>(B.transpose()).reshaped();
}

}  // namespace

TEST_CASE("On the fixed space the objective is the whole one, its derivatives the projected ones") {
  for (const SymmetricCase& c : test::symmetric_cases())
    for (unsigned seed = 1; seed <= 2; ++seed) {
      CAPTURE(c.isotropy);
      CAPTURE(c.student);
      CAPTURE(c.objective);
      CAPTURE(seed);
      const MatrixOrbits orbits(parse_isotropy(c.isotropy), c.d);
      const SymmetricObjective<double> objective(c.task(), orbits, 17);
      const Vector<double> entries = objective.on_manifold(test::random_point(orbits, seed));
      const auto point = objective.evaluate(entries, true);

      const auto whole = c.whole_objective<double>(orbits);
      const Weights<double> x = c.whole_point(orbits, entries);
      const auto expected = whole->value_and_gradient(x);
      const double scale = std::abs(expected.value) + c.d;
      CHECK(std::abs(point.value - expected.value) < 1e-12 * scale);
      CHECK(std::abs(objective.value(entries) - expected.value) < 1e-12 * scale);

      // Columns: the orthonormal basis of the fixed space.
      const Index n = orbits.dimension_of_fixed_space(), kd = x.B.size(), m = x.a.size();
      Matrix<double> basis(kd, n);
      for (Index i = 0; i < n; ++i) {
        const Matrix<double> indicator = orbits.embed(Vector<double>(Vector<double>::Unit(n, i)));
        basis.col(i) = by_rows(indicator) / objective.scales()[i];
      }
      const Vector<double> gradient = by_rows(tangential(x, expected.gradient, c.freedom()).B);
      CHECK((basis * point.gradient - gradient).norm() < 1e-11 * scale);
      Matrix<double> image(kd, n);  // of the basis under the whole Hessian
      for (Index i = 0; i < n; ++i) {
        const Weights<double> along{
            Vector<double>::Zero(m),
            orbits.embed(Vector<double>(Vector<double>::Unit(n, i))) / objective.scales()[i]};
        const Weights<double> tangent = tangential(x, along, c.freedom());
        const Weights<double> product = whole->hessian_product(x, tangent);
        image.col(i) = by_rows(
            c.rows == Constraint::free
                ? product.B
                : riemannian_hessian_product(x, expected.gradient, product, tangent, c.freedom())
                      .B);
      }
      CHECK((point.hessian - basis.transpose() * image).norm() < 1e-10 * (1 + image.norm()));
    }
}

TEST_CASE("Intervals enclose what more digits give") {
  const MatrixOrbits orbits(parse_isotropy("d-2,1,1"), 500);
  const Vector<double> entries = test::random_point(orbits, 7);
  const OrthonormalTask task{parse_activation("relu"), parse_activation("relu")};
  std::vector<Enclosure> enclosures;
  {
    const PrecisionScope precision(20);
    const SymmetricObjective<Interval> objective(task, orbits, 20);
    Vector<Interval> point(entries.size());
    for (Index i = 0; i < point.size(); ++i) point[i] = Interval(entries[i]);
    const auto at_point = objective.evaluate(point, true);
    enclosures.push_back(to_enclosure(at_point.value, Status::certified));
    for (const Interval& x : at_point.gradient)
      enclosures.push_back(to_enclosure(x, Status::certified));
    for (const Interval& x : at_point.hessian.reshaped())
      enclosures.push_back(to_enclosure(x, Status::certified));
  }
  const PrecisionScope precision(50);
  const SymmetricObjective<Real> objective(task, orbits, 50);
  const auto at_point = objective.evaluate(entries.cast<Real>(), true);
  std::size_t place = 0;
  CHECK(contains(enclosures[place++], at_point.value));
  for (const Real& x : at_point.gradient) CHECK(contains(enclosures[place++], x));
  for (const Real& x : at_point.hessian.reshaped()) CHECK(contains(enclosures[place++], x));
  CHECK(enclosures[0].error_bound < 1e-12);
}

TEST_CASE("Between whole dimensions the objective is smooth") {
  // What is polynomial in the sizes: fourth differences of a step h vanish as h^4.
  const OrthonormalTask task{parse_activation("relu"), parse_activation("relu")};
  const Vector<double> entries = test::random_point(MatrixOrbits(parse_isotropy("d-1,1"), 20), 3);
  const auto value = [&](double d) {
    return SymmetricObjective<double>(task, MatrixOrbits(parse_isotropy("d-1,1"), d), 17)
        .value(entries);
  };
  const auto fourth = [&](double h) {
    return std::abs(value(20 - 2 * h) - 4 * value(20 - h) + 6 * value(20) - 4 * value(20 + h) +
                    value(20 + 2 * h));
  };
  CHECK(fourth(0.5) < 1e-2 * value(20));
  CHECK(fourth(0.5) < fourth(1) / 10);
}

TEST_CASE("At the teacher the loss is zero and so is its gradient, at any dimension") {
  for (const double d : {2.0, 7.0, 5000.0}) {
    const OrthonormalTask task{parse_activation("relu"), parse_activation("relu")};
    const SymmetricObjective<double> objective(task, MatrixOrbits(parse_isotropy("d"), d), 17);
    const auto point = objective.evaluate(Vector<double>{{1.0, 0.0}}, true);
    CHECK(std::abs(point.value) < 1e-15 * d * d);
    CHECK(point.gradient.norm() < 1e-14 * d);
  }
}

TEST_CASE("A zero row is refused") {
  const OrthonormalTask task{parse_activation("relu"), parse_activation("relu")};
  const SymmetricObjective<double> objective(task, MatrixOrbits(parse_isotropy("d,r:1"), 5), 17);
  CHECK_THROWS_AS(objective.evaluate(Vector<double>{{1.0, 0.0, 0.0}}, false), DomainError);
}
