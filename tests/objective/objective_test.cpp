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
  bool biased = false;
  bool normalize = true;  ///< the teacher's rows; the student's where they are on the sphere
};

std::string name_of(const Case& c) {
  return fmt::format("{} {} {} {}{}{}", c.objective, c.teacher, c.student,
                     c.constraint == Constraint::sphere ? "sphere" : "free",
                     c.biased ? ", biased" : "", c.normalize ? "" : ", teacher of any lengths");
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
    {"f", "hard_tanh", "relu", Constraint::sphere},
    {"f", "hard_tanh", "max(x - 1/2, 0)", Constraint::free},
    {"f", "relu", "relu", Constraint::sphere, true},
    {"f", "relu", "relu", Constraint::free, true},
    {"f", "hard_tanh", "abs", Constraint::free, true, false},
    {"f", "step", "relu", Constraint::free, true},
    {"f", "relu_power(2)", "step", Constraint::free, true, false},
    {"f", "tanh", "tanh", Constraint::free},
    {"f", "tanh", "tanh", Constraint::free, true, false},
    {"f", "sigmoid", "softplus", Constraint::sphere, true},
    {"f", "gelu", "gelu", Constraint::free, true},
    {"f", "relu", "tanh", Constraint::free, true},
    {"f", "exp", "gaussian", Constraint::free, false, false},
    {"f", "tanh", "cubic", Constraint::free, true, false},
    {"f", "hermite(3)", "tanh", Constraint::sphere, true},
    {"f_gamma:2,4", "relu", "relu", Constraint::free, true, false},
    {"f_gamma:1,3", "tanh", "sigmoid", Constraint::sphere, true},

    {"f_gamma:2,4", "relu", "relu", Constraint::sphere},
    {"f_gamma:2,4", "relu", "relu", Constraint::free},
    {"f_gamma:0,1,3", "sigmoid", "tanh", Constraint::free},
    {"degree:4", "relu", "relu", Constraint::sphere},
    {"degree:3", "relu", "relu", Constraint::free},
    {"weights:0=1/3,2=1,5=-1/2", "relu", "relu", Constraint::free},
    {"G:mu=1/20", "relu", "relu", Constraint::sphere},
    {"gadget:s^3*t - 1/2*(s+2*t)^2 + 3", "relu", "relu", Constraint::free},
    {"penalty:mu=2,lambda=3/2", "relu", "relu", Constraint::free},
    {"whitened:mu=1/3,lambda=2", "softplus", "relu", Constraint::free},
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
      if (c.biased) random.add_biases();
      random.problem().normalize = c.normalize;
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
                                   (ahead.gradient.B - behind.gradient.B) / (2 * h),
                                   (ahead.gradient.c - behind.gradient.c) / (2 * h)};
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

TEST_CASE("Objectives are read back from their text, and bad text is refused by name") {
  for (const char* text :
       {"f", "f_gamma:2,4", "degree:4", "weights:0=-1/3,7=2", "G:mu=1/20",
        "gadget:-1/2*s^2*t^2 + s", "penalty:mu=1/20,lambda=3", "whitened:mu=0,lambda=1"}) {
    const std::string once = to_text(parse_objective(text));
    CHECK(to_text(parse_objective(once)) == once);
  }
  CHECK(to_text(parse_objective("f_gamma:4,2,4")) == "f_gamma:2,4");
  CHECK(to_text(parse_objective("gadget:(s-t)^2/2")) == "gadget:1/2*s^2 - s*t + 1/2*t^2");
  for (const char* text : {"",
                           "g",
                           "f:",
                           "f_gamma",
                           "f_gamma:",
                           "f_gamma:2,",
                           "f_gamma:-1",
                           "f_gamma:1/2",
                           "degree:",
                           "degree:x",
                           "degree:100001",
                           "weights:2",
                           "weights:2=1,2=3",
                           "G",
                           "G:mu",
                           "G:nu=1",
                           "G:mu=1,mu=2",
                           "gadget:",
                           "gadget:s^",
                           "gadget:s+",
                           "gadget:x",
                           "gadget:(s",
                           "gadget:s/0",
                           "gadget:s^99",
                           "penalty:mu=1",
                           "penalty:lambda=1,mu=1"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_objective(text), ParseError);
  }
}

TEST_CASE("A gadget is its double sum") {
  const PrecisionScope precision(40);
  RandomStudent random("relu", "relu", {3, 4, 5}, 77);
  const ProblemValues<Real> problem = at_precision<Real>(random.problem());
  const Weights<Real> x = random.free_weights<Real>();
  const Matrix<Real> M = problem.teacher.B * x.B.transpose();
  Real sum(0), guaranteed(0);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 4; ++j)
      for (int k = 0; k < 4; ++k) {
        const Real s = M(i, j), t = M(i, k), a = problem.teacher.a[i];
        if (j != k) {
          sum += a * (s * s * s * t - 2 * t + 1);
          guaranteed += a * s * s * t * t;
        } else {
          guaranteed -= a * s * s * s * s / 3;
        }
      }
  const auto value = [&](const char* text) {
    return make_objective(parse_objective(text), problem, Constraint::free, 40)->value(x);
  };
  CHECK(abs(Real(value("gadget:s^3*t - 2*t + 1") - sum)) < Real("1e-36"));
  CHECK(abs(Real(value("G:mu=1/3") - guaranteed)) < Real("1e-36"));
}

TEST_CASE("The paper's penalty form is its gadgets' expectation, constants and all") {
  // E[y W_22(b,c,x)] and E[y W_4(b,x)] from f itself: with W_{ij} the coefficient of s^i t^j, i!j!,
  // in exp(...), a student γ = h_4 of rows u has E[y h_4(u x)] = σ̂_4 Σ a*_i ⟨b*_i,u⟩⁴; polarised in
  // u = (b ± c)/|b ± c| this gives ⟨b*,b⟩²⟨b*,c⟩².
  const PrecisionScope precision(50);
  RandomStudent random("relu", "hermite(4)", {3, 3, 4}, 78);
  const ProblemValues<Real> problem = at_precision<Real>(random.problem());
  const Weights<Real> x = random.free_weights<Real>();
  const auto f = make_objective(FullLoss{}, problem, Constraint::sphere, 50);
  // -2 E[y h_4(u·x)] |u|⁴ is the slope of f in a at a = 0.
  const auto fourth = [&](const Vector<Real>& u) {
    const Weights<Real> one{Vector<Real>::Constant(1, Real(0)), u.transpose()};
    return Real(-f->value_and_gradient(one).gradient.a[0] / 2 * square(Real(u.squaredNorm())));
  };
  const Real root = sqrt(Real(24));
  Real pairs(0), singles(0), penalty(0);
  for (int j = 0; j < 3; ++j) {
    const Vector<Real> b = x.B.row(j).transpose();
    // h_4(u·x)|u|⁴ = W_4(u,x)/√24.
    singles += root * fourth(b);
    penalty += square(Real(b.squaredNorm() - 1));
    for (int k = 0; k < 3; ++k) {
      if (j == k) continue;
      const Vector<Real> c = x.B.row(k).transpose();
      // (s+t)⁴ + (s-t)⁴ - 2s⁴ - 2t⁴ = 12 s²t²
      pairs += root * (fourth(b + c) + fourth(b - c) - 2 * fourth(b) - 2 * fourth(c)) / 12;
    }
  }
  const Real by_gadgets = -(pairs / 2) + Real(2) * singles / 24 + Real(3) / 2 * penalty;
  const auto form =
      make_objective(parse_objective("penalty:mu=2,lambda=3/2"), problem, Constraint::free, 50);
  CHECK(abs(Real(form->value(x) - by_gadgets)) < Real("1e-44"));
}

TEST_CASE("With a*-weighted rows the whitened objective is the orthonormal one") {
  // c_ij = √a*_i ⟨b*_i, b_j⟩ turns N into ‖c_j‖² and the sums into those of weights 1/a*_i.
  const PrecisionScope precision(50);
  RandomStudent random("relu", "relu", {4, 3, 4}, 79);
  ProblemValues<Real> problem = at_precision<Real>(random.problem());
  for (Real& a : problem.teacher.a) a = abs(a) + Real(1) / 10;
  const Weights<Real> x = random.free_weights<Real>();
  Weights<Real> c{x.a, x.B * problem.teacher.B.transpose()};
  ProblemValues<Real> orthonormal = problem;
  orthonormal.teacher.B = Matrix<Real>::Identity(4, 4);
  for (int i = 0; i < 4; ++i) {
    c.B.col(i) *= Real(sqrt(problem.teacher.a[i]));
    orthonormal.teacher.a[i] = 1 / problem.teacher.a[i];
  }
  const Real whitened =
      make_objective(parse_objective("whitened:mu=1/5,lambda=2"), problem, Constraint::free, 50)
          ->value(x);
  const Real plain =
      make_objective(parse_objective("penalty:mu=1/5,lambda=2"), orthonormal, Constraint::free, 50)
          ->value(c);
  CHECK(abs(Real(whitened - plain)) < Real("1e-44"));
}

TEST_CASE("The constant is what the best student leaves") {
  const PrecisionScope precision(50);
  RandomStudent random("relu", "abs", {3, 2, 4}, 80);
  const ProblemValues<Interval> problem = at_precision<Interval>(random.problem());
  const Rational noise = random.problem().noise_variance;
  const auto constant = [&](const char* text, const char* student) {
    ProblemValues<Interval> p = problem;
    p.student.activation = parse_activation(student);
    return to_enclosure(
        make_objective(parse_objective(text), p, Constraint::sphere, 50)->constant(),
        Status::certified);
  };
  // ReLU's odd part is x/2, so an even student misses ‖B*ᵀa*‖²/4.
  Vector<Interval> mean = Vector<Interval>::Constant(4, Interval(0));
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 4; ++k) mean[k] += problem.teacher.a[i] * problem.teacher.B(i, k);
  Interval linear(0);
  for (const Interval& x : mean) linear += square(x) / 4;
  const Interval expected = linear + from_rational<Interval>(noise);
  CHECK(overlap(constant("f", "abs"), to_enclosure(expected, Status::certified)));
  CHECK(constant("f", "abs").error_bound < Real("1e-45"));
  CHECK(overlap(constant("f", "relu"),
                to_enclosure(from_rational<Interval>(noise), Status::certified)));

  // A student at the teacher, where every kept degree is matched, has nothing above the constant.
  random.problem().student = random.problem().teacher;
  const ProblemValues<Interval> at_teacher = at_precision<Interval>(random.problem());
  for (const char* text :
       {"f", "f_gamma:2,4", "f_gamma:0,1,2,3,6", "degree:4", "weights:1=2,2=3"}) {
    CAPTURE(text);
    const auto f = make_objective(parse_objective(text), at_teacher, Constraint::sphere, 50);
    const Weights<Interval> x{at_teacher.student.a, at_teacher.student.B};
    CHECK(contains_zero(to_enclosure(Interval(f->value(x) - f->constant()), Status::certified)));
  }
}

TEST_CASE("f_gamma is the sum of its degree terms, each from the tensors' Gram matrices") {
  const PrecisionScope precision(50);
  for (const auto& [teacher, student] : {std::pair{"relu", "relu"}, {"softplus", "tanh"}}) {
    RandomStudent random(teacher, student, {3, 4, 3}, 81);
    SeriesOptions options;
    options.max_degree = 6;
    options.digits = 40;
    const SeriesLoss series = population_loss_series(random.problem(), options);
    const PopulationLoss full = population_loss(random.problem(), 40);
    const ProblemValues<Interval> problem = at_precision<Interval>(random.problem());
    const Weights<Interval> x{problem.student.a, problem.student.B};
    const auto at_zero = [&](const char* text, const Weights<Interval>& w) {
      return make_objective(parse_objective(text), problem, Constraint::sphere, 45)->value(w);
    };
    // Above the value of a student that says nothing, f_γ has what its degrees contribute.
    Weights<Interval> nothing = x;
    for (Interval& a : nothing.a) a = 0;
    Interval expected = at_zero("f_gamma:1,2,4", nothing);
    for (const int k : {1, 2, 4}) {
      const DegreeTerm& term = series.degree_terms[static_cast<std::size_t>(k)];
      const auto weight = fmt::format("degree:{}", k);
      expected += to_interval(term.contribution) -
                  square(to_interval(*term.teacher_coefficient)) * at_zero(weight.c_str(), nothing);
      CHECK(overlap(*term.f_k, to_enclosure(at_zero(weight.c_str(), x), Status::certified)));
    }
    CHECK(overlap(to_enclosure(at_zero("f_gamma:1,2,4", x), Status::certified),
                  to_enclosure(expected, Status::certified)));
    CHECK(overlap(to_enclosure(at_zero("f", x), Status::certified), full.value));
  }
}

TEST_CASE("Permuted neurons and rotated networks have permuted and rotated derivatives") {
  const PrecisionScope precision(60);
  for_all_cases([&](const Case& c, RandomStudent& random) {
    ProblemValues<Real> problem = at_precision<Real>(random.problem());
    const Weights<Real> x = random.free_weights<Real>();
    const Weights<Real> v = random.random_direction<Real>();
    const auto before = make_objective(parse_objective(c.objective), problem, c.constraint, 25);
    // The reflection of a rational vector: orthogonal, with determinant -1.
    const Eigen::Index d = x.B.cols();
    Vector<Real> n(d);
    for (Eigen::Index k = 0; k < d; ++k) n[k] = Real(k + 2) / 3;
    const Matrix<Real> R =
        Matrix<Real>::Identity(d, d) - (2 / Real(n.squaredNorm())) * n * n.transpose();
    problem.teacher.B = problem.teacher.B * R;
    const auto turned = make_objective(parse_objective(c.objective), problem, c.constraint, 25);
    const auto changed = [&](const Weights<Real>& w) {
      return Weights<Real>{w.a.reverse(), (w.B * R).colwise().reverse(), w.c.reverse()};
    };
    const auto one = before->value_and_gradient(x), two = turned->value_and_gradient(changed(x));
    CHECK(abs(Real(one.value - two.value)) < Real("1e-50"));
    CHECK(test::distance(changed(one.gradient), two.gradient) < Real("1e-50"));
    CHECK(test::distance(changed(before->hessian_product(x, v)),
                         turned->hessian_product(changed(x), changed(v))) < Real("1e-50"));
  });
}

TEST_CASE("Euler: with free homogeneous rows, moving a and moving a row's length is the same") {
  const PrecisionScope precision(50);
  for (const auto& [name, degree] :
       {std::pair{"relu", 1}, {"abs", 1}, {"relu_power(3)", 3}, {"step", 0}}) {
    CAPTURE(name);
    RandomStudent random("relu", name, {3, 2, 4}, 82);
    const auto f =
        make_objective(FullLoss{}, at_precision<Real>(random.problem()), Constraint::free, 50);
    const Weights<Real> x = random.free_weights<Real>();
    const auto [value, gradient] = f->value_and_gradient(x);
    for (Eigen::Index i = 0; i < x.a.size(); ++i) {
      const Real radial = x.B.row(i).dot(gradient.B.row(i));
      CHECK(abs(Real(radial - degree * x.a[i] * gradient.a[i])) < Real("1e-46"));
    }
  }
}

TEST_CASE("On the sphere the derivatives are those along great circles") {
  const PrecisionScope precision(80);
  const Real h("1e-20");
  for_all_cases([&](const Case& c, RandomStudent& random) {
    const auto f = objective<Real>(c, random);
    const Weights<Real> x = random.unit_weights<Real>();
    const Freedom freedom{Constraint::sphere, true};
    const Weights<Real> v = tangential(x, random.random_direction<Real>(), freedom);
    const auto along_circle = [&](const Real& t) {
      Weights<Real> y = test::moved(x, t, v);
      for (Eigen::Index i = 0; i < x.B.rows(); ++i) {
        const Real speed = v.B.row(i).norm();
        y.B.row(i) =
            cos(Real(speed * t)) * x.B.row(i) + Real(sin(Real(speed * t)) / speed) * v.B.row(i);
      }
      return f->value(y);
    };
    const auto [value, gradient] = f->value_and_gradient(x);
    const Real ahead = along_circle(h), behind = along_circle(-h);
    CHECK(abs(Real(test::inner_product(tangential(x, gradient, freedom), v) -
                   (ahead - behind) / (2 * h))) < Real("1e-32"));
    const Weights<Real> product =
        riemannian_hessian_product(x, gradient, f->hessian_product(x, v), v, freedom);
    // 10^-80/h² of rounding.
    CHECK(abs(Real(test::inner_product(product, v) - (ahead - 2 * value + behind) / (h * h))) <
          Real("1e-30"));

    // The matrix on a basis: its Frobenius norm is that of P H P - (radial parts) P.
    const Matrix<Real> H = hessian_on_basis(x, gradient, f->hessian(x), freedom);
    Real trace(0);
    const Eigen::Index m = x.B.rows(), d = x.B.cols();
    const Eigen::Index size = m + m * d + x.c.size();
    for (Eigen::Index k = 0; k < size; ++k) {
      const Weights<Real> e =
          tangential(x, unflattened(Vector<Real>(Vector<Real>::Unit(size, k)), m, d), freedom);
      trace += test::inner_product(
          e, riemannian_hessian_product(x, gradient, f->hessian_product(x, e), e, freedom));
    }
    CHECK(H.rows() == size - m);
    CHECK(abs(Real(H.trace() - trace)) < Real("1e-66"));
  });
}

TEST_CASE("Nearly parallel rows: double keeps full relative accuracy of the tangential gradient") {
  // One student row at an angle of 2^-40 from the teacher's: the gradient is of that size.
  for (const double angle : {0x1p-20, 0x1p-40}) {
    CAPTURE(angle);
    const auto problem = [&](auto scalar) {
      using T = decltype(scalar);
      Matrix<T> b(1, 2), c(1, 2);
      b << T(1), T(0);
      c << T(1), T(angle);  // normalised by the objective
      const Activation relu = parse_activation("relu");
      return std::pair{ProblemValues<T>{{relu, Vector<T>::Constant(1, T(1)), b},
                                        {relu, Vector<T>::Constant(1, T(1)), c},
                                        T(0)},
                       Weights<T>{Vector<T>::Constant(1, T(1)), c}};
    };
    const auto derivatives = [&](auto scalar) {
      const auto [p, x] = problem(scalar);
      const auto f = make_objective(FullLoss{}, p, Constraint::sphere, 50);
      return std::pair{f->value_and_gradient(x).gradient.B(0, 1), f->hessian(x)(2, 2)};
    };
    const PrecisionScope precision(60);
    const auto fine = derivatives(Real(0));
    const auto coarse = derivatives(double(0));
    CHECK(std::abs(coarse.first / static_cast<double>(fine.first) - 1) < 1e-14);
    CHECK(std::abs(coarse.second / static_cast<double>(fine.second) - 1) < 1e-14);
  }
}

TEST_CASE(
    "Parallel rows: ReLU's Hessian is the limit, and the missing gradient of a step is named") {
  const PrecisionScope precision(40);
  const Activation relu = parse_activation("relu");
  for (const int sign : {1, -1}) {
    Matrix<Interval> b(1, 2);
    b << Interval(1), Interval(0);
    const ProblemValues<Interval> problem{{relu, Vector<Interval>::Constant(1, Interval(1)), b},
                                          {relu, Vector<Interval>::Constant(1, Interval(1)), b},
                                          Interval(0)};
    const auto f = make_objective(FullLoss{}, problem, Constraint::sphere, 40);
    Weights<Interval> x{Vector<Interval>::Constant(1, Interval(1)), b};
    if (sign < 0) x.B(0, 0) = -1;
    // f = 1 - 2κ(cos θ), with κ = cos θ/2 + O(θ³) at θ = 0 and O((π-θ)³) at θ = π.
    const auto inside = [](const Interval& interval, int value) {
      CHECK(lower(interval) <= value);
      CHECK(value <= upper(interval));
      CHECK(upper(interval) - lower(interval) < Real("1e-30"));
    };
    inside(f->hessian(x)(2, 2), sign > 0 ? 1 : 0);
    inside(f->value_and_gradient(x).gradient.B(0, 1), 0);
  }
  RandomStudent random("step", "step", {1, 1, 3}, 83);
  random.problem().student.B = random.problem().teacher.B;
  const auto f =
      make_objective(FullLoss{}, at_precision<Interval>(random.problem()), Constraint::sphere, 30);
  const Weights<Interval> x = random.unit_weights<Interval>();
  CHECK_NOTHROW(f->value(x));
  CHECK_THROWS_WITH_AS(
      f->value_and_gradient(x),
      "no gradient: student row 0 and teacher row 0 are parallel, where the kernel "
      "has no proven derivative",
      DomainError);
}

TEST_CASE("Weights of a wrong shape and zero rows are refused") {
  RandomStudent random("relu", "relu", {2, 3, 4}, 84);
  for (const char* text : {"f", "G:mu=1/20"}) {
    const auto f = make_objective(parse_objective(text), at_precision<double>(random.problem()),
                                  Constraint::free, 17);
    Weights<double> x = random.free_weights<double>();
    x.a.conservativeResize(2);
    CHECK_THROWS_AS(f->value(x), DomainError);
    CHECK_THROWS_AS(f->value({Vector<double>::Ones(1), Matrix<double>::Ones(1, 5)}), DomainError);
  }
  const auto f =
      make_objective(FullLoss{}, at_precision<double>(random.problem()), Constraint::free, 17);
  CHECK_THROWS_AS(f->value({Vector<double>::Ones(1), Matrix<double>::Zero(1, 4)}), DomainError);
  CHECK_THROWS_AS(
      f->value({Vector<double>::Ones(1), Matrix<double>::Ones(1, 4), Vector<double>::Ones(1)}),
      DomainError);
}
