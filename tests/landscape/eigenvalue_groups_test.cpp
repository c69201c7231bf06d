#include <doctest/doctest.h>

#include <sigmahat/landscape/eigenvalue_groups.hpp>

using namespace sigmahat;

namespace {

Enclosure around(double value, double bound) {
  return {Real(value), Real(bound), Status::certified};
}

}  // namespace

TEST_CASE("eigenvalues whose bounds overlap are one group that encloses them") {
  const std::vector<Enclosure> eigenvalues{around(-1, 0.01), around(1, 0.02), around(1.03, 0.02),
                                           around(1.06, 0.02), around(2, 0.5)};
  const auto groups = eigenvalue_groups(eigenvalues, 0);
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].multiplicity == 1);
  CHECK(groups[0].value.value == eigenvalues[0].value);
  CHECK(groups[1].multiplicity == 3);
  for (std::size_t i = 1; i <= 3; ++i) {
    CHECK(lower(to_interval(groups[1].value)) <= lower(to_interval(eigenvalues[i])));
    CHECK(upper(to_interval(groups[1].value)) >= upper(to_interval(eigenvalues[i])));
  }
  CHECK(groups[2].multiplicity == 1);
}

TEST_CASE("a gap below the reach joins, one above parts") {
  const std::vector<Enclosure> eigenvalues{around(1, 0), around(1.5, 0), around(10, 0)};
  CHECK(eigenvalue_groups(eigenvalues, 0.06).size() == 2);
  CHECK(eigenvalue_groups(eigenvalues, 0.04).size() == 3);
  CHECK(eigenvalue_groups(eigenvalues, 1).size() == 1);
  CHECK(eigenvalue_groups({}, 1).empty());
}
