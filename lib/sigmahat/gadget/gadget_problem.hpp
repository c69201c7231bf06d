#pragma once

#include <vector>

#include <sigmahat/network/row_directions.hpp>

namespace sigmahat {

/// What a gadget is evaluated on: labels, and its vectors.
template <Scalar T>
struct GadgetProblem {
  NetworkValues<T> teacher;              ///< unit rows
  std::vector<RowDirection> directions;  ///< of the teacher's rows
  T noise_variance;
  Matrix<T> vectors;  ///< n×d, of any lengths
};

/// The problem's labels, and as vectors the student's first n rows with the lengths that they are
/// given, at the precision in force. Throws InputError where the student has fewer rows.
template <Scalar T>
GadgetProblem<T> gadget_problem(const Problem& problem, std::size_t n);

}  // namespace sigmahat
