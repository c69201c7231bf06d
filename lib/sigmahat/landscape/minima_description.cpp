#include <algorithm>
#include <cmath>

#include <sigmahat/landscape/minima.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/objective/fast_objective.hpp>

namespace sigmahat {
namespace {

/// Digits of a point in double, twice.
constexpr int digits_of_double = 17;
constexpr int twice_double = 2 * digits_of_double;
/// Values closer than this, to one or to their own size, are equal.
constexpr double same_value = 1e-9;

/// Whether a row is so short beside the longest that double shows nothing of the Hessian: the part
/// of a homogeneous neuron goes with the inverse of its length.
bool has_vanishing_row(const Weights<double>& x) {
  constexpr double share = 1e-6;
  const Vector<double> lengths = x.B.rowwise().norm();
  return lengths.minCoeff() <= share * lengths.maxCoeff();
}

std::optional<RecognisedIsotropy> isotropy_of(const Weights<double>& x,
                                              const Matrix<double>& teacher,
                                              const Symmetry& symmetry) {
  constexpr double same_entry = 1e-6;
  const auto& classes = symmetry.teacher_classes;
  const bool exchangeable =
      std::all_of(classes.begin(), classes.end(), [](int c) { return c == 0; });
  if (!exchangeable || symmetry.signs || symmetry.beyond_teacher || x.c.size() > 0 ||
      x.a.maxCoeff() - x.a.minCoeff() > same_entry)
    return {};
  return recognise_isotropy(x.B * teacher.transpose(), same_entry);
}

/// The objective where the student's rows are the teacher's, the last one as often as there are
/// rows left; free rows share its length. Infinite for a student too narrow for that.
double value_at_teacher(const Objective<double>& objective, const Weights<double>& student,
                        const Matrix<double>& teacher, const Freedom& freedom) {
  const Eigen::Index m = student.B.rows(), teachers = teacher.rows();
  if (m < teachers) return HUGE_VAL;
  Weights<double> x = student;
  const double share =
      freedom.rows == Constraint::free ? 1 / static_cast<double>(m - teachers + 1) : 1;
  x.B.topRows(teachers) = teacher;
  for (Eigen::Index i = teachers - 1; i < m; ++i) x.B.row(i) = share * teacher.row(teachers - 1);
  return objective.value(x);
}

}  // namespace

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::global:
      return "global";
    case Standing::spurious:
      return "spurious";
    case Standing::saddle:
      return "saddle";
    case Standing::lowest:
      return "lowest found";
  }
  return "";
}

std::optional<double> lower_bound(const Objective<double>& objective, const ObjectiveChoice& choice,
                                  const ProblemValues<double>& problem) {
  if (is_squared_distance(choice)) {
    const auto* degrees = std::get_if<DegreeLoss>(&choice);
    const bool signed_weights =
        degrees && std::any_of(degrees->weights.begin(), degrees->weights.end(),
                               [](const auto& term) { return term.second < 0; });
    return signed_weights ? std::nullopt : std::optional(objective.constant());
  }
  const auto* guaranteed = std::get_if<GuaranteedObjective>(&choice);
  const NetworkValues<double>& teacher = problem.teacher;
  const Symmetry symmetry = symmetry_of(choice, problem);
  // Teacher rows with signs of their own are orthonormal.
  if (!guaranteed || guaranteed->mu < 0 || !symmetry.teacher_signs || teacher.a.minCoeff() < 0)
    return {};
  return -from_rational<double>(guaranteed->mu) * static_cast<double>(problem.student.B.rows()) *
         teacher.a.maxCoeff();
}

std::vector<DescribedMinimum> describe(const MinimaTally& tally, const Problem& problem,
                                       const ObjectiveChoice& choice, const Freedom& freedom,
                                       int digits, int threads) {
  const auto values = at_precision<double>(problem);
  const auto objective = make_fast_objective(choice, values, freedom.rows, 1);
  const std::optional<double> bound = lower_bound(*objective, choice, values);
  const Symmetry symmetry = symmetry_of(choice, values);
  const double at_teacher = value_at_teacher(
      *objective, student_weights<double>(problem, freedom.rows), values.teacher.B, freedom);
  std::vector<DescribedMinimum> list;
  for (MinimumClass& found : tally.by_value()) {
    const double value = found.point.value, reach = same_value * std::max(1.0, std::abs(value));
    const Proportion fraction = wilson_interval(found.count, tally.runs);
    Standing standing = Standing::lowest;
    if (bound && value <= *bound + reach)
      standing = Standing::global;
    else if (std::min(at_teacher, list.empty() ? value : list.front().found.point.value) <
             value - reach)
      standing = Standing::spurious;
    auto isotropy = isotropy_of(found.point.x, values.teacher.B, symmetry);
    list.push_back({std::move(found), fraction, standing, {}, 0, {}, std::move(isotropy)});
  }
  for_each_block(list.size(), threads, [&](std::size_t i) {
    const Weights<double>& x = list[i].found.point.x;
    if (!has_vanishing_row(x))
      list[i].curvature = curvature(hessian_eigensystem(*objective, x, freedom).values);
    if (list[i].curvature && list[i].curvature->negative > 0) list[i].standing = Standing::saddle;
  });
  // One by one: the precision in force belongs to the process.
  for (DescribedMinimum& minimum : list) {
    const Weights<double>& x = minimum.found.point.x;
    minimum.gradient_norm = evaluate_precisely(problem, choice, freedom, x, twice_double)
                                .gradient_norm.convert_to<double>();
    if (digits > digits_of_double && !minimum.found.flat)
      minimum.precise = refine_precisely(problem, choice, freedom, x, digits);
  }
  return list;
}

}  // namespace sigmahat
