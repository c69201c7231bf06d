#include <fmt/format.h>

#include <sigmahat/numeric/eigenvalues.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/evaluation.hpp>

namespace sigmahat {
namespace {

/// Digits beyond those asked for: sums of m² terms lose a few.
constexpr int guard_digits = 8;

PointEvaluation::Gradient enclosed(const Weights<Interval>& gradient, Status status) {
  PointEvaluation::Gradient result;
  Interval total(0);
  for (const Interval& x : gradient.a) {
    total += square(x);
    result.a.push_back(to_enclosure(x, status));
  }
  for (const Interval& x : gradient.c) {
    total += square(x);
    result.c.push_back(to_enclosure(x, status));
  }
  for (Eigen::Index i = 0; i < gradient.B.rows(); ++i) {
    Interval squared(0);
    result.B.emplace_back();
    for (Eigen::Index k = 0; k < gradient.B.cols(); ++k) {
      squared += square(gradient.B(i, k));
      result.B.back().push_back(to_enclosure(gradient.B(i, k), status));
    }
    total += squared;
    result.row_norms.push_back(to_enclosure(Interval(sqrt(squared)), status));
  }
  result.norm = to_enclosure(Interval(sqrt(total)), status);
  return result;
}

void require_finite(const Matrix<Interval>& hessian) {
  for (const Interval& x : hessian.reshaped())
    if (!isfinite(lower(x)) || !isfinite(upper(x)))
      throw NumericalError("nothing bounds the Hessian: rows are parallel");
}

Spectrum spectrum_of(const Matrix<Interval>& hessian, Status status, int threads) {
  Spectrum spectrum{{}, 0, 0};
  for (const Interval& x : hessian.rows() > max_precise_spectrum
                               ? symmetric_eigenvalues_in_double(hessian)
                               : symmetric_eigenvalues(hessian, threads)) {
    spectrum.eigenvalues.push_back(to_enclosure(x, status));
    if (upper(x) < 0)
      ++spectrum.negative;
    else if (!(lower(x) > 0))
      ++spectrum.undecided;
  }
  return spectrum;
}

void check_size(const Problem& problem, const Freedom& freedom) {
  const Eigen::Index m = problem.student.width(), d = problem.dimension();
  const Eigen::Index size = m * (freedom.rows == Constraint::sphere ? d - 1 : d) +
                            (freedom.trains_a ? m : 0) +
                            static_cast<Eigen::Index>(problem.student.c.size());
  if (size > max_spectrum)
    throw DomainError(
        fmt::format("the Hessian has {} directions; expected at most {} for a proven spectrum",
                    size, max_spectrum));
}

}  // namespace

PointEvaluation evaluate(const Problem& problem, const EvaluationOptions& options) {
  if (options.hessian) check_size(problem, options.freedom);
  const PrecisionScope precision(options.digits, guard_digits);
  const ProblemValues<Interval> values = at_precision<Interval>(problem);
  const bool differentiates = options.gradient || options.hessian;
  // The value of a loss does not depend on where its point may move.
  const bool is_loss = std::holds_alternative<FullLoss>(options.objective) ||
                       std::holds_alternative<DesignedLoss>(options.objective);
  const Constraint rows = is_loss && !differentiates && values.student.r.size() > 0
                              ? Constraint::free
                              : options.freedom.rows;
  const auto objective =
      make_objective(options.objective, values, rows, PrecisionScope::digits(), options.threads);
  const Weights<Interval> x = student_weights<Interval>(problem, rows);
  PointEvaluation result;
  const Status status = objective->method() == "closed form" ? Status::exact : Status::certified;
  Interval value;
  if (differentiates)
    result.smoothness =
        smoothness_at(problem, values.teacher, x, options.objective, PrecisionScope::digits());
  if (result.smoothness && result.smoothness->order < Smoothness::Order::unknown) {
    const auto [here, gradient] = objective->value_and_gradient(x);
    value = here;
    if (options.gradient)
      result.gradient = enclosed(tangential(x, gradient, options.freedom), status);
    if (options.hessian) {
      const Matrix<Interval> hessian =
          hessian_on_basis(x, gradient, objective->hessian(x), options.freedom);
      require_finite(hessian);
      result.spectrum = spectrum_of(hessian, Status::certified, options.threads);
    }
  } else {
    value = objective->value(x);
  }
  result.method = objective->method();
  const Interval constant = objective->constant();
  result.value = to_enclosure(value, status);
  result.constant = to_enclosure(constant, status);
  result.above_constant = to_enclosure(Interval(value - constant), status);
  return result;
}

}  // namespace sigmahat
