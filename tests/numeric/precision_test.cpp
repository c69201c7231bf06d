#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/numeric/scalar.hpp>

using namespace sigmahat;

TEST_CASE("A precision scope holds the decimal digits it was asked for, for Real and Interval") {
  for (const int digits : {1, 2, 15, 17, 50, 1000}) {
    CAPTURE(digits);
    const PrecisionScope scope(digits);
    CHECK(PrecisionScope::digits() == digits);
    CHECK(PrecisionScope::bits() >= digits * std::log2(10.0));
    CHECK(mpfi_get_prec(Interval().backend().data()) >= digits * std::log2(10.0));
  }
}

TEST_CASE("Scopes nest, and the end of one brings back the precision before it") {
  const int outside = PrecisionScope::digits();
  {
    const PrecisionScope first(30);
    {
      const PrecisionScope second(70);
      CHECK(PrecisionScope::digits() == 70);
    }
    CHECK(PrecisionScope::digits() == 30);
    CHECK_THROWS_AS(
        [] {
          const PrecisionScope third(90);
          throw std::runtime_error("leaving early");
        }(),
        std::runtime_error);
    CHECK(PrecisionScope::digits() == 30);
  }
  CHECK(PrecisionScope::digits() == outside);
}

TEST_CASE("A value keeps the digits it was made with after its scope has ended") {
  Real third;
  {
    const PrecisionScope scope(100);
    third = from_rational<Real>(Rational(1, 3));
  }
  const PrecisionScope scope(100);
  CHECK(abs(Real(3 * third - 1)) < Real("1e-99"));
}

TEST_CASE("A precision that is not between 1 and a million digits is refused and changes nothing") {
  const int before = PrecisionScope::digits();
  for (const int digits : {0, -1, 1'000'001, std::numeric_limits<int>::min()}) {
    CAPTURE(digits);
    CHECK_THROWS_AS(PrecisionScope{digits}, DomainError);
    CHECK(PrecisionScope::digits() == before);
  }
}
