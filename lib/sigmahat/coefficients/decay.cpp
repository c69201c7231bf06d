#include <algorithm>
#include <cmath>

#include <Eigen/QR>

#include <sigmahat/coefficients/decay.hpp>

namespace sigmahat {
namespace {

using Law = DecayFit::Law;

struct Point {
  int degree;
  double log_size;
};

bool is_zero(const Enclosure& x) {
  return x.value == 0 && x.error_bound == 0;
}

/// log |σ̂_k| where its first digits are known: far below the range of double, too.
std::vector<Point> resolved_points(const CoefficientTable& table) {
  std::vector<Point> points;
  for (int k = 1; k <= table.max_degree(); ++k) {
    const Enclosure& c = table.coefficients[static_cast<std::size_t>(k)].enclosure;
    const Real size = abs(c.value);
    if (size > 0 && c.error_bound * 1000 < size)
      points.push_back({k, Real(log(size)).convert_to<double>()});
  }
  return points;
}

/// Whether the last point belongs to the smaller one of two sequences, of even and of odd degrees:
/// there is no later one to exceed it.
bool ends_in_a_trough(const std::vector<Point>& points) {
  const std::size_t n = points.size();
  return n >= 3 && points[n - 3].degree + 2 == points[n - 1].degree &&
         points[n - 3].log_size < points[n - 2].log_size;
}

/// Those in the upper half that no later one exceeds.
std::vector<Point> crests(std::vector<Point> points) {
  if (ends_in_a_trough(points)) points.pop_back();
  std::vector<Point> result;
  double highest = -INFINITY;
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    if (2 * point->degree < points.back().degree) break;
    if (point->log_size < highest) continue;
    highest = point->log_size;
    result.push_back(*point);
  }
  std::reverse(result.begin(), result.end());
  return result;
}

struct LeastSquares {
  Eigen::VectorXd parameters;
  double residual;
};

LeastSquares solve(const Eigen::MatrixXd& matrix, const Eigen::VectorXd& right) {
  const Eigen::VectorXd parameters = matrix.colPivHouseholderQr().solve(right);
  const double squares = (matrix * parameters - right).squaredNorm();
  return {parameters, std::sqrt(squares / static_cast<double>(right.size()))};
}

struct Candidate {
  Law law;
  double q;
};
constexpr Candidate candidates[] = {{Law::power, 0},         {Law::exponential, 1.0 / 3},
                                    {Law::exponential, 0.5}, {Law::exponential, 2.0 / 3},
                                    {Law::exponential, 1},   {Law::factorial, 1}};

/// log |σ̂_k| + log sqrt(k!) for the factorial law.
Eigen::VectorXd logarithms(const std::vector<Point>& points, Law law) {
  Eigen::VectorXd result(static_cast<Eigen::Index>(points.size()));
  for (Eigen::Index i = 0; i < result.size(); ++i) {
    const Point& point = points[static_cast<std::size_t>(i)];
    result[i] = point.log_size;
    if (law == Law::factorial) result[i] += std::lgamma(point.degree + 1.0) / 2;
  }
  return result;
}

/// Columns 1, -log k, -k^q.
Eigen::MatrixXd columns(const std::vector<Point>& points, double q) {
  Eigen::MatrixXd result(static_cast<Eigen::Index>(points.size()), 3);
  for (Eigen::Index i = 0; i < result.rows(); ++i) {
    const double k = points[static_cast<std::size_t>(i)].degree;
    result.row(i) << 1, -std::log(k), -std::pow(k, q);
  }
  return result;
}

double two_parameter_residual(const std::vector<Point>& points, const Candidate& candidate) {
  const Eigen::MatrixXd all = columns(points, candidate.q);
  Eigen::VectorXd right = logarithms(points, candidate.law);
  if (candidate.law == Law::exponential) right -= all.col(1) / 4;
  Eigen::MatrixXd matrix(all.rows(), 2);
  matrix << all.col(0), all.col(candidate.law == Law::power ? 1 : 2);
  return solve(matrix, right).residual;
}

}  // namespace

std::optional<DecayFit> fit_decay(const CoefficientTable& table) {
  constexpr std::size_t fewest = 5;
  const auto vanishes = [&](std::size_t k) { return is_zero(table.coefficients[k].enclosure); };
  const std::size_t count = table.coefficients.size();
  if (count < 2 || (vanishes(count - 1) && vanishes(count - 2))) return {};
  const std::vector<Point> points = crests(resolved_points(table));
  if (points.size() < fewest) return {};

  const Candidate best = *std::min_element(
      std::begin(candidates), std::end(candidates), [&](const Candidate& a, const Candidate& b) {
        return two_parameter_residual(points, a) < two_parameter_residual(points, b);
      });
  const Eigen::MatrixXd all = columns(points, best.q);
  const bool power = best.law == Law::power;
  const LeastSquares fit = solve(power ? all.leftCols(2) : all, logarithms(points, best.law));
  constexpr double worst_residual = 0.03;
  if (fit.residual > worst_residual) return {};
  return DecayFit{
      best.law,    fit.parameters[0],     fit.parameters[1],    power ? 0 : fit.parameters[2],
      best.q,      points.front().degree, points.back().degree, static_cast<int>(points.size()),
      fit.residual};
}

double log_size(const DecayFit& fit, int degree) {
  const double k = degree;
  const double log_root_factorial = fit.law == Law::factorial ? std::lgamma(k + 1) / 2 : 0;
  return fit.log_scale - fit.p * std::log(k) - fit.c * std::pow(k, fit.q) - log_root_factorial;
}

}  // namespace sigmahat
