#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <tuple>

#include <boost/math/distributions/students_t.hpp>
#include <doctest/doctest.h>

#include <sigmahat/gadget/gadget.hpp>
#include <sigmahat/gadget/wick.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/make_objective.hpp>
#include <sigmahat/objective/sphere.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>
#include <sigmahat/sampling/sampled_objective.hpp>

using namespace sigmahat;
using Eigen::Index;

namespace {

using Terms = PolynomialTerms<double>;

Matrix<double> gaussian(Index rows, Index columns, std::uint64_t seed) {
  Matrix<double> x(rows, columns);
  NormalStream(seed, 7).fill(0, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns),
                             x.data(), static_cast<std::size_t>(rows));
  return x;
}

NetworkValues<double> unit_network(const std::string& activation, const Vector<double>& a,
                                   Index dimension, std::uint64_t seed) {
  Matrix<double> B = gaussian(a.size(), dimension, seed);
  B.rowwise().normalize();
  return {parse_activation(activation), a, std::move(B)};
}

Terms terms_of(const std::string& objective, const Activation& teacher) {
  return *polynomial_terms<double>(parse_objective(objective), teacher, 17);
}

/// Few samples with labels that are nobody's.
struct FewSamples {
  Matrix<double> inputs;
  Vector<double> labels;
  double offset = 0.375;

  FewSamples(Index count, Index dimension, std::uint64_t seed)
      : inputs(gaussian(count, dimension, seed)), labels(gaussian(count, 1, seed + 1)) {}
  Samples view() const { return {inputs, labels, offset}; }
};

/// A few random pair terms of total degree up to `degree`, and single ones.
Terms random_terms(int degree, bool even, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> factor(-2, 2);
  Terms terms;
  while (terms.pairs.size() < 5) {
    std::uniform_int_distribution<int> exponent(0, degree);
    const int alpha = exponent(random), beta = exponent(random);
    if (alpha + beta > degree || (even && (alpha + beta) % 2 != 0)) continue;
    terms.pairs.push_back({alpha, beta, factor(random)});
  }
  for (const int power : {0, 2, degree / 2 * 2}) terms.singles.push_back({power, factor(random)});
  return terms;
}

// ---- The same sum pair by pair, from the formulas of the gadget module
// ---------------------------

/// One polynomial of one or two rows with the sample's factor: labels themselves for degree 0,
/// labels less the offset for the others.
struct NaiveTerm {
  Gadget gadget;
  Rational factor;
  bool constant;
  std::vector<int> exponents;
};

class NaiveObjective {
 public:
  NaiveObjective(const Terms& terms, const Activation& activation) {
    for (const auto& p : terms.pairs) add({p.alpha, p.beta}, p.factor, activation);
    for (const auto& q : terms.singles) add({q.power}, q.factor, activation);
  }

  /// Of every sample, y φ in 40 digits.
  std::vector<Real> values(const FewSamples& samples, const Matrix<double>& B) const {
    std::vector<Real> sums(static_cast<std::size_t>(samples.labels.size()), Real(0));
    const Matrix<Real> rows = B.cast<Real>(), inputs = samples.inputs.cast<Real>();
    const Matrix<Real> gram = rows * rows.transpose(), projections = inputs * rows.transpose();
    for (const NaiveTerm& term : terms_)
      for (const std::vector<Index>& tuple : tuples(term, B.rows(), false)) {
        const auto n = static_cast<Index>(tuple.size());
        Matrix<Real> inner(n, n), u(inputs.rows(), n);
        for (Index j = 0; j < n; ++j) {
          u.col(j) = projections.col(tuple[static_cast<std::size_t>(j)]);
          for (Index k = 0; k < n; ++k)
            inner(j, k) =
                gram(tuple[static_cast<std::size_t>(j)], tuple[static_cast<std::size_t>(k)]);
        }
        const Vector<Real> phi = BoundGadget<Real>(term.gadget, inner)(u);
        for (Index i = 0; i < inputs.rows(); ++i) {
          const Real y(samples.labels[i]);
          sums[static_cast<std::size_t>(i)] += from_rational<Real>(term.factor) * phi[i] *
                                               (term.constant ? y : Real(y - samples.offset));
        }
      }
    return sums;
  }

  /// Σ over samples of the absolute values of all terms, the pairs j = k too, at the absolute
  /// values of rows and inputs: rounding errors are small multiples of it.
  double magnitude(const FewSamples& samples, const Matrix<double>& B) const {
    const Matrix<double> rows = B.cwiseAbs();
    const Matrix<double> gram = rows * rows.transpose();
    const Matrix<double> projections = samples.inputs.cwiseAbs() * rows.transpose();
    double sum = 0;
    for (const NaiveTerm& term : terms_)
      for (const std::vector<Index>& tuple : tuples(term, B.rows(), true)) {
        const WickVariables variables{tuple.size()};
        for (const Gadget::Part& part : term.gadget.parts()) {
          const double factor =
              std::abs(from_rational<double>(term.factor) * factor_of<double>(part));
          for (const auto& [exponents, coefficient] : part.wick.terms()) {
            double constant = factor * std::abs(from_rational<double>(coefficient));
            Vector<double> product = Vector<double>::Ones(samples.labels.size());
            for (std::size_t j = 0; j < tuple.size(); ++j) {
              product.array() *=
                  projections.col(tuple[j]).array().pow(exponents[variables.projection(j)]);
              for (std::size_t k = j; k < tuple.size(); ++k)
                constant *= std::pow(gram(tuple[j], tuple[k]), exponents[variables.gram(j, k)]);
            }
            sum += constant * product.dot(samples.labels.cwiseAbs() +
                                          Vector<double>::Constant(product.size(), samples.offset));
          }
        }
      }
    return sum;
  }

 private:
  void add(const std::vector<int>& exponents, double factor, const Activation& activation) {
    const int degree = std::accumulate(exponents.begin(), exponents.end(), 0);
    terms_.push_back({Gadget(MultivariatePolynomial::monomial(exponents, 1), activation, 40),
                      Rational(factor), degree == 0, exponents});
  }
  static std::vector<std::vector<Index>> tuples(const NaiveTerm& term, Index rows, bool all) {
    std::vector<std::vector<Index>> list;
    for (Index j = 0; j < rows; ++j) {
      if (term.exponents.size() == 1) {
        list.push_back({j});
        continue;
      }
      for (Index k = 0; k < rows; ++k)
        if (all || j != k) list.push_back({j, k});
    }
    return list;
  }

  std::vector<NaiveTerm> terms_;
};

/// Bounds the roundings that any one product of the sum passes through: those of an inner product
/// of d, once for each of at most `degree` factors and with a recurrence's step for each; of the
/// sums over rows and pairs of rows; of the sum over samples.
double rounding(Index samples, Index m, Index d, int degree) {
  const auto steps = static_cast<double>(samples + m * m + m + degree * (d + 8) + 40);
  return steps * 0x1p-53;
}

struct Kind {
  const char* teacher;
  int degree;
  bool even;
};
const Kind kinds[] = {{"relu", 8, true}, {"exp", 6, false}, {"max(x - 1/2, 0)", 7, false}};

/// The quantile that the largest of `count` t-scores, dependent or not, exceeds at most once in
/// 10^4 times.
double largest_t(Index count, double degrees_of_freedom) {
  const boost::math::students_t distribution(degrees_of_freedom);
  return boost::math::quantile(
      boost::math::complement(distribution, 0.5e-4 / static_cast<double>(count)));
}

}  // namespace

TEST_CASE("The factored sum is the sum of the gadget over pairs of rows, sample by sample") {
  const PrecisionScope precision(40);
  for (const Kind& kind : kinds)
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      CAPTURE(kind.teacher);
      CAPTURE(seed);
      // Few rows and many, so that either form of the second moment is used; blocks that are not
      // full, and more than one.
      const auto [m, d, count] = seed % 2 == 0 ? std::tuple{2, 5, 37} : std::tuple{4, 3, 300};
      const Activation activation = parse_activation(kind.teacher);
      const Terms terms = random_terms(kind.degree, kind.even, seed);
      const NaiveObjective naive(terms, activation);
      const FewSamples samples(count, d, 50 + seed);
      const Matrix<double> B = gaussian(m, d, 90 + seed);

      SampledObjective::Workspace work;
      SampledEvaluation result;
      SampledObjective(terms, activation)
          .evaluate(samples.view(), B, {false, false, true, false}, work, result);

      const std::vector<Real> values = naive.values(samples, B);
      Real sum(0), deviations(0);
      for (const Real& value : values) sum += value;
      const Real mean = sum / count;
      for (const Real& value : values) deviations += square(Real(value - mean));
      const double allowed =
          rounding(count, m, d, kind.degree) * naive.magnitude(samples, B) / count;
      CHECK(result.samples == static_cast<std::uint64_t>(count));
      CHECK(std::abs(static_cast<double>(Real(result.value - mean))) <= allowed);
      // Errors of the values move their deviation by no more than the errors' own root mean square,
      // which the sum of the magnitudes bounds.
      const auto error = static_cast<double>(Real(sqrt(Real(deviations / count / (count - 1)))));
      CHECK(std::abs(*result.standard_error - error) <= 2 * allowed);
    }
}

TEST_CASE("In float value and gradient are those in double, within the roundings of float") {
  constexpr double float_to_double = 0x1p29;  // of their units of rounding
  for (const Kind& kind : kinds)
    for (std::uint64_t seed = 21; seed <= 24; ++seed) {
      CAPTURE(kind.teacher);
      CAPTURE(seed);
      const auto [m, d, count] = seed % 2 == 0 ? std::tuple{2, 5, 37} : std::tuple{4, 3, 300};
      const Activation activation = parse_activation(kind.teacher);
      const Terms terms = random_terms(kind.degree, kind.even, seed);
      const NaiveObjective naive(terms, activation);
      const SampledObjective objective(terms, activation);
      FewSamples samples(count, d, 350 + seed);
      const Matrix<float> inputs = samples.inputs.cast<float>();
      const Vector<float> labels = samples.labels.cast<float>();
      samples.inputs = inputs.cast<double>();
      samples.labels = labels.cast<double>();
      const Matrix<double> B = gaussian(m, d, 390 + seed), D = gaussian(m, d, 490 + seed);

      SampledObjective::Workspace work;
      SampledEvaluation in_float, in_double;
      const SampledObjective::Wanted wanted{true, false, true, false};
      objective.evaluate(SamplesOf<float>{inputs, labels, samples.offset}, B, wanted, work,
                         in_float);
      objective.evaluate(samples.view(), B, wanted, work, in_double);
      const double unit = float_to_double * rounding(count, m, d, kind.degree) / count;
      const double allowed = unit * naive.magnitude(samples, B);
      CHECK(std::abs(in_float.value - in_double.value) <= allowed);
      CHECK(in_float.value != in_double.value);
      CHECK(std::abs(*in_float.standard_error - *in_double.standard_error) <= 2 * allowed);
      // A polynomial of positive coefficients at |B| + |D| is at least its derivative at |B| by
      // |D|.
      const double along = in_float.gradient.cwiseProduct(D).sum();
      CHECK(std::abs(along - in_double.gradient.cwiseProduct(D).sum()) <=
            unit * naive.magnitude(samples, B.cwiseAbs() + D.cwiseAbs()));
    }
}

TEST_CASE("The gradient is the derivative of the value on the same samples, exactly") {
  // Along a line the value is a polynomial of the degree of the terms: central differences over 2K
  // points with 2K at least that degree leave nothing but rounding.
  for (const Kind& kind : kinds)
    for (std::uint64_t seed = 11; seed <= 14; ++seed) {
      CAPTURE(kind.teacher);
      CAPTURE(seed);
      const auto [m, d, count] = seed % 2 == 0 ? std::tuple{2, 5, 37} : std::tuple{5, 3, 300};
      const Activation activation = parse_activation(kind.teacher);
      Terms terms = random_terms(kind.degree, kind.even, seed);
      const NaiveObjective naive(terms, activation);
      // The penalty's own rounding is far below the terms'.
      terms.lambda = 0.75;
      terms.norm = seed < 13 ? Terms::Norm::euclidean : Terms::Norm::teacher;
      const Matrix<double> root = gaussian(d, d, 400 + seed);
      const SampledObjective objective(terms, activation, root * root.transpose());
      const FewSamples samples(count, d, 150 + seed);
      const Matrix<double> B = gaussian(m, d, 190 + seed), D = gaussian(m, d, 290 + seed);
      SampledObjective::Workspace work;
      SampledEvaluation here, there;
      objective.evaluate(samples.view(), B, {true, false, false, false}, work, here);

      constexpr int K = 4;
      constexpr double h = 0.25;
      const double u = rounding(count, m, d, kind.degree) / count;
      const auto magnitude = [&](double t) {
        return naive.magnitude(samples, B.cwiseAbs() + std::abs(t) * D.cwiseAbs()) + 100 * count;
      };
      double slope = 0, allowed = u * magnitude(h) / h;
      double weight = 1;
      for (int k = 1; k <= K; ++k) {
        // (-1)^{k+1} K!²/(k (K-k)! (K+k)!)
        weight *= -static_cast<double>(K - k + 1) / (K + k);
        const double c = -weight / k;
        for (const int sign : {1, -1}) {
          objective.evaluate(samples.view(), B + sign * k * h * D, {false, false, false, false},
                             work, there);
          slope += sign * c * there.value / h;
        }
        allowed += 2 * std::abs(c) * u * magnitude(k * h) / h;
      }
      CAPTURE(slope);
      CHECK(std::abs(here.gradient.cwiseProduct(D).sum() - slope) <= allowed);
      CHECK(allowed <= 1e-6 * std::abs(slope));  // the test means something
    }
}

TEST_CASE(
    "At d = m = 50 value and gradient of 100000 samples are within their errors of the exact") {
  struct Case {
    const char* teacher;
    const char* objective;
  };
  constexpr Index width = 50;
  for (const auto& [teacher_activation, objective] : {
           Case{"relu", "G:mu=0.05"},
           {"relu", "penalty:mu=2,lambda=1/2"},
           {"relu", "whitened:mu=2,lambda=1/2"},
           {"relu", "gadget:s^2*t^2"},
           {"relu", "gadget:s^3*t"},
           {"relu", "gadget:2 - s*t + s^4/3"},
           {"abs", "gadget:s^4*t^2"},
           {"exp", "gadget:s^2*t"},
           {"exp", "gadget:s + t^3 - s^2*t^2"},
           {"erf", "gadget:s^2*t + s*t^2"},
       }) {
    CAPTURE(teacher_activation);
    CAPTURE(objective);
    NetworkValues<double> teacher =
        unit_network(teacher_activation, Vector<double>::LinSpaced(width, 0.5, 1.5), width, 3);
    const ProblemValues<double> problem{
        teacher, unit_network("relu", Vector<double>::Ones(width), width, 4), 0.25};
    const Matrix<double>& B = problem.student.B;
    const auto exact =
        make_objective<double>(parse_objective(objective), problem, Constraint::free, 17)
            ->value_and_gradient({problem.student.a, B});
    const SampledObjective sampled(terms_of(objective, teacher.activation), teacher.activation,
                                   second_moment(teacher));
    ObjectiveSampling sampling{100'000, 5};
    sampling.offset = sample_theorem(problem, 0, 0, {{1000}, 77, 0, {}}).key_lemma[0][0].mean;
    const SampledEvaluation result =
        sample_objective(teacher, problem.noise_variance, sampled, B, sampling);
    REQUIRE(result.standard_error);
    CAPTURE(result.value);
    CAPTURE(*result.standard_error);
    CAPTURE(exact.value);
    CHECK(std::abs(result.value - exact.value) <= 4 * *result.standard_error);

    const Matrix<double> z =
        (result.gradient - exact.gradient.B).array() / result.gradient_errors.array();
    // 100000 samples fill 390 blocks of 256.
    CHECK(z.cwiseAbs().maxCoeff() <= largest_t(z.size(), 389));
  }
}

TEST_CASE("The errors are those of the means: z-scores have variance one") {
  const Index m = 3, d = 4;
  const NetworkValues<double> teacher = unit_network("relu", Vector<double>::Ones(2), d, 21);
  const Matrix<double> B = gaussian(m, d, 22);
  const SampledObjective objective(terms_of("G:mu=0.3", teacher.activation), teacher.activation);
  const ProblemValues<double> problem{teacher, teacher, 0.1};
  const auto exact =
      make_objective<double>(parse_objective("G:mu=0.3"), problem, Constraint::free, 17)
          ->value_and_gradient({Vector<double>::Ones(m), B});
  // Blocks are of 4096 samples: 20 of them, 19 degrees of freedom, Var t = 19/17.
  constexpr int runs = 300, blocks = 20;
  std::vector<double> of_value, of_gradient;
  for (int run = 0; run < runs; ++run) {
    const SampledEvaluation result = sample_objective(
        teacher, 0.1, objective, B, {4096 * blocks, 100 + static_cast<std::uint64_t>(run)});
    of_value.push_back(square((result.value - exact.value) / *result.standard_error));
    const Matrix<double> z =
        (result.gradient - exact.gradient.B).array() / result.gradient_errors.array();
    of_gradient.push_back(z.squaredNorm() / static_cast<double>(z.size()));
  }
  const auto check_mean = [&](const std::vector<double>& values, double expected) {
    const Vector<double> x = Eigen::Map<const Vector<double>>(values.data(), runs);
    const double error = std::sqrt((x.array() - x.mean()).square().sum() / (runs * (runs - 1.0)));
    CAPTURE(x.mean());
    CAPTURE(error);
    CHECK(std::abs(x.mean() - expected) <= 4 * error);
    CHECK(error <= 0.15);
  };
  check_mean(of_value, 1);
  check_mean(of_gradient, 19.0 / 17);
}

TEST_CASE("Drawn samples are those of the contract") {
  // Sample i from (seed, i), labels by plain loops; also the samples that are left over of a block.
  const Index m = 3, d = 4, count = 5000;
  const NetworkValues<double> teacher =
      unit_network("relu", Vector<double>::LinSpaced(2, 1, 2), d, 31);
  const Matrix<double> B = gaussian(m, d, 32);
  const SampledObjective objective(terms_of("gadget:3 + s^2*t^2 - s*t^3", teacher.activation),
                                   teacher.activation);
  FewSamples samples(count, d, 1);
  NormalStream(33, 0).fill(0, count, d, samples.inputs.data(), count);
  Vector<double> noise(count);
  NormalStream(33, 1).fill(0, count, 1, noise.data(), count);
  samples.labels = std::sqrt(0.3) * noise;
  for (Index i = 0; i < count; ++i)
    for (Index l = 0; l < 2; ++l)
      samples.labels[i] +=
          teacher.a[l] * std::max(samples.inputs.row(i).dot(teacher.B.row(l)), 0.0);
  ObjectiveSampling sampling{count, 33};
  sampling.offset = samples.offset;
  sampling.wanted = {true, false, true, false};
  const SampledEvaluation drawn = sample_objective(teacher, 0.3, objective, B, sampling);
  SampledObjective::Workspace work;
  SampledEvaluation given;
  objective.evaluate(samples.view(), B, {true, false, true, false}, work, given);
  // Labels carry d + m* roundings more.
  const NaiveObjective naive(terms_of("gadget:3 + s^2*t^2 - s*t^3", teacher.activation),
                             teacher.activation);
  const double allowed = 2 * rounding(count, m, d, 4) * naive.magnitude(samples, B) / count;
  CHECK(std::abs(drawn.value - given.value) <= allowed);
  CHECK(std::abs(*drawn.standard_error - *given.standard_error) <= allowed);
  CHECK((drawn.gradient - given.gradient).cwiseAbs().maxCoeff() <= 4 * allowed);
}

TEST_CASE("Threads, other wishes and a used workspace change no bit") {
  const Activation relu = parse_activation("relu");
  const SampledObjective objective(terms_of("G:mu=0.05", relu), relu);
  const SampledObjective other(terms_of("gadget:s^4*t^2", relu), relu);
  const FewSamples samples(30'011, 7, 41);
  const Matrix<double> B = gaussian(9, 7, 42);
  SampledObjective::Workspace fresh, used;
  SampledEvaluation one, many, scrap;
  objective.evaluate(samples.view(), B, {true, false, true, true}, fresh, one, 1);
  other.evaluate(samples.view(), B.topRows(2), {true, false, true, true}, used, scrap, 2);
  for (const int threads : {2, 3, 5}) {
    CAPTURE(threads);
    objective.evaluate(samples.view(), B, {true, false, true, true}, used, many, threads);
    CHECK(one.value == many.value);
    CHECK(one.standard_error == many.standard_error);
    CHECK(one.gradient == many.gradient);
    CHECK(one.gradient_errors == many.gradient_errors);
  }
  objective.evaluate(samples.view(), B, {false, false, false, false}, used, many, 2);
  CHECK(many.gradient.size() == 0);
  CHECK_FALSE(many.standard_error);
  const NetworkValues<double> teacher = unit_network("relu", Vector<double>::Ones(4), 7, 43);
  const auto drawn = [&](int threads) {
    return sample_objective(teacher, 0.1, objective, B, {70'001, 6, threads});
  };
  const SampledEvaluation first = drawn(1), second = drawn(3);
  CHECK(first.value == second.value);
  CHECK(first.standard_error == second.standard_error);
  CHECK(first.gradient == second.gradient);
  CHECK(first.gradient_errors == second.gradient_errors);
}

TEST_CASE("On the sphere the gradient is the projection, and so are its errors' blocks") {
  const Activation relu = parse_activation("relu");
  const Index m = 4, d = 3, block = 4096;
  const Matrix<double> B = unit_network("relu", Vector<double>::Ones(m), d, 46).B;
  Terms terms = terms_of("penalty:mu=1,lambda=3", relu);
  const SampledObjective objective(terms, relu);
  const FewSamples samples(3 * block, d, 47);
  SampledObjective::Workspace work;
  SampledEvaluation projected, part;
  objective.evaluate(samples.view(), B, {true, true, false, true}, work, projected);
  // Block by block, by the Riemannian gradient of the objective module.
  std::vector<Matrix<double>> gradients;
  for (Index i = 0; i < 3; ++i) {
    const Matrix<double> inputs = samples.inputs.middleRows(i * block, block);
    const Vector<double> labels = samples.labels.segment(i * block, block);
    objective.evaluate({inputs, labels, samples.offset}, B, {}, work, part);
    gradients.push_back(tangential<double>({Vector<double>::Ones(m), B},
                                           {Vector<double>::Zero(m), part.gradient}, {})
                            .B);
  }
  const Matrix<double> mean = (gradients[0] + gradients[1] + gradients[2]) / 3;
  Matrix<double> squares = Matrix<double>::Zero(m, d);
  for (const Matrix<double>& gradient : gradients) squares += (gradient - mean).cwiseAbs2();
  const Matrix<double> errors = (squares / 6).cwiseSqrt();
  const double magnitude =
      NaiveObjective(terms, relu).magnitude(samples, B) / static_cast<double>(3 * block);
  const double u = rounding(block, m, d, 4);
  CHECK((projected.gradient - mean).cwiseAbs().maxCoeff() <= 8 * u * magnitude);
  CHECK((projected.gradient_errors - errors).cwiseAbs().maxCoeff() <= 16 * u * magnitude);
  CHECK(projected.gradient.cwiseProduct(B).rowwise().sum().cwiseAbs().maxCoeff() <=
        8 * u * magnitude);
  const GradientDistance distance = distance_from(projected, mean);
  CHECK(distance.distance <= 8 * u * magnitude * std::sqrt(static_cast<double>(m * d)));
  CHECK(distance.expected == doctest::Approx(errors.norm()));
}

TEST_CASE("The estimated second moment is the exact one within its error") {
  const Index d = 5, count = 200'000;
  const NetworkValues<double> teacher =
      unit_network("relu", Vector<double>::LinSpaced(4, -0.5, 2), d, 51);
  FewSamples samples(count, d, 52);
  samples.labels = (samples.inputs * teacher.B.transpose()).cwiseMax(0.0) * teacher.a;
  const Matrix<double> estimate = estimated_second_moment(samples.view(), teacher.activation);
  CHECK(estimate == estimate.transpose());
  const Matrix<double> exact = second_moment(teacher);
  // √2 σ̂_2 of ReLU.
  const double scale = std::sqrt(2.0) / (2 * std::sqrt(pi<double>()));
  for (Index i = 0; i < d; ++i)
    for (Index j = 0; j <= i; ++j) {
      CAPTURE(i);
      CAPTURE(j);
      const Vector<double> values =
          (samples.labels.array() - samples.offset) *
          (samples.inputs.col(i).array() * samples.inputs.col(j).array() - (i == j ? 1 : 0)) /
          scale;
      const double error =
          std::sqrt((values.array() - values.mean()).square().sum() /
                    (static_cast<double>(count) * (static_cast<double>(count) - 1)));
      CHECK(std::abs(estimate(i, j) - values.mean()) <=
            rounding(count, 1, 1, 2) * values.cwiseAbs().mean());
      CHECK(std::abs(estimate(i, j) - exact(i, j)) <= 4 * error);
    }
}

TEST_CASE("Subtracting the mean of the labels leaves less variance") {
  const NetworkValues<double> teacher = unit_network("relu", Vector<double>::Ones(6), 6, 61);
  const SampledObjective objective(terms_of("G:mu=0.05", teacher.activation), teacher.activation);
  const Matrix<double> B = unit_network("relu", Vector<double>::Ones(6), 6, 62).B;
  ObjectiveSampling sampling{50'000};
  const double plain = *sample_objective(teacher, 0, objective, B, sampling).standard_error;
  sampling.offset = expected_label(teacher);
  CHECK(sampling.offset == doctest::Approx(6 / std::sqrt(2 * pi<double>())).epsilon(1e-15));
  CHECK(*sample_objective(teacher, 0, objective, B, sampling).standard_error < 0.9 * plain);
}

TEST_CASE("Degrees that cannot be estimated are refused as the gadget refuses them") {
  const auto make = [](const char* teacher, const char* objective) {
    const Activation activation = parse_activation(teacher);
    SampledObjective(terms_of(objective, activation), activation);
  };
  const auto refusal = [](const char* teacher, const char* polynomial) -> std::string {
    try {
      Gadget(parse_inner_product_polynomial(polynomial), parse_activation(teacher));
    } catch (const DomainError& error) {
      return error.what();
    }
    return "accepted";
  };
  for (const auto& [teacher, polynomial] : {std::pair{"relu", "s^2*t"},
                                            {"erf", "s^2*t^2"},
                                            {"erf", "s*t^2 + 1"},
                                            {"quadratic", "s^2*t^2"}}) {
    const std::string expected = refusal(teacher, polynomial);
    CAPTURE(expected);
    CHECK(expected.find("cannot be estimated from labels of") != std::string::npos);
    CHECK_THROWS_WITH_AS(make(teacher, (std::string("gadget:") + polynomial).c_str()),
                         expected.c_str(), DomainError);
  }
  CHECK_THROWS_AS(make("erf", "G:mu=0.05"), DomainError);
  CHECK_THROWS_AS(make("relu", "gadget:s^20*t^14"), InputError);
  // A term that is multiplied by zero needs nothing.
  CHECK_NOTHROW(make("quadratic", "gadget:s*t + 0*s^3"));
}

TEST_CASE("Samples and rows that do not fit are refused") {
  const Activation relu = parse_activation("relu");
  const SampledObjective objective(terms_of("G:mu=0.05", relu), relu);
  SampledObjective::Workspace work;
  SampledEvaluation result;
  const auto run = [&](const Matrix<double>& inputs, const Vector<double>& labels,
                       const Matrix<double>& B, SampledObjective::Wanted wanted) {
    objective.evaluate({inputs, labels}, B, wanted, work, result);
  };
  const Matrix<double> inputs = gaussian(20, 3, 1), B = gaussian(2, 3, 2);
  const Vector<double> labels = gaussian(20, 1, 3);
  CHECK_NOTHROW(run(inputs, labels, B, {true, false, true, false}));
  CHECK_THROWS_WITH_AS(run(inputs, labels.head(19), B, {}), "20 inputs have 19 labels", InputError);
  CHECK_THROWS_WITH_AS(run(inputs.topRows(0), labels.head(0), B, {}), "there are no samples",
                       InputError);
  CHECK_THROWS_WITH_AS(run(inputs, labels, gaussian(2, 4, 2), {}),
                       "the student's B must be 2x3 (rows, inputs), not 2x4", InputError);
  CHECK_THROWS_WITH_AS(run(inputs, labels, B.topRows(0), {}), "the student has no rows",
                       InputError);
  CHECK_THROWS_WITH_AS(run(inputs.topRows(1), labels.head(1), B, {true, false, true, false}),
                       "a standard error needs at least 2 samples, not 1", InputError);
  CHECK_THROWS_WITH_AS(run(inputs, labels, B, {true, false, false, true}),
                       "standard errors of the gradient need at least 8192 samples, not 20",
                       InputError);
  CHECK_THROWS_AS(run(inputs, 1e300 * labels, 1e10 * B, {}), NumericalError);
  CHECK_THROWS_AS(SampledObjective(terms_of("whitened:mu=1,lambda=1", relu), relu), InputError);
  const SampledObjective whitened(terms_of("whitened:mu=1,lambda=1", relu), relu,
                                  Matrix<double>::Identity(4, 4));
  CHECK_THROWS_WITH_AS(whitened.evaluate({inputs, labels}, B, {}, work, result),
                       "the second moment must be 3x3 (inputs, inputs), not 4x4", InputError);
}

TEST_CASE("A progress callback counts the drawn samples and can stop the run") {
  const NetworkValues<double> teacher = unit_network("relu", Vector<double>::Ones(2), 3, 71);
  const SampledObjective objective(terms_of("G:mu=0.05", teacher.activation), teacher.activation);
  const Matrix<double> B = gaussian(2, 3, 72);
  ObjectiveSampling sampling{100'001};
  std::uint64_t last = 0;
  sampling.progress = [&](std::uint64_t done) {
    CHECK(done > last);
    last = done;
    return true;
  };
  sample_objective(teacher, 0, objective, B, sampling);
  CHECK(last == 100'001);
  int calls = 0;
  sampling.samples = 100'000'000'000;
  sampling.progress = [&](std::uint64_t) { return ++calls < 5; };
  CHECK_THROWS_AS(sample_objective(teacher, 0, objective, B, sampling), Interrupted);
  CHECK(calls == 5);
}
