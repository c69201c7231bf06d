#include <fmt/format.h>

#include <sigmahat/gadget/gadget_problem.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {

template <Scalar T>
GadgetProblem<T> gadget_problem(const Problem& problem, std::size_t n) {
  const auto wanted = static_cast<Eigen::Index>(n);
  const Eigen::Index rows = problem.student.width();
  if (rows < wanted)
    throw InputError(fmt::format("the polynomial is of {} vectors, the student has {} row{}", n,
                                 rows, rows == 1 ? "" : "s"));
  // The rows are vectors here and no neurons: let them be as long as they are.
  Problem any_length = problem;
  any_length.student.activation = parse_activation("linear");
  ProblemValues<T> values = at_precision<T>(any_length);
  return {std::move(values.teacher), row_directions(problem.teacher.B), values.noise_variance,
          student_as_given<T>(any_length).B.topRows(wanted)};
}
template GadgetProblem<double> gadget_problem(const Problem&, std::size_t);
template GadgetProblem<Real> gadget_problem(const Problem&, std::size_t);
template GadgetProblem<Interval> gadget_problem(const Problem&, std::size_t);

}  // namespace sigmahat
