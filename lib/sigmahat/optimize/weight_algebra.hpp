#pragma once

#include <cmath>

#include <sigmahat/objective/objective.hpp>

namespace sigmahat {

// The weights of a student as a vector space. Internal: not installed.

/// The entries of B in one piece, in the order in which they are stored.
inline Eigen::Map<const Vector<double>> entries(const Matrix<double>& B) {
  return {B.data(), B.size()};
}

inline double inner(const Weights<double>& u, const Weights<double>& v) {
  return u.a.dot(v.a) + entries(u.B).dot(entries(v.B)) + u.c.dot(v.c);
}

inline double norm(const Weights<double>& u) {
  return std::sqrt(inner(u, u));
}

/// y += factor·x
inline void add(Weights<double>& y, double factor, const Weights<double>& x) {
  y.a += factor * x.a;
  y.B += factor * x.B;
  y.c += factor * x.c;
}

inline void scale(Weights<double>& x, double factor) {
  x.a *= factor;
  x.B *= factor;
  x.c *= factor;
}

inline Weights<double> scaled(double factor, Weights<double> x) {
  scale(x, factor);
  return x;
}

inline Weights<double> zeros_like(const Weights<double>& x) {
  return {Vector<double>::Zero(x.a.size()), Matrix<double>::Zero(x.B.rows(), x.B.cols()),
          Vector<double>::Zero(x.c.size())};
}

inline bool all_finite(const Weights<double>& x) {
  // Zero times what is not finite is not a number.
  return 0 * x.a.sum() + 0 * entries(x.B).sum() + 0 * x.c.sum() == 0;
}

}  // namespace sigmahat
