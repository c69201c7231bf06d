#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/numeric/matrix.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// Most entries that a weight matrix may have: about a gigabyte of doubles.
inline constexpr Eigen::Index max_weights = 100'000'000;
/// Most rows: what is exact of a network costs the square of its width.
inline constexpr Eigen::Index max_width = 1'000'000;
/// The NormalStream that random weights are drawn from; samples use streams of small numbers, so
/// weights and samples of one seed are independent.
inline constexpr std::uint32_t weight_stream = 0xb0000000;

/// What floating-point numbers were computed and stored in.
enum class FloatFormat { float64, float32 };
std::string_view to_string(FloatFormat format);
/// 2^-53 or 2^-24.
double unit_roundoff(FloatFormat format);

/// The rows b_1..b_m of a network, as given: exact until a precision is chosen.
///
/// A generated matrix is a function of its description alone: a teacher and a student with the same
/// {rows, cols, seed} are the same network, at every precision the same exact point.
struct WeightMatrix {
  /// m×d rationals.
  struct Entries {
    Matrix<Rational> values;
  };
  /// m×d doubles, each exactly the number that it is.
  ///
  /// A row of them is hardly ever exactly unit, so one that is unit up to the rounding of an
  /// ordinary normalisation counts as unit, and is scaled to be so exactly (is_unit_rounded).
  struct Doubles {
    Matrix<double> values;
    FloatFormat format = FloatFormat::float64;
  };
  struct Identity {
    int dimension;
  };
  /// Row i is sample i of NormalStream{seed, weight_stream}, scaled to unit length.
  struct Gaussian {
    int rows, cols;
    std::uint64_t seed;
  };
  /// Gram-Schmidt on the rows of Gaussian{rows, cols, seed}: orthonormal rows, rows <= cols.
  struct Orthogonal {
    int rows, cols;
    std::uint64_t seed;
  };
  std::variant<Entries, Doubles, Identity, Gaussian, Orthogonal> source;

  Eigen::Index rows() const;
  Eigen::Index cols() const;
};

/// The rows as given, where they are written as rationals or are the identity's; empty for
/// floating-point and random ones.
std::optional<Matrix<Rational>> rational_rows(const WeightMatrix& B);

/// x ↦ Σ a_i σ(⟨b_i,x⟩ + c_i): `a` has m entries, `B` is m×d, rows are neurons.
struct Network {
  Activation activation;
  std::vector<Rational> a;
  WeightMatrix B;
  std::vector<Rational> c{};  ///< m biases, or empty for none

  Eigen::Index width() const { return B.rows(); }
  Eigen::Index dimension() const { return B.cols(); }
};

/// Labels y = teacher(x) + ξ, E ξ = 0, Var ξ = noise_variance; predictions student(x).
struct Problem {
  Network teacher;
  Network student;
  Rational noise_variance;
  bool normalize = false;  ///< scale every row to unit length

  Eigen::Index dimension() const { return teacher.dimension(); }
};

/// A network at a chosen precision, x ↦ Σ a_i σ(r_i ⟨b_i,x⟩ + c_i) with unit rows b_i.
///
/// The lengths of a positively homogeneous activation's rows have been moved into `a` (MATH.md 4)
/// where there are no biases; other lengths stay, unless the problem asks to `normalize`.
template <Scalar T>
struct NetworkValues {
  Activation activation;
  Vector<T> a;    ///< m
  Matrix<T> B;    ///< m×d, unit rows
  Vector<T> r{};  ///< m lengths; empty where every length is 1
  Vector<T> c{};  ///< m biases; empty where there are none
};

/// The rows r_i b_i.
template <Scalar T>
Matrix<T> rows_at_length(const NetworkValues<T>& network);

/// Whether every row is unit and no neuron has a bias.
template <Scalar T>
bool has_unit_rows(const NetworkValues<T>& network) {
  return network.r.size() == 0 && network.c.size() == 0;
}
/// Throws InputError where a row of `network`, which is called `name` in the message, is not unit
/// or a neuron has a bias: what holds of unit rows alone is asked of it.
template <Scalar T>
void require_unit_rows(const NetworkValues<T>& network, std::string_view name);

template <Scalar T>
struct ProblemValues {
  NetworkValues<T> teacher;
  NetworkValues<T> student;
  T noise_variance;
};

/// The problem at the precision in force (PrecisionScope).
///
/// Every value is computed at a higher precision and rounded once: double and Real are within one
/// unit in the last place of the exact value, an Interval encloses it, one or two units wide. The
/// exception are the doubles of `Orthogonal`, from a QR factorisation in double: there the error
/// grows with the condition number of the Gaussian matrix.
/// Throws InputError where validate() would, NumericalError where a number overflows double.
/// @complexity O(m d) multiplications; O(m² d) for Orthogonal
template <Scalar T>
ProblemValues<T> at_precision(const Problem& problem);

/// The student at the precision in force, its rows `B` as long as they are given and `r` empty: the
/// point to differentiate at where rows are free. Throws as at_precision does.
template <Scalar T>
NetworkValues<T> student_as_given(const Problem& problem);

/// Throws InputError, naming what is wrong and where ("teacher.B[3]", counted from 0 as in the
/// problem file), unless: shapes agree; the noise variance is not negative; entries are finite; no
/// row is zero.
void validate(const Problem& problem);

/// Whether |‖b‖² - 1| <= 2 (d + 4) u: what normalising a row of length d leaves in an arithmetic of
/// unit roundoff u. To first order: squaring and summing d terms, d u; the root, halved to d/2 u +
/// u; the division, u; hence a relative error (d/2 + 2) u of each entry and (d + 4) u of ‖b‖². The
/// factor 2 stands for the higher orders.
bool is_unit_rounded(const Rational& squared_norm, Eigen::Index d, FloatFormat format);

}  // namespace sigmahat
