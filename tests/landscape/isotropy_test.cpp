#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include <sigmahat/landscape/isotropy.hpp>
#include <sigmahat/numeric/errors.hpp>

using namespace sigmahat;
using Eigen::Index;

namespace {

Vector<double> random_entries(int count, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  Vector<double> entries(count);
  for (double& x : entries) x = normal(engine);
  return entries;
}

/// Rows and columns in a random order.
Matrix<double> shuffled(const Matrix<double>& B, unsigned seed) {
  std::mt19937_64 engine(seed);
  const auto order = [&](Index n) {
    Eigen::PermutationMatrix<Eigen::Dynamic> p(n);
    p.setIdentity();
    std::shuffle(p.indices().data(), p.indices().data() + n, engine);
    return p;
  };
  return order(B.rows()) * B * order(B.cols());
}

}  // namespace

TEST_CASE("An isotropy reads back from its text") {
  for (const char* text : {"d", "d-1,1", "d-2,2", "d-2,1,1", "d,r:1", "r:2,c:2,d-2", "rrc:d",
                           "d/2,d/2", "d/2+1,d/2-1", "2d/3,d/3", "5,1", "rcc:d/2"}) {
    CAPTURE(text);
    CHECK(to_text(parse_isotropy(text)) == text);
  }
  CHECK(parse_isotropy("rc:d - 1, 1") == parse_isotropy("d-1,1"));
}

TEST_CASE("An isotropy is written as in the literature") {
  CHECK(notation(parse_isotropy("d")) == "ΔS_d");
  CHECK(notation(parse_isotropy("d-1,1")) == "Δ(S_{d-1} × S_1)");
  CHECK(notation(parse_isotropy("d-1,1,r:1")) == "Δ(S_{d-1} × S_1)");
  CHECK(notation(parse_isotropy("r:1,c:d"), true) == "S_{d}^{\\mathrm{c}}");
  CHECK(notation(parse_isotropy("r:1,c:1")) == "trivial");
  CHECK(notation(parse_isotropy("d-2,r:2,c:2")) == "ΔS_{d-2} × S_2(r) × S_2(c)");
}

TEST_CASE("Sizes at one dimension are told in terms of it") {
  const auto named = [](const char* text, int d) {
    return to_text(in_terms_of_dimension(parse_isotropy(text), d));
  };
  CHECK(named("9,1", 10) == "d-1,1");
  CHECK(named("10,r:1", 10) == "d,r:1");
  CHECK(named("r:8,c:8,2", 10) == "r:d-2,c:d-2,2");
  CHECK(named("5,5", 10) == "5,5");
  CHECK(named("d-1,1", 10) == "d-1,1");
}

TEST_CASE("What is no isotropy is refused") {
  for (const char* text : {"", ",", "d-1,", "0", "-1,d", "x:2", "r:", "d-", "d/0", "e-1", "d*2",
                           "d-1;1", "99999999", "r:c:2"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_isotropy(text), ParseError);
  }
}

TEST_CASE("Blocks that do not fill the columns or vanish are refused") {
  CHECK_THROWS_WITH_AS(MatrixOrbits(parse_isotropy("d-1,2"), 6),
                       "isotropy \"d-1,2\": its blocks have 7 columns at d = 6; expected 6",
                       InputError);
  CHECK_THROWS_AS(MatrixOrbits(parse_isotropy("d-6,6"), 6), InputError);
  CHECK_THROWS_AS(MatrixOrbits(parse_isotropy("c:d"), 6), InputError);
}

TEST_CASE("The dimension of the fixed space is the number of orbits of entries") {
  // Δ(S_p × S_q): two numbers on each diagonal block, one on each other.
  CHECK(MatrixOrbits(parse_isotropy("d"), 9).dimension_of_fixed_space() == 2);
  CHECK(MatrixOrbits(parse_isotropy("d-1,1"), 9).dimension_of_fixed_space() == 5);
  CHECK(MatrixOrbits(parse_isotropy("d-2,2"), 9).dimension_of_fixed_space() == 6);
  CHECK(MatrixOrbits(parse_isotropy("d-2,1,1"), 9).dimension_of_fixed_space() == 10);
  CHECK(MatrixOrbits(parse_isotropy("d,r:1"), 9).dimension_of_fixed_space() == 3);
  CHECK(MatrixOrbits(parse_isotropy("r:4,c:d"), 9).dimension_of_fixed_space() == 1);
  CHECK(MatrixOrbits(parse_isotropy("rrc:d"), 9).dimension_of_fixed_space() == 4);
}

TEST_CASE("Orbits cover the matrix and restricting undoes embedding") {
  for (const char* text : {"d", "d-1,1", "d-2,2", "d-2,1,1", "d,r:1", "d-3,r:2,c:3", "rrc:d-1,1"}) {
    CAPTURE(text);
    const MatrixOrbits orbits(parse_isotropy(text), 8);
    double size = 0;
    for (const EntryOrbit& entry : orbits.entries()) size += entry.size;
    CHECK(size == orbits.row_count() * orbits.column_count());
    const Vector<double> entries = random_entries(orbits.dimension_of_fixed_space(), 3);
    const Matrix<double> B = orbits.embed(entries);
    CHECK((orbits.restrict(B) - entries).norm() < 1e-14);
    for (Index i = 0; i < entries.size(); ++i)
      CHECK((B.array() == entries[i]).count() ==
            static_cast<Index>(orbits.entries()[static_cast<std::size_t>(i)].size));
  }
}

TEST_CASE("A matrix is recognised whatever the order of its rows and columns") {
  const std::pair<const char*, const char*> cases[] = {{"d", "8"},
                                                       {"d-1,1", "7,1"},
                                                       {"d-2,2", "6,2"},
                                                       {"d-2,1,1", "6,1,1"},
                                                       {"d-3,2,1", "5,2,1"},
                                                       {"d,r:1", "8,r:1"},
                                                       {"d-2,2,r:1", "6,2,r:1"},
                                                       {"d-3,r:2,c:3", "5,r:2,c:3"},
                                                       {"d/2,d/2", "4,4"}};
  for (const auto& [text, name] : cases)
    for (unsigned seed = 1; seed <= 20; ++seed) {
      CAPTURE(text);
      CAPTURE(seed);
      const MatrixOrbits orbits(parse_isotropy(text), 8);
      const Vector<double> entries = random_entries(orbits.dimension_of_fixed_space(), seed);
      const Matrix<double> B = shuffled(orbits.embed(entries), seed);
      const RecognisedIsotropy found = recognise_isotropy(B, 1e-12);
      CHECK(to_text(found.isotropy) == name);
      const Matrix<double> again = MatrixOrbits(found.isotropy, 8).embed(found.entries);
      for (Index i = 0; i < B.rows(); ++i)
        for (Index j = 0; j < B.cols(); ++j)
          CHECK(again(i, j) == doctest::Approx(B(found.row_order[static_cast<std::size_t>(i)],
                                                 found.column_order[static_cast<std::size_t>(j)])));
    }
}

TEST_CASE("A matrix without symmetry has blocks of one index") {
  const Matrix<double> B = random_entries(12, 5).reshaped(3, 4);
  CHECK(to_text(recognise_isotropy(B, 1e-9).isotropy) == "1,1,1,c:1");
}
