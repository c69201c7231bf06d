#include <algorithm>

#include <fmt/format.h>

#include <sigmahat/landscape/fixed_space.hpp>
#include <sigmahat/landscape/symmetry.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// One number for each row type, the mean over its rows.
Vector<double> row_means(const MatrixOrbits& orbits, const Vector<double>& x) {
  Vector<double> result = x;
  Index first = 0;
  for (const LineType& line : orbits.rows()) {
    const auto size = static_cast<Index>(line.size);
    result.segment(first, size).setConstant(x.segment(first, size).mean());
    first += size;
  }
  return result;
}

void add(Weights<double>& sum, const Weights<double>& x) {
  sum.a += x.a;
  sum.B += x.B;
  if (x.c.size() > 0) sum.c += x.c;
}

}  // namespace

FixedSpace::FixedSpace(const Isotropy& isotropy, const ObjectiveChoice& choice,
                       const ProblemValues<double>& problem)
    : orbits_(isotropy, static_cast<double>(problem.teacher.B.cols())),
      teacher_(problem.teacher.B) {
  const Symmetry symmetry = symmetry_of(choice, problem);
  const auto& classes = symmetry.teacher_classes;
  if (symmetry.beyond_teacher || teacher_.rows() != teacher_.cols() ||
      std::any_of(classes.begin(), classes.end(), [](int c) { return c != 0; }))
    throw InputError(
        "--isotropy: expected a teacher of d orthonormal rows with one weight, which can all be "
        "exchanged");
  if (!orbits_.whole())
    throw InputError(fmt::format("--isotropy {}: at d = {} a block has no whole size",
                                 to_text(isotropy), teacher_.cols()));
  if (orbits_.row_count() != static_cast<double>(problem.student.B.rows()))
    throw InputError(fmt::format("--isotropy {}: a group of {} rows; expected the student's {}",
                                 to_text(isotropy), orbits_.row_count(), problem.student.B.rows()));
}

Weights<double> FixedSpace::project(const Weights<double>& x) const {
  Weights<double> result = x;
  result.a = row_means(orbits_, x.a);
  if (x.c.size() > 0) result.c = row_means(orbits_, x.c);
  result.B = orbits_.embed(orbits_.restrict(x.B * teacher_.transpose())) * teacher_;
  return result;
}

Weights<double> FixedSpace::start(const Weights<double>& drawn,
                                  StartDistribution::Kind kind) const {
  using Kind = StartDistribution::Kind;
  if (kind == Kind::orthogonal)
    throw InputError("--start orthogonal: expected unit, gaussian or near with --isotropy");
  Weights<double> result = project(drawn);
  if (kind == Kind::near) return result;
  Index first = 0;
  for (const LineType& line : orbits_.rows()) {
    const double length = drawn.B.row(first).norm();
    for (Index i = 0; i < static_cast<Index>(line.size); ++i)
      result.B.row(first + i) *= length / result.B.row(first + i).norm();
    first += static_cast<Index>(line.size);
  }
  return result;
}

/// One; on the sphere ⟨g, b⟩ more, which Riemannian derivatives take away.
Vector<double> FixedSpaceObjective::stiffness(const Weights<double>& x,
                                              const Weights<double>& gradient) const {
  Vector<double> stiff = Vector<double>::Ones(x.B.rows());
  if (freedom_.rows == Constraint::sphere) stiff += gradient.B.cwiseProduct(x.B).rowwise().sum();
  return stiff;
}

FixedSpaceObjective::Evaluation FixedSpaceObjective::value_and_gradient(
    const Weights<double>& x) const {
  Evaluation result = whole_.value_and_gradient(space_.project(x));
  result.gradient = space_.project(result.gradient);
  add(result.gradient, off_space(x, stiffness(x, result.gradient)));
  return result;
}

Weights<double> FixedSpaceObjective::off_space(const Weights<double>& direction,
                                               const Vector<double>& stiff) const {
  const Weights<double> within = space_.project(direction);
  Weights<double> rest{direction.a - within.a, stiff.asDiagonal() * (direction.B - within.B)};
  if (direction.c.size() > 0) rest.c = direction.c - within.c;
  return rest;
}

Weights<double> FixedSpaceObjective::hessian_product(const Weights<double>& x,
                                                     const Weights<double>& direction) const {
  Weights<double> result =
      space_.project(whole_.hessian_product(space_.project(x), space_.project(direction)));
  add(result, off_space(direction, stiffness(x, value_and_gradient(x).gradient)));
  return result;
}

Matrix<double> FixedSpaceObjective::hessian(const Weights<double>& x) const {
  const Matrix<double> whole = whole_.hessian(space_.project(x));
  const Index n = whole.rows(), m = x.B.rows(), d = x.B.cols();
  const Vector<double> stiff = stiffness(x, value_and_gradient(x).gradient);
  Matrix<double> projected(n, n), rest(n, n);
  for (Index j = 0; j < n; ++j) {
    projected.col(j) = flattened(space_.project(unflattened(Vector<double>(whole.col(j)), m, d)));
    rest.col(j) =
        flattened(off_space(unflattened(Vector<double>(Vector<double>::Unit(n, j)), m, d), stiff));
  }
  Matrix<double> result(n, n);
  for (Index i = 0; i < n; ++i)
    result.row(i) =
        flattened(space_.project(unflattened(Vector<double>(projected.row(i).transpose()), m, d)))
            .transpose();
  result += rest;
  return (result + result.transpose()) / 2;
}

}  // namespace sigmahat
