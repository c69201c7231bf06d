#include <doctest/doctest.h>

#include <sigmahat/gadget/gadget_gradient.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;

namespace {

Matrix<Real> random_matrix(Eigen::Index rows, Eigen::Index cols, test::RandomNumbers& random) {
  Matrix<Real> result(rows, cols);
  for (Real& x : result.reshaped()) x = Real(random.integer(-20, 20)) / random.integer(5, 9);
  return result;
}

Real phi(const Gadget& gadget, const Matrix<Real>& vectors, const Matrix<Real>& x) {
  const BoundGadget<Real> bound(gadget, Matrix<Real>(vectors * vectors.transpose()));
  return bound(Matrix<Real>(x * vectors.transpose()))[0];
}

}  // namespace

TEST_CASE("The gradient of a gadget and of its expectation are limits of differences") {
  // A central difference errs by h²/6 times a third derivative, here below 10^10, and by rounding,
  // 10^-60/h times the function.
  const PrecisionScope precision(60);
  const Real h = pow(Real(10), -20), tolerance = pow(Real(10), -28);
  test::RandomNumbers random(11);
  for (const char* text :
       {"t", "t^4", "s^2*t^2 - t^4/20", "s*t + s^3 - t^2", "t1^2*t2*t3 + t3^2"}) {
    const Gadget gadget(parse_inner_product_polynomial(text), parse_activation("exp"), 60);
    const auto n = static_cast<Eigen::Index>(gadget.vectors());
    const Matrix<Real> vectors = random_matrix(n, 3, random), x = random_matrix(2, 3, random);
    const Matrix<Real> B = random_matrix(2, 3, random);
    const Vector<Real> a = random_matrix(2, 1, random);
    const std::vector<Matrix<Real>> gradient =
        BoundGadgetGradient<Real>(gadget, vectors)(x, Matrix<Real>(x * vectors.transpose()));
    const Matrix<Real> of_mean = expectation_gradient(gadget, a, B, vectors);
    const auto mean = [&](const Matrix<Real>& at) {
      return expectation(gadget, a, Matrix<Real>(B * at.transpose()));
    };
    for (Eigen::Index l = 0; l < n; ++l)
      for (Eigen::Index i = 0; i < 3; ++i) {
        CAPTURE(text);
        CAPTURE(l);
        CAPTURE(i);
        Matrix<Real> up = vectors, down = vectors;
        up(l, i) += h;
        down(l, i) -= h;
        for (Eigen::Index sample = 0; sample < 2; ++sample) {
          const Matrix<Real> point = x.row(sample);
          const Real slope = (phi(gadget, up, point) - phi(gadget, down, point)) / (2 * h);
          CHECK(abs(Real(gradient[static_cast<std::size_t>(l)](sample, i) - slope)) < tolerance);
        }
        CHECK(abs(Real(of_mean(l, i) - (mean(up) - mean(down)) / (2 * h))) < tolerance);
      }
  }
}
