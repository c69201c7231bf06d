#include <cmath>

#include <sigmahat/optimize/batch_noise.hpp>
#include <sigmahat/optimize/descent.hpp>
#include <sigmahat/optimize/manifold.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {

double batch_noise(const Objective<double>& objective, StochasticObjective& sampled,
                   const Weights<double>& x, const Freedom& freedom, std::uint64_t first,
                   int batches) {
  const Weights<double> exact = evaluate_at(objective, x, freedom).gradient;
  StochasticObjective::Evaluation batch;
  double squares = 0;
  for (int i = 0; i < batches; ++i) {
    sampled.evaluate(first + static_cast<std::uint64_t>(i), x, batch);
    Weights<double> difference = tangential(x, batch.gradient, freedom);
    add(difference, -1, exact);
    squares += inner(difference, difference);
  }
  return std::sqrt(squares / batches);
}

double noise_floor(double noise, double step, double momentum) {
  return step / (1 - momentum) * noise * noise / 4;
}

}  // namespace sigmahat
