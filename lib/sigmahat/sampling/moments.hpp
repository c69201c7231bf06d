#pragma once

#include <cstdint>

#include <sigmahat/numeric/matrix.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>

namespace sigmahat {

/// Count, mean and sum of squared deviations from the mean. Internal: not installed.
struct Moments {
  std::uint64_t count = 0;
  double mean = 0;
  double squared_deviations = 0;
};

/// Corrected two-pass algorithm (Chan, Golub, LeVeque, Am. Stat. 37, 1983): equal values have no
/// deviation at all.
Moments moments_of(const Eigen::Ref<const Vector<double>>& values);

/// Moments of both sets together (ibid.); one of them may be empty.
Moments combined(const Moments& x, const Moments& y);

/// Throws NumericalError where a value was out of the range of double.
SampledMean sampled_mean(const Moments& moments);

}  // namespace sigmahat
