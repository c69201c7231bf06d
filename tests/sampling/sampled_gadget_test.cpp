#include <doctest/doctest.h>

#include <sigmahat/gadget/gadget_gradient.hpp>
#include <sigmahat/gadget/gadget_problem.hpp>
#include <sigmahat/gadget/gadget_variance.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/sampling/sampled_gadget.hpp>

using namespace sigmahat;

namespace {

constexpr int digits = 17;

/// A teacher of four neurons in R^3, two of them opposite, and vectors neither unit nor orthogonal.
struct Setting {
  Problem problem;
  NetworkValues<double> teacher;
  Matrix<double> vectors;
};

const Rational noise_variance(1, 4);
const double noise = 0.25;

Setting setting_of(const std::string& activation, std::size_t n) {
  Matrix<Rational> B(4, 3), vectors(3, 3);
  B << 3, 4, 0, 5, 0, 0, 0, 3, 4, -5, 0, 0;
  B /= Rational(5);
  vectors << Rational(1, 2), -1, Rational(1, 4), Rational(3, 4), Rational(1, 4), 1, 0,
      Rational(1, 2), Rational(-3, 4);
  const Problem problem{{parse_activation(activation),
                         {1, Rational(-1, 2), Rational(3, 4), Rational(1, 4)},
                         {WeightMatrix::Entries{B}}},
                        {parse_activation("linear"), {1, 1, 1}, {WeightMatrix::Entries{vectors}}},
                        noise_variance};
  GadgetProblem<double> values = gadget_problem<double>(problem, n);
  return {problem, std::move(values.teacher), std::move(values.vectors)};
}

SampleOptions samples(std::uint64_t count) {
  SampleOptions options;
  options.counts = {count};
  options.seed = 3;
  return options;
}

}  // namespace

TEST_CASE("Exact means and variances of gadgets agree with sampled ones, however they vary less") {
  const PrecisionScope precision(digits, 8);
  // Not of degree 4: the square of (y φ)² then has such tails that millions of samples do not know
  // the error of the sampled variance.
  struct Case {
    const char *activation, *polynomial;
  };
  for (const Case& c :
       {Case{"relu", "t^2"}, Case{"relu", "s*t"}, Case{"relu", "(t1 - t2)*t3 + 2*t2"},
        Case{"exp", "t"}, Case{"exp", "s*t - t^2"}, Case{"exp", "t1*t2*t3"}, Case{"tanh", "t^3"},
        Case{"1/3 + x - x^2/2 + x^3/5", "s^2*t"}}) {
    const Gadget gadget(parse_inner_product_polynomial(c.polynomial),
                        parse_activation(c.activation));
    const Setting setting = setting_of(c.activation, gadget.vectors());
    const GadgetVariance exact(gadget, setting.problem, digits);
    const double mean = expectation(
        gadget, setting.teacher.a, Matrix<double>(setting.teacher.B * setting.vectors.transpose()));
    for (const bool antithetic : {false, true})
      for (const std::vector<int>& centered : {std::vector<int>{}, {0}, {0, 1}, {0, 1, 2}}) {
        const bool biased = std::any_of(
            gadget.parts().begin(), gadget.parts().end(), [&](const Gadget::Part& part) {
              return std::count(centered.begin(), centered.end(), part.degree) > 0;
            });
        const GadgetSampling sampling{label_degrees(setting.teacher, centered), antithetic};
        CAPTURE(std::string(c.activation));
        CAPTURE(std::string(c.polynomial));
        CAPTURE(antithetic);
        CAPTURE(centered.size());
        if (biased) {
          CHECK_THROWS_AS(sample_gadget(setting.teacher, noise, gadget, setting.vectors,
                                        samples(1000), sampling),
                          DomainError);
          continue;
        }
        const SampledGadget sampled = sample_gadget(setting.teacher, noise, gadget, setting.vectors,
                                                    samples(400'000), sampling);
        const GadgetVariance::Result variance = exact.of({centered, antithetic});
        REQUIRE(variance.value);
        CHECK(std::abs(z_score(sampled.estimate[0], mean)) < 4);
        CHECK(std::abs(z_score(sampled.variance[0], from_enclosure<double>(*variance.value))) < 4);
      }
  }
}

TEST_CASE("Degrees of the labels estimated from samples of their own leave the mean alone") {
  const Setting setting = setting_of("relu", 2);
  const Gadget gadget(parse_inner_product_polynomial("s^2*t^2"), parse_activation("relu"));
  const double mean = expectation(gadget, setting.teacher.a,
                                  Matrix<double>(setting.teacher.B * setting.vectors.transpose()));
  const LabelDegrees known = label_degrees(setting.teacher, {0, 1, 2});
  // Rough on purpose: the mean must not care.
  for (const std::uint64_t pilot : {std::uint64_t{7}, std::uint64_t{200'001}}) {
    const LabelDegrees estimated =
        estimated_label_degrees(setting.teacher, noise, {0, 1, 2}, pilot, samples(2).seed, 0);
    const SampledGadget sampled = sample_gadget(setting.teacher, noise, gadget, setting.vectors,
                                                samples(400'000), {estimated});
    CAPTURE(pilot);
    CHECK(std::abs(z_score(sampled.estimate[0], mean)) < 4);
    if (pilot < 1000) continue;
    // Var[y (x xᵀ - I)_ab] <= E[y²(x_a x_b - δ_ab)²] < 16 here: four standard errors.
    const double tolerance = 4 * std::sqrt(16.0 / static_cast<double>(pilot));
    CHECK(std::abs(*estimated.constant - *known.constant) < tolerance);
    CHECK((*estimated.linear - *known.linear).cwiseAbs().maxCoeff() < tolerance);
    CHECK((*estimated.quadratic - *known.quadratic).cwiseAbs().maxCoeff() < tolerance);
  }
  // The same without the constant, which degree 2 needs on its way.
  const LabelDegrees alone = estimated_label_degrees(setting.teacher, 0, {2}, 1000, 1, 1);
  const LabelDegrees all = estimated_label_degrees(setting.teacher, 0, {0, 1, 2}, 1000, 1, 2);
  CHECK(alone.degrees() == std::vector<int>{2});
  CHECK(*alone.quadratic == *all.quadratic);
  CHECK_THROWS_AS(label_degrees(setting.teacher, {3}), DomainError);
}

TEST_CASE("What is taken out of the labels is their projection on those Hermite degrees") {
  const Setting setting = setting_of("exp", 1);
  const LabelDegrees removed = label_degrees(setting.teacher, {0, 1, 2});
  const Matrix<double> x = Matrix<double>::Random(5, 3);
  const double root_e = std::exp(0.5);  // exp has σ̂_k = √e/√k!
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    double expected = 0;
    for (Eigen::Index j = 0; j < 4; ++j) {
      const double u = setting.teacher.B.row(j).dot(x.row(i));
      expected += setting.teacher.a[j] * root_e * (1 + u + (u * u - 1) / 2);
    }
    CHECK(removed(x)[i] == doctest::Approx(expected).epsilon(1e-14));
  }
}

TEST_CASE("Sampled gradients of gadgets agree with that of the expectation") {
  const Setting setting = setting_of("relu", 2);
  const Gadget gadget(parse_inner_product_polynomial("s^2*t^2 - t^2"), parse_activation("relu"));
  const Matrix<double> exact =
      expectation_gradient(gadget, setting.teacher.a, setting.teacher.B, setting.vectors);
  for (const bool antithetic : {false, true}) {
    const GadgetSampling sampling{label_degrees(setting.teacher, {0, 1}), antithetic};
    const SampledGadgetGradient sampled = sample_gadget_gradient(
        setting.teacher, 0.25, gadget, setting.vectors, samples(400'000), sampling);
    for (Eigen::Index l = 0; l < 2; ++l) {
      const auto i = static_cast<std::size_t>(l);
      CHECK(std::abs(z_score(sampled.along[i], exact.row(l).norm())) < 4);
      for (Eigen::Index k = 0; k < 3; ++k)
        CHECK(std::abs(z_score(sampled.entries[i][static_cast<std::size_t>(k)], exact(l, k))) < 4);
    }
  }
}

TEST_CASE("The samples that a standard error takes") {
  CHECK(samples_for(2.0, 0.1) == 200);
  CHECK(samples_for(2.01, 0.1) == 201);
  CHECK(samples_for(2.0, 0.1, true) == 400);
  CHECK(samples_for(0, 0.1) == 1);
}
