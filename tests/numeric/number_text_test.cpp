#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/precision.hpp>

#include "../support/random_numbers.hpp"

using namespace sigmahat;
using test::exact;
using test::RandomNumbers;

namespace {

Rational power_of_ten(int exponent) {
  const Integer power = pow(Integer(10), static_cast<unsigned>(std::abs(exponent)));
  return exponent < 0 ? Rational(1, power) : Rational(power);
}

/// What a printed decimal says: its value, the unit of its last digit, its significant digits.
struct Printed {
  Rational value;
  Rational unit;
  int digits;
};
Printed read_printed(const std::string& text) {
  const std::size_t e = std::min(text.find('e'), text.size());
  const std::string mantissa = text.substr(0, e);
  const int exponent = e == text.size() ? 0 : std::stoi(text.substr(e + 1));
  const std::size_t point = mantissa.find('.');
  const int decimals =
      point == std::string::npos ? 0 : static_cast<int>(mantissa.size() - point - 1);
  int digits = 0;
  for (const char c : mantissa)
    if (c >= '0' && c <= '9' && (digits > 0 || c != '0')) ++digits;
  return {parse_rational(text), power_of_ten(exponent - decimals), digits};
}

const std::string no_digit = "0 ± ";

/// The promise of to_text(Enclosure): no true value within the bound is more than one unit of the
/// last printed digit away; and no digit is held back that twice the error leaves alone.
void check_promise(const Enclosure& x, int max_digits) {
  const std::string text = to_text(x, max_digits);
  CAPTURE(text);
  CAPTURE(max_digits);
  const Rational value = exact(x.value), bound = exact(x.error_bound);
  if (text.rfind(no_digit, 0) == 0) {
    CHECK(abs(value) + bound <= parse_rational(text.substr(no_digit.size())));
    // Not one digit: an error of a twentieth of the value would have supported the leading one.
    CHECK(20 * bound > abs(value));
    return;
  }
  const Printed printed = read_printed(text);
  CHECK(printed.digits <= max_digits);
  CHECK(abs(Rational(value + bound - printed.value)) <= printed.unit);
  CHECK(abs(Rational(value - bound - printed.value)) <= printed.unit);
  const bool rounded_to_power =
      abs(printed.value) == printed.unit * power_of_ten(printed.digits - 1);
  if (bound > 0 && printed.digits < max_digits && !rounded_to_power)
    CHECK(printed.unit <= 20 * bound);
}

}  // namespace

TEST_CASE("Numbers are read exactly") {
  struct Line {
    std::string_view text;
    Rational value;
  };
  const Rational many_sevenths = Rational(1, 7) * Rational(pow(Integer(10), 30));
  const std::vector<Line> lines{
      {"0", 0},
      {"-0", 0},
      {"3", 3},
      {"+3", 3},
      {"-1/3", Rational(-1, 3)},
      {"2/4", Rational(1, 2)},
      {"0.1", Rational(1, 10)},
      {"-0.125", Rational(-1, 8)},
      {".5", Rational(1, 2)},
      {"5.", 5},
      {"007", 7},
      {"010", 10},
      {"1e3", 1000},
      {"1E+3", 1000},
      {"1e-3", Rational(1, 1000)},
      {"2.5e2/7", Rational(250, 7)},
      {"1/1e30", 1 / Rational(pow(Integer(10), 30))},
      {"1e30/7", many_sevenths},
      {"0e5", 0},
      {"0.00", 0},
      {"123456789012345678901234567890", Rational(Integer("123456789012345678901234567890"))},
  };
  for (const Line& line : lines) {
    CAPTURE(line.text);
    CHECK(parse_rational(line.text) == line.value);
  }
}

TEST_CASE("The largest exponents allowed are read, the next are refused by name") {
  CHECK(parse_rational("1e100000") / parse_rational("1e99999") == 10);
  CHECK(parse_rational("1e-100000") * parse_rational("1e100000") == 1);
  for (const std::string_view text : {"1e100001", "1e-100001", "1e2147483647", "1e2147483648",
                                      "1e-2147483648", "1e-99999999999999999999", "1/1e100001"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parse_rational(text), doctest::Contains("exponent"), ParseError);
  }
}

TEST_CASE("What is not a number is refused in one line that quotes it") {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "."sv,
                                      "-"sv,
                                      "+"sv,
                                      "e5"sv,
                                      ".e5"sv,
                                      "1e"sv,
                                      "1e+"sv,
                                      "1e+-5"sv,
                                      "1e-+5"sv,
                                      "1e--5"sv,
                                      "1e5.5"sv,
                                      "1 e5"sv,
                                      "1e 5"sv,
                                      " 1"sv,
                                      "1 "sv,
                                      "--1"sv,
                                      "+-1"sv,
                                      "1/"sv,
                                      "/2"sv,
                                      "1//2"sv,
                                      "1/-2"sv,
                                      "1/+2"sv,
                                      "1/2/3"sv,
                                      "1/ 2"sv,
                                      "nan"sv,
                                      "NaN"sv,
                                      "inf"sv,
                                      "-inf"sv,
                                      "Infinity"sv,
                                      "0x10"sv,
                                      "1_000"sv,
                                      "1,5"sv,
                                      "1'000"sv,
                                      "1.2.3"sv,
                                      "pi"sv,
                                      "1d3"sv,
                                      "1f"sv,
                                      "\xE2\x88\x92"
                                      "1"sv,
                                      "\xD9\xA1"sv,
                                      "1\0"sv,
                                      "1/0x"sv,
                                      "1\n"sv,
                                      "(1)"sv,
                                      "1%"sv}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_rational(text), ParseError);
    try {
      parse_rational(text);
    } catch (const ParseError& error) {
      const std::string message = error.what();
      CHECK(message.find("is not a number") != std::string::npos);
      CHECK(message.find('\n') == std::string::npos);
      const bool printable = text.find_first_of("\n\0"sv) == std::string_view::npos;
      if (printable) CHECK(message.find('"' + std::string(text) + '"') == 0);
    }
  }
}

TEST_CASE("A fraction of zero is refused as a division by zero") {
  for (const std::string_view text : {"1/0", "0/0", "1/0.0", "1/0e7", "-5/00"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parse_rational(text), doctest::Contains("divides by zero"), ParseError);
  }
}

TEST_CASE("Rationals survive printing and reading") {
  RandomNumbers random(31);
  for (int trial = 0; trial < 500; ++trial) {
    const Rational value =
        random.rational(1000) * power_of_ten(static_cast<int>(random.integer(-60, 60)));
    CAPTURE(value);
    CHECK(parse_rational(to_text(value)) == value);
  }
  CHECK(to_text(Rational(3)) == "3");
  CHECK(to_text(Rational(-2, 6)) == "-1/3");
  CHECK(to_text(Rational(0)) == "0");
}

TEST_CASE("Doubles survive printing and reading") {
  RandomNumbers random(32);
  for (int trial = 0; trial < 500; ++trial) {
    const double value = std::ldexp(static_cast<double>(random.integer(-1'000'000, 1'000'000)),
                                    static_cast<int>(random.integer(-1000, 900)));
    CAPTURE(value);
    CHECK(std::stod(to_text(value)) == value);
    CHECK(from_rational<double>(parse_rational(to_text(value))) == value);
  }
  CHECK(to_text(0.1) == "0.1");
}

TEST_CASE("The digits printed of an enclosure are right to one unit of the last") {
  RandomNumbers random(33);
  for (const int digits : {3, 17, 50}) {
    const PrecisionScope scope(digits);
    for (int trial = 0; trial < 3000; ++trial) {
      const Real value = random.real(-60, 90);
      const long exponent =
          value == 0 ? 0 : static_cast<long>(mpfr_get_exp(value.backend().data()));
      const Enclosure x{value, abs(random.real(exponent - 3 * digits - 10, exponent + 3)),
                        Status::certified};
      CAPTURE(x.value);
      CAPTURE(x.error_bound);
      check_promise(x, static_cast<int>(random.integer(1, 2 * digits)));
    }
  }
}

TEST_CASE("Values just below a power of ten do not gain a digit by rounding up to it") {
  const PrecisionScope scope(40);
  for (int nines = 1; nines <= 12; ++nines)
    for (int below = 1; below <= 9; ++below)
      for (int bound = 1; bound <= 99; bound += 7)
        for (int shift = 0; shift <= 3; ++shift) {
          const Rational value = 1 - below * power_of_ten(-nines - 1);
          const Rational error = bound * power_of_ten(-nines - shift);
          const Enclosure x{from_rational<Real>(value), from_rational<Real>(error),
                            Status::certified};
          CAPTURE(value);
          CAPTURE(error);
          check_promise(x, 30);
          check_promise({Real(-x.value), x.error_bound, Status::certified}, 30);
        }
}

TEST_CASE("Error bounds that are powers of ten, or just beside them, hold the promise") {
  const PrecisionScope scope(40);
  for (int exponent = -20; exponent <= 3; ++exponent)
    for (const int numerator : {1, 5}) {
      Real bound = from_rational<Real>(numerator * power_of_ten(exponent));
      for (int step = -1; step <= 1; ++step) {
        Real beside = bound;
        if (step < 0) mpfr_nextbelow(beside.backend().data());
        if (step > 0) mpfr_nextabove(beside.backend().data());
        for (const char* value :
             {"3.14159265358979323846264338327950288", "1", "0.00012345", "950"}) {
          CAPTURE(exponent);
          CAPTURE(numerator);
          CAPTURE(step);
          CAPTURE(value);
          check_promise({Real(value), beside, Status::certified}, 30);
        }
      }
    }
}

TEST_CASE("An enclosure whose leading digit is unknown prints a range around zero") {
  const PrecisionScope scope(20);
  CHECK(to_text(Enclosure{Real(0), Real("1.51e-51")}, 17) == "0 ± 1.6e-51");
  CHECK(to_text(Enclosure{Real(-1), Real("2.01")}, 17) == "0 ± 3.1e0");
  check_promise({Real("-1e-30"), Real("1e-25"), Status::certified}, 17);
}

TEST_CASE("A printed decimal and its bound hold every number of the enclosure") {
  RandomNumbers random(34);
  for (const int digits : {3, 17, 50}) {
    const PrecisionScope scope(digits);
    for (int trial = 0; trial < 3000; ++trial) {
      const Real value = random.real(-60, 90);
      const long exponent =
          value == 0 ? 0 : static_cast<long>(mpfr_get_exp(value.backend().data()));
      const Enclosure x{value, abs(random.real(exponent - 3 * digits - 10, exponent + 3)),
                        Status::certified};
      const int max_digits = static_cast<int>(random.integer(1, 2 * digits));
      const DecimalEnclosure printed = to_decimal(x, max_digits);
      CAPTURE(x.value);
      CAPTURE(x.error_bound);
      CAPTURE(printed.value);
      CAPTURE(printed.error_bound);
      const Rational distance = abs(Rational(exact(x.value) - parse_rational(printed.value)));
      const Rational bound = parse_rational(printed.error_bound);
      CHECK(distance + exact(x.error_bound) <= bound);
      // No wider than rounding up to two digits makes it, once for the sum and once for printing.
      CHECK(10 * bound <= 12 * (distance + exact(x.error_bound)));
    }
  }
}

TEST_CASE("A decimal without a supported digit is zero, its bound as wide as the number") {
  const PrecisionScope scope(20);
  const DecimalEnclosure unresolved = to_decimal({Real(-1), Real("2.01")}, 17);
  CHECK(unresolved.value == "0");
  CHECK(unresolved.error_bound == "3.1e0");
  const DecimalEnclosure zero = to_decimal({Real(0), Real(0)}, 17);
  CHECK(zero.value == "0");
  CHECK(zero.error_bound == "0");
  const DecimalEnclosure half = to_decimal({Real("0.5"), Real(0)}, 17);
  CHECK(half.value == "0.5");
  CHECK(half.error_bound == "0");
}

TEST_CASE("Exact values print without the zeros that carry nothing") {
  const PrecisionScope scope(40);
  const auto text = [](const char* value) { return to_text(Enclosure{Real(value), Real(0)}, 17); };
  CHECK(text("0") == "0");
  CHECK(text("0.5") == "0.5");
  CHECK(text("-0.125") == "-0.125");
  CHECK(text("1") == "1");
  CHECK(text("100") == "100");
  CHECK(text("-120.25") == "-120.25");
  CHECK(parse_rational(text("1e25")) == power_of_ten(25));
  CHECK(text("1e25") == "1e25");
  CHECK(text("0.00048828125") == "0.00048828125");
  CHECK(parse_rational(text("0.00000762939453125")) == Rational(1, 131072));
}

TEST_CASE("Inexact values print the zeros that are known") {
  const PrecisionScope scope(40);
  CHECK(to_text(Enclosure{Real("0.5"), Real("1e-6")}, 17) == "0.50000");
  CHECK(to_text(Enclosure{Real(100), Real("0.01")}, 17) == "100.0");
  CHECK(to_text(Enclosure{Real(12345), Real(100)}, 17) == "1.2e4");
}

TEST_CASE("An error bound is printed rounded up, by less than one of its two digits") {
  RandomNumbers random(34);
  for (const int digits : {2, 17, 50}) {
    const PrecisionScope scope(digits);
    for (int trial = 0; trial < 1000; ++trial) {
      const Real bound = abs(random.real(-400, 400));
      CAPTURE(bound);
      const std::string text = bound_text(bound);
      CAPTURE(text);
      const Printed printed = read_printed(text);
      CHECK(printed.value >= exact(bound));
      CHECK(printed.value - exact(bound) < printed.unit);
      CHECK(text.find('e') == 3);
    }
  }
  const PrecisionScope scope(20);
  CHECK(bound_text(Real(0)) == "0");
  CHECK(bound_text(Real("0.5")) == "5.0e-1");
  CHECK(bound_text(Real("9.91")) == "1.0e1");
}

TEST_CASE("A Real prints as many digits as asked for, to half a unit of the last") {
  RandomNumbers random(35);
  const PrecisionScope scope(40);
  for (int trial = 0; trial < 500; ++trial) {
    const Real value = random.real(-100, 100);
    const auto digits = static_cast<int>(random.integer(1, 30));
    CAPTURE(value);
    CAPTURE(digits);
    const std::string text = to_text(value, digits);
    CAPTURE(text);
    const Printed printed = read_printed(text);
    CHECK(printed.digits <= std::max(digits, 1));
    // Dropped zeros make the printed unit larger, never the error: half a unit of digit `digits`.
    const Rational scale = abs(exact(value));
    CHECK(2 * abs(Rational(printed.value - exact(value))) <= scale * power_of_ten(1 - digits));
  }
  CHECK(to_text(Real(0), 5) == "0");
  CHECK(to_text(Real("0.25"), 17) == "0.25");
  CHECK(to_text(Real(-3), 17) == "-3");
}
