#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <sigmahat/activation/activation.hpp>
#include <sigmahat/numeric/errors.hpp>

using namespace sigmahat;

TEST_CASE("Every example of the registry parses, under the name of its line") {
  for (const ActivationEntry& entry : activation_registry()) {
    CAPTURE(entry.example);
    const Activation activation = parse_activation(entry.example);
    CHECK(activation.name().substr(0, activation.name().find('(')) == entry.name);
    CHECK(entry.parameters.empty() == (entry.example.find('(') == std::string::npos));
    CHECK_FALSE(entry.formula.empty());
  }
}

TEST_CASE("No name stands twice in the registry, and the promised ones all stand in it") {
  std::set<std::string> names;
  for (const ActivationEntry& entry : activation_registry()) {
    CAPTURE(entry.name);
    CHECK(names.insert(entry.name).second);
  }
  for (const char* name :
       {"relu",     "leaky_relu", "abs",        "step",      "sign",         "linear",
        "identity", "quadratic",  "cubic",      "hermite",   "erf",          "exp",
        "sin",      "cos",        "gaussian",   "gelu",      "tanh",         "sigmoid",
        "softplus", "silu",       "relu_power", "hard_tanh", "elu",          "selu",
        "celu",     "mish",       "softsign",   "arctan",    "hard_sigmoid", "hard_swish",
        "relu6",    "squareplus", "log_cosh",   "snake",     "triangle"}) {
    CAPTURE(name);
    CHECK(names.count(name) == 1);
  }
}

TEST_CASE("The name of an activation reads back as the same activation") {
  for (const char* text : {"relu", "leaky_relu(0.1)", "leaky_relu(-2/3)", "relu_power(7)",
                           "hermite(12)", "hermite(1e2)", "tanh", " leaky_relu ( 1/10 ) "}) {
    CAPTURE(text);
    const Activation activation = parse_activation(text);
    const Activation again = parse_activation(activation.name());
    CHECK(again == activation);
    CHECK(again.name() == activation.name());
    for (const double x : {-1.75, -0.5, 0.0, 0.25, 2.0}) CHECK(again(x) == activation(x));
  }
}

TEST_CASE("Equal parameters make equal activations, however they are written") {
  CHECK(parse_activation("leaky_relu(0.1)") == parse_activation("leaky_relu(1/10)"));
  CHECK(parse_activation("leaky_relu(1e-1)").name() == "leaky_relu(1/10)");
  CHECK(parse_activation("hermite(04)").name() == "hermite(4)");
  CHECK_FALSE(parse_activation("leaky_relu(0.1)") == parse_activation("leaky_relu(0.2)"));
  CHECK_FALSE(parse_activation("relu") == parse_activation("abs"));
}

TEST_CASE("A misspelt name is answered with the nearest known one") {
  struct Line {
    std::string_view text;
    std::string_view suggestion;
  };
  for (const Line& line :
       {Line{"rleu", "relu"}, Line{"ReLU", "relu"}, Line{"sigmiod", "sigmoid"},
        Line{"sofplus", "softplus"}, Line{"leaky_rely(0.1)", "leaky_relu(1/10)"},
        Line{"leakyrelu(0.1)", "leaky_relu(1/10)"}, Line{"hardtanh", "hard_tanh"},
        Line{"gaussain", "gaussian"}, Line{"tahn", "tanh"}}) {
    CAPTURE(line.text);
    CHECK_THROWS_WITH_AS(parse_activation(line.text),
                         doctest::Contains(("\"" + std::string(line.suggestion) + "\"").c_str()),
                         ParseError);
  }
}

TEST_CASE("A name like no other points to the list instead") {
  for (const std::string_view text : {"", "zzzzzzzz", "zzzzzzzz(1)"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parse_activation(text), doctest::Contains("sigmahat activations"),
                         ParseError);
  }
}

TEST_CASE("What is no name is read as an expression, and refused with the column") {
  for (const std::string_view text : {"?", "relu)", "x +", "2x", "max(x, "}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parse_activation(text), doctest::Contains("column"), ParseError);
  }
  CHECK(parse_activation("42")(1.5) == 42);
  CHECK(parse_activation("max(x - 1/2, 0)")(2.0) == 1.5);
  // An expression's own text names it.
  for (const std::string_view text : {"log(1+x^2)", "mish", "elu(1)", "he(3)"}) {
    CAPTURE(text);
    const Activation activation = parse_activation(text);
    CHECK(parse_activation(activation.name()) == activation);
  }
}

TEST_CASE("Wrong parameters are refused in one line that names the activation") {
  for (const std::string_view text :
       {"leaky_relu",       "leaky_relu()",     "leaky_relu(1,2)", "leaky_relu(0.1,)",
        "leaky_relu(,0.1)", "leaky_relu(,)",    "leaky_relu(0.1",  "leaky_relu(0.1))",
        "leaky_relu((0.1)", "leaky_relu(x)",    "leaky_relu(nan)", "leaky_relu(1 0)",
        "leaky_relu(1/0)",  "leaky_relu(0.1)x", "relu(1)",         "relu(",
        "hermite",          "hermite(-1)",      "hermite(1/2)",    "hermite(10001)",
        "hermite(1e9)",     "relu_power(-1)",   "relu_power(1.5)", "relu_power(101)"}) {
    CAPTURE(text);
    try {
      parse_activation(text);
      FAIL("accepted");
    } catch (const ParseError& error) {
      const std::string message = error.what();
      CAPTURE(message);
      CHECK(message.find(text.substr(0, text.find('('))) != std::string::npos);
      CHECK(message.find('\n') == std::string::npos);
    }
  }
}
