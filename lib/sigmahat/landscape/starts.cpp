#include <cmath>

#include <Eigen/QR>
#include <fmt/format.h>

#include <sigmahat/landscape/starts.hpp>
#include <sigmahat/network/problem.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/numeric/number_text.hpp>

namespace sigmahat {
namespace {

using Kind = StartDistribution::Kind;

[[noreturn]] void refuse(std::string_view text) {
  throw ParseError(
      fmt::format("expected unit, gaussian, gaussian:SCALE, orthogonal or near:SCALE with SCALE > "
                  "0, not \"{}\"",
                  text));
}

double parse_scale(std::string_view text, std::string_view whole) {
  try {
    const double scale = from_rational<double>(parse_rational(text));
    if (scale > 0 && std::isfinite(scale)) return scale;
  } catch (const InputError&) {
  }
  refuse(whole);
}

}  // namespace

StartDistribution parse_start_distribution(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const bool has_scale = colon != std::string_view::npos;
  const auto scale = [&] { return parse_scale(text.substr(colon + 1), text); };
  if (name == "unit" && !has_scale) return {Kind::unit};
  if (name == "orthogonal" && !has_scale) return {Kind::orthogonal};
  if (name == "gaussian") return {Kind::gaussian, has_scale ? scale() : 0};
  if (name == "near" && has_scale) return {Kind::near, scale()};
  refuse(text);
}

std::string to_text(const StartDistribution& distribution) {
  switch (distribution.kind) {
    case Kind::unit:
      return "unit";
    case Kind::orthogonal:
      return "orthogonal";
    case Kind::gaussian:
      return distribution.scale == 0 ? "gaussian" : fmt::format("gaussian:{}", distribution.scale);
    case Kind::near:
      return fmt::format("near:{}", distribution.scale);
  }
  return "";
}

StartDistribution default_starts(Constraint rows) {
  return {rows == Constraint::free ? Kind::gaussian : Kind::unit};
}

Weights<double> draw_start(const StartDistribution& distribution, const Weights<double>& given,
                           std::uint64_t seed, std::uint64_t number) {
  const Eigen::Index m = given.B.rows(), d = given.B.cols();
  Matrix<double> normals(m, d);
  NormalStream(seed, weight_stream)
      .fill(number * static_cast<std::uint64_t>(m), static_cast<std::size_t>(m),
            static_cast<std::size_t>(d), normals.data(), static_cast<std::size_t>(m));
  Weights<double> start = given;
  switch (distribution.kind) {
    case Kind::unit:
      start.B = normals.rowwise().normalized();
      break;
    case Kind::gaussian:
      start.B = normals * (distribution.scale > 0 ? distribution.scale
                                                  : 1 / std::sqrt(static_cast<double>(d)));
      break;
    case Kind::near:
      start.B = given.B + distribution.scale * normals;
      break;
    case Kind::orthogonal: {
      if (m > d)
        throw InputError(fmt::format(
            "orthogonal starts: {} rows in {} dimensions; expected at most as many", m, d));
      const Eigen::HouseholderQR<Matrix<double>> factors(normals.transpose());
      start.B = (factors.householderQ() * Matrix<double>::Identity(d, m)).transpose();
      // The factor with a positive diagonal in R is the uniform one.
      for (Eigen::Index i = 0; i < m; ++i)
        if (factors.matrixQR()(i, i) < 0) start.B.row(i) *= -1;
      break;
    }
  }
  return start;
}

}  // namespace sigmahat
