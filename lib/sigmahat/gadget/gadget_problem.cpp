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
  ProblemValues<T> values = at_precision<T>(problem);
  require_unit_rows(values.teacher, "teacher");
  return {std::move(values.teacher), row_directions(problem.teacher.B), values.noise_variance,
          student_as_given<T>(problem).B.topRows(wanted)};
}
template GadgetProblem<double> gadget_problem(const Problem&, std::size_t);
template GadgetProblem<Real> gadget_problem(const Problem&, std::size_t);
template GadgetProblem<Interval> gadget_problem(const Problem&, std::size_t);

}  // namespace sigmahat
