#include <sigmahat/landscape/direction.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/optimize/weight_algebra.hpp>

namespace sigmahat {

Weights<double> random_direction(const Weights<double>& x, const Freedom& freedom,
                                 std::uint64_t seed, std::uint64_t index) {
  Vector<double> entries(x.a.size() + x.B.size() + x.c.size());
  NormalStream(seed, direction_stream)
      .fill(index, 1, static_cast<std::size_t>(entries.size()), entries.data(), 1);
  return unit_tangent(x, unflattened(entries, x.B.rows(), x.B.cols()), freedom);
}

Weights<double> unit_tangent(const Weights<double>& x, const Weights<double>& direction,
                             const Freedom& freedom) {
  Weights<double> tangent = tangential(x, direction, freedom);
  const double length = norm(tangent);
  // What rounding leaves of a direction that is normal to the manifold is no direction.
  if (!(length > 1e-14 * norm(direction)))
    throw DomainError("the direction does not lead anywhere: it has no part along the manifold");
  return scaled(1 / length, std::move(tangent));
}

}  // namespace sigmahat
