#include <algorithm>
#include <memory>

#include <sigmahat/objective/smoothness.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;
using Order = Smoothness::Order;
using Kernel = DualKernel<Interval>;

struct Pair {
  ParallelRows rows;
  Correlation<Interval> angle;
};

/// Scaled as PairObjective scales its rows: what it cannot tell from parallel must be found here.
Vector<Interval> direction(const Matrix<Interval>& B, Index i) {
  Interval squared(0);
  for (const Interval& x : B.row(i)) squared += square(x);
  const Interval norm = sqrt(squared);
  return B.row(i).unaryExpr([&](const Interval& x) -> Interval { return x / norm; }).transpose();
}

/// Pairs that the intervals cannot tell from parallel ones.
std::vector<Pair> parallel_pairs(const Matrix<Interval>& teacher, const Matrix<Interval>& B) {
  std::vector<Vector<Interval>> student;
  for (Index i = 0; i < B.rows(); ++i) student.push_back(direction(B, i));
  std::vector<Pair> pairs;
  const auto look_at = [&](Index i, const Vector<Interval>& other, Index j, bool of_teacher) {
    const auto angle = correlation(student[static_cast<std::size_t>(i)], other);
    for (const bool opposite : {false, true}) {
      const Interval& distance = opposite ? angle.one_plus : angle.one_minus;
      if (!certainly_positive(distance))
        pairs.push_back({{i, of_teacher, j, opposite, certainly_zero(distance)}, angle});
    }
  };
  for (Index i = 0; i < B.rows(); ++i) {
    for (Index j = 0; j < teacher.rows(); ++j) look_at(i, teacher.row(j).transpose(), j, true);
    for (Index j = i + 1; j < B.rows(); ++j)
      look_at(i, student[static_cast<std::size_t>(j)], j, false);
  }
  return pairs;
}

/// ⟨b,c⟩² = ‖b‖²‖c‖²
bool are_parallel(const Matrix<Rational>& B, Index i, const Matrix<Rational>& C, Index j) {
  Rational product = 0, first = 0, second = 0;
  for (Index k = 0; k < B.cols(); ++k) {
    product += B(i, k) * C(j, k);
    first += B(i, k) * B(i, k);
    second += C(j, k) * C(j, k);
  }
  return product * product == first * second;
}

/// Rows that are written as rationals decide it: their intervals seldom do.
void decide_exactly(const Problem& problem, std::vector<ParallelRows>& pairs) {
  if (pairs.empty()) return;
  const auto teacher = rational_rows(problem.teacher.B), student = rational_rows(problem.student.B);
  if (!student) return;
  for (ParallelRows& pair : pairs)
    if (const auto& other = pair.with_teacher ? teacher : student)
      pair.exactly = are_parallel(*student, pair.student_row, *other, pair.other_row);
}

bool kinks_at_zero_only(const Activation& activation) {
  const std::vector<Rational> kinks = activation.kinks();
  return std::all_of(kinks.begin(), kinks.end(), [](const Rational& at) { return at == 0; });
}

/// @param kinks_meet  whether the neurons' kinks are those of κ, at zero; otherwise they may be
///                    apart, and what κ lacks, or is not given, the neurons may have
Order order_at(const Kernel& kernel, const Correlation<Interval>& angle, bool kinks_meet) {
  const KernelJet<Interval> jet = kernel.jet(angle);
  const bool known = kinks_meet && kernel.method() == "closed form";
  if (!jet.first) return known ? Order::none : Order::unknown;
  if (!jet.second) return known ? Order::twice : Order::at_least_twice;
  return Order::three_times;
}

/// Whether rows may have another length than 1.
bool rows_vary(const Matrix<Interval>& B) {
  for (Index i = 0; i < B.rows(); ++i) {
    Interval squared(0);
    for (const Interval& x : B.row(i)) squared += square(x);
    if (!overlap(to_enclosure(squared, Status::certified), {Real(1), Real(0)})) return true;
  }
  return false;
}

/// Whether the objective has the kernels of the activations, and no polynomials in their place.
bool has_dual_kernels(const Problem& problem, const ObjectiveChoice& objective) {
  return std::holds_alternative<FullLoss>(objective) &&
         !problem.student.activation.polynomial_degree();
}

}  // namespace

std::string_view to_string(Order order) {
  switch (order) {
    case Order::three_times:
      return "three times";
    case Order::at_least_twice:
      return "at least twice";
    case Order::twice:
      return "twice";
    case Order::unknown:
      return "unknown";
    case Order::none:
      return "not once";
  }
  return "";
}

Smoothness smoothness_at(const Problem& problem, const NetworkValues<Interval>& teacher,
                         const Weights<Interval>& x, const ObjectiveChoice& objective, int digits) {
  Smoothness smoothness;
  if (!has_dual_kernels(problem, objective)) return smoothness;
  const std::vector<Pair> pairs = parallel_pairs(teacher.B, x.B);
  if (pairs.empty()) return smoothness;
  const Activation &sigma = problem.teacher.activation, &gamma = problem.student.activation;
  const auto student = make_dual_kernel<Interval>(gamma, gamma, digits);
  const auto mixed = sigma == gamma ? nullptr : make_dual_kernel<Interval>(gamma, sigma, digits);
  const bool kinks_meet = kinks_at_zero_only(sigma) && kinks_at_zero_only(gamma) &&
                          x.c.size() == 0 && teacher.c.size() == 0 && teacher.r.size() == 0 &&
                          ((sigma.homogeneity() && gamma.homogeneity()) || !rows_vary(x.B));
  for (const auto& [rows, angle] : pairs) {
    const Order order = order_at(rows.with_teacher && mixed ? *mixed : *student, angle, kinks_meet);
    if (order > smoothness.order) {
      smoothness.order = order;
      smoothness.rows.clear();
    }
    if (order == smoothness.order && order != Order::three_times) smoothness.rows.push_back(rows);
  }
  decide_exactly(problem, smoothness.rows);
  return smoothness;
}

}  // namespace sigmahat
