#include <cmath>

#include <doctest/doctest.h>

#include <sigmahat/kernel/fixed_kernel.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/fixed_pairs.hpp>
#include <sigmahat/objective/pair_objective.hpp>

#include "../support/random_numbers.hpp"
#include "random_student.hpp"

using namespace sigmahat;
using test::RandomNumbers;
using test::RandomStudent;

namespace {

struct Case {
  const char* teacher;
  const char* student;
  Constraint constraint;
};

const std::vector<Case> cases{
    {"relu", "relu", Constraint::free},
    {"relu", "relu", Constraint::sphere},
    {"abs", "relu", Constraint::free},
    {"leaky_relu(1/3)", "abs", Constraint::free},
    {"step", "relu", Constraint::free},
    {"relu", "relu_power(2)", Constraint::free},
    {"relu_power(3)", "relu_power(3)", Constraint::free},
    {"relu_power(3)", "relu_power(5)", Constraint::sphere},
    {"tanh", "tanh", Constraint::sphere},
    {"sigmoid", "softplus", Constraint::sphere},
    {"hermite(4)", "hermite(4)", Constraint::sphere},
    {"cubic", "cubic", Constraint::free},
};

/// The kernel without its form in fixed point.
template <Scalar T>
class General final : public PairKernel<T> {
 public:
  explicit General(std::unique_ptr<PairKernel<T>> kernel) : kernel_(std::move(kernel)) {}
  T value(const NeuronPair<T>& pair) const override { return kernel_->value(pair); }
  PairJet<T> jet(const NeuronPair<T>& pair) const override { return kernel_->jet(pair); }
  DiagonalJet<T> diagonal(const Neuron<T>& n) const override { return kernel_->diagonal(n); }
  std::string method() const override { return kernel_->method(); }

 private:
  std::unique_ptr<PairKernel<T>> kernel_;
};

constexpr int digits = 25;

/// The kernels of a student, and the objective of a problem by them one number at a time.
template <Scalar T>
struct Both {
  std::unique_ptr<FixedPairs<T>> fixed;
  std::unique_ptr<PairObjective<T>> general;

  Both(const Case& c, const Problem& problem) {
    const ProblemValues<T> values = at_precision<T>(problem);
    const auto kernel = [&](const Activation& other) {
      return make_pair_kernel<T>(values.student.activation, other, {c.constraint, false}, digits);
    };
    auto mixed = kernel(values.teacher.activation), student = kernel(values.student.activation);
    fixed = FixedPairs<T>::make(values.teacher, *mixed, *student);
    general = std::make_unique<PairObjective<T>>(
        values.teacher, std::make_unique<General<T>>(std::move(mixed)),
        std::make_unique<General<T>>(std::move(student)),
        typename PairObjective<T>::Constants{T(0), T(0), T(0)}, false, 1);
  }
};

/// Σ (|a_i| max(r_i, 1/r_i)^6) and the teacher's: what rounding is measured against.
Real scale_of(const Problem& problem, const Weights<Real>& x) {
  Real scale(1);
  for (const Rational& a : problem.teacher.a) scale += abs(from_rational<Real>(a)) * 8;
  for (Eigen::Index i = 0; i < x.a.size(); ++i) {
    const Real r = x.B.row(i).norm();
    scale += abs(x.a[i]) * pow(r > 1 ? r : Real(1 / r), 6);
  }
  return scale * scale;
}

template <class Check>
void for_all_cases(Check check) {
  RandomNumbers random(5);
  std::uint64_t seed = 100;
  for (const Case& c : cases)
    for (const test::Shape& shape : {test::Shape{2, 3, 4}, {4, 1, 2}, {5, 6, 7}, {1, 2, 1}}) {
      ++seed;
      CAPTURE(c.teacher);
      CAPTURE(c.student);
      CAPTURE(seed);
      RandomStudent student(c.teacher, c.student, shape, seed);
      check(c, student, static_cast<int>(random.integer(25, 70)));
    }
}

}  // namespace

TEST_CASE("Fixed point gives the value and the gradient of the formulas, to their rounding") {
  int compared = 0;
  for_all_cases([&](const Case& c, RandomStudent& random, int precision_digits) {
    CAPTURE(precision_digits);
    const PrecisionScope precision(precision_digits);
    const Both<Real> both(c, random.problem());
    REQUIRE(both.fixed);
    const Weights<Real> x = random.free_weights<Real>();
    const auto fast = both.fixed->evaluate(x, true, 1);
    if (!fast) return;  // a series that does not reach the precision
    ++compared;
    const auto general = both.general->value_and_gradient(x);
    // The kernels of relu_power(5) are up to 945; some hundred operations.
    const Real tolerance = ldexp(scale_of(random.problem(), x), 22 - PrecisionScope::bits());
    CHECK(abs(Real(fast->value - general.value)) <= tolerance);
    CHECK(test::distance(fast->gradient, general.gradient) <= tolerance);
    const auto alone = both.fixed->evaluate(x, false, 1);
    REQUIRE(alone);
    CHECK(alone->value == fast->value);
    // No bit depends on the threads.
    const auto two = both.fixed->evaluate(x, true, 2);
    CHECK(two->value == fast->value);
    CHECK(flattened(two->gradient) == flattened(fast->gradient));
  });
  CHECK(compared > 30);
}

TEST_CASE("Fixed point encloses what a higher precision gives, as closely as intervals do") {
  for_all_cases([&](const Case& c, RandomStudent& random, int precision_digits) {
    CAPTURE(precision_digits);
    typename Objective<Interval>::Evaluation fast, general;
    {
      const PrecisionScope precision(precision_digits);
      const Both<Interval> both(c, random.problem());
      REQUIRE(both.fixed);
      const Weights<Interval> x = random.free_weights<Interval>();
      auto result = both.fixed->evaluate(x, true, 1);
      if (!result) return;
      fast = *std::move(result);
      general = both.general->value_and_gradient(x);
    }
    const Vector<Interval> one = flattened(fast.gradient), other = flattened(general.gradient);
    CHECK(test::overlap(fast.value, general.value));
    Real widest(0), widest_general(0);
    for (Eigen::Index k = 0; k < one.size(); ++k) {
      CHECK(test::overlap(one[k], other[k]));
      widest = std::max(widest, Real(upper(one[k]) - lower(one[k])));
      widest_general = std::max(widest_general, Real(upper(other[k]) - lower(other[k])));
    }
    // One error for a whole sum against one for each number.
    CHECK(widest <= 64 * widest_general);
    const PrecisionScope precision(precision_digits + 15);
    const Both<Real> precise(c, random.problem());
    const auto exact = precise.general->value_and_gradient(random.free_weights<Real>());
    // A series known to 25 digits is no nearer at a higher precision.
    if (precise.general->method() != "closed form") return;
    CHECK(lower(fast.value) <= exact.value);
    CHECK(exact.value <= upper(fast.value));
    const Vector<Real> gradient = flattened(exact.gradient);
    for (Eigen::Index k = 0; k < one.size(); ++k) {
      CHECK(lower(one[k]) <= gradient[k]);
      CHECK(gradient[k] <= upper(one[k]));
    }
  });
}

TEST_CASE("Fixed point: rows near to and at parallels cost no digits") {
  for (const bool opposite : {false, true})
    for (const int distance : {1, 4, 12, 20, 30, 45, 1000}) {
      CAPTURE(opposite);
      CAPTURE(distance);
      RandomStudent random("relu", "relu", {3, 3, 5}, static_cast<std::uint64_t>(distance));
      // The student's first two rows go with the teacher's first and with each other.
      const auto near = [&](const Matrix<Rational>& of, Eigen::Index to) {
        auto& B = std::get<WeightMatrix::Entries>(random.problem().student.B.source).values;
        for (Eigen::Index k = 0; k < B.cols(); ++k) B(to, k) = (opposite ? -1 : 1) * of(0, k);
        if (distance < 1000)
          B(to, 1) += Rational(1, pow(Integer(10), static_cast<unsigned>(distance)));
      };
      near(std::get<WeightMatrix::Entries>(random.problem().teacher.B.source).values, 0);
      near(std::get<WeightMatrix::Entries>(random.problem().student.B.source).values, 1);
      const Case c{"relu", "relu", Constraint::free};
      typename Objective<Interval>::Evaluation fast;
      {
        const PrecisionScope precision(40);
        const Both<Interval> both(c, random.problem());
        const auto result = both.fixed->evaluate(random.free_weights<Interval>(), true, 1);
        REQUIRE(result);
        fast = *result;
      }
      const PrecisionScope precision(120);
      const Both<Real> precise(c, random.problem());
      const auto exact = precise.general->value_and_gradient(random.free_weights<Real>());
      CHECK(lower(fast.value) <= exact.value);
      CHECK(exact.value <= upper(fast.value));
      const Vector<Interval> one = flattened(fast.gradient);
      const Vector<Real> gradient = flattened(exact.gradient);
      for (Eigen::Index k = 0; k < one.size(); ++k) {
        CHECK(lower(one[k]) <= gradient[k]);
        CHECK(gradient[k] <= upper(one[k]));
        CHECK(Real(upper(one[k]) - lower(one[k])) < Real("1e-36"));
      }
    }
}

TEST_CASE("Fixed point declines what it cannot bound well") {
  const PrecisionScope precision(40);
  const Case c{"tanh", "tanh", Constraint::sphere};
  RandomStudent random("tanh", "tanh", {2, 2, 3}, 3);
  const Both<Interval> both(c, random.problem());
  Weights<Interval> x = random.free_weights<Interval>();
  CHECK(both.fixed->evaluate(x, true, 1));
  Weights<Interval> wide = x;
  wide.B(0, 0) = hull(wide.B(0, 0), Interval(wide.B(0, 0) + Interval(Rational(1, 1000000))));
  CHECK_FALSE(both.fixed->evaluate(wide, true, 1));
  // A series at parallel rows.
  x.B.row(1) = x.B.row(0);
  CHECK_FALSE(both.fixed->evaluate(x, true, 1));
}
