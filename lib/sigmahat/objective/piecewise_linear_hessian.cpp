#include <cmath>
#include <numbers>

#include <sigmahat/numeric/arcsine.hpp>
#include <sigmahat/objective/piecewise_linear_loss.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

constexpr double quarter_turn = std::numbers::pi / 2;
constexpr double pair_factor = 4 / std::numbers::pi;
/// Cosines beyond this have lost digits: angles come from differences there.
constexpr double nearly_parallel = 0.99;
/// Products of fewer rows than these are done before Eigen has packed them.
constexpr Index few_rows = 64;

}  // namespace

/// A student's rows against all rows c_J: its own, then the teacher's.
struct PiecewiseLinearLoss::Angles {
  Vector<double> lengths;           ///< m, of b_i
  Matrix<double> units;             ///< (m+m*)×d, directions of c_J
  Vector<double> other_lengths;     ///< m+m*
  Matrix<double> rho, arcs, sines;  ///< m×(m+m*): ρ, asin ρ, s
  Matrix<double> inverse_sines;     ///< 1/s, or 0 where rows are parallel
  Vector<double> factors;           ///< m+m*: β² a_J, then -ββ* a*_J
  double within, linear;            ///< β², α
};

PiecewiseLinearLoss::Angles PiecewiseLinearLoss::angles(const Weights<double>& x) const {
  const Scales student = student_scales(x.a, x.B);
  const Index m = x.B.rows(), teachers = teacher_.B.rows(), all = m + teachers;
  require_gradient(student, m);
  const double even = student_slopes_.even;
  Angles g{student.lengths.head(m),
           Matrix<double>(all, x.B.cols()),
           Vector<double>(all),
           Matrix<double>(m, all),
           Matrix<double>(m, all),
           Matrix<double>(m, all),
           Matrix<double>(m, all),
           Vector<double>(all),
           even * even,
           student_slopes_.linear};
  g.other_lengths << g.lengths, teacher_scales_.lengths.head(teachers);
  g.units.topRows(m) = student.inverse_lengths.head(m).asDiagonal() * x.B;
  g.units.bottomRows(teachers) =
      teacher_scales_.inverse_lengths.head(teachers).asDiagonal() * teacher_.B;
  g.factors << g.within * x.a, -even * teacher_slopes_.even * teacher_.a;
  g.rho.noalias() = g.units.topRows(m) * g.units.transpose();
  g.rho.leftCols(m).diagonal().setOnes();
  arcsines_and_cosines(static_cast<std::size_t>(g.rho.size()), g.rho.data(), g.arcs.data(),
                       g.sines.data());
  for (Index j = 0; j < all; ++j)
    for (Index i = 0; i < m; ++i) {
      if (i == j) {
        g.arcs(i, j) = quarter_turn;
        g.sines(i, j) = g.inverse_sines(i, j) = 0;
        continue;
      }
      const double sign = g.rho(i, j) < 0 ? -1 : 1;
      if (sign * g.rho(i, j) > nearly_parallel) {
        const double gap = (g.units.row(i) - sign * g.units.row(j)).norm();
        g.rho(i, j) = sign * (1 - gap * gap / 2);
        g.sines(i, j) = gap * std::sqrt(1 - gap * gap / 4);
        g.arcs(i, j) = sign * (quarter_turn - 2 * std::asin(gap / 2));
      }
      g.inverse_sines(i, j) = g.sines(i, j) > 0 ? 1 / g.sines(i, j) : 0;
    }
  return g;
}

Weights<double> PiecewiseLinearLoss::hessian_product(const Weights<double>& x,
                                                     const Weights<double>& direction) const {
  const Angles g = angles(x);
  const Index m = x.B.rows(), d = x.B.cols();
  const auto own = g.units.topRows(m);
  const Matrix<double>& U = direction.B;
  const Vector<double>& u = direction.a;
  const Eigen::ArrayXd a = x.a.array(), lengths = g.lengths.array();
  const Eigen::ArrayXd others = g.other_lengths.array(), factors = g.factors.array();

  const Matrix<double> X = U * g.units.transpose();                  // ⟨c_J, u_i⟩ of unit c_J
  const Eigen::ArrayXd along = own.cwiseProduct(U).rowwise().sum();  // ⟨b_i, u_i⟩ of unit b_i

  // Of unit c_J and of b_i, what is added to row i; but for pair_factor.
  Eigen::ArrayXXd to_others(m, m + teacher_.B.rows());
  Eigen::ArrayXd to_itself = Eigen::ArrayXd::Zero(m), to_direction = Eigen::ArrayXd::Zero(m);
  Eigen::ArrayXd slopes = Eigen::ArrayXd::Zero(m);  // of the derivatives by a
  for (Index J = 0; J < to_others.cols(); ++J) {
    const auto rho = g.rho.col(J).array(), s = g.sines.col(J).array(), arcs = g.arcs.col(J).array();
    const auto inverse = g.inverse_sines.col(J).array();
    const double p = factors[J], length = others[J];
    // The change of the lengths and weights.
    Eigen::ArrayXd first = u.array() * p;
    if (J < m) first += a * g.within * u[J];
    to_others.col(J) = first * length * arcs;
    to_itself += first * length * s;
    // The change of b_i.
    const Eigen::ArrayXd across = a * p * length / lengths;
    const Eigen::ArrayXd turn = across * (X.col(J).array() - rho * along) * inverse;
    to_others.col(J) += turn;
    to_itself -= rho * turn + across * s * along;
    to_direction += across * s;
    slopes += p * length * (s * along + arcs * X.col(J).array());
    if (J >= m) continue;
    // The change of c_J.
    const auto turned = X.row(J).head(m).transpose().array();  // ⟨b_i, u_J⟩
    const Eigen::ArrayXd twist = a * p * (turned - rho * along[J]) * inverse;
    to_others.col(J) += twist;
    to_itself += a * p * s * along[J] - rho * twist;
    slopes += p * lengths * (s * along[J] + arcs * turned);
    slopes += g.within * u[J] * lengths * length * (s + rho * arcs);
  }

  Weights<double> result;
  result.B.noalias() = to_others.matrix() * g.units;
  result.B += to_itself.matrix().asDiagonal() * own;
  result.B += to_direction.matrix().asDiagonal() * U;
  result.B.noalias() +=
      (x.a.asDiagonal() * g.arcs.leftCols(m)) * (g.factors.head(m).asDiagonal() * U);
  result.B *= pair_factor;
  result.a = pair_factor * slopes.matrix();

  // |r|² with r = α Σ a_i b_i - α* Σ a*_i b*_i.
  const Vector<double> r = linear_residual(x.a, x.B);
  const Vector<double> change = g.linear * (x.B.transpose() * u + U.transpose() * x.a);
  for (Index k = 0; k < d; ++k) result.B.col(k) += 2 * g.linear * (change[k] * x.a + r[k] * u);
  result.a += 2 * g.linear * (x.B * change + U * r);
  result.c = Vector<double>();
  return result;
}

Matrix<double> PiecewiseLinearLoss::hessian(const Weights<double>& x) const {
  const Angles g = angles(x);
  const Index m = x.B.rows(), d = x.B.cols(), all = g.units.rows();
  const Matrix<double> columns = g.units.transpose();  // where each is in one piece
  const Vector<double> r = linear_residual(x.a, x.B);
  const double linear = 2 * g.linear * g.linear;
  Matrix<double> H = Matrix<double>::Zero(m + m * d, m + m * d);
  const auto block = [&](Index i, Index j) { return H.block(m + i * d, m + j * d, d, d); };
  const auto slope = [&](Index i, Index j) { return H.col(j).segment(m + i * d, d); };

  Matrix<double> normals(all, d), weighted(all, d);
  Vector<double> across(all), normal(d), opposite(d);
  for (Index i = 0; i < m; ++i) {
    const auto b = columns.col(i);
    // With itself, by the changes of b_i: a sum of ‖c_J‖/‖b_i‖ s (I - bbᵀ + nnᵀ).
    across = (pair_factor * x.a[i] / g.lengths[i]) *
             g.factors.cwiseProduct(g.other_lengths).cwiseProduct(g.sines.row(i).transpose());
    for (Index k = 0; k < d; ++k) {
      normals.col(k) = (g.units.col(k) - b[k] * g.rho.row(i).transpose())
                           .cwiseProduct(g.inverse_sines.row(i).transpose());
      weighted.col(k) = across.cwiseProduct(normals.col(k));
    }
    auto itself = block(i, i);
    if (all < few_rows)
      itself = weighted.transpose().lazyProduct(normals);
    else
      itself.noalias() = weighted.transpose() * normals;
    const double total = across.sum();
    for (Index k = 0; k < d; ++k) itself.col(k) -= total * b[k] * b;
    itself.diagonal().array() += total;
    for (Index k = 1; k < d; ++k) itself.col(k).head(k) = itself.row(k).head(k).transpose();

    for (Index j = 0; j <= i; ++j) {
      // asin ρ I + s (nmᵀ + bcᵀ)
      const double weight = pair_factor * g.within * x.a[i] * x.a[j];
      const double s = g.sines(i, j);
      auto pair = block(i, j);
      if (j < i) {
        const auto c = columns.col(j);
        normal = normals.row(j).transpose();
        opposite = g.inverse_sines(i, j) * (b - g.rho(i, j) * c);
        for (Index k = 0; k < d; ++k)
          pair.col(k) = (weight * s * opposite[k]) * normal + (weight * s * c[k]) * b;
      }
      pair.diagonal().array() += weight * g.arcs(i, j) + linear * x.a[i] * x.a[j];
      if (j < i) block(j, i) = pair.transpose();
      const double q = s + g.rho(i, j) * g.arcs(i, j);
      H(i, j) = H(j, i) = pair_factor * g.within * g.lengths[i] * g.lengths[j] * q +
                          linear * x.B.row(i).dot(x.B.row(j));
    }
    // ∂²/∂b_i∂a_j: a_i ∂q(b_i,b_j), and for j = i the whole sum besides.
    auto own = slope(i, i);
    for (Index J = 0; J < all; ++J) {
      const double length = pair_factor * g.other_lengths[J];
      const double along = length * g.sines(i, J), towards = length * g.arcs(i, J);
      own += (g.factors[J] * along) * b + (g.factors[J] * towards) * columns.col(J);
      if (J >= m) continue;
      slope(i, J) += (x.a[i] * g.within * along) * b +
                     (x.a[i] * (g.within * towards + linear * g.lengths[J])) * columns.col(J);
    }
    own += 2 * g.linear * r;
  }
  H.topRightCorner(m, m * d) = H.bottomLeftCorner(m * d, m).transpose();
  return H;
}

}  // namespace sigmahat
