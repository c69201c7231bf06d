#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/numeric/matrix.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// The rows b_1..b_m of a network, as given: exact until a precision is chosen.
struct WeightMatrix {
  /// m×d rationals.
  struct Entries {
    Matrix<Rational> values;
  };
  /// m×d doubles, each exactly the number that it is (an .npy file).
  struct Doubles {
    Matrix<double> values;
    std::string source;
  };
  struct Identity {
    int dimension;
  };
  /// Independent standard normals (NormalStream of `seed`), each row scaled to unit length.
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

/// x ↦ aᵀσ(Bx): `a` has m entries, `B` is m×d, rows are neurons.
struct Network {
  Activation activation;
  std::vector<Rational> a;
  WeightMatrix B;

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

/// A network at a chosen precision, its rows of unit length: the norms of a positively homogeneous
/// activation's rows have been moved into `a` (MATH.md 4).
template <Scalar T>
struct NetworkValues {
  Activation activation;
  Vector<T> a;  ///< m
  Matrix<T> B;  ///< m×d, unit rows
};

template <Scalar T>
struct ProblemValues {
  NetworkValues<T> teacher;
  NetworkValues<T> student;
  T noise_variance;
};

/// The problem at the precision in force (PrecisionScope).
template <Scalar T>
ProblemValues<T> at_precision(const Problem& problem);

/// Throws InputError, naming what is wrong and in which row, unless: shapes agree; the noise
/// variance is not negative; no row is zero; rows are unit, or `normalize` is set, or the
/// activation is positively homogeneous.
void validate(const Problem& problem);

}  // namespace sigmahat
