#include <cmath>
#include <cstdint>
#include <optional>
#include <type_traits>

#include <Eigen/QR>
#include <fmt/format.h>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/numeric/enclosure.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/overloaded.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Decimal digits by which intermediate results exceed those asked for.
constexpr int guard_digits = 10;

/// A network with what is needed to speak of it and to treat its rows.
struct NetworkInput {
  const Network& network;
  std::string_view name;  ///< "teacher" or "student"
  bool normalize;
};

[[noreturn]] void refuse(const NetworkInput& input, std::string_view where, std::string_view what) {
  throw InputError(fmt::format("{}.{}: {}", input.name, where, what));
}

// ---- What is given, exactly -------------------------------------------------------------------

/// Row i of the normals behind Gaussian and Orthogonal.
Vector<double> normal_row(std::uint64_t seed, Index i, Index cols) {
  Vector<double> row(cols);
  NormalStream(seed, weight_stream)
      .fill(static_cast<std::uint64_t>(i), 1, static_cast<std::size_t>(cols), row.data(), 1);
  return row;
}

/// Row i as given, before it is scaled; not for matrices that are orthonormal by construction.
Vector<Rational> given_row(const WeightMatrix& B, Index i) {
  const auto exact = [](const auto& doubles) -> Vector<Rational> {
    return doubles.unaryExpr([](double x) { return Rational(x); });
  };
  return std::visit(
      Overloaded{
          [&](const WeightMatrix::Entries& e) -> Vector<Rational> { return e.values.row(i); },
          [&](const WeightMatrix::Doubles& x) { return exact(x.values.row(i).transpose()); },
          [&](const WeightMatrix::Gaussian& g) { return exact(normal_row(g.seed, i, g.cols)); },
          [](const auto&) -> Vector<Rational> { throw std::logic_error("no given rows"); },
      },
      B.source);
}

bool orthonormal_by_construction(const WeightMatrix& B) {
  return std::holds_alternative<WeightMatrix::Identity>(B.source) ||
         std::holds_alternative<WeightMatrix::Orthogonal>(B.source);
}
bool unit_by_construction(const WeightMatrix& B) {
  return orthonormal_by_construction(B) || std::holds_alternative<WeightMatrix::Gaussian>(B.source);
}

/// A row b and what becomes of its length r when b is made unit: nothing; it goes into a_i, as
/// a_i r^p σ(b̂·x); it is kept beside.
struct Row {
  Vector<Rational> entries;
  Rational squared_norm;
  enum class Length { dropped, into_a, kept } length = Length::dropped;
  int power_into_a = 0;  ///< p
};

/// The norm, or how far it is from 1 where six digits would not show it.
std::string norm_text(const Real& norm) {
  const Real excess = norm - 1;
  if (excess == 0) return "almost 1";
  if (abs(excess) > Real(1) / 10'000) return to_text(norm, 6);
  return fmt::format("1 {} {}", excess < 0 ? '-' : '+', to_text(Real(abs(excess)), 2));
}

/// Row i and how to make it unit; refuses a row without a direction.
Row scalable_row(const NetworkInput& input, Index i) {
  const auto& [network, name, normalize] = input;
  Row row{given_row(network.B, i), 0};
  for (const Rational& x : row.entries) row.squared_norm += x * x;
  if (row.squared_norm == 0)
    refuse(input, fmt::format("B[{}]", i), "the row is zero; expected a row with a direction");

  if (row.squared_norm == 1 || normalize || unit_by_construction(network.B)) return row;
  if (const auto degree = network.activation.homogeneity(); degree && network.c.empty()) {
    row.power_into_a = *degree;
    row.length = Row::Length::into_a;
    return row;
  }
  const auto* doubles = std::get_if<WeightMatrix::Doubles>(&network.B.source);
  if (doubles && is_unit_rounded(row.squared_norm, network.dimension(), doubles->format))
    return row;
  row.length = Row::Length::kept;
  return row;
}

// ---- Checks -----------------------------------------------------------------------------------

void check_shape(const NetworkInput& input) {
  const Network& network = input.network;
  const Index rows = network.width(), cols = network.dimension();
  if (rows < 1 || cols < 1)
    refuse(input, "B",
           fmt::format("{} by {}; expected at least one row and one column", rows, cols));
  if (rows > max_width || rows > max_weights / cols)
    refuse(input, "B",
           fmt::format("{} by {}; expected at most {} rows and {} entries", rows, cols, max_width,
                       max_weights));
  if (const auto* o = std::get_if<WeightMatrix::Orthogonal>(&network.B.source); o && rows > cols)
    refuse(input, "B",
           fmt::format("{} orthonormal rows of {} entries; expected at most {} rows", rows, cols,
                       cols));
  if (static_cast<Index>(network.a.size()) != rows)
    refuse(input, "a",
           fmt::format("{} entries; expected {}, one for each row of B", network.a.size(), rows));
  if (!network.c.empty() && static_cast<Index>(network.c.size()) != rows)
    refuse(input, "c",
           fmt::format("{} entries; expected {}, one for each row of B", network.c.size(), rows));
}

void check_finite(const NetworkInput& input) {
  const auto* doubles = std::get_if<WeightMatrix::Doubles>(&input.network.B.source);
  if (!doubles || doubles->values.allFinite()) return;
  for (Index i = 0; i < doubles->values.rows(); ++i)
    for (Index j = 0; j < doubles->values.cols(); ++j)
      if (const double x = doubles->values(i, j); !std::isfinite(x))
        refuse(input, fmt::format("B[{}][{}]", i, j),
               fmt::format("{}; expected a finite number", x));
}

void check_rows(const NetworkInput& input) {
  if (unit_by_construction(input.network.B)) return;
  for (Index i = 0; i < input.network.width(); ++i) scalable_row(input, i);
}

/// Everything that can be checked without looking at single rows.
void check_frame(const NetworkInput& teacher, const NetworkInput& student,
                 const Rational& noise_variance) {
  check_shape(teacher);
  check_shape(student);
  if (student.network.dimension() != teacher.network.dimension())
    refuse(student, "B",
           fmt::format("the rows have {} entries; expected {}, as in teacher.B",
                       student.network.dimension(), teacher.network.dimension()));
  if (noise_variance < 0)
    refuse(teacher, "noise_variance",
           fmt::format("{}; expected a number >= 0", to_text(noise_variance)));
  check_finite(teacher);
  check_finite(student);
}

// ---- Values -----------------------------------------------------------------------------------

/// `x`, computed at a higher precision, rounded to the precision in force: to nearest, an interval
/// outwards.
template <Scalar T, Scalar Work>
T rounded(const Work& x) {
  if constexpr (std::same_as<T, double>) {
    return mpfr_get_d(x.backend().data(), MPFR_RNDN);
  } else if constexpr (std::same_as<T, Real>) {
    Real result;
    mpfr_set(result.backend().data(), x.backend().data(), MPFR_RNDN);
    return result;
  } else {
    Interval result;
    mpfi_set(result.backend().data(), x.backend().data());
    return result;
  }
}

/// Rounding to double may overflow; the other scalars have room for every number that is accepted.
template <Scalar T>
void require_finite(const T& x, std::string_view where) {
  if constexpr (std::same_as<T, double>)
    if (!std::isfinite(x))
      throw NumericalError(
          fmt::format("{}: beyond the range of float64; expected more than 17 digits", where));
}

/// √x where it is rational.
std::optional<Rational> rational_root(const Rational& x) {
  Integer remainder;
  const Integer top = sqrt(Integer(numerator(x)), remainder);
  if (remainder != 0) return {};
  const Integer bottom = sqrt(Integer(denominator(x)), remainder);
  if (remainder != 0) return {};
  return Rational(top, bottom);
}

enum class Lengths { unit, as_given };

/// The lengths of a network's rows, to write one in.
template <Scalar T>
Vector<T>& lengths_of(NetworkValues<T>& values) {
  if (values.r.size() == 0) values.r = Vector<T>::Constant(values.a.size(), T(1));
  return values.r;
}

/// Writes row i of the network's values: b̂_i with a_i ‖b_i‖^p or ‖b_i‖, or b_i and a_i as given.
template <Scalar T>
void set_row(const NetworkInput& input, Index i, Lengths lengths, NetworkValues<T>& values) {
  const Row row = scalable_row(input, i);
  const Rational& a = input.network.a[static_cast<std::size_t>(i)];
  const bool keeps = row.length == Row::Length::kept;
  if (lengths == Lengths::as_given && row.length != Row::Length::dropped) {
    for (Index j = 0; j < row.entries.size(); ++j)
      values.B(i, j) = from_rational<T>(row.entries[j]);
    values.a[i] = from_rational<T>(a);
    return;
  }
  if (const auto norm = rational_root(row.squared_norm)) {
    // Rational to the end, so that what is exactly representable stays exact: parallel rows of
    // rational length keep the correlation 1.
    for (Index j = 0; j < row.entries.size(); ++j)
      values.B(i, j) = from_rational<T>(row.entries[j] / *norm);
    Rational scaled = a;
    for (int p = 0; p < row.power_into_a; ++p) scaled *= *norm;
    values.a[i] = from_rational<T>(scaled);
    if (keeps) lengths_of(values)[i] = from_rational<T>(*norm);
    return;
  }
  using Work = std::conditional_t<std::same_as<T, Interval>, Interval, Real>;
  Vector<Work> unit;
  Work norm, scaled;
  {
    const int digits = std::same_as<T, double> ? 17 : PrecisionScope::digits();
    const PrecisionScope scope(digits + guard_digits);
    norm = sqrt(from_rational<Work>(row.squared_norm));
    unit = row.entries.unaryExpr(
        [&](const Rational& x) -> Work { return from_rational<Work>(x) / norm; });
    scaled = from_rational<Work>(a) * power(norm, row.power_into_a);
  }
  for (Index j = 0; j < unit.size(); ++j) values.B(i, j) = rounded<T>(unit[j]);
  values.a[i] = rounded<T>(scaled);
  if (keeps) lengths_of(values)[i] = rounded<T>(norm);
}

Matrix<double> normal_matrix(const WeightMatrix::Orthogonal& o) {
  Matrix<double> normals(o.rows, o.cols);
  for (int i = 0; i < o.rows; ++i) normals.row(i) = normal_row(o.seed, i, o.cols).transpose();
  return normals;
}

/// Gram-Schmidt on the rows, by Householder reflections: A = LQ with L's diagonal positive is the
/// same Q, and orthonormal to rounding whatever the condition of A.
Matrix<double> orthonormalised(const Matrix<double>& A) {
  const Eigen::HouseholderQR<Matrix<double>> qr(A.transpose());
  Matrix<double> Q = (qr.householderQ() * Matrix<double>::Identity(A.cols(), A.rows())).transpose();
  for (Index i = 0; i < A.rows(); ++i)
    if (qr.matrixQR()(i, i) < 0) Q.row(i) *= -1;
  return Q;
}

/// Modified Gram-Schmidt on the rows; where an interval has grown too wide to divide by, the row
/// that comes out is unbounded.
Matrix<Interval> gram_schmidt(Matrix<Interval> A) {
  const auto dot = [&](Index i, Index j) {
    Interval sum(0);
    for (Index k = 0; k < A.cols(); ++k) sum += A(i, k) * A(j, k);
    return sum;
  };
  for (Index i = 0; i < A.rows(); ++i) {
    for (Index j = 0; j < i; ++j) {
      const Interval projection = dot(i, j);
      for (Index k = 0; k < A.cols(); ++k) A(i, k) -= projection * A(j, k);
    }
    Interval squared_norm(0);
    for (Index k = 0; k < A.cols(); ++k) squared_norm += square(A(i, k));
    const Interval norm = sqrt(squared_norm);
    for (Index k = 0; k < A.cols(); ++k) A(i, k) /= norm;
  }
  return A;
}

bool narrower(const Matrix<Interval>& A, const Real& width) {
  for (Index i = 0; i < A.rows(); ++i)
    for (Index k = 0; k < A.cols(); ++k)
      if (const Interval& x = A(i, k); !(upper(x) - lower(x) <= width)) return false;
  return true;
}

/// The exact orthonormal rows, each entry within an interval of width 10^-digits.
///
/// Interval Gram-Schmidt loses up to half a digit a row (23 for 50 rows, 92 for 200), since
/// intervals forget that the errors of the rows before are correlated: working digits are added
/// until the result is narrow enough.
Matrix<Interval> enclosed_orthonormal_rows(const WeightMatrix::Orthogonal& o, int digits) {
  const Matrix<double> normals = normal_matrix(o);
  const int expected_loss = guard_digits + o.rows / 2;
  for (int lost = expected_loss; lost <= 64 * expected_loss; lost *= 2) {
    const PrecisionScope scope(digits + lost);
    Matrix<Interval> Q = gram_schmidt(normals.cast<Interval>());
    if (narrower(Q, 1 / power(Real(10), digits))) return Q;
  }
  throw NumericalError("the Gaussian rows to be made orthonormal are numerically dependent");
}

template <Scalar T>
Matrix<T> orthonormal_rows(const WeightMatrix::Orthogonal& o) {
  if constexpr (std::same_as<T, double>) {
    return orthonormalised(normal_matrix(o));
  } else {
    const Matrix<Interval> Q =
        enclosed_orthonormal_rows(o, PrecisionScope::digits() + guard_digits);
    return Q.unaryExpr([](const Interval& x) -> T {
      if constexpr (std::same_as<T, Real>)
        return to_enclosure(x, Status::certified).value;
      else
        return rounded<Interval>(x);
    });
  }
}

template <Scalar T>
NetworkValues<T> network_values(const NetworkInput& input, Lengths lengths) {
  const Network& network = input.network;
  NetworkValues<T> values{network.activation, Vector<T>(network.width()), {}};
  if (orthonormal_by_construction(network.B)) {
    const auto* o = std::get_if<WeightMatrix::Orthogonal>(&network.B.source);
    values.B = o ? orthonormal_rows<T>(*o)
                 : Matrix<T>(Matrix<T>::Identity(network.width(), network.width()));
    for (Index i = 0; i < network.width(); ++i)
      values.a[i] = from_rational<T>(network.a[static_cast<std::size_t>(i)]);
  } else {
    values.B.resize(network.width(), network.dimension());
    for (Index i = 0; i < network.width(); ++i) set_row(input, i, lengths, values);
  }
  values.c.resize(static_cast<Index>(network.c.size()));
  for (Index i = 0; i < values.c.size(); ++i)
    values.c[i] = from_rational<T>(network.c[static_cast<std::size_t>(i)]);
  const auto require_finite_entries = [&](const Vector<T>& entries, std::string_view name) {
    for (Index i = 0; i < entries.size(); ++i)
      require_finite(entries[i], fmt::format("{}.{}[{}]", input.name, name, i));
  };
  require_finite_entries(values.a, "a");
  require_finite_entries(values.r, "B");
  require_finite_entries(values.c, "c");
  return values;
}

}  // namespace

std::string_view to_string(FloatFormat format) {
  return format == FloatFormat::float64 ? "float64" : "float32";
}
double unit_roundoff(FloatFormat format) {
  return format == FloatFormat::float64 ? 0x1p-53 : 0x1p-24;
}

Index WeightMatrix::rows() const {
  return std::visit(Overloaded{
                        [](const Entries& e) { return e.values.rows(); },
                        [](const Doubles& x) { return x.values.rows(); },
                        [](const Identity& x) { return Index{x.dimension}; },
                        [](const auto& generated) { return Index{generated.rows}; },
                    },
                    source);
}

Index WeightMatrix::cols() const {
  return std::visit(Overloaded{
                        [](const Entries& e) { return e.values.cols(); },
                        [](const Doubles& x) { return x.values.cols(); },
                        [](const Identity& x) { return Index{x.dimension}; },
                        [](const auto& generated) { return Index{generated.cols}; },
                    },
                    source);
}

std::optional<Matrix<Rational>> rational_rows(const WeightMatrix& B) {
  if (const auto* entries = std::get_if<WeightMatrix::Entries>(&B.source)) return entries->values;
  const auto* identity = std::get_if<WeightMatrix::Identity>(&B.source);
  if (!identity) return {};
  Matrix<Rational> rows =
      Matrix<Rational>::Constant(identity->dimension, identity->dimension, Rational(0));
  for (int i = 0; i < identity->dimension; ++i) rows(i, i) = 1;
  return rows;
}

bool is_unit_rounded(const Rational& squared_norm, Index d, FloatFormat format) {
  return abs(squared_norm - 1) <= Rational(2 * (d + 4)) * Rational(unit_roundoff(format));
}

template <Scalar T>
Matrix<T> rows_at_length(const NetworkValues<T>& network) {
  Matrix<T> rows = network.B;
  for (Index i = 0; i < network.r.size(); ++i)
    for (Index k = 0; k < rows.cols(); ++k) rows(i, k) *= network.r[i];
  return rows;
}
template Matrix<double> rows_at_length(const NetworkValues<double>&);
template Matrix<Real> rows_at_length(const NetworkValues<Real>&);
template Matrix<Interval> rows_at_length(const NetworkValues<Interval>&);

template <Scalar T>
void require_unit_rows(const NetworkValues<T>& network, std::string_view name) {
  const auto number = [](const T& x) -> Real {
    if constexpr (std::same_as<T, Interval>)
      return to_enclosure(x, Status::certified).value;
    else
      return x;
  };
  for (Index i = 0; i < network.c.size(); ++i)
    if (!certainly_zero(network.c[i]))
      throw InputError(fmt::format("{}.c[{}]: {}; expected no biases", name, i,
                                   to_text(number(network.c[i]), 6)));
  for (Index i = 0; i < network.r.size(); ++i)
    if (!certainly_zero(T(network.r[i] - 1)))
      throw InputError(
          fmt::format("{}.B[{}]: the row's norm is {}; expected 1, since {} is not positively "
                      "homogeneous (\"normalize\": true scales every row)",
                      name, i, norm_text(number(network.r[i])), network.activation.name()));
}
template void require_unit_rows(const NetworkValues<double>&, std::string_view);
template void require_unit_rows(const NetworkValues<Real>&, std::string_view);
template void require_unit_rows(const NetworkValues<Interval>&, std::string_view);

void validate(const Problem& problem) {
  const NetworkInput teacher{problem.teacher, "teacher", problem.normalize};
  const NetworkInput student{problem.student, "student", problem.normalize};
  check_frame(teacher, student, problem.noise_variance);
  check_rows(teacher);
  check_rows(student);
}

template <Scalar T>
ProblemValues<T> at_precision(const Problem& problem) {
  const NetworkInput teacher{problem.teacher, "teacher", problem.normalize};
  const NetworkInput student{problem.student, "student", problem.normalize};
  check_frame(teacher, student, problem.noise_variance);
  const T noise_variance = from_rational<T>(problem.noise_variance);
  require_finite(noise_variance, "teacher.noise_variance");
  return {network_values<T>(teacher, Lengths::unit), network_values<T>(student, Lengths::unit),
          noise_variance};
}
template ProblemValues<double> at_precision(const Problem&);
template ProblemValues<Real> at_precision(const Problem&);
template ProblemValues<Interval> at_precision(const Problem&);

template <Scalar T>
NetworkValues<T> student_as_given(const Problem& problem) {
  const NetworkInput teacher{problem.teacher, "teacher", problem.normalize};
  const NetworkInput student{problem.student, "student", problem.normalize};
  check_frame(teacher, student, problem.noise_variance);
  return network_values<T>(student, Lengths::as_given);
}
template NetworkValues<double> student_as_given(const Problem&);
template NetworkValues<Real> student_as_given(const Problem&);
template NetworkValues<Interval> student_as_given(const Problem&);

}  // namespace sigmahat
