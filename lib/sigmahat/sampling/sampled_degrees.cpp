#include <cmath>

#include <fmt/format.h>

#include <sigmahat/gadget/gadget.hpp>
#include <sigmahat/network/row_directions.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/sampling/sampled_degrees.hpp>

namespace sigmahat {
namespace {

std::vector<double> weights_of(const DegreeLoss& loss) {
  std::vector<double> w(static_cast<std::size_t>(loss.weights.rbegin()->first) + 1, 0.0);
  for (const auto& [k, weight] : loss.weights)
    w[static_cast<std::size_t>(k)] = from_rational<double>(weight);
  return w;
}

/// w_k/σ̂_k, 0 where there is no weight.
std::vector<double> over_coefficients(std::vector<double> w, const Activation& teacher) {
  std::vector<int> degrees;
  for (std::size_t k = 0; k < w.size(); ++k)
    if (w[k] != 0) degrees.push_back(static_cast<int>(k));
  const std::vector<HermiteCoefficient> coefficients = estimable_coefficients(teacher, degrees, 17);
  for (std::size_t i = 0; i < degrees.size(); ++i)
    w[static_cast<std::size_t>(degrees[i])] /= from_enclosure<double>(coefficients[i].enclosure);
  return w;
}

/// Σ w_k t^k and Σ w_k k t^{k-1} of every entry t, by Horner's rule.
void evaluate_polynomial(const std::vector<double>& w, const Matrix<double>& t,
                         Matrix<double>& values, Matrix<double>& slopes) {
  values.setZero(t.rows(), t.cols());
  slopes.setZero(t.rows(), t.cols());
  for (std::size_t k = w.size(); k-- > 0;) {
    slopes.array() = slopes.array() * t.array() + values.array();
    values.array() = values.array() * t.array() + w[k];
  }
}

/// Σ w_k ‖Σ a_i b_i^{⊗k}‖²
double squared_norm(const std::vector<double>& w, const NetworkValues<double>& network) {
  Matrix<double> values, slopes;
  evaluate_polynomial(w, network.B * network.B.transpose(), values, slopes);
  return network.a.dot(values * network.a);
}

}  // namespace

template <class T>
SampledDegrees<T>::SampledDegrees(const DegreeLoss& loss, const ProblemValues<double>& problem,
                                  Constraint constraint, const BatchSampling& sampling)
    : weights_(weights_of(loss)),
      teacher_(squared_norm(weights_, problem.teacher)),
      labels_(SampleBatches<T>(problem.teacher, problem.noise_variance, sampling),
              {.activation =
                   BatchActivation<T>(over_coefficients(weights_, problem.teacher.activation)),
               .biased = false,
               .homogeneous = constraint == Constraint::free},
              BatchMean::label_product, 0, sampling.threads) {
  require_unit_rows(problem.teacher, "teacher");
}

template <class T>
void SampledDegrees<T>::evaluate(std::uint64_t iteration, const Weights<double>& x,
                                 Evaluation& result) {
  if (x.c.size() == 0)
    labels_.evaluate(iteration, x, result);
  else
    labels_.evaluate(iteration, {x.a, x.B}, result);
  gram_.noalias() = x.B * x.B.transpose();
  evaluate_polynomial(weights_, gram_, values_, slopes_);
  const Vector<double> image = values_ * x.a;
  result.value += teacher_ + x.a.dot(image);
  result.gradient.a += 2 * image;
  slopes_ = x.a.asDiagonal() * slopes_ * x.a.asDiagonal();
  result.gradient.B.noalias() += 2 * slopes_ * x.B;
  result.gradient.c.setZero(x.c.size());
  if (!std::isfinite(result.value) || !result.gradient.a.allFinite() ||
      !result.gradient.B.allFinite())
    throw NumericalError(
        fmt::format("iteration {}: the student's tensors leave the range of float64", iteration));
}

template class SampledDegrees<float>;
template class SampledDegrees<double>;

}  // namespace sigmahat
