#include <chrono>

#include <doctest/doctest.h>

#include <sigmahat/activation/expression.hpp>
#include <sigmahat/numeric/errors.hpp>

#include "random_expression.hpp"

using namespace sigmahat;
using sigmahat::test::RandomExpression;

namespace {

const Expression x = Expression::variable();

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("signs, powers and products bind as in mathematics") {
  const Expression two = 2;
  CHECK(parse_expression("-x^2") == -Expression::power(x, Rational(2)));
  CHECK(parse_expression("2-3-4") == Expression(-5));
  CHECK(parse_expression("2/3/4") == Expression(Rational(1, 6)));
  CHECK(parse_expression("2^3^2") == Expression(512));
  CHECK(parse_expression("-2^2") == Expression(-4));
  CHECK(parse_expression("2^-1") == Expression(Rational(1, 2)));
  CHECK(parse_expression("2*-3") == Expression(-6));
  CHECK(parse_expression("1/2*x") == x / two);
  CHECK(parse_expression("1/(2*x)") == 1 / (two * x));
  CHECK(parse_expression("--+-x") == -x);
  CHECK(parse_expression("x^-x") == Expression::power(x, -x));
  CHECK(parse_expression(" ( x )\t+\n1 ") == x + 1);
}

TEST_CASE("decimal numbers are exact rationals") {
  CHECK(parse_expression("0.1") == Expression(Rational(1, 10)));
  CHECK(parse_expression("1e-3") == Expression(Rational(1, 1000)));
  CHECK(parse_expression(".5+2.") == Expression(Rational(5, 2)));
  CHECK(parse_expression("0.1+0.2") == Expression(Rational(3, 10)));
  CHECK(parse_expression("2e1*e") == 20 * Expression::call(Function::exp, 1));
}

TEST_CASE("functions take their parameters first, and x where the argument is left out") {
  CHECK(parse_expression("he(3)") == Expression::hermite(3, x));
  CHECK(parse_expression("he(3, x-1)") == Expression::hermite(3, x - 1));
  CHECK(parse_expression("leaky_relu(1/10)") == parse_expression("leaky_relu(1/10, x)"));
  CHECK(parse_expression("leaky_relu(1/10, x-1)") ==
        parse_expression("max(x-1, 0) + min(x-1, 0)/10"));
  CHECK(parse_expression("relu - abs/2") == parse_expression("max(x, 0) - abs(x)/2"));
  CHECK(parse_expression("gelu(2*x)") == parse_expression("2*x*Phi(2*x)"));
  CHECK(parse_expression("atan(x)+asinh(x)+ln(1+x^2)+heaviside(x)") ==
        parse_expression("arctan(x)+arcsinh(x)+log(1+x^2)+step(x)"));
}

TEST_CASE("trees are simplified by algebra") {
  const struct {
    std::string written, same;
  } cases[] = {
      {"x - 0", "x"},
      {"1*x", "x"},
      {"x + x + 1/2 + 1/2", "2*x + 1"},
      {"x*x*x/x", "x^2"},
      {"x - (x - 1)", "1"},
      {"2*(x + 1) - 2*x", "2"},
      {"sin(0) + cos(0)", "1"},
      {"exp(x)*exp(-x)", "1"},
      {"e^x", "exp(x)"},
      {"exp(x)^3", "exp(3*x)"},
      {"log(exp(x))", "x"},
      {"(x^2)^3", "x^6"},
      {"sqrt(x^2)", "abs(x)"},
      {"abs(x)^2", "x^2"},
      {"sqrt(2)^2", "2"},
      {"sqrt(9/4)", "3/2"},
      {"8^(2/3)", "4"},
      {"(-2)^-3", "-1/8"},
      {"max(x, max(1, 2), x)", "max(x, 2)"},
      {"sign(-3) + step(0) + abs(-1/2)", "0"},
      {"sqrt(8)*sqrt(8)", "8"},
      {"0*sin(x)", "0"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.written);
    CHECK(parse_expression(c.written) == parse_expression(c.same));
  }
  // Not for sqrt(x)^2: it has no value for x < 0, and x has.
  CHECK(parse_expression("sqrt(x)^2") != x);
  CHECK(parse_expression("(x^3)^(1/3)") != x);
}

TEST_CASE("every tree survives being printed and read back") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    RandomExpression random(seed, RandomExpression::Kind::any);
    const Expression f = random.draw(6);
    const std::string text = to_text(f);
    CAPTURE(seed);
    CAPTURE(text);
    CHECK(parse_expression(text) == f);
    CHECK(to_latex(f).size() > 0);
  }
}

TEST_CASE("text is tidy") {
  const struct {
    std::string written, printed;
  } cases[] = {
      {"1-x^2", "1 - x^2"},
      {"-x/2", "-x/2"},
      {"x*-1", "-x"},
      {"0.2*he(2)+0.1*he(4)", "he(2)/5 + he(4)/10"},
      {"1/(2*sqrt(x))", "1/(2*sqrt(x))"},
      {"x^(3/2)*x", "x^(3/2)*x"},
      {"exp(1)*x", "e*x"},
      {"(x+1)^2*(x-1)", "(x + 1)^2*(x - 1)"},
      {"3*x/(2*(1+x^2))", "3*x/(2*(x^2 + 1))"},
      {"-(x+1)", "-x - 1"},
      {"(x+1)/2", "(x + 1)/2"},
      {"phi(x)", "exp(-x^2/2)/sqrt(2*pi)"},
      {"max(x-1/2,0)", "max(x - 1/2, 0)"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.written);
    CHECK(to_text(parse_expression(c.written)) == c.printed);
  }
}

TEST_CASE("LaTeX is what one would write by hand") {
  const struct {
    std::string written, latex;
  } cases[] = {
      {"x*Phi(x)", R"(x \Phi(x))"},
      {"max(x-1/2, 0)", R"(\max\left(x - \frac{1}{2}, 0\right))"},
      {"0.2*he(2)", R"(\frac{h_{2}(x)}{5})"},
      {"exp(-x^2/2)/sqrt(2*pi)", R"(\frac{e^{-\frac{x^{2}}{2}}}{\sqrt{2 \pi}})"},
      {"abs(x)^3*sign(x)", R"(\left|x\right|^{3} \operatorname{sgn}(x))"},
      {"2*3^(1/3)", R"(2 \cdot 3^{1/3})"},
      {"(x+1)*(x-1)", R"((x + 1) (x - 1))"},
      {"log(1+x^2)", R"(\log\left(x^{2} + 1\right))"},
      {"arcsinh(x)+step(x)+erf(x)",
       R"(\operatorname{arsinh}(x) + \theta(x) + \operatorname{erf}(x))"},
      {"-e*pi", R"(-e \pi)"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.written);
    CHECK(to_latex(parse_expression(c.written)) == c.latex);
  }
}

TEST_CASE("stupid input is refused with its column and what was expected there") {
  const struct {
    std::string text;
    int column;
    const char* reason;
  } cases[] = {
      {"", 1, "expected a number, x, a function or \"(\", found the end"},
      {"   ", 4, "found the end"},
      {"x+", 3, "found the end"},
      {"x+*2", 3, "found \"*\""},
      {"2x", 2, "a product is written with *"},
      {"2(x)", 2, "a product is written with *"},
      {"x x", 3, "a product is written with *"},
      {"(x)(x)", 4, "a product is written with *"},
      {"2e", 2, "a product is written with *"},
      {"sin x", 5, "a product is written with *"},
      {"sin^2(x)", 6, "a product is written with *"},
      {"x**2", 3, "powers are written with ^"},
      {"(x", 3, "\")\" that closes column 1"},
      {"max(x, 1", 9, "\")\" that closes column 4"},
      {"x)", 2, "expected an operator, found \")\""},
      {"x,1", 2, "expected an operator, found \",\""},
      {"sin()", 5, "found \")\""},
      {"sin(x, 1)", 1, "one argument, as in sin(x)"},
      {"max(x)", 1, "at least two arguments"},
      {"max", 1, "at least two arguments"},
      {"he", 1, "the form he(k) or he(k, x)"},
      {"he(1/2)", 1, "a whole number from 0 to 10000"},
      {"he(-1)", 1, "a whole number from 0 to 10000"},
      {"he(10001)", 1, "a whole number from 0 to 10000"},
      {"he(x)", 1, "a whole number from 0 to 10000"},
      {"elu", 1, "the form elu(c) or elu(c, x)"},
      {"elu(x, 1)", 1, "must not depend on x"},
      {"celu(0)", 1, "division by zero"},
      {"1+sinn(x)", 3, "did you mean \"sin\"?"},
      {"Tanh(x)", 1, "did you mean \"tanh\"?"},
      {"sigmiod(x)", 1, "did you mean \"sigmoid\"?"},
      {"y+1", 1, "unknown name \"y\""},
      {"1/0", 2, "division by zero"},
      {"x/(1-1)", 2, "division by zero"},
      {"log(0)", 1, "log(0) is undefined"},
      {"log(-2)", 1, "log(-2) is undefined"},
      {"(-8)^(1/3)", 5, "(-8)^(1/3) is not a real number"},
      {"0^-1", 2, "division by zero"},
      {"1.2.3", 4, "found \".\""},
      {".", 1, "expected a number like"},
      {"1e999999", 1, "expected a number like"},
      {"1e50000", 1, "more than 40000 bits"},
      {"x^1001", 2, "beyond 1000"},
      {"x^-1001", 2, "beyond 1000"},
      {"x^(2001/2)", 2, "beyond 1000"},
      {"9^999^999", 2, "beyond 1000"},
      {"(x^500)^3", 8, "beyond 1000"},
      {"9999999999999999^1000", 17, "more than 40000 bits"},
      {"NaN", 1, "unknown name \"NaN\""},
      {"|x|", 1, "found \"|\""},
      {"x = 1", 3, "found \"=\""},
      {"\xcf\x80", 1, "the byte 0xcf"},
      {std::string("x\0y", 3), 2, "the byte 0x00"},
      {"x;rm", 2, "found \";\""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    std::string message;
    try {
      parse_expression(c.text);
    } catch (const ParseError& error) {
      message = error.what();
    }
    CAPTURE(message);
    CHECK(message.find("column " + std::to_string(c.column) + ":") != message.npos);
    CHECK(message.find(c.reason) != message.npos);
    CHECK(message.find('\n') == message.npos);
    CHECK(message.size() < 300);
  }
}

TEST_CASE("texts that ask for too much are refused, and quickly") {
  const std::string bombs[] = {
      repeated("(", 10'000),
      repeated("(", 201) + "x" + repeated(")", 201),
      repeated("sin(", 2000) + "x" + repeated(")", 2000),
      "x" + repeated("^x", 4000),
      repeated("(", 3000) + repeated(")", 3000),
      repeated("max(x,", 1500),
      repeated("gelu(", 60) + "x" + repeated(")", 60),
      repeated("mish(", 199) + "x" + repeated(")", 199),
      repeated("x", 10'001),
      repeated("a", 9'999),
      repeated("9", 9'999) + "^100",
      repeated("1e9999*", 1000) + "1",
  };
  for (const std::string& text : bombs) {
    CAPTURE(text.substr(0, 60));
    const auto start = std::chrono::steady_clock::now();
    CHECK_THROWS_AS(parse_expression(text), ParseError);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
  }
}

TEST_CASE("long texts within the limits are read") {
  CHECK(parse_expression("x" + repeated("+x", 4999)) == 5000 * x);
  CHECK(parse_expression("x" + repeated("*x", 999)) == Expression::power(x, Rational(1000)));
  CHECK(parse_expression(repeated("-", 9'999) + "x") == -x);
  CHECK(parse_expression(repeated("(", 200) + "x" + repeated(")", 200)) == x);
  CHECK(parse_expression(repeated("sin(", 200) + "x" + repeated(")", 200)).depth() == 201);
  std::string sum = "sin(x)";
  for (int i = 2; i < 800; ++i) sum += "+sin(" + std::to_string(i) + "*x)";
  CHECK(parse_expression(sum).node_count() > 3000);
}

TEST_CASE("trees beyond the limits are not built") {
  Expression f = x;
  const auto grow = [&] {
    for (int i = 0; i < 1000; ++i) f = Expression::call(Function::sin, f);
  };
  CHECK_THROWS_AS(grow(), InputError);
  f = x;
  const auto double_up = [&] {
    for (int i = 0; i < 40; ++i)
      f = Expression::call(Function::sin, f) * Expression::call(Function::cos, f);
  };
  CHECK_THROWS_AS(double_up(), InputError);
  CHECK_THROWS_AS(Expression::hermite(10'001, x), DomainError);
  CHECK_THROWS_AS(Expression::call(Function::sin, {x, x}), DomainError);
}

TEST_CASE("expressions that are polynomials are recognised") {
  const auto p = rational_polynomial(parse_expression("(x-1/2)^3 + 2*x*(x+1)"), 10);
  REQUIRE(p.has_value());
  CHECK(*p == std::vector<Rational>{Rational(-1, 8), Rational(11, 4), Rational(1, 2), Rational(1)});
  CHECK(rational_polynomial(parse_expression("(x+1)*(x-1)-x^2"), 2) == std::vector<Rational>{-1});
  CHECK(!rational_polynomial(parse_expression("sqrt(2)*x"), 10));
  CHECK(!rational_polynomial(parse_expression("x^11"), 10));
  CHECK(!rational_polynomial(parse_expression("1/x"), 10));
  CHECK(!rational_polynomial(parse_expression("abs(x)"), 10));
}
