#pragma once

#include <cstdint>
#include <random>

#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat::test {

/// Seeded numbers with exactly known values: a test prints the seed and the number on failure.
class RandomNumbers {
 public:
  explicit RandomNumbers(std::uint64_t seed) : engine_(seed) {}

  /// lo..hi, both included.
  std::int64_t integer(std::int64_t lo, std::int64_t hi) {
    return std::uniform_int_distribution<std::int64_t>(lo, hi)(engine_);
  }
  /// Of magnitude below `limit`, with denominators up to 10^6.
  Rational rational(std::int64_t limit) {
    const std::int64_t denominator = integer(1, 1'000'000);
    return Rational(integer(-limit * denominator, limit * denominator), denominator);
  }
  /// ±m·2^e with a significand of the precision in force and lowest <= e <= highest.
  Real real(long lowest, long highest) {
    Real result;
    mpfr_set_ui(result.backend().data(), 0, MPFR_RNDN);
    const auto bits = static_cast<long>(mpfr_get_prec(result.backend().data()));
    for (long filled = 0; filled < bits; filled += 32)
      result = result * Real(4294967296.0) + Real(integer(0, 4294967295));
    mpfr_set_exp(result.backend().data(), result == 0 ? 0 : integer(lowest, highest));
    return integer(0, 1) == 0 ? result : Real(-result);
  }

 private:
  std::mt19937_64 engine_;
};

/// The exact value of a finite binary number.
inline Rational exact(const Real& x) {
  Rational result;
  mpfr_get_q(result.backend().data(), x.backend().data());
  return result;
}

inline bool contains(const Interval& x, const Rational& value) {
  return exact(lower(x)) <= value && value <= exact(upper(x));
}
inline bool overlap(const Interval& x, const Interval& y) {
  return lower(x) <= upper(y) && lower(y) <= upper(x);
}

/// The distance from `x` to the next number of its precision; 0 for 0, whose neighbours are too
/// small to be written down.
inline Rational unit_of_rounding(const Real& x) {
  if (x == 0) return 0;
  Real above = x;
  mpfr_nextabove(above.backend().data());
  return exact(above) - exact(x);
}

}  // namespace sigmahat::test
