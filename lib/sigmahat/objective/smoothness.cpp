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

Vector<Interval> row(const NetworkValues<Interval>& network, Index i) {
  return network.B.row(i).transpose();
}

/// Pairs that the intervals cannot tell from parallel ones.
std::vector<Pair> parallel_pairs(const ProblemValues<Interval>& values) {
  std::vector<Pair> pairs;
  const auto look_at = [&](Index i, const NetworkValues<Interval>& other, Index j, bool teacher) {
    const auto angle = correlation(row(values.student, i), row(other, j));
    for (const bool opposite : {false, true}) {
      const Interval& distance = opposite ? angle.one_plus : angle.one_minus;
      if (!certainly_positive(distance))
        pairs.push_back({{i, teacher, j, opposite, certainly_zero(distance)}, angle});
    }
  };
  for (Index i = 0; i < values.student.B.rows(); ++i) {
    for (Index j = 0; j < values.teacher.B.rows(); ++j) look_at(i, values.teacher, j, true);
    for (Index j = i + 1; j < values.student.B.rows(); ++j) look_at(i, values.student, j, false);
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

Order order_at(const Kernel& kernel, const Correlation<Interval>& angle) {
  const KernelJet<Interval> jet = kernel.jet(angle);
  const bool known = kernel.method() == "closed form";
  if (!jet.first) return known ? Order::none : Order::unknown;
  if (!jet.second) return known ? Order::twice : Order::at_least_twice;
  return Order::three_times;
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

Smoothness smoothness_at(const Problem& problem, const ProblemValues<Interval>& values,
                         const ObjectiveChoice& objective, int digits) {
  Smoothness smoothness;
  if (!has_dual_kernels(problem, objective)) return smoothness;
  const std::vector<Pair> pairs = parallel_pairs(values);
  if (pairs.empty()) return smoothness;
  const Activation &sigma = problem.teacher.activation, &gamma = problem.student.activation;
  const auto student = make_dual_kernel<Interval>(gamma, gamma, digits);
  const auto mixed = sigma == gamma ? nullptr : make_dual_kernel<Interval>(gamma, sigma, digits);
  for (const auto& [rows, angle] : pairs) {
    const Order order = order_at(rows.with_teacher && mixed ? *mixed : *student, angle);
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
