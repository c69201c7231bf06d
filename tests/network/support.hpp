#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <sigmahat/network/problem.hpp>
#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat::test {

/// The rational that a floating-point number is.
inline Rational exact(const Real& x) {
  Rational result;
  mpfr_get_q(result.backend().data(), x.backend().data());
  return result;
}

inline bool encloses(const Interval& x, const Rational& value) {
  return exact(lower(x)) <= value && value <= exact(upper(x));
}

/// Whether two descriptions of weights are the same, not merely of the same matrix.
inline bool same(const WeightMatrix& x, const WeightMatrix& y) {
  if (x.source.index() != y.source.index()) return false;
  const auto generated = [&]<class Generator>(const Generator& g) {
    const auto& other = std::get<Generator>(y.source);
    return g.rows == other.rows && g.cols == other.cols && g.seed == other.seed;
  };
  if (const auto* e = std::get_if<WeightMatrix::Entries>(&x.source))
    return e->values == std::get<WeightMatrix::Entries>(y.source).values;
  if (const auto* f = std::get_if<WeightMatrix::Doubles>(&x.source)) {
    const auto& other = std::get<WeightMatrix::Doubles>(y.source);
    return f->values == other.values && f->format == other.format;
  }
  if (const auto* i = std::get_if<WeightMatrix::Identity>(&x.source))
    return i->dimension == std::get<WeightMatrix::Identity>(y.source).dimension;
  if (const auto* g = std::get_if<WeightMatrix::Gaussian>(&x.source)) return generated(*g);
  return generated(std::get<WeightMatrix::Orthogonal>(x.source));
}

inline bool same(const Network& x, const Network& y) {
  return x.activation == y.activation && x.a == y.a && same(x.B, y.B);
}

inline bool same(const Problem& x, const Problem& y) {
  return same(x.teacher, y.teacher) && same(x.student, y.student) &&
         x.noise_variance == y.noise_variance && x.normalize == y.normalize;
}

/// What parse_problem says against `text`; empty where it has no objection.
inline std::string refusal(std::string_view text, const std::filesystem::path& origin) {
  try {
    parse_problem(text, origin);
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

/// A folder of its own for a test's files, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sigmahat-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace sigmahat::test
