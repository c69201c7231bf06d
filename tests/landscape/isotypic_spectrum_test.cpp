#include <Eigen/Eigenvalues>
#include <doctest/doctest.h>

#include <sigmahat/landscape/isotypic_spectrum.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "symmetric_case.hpp"

using namespace sigmahat;
using Eigen::Index;
using test::SymmetricCase;

namespace {

/// Each eigenvalue as often as it occurs.
template <class Eigenvalues>
std::vector<double> with_multiplicities(const Eigenvalues& spectrum) {
  std::vector<double> values;
  for (const auto& eigenvalue : spectrum)
    values.insert(values.end(), static_cast<std::size_t>(eigenvalue.multiplicity),
                  static_cast<double>(eigenvalue.value));
  return values;
}

}  // namespace

TEST_CASE("The isotypic spectrum is the dense Hessian's, multiplicities included") {
  std::vector<SymmetricCase> cases = test::symmetric_cases();
  for (int d = 6; d <= 12; ++d)
    for (const char* isotropy : {"d", "d-1,1", "d-2,2", "d-2,1,1", "d-3,2,1", "d-2,r:2,c:2"})
      cases.push_back({isotropy, d});
  for (const SymmetricCase& c : cases) {
    CAPTURE(c.isotropy);
    CAPTURE(c.d);
    CAPTURE(c.student);
    CAPTURE(c.objective);
    const MatrixOrbits orbits(parse_isotropy(c.isotropy), c.d);
    const SymmetricObjective<double> objective(c.task(), orbits, 17);
    const Vector<double> entries = objective.on_manifold(test::random_point(orbits, 11));
    const std::vector<double> spectrum = with_multiplicities(isotypic_spectrum(objective, entries));

    const auto whole = c.whole_objective<double>(orbits);
    const Weights<double> x = c.whole_point(orbits, entries);
    const Matrix<double> hessian =
        hessian_on_basis(x, whole->value_and_gradient(x).gradient, whole->hessian(x), c.freedom());
    const Eigen::SelfAdjointEigenSolver<Matrix<double>> dense(hessian, Eigen::EigenvaluesOnly);
    REQUIRE(static_cast<Index>(spectrum.size()) == hessian.rows());
    CHECK(hessian.rows() == x.B.rows() * (c.rows == Constraint::free ? c.d : c.d - 1));
    for (Index i = 0; i < hessian.rows(); ++i)
      CHECK(std::abs(spectrum[static_cast<std::size_t>(i)] - dense.eigenvalues()[i]) <
            1e-12 * hessian.norm());
  }
}

TEST_CASE("Multiplicities sum to kd at a dimension where no Hessian could be stored") {
  for (const char* isotropy : {"d", "d-2,1,1", "d/2,d/2", "d,r:1", "d-3,r:2,c:3"}) {
    const MatrixOrbits orbits(parse_isotropy(isotropy), 4000);
    const SymmetricObjective<double> objective({parse_activation("relu"), parse_activation("relu")},
                                               orbits, 17);
    double total = 0;
    for (const PlainEigenvalue& eigenvalue :
         isotypic_spectrum(objective, test::random_point(orbits, 2)))
      total += eigenvalue.multiplicity;
    CHECK(total == orbits.row_count() * orbits.column_count());
  }
}

TEST_CASE("Proven eigenvalues enclose those in double") {
  const PrecisionScope precision(30);
  for (const Constraint rows : {Constraint::free, Constraint::sphere}) {
    const MatrixOrbits orbits(parse_isotropy("d-2,1,1"), 40);
    const OrthonormalTask task{parse_activation("relu"), parse_activation("relu"), 1, 1, rows};
    const Vector<double> entries = test::random_point(orbits, 4);
    Vector<Interval> point(entries.size());
    for (Index i = 0; i < point.size(); ++i) point[i] = Interval(entries[i]);
    const auto proven = isotypic_spectrum(SymmetricObjective<Interval>(task, orbits, 30), point);
    const auto plain = isotypic_spectrum(SymmetricObjective<double>(task, orbits, 17), entries);
    REQUIRE(proven.size() == plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i) {
      CHECK(proven[i].value.error_bound < 1e-20);
      CHECK(std::abs(static_cast<double>(proven[i].value.value) - plain[i].value) < 1e-10);
      CHECK(proven[i].multiplicity == plain[i].multiplicity);
    }
  }
}
