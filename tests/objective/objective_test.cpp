#include <doctest/doctest.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/objective/population_loss.hpp>
#include <sigmahat/objective/sphere.hpp>

#include "random_student.hpp"

using namespace sigmahat;
using test::RandomStudent;

namespace {

struct Case {
  const char* objective;
  const char* teacher;
  const char* student;
  Constraint constraint;
};

std::string name_of(const Case& c) {
  return fmt::format("{} {} {} {}", c.objective, c.teacher, c.student,
                     c.constraint == Constraint::sphere ? "sphere" : "free");
}

const std::vector<Case> cases{
    {"f", "relu", "relu", Constraint::sphere},
    {"f", "relu", "relu", Constraint::free},
    {"f", "relu", "abs", Constraint::sphere},
    {"f", "relu", "abs", Constraint::free},
    {"f", "relu_power(3)", "relu_power(3)", Constraint::sphere},
    {"f", "relu_power(3)", "relu_power(3)", Constraint::free},
    {"f", "relu_power(2)", "leaky_relu(1/3)", Constraint::free},
    {"f", "step", "relu", Constraint::free},
    {"f", "tanh", "tanh", Constraint::sphere},
    {"f", "tanh", "relu", Constraint::sphere},
    {"f", "erf", "erf", Constraint::sphere},
    {"f", "erf", "erf", Constraint::free},
    {"f", "gelu", "gelu", Constraint::sphere},
    {"f", "gelu", "gelu", Constraint::free},
    {"f", "exp", "exp", Constraint::free},
    {"f", "sin", "sin", Constraint::free},
    {"f", "cos", "cos", Constraint::free},
    {"f", "sin", "cos", Constraint::free},
    {"f", "gaussian", "gaussian", Constraint::sphere},
    {"f", "gaussian", "gaussian", Constraint::free},
    {"f", "hermite(4)", "hermite(4)", Constraint::sphere},
    {"f", "hermite(4)", "hermite(4)", Constraint::free},
    {"f", "cubic", "quadratic", Constraint::free},
    {"f", "tanh", "hermite(3)", Constraint::free},
    {"f_gamma:2,4", "relu", "relu", Constraint::sphere},
    {"f_gamma:2,4", "relu", "relu", Constraint::free},
    {"f_gamma:0,1,3", "sigmoid", "tanh", Constraint::free},
    {"degree:4", "relu", "relu", Constraint::sphere},
    {"degree:3", "relu", "relu", Constraint::free},
    {"weights:0=1/3,2=1,5=-1/2", "relu", "relu", Constraint::free},
};

constexpr int kernel_digits = 25;

template <Scalar T>
std::unique_ptr<Objective<T>> objective(const Case& c, const RandomStudent& random) {
  return make_objective(parse_objective(c.objective), at_precision<T>(random.problem()),
                        c.constraint, kernel_digits);
}

template <class Check>
void for_all_cases(Check check) {
  std::uint64_t seed = 1;
  for (const Case& c : cases)
    for (const test::Shape& shape : {test::Shape{2, 3, 4}, {3, 1, 2}}) {
      CAPTURE(name_of(c));
      CAPTURE(shape.dimension);
      ++seed;
      CAPTURE(seed);
      RandomStudent random(c.teacher, c.student, shape, seed);
      check(c, random);
    }
}

}  // namespace

TEST_CASE("Gradients and Hessians are the limits of difference quotients") {
  const PrecisionScope precision(80);
  // Central quotients of step h: an error of h²/6 third derivatives, and 10^-80/h of rounding. The
  // third derivatives stay below 1e6 for weights about one.
  const Real h("1e-20");
  for_all_cases([&](const Case& c, RandomStudent& random) {
    const auto f = objective<Real>(c, random);
    const Weights<Real> x = random.free_weights<Real>();
    const auto [value, gradient] = f->value_and_gradient(x);
    CHECK(abs(Real(value - f->value(x))) <= Real("1e-70") * (1 + abs(value)));
    for (int trial = 0; trial < 2; ++trial) {
      const Weights<Real> v = random.random_direction<Real>();
      const auto ahead = f->value_and_gradient(test::moved(x, h, v));
      const auto behind = f->value_and_gradient(test::moved(x, Real(-h), v));
      const Real slope = test::inner_product(gradient, v);
      CHECK(abs(Real(slope - (ahead.value - behind.value) / (2 * h))) < Real("1e-32"));
      const Weights<Real> product = f->hessian_product(x, v);
      const Weights<Real> quotient{(ahead.gradient.a - behind.gradient.a) / (2 * h),
                                   (ahead.gradient.B - behind.gradient.B) / (2 * h)};
      CHECK(test::distance(product, quotient) < Real("1e-32"));
      const Vector<Real> flat = f->hessian(x) * flattened(v);
      CHECK(test::distance(unflattened(flat, x.B.rows(), x.B.cols()), product) < Real("1e-70"));
    }
  });
}

TEST_CASE("Intervals enclose what Real computes at a higher precision, double is near") {
  for_all_cases([&](const Case& c, RandomStudent& random) {
    typename Objective<Interval>::Evaluation enclosure;
    Matrix<Interval> hessian;
    {
      const PrecisionScope precision(30);
      const auto f = objective<Interval>(c, random);
      const Weights<Interval> x = random.free_weights<Interval>();
      enclosure = f->value_and_gradient(x);
      hessian = f->hessian(x);
    }
    const PrecisionScope precision(60);
    const auto f = make_objective(parse_objective(c.objective),
                                  at_precision<Real>(random.problem()), c.constraint, 50);
    const Weights<Real> x = random.free_weights<Real>();
    const auto real = f->value_and_gradient(x);
    const auto inside = [](const Interval& interval, const Real& value) {
      CHECK(lower(interval) <= value);
      CHECK(value <= upper(interval));
      CHECK(upper(interval) - lower(interval) < Real("1e-18"));
    };
    inside(enclosure.value, real.value);
    const Vector<Interval> gradient = flattened(enclosure.gradient);
    const Vector<Real> real_gradient = flattened(real.gradient);
    for (Eigen::Index i = 0; i < gradient.size(); ++i) inside(gradient[i], real_gradient[i]);
    const Matrix<Real> real_hessian = f->hessian(x);
    for (Eigen::Index i = 0; i < hessian.rows(); ++i)
      for (Eigen::Index j = 0; j < hessian.cols(); ++j) inside(hessian(i, j), real_hessian(i, j));

    const auto fast = make_objective(parse_objective(c.objective),
                                     at_precision<double>(random.problem()), c.constraint, 17);
    const auto rounded = fast->value_and_gradient(random.free_weights<double>());
    CHECK(rounded.value == doctest::Approx(static_cast<double>(real.value)).epsilon(1e-10));
  });
}
