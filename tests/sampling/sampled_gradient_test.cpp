#include <algorithm>
#include <cmath>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <boost/math/distributions/students_t.hpp>
#include <doctest/doctest.h>

#include <sigmahat/activation/weak_derivative.hpp>
#include <sigmahat/coefficients/table.hpp>
#include <sigmahat/gadget/gadget_gradient.hpp>
#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/sampling/batch_activation.hpp>
#include <sigmahat/sampling/sample_batches.hpp>
#include <sigmahat/sampling/stochastic_objective.hpp>

using namespace sigmahat;
using Eigen::Index;

namespace {

using Evaluation = StochasticObjective::Evaluation;

template <class T = double>
Matrix<T> gaussian(Index rows, Index columns, std::uint64_t seed, std::uint32_t stream = 7,
                   std::uint64_t first = 0) {
  Matrix<T> x(rows, columns);
  NormalStream(seed, stream)
      .fill(first, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns), x.data(),
            static_cast<std::size_t>(rows));
  return x;
}

NetworkValues<double> network(const std::string& activation, Index m, Index d, std::uint64_t seed) {
  Matrix<double> B = gaussian(m, d, seed);
  B.rowwise().normalize();
  const Vector<double> a = Vector<double>::LinSpaced(m, 0.75, 1.5);
  return {parse_activation(activation), a, std::move(B)};
}

struct Case {
  std::string objective, teacher, student;
  std::vector<int> center = {};
  bool biased = false;
  Index d = 4, m = 3;
  bool identity = false;             ///< teacher rows
  std::uint64_t center_samples = 0;  ///< none: what is subtracted is known

  ProblemValues<double> problem() const {
    ProblemValues<double> values{network(teacher, 2, d, 1), network(student, m, d, 2), 0.25};
    if (identity) {
      values.teacher.a = Vector<double>::Ones(d);
      values.teacher.B = Matrix<double>::Identity(d, d);
    }
    if (biased) {
      values.teacher.c = Vector<double>::LinSpaced(values.teacher.a.size(), -0.5, 0.25);
      values.student.c = Vector<double>::LinSpaced(m, -0.25, 0.5);
    }
    return values;
  }
  Constraint constraint() const { return center.empty() ? Constraint::free : Constraint::sphere; }
  std::unique_ptr<StochasticObjective> make(BatchSampling sampling) const {
    const ProblemValues<double> values = problem();
    sampling.center = center_samples == 0
                          ? label_degrees(values.teacher, center)
                          : estimated_label_degrees(values.teacher, values.noise_variance, center,
                                                    center_samples, sampling.seed, 1);
    return make_stochastic_objective(parse_objective(objective), values, constraint(), sampling);
  }
  Weights<double> point() const {
    const NetworkValues<double> start = problem().student;
    return {start.a, start.B, start.c};
  }
};

const std::vector<Case> cases{
    {"f", "relu", "relu"},
    {"f", "relu", "abs", {1}},
    {"f", "tanh", "tanh"},
    {"f", "relu", "relu", {}, true},
    {"f", "sigmoid", "sigmoid", {}, true},
    {"f", "gelu", "softplus"},
    {"f", "erf", "x^3-x"},
    {"f", "leaky_relu(1/10)", "hermite(3)", {0, 2}},
    {"f_gamma:2,4", "relu", "relu"},
    {"f_gamma:2,4", "relu", "relu", {0, 1}},
    {"f_gamma:1,3,4", "tanh", "relu", {0}},
    {"f_gamma:4", "relu", "relu", {0, 1, 2}},
    {"f", "relu", "relu", {}, false, 5, 3, true},
    {"f", "relu", "relu", {}, false, 2, 3, true},
};
/// Degree terms, of unit rows where labels are centred and of any others.
const std::vector<Case> of_degrees{
    {"degree:4", "relu", "relu"},
    {"degree:4", "relu", "relu", {0, 1, 2}},
    {"weights:2=1,4=1/2", "relu", "relu", {0, 1}},
    {"weights:0=1/4,1=-1/3,2=0,3=2", "max(x-1/2,0)", "relu", {2}},
    {"weights:1=1,3=1/5,7=1/10", "erf", "relu"},
    {"degree:1", "relu", "relu", {}, false, 5, 3, true},
};
const std::vector<Case> of_gadgets{
    {"G:mu=0.05", "relu", "relu"},
    {"gadget:s^2*t^2", "relu", "relu", {0}},
    {"G:mu=0.05", "relu", "relu", {0, 1, 2}},
    {"gadget:s*t+1/2", "relu", "relu", {0, 1}},
    {"penalty:mu=0.1,lambda=1", "relu", "relu"},
};

/// γ as the objective has it, and γ', one by one.
struct Point {
  double value, slope;
};
std::function<Point(double)> student_function(const Case& c) {
  const ObjectiveChoice choice = parse_objective(c.objective);
  const Activation gamma = parse_activation(c.student);
  if (const auto* designed = std::get_if<DesignedLoss>(&choice)) {
    std::vector<double> g;
    for (const auto& k : hermite_coefficients(gamma, *designed->degrees.rbegin(), 17).coefficients)
      g.push_back(designed->degrees.contains(static_cast<int>(g.size()))
                      ? from_enclosure<double>(k.enclosure)
                      : 0.0);
    return [g](double x) {
      // He_k / √k!, and h_k' = √k h_{k-1}.
      std::vector<double> h{1, x};
      for (std::size_t k = 2; k < g.size(); ++k) {
        const auto n = static_cast<double>(k);
        h.push_back((x * h[k - 1] - std::sqrt(n - 1) * h[k - 2]) / std::sqrt(n));
      }
      Point p{0, 0};
      for (std::size_t k = 0; k < g.size(); ++k) {
        p.value += g[k] * h[k];
        if (k > 0) p.slope += g[k] * std::sqrt(static_cast<double>(k)) * h[k - 1];
      }
      return p;
    };
  }
  const Activation derivative = *weak_derivative(gamma);
  return [=](double x) { return Point{gamma(x), derivative(x)}; };
}

/// The mean and its gradient from the contract alone, sample by sample in double, with the sums of
/// the absolute values of what is added.
struct Naive {
  Evaluation mean, magnitude;
  /// Samples so close to a kink that rounding may take the other side: what that can change.
  Weights<double> doubtful;
};

/// @param roundoff  of the arithmetic that is tested
Naive naive_evaluation(const Case& c, const Weights<double>& x, const Matrix<double>& inputs,
                       const Vector<double>& noise, double roundoff) {
  const ProblemValues<double> problem = c.problem();
  const LabelDegrees center = label_degrees(problem.teacher, c.center);
  const auto gamma = student_function(c);
  const std::vector<Rational> kinks = parse_activation(c.student).kinks();
  const bool kinked = parse_objective(c.objective).index() == 0 && !kinks.empty();
  const Index m = x.B.rows(), d = x.B.cols();
  const auto samples = static_cast<double>(inputs.rows());
  const Weights<double> zero{Vector<double>::Zero(m), Matrix<double>::Zero(m, d),
                             Vector<double>::Zero(x.c.size())};
  Naive result{{0, zero}, {0, zero}, zero};
  const Vector<double> removed = center(inputs), removed_magnitude = center(inputs).cwiseAbs();
  for (Index n = 0; n < inputs.rows(); ++n) {
    const Vector<double> input = inputs.row(n);
    double error = std::sqrt(problem.noise_variance) * noise[n] - removed[n];
    // Of degrees 1 and 2 the parts are larger than their sum.
    double magnitude = std::abs(noise[n]) + removed_magnitude[n] + center.constant.value_or(0);
    if (center.linear) magnitude += center.linear->cwiseAbs().dot(input.cwiseAbs());
    if (center.quadratic)
      magnitude += input.cwiseAbs().dot(center.quadratic->cwiseAbs() * input.cwiseAbs()) +
                   center.quadratic->diagonal().cwiseAbs().sum();
    const NetworkValues<double>& teacher = problem.teacher;
    for (Index j = 0; j < teacher.a.size(); ++j) {
      const double u = teacher.B.row(j).dot(input) + (c.biased ? teacher.c[j] : 0);
      error += teacher.a[j] * teacher.activation(u);
      magnitude += std::abs(teacher.a[j]) * (1 + std::abs(u));
    }
    std::vector<Point> points;
    std::vector<double> sizes;  // bounds |u|, |γ|, |γ'| and their derivatives
    for (Index j = 0; j < m; ++j) {
      const double u = x.B.row(j).dot(input) + (c.biased ? x.c[j] : 0);
      const double bound = x.B.row(j).cwiseAbs().dot(input.cwiseAbs()) + 1;
      points.push_back(gamma(u));
      // Every activation here is a polynomial of degree four or grows at most like x.
      sizes.push_back(4 * std::pow(bound, kinked ? 1 : 4));
      error -= x.a[j] * points.back().value;
      magnitude += std::abs(x.a[j]) * sizes.back();
    }
    result.mean.value += error * error / samples;
    result.magnitude.value += magnitude * magnitude / samples;
    for (Index j = 0; j < m; ++j) {
      const auto& [value, slope] = points[static_cast<std::size_t>(j)];
      const double size = sizes[static_cast<std::size_t>(j)];
      const double u = x.B.row(j).dot(input) + (c.biased ? x.c[j] : 0);
      const double scale = 2 / samples;
      result.mean.gradient.a[j] -= scale * error * value;
      result.mean.gradient.B.row(j) -= scale * error * x.a[j] * slope * input.transpose();
      const double product = scale * magnitude * size;
      result.magnitude.gradient.a[j] += product;
      result.magnitude.gradient.B.row(j) +=
          std::abs(x.a[j]) * product * input.cwiseAbs().transpose();
      const bool doubtful = kinked && std::abs(u) <= static_cast<double>(d + 3) * roundoff * size;
      const double jump = doubtful ? 2 * scale * std::abs(error * x.a[j]) : 0;
      result.doubtful.B.row(j) += jump * input.cwiseAbs().transpose();
      if (c.biased) {
        result.mean.gradient.c[j] -= scale * error * x.a[j] * slope;
        result.magnitude.gradient.c[j] += std::abs(x.a[j]) * product;
        result.doubtful.c[j] += jump;
      }
    }
  }
  const double offset = (center.constant ? *center.constant * *center.constant : 0) +
                        (center.linear ? center.linear->squaredNorm() : 0) +
                        (center.quadratic ? center.quadratic->squaredNorm() / 2 : 0);
  result.mean.value += offset;
  result.magnitude.value += offset;
  return result;
}

/// Relative to the magnitudes: every product and sum is rounded once, and no sum over samples has
/// more terms than a block, 256, in T; the activations add a few units.
double rounding_bound(const Case& c, double roundoff) {
  return roundoff * (256 + static_cast<double>(4 * (c.d + c.m)) + 40);
}

template <class T>
void check_against_contract(const Case& c, double roundoff) {
  CAPTURE(c.objective);
  CAPTURE(c.student);
  constexpr std::uint64_t batch = 600, seed = 5, iteration = 3;
  const FloatFormat format = sizeof(T) == 4 ? FloatFormat::float32 : FloatFormat::float64;
  Evaluation result;
  c.make({batch, seed, 0, format, {}, 2})->evaluate(iteration, c.point(), result);

  const auto inputs =
      gaussian<T>(batch, c.d, seed, SampleBatches<T>::input_stream, iteration * batch);
  const auto noise = gaussian<T>(batch, 1, seed, SampleBatches<T>::noise_stream, iteration * batch);
  const Naive naive = naive_evaluation(c, c.point(), inputs.template cast<double>(),
                                       noise.template cast<double>(), roundoff);
  const double bound = rounding_bound(c, roundoff);
  CHECK(std::abs(result.value - naive.mean.value) <= bound * naive.magnitude.value);
  const auto check = [&](const char* what, const Matrix<double>& value, const Matrix<double>& exact,
                         const Matrix<double>& allowed) {
    INFO(what, ": ", value, " for ", exact);
    REQUIRE(value.rows() == exact.rows());
    CHECK(((value - exact).cwiseAbs().array() <= allowed.array()).all());
  };
  const Weights<double>& magnitude = naive.magnitude.gradient;
  check("a", result.gradient.a, naive.mean.gradient.a, bound * magnitude.a + naive.doubtful.a);
  check("B", result.gradient.B, naive.mean.gradient.B, bound * magnitude.B + naive.doubtful.B);
  check("c", result.gradient.c, naive.mean.gradient.c, bound * magnitude.c + naive.doubtful.c);
}

/// Degree terms with the label's part from the estimators of the gadget module, pair by pair in
/// double, and the sums of the absolute values of what is added.
Naive naive_degree_terms(const Case& c, const Weights<double>& x, const Matrix<double>& inputs,
                         const Vector<double>& noise) {
  const ProblemValues<double> problem = c.problem();
  const NetworkValues<double>& teacher = problem.teacher;
  const Index m = x.B.rows(), d = x.B.cols(), N = inputs.rows();
  const LabelDegrees center = label_degrees(teacher, c.center);
  const Vector<double> labels = [&] {
    Matrix<double> u = inputs * teacher.B.transpose();
    teacher.activation.apply({u.data(), static_cast<std::size_t>(u.size())});
    return Vector<double>(u * teacher.a + std::sqrt(problem.noise_variance) * noise -
                          center(inputs));
  }();
  const auto samples = static_cast<double>(N);
  const Weights<double> zero{Vector<double>::Zero(m), Matrix<double>::Zero(m, d)};
  Naive result{{0, zero}, {0, zero}, zero};
  const auto add = [&](double term, double size) {
    result.mean.value += term;
    result.magnitude.value += size;
  };
  const ObjectiveChoice choice = parse_objective(c.objective);
  for (const auto& [k, weight] : std::get<DegreeLoss>(choice).weights) {
    const auto w = from_rational<double>(weight);
    for (Index i = 0; i < teacher.a.size(); ++i)
      for (Index j = 0; j < teacher.a.size(); ++j) {
        const double term =
            w * teacher.a[i] * teacher.a[j] * std::pow(teacher.B.row(i).dot(teacher.B.row(j)), k);
        add(term, std::abs(term));
      }
    for (Index i = 0; i < m; ++i)
      for (Index j = 0; j < m; ++j) {
        const double t = x.B.row(i).dot(x.B.row(j)), of_a = w * std::pow(t, k);
        const double slope = k == 0 ? 0 : w * k * std::pow(t, k - 1);
        add(x.a[i] * x.a[j] * of_a, std::abs(x.a[i] * x.a[j] * of_a));
        result.mean.gradient.a[i] += 2 * x.a[j] * of_a;
        result.magnitude.gradient.a[i] += 2 * std::abs(x.a[j] * of_a);
        const auto row = (2 * x.a[i] * x.a[j] * slope * x.B.row(j)).eval();
        result.mean.gradient.B.row(i) += row;
        result.magnitude.gradient.B.row(i) += row.cwiseAbs();
      }
    if (w == 0) continue;
    const Gadget gadget(MultivariatePolynomial::monomial({k}, 1), teacher.activation);
    for (Index j = 0; j < m; ++j) {
      const Matrix<double> b = x.B.row(j), u = inputs * b.transpose();
      const BoundGadget<double> phi(gadget, Matrix<double>(b * b.transpose()));
      const Vector<double> values = phi(u);
      const Matrix<double> rows = BoundGadgetGradient<double>(gadget, b)(inputs, u).front();
      result.mean.gradient.a[j] -= 2 * w / samples * labels.dot(values);
      result.mean.gradient.B.row(j) -= 2 * w * x.a[j] / samples * (labels.transpose() * rows);
      result.mean.value -= 2 * w * x.a[j] / samples * labels.dot(values);
      // Every monomial of the Wick polynomial at absolute values, ∂/∂b k monomials of that size.
      for (Index n = 0; n < N; ++n) {
        double size = 0;
        const double bound = 1 + b.cwiseAbs().row(0).dot(inputs.row(n).cwiseAbs());
        for (const auto& term : phi.terms())
          size += std::abs(term.coefficient) * std::pow(bound, term.exponents[0]);
        size *= 2 * std::abs(w) / samples * (std::abs(labels[n]) + 1 + inputs.row(n).squaredNorm());
        result.magnitude.gradient.a[j] += size;
        result.magnitude.value += std::abs(x.a[j]) * size;
        result.magnitude.gradient.B.row(j).array() +=
            std::abs(x.a[j]) * size * k * (b.array().abs() + inputs.row(n).array().abs());
      }
    }
  }
  return result;
}

/// Rows' parts along the rows of x taken away, where the rows are on the sphere.
Weights<double> allowed_directions(Weights<double> gradient, const Weights<double>& x,
                                   Constraint constraint) {
  if (constraint == Constraint::sphere)
    gradient.B -= Vector<double>(gradient.B.cwiseProduct(x.B).rowwise().sum()).asDiagonal() * x.B;
  return gradient;
}

bool same(const Evaluation& x, const Evaluation& y) {
  return x.value == y.value && x.gradient.a == y.gradient.a && x.gradient.B == y.gradient.B &&
         x.gradient.c == y.gradient.c;
}

}  // namespace

TEST_CASE("A batch's mean and gradient are those of the samples that the contract names") {
  for (const Case& c : cases) check_against_contract<double>(c, 0x1p-53);
}

TEST_CASE("In float they are those of the samples in float, within rounding") {
  for (const Case& c : cases) check_against_contract<float>(c, 0x1p-24);
}

TEST_CASE_TEMPLATE("Degree terms see the label through the estimators of the gadget module", T,
                   double, float) {
  const double roundoff = sizeof(T) == 4 ? 0x1p-24 : 0x1p-53;
  constexpr std::uint64_t batch = 600, seed = 5, iteration = 3;
  const FloatFormat format = sizeof(T) == 4 ? FloatFormat::float32 : FloatFormat::float64;
  for (const Case& c : of_degrees) {
    CAPTURE(c.objective);
    Evaluation result;
    const Weights<double> x = c.point();
    c.make({batch, seed, 0, format, {}, 2})->evaluate(iteration, x, result);
    const auto inputs =
        gaussian<T>(batch, c.d, seed, SampleBatches<T>::input_stream, iteration * batch);
    const auto noise =
        gaussian<T>(batch, 1, seed, SampleBatches<T>::noise_stream, iteration * batch);
    const Naive naive =
        naive_degree_terms(c, x, inputs.template cast<double>(), noise.template cast<double>());
    const double bound = rounding_bound(c, roundoff);
    CHECK(std::abs(result.value - naive.mean.value) <= bound * naive.magnitude.value);
    const Weights<double> sampled = allowed_directions(result.gradient, x, c.constraint());
    const Weights<double> expected = allowed_directions(naive.mean.gradient, x, c.constraint());
    const Weights<double>& magnitude = naive.magnitude.gradient;
    for (Index j = 0; j < c.m; ++j) {
      CHECK(std::abs(sampled.a[j] - expected.a[j]) <= bound * magnitude.a[j]);
      // A projection adds the part along the row, which is at most the whole row's length.
      CHECK((sampled.B.row(j) - expected.B.row(j)).norm() <= 2 * bound * magnitude.B.row(j).norm());
    }
  }
}

TEST_CASE("Biases of the student are nothing to degree terms") {
  const Case c{"degree:4", "relu", "relu"};
  ProblemValues<double> biased = c.problem();
  biased.student.c = Vector<double>::LinSpaced(c.m, -1, 1);
  BatchSampling sampling;
  sampling.batch = 100;
  Evaluation with, without;
  make_stochastic_objective(parse_objective(c.objective), biased, Constraint::free, sampling)
      ->evaluate(0, {biased.student.a, biased.student.B, biased.student.c}, with);
  c.make(sampling)->evaluate(0, c.point(), without);
  CHECK(with.value == without.value);
  CHECK(with.gradient.B == without.gradient.B);
  CHECK(with.gradient.c == Vector<double>::Zero(c.m));
}

TEST_CASE("The gradient is the derivative of the batch's mean") {
  std::vector<Case> all = cases;
  all.insert(all.end(), of_degrees.begin(), of_degrees.end());
  all.insert(all.end(), of_gadgets.begin(), of_gadgets.end());
  for (const Case& c : all) {
    CAPTURE(c.objective);
    CAPTURE(c.student);
    const auto objective = c.make({48, 9, 0, FloatFormat::float64, {}, 1});
    const Weights<double> x = c.point();
    const bool trains_a = is_squared_distance(parse_objective(c.objective));
    Weights<double> direction{gaussian(c.m, 1, 11), gaussian(c.m, c.d, 12),
                              gaussian(x.c.size(), 1, 13)};
    if (!trains_a) direction.a.setZero();
    Evaluation at, there;
    objective->evaluate(2, x, at);
    const double slope = at.gradient.a.dot(direction.a) +
                         at.gradient.B.cwiseProduct(direction.B).sum() +
                         at.gradient.c.dot(direction.c);
    double largest = 0;
    const auto value = [&](double h) {
      objective->evaluate(2, {x.a + h * direction.a, x.B + h * direction.B, x.c + h * direction.c},
                          there);
      largest = std::max(largest, std::abs(there.value));
      return there.value;
    };
    // Between kinks, and this close to the point there are none, a difference of step h is off by
    // a multiple of h²: that of h/2 by a third of what the two differ. The sums have 48 squares,
    // each of a few terms.
    const double h = 1e-4;
    const double coarse = (value(h) - value(-h)) / (2 * h);
    const double fine = (value(h / 2) - value(-h / 2)) / h;
    const double rounding = 0x1p-53 * 1000 * (1 + largest) / h;
    CHECK(std::abs(fine - slope) <= std::abs(coarse - fine) + rounding);
  }
}

TEST_CASE("The expectation is the exact objective, within the batches' standard error") {
  std::vector<Case> all{cases[0], cases[1], cases[3], cases[8], cases[9], cases[10]};
  // Not degree seven: 200 batches do not know the error of such tails to 5%.
  std::copy_if(of_degrees.begin(), of_degrees.end(), std::back_inserter(all),
               [](const Case& c) { return c.objective.find("7=") == std::string::npos; });
  all.insert(all.end(), of_gadgets.begin(), of_gadgets.end());
  // However rough the estimate of what is subtracted.
  const std::vector<Case> known = all;
  for (Case c : known) {
    c.center_samples = 100;
    if (!c.center.empty()) all.push_back(c);
  }
  constexpr int iterations = 200;
  // One in ten million for each of a few hundred entries.
  const double limit =
      boost::math::quantile(complement(boost::math::students_t(iterations - 1), 0.5e-7));
  for (const Case& c : all) {
    CAPTURE(c.objective);
    CAPTURE(c.student);
    CAPTURE(c.center_samples);
    const Weights<double> x = c.point();
    const auto exact =
        make_objective<double>(parse_objective(c.objective), c.problem(), c.constraint(), 17)
            ->value_and_gradient(x);
    Vector<double> expected(1 + c.m + c.m * c.d + x.c.size());
    const bool trains_a = is_squared_distance(parse_objective(c.objective));
    Weights<double> exact_gradient = allowed_directions(exact.gradient, x, c.constraint());
    if (!trains_a) exact_gradient.a.setZero();
    expected << exact.value, flattened(exact_gradient);
    Vector<double> errors_before;
    for (const std::uint64_t batch : {50, 400, 3200}) {
      CAPTURE(batch);
      const auto objective = c.make({batch, 21, 0, FloatFormat::float64, {}, 1});
      Vector<double> sum = Vector<double>::Zero(expected.size()), squares = sum;
      Evaluation result;
      for (std::uint64_t t = 0; t < iterations; ++t) {
        objective->evaluate(t, x, result);
        Vector<double> now(expected.size());
        now << result.value, flattened(allowed_directions(result.gradient, x, c.constraint()));
        now -= expected;
        sum += now;
        squares += now.cwiseAbs2();
      }
      const Vector<double> mean = sum / iterations;
      const Vector<double> errors =
          ((squares / iterations - mean.cwiseAbs2()) / (iterations - 1)).cwiseMax(0.0).cwiseSqrt();
      for (Index i = 0; i < mean.size(); ++i) {
        CAPTURE(i);
        // Entries that are zero in exact arithmetic have an error of rounding's size.
        CHECK(std::abs(mean[i]) <= limit * errors[i] + 1e-13 * (1 + std::abs(expected[i])));
      }
      // Eight times the samples: the root of eight in the error. 200 batches know an error to 5%.
      if (errors_before.size() > 0) {
        const double ratio = errors_before.norm() / errors.norm();
        CHECK(ratio > std::sqrt(8.0) * 0.75);
        CHECK(ratio < std::sqrt(8.0) * 1.33);
      }
      errors_before = errors;
    }
  }
}

TEST_CASE("Threads and earlier iterations change no bit") {
  std::vector<Case> all = cases;
  all.insert(all.end(), of_degrees.begin(), of_degrees.end());
  all.insert(all.end(), of_gadgets.begin(), of_gadgets.end());
  for (const Case& c : all)
    for (const FloatFormat format : {FloatFormat::float64, FloatFormat::float32})
      for (const std::uint64_t data_set : {0, 5000}) {
        CAPTURE(c.objective);
        CAPTURE(c.student);
        CAPTURE(data_set);
        Evaluation one, many;
        c.make({3001, 1, data_set, format, {}, 1})->evaluate(4, c.point(), one);
        for (const int threads : {2, 3}) {
          const auto used = c.make({3001, 1, data_set, format, {}, threads});
          for (const std::uint64_t t : {4, 9, 4}) {
            used->evaluate(t, c.point(), many);
            CHECK(same(one, many) == (t == 4));
          }
        }
      }
}

TEST_CASE("A pass over a data set takes every sample once") {
  for (const Case& c : {cases[0], cases[9], of_degrees[0], of_gadgets[0]}) {
    CAPTURE(c.objective);
    Evaluation whole, more, part;
    const auto all = c.make({100, 3, 100, FloatFormat::float64, {}, 1});
    all->evaluate(0, c.point(), whole);
    all->evaluate(7, c.point(), more);
    CHECK(same(whole, more));  // a full batch is one function
    c.make({1000, 3, 100, FloatFormat::float64, {}, 1})->evaluate(7, c.point(), more);
    CHECK(same(whole, more));
    // Ten batches of 30 are three passes, two of them cut inside a batch.
    const auto parts = c.make({30, 3, 100, FloatFormat::float64, {}, 1});
    double mean = 0;
    Matrix<double> gradient = Matrix<double>::Zero(c.m, c.d);
    std::vector<double> values;
    for (std::uint64_t t = 0; t < 10; ++t) {
      parts->evaluate(t, c.point(), part);
      values.push_back(part.value);
      mean += part.value / 10;
      gradient += part.gradient.B / 10;
    }
    const double rounding = 0x1p-53 * 1000 * (1 + std::abs(whole.value));
    CHECK(std::abs(mean - whole.value) <= rounding);
    CHECK((gradient - whole.gradient.B).cwiseAbs().maxCoeff() <= 100 * rounding);
    // Other orders in other passes, and the samples of fresh batches are others after n of them.
    std::sort(values.begin(), values.end());
    CHECK(std::unique(values.begin(), values.end()) == values.end());
  }
}

TEST_CASE("Centred labels take variance from the gradient") {
  // The talk's problem, smaller: the mean of the labels is pure noise to h_2 and h_4.
  const Case raw{"f_gamma:2,4", "relu", "relu", {}, false, 20, 20, true};
  Case centred = raw;
  centred.center = {0};
  const auto variance = [](const Case& c) {
    const auto objective = c.make({200, 4, 0, FloatFormat::float64, {}, 1});
    constexpr int iterations = 50;
    Matrix<double> sum = Matrix<double>::Zero(c.m, c.d);
    double squares = 0;
    Evaluation result;
    for (std::uint64_t t = 0; t < iterations; ++t) {
      objective->evaluate(t, c.point(), result);
      const Matrix<double> gradient =
          allowed_directions(result.gradient, c.point(), Constraint::sphere).B;
      sum += gradient;
      squares += gradient.squaredNorm();
    }
    return squares / iterations - (sum / iterations).squaredNorm();
  };
  CHECK(variance(centred) < 0.5 * variance(raw));
}

TEST_CASE_TEMPLATE("Slopes of batches are the derivative, values the activation", T, double,
                   float) {
  const double roundoff = sizeof(T) == 4 ? 0x1p-24 : 0x1p-53;
  for (const ActivationEntry& entry : activation_registry()) {
    const Activation activation = parse_activation(entry.example);
    CAPTURE(entry.example);
    const BatchActivation<T> batch(activation);
    const auto derivative = weak_derivative(activation);
    CHECK(batch.has_slopes() == derivative.has_value());
    const Matrix<T> u = gaussian<T>(333, 1, 3);
    Matrix<T> values = u;
    batch.values({values.data(), 333});
    for (Index i = 0; i < u.size(); ++i) {
      const double exact = activation(double{u(i)});
      const double magnitude =
          std::max({1.0, std::abs(exact), std::pow(std::abs(double{u(i)}), 4)});
      CHECK(std::abs(values(i) - exact) <= 40 * roundoff * magnitude);
    }
    if (!derivative) continue;
    Matrix<T> slopes = u, again(333, 1);
    batch.values_and_slopes({slopes.data(), 333}, {again.data(), 333});
    CHECK(again == values);
    for (Index i = 0; i < u.size(); ++i) {
      const double exact = (*derivative)(double{u(i)});
      const double magnitude =
          std::max({1.0, std::abs(exact), std::pow(std::abs(double{u(i)}), 4)});
      CHECK(std::abs(slopes(i) - exact) <= 40 * roundoff * magnitude);
    }
  }
}

TEST_CASE("What cannot be sampled without bias is refused") {
  const auto refuses = [](const Case& c, BatchSampling sampling = {}) {
    CAPTURE(c.objective);
    CHECK_THROWS_AS(c.make(sampling), InputError);
  };
  refuses({"f", "relu", "relu", {0}});  // the student has a mean of its own
  refuses({"f", "relu", "relu", {1}});
  refuses({"f_gamma:2,4", "relu", "relu", {2}});
  refuses({"f", "relu", "abs", {0}});
  refuses({"f", "relu", "abs", {1}, true});         // biases bring all degrees
  refuses({"f", "relu", "step"});                   // no derivative
  refuses({"degree:4", "relu", "relu", {}, true});  // biases of the teacher
  refuses({"degree:2", "relu", "relu", {0, 1, 2}});
  refuses({"weights:0=1,4=1", "relu", "relu", {0}});
  CHECK_THROWS_WITH_AS(Case({"weights:2=1,3=1", "relu", "relu"}).make({}),
                       doctest::Contains("degree 3 cannot be estimated from labels of relu"),
                       DomainError);
  CHECK_NOTHROW(Case({"weights:2=1,3=0", "relu", "relu", {0, 1}}).make({}));
  refuses({"gadget:s^2*t^2-t", "relu", "relu", {0, 1}});
  refuses({"gadget:s*t", "relu", "relu", {2}});
  refuses({"f", "relu", "relu"}, {0, 1, 0, FloatFormat::float64, {}, 1});

  // Free rows turn h_4 into a sum of degrees 4, 2 and 0; parity they keep.
  const Case c{"f_gamma:2,4", "relu", "relu"};
  BatchSampling sampling;
  sampling.center = label_degrees(c.problem().teacher, {0});
  const auto make = [&](Constraint constraint) {
    return make_stochastic_objective(parse_objective(c.objective), c.problem(), constraint,
                                     sampling);
  };
  CHECK_THROWS_AS(make(Constraint::free), InputError);
  CHECK_NOTHROW(make(Constraint::sphere));
  sampling.center = label_degrees(c.problem().teacher, {1});
  CHECK_NOTHROW(make(Constraint::free));
}

TEST_CASE("Weights that do not fit, and sums out of range, are errors") {
  const Case c = cases[0];
  const auto objective = c.make({64, 1, 0, FloatFormat::float32, {}, 1});
  Evaluation result;
  Weights<double> x = c.point();
  x.B.conservativeResize(c.m, c.d + 1);
  CHECK_THROWS_AS(objective->evaluate(0, x, result), DomainError);
  x = c.point();
  x.a.conservativeResize(c.m - 1);
  CHECK_THROWS_AS(objective->evaluate(0, x, result), DomainError);
  x = c.point();
  x.c = Vector<double>::Zero(c.m);
  CHECK_THROWS_AS(objective->evaluate(0, x, result), DomainError);
  x = c.point();
  x.B *= 1e25;
  CHECK_THROWS_AS(objective->evaluate(0, x, result), NumericalError);
}
