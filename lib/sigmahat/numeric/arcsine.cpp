#include <algorithm>
#include <cmath>
#include <numbers>

#include <Eigen/Core>

#include <sigmahat/numeric/arcsine.hpp>

namespace sigmahat {
namespace {

/// Numbers looked at together: if all are small, the second square root is spared.
constexpr std::size_t chunk = 64;

inline double arcsine_polynomial(double z) {
  double value = arcsine_coefficients.back();
  for (std::size_t i = arcsine_coefficients.size() - 1; i-- > 0;)
    value = value * z + arcsine_coefficients[i];
  return value;
}

/// |x| <= 1/2.
void small_angles(std::size_t count, const double* x, double* arcsines, double* cosines) {
  for (std::size_t i = 0; i < count; ++i) {
    const double y = x[i], z = y * y;
    cosines[i] = std::sqrt((1 - y) * (1 + y));
    arcsines[i] = y + y * (z * arcsine_polynomial(z));
  }
}

/// asin y = π/2 - 2 asin(sqrt((1-y)/2)) brings y > 1/2 below it. 1 - y is exact there.
void all_angles(std::size_t count, const double* x, double* arcsines, double* cosines) {
  for (std::size_t i = 0; i < count; ++i) {
    const double y = std::min(std::abs(x[i]), 1.0);
    const bool steep = y > 0.5;
    const double z = steep ? 0.5 * (1 - y) : y * y;
    const double root = steep ? std::sqrt(z) : y;
    const double arc = root + root * (z * arcsine_polynomial(z));
    cosines[i] = std::sqrt((1 - y) * (1 + y));
    arcsines[i] = std::copysign(steep ? std::numbers::pi / 2 - 2 * arc : arc, x[i]);
  }
}

}  // namespace

void arcsines_and_cosines(std::size_t count, const double* x, double* arcsines, double* cosines) {
  for (std::size_t start = 0; start < count; start += chunk) {
    const std::size_t length = std::min(chunk, count - start);
    const double here =
        Eigen::Map<const Eigen::ArrayXd>(x + start, static_cast<Eigen::Index>(length))
            .abs()
            .maxCoeff();
    const auto angles = here > 0.5 ? all_angles : small_angles;
    angles(length, x + start, arcsines + start, cosines + start);
  }
}

}  // namespace sigmahat
