#include <cmath>
#include <limits>
#include <numbers>

#include <sigmahat/hermite/polynomial.hpp>
#include <sigmahat/kernel/nodal_rule.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Beyond it e^{-x²/4} is below 1e-21.
constexpr double reach = 14;
/// Steps 2^-2, 2^-3, ...
constexpr int first_level = 2, last_level = 7;
constexpr double epsilon = std::numeric_limits<double>::epsilon();
/// Rounding of a sum over the nodes, whose terms have a norm of ‖σ(r·+c)‖.
constexpr double agreement = 12 * epsilon;
/// What σ is cut off at, relative to its norm.
constexpr double negligible = epsilon / 100;

}  // namespace

const NodalRule::Nodes& NodalRule::nodes(int level, int max_degree) const {
  const std::lock_guard lock(mutex_);
  const auto place = static_cast<std::size_t>(level - first_level);
  if (levels_.size() <= place) levels_.resize(place + 1);
  std::shared_ptr<const Nodes>& kept = levels_[place];
  if (kept && kept->functions.cols() > max_degree) return *kept;

  const double step = std::ldexp(1.0, -level);
  const auto count = static_cast<Index>(reach / step);
  auto made = std::make_shared<Nodes>();
  made->base = count + 1;
  made->at.resize(2 * count + 1);
  for (Index j = 0; j <= count; ++j) made->at[j] = step * static_cast<double>(j);
  for (Index j = 0; j < count; ++j) made->at[count + 1 + j] = step * (static_cast<double>(j) + 0.5);
  made->functions.resize(made->at.size(), max_degree + 1);
  made->decay.resize(made->at.size());
  const double weight = step / std::sqrt(2 * std::numbers::pi);
  for (Index j = 0; j < made->at.size(); ++j) {
    const std::vector<double> values = hermite_functions(made->at[j], max_degree);
    // x = 0 is its own mirror image.
    const double share = j == 0 ? weight / 2 : weight;
    for (Index k = 0; k <= max_degree; ++k)
      made->functions(j, k) = share * values[static_cast<std::size_t>(k)];
    made->decay[j] = values[0];
  }
  // Others may be reading what was there.
  if (kept) outgrown_.push_back(std::move(kept));
  kept = std::move(made);
  return *kept;
}

std::optional<NodalRule::Coefficients> NodalRule::operator()(double length, double bias,
                                                             int max_degree) const {
  if (max_degree < 4) max_degree = 4;
  for (int level = first_level; level <= last_level; ++level) {
    // Half the wave length of h_K between two nodes at most: no rule sees less.
    if (std::ldexp(1.0, -level) * std::sqrt(max_degree) > std::numbers::pi) continue;
    const Nodes& n = nodes(level, max_degree);
    const Index size = n.at.size(), rest = size - n.base;
    Vector<double> right = (length * n.at).array() + bias, left = (-length * n.at).array() + bias;
    const auto span = [](Vector<double>& x) {
      return std::span<double>(x.data(), static_cast<std::size_t>(x.size()));
    };
    sigma_.apply(span(right));
    sigma_.apply(span(left));
    right.array() *= n.decay.array();
    left.array() *= n.decay.array();
    const Vector<double> even = right + left, odd = right - left;
    // σ² e^{-x²/2}, of which one factor belongs to h_k.
    const Vector<double> squares =
        (right.array().square() + left.array().square()) / n.decay.array();
    const Vector<double> square_differences =
        (right.array().square() - left.array().square()) / n.decay.array();
    if (!even.allFinite() || !odd.allFinite() || !squares.allFinite()) return std::nullopt;

    bool agrees = true;
    const auto both = [&](const Vector<double>& values, Index k, double scale) {
      const double one = n.functions.col(k).head(n.base).dot(values.head(n.base));
      const double other = n.functions.col(k).tail(rest).dot(values.tail(rest));
      agrees = agrees && std::abs(one - other) <= agreement * scale;
      return (one + other) / 2;
    };
    Coefficients result;
    const double infinite = std::numeric_limits<double>::infinity();
    const double second_moment = both(squares, 0, infinite);
    const double norm = std::sqrt(second_moment);
    if (std::max(std::abs(right[n.base - 1]), std::abs(left[n.base - 1])) > negligible * norm)
      return std::nullopt;
    const double largest = squares.cwiseAbs().maxCoeff();
    for (Index k = 0; k <= 4; ++k)
      result.of_square[static_cast<std::size_t>(k)] =
          both(k % 2 == 0 ? squares : square_differences, k, largest);
    for (Index k = 0; k <= max_degree && agrees; ++k)
      result.of_function.push_back(both(k % 2 == 0 ? even : odd, k, norm));
    if (agrees) return result;
  }
  return std::nullopt;
}

}  // namespace sigmahat
