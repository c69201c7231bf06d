#include <cmath>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/sampling/moments.hpp>

namespace sigmahat {

Moments moments_of(const Eigen::Ref<const Vector<double>>& values) {
  const auto count = static_cast<double>(values.size());
  const double rough_mean = values.mean();
  const double mean = rough_mean + (values.array() - rough_mean).sum() / count;
  return {static_cast<std::uint64_t>(values.size()), mean, (values.array() - mean).square().sum()};
}

Moments combined(const Moments& x, const Moments& y) {
  const std::uint64_t count = x.count + y.count;
  if (count == 0) return {};
  const double difference = y.mean - x.mean;
  const double weight = static_cast<double>(y.count) / static_cast<double>(count);
  return {count, x.mean + weight * difference,
          x.squared_deviations + y.squared_deviations +
              difference * difference * weight * static_cast<double>(x.count)};
}

SampledMean sampled_mean(const Moments& moments) {
  const auto count = static_cast<double>(moments.count);
  const double error = std::sqrt(moments.squared_deviations / (count * (count - 1)));
  if (!std::isfinite(moments.mean) || !std::isfinite(error))
    throw NumericalError("a sampled value is out of the range of double");
  return {moments.count, moments.mean, error};
}

}  // namespace sigmahat
