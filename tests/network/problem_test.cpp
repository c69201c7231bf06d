#include <cmath>
#include <limits>
#include <random>

#include <Eigen/SVD>

#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "support.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

Network network(const std::string& activation, std::vector<Rational> a, WeightMatrix B) {
  return {parse_activation(activation), std::move(a), std::move(B)};
}

/// A problem whose teacher is of interest; the student is there because there must be one.
Problem problem_of(Network teacher, bool normalize = false) {
  const int d = static_cast<int>(teacher.dimension());
  Network student{teacher.activation,
                  std::vector<Rational>(static_cast<std::size_t>(d), 1),
                  {WeightMatrix::Identity{d}}};
  return {std::move(teacher), std::move(student), 0, normalize};
}

WeightMatrix rows(const Matrix<Rational>& values) {
  return {WeightMatrix::Entries{values}};
}

Matrix<Rational> random_rows(std::mt19937_64& random, int count, int cols) {
  std::uniform_int_distribution<int> digits(-99, 99);
  Matrix<Rational> values(count, cols);
  for (Rational& x : values.reshaped()) x = Rational(digits(random), 1 + std::abs(digits(random)));
  values.col(0).array() += Rational(100);  // no row is zero
  return values;
}

/// Weights of every kind; entries and floats far from unit length.
std::vector<WeightMatrix> weights_of_every_kind(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Matrix<double> floats(4, 6);
  for (double& x : floats.reshaped()) x = std::normal_distribution<double>()(random);
  return {rows(random_rows(random, 4, 6)),
          {WeightMatrix::Doubles{floats, FloatFormat::float64}},
          {WeightMatrix::Identity{6}},
          {WeightMatrix::Gaussian{4, 6, seed}},
          {WeightMatrix::Orthogonal{4, 6, seed}},
          {WeightMatrix::Orthogonal{6, 6, seed + 1}}};
}

Network relu_network(const WeightMatrix& B) {
  std::vector<Rational> a;
  for (Eigen::Index i = 0; i < B.rows(); ++i) a.push_back(Rational(2 * i - 3, 7));
  return network("relu", a, B);
}

Real width(const Interval& x) {
  return upper(x) - lower(x);
}

bool within(const Interval& x, const Interval& wider) {
  return lower(wider) <= lower(x) && upper(x) <= upper(wider);
}

/// Whether `x` is at most one unit in its last place off every point of a far tighter enclosure.
template <class T>
bool nearest_up_to_an_ulp(const T& x, const Interval& tight, int bits) {
  const Real value(x);
  const Real ulp = ldexp(abs(value), 1 - bits);
  return value - ulp <= lower(tight) && upper(tight) <= value + ulp;
}

/// Row i of the Gaussian matrix behind a generator, straight from the stream.
Vector<double> normals(std::uint64_t seed, int i, int cols) {
  Vector<double> row(cols);
  NormalStream(seed, weight_stream)
      .fill(static_cast<std::uint64_t>(i), 1, static_cast<std::size_t>(cols), row.data(), 1);
  return row;
}

}  // namespace

TEST_CASE("unit rational rows and outer weights pass unchanged") {
  const PrecisionScope scope(50);
  const Problem problem =
      problem_of(network("tanh", {Rational(1, 3), -2},
                         rows(Matrix<Rational>{{Rational(3, 5), Rational(4, 5)}, {0, -1}})));
  const auto values = at_precision<Interval>(problem).teacher;
  CHECK(encloses(values.B(0, 0), Rational(3, 5)));
  CHECK(encloses(values.B(0, 1), Rational(4, 5)));
  CHECK(encloses(values.a[0], Rational(1, 3)));
  // What is representable is a point.
  CHECK(width(values.B(1, 0)) == 0);
  CHECK(lower(values.B(1, 1)) == -1);
  CHECK(width(values.B(1, 1)) == 0);
  CHECK(lower(values.a[1]) == -2);
  CHECK(width(values.a[1]) == 0);
}

TEST_CASE("the norms of a positively homogeneous activation's rows move into a as r^p") {
  const PrecisionScope scope(50);
  const struct {
    std::string activation;
    int degree;
  } cases[] = {{"relu", 1}, {"abs", 1},           {"leaky_relu(1/10)", 1}, {"linear", 1},
               {"step", 0}, {"relu_power(3)", 3}, {"quadratic", 2},        {"cubic", 3},
               {"sign", 0}, {"hermite(1)", 1},    {"hermite(0)", 0}};
  for (const auto& [activation, degree] : cases) {
    CAPTURE(activation);
    const auto values =
        at_precision<Interval>(problem_of(network(activation, {Rational(1, 3), 1},
                                                  rows(Matrix<Rational>{{3, 4}, {1, 1}}))))
            .teacher;
    CHECK(encloses(values.B(0, 0), Rational(3, 5)));
    CHECK(encloses(values.B(0, 1), Rational(4, 5)));
    CHECK(encloses(values.a[0], Rational(pow(Integer(5), static_cast<unsigned>(degree)), 3)));
    // sqrt(2)^p: its square is rational.
    CHECK(encloses(square(values.a[1]), Rational(1 << degree)));
    CHECK(encloses(square(values.B(1, 0)), Rational(1, 2)));
    CHECK(lower(values.B(1, 1)) > 0);
    CHECK(width(values.a[1]) <= ldexp(Real(1), degree - PrecisionScope::bits() + 1));
  }
}

TEST_CASE("normalize scales the rows and leaves a alone") {
  const PrecisionScope scope(50);
  for (const std::string activation : {"relu", "tanh"}) {
    const auto values =
        at_precision<Interval>(problem_of(network(activation, {Rational(1, 3), 7},
                                                  rows(Matrix<Rational>{{3, 4}, {1, -1}})),
                                          /*normalize=*/true))
            .teacher;
    CHECK(encloses(values.B(0, 0), Rational(3, 5)));
    CHECK(encloses(square(values.B(1, 0)), Rational(1, 2)));
    CHECK(upper(values.B(1, 1)) < 0);
    CHECK(encloses(values.a[0], Rational(1, 3)));
    CHECK(encloses(values.a[1], 7));
  }
}

TEST_CASE("rows are unit to the width of their enclosure at fifty digits") {
  const PrecisionScope scope(50);
  for (const std::uint64_t seed : {1u, 2u, 3u})
    for (const WeightMatrix& B : weights_of_every_kind(seed)) {
      CAPTURE(seed);
      CAPTURE(B.source.index());
      const auto values = at_precision<Interval>(problem_of(relu_network(B))).teacher;
      for (Eigen::Index i = 0; i < values.B.rows(); ++i) {
        Interval norm(0);
        for (Eigen::Index j = 0; j < values.B.cols(); ++j) {
          norm += square(values.B(i, j));
          // An entry's enclosure is at most two units in the last place wide.
          CHECK(width(values.B(i, j)) <=
                ldexp(abs(upper(values.B(i, j))), 2 - PrecisionScope::bits()));
        }
        CHECK(encloses(norm, 1));
        CHECK(width(norm) <= 20 * ldexp(Real(1), 2 - PrecisionScope::bits()));
      }
    }
}

TEST_CASE("enclosures at a higher precision lie within those at a lower one") {
  for (const std::uint64_t seed : {4u, 5u})
    for (const WeightMatrix& B : weights_of_every_kind(seed)) {
      CAPTURE(seed);
      CAPTURE(B.source.index());
      const Problem problem = problem_of(relu_network(B));
      const auto at_digits = [&](int digits) {
        const PrecisionScope scope(digits);
        return at_precision<Interval>(problem).teacher;
      };
      const auto coarse = at_digits(15), middle = at_digits(50), fine = at_digits(120);
      const PrecisionScope scope(150);
      for (Eigen::Index i = 0; i < coarse.B.rows(); ++i) {
        CHECK(within(middle.a[i], coarse.a[i]));
        CHECK(within(fine.a[i], middle.a[i]));
        for (Eigen::Index j = 0; j < coarse.B.cols(); ++j) {
          CHECK(within(middle.B(i, j), coarse.B(i, j)));
          CHECK(within(fine.B(i, j), middle.B(i, j)));
        }
      }
    }
}

TEST_CASE("double and Real are the enclosed values up to rounding") {
  for (const std::uint64_t seed : {6u, 7u, 8u})
    for (const WeightMatrix& B : weights_of_every_kind(seed)) {
      CAPTURE(seed);
      CAPTURE(B.source.index());
      const Problem problem = problem_of(relu_network(B));
      const bool orthogonal = std::holds_alternative<WeightMatrix::Orthogonal>(B.source);
      const auto doubles = at_precision<double>(problem).teacher;
      const auto [reals, bits] = [&] {
        const PrecisionScope scope(30);
        return std::pair(at_precision<Real>(problem).teacher, PrecisionScope::bits());
      }();
      const PrecisionScope scope(60);
      const auto tight = at_precision<Interval>(problem).teacher;
      for (Eigen::Index i = 0; i < tight.B.rows(); ++i) {
        CHECK(nearest_up_to_an_ulp(doubles.a[i], tight.a[i], 53));
        CHECK(nearest_up_to_an_ulp(reals.a[i], tight.a[i], bits));
        for (Eigen::Index j = 0; j < tight.B.cols(); ++j) {
          CHECK(nearest_up_to_an_ulp(reals.B(i, j), tight.B(i, j), bits));
          if (!orthogonal) CHECK(nearest_up_to_an_ulp(doubles.B(i, j), tight.B(i, j), 53));
        }
      }
    }
}

TEST_CASE("values carry the precision that was in force") {
  const PrecisionScope scope(80);
  for (const WeightMatrix& B : weights_of_every_kind(9)) {
    const auto values = at_precision<Real>(problem_of(relu_network(B)));
    for (const Real& x : values.teacher.B.reshaped())
      CHECK(mpfr_get_prec(x.backend().data()) == PrecisionScope::bits());
    for (const Real& x : values.teacher.a)
      CHECK(mpfr_get_prec(x.backend().data()) == PrecisionScope::bits());
  }
}

TEST_CASE("Gaussian rows are the stream's samples scaled to unit length") {
  const WeightMatrix B{WeightMatrix::Gaussian{3, 7, 42}};
  const auto values = at_precision<double>(problem_of(relu_network(B))).teacher;
  for (int i = 0; i < 3; ++i) {
    const Vector<double> expected = normals(42, i, 7).normalized();
    CHECK((values.B.row(i).transpose() - expected).cwiseAbs().maxCoeff() <= 1e-15);
    CHECK(values.a[i] == from_rational<double>(Rational(2 * i - 3, 7)));
  }
}

TEST_CASE("orthogonal rows are orthonormal, and the Gram-Schmidt of their Gaussian rows") {
  // Q with Q Q^T = I and A Q^T lower triangular with a positive diagonal is unique.
  const PrecisionScope scope(50);
  for (const auto& [count, cols] : {std::pair(1, 1), {1, 4}, {3, 4}, {8, 8}, {20, 30}}) {
    const std::uint64_t seed = 77;
    CAPTURE(count);
    CAPTURE(cols);
    const auto Q = at_precision<Interval>(
                       problem_of(relu_network({WeightMatrix::Orthogonal{count, cols, seed}})))
                       .teacher.B;
    for (int i = 0; i < count; ++i) {
      const Vector<double> gaussian = normals(seed, i, cols);
      for (int j = 0; j < count; ++j) {
        Interval gram(0), triangle(0);
        for (int k = 0; k < cols; ++k) {
          gram += Q(i, k) * Q(j, k);
          triangle += Q(j, k) * Interval(gaussian[k]);
        }
        CHECK(encloses(gram, i == j));
        CHECK(width(gram) < 1e-47);
        if (j > i) CHECK(encloses(triangle, 0));
        if (j > i) CHECK(width(triangle) < 1e-46);
        if (j == i) CHECK(lower(triangle) > 0);
      }
    }
  }
}

TEST_CASE("orthogonal rows in double are orthonormal to rounding and as near as A allows") {
  // Householder QR is backward stable: the rows of Q are those of A + E, |E| of the order of
  // d^(3/2) u |A| (Higham 2002, Theorem 19.4), and Q moves by condition times that.
  for (const auto& [count, cols] : {std::pair(4, 6), {10, 10}, {40, 50}}) {
    const std::uint64_t seed = 5;
    CAPTURE(count);
    CAPTURE(cols);
    const Problem problem = problem_of(relu_network({WeightMatrix::Orthogonal{count, cols, seed}}));
    const Matrix<double> Q = at_precision<double>(problem).teacher.B;
    const double rounding = std::pow(double(cols), 1.5) * 0x1p-53;
    CHECK((Q * Q.transpose() - Matrix<double>::Identity(count, count)).norm() <= rounding);

    Matrix<double> A(count, cols);
    for (int i = 0; i < count; ++i) A.row(i) = normals(seed, i, cols).transpose();
    const auto singular = Eigen::JacobiSVD<Matrix<double>>(A).singularValues();
    const double condition = singular[0] / singular[count - 1];
    const PrecisionScope scope(40);
    const auto exact_rows = at_precision<Real>(problem).teacher.B;
    const Matrix<double> nearest =
        exact_rows.unaryExpr([](const Real& x) { return x.convert_to<double>(); });
    CHECK((Q - nearest).norm() <= condition * rounding);
  }
}

TEST_CASE("a generated matrix is a function of its description alone") {
  const auto teacher = [](WeightMatrix B) {
    return at_precision<double>(problem_of(relu_network(B))).teacher.B;
  };
  using Gaussian = WeightMatrix::Gaussian;
  using Orthogonal = WeightMatrix::Orthogonal;
  const Matrix<double> B = teacher({Gaussian{5, 6, 3}});
  CHECK(B == teacher({Gaussian{5, 6, 3}}));
  CHECK(B != teacher({Gaussian{5, 6, 4}}));
  CHECK(B.topRows(2) == teacher({Gaussian{2, 6, 3}}));

  Problem both = problem_of(relu_network({Orthogonal{5, 6, 3}}));
  both.student = both.teacher;
  const auto values = at_precision<double>(both);
  CHECK(values.teacher.B == values.student.B);
}

TEST_CASE("a row of doubles that any ordinary normalisation made unit counts as unit") {
  std::mt19937_64 random(20240104);
  for (const int d : {1, 2, 3, 10, 100, 1000})
    for (int round = 0; round < 20; ++round) {
      Vector<double> row(d);
      for (double& x : row) x = std::normal_distribution<double>()(random);
      // Once by a plain left-to-right sum, once in float32.
      double sum = 0;
      float narrow_sum = 0;
      for (const double x : row) {
        sum += x * x;
        narrow_sum += static_cast<float>(x) * static_cast<float>(x);
      }
      Rational squared = 0, narrow_squared = 0;
      for (const double x : row) {
        const Rational entry(x / std::sqrt(sum));
        const Rational narrow(double{static_cast<float>(x) / std::sqrt(narrow_sum)});
        squared += entry * entry;
        narrow_squared += narrow * narrow;
      }
      CAPTURE(d);
      CAPTURE(round);
      CHECK(is_unit_rounded(squared, d, FloatFormat::float64));
      CHECK(is_unit_rounded(narrow_squared, d, FloatFormat::float32));
      const Rational off = squared + Rational(1, 1'000'000'000'000) * d;
      CHECK_FALSE(is_unit_rounded(off, d, FloatFormat::float64));
    }
}

TEST_CASE("a row of doubles that counts as unit is scaled to be unit exactly") {
  const PrecisionScope scope(50);
  const WeightMatrix B{WeightMatrix::Doubles{Matrix<double>{{0.6, 0.8}}, FloatFormat::float64}};
  REQUIRE(Rational(0.6) * Rational(0.6) + Rational(0.8) * Rational(0.8) != 1);
  const auto values = at_precision<Interval>(problem_of(network("tanh", {1}, B))).teacher;
  const Interval squared_norm = square(values.B(0, 0)) + square(values.B(0, 1));
  CHECK(encloses(squared_norm, 1));
  CHECK(width(squared_norm) < 1e-48);
  // The direction is the one that was given.
  CHECK(encloses(values.B(0, 0) * from_rational<Interval>(Rational(0.8)) -
                     values.B(0, 1) * from_rational<Interval>(Rational(0.6)),
                 0));
  CHECK(encloses(values.a[0], 1));

  // The length that a homogeneous activation's row has in excess is no rounding error: it counts.
  const auto relu = at_precision<Interval>(problem_of(network("relu", {1}, B))).teacher;
  CHECK(encloses(square(relu.a[0]), Rational(0.6) * Rational(0.6) + Rational(0.8) * Rational(0.8)));
}

TEST_CASE("numbers beyond double are refused in double and kept in every other type") {
  const Rational huge(pow(Integer(10), 400));
  const Rational tiny = 1 / huge;
  Problem problem = problem_of(network("relu", {1}, rows(Matrix<Rational>{{3 * tiny, 4 * tiny}})));
  CHECK(at_precision<double>(problem).teacher.B(0, 0) == 0.6);
  problem.teacher.a[0] = huge;
  CHECK(at_precision<double>(problem).teacher.a[0] == 5);
  problem.teacher.B = rows(Matrix<Rational>{{3, 4}});
  CHECK_THROWS_WITH_AS(at_precision<double>(problem), doctest::Contains("teacher.a[0]"),
                       NumericalError);
  problem.teacher.a[0] = 1;
  problem.noise_variance = huge;
  CHECK_THROWS_WITH_AS(at_precision<double>(problem), doctest::Contains("noise_variance"),
                       NumericalError);
  const PrecisionScope scope(50);
  CHECK(encloses(at_precision<Interval>(problem).noise_variance, huge));
}

TEST_CASE("validate and at_precision refuse the same problems, built without a file") {
  const auto refused = [](const Problem& problem, const std::string& expected) {
    CAPTURE(expected);
    CHECK_THROWS_WITH_AS(validate(problem), doctest::Contains(expected.c_str()), InputError);
    CHECK_THROWS_WITH_AS(at_precision<double>(problem), doctest::Contains(expected.c_str()),
                         InputError);
  };
  const Problem good = problem_of(network("tanh", {1, 1}, {WeightMatrix::Identity{2}}));
  CHECK_NOTHROW(validate(good));
  Problem bad = good;
  bad.teacher.a.pop_back();
  refused(bad, "teacher.a: 1 entries; expected 2");
  bad = good;
  bad.student.B.source = WeightMatrix::Identity{3};
  bad.student.a.resize(3, 1);
  refused(bad, "student.B: the rows have 3 entries; expected 2");
  bad = good;
  bad.noise_variance = -1;
  refused(bad, "teacher.noise_variance: -1; expected");
  bad = good;
  bad.teacher.B = rows(Matrix<Rational>{{1, 0}, {0, 0}});
  refused(bad, "teacher.B[1]: the row is zero");
  bad.normalize = true;
  refused(bad, "teacher.B[1]: the row is zero");
  bad = good;
  bad.student.c = {1};
  refused(bad, "student.c: 1 entries; expected 2");
  bad = good;
  bad.student.B.source = WeightMatrix::Doubles{
      Matrix<double>{{1, 0}, {0, std::numeric_limits<double>::quiet_NaN()}}, FloatFormat::float64};
  refused(bad, "student.B[1][1]: nan; expected a finite number");
  bad = good;
  bad.student.B.source = WeightMatrix::Orthogonal{3, 2, 1};
  bad.student.a.resize(3, 1);
  refused(bad, "student.B: 3 orthonormal rows of 2 entries");
  bad.student.B.source = WeightMatrix::Gaussian{0, 2, 1};
  refused(bad, "student.B: 0 by 2; expected at least one row");
  bad.student.B.source = WeightMatrix::Gaussian{1'000'000, 2'000'000'000, 1};
  refused(bad, "student.B: 1000000 by 2000000000; expected at most");
}

TEST_CASE("other lengths stay beside the unit rows, and so do all lengths where there are biases") {
  const PrecisionScope scope(50);
  const WeightMatrix B = rows(Matrix<Rational>{{3, 4}, {1, 0}, {1, 1}});
  const auto tanh = at_precision<Interval>(problem_of(network("tanh", {1, 2, 3}, B))).teacher;
  REQUIRE(tanh.r.size() == 3);
  CHECK(encloses(tanh.r[0], 5));
  CHECK(encloses(tanh.r[1], 1));
  CHECK(encloses(square(tanh.r[2]), 2));
  CHECK(encloses(tanh.B(0, 1), Rational(4, 5)));
  CHECK(encloses(tanh.a[0], 1));
  CHECK_FALSE(has_unit_rows(tanh));
  const Matrix<Interval> given = rows_at_length(tanh);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 2; ++k)
      CHECK(encloses(given(i, k), std::get<WeightMatrix::Entries>(B.source).values(i, k)));

  Network biased = network("relu", {1, 2, 3}, B);
  biased.c = {0, Rational(1, 3), -1};
  const auto relu = at_precision<Interval>(problem_of(biased)).teacher;
  CHECK(encloses(relu.r[0], 5));
  CHECK(encloses(relu.a[0], 1));
  CHECK(encloses(relu.c[1], Rational(1, 3)));
  Problem normalized = problem_of(biased);
  normalized.normalize = true;
  CHECK(at_precision<Interval>(normalized).teacher.r.size() == 0);

  Problem problem = problem_of(network("tanh", {1, 2, 3}, B));
  problem.student = problem.teacher;
  const auto student = student_as_given<Interval>(problem);
  CHECK(encloses(student.B(0, 1), 4));
  CHECK(student.r.size() == 0);
}

TEST_CASE("who needs unit rows without biases says which row is none") {
  const auto refused = [](Network network, const char* expected) {
    CAPTURE(expected);
    for (const int digits : {17, 50}) {
      const PrecisionScope scope(digits);
      const auto values = at_precision<Interval>(problem_of(network)).teacher;
      CHECK_THROWS_WITH_AS(require_unit_rows(values, "teacher"), doctest::Contains(expected),
                           InputError);
    }
  };
  refused(network("tanh", {1, 1}, rows(Matrix<Rational>{{1, 0}, {1, 1}})),
          "teacher.B[1]: the row's norm is 1.41421; expected 1, since tanh");
  refused(network("tanh", {1, 1}, rows(Matrix<Rational>{{1, Rational(1, 1'000'000)}, {0, 1}})),
          "teacher.B[0]: the row's norm is 1 + 5e-13; expected 1");
  Network biased = network("relu", {1, 1}, {WeightMatrix::Identity{2}});
  biased.c = {0, Rational(-1, 3)};
  refused(biased, "teacher.c[1]: -0.333333; expected no biases");
  CHECK_NOTHROW(require_unit_rows(
      at_precision<double>(problem_of(network("relu", {1}, rows(Matrix<Rational>{{3, 4}}))))
          .teacher,
      "teacher"));
}
