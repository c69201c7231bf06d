#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include <boost/math/distributions/normal.hpp>
#include <fmt/format.h>

#include <sigmahat/landscape/minima.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/optimize/gradient_descent.hpp>
#include <sigmahat/optimize/gradient_flow.hpp>
#include <sigmahat/optimize/lbfgs.hpp>
#include <sigmahat/optimize/stochastic.hpp>
#include <sigmahat/optimize/trust_region.hpp>

namespace sigmahat {
namespace {

constexpr std::array methods{
    std::pair{SearchMethod::flow, std::string_view("flow")},
    std::pair{SearchMethod::gradient_descent, std::string_view("gd")},
    std::pair{SearchMethod::lbfgs, std::string_view("lbfgs")},
    std::pair{SearchMethod::trust_region, std::string_view("trust-region")},
    std::pair{SearchMethod::sgd, std::string_view("sgd")}};

/// Newton's method is tried once the gradient's norm has fallen to this share of that at the start,
/// and again when it has fallen to a third since.
constexpr double first_trial = 1e-2;
constexpr double next_trial = 0.3;

std::unique_ptr<DescentMethod> make_descent(const Objective<double>& objective,
                                            Weights<double> start, const SearchOptions& options) {
  switch (options.method) {
    case SearchMethod::flow:
    case SearchMethod::sgd:
      return std::make_unique<GradientFlow>(objective, std::move(start), options.freedom,
                                            options.flow_accuracy);
    case SearchMethod::gradient_descent:
      return std::make_unique<GradientDescent>(objective, std::move(start), options.freedom,
                                               options.step);
    case SearchMethod::lbfgs:
      return std::make_unique<LimitedMemoryBfgs>(objective, std::move(start), options.freedom);
    case SearchMethod::trust_region:
      return std::make_unique<TrustRegion>(objective, std::move(start), options.freedom);
  }
  throw InputError("no such search");
}

bool lead_to_the_same_point(const Refinement& refinement) {
  return refinement.converged && refinement.positive_definite;
}

CriticalPoint point_of(const DescentMethod& method) {
  return {method.current().x, method.current().value, method.gradient_norm()};
}

/// Advances until an outcome is certain.
/// @param trial  Newton's method is tried at gradients below
SearchEnd descend(const Objective<double>& objective, DescentMethod& method,
                  const SearchOptions& options, double trial) {
  const auto end = [&](SearchOutcome outcome, CriticalPoint point) {
    return SearchEnd{outcome, std::move(point), method.evaluations()};
  };
  const auto refine = [&] {
    return refine_critical_point(objective, method.current().x, options.freedom, options.tolerance,
                                 Refine::minima);
  };
  for (;;) {
    const double gradient_norm = method.gradient_norm();
    if (gradient_norm <= std::max(trial, options.tolerance)) {
      Refinement refinement = refine();
      if (lead_to_the_same_point(refinement))
        return end(SearchOutcome::minimum, std::move(refinement.point));
      trial = next_trial * gradient_norm;
    }
    if (gradient_norm <= options.tolerance) return end(SearchOutcome::flat, point_of(method));
    if (method.evaluations() >= options.most_evaluations)
      return end(SearchOutcome::spent, point_of(method));
    switch (method.advance()) {
      case Move::done:
        break;
      case Move::none: {
        Refinement refinement = refine();
        return lead_to_the_same_point(refinement)
                   ? end(SearchOutcome::minimum, std::move(refinement.point))
                   : end(SearchOutcome::stalled, point_of(method));
      }
      case Move::diverged:
        return end(SearchOutcome::diverged, point_of(method));
    }
  }
}

/// From here on the exact objective.
/// @param trial  as a share of the gradient's norm at the start
SearchEnd descend_from(const Objective<double>& objective, Weights<double> start,
                       const SearchOptions& options, double trial) {
  const std::unique_ptr<DescentMethod> method = make_descent(objective, std::move(start), options);
  try {
    return descend(objective, *method, options, trial * method->gradient_norm());
  } catch (const DomainError&) {
    // A row has come to zero, where the objective has no gradient.
    return {SearchOutcome::diverged, point_of(*method), method->evaluations()};
  }
}

/// The iterations from `first` on as if they were the first.
class LaterBatches final : public StochasticObjective {
 public:
  LaterBatches(StochasticObjective& all, std::uint64_t first) : all_(all), first_(first) {}
  void evaluate(std::uint64_t iteration, const Weights<double>& x, Evaluation& result) override {
    all_.evaluate(first_ + iteration, x, result);
  }
  std::uint64_t batch() const override { return all_.batch(); }

 private:
  StochasticObjective& all_;
  std::uint64_t first_;
};

SearchEnd descend_stochastically(const Objective<double>& objective, Weights<double> start,
                                 const SearchOptions& options, std::uint64_t run) {
  const SgdOptions& sgd = options.sgd;
  const std::unique_ptr<StochasticObjective> batches = sgd.batches();
  LaterBatches of_run(*batches, run * sgd.iterations);
  StochasticDescent method(of_run, std::move(start), options.freedom, sgd.step, sgd.iterations,
                           sgd.momentum);
  const auto diverged = [&] {
    return SearchEnd{
        SearchOutcome::diverged,
        {method.weights(), method.last_loss(), std::numeric_limits<double>::infinity()},
        method.iteration()};
  };
  while (method.iteration() < sgd.iterations)
    if (method.advance() != Move::done) return diverged();
  try {
    SearchEnd end = descend_from(objective, method.weights(), options, /*trial=*/1);
    end.evaluations += sgd.iterations;
    return end;
  } catch (const InputError&) {
    return diverged();  // to where the exact objective has no value
  }
}

/// Throws InputError where the samples of all searches are more than a stream has.
void require_enough_samples(const SearchOptions& options, std::uint64_t runs) {
  if (options.method != SearchMethod::sgd) return;
  const std::uint64_t batch = std::max<std::uint64_t>(options.sgd.batches()->batch(), 1);
  const std::uint64_t iterations = std::max<std::uint64_t>(options.sgd.iterations, 1);
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  if (runs > most / batch / iterations)
    throw InputError(fmt::format("{} searches of {} batches of {} samples: more than 2^63 samples",
                                 runs, iterations, batch));
}

}  // namespace

SearchMethod parse_search_method(std::string_view text) {
  for (const auto& [method, name] : methods)
    if (name == text) return method;
  throw ParseError(fmt::format("expected flow, gd, lbfgs, trust-region or sgd, not \"{}\"", text));
}

std::string_view to_string(SearchMethod method) {
  for (const auto& [m, name] : methods)
    if (m == method) return name;
  return "";
}

std::string_view to_string(SearchOutcome outcome) {
  switch (outcome) {
    case SearchOutcome::minimum:
      return "minimum";
    case SearchOutcome::flat:
      return "flat";
    case SearchOutcome::spent:
      return "spent";
    case SearchOutcome::stalled:
      return "stalled";
    case SearchOutcome::diverged:
      return "diverged";
  }
  return "";
}

SearchEnd search_minimum(const Objective<double>& objective, Weights<double> start,
                         const SearchOptions& options, std::uint64_t run) {
  return options.method == SearchMethod::sgd
             ? descend_stochastically(objective, std::move(start), options, run)
             : descend_from(objective, std::move(start), options, first_trial);
}

std::vector<MinimumClass> MinimaTally::by_value() const {
  std::vector<MinimumClass> sorted = classes;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& x, const auto& y) { return x.point.value < y.point.value; });
  return sorted;
}

MinimaSearch::MinimaSearch(const Objective<double>& objective, Weights<double> given,
                           Matrix<double> teacher, Symmetry symmetry, Options options)
    : objective_(objective),
      given_(std::move(given)),
      options_(std::move(options)),
      classes_(std::move(teacher), std::move(symmetry)) {
  require_enough_samples(options_.search, options_.runs);
}

void MinimaSearch::resume(MinimaTally tally) {
  tally_ = std::move(tally);
  for (const MinimumClass& found : tally_.classes) classes_.classify(found.point, found.flat);
}

void MinimaSearch::count(std::uint64_t run, SearchEnd end) {
  ++tally_.runs;
  tally_.evaluations += end.evaluations;
  switch (end.outcome) {
    case SearchOutcome::spent:
      ++tally_.spent;
      return;
    case SearchOutcome::stalled:
      ++tally_.stalled;
      return;
    case SearchOutcome::diverged:
      ++tally_.diverged;
      return;
    case SearchOutcome::minimum:
    case SearchOutcome::flat:
      break;
  }
  const bool flat = end.outcome == SearchOutcome::flat;
  const std::size_t place = classes_.classify(end.point, flat);
  if (place == tally_.classes.size())
    tally_.classes.push_back({std::move(end.point), run, 0, flat});
  ++tally_.classes[place].count;
}

bool MinimaSearch::run(const RunWatch& watch) {
  return count_runs(
      tally_.runs, options_.runs, options_.threads,
      [&](std::uint64_t run) {
        Weights<double> start = draw_start(options_.starts, given_, options_.seed, run);
        if (options_.within) start = options_.within->start(start, options_.starts.kind);
        return search_minimum(objective_, std::move(start), options_.search, run);
      },
      [&](std::uint64_t run, SearchEnd end) { count(run, std::move(end)); }, watch);
}

Proportion wilson_interval(std::uint64_t count, std::uint64_t runs, double confidence) {
  const double n = static_cast<double>(runs), p = static_cast<double>(count) / n;
  const double z = boost::math::quantile(boost::math::normal(), (1 + confidence) / 2);
  const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  // At the ends exactly, where rounding would leave them beside.
  return {p, count == 0 ? 0 : centre - half, count == runs ? 1 : centre + half};
}

}  // namespace sigmahat
