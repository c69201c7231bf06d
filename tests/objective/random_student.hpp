#pragma once

#include <random>
#include <string>

#include <fmt/format.h>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/objective/objective.hpp>

namespace sigmahat::test {

struct Shape {
  int teacher, student, dimension;
};

/// Rationals drawn once, values at any precision: the same point for every scalar.
class RandomStudent {
 public:
  RandomStudent(const std::string& teacher, const std::string& student, const Shape& shape,
                std::uint64_t seed)
      : random_(seed),
        problem_{network(teacher, shape.teacher, shape.dimension),
                 network(student, shape.student, shape.dimension), Rational(1, 7), true} {}

  const Problem& problem() const { return problem_; }
  Problem& problem() { return problem_; }

  /// The student's rows at the lengths that they were drawn with, about one.
  template <Scalar T>
  Weights<T> free_weights() const {
    return weights<T>(std::get<WeightMatrix::Entries>(problem_.student.B.source).values,
                      problem_.student.a, problem_.student.c);
  }
  template <Scalar T>
  Weights<T> unit_weights() const {
    const NetworkValues<T> student = at_precision<T>(problem_).student;
    return {student.a, student.B, student.c};
  }
  template <Scalar T>
  Weights<T> random_direction() {
    const Matrix<Rational>& B = std::get<WeightMatrix::Entries>(problem_.student.B.source).values;
    const auto rows = static_cast<int>(B.rows());
    return weights<T>(matrix(rows, static_cast<int>(B.cols())), numbers(rows),
                      problem_.student.c.empty() ? std::vector<Rational>() : numbers(rows));
  }

  /// Gives both networks biases.
  void add_biases() {
    problem_.teacher.c = numbers(static_cast<int>(problem_.teacher.width()));
    problem_.student.c = numbers(static_cast<int>(problem_.student.width()));
  }

 private:
  Rational number() { return Rational(std::uniform_int_distribution<int>(-99, 99)(random_), 97); }
  Network network(const std::string& activation, int width, int dimension) {
    std::vector<Rational> a = numbers(width);
    return {parse_activation(activation),
            std::move(a),
            {WeightMatrix::Entries{matrix(width, dimension)}}};
  }
  std::vector<Rational> numbers(int count) {
    std::vector<Rational> list;
    for (int i = 0; i < count; ++i) list.push_back(number());
    return list;
  }
  Matrix<Rational> matrix(int rows, int cols) {
    Matrix<Rational> values(rows, cols);
    for (Rational& x : values.reshaped()) x = number();
    return values;
  }
  template <Scalar T>
  static Weights<T> weights(const Matrix<Rational>& B, const std::vector<Rational>& a,
                            const std::vector<Rational>& c) {
    Weights<T> x{Vector<T>(B.rows()), Matrix<T>(B.rows(), B.cols()),
                 Vector<T>(static_cast<Eigen::Index>(c.size()))};
    for (Eigen::Index i = 0; i < x.c.size(); ++i)
      x.c[i] = from_rational<T>(c[static_cast<std::size_t>(i)]);
    for (Eigen::Index i = 0; i < B.rows(); ++i) {
      x.a[i] = from_rational<T>(a[static_cast<std::size_t>(i)]);
      for (Eigen::Index k = 0; k < B.cols(); ++k) x.B(i, k) = from_rational<T>(B(i, k));
    }
    return x;
  }

  std::mt19937_64 random_;
  Problem problem_;
};

/// x + step·direction
template <Scalar T>
Weights<T> moved(const Weights<T>& x, const T& step, const Weights<T>& direction) {
  return {x.a + step * direction.a, x.B + step * direction.B, x.c + step * direction.c};
}

template <Scalar T>
T inner_product(const Weights<T>& x, const Weights<T>& y) {
  T sum(0);
  const Vector<T> u = flattened(x), v = flattened(y);
  for (Eigen::Index i = 0; i < u.size(); ++i) sum += u[i] * v[i];
  return sum;
}

/// The largest difference of two entries.
inline Real distance(const Weights<Real>& x, const Weights<Real>& y) {
  Real largest(0);
  const Vector<Real> u = flattened(x), v = flattened(y);
  for (Eigen::Index i = 0; i < u.size(); ++i)
    largest = std::max(largest, Real(abs(Real(u[i] - v[i]))));
  return largest;
}

}  // namespace sigmahat::test
