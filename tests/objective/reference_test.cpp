#include <doctest/doctest.h>

#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/objective/population_loss.hpp>

#include "../support/reference_data.hpp"

using namespace sigmahat;

TEST_CASE("The loss encloses the digits of two-dimensional quadrature, by kernels and by series") {
  const int digits = 50;
  const PrecisionScope precision(digits + 10);
  for (const test::ReferenceLoss& reference : test::reference_losses()) {
    CAPTURE(reference.problem);
    const Problem problem = parse_problem(reference.problem, "losses.json");
    const PopulationLoss loss = population_loss(problem, digits);
    CHECK(overlap(loss.value, reference.population_loss));
    SeriesOptions options;
    options.digits = digits;
    const SeriesLoss series = population_loss_series(problem, options);
    CHECK(overlap(series.value, reference.population_loss));
  }
}
