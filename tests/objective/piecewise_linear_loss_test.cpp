#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include <doctest/doctest.h>

#include <sigmahat/kernel/dual_kernel.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/piecewise_linear_loss.hpp>
#include <sigmahat/objective/population_loss.hpp>

using namespace sigmahat;
using Eigen::Index;

namespace {

struct RandomWeights {
  Vector<double> a;
  Matrix<double> B;
};

struct Case {
  Activation teacher_activation, student_activation;
  RandomWeights teacher, student;
  double noise_variance = 1. / 8;

  PiecewiseLinearLoss loss(int threads = 1) const {
    return {
        {teacher_activation, teacher.a, teacher.B}, student_activation, noise_variance, threads};
  }
  LossGradient gradient() const { return loss().gradient(student.a, student.B, 1); }
};

RandomWeights random_weights(Index m, Index d, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  RandomWeights w{Vector<double>(m), Matrix<double>(m, d)};
  for (double& x : w.a) x = normal(random);
  for (double& x : w.B.reshaped()) x = normal(random);
  return w;
}

Case random_case(const char* teacher, const char* student, Index teacher_width, Index student_width,
                 Index d, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  return {parse_activation(teacher), parse_activation(student),
          random_weights(teacher_width, d, random), random_weights(student_width, d, random)};
}

/// The bounds that the header states.
struct Bounds {
  explicit Bounds(const Case& c)
      : unit(
            static_cast<double>(c.student.B.cols() + c.student.a.size() + c.teacher.a.size() + 10) *
            0x1p-53 * largest_slope(c) * largest_slope(c)),
        size(c.teacher.a.cwiseAbs().dot(c.teacher.B.rowwise().norm()) +
             c.student.a.cwiseAbs().dot(c.student.B.rowwise().norm())) {}

  static double largest_slope(const Case& c) {
    double slope = 0;
    for (const Activation* f : {&c.teacher_activation, &c.student_activation})
      for (const double x : {-1.0, 1.0}) slope = std::max(slope, std::abs((*f)(x)));
    return slope;
  }

  double value() const { return 6 * unit * size * size; }
  double of_a(double length) const { return 12 * unit * length * size; }
  double of_B(double a) const { return 12 * unit * std::abs(a) * size; }

  double unit, size;
};

/// Exactly these numbers.
Network network(const Activation& activation, const RandomWeights& w) {
  WeightMatrix::Entries entries{w.B.cast<Rational>()};
  return {activation, {w.a.begin(), w.a.end()}, {std::move(entries)}};
}

/// The gradient by the Stein identity of MATH.md 4, pair by pair, from the kernel and its
/// derivative:
///   ∂/∂b ‖b‖‖c‖κ(ρ) = (κ - ρκ')‖c‖ b/‖b‖ + κ' c.
/// The fast loss knows neither this kernel nor a κ' of an activation that is not even.
template <Scalar T>
struct SteinGradient {
  Vector<T> a;
  Matrix<T> B;

  explicit SteinGradient(const Case& c)
      : a(Vector<T>::Constant(c.student.a.size(), T(0))),
        B(Matrix<T>::Constant(c.student.B.rows(), c.student.B.cols(), T(0))) {
    const Rows student(c.student), teacher(c.teacher);
    add(student, student, *kernel(c.student_activation, c.student_activation), T(2));
    add(student, teacher, *kernel(c.teacher_activation, c.student_activation), T(-2));
  }

 private:
  struct Rows {
    std::vector<Vector<T>> rows, units;
    std::vector<T> lengths;
    Vector<T> a;

    explicit Rows(const RandomWeights& w) : a(w.a.cast<T>()) {
      using std::sqrt;
      for (Index i = 0; i < w.B.rows(); ++i) {
        rows.push_back(w.B.row(i).transpose().cast<T>());
        T sum(0);
        for (const T& x : rows.back()) sum += square(x);
        lengths.push_back(sqrt(sum));
        units.push_back(rows.back());
        for (T& x : units.back()) x = T(x / lengths.back());
      }
    }
  };

  static auto kernel(const Activation& sigma, const Activation& gamma) {
    return make_dual_kernel<T>(sigma, gamma, 40);
  }

  void add(const Rows& student, const Rows& others, const DualKernel<T>& kernel, const T& factor) {
    const bool itself = &student == &others;
    for (Index i = 0; i < a.size(); ++i)
      for (Index j = 0; j < others.a.size(); ++j) {
        const auto k = static_cast<std::size_t>(i), l = static_cast<std::size_t>(j);
        const Correlation<T> rho = itself && i == j
                                       ? Correlation<T>{T(1), T(0), T(2)}
                                       : correlation(student.units[k], others.units[l]);
        const KernelJet<T> jet = kernel.jet(rho);
        a[i] += factor * others.a[j] * student.lengths[k] * others.lengths[l] * jet.value;
        const T weight = factor * student.a[i] * others.a[j];
        const T along = weight * (jet.value - rho.rho * *jet.first) * others.lengths[l];
        const T across = weight * *jet.first;
        for (Index n = 0; n < B.cols(); ++n)
          B(i, n) += along * student.units[k][n] + across * others.rows[l][n];
      }
  }
};

double distance(double x, const Interval& y) {
  return static_cast<double>(upper(Interval(abs(Interval(Interval(x) - y)))));
}
double distance(double x, double y) {
  return std::abs(x - y);
}

template <Scalar T>
void check_gradient(const LossGradient& fast, const Case& c, double factor = 1) {
  const SteinGradient<T> exact(c);
  const Bounds bounds(c);
  for (Index i = 0; i < c.student.a.size(); ++i) {
    CAPTURE(i);
    REQUIRE(distance(fast.a[i], exact.a[i]) <= factor * bounds.of_a(c.student.B.row(i).norm()));
    double square = 0;
    for (Index k = 0; k < c.student.B.cols(); ++k)
      square += std::pow(distance(fast.B(i, k), exact.B(i, k)), 2);
    REQUIRE(std::sqrt(square) <= factor * bounds.of_B(c.student.a[i]));
  }
}

/// Value, gradient and the value beside it against 40 digits.
void check(const Case& c) {
  const LossGradient fast = c.gradient();
  const Problem problem{network(c.teacher_activation, c.teacher),
                        network(c.student_activation, c.student), Rational(c.noise_variance)};
  const Enclosure exact = population_loss(problem, 40).value;
  const PrecisionScope precision(60);
  const double bound = Bounds(c).value();
  CHECK(abs(Real(fast.value - exact.value)) + exact.error_bound <= bound);
  CHECK(abs(Real(c.loss().value(c.student.a, c.student.B, 1) - exact.value)) + exact.error_bound <=
        bound);
  check_gradient<Interval>(fast, c);
}

bool same_bits(const LossGradient& x, const LossGradient& y) {
  return x.value == y.value && x.a == y.a && x.B == y.B;
}

}  // namespace

TEST_CASE("The fast loss and its gradient keep to their bounds, held against 40 digits") {
  std::uint64_t seed = 0;
  for (const auto& [teacher, student] : {std::pair{"relu", "relu"},
                                         {"abs", "abs"},
                                         {"leaky_relu(1/10)", "leaky_relu(1/10)"},
                                         {"relu", "abs"},
                                         {"leaky_relu(-3)", "relu"},
                                         {"linear", "relu"},
                                         {"abs", "linear"}})
    for (const auto& [teacher_width, student_width, d] :
         {std::tuple{1, 1, 1}, {2, 3, 2}, {5, 1, 3}, {9, 17, 6}, {20, 8, 40}}) {
      CAPTURE(teacher);
      CAPTURE(student);
      CAPTURE(d);
      CAPTURE(++seed);
      check(random_case(teacher, student, teacher_width, student_width, d, seed));
    }
}

TEST_CASE("Rows that are nearly parallel or opposite cost no digits") {
  for (const char* activation : {"relu", "abs", "leaky_relu(1/10)"})
    for (int exponent = 1; exponent <= 18; ++exponent)
      for (const double factor : {1.0, -1.0, 2.5}) {
        CAPTURE(activation);
        CAPTURE(exponent);
        CAPTURE(factor);
        // The student's rows go along the teacher's, and two and two along each other.
        std::mt19937_64 random(static_cast<std::uint64_t>(exponent));
        Case c = random_case(activation, activation, 4, 8, 7, 11);
        const RandomWeights noise = random_weights(8, 7, random);
        for (Index i = 0; i < 8; ++i)
          c.student.B.row(i) =
              factor * c.teacher.B.row(i / 2) + std::pow(10.0, -exponent) * noise.B.row(i);
        check(c);
      }
}

TEST_CASE("Exactly parallel and opposite rows have the right gradient") {
  for (const char* activation : {"relu", "abs", "leaky_relu(1/10)"}) {
    CAPTURE(activation);
    Case c = random_case(activation, activation, 4, 6, 5, 12);
    c.student.B.topRows(4) = c.teacher.B;
    c.student.B.row(2) *= -1;
    c.student.B.row(3) *= -4;
    c.student.B.row(4) = c.student.B.row(5);
    check(c);
  }
}

TEST_CASE("A student that equals its teacher leaves the noise up to rounding") {
  for (const char* activation : {"relu", "abs", "leaky_relu(1/10)"})
    for (const Index d : {1, 3, 10, 60}) {
      CAPTURE(activation);
      CAPTURE(d);
      Case c = random_case(activation, activation, 50, 50, d, 13);
      c.student = c.teacher;
      c.student.B.rowwise().reverseInPlace();
      c.teacher.B.rowwise().reverseInPlace();
      const Bounds bounds(c);
      const LossGradient fast = c.gradient();
      CHECK(std::abs(fast.value - c.noise_variance) <= bounds.value());
      for (Index i = 0; i < 50; ++i) {
        CHECK(std::abs(fast.a[i]) <= bounds.of_a(c.student.B.row(i).norm()));
        CHECK(fast.B.row(i).norm() <= bounds.of_B(c.student.a[i]));
      }
    }
}

TEST_CASE("Many tiles: the pairs are the same as one by one") {
  for (const auto& [teacher_width, student_width] :
       {std::pair{130, 129}, {700, 300}, {515, 1100}, {3, 1025}, {600, 7}}) {
    CAPTURE(teacher_width);
    CAPTURE(student_width);
    const Case c = random_case("leaky_relu(1/10)", "relu", teacher_width, student_width, 3, 14);
    const LossGradient fast = c.gradient();
    // The other side is as far from the truth.
    check_gradient<double>(fast, c, 2);
    const Bounds bounds(c);
    CHECK(std::abs(fast.value - c.loss().value(c.student.a, c.student.B, 1)) <= 2 * bounds.value());
    // Both by Euler's identity: f is quadratic in a, and of degree one in each row of its terms.
    double from_a = 0, from_B = 0;
    for (Index i = 0; i < student_width; ++i) {
      from_a += c.student.a[i] * fast.a[i];
      from_B += c.student.B.row(i).dot(fast.B.row(i));
    }
    CHECK(std::abs(from_a - from_B) <= 24 * bounds.unit * bounds.size * bounds.size);
  }
}

TEST_CASE("The number of threads changes no bit, nor does a used workspace") {
  PiecewiseLinearLoss::Workspace work;
  LossGradient result;
  for (const auto& [teacher_width, student_width, d] :
       {std::tuple{700, 1100, 20}, {300, 500, 40}, {40, 30, 20}}) {
    const Case c = random_case("relu", "relu", teacher_width, student_width, d, 15);
    const LossGradient alone = c.gradient();
    const double value = c.loss().value(c.student.a, c.student.B, 1);
    for (const int threads : {2, 3, 7, 0}) {
      CAPTURE(threads);
      c.loss(threads).gradient(c.student.a, c.student.B, work, result, threads);
      CHECK(same_bits(result, alone));
      CHECK(c.loss(threads).value(c.student.a, c.student.B, threads) == value);
    }
  }
}

TEST_CASE("A zero row has a loss, that without it, and no gradient") {
  Case c = random_case("relu", "relu", 3, 4, 5, 16);
  c.student.B.row(3).setZero();
  const PiecewiseLinearLoss loss = c.loss();
  CHECK(std::abs(loss.value(c.student.a, c.student.B) -
                 loss.value(c.student.a.head(3), c.student.B.topRows(3))) <= Bounds(c).value());
  CHECK_THROWS_WITH_AS(loss.gradient(c.student.a, c.student.B),
                       "row 3 of the student is zero: the loss has no gradient there", DomainError);
}

TEST_CASE("The tangential gradient is orthogonal to its row and the rest is along it") {
  std::mt19937_64 random(17);
  const RandomWeights w = random_weights(6, 9, random);
  const Matrix<double> gradient = random_weights(6, 9, random).B;
  Matrix<double> tangential = gradient;
  project_to_tangent(w.B, tangential);
  for (Index i = 0; i < 6; ++i) {
    const double scale = w.B.row(i).norm() * gradient.row(i).norm();
    CHECK(std::abs(tangential.row(i).dot(w.B.row(i))) <= 40 * 0x1p-53 * scale);
    const Eigen::RowVectorXd rest = gradient.row(i) - tangential.row(i);
    CHECK(std::abs(std::abs(rest.dot(w.B.row(i))) - rest.norm() * w.B.row(i).norm()) <=
          40 * 0x1p-53 * scale);
  }
}

TEST_CASE("What the fast loss cannot do it refuses") {
  const Case c = random_case("relu", "relu", 3, 4, 5, 18);
  for (const char* name : {"tanh", "step", "relu_power(2)", "max(x - 1/2, 0)", "max(x, 0) + 1"}) {
    CAPTURE(name);
    Case other = c;
    other.student_activation = parse_activation(name);
    CHECK_THROWS_AS(other.loss(), DomainError);
  }
  const PiecewiseLinearLoss loss = c.loss();
  CHECK_THROWS_AS(loss.value(c.student.a.head(3), c.student.B), InputError);
  CHECK_THROWS_AS(loss.value(c.student.a, c.student.B.leftCols(4)), InputError);
  for (const double wrong : {1e-120, 1e-200, 1e120, std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN()}) {
    CAPTURE(wrong);
    Matrix<double> B = c.student.B;
    B.row(1) *= wrong;
    CHECK_THROWS_AS(loss.value(c.student.a, B), InputError);
  }
  CHECK_THROWS_AS(loss.value(c.student.a * std::numeric_limits<double>::infinity(), c.student.B),
                  InputError);
  CHECK_THROWS_AS(loss.value(c.student.a * 1e200, c.student.B), NumericalError);
  Case noisy = c;
  noisy.noise_variance = -1;
  CHECK_THROWS_AS(noisy.loss(), InputError);
}
