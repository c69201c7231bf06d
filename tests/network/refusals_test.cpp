// Nothing but stupid input: what is said of it.
#include <string>
#include <vector>

#include "support.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

/// A good problem with `find` replaced by `replacement`.
std::string spoilt(const std::string& find, const std::string& replacement) {
  std::string text =
      R"({"teacher": {"activation": "tanh", "a": [1, 2], "B": [[1, 0], [0, 1]], "noise_variance": 0},
 "student": {"activation": "relu", "a": 3, "B": {"gaussian": {"rows": 4, "cols": 2, "seed": 5}}},
 "normalize": false})";
  if (find.empty()) return text;
  const std::size_t at = text.find(find);
  REQUIRE(at != text.npos);
  return text.replace(at, find.size(), replacement);
}

struct Case {
  std::string text;
  std::vector<std::string> expected;  ///< parts of the message
};

void check_refused(const std::vector<Case>& cases) {
  for (const auto& [text, expected] : cases) {
    const std::string message = refusal(text, "talk.json");
    CAPTURE(text.substr(0, 500));
    CAPTURE(message);
    CHECK(message.substr(0, 11) == "talk.json: ");
    CHECK(message.find('\n') == message.npos);
    CHECK(message.size() < 600);
    for (const std::string& part : expected) {
      CAPTURE(part);
      CHECK(message.find(part) != message.npos);
    }
  }
}

std::string repeated(const std::string& part, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += part;
  return result;
}

}  // namespace

TEST_CASE("the problem that the refusals start from is good") {
  CHECK(refusal(spoilt("", ""), "talk.json").empty());
}

TEST_CASE("malformed JSON is refused with line and column") {
  check_refused({
      {"", {"line 1, column 1: ", "unexpected end of input"}},
      {"  \n\n ", {"line 3, column 2: "}},
      {"{", {"line 1, column 2: "}},
      {"teacher", {"line 1, column 2: ", "invalid literal"}},
      {"{\"teacher\": 1,}", {"line 1, column 15: "}},
      {"{\n  \"teacher\" 1}", {"line 2, column 13: "}},
      {"{\n  \"teacher\": NaN}", {"line 2, column 14: "}},
      {"{\n  \"teacher\": -Infinity}", {"line 2, column 15: "}},
      {"{\n  \"teacher\": \"tan\nh\"}", {"line 2, column 18: "}},
      {"{\"teacher\": 01}", {"line 1, column 14: "}},
      {"{\"teacher\": +1}", {"line 1, column 13: "}},
      {"{\"teacher\": .5}", {"line 1, column 13: "}},
      {"{\"teacher\": \"\xff\"}", {"line 1, column 14: ", "UTF-8"}},
      {"{\"a\": 1 /* no end", {"line 1, column "}},
      {"{\"a\": 1} {", {"line 1, column 10: "}},
      {"\n{\"a\": [1, 1e999]}", {"line 2, column ", "1e999", "expected the string \"1e999\""}},
      {spoilt("[1, 2]", "[1, 2"), {"line 1, "}},
      {spoilt(" \"normalize\": false}", " \"normalize\": false"), {"line 3, column 20: "}},
  });
  CHECK_THROWS_AS(parse_problem("{", "x.json"), ParseError);
}

TEST_CASE("nesting beyond any problem is refused, however deep") {
  check_refused({
      {repeated("[", 1'000'000), {"nested too deep", "16"}},
      {repeated("{\"a\":", 1'000'000), {"a.a.a", "nested too deep"}},
      {spoilt("[1, 2]", repeated("[", 1'000'000) + repeated("]", 1'000'000)),
       {"teacher.a[0][0]", "nested too deep"}},
  });
}

TEST_CASE("missing, unknown and doubled fields are named") {
  check_refused({
      {"{}", {"teacher: missing; expected an object"}},
      {R"({"teacher": {"activation": "relu", "a": 1, "B": [[1]]}})",
       {"student: missing; expected an object with \"activation\", \"a\" and \"B\""}},
      {spoilt("\"activation\": \"tanh\", ", ""), {"teacher.activation: missing; expected a name"}},
      {spoilt("\"a\": 3, ", ""), {"student.a: missing; expected a list of numbers"}},
      {spoilt(", \"seed\": 5", ""), {"student.B.gaussian.seed: missing; expected a number"}},
      {spoilt("activation", "activaton"),
       {"teacher.activaton: unknown field; expected \"activation\""}},
      {spoilt("teacher", "Teacher"), {"Teacher: unknown field; expected \"teacher\""}},
      {spoilt("normalize", "normalise"), {"normalise: unknown field; expected \"normalize\""}},
      {spoilt("gaussian", "gausian"), {"student.B.gausian: unknown field; expected \"gaussian\""}},
      {spoilt("\"rows\"", "\"row\""), {"student.B.gaussian.row: unknown field", "\"rows\""}},
      {spoilt("\"a\": 3", "\"a\": 3, \"noise_variance\": 1"),
       {"student.noise_variance: unknown field", "one of \"activation\", \"a\", \"B\""}},
      {spoilt("\"normalize\"", "\"\""), {"unknown field; expected one of \"teacher\""}},
      {spoilt("\"normalize\"", "\"" + repeated("x", 100'000) + "\""), {"unknown field"}},
      {spoilt("\"normalize\"", "\"a\\nb\""), {"a b: unknown field"}},
      {spoilt("\"a\": 3", "\"a\": 3, \"a\": 3"), {"student.a: given twice; expected once"}},
      {spoilt("\"normalize\": false", "\"teacher\": 1"), {"teacher: given twice; expected once"}},
      {spoilt("\"cols\": 2", "\"rows\": 2"), {"student.B.gaussian.rows: given twice"}},
      {"[" + repeated("1,", 7) + "{\"x\": 1, \"x\": 2}]", {"[7].x: given twice"}},
  });
}

TEST_CASE("values of the wrong kind are refused with the kind expected") {
  check_refused({
      {"null", {"talk.json: null; expected an object with \"teacher\" and \"student\""}},
      {"[]", {"a list; expected an object"}},
      {"3", {"a number; expected an object"}},
      {R"({"teacher": "relu", "student": {}})", {"teacher: a string; expected an object"}},
      {spoilt("\"tanh\"", "3"), {"teacher.activation: a number; expected a name"}},
      {spoilt("[1, 2]", "{}"), {"teacher.a: an object; expected a list of numbers"}},
      {spoilt("[1, 2]", "null"), {"teacher.a: null; expected a list of numbers"}},
      {spoilt("[1, 2]", "[1, [2]]"), {"teacher.a[1]: a list; expected a number"}},
      {spoilt("[1, 2]", "[1, true]"), {"teacher.a[1]: a boolean; expected a number"}},
      {spoilt("[[1, 0], [0, 1]]", "\"identity\""),
       {"teacher.B: a string; expected a list of rows"}},
      {spoilt("[[1, 0], [0, 1]]", "{}"), {"teacher.B: an object; expected a list of rows"}},
      {spoilt("[[1, 0], [0, 1]]", "[1, 0]"), {"teacher.B[0]: a number; expected a row"}},
      {spoilt("[[1, 0], [0, 1]]", "[[1, 0], {}]"), {"teacher.B[1]: an object; expected a row"}},
      {spoilt("[0, 1]]", "[0, null]]"), {"teacher.B[1][1]: null; expected a number"}},
      {spoilt("[[1, 0], [0, 1]]", "{\"npy\": 3}"), {"teacher.B.npy: a number; expected the name"}},
      {spoilt("[[1, 0], [0, 1]]", "{\"identity\": 2, \"npy\": \"x\"}"),
       {"teacher.B: both \"identity\" and \"npy\"; expected one of them"}},
      {spoilt("\"noise_variance\": 0", "\"noise_variance\": [0]"),
       {"teacher.noise_variance: a list; expected a number"}},
      {spoilt("false", "\"false\""), {"normalize: a string; expected true or false"}},
      {spoilt("{\"rows\": 4, \"cols\": 2, \"seed\": 5}", "5"),
       {"student.B.gaussian: a number; expected an object with \"rows\", \"cols\" and \"seed\""}},
  });
}

TEST_CASE("texts that are no numbers and names that are no activations are refused") {
  check_refused({
      {spoilt("[1, 2]", "[1, \"two\"]"), {"teacher.a[1]: \"two\" is not a number; expected"}},
      {spoilt("[1, 2]", "[1, \"\"]"), {"teacher.a[1]: \"\" is not a number; expected"}},
      {spoilt("[1, 2]", "[1, \"1/0\"]"), {"teacher.a[1]: \"1/0\" divides by zero"}},
      {spoilt("[1, 2]", "[1, \"NaN\"]"), {"teacher.a[1]: \"NaN\" is not a number"}},
      {spoilt("[1, 2]", "[\"-inf\", 1]"), {"teacher.a[0]: \"-inf\" is not a number"}},
      {spoilt("[1, 2]", "[1, \"1e100001\"]"), {"teacher.a[1]: \"1e100001\": the exponent"}},
      {spoilt("[1, 2]", "[1, \"1e-2147483648\"]"), {"teacher.a[1]: ", "the exponent must be"}},
      {spoilt("[1, 2]", "[1, \"1e+-5\"]"), {"teacher.a[1]: ", "is not a number"}},
      {spoilt("[1, 2]", "[1, 1e-100001]"), {"teacher.a[1]: ", "the exponent must be"}},
      {spoilt("[1, 2]", "[1, \"" + repeated("9", 100'000) + "x\"]"),
       {"teacher.a[1]: \"999", "is not a number; expected"}},
      {spoilt("[0, 1]]", "[0, \"1\\n2\"]]"), {"teacher.B[1][1]: \"1\\x0a2\" is not a number"}},
      {spoilt("tanh", "tahn"), {"teacher.activation: unknown activation \"tahn\"", "\"tanh\""}},
      {spoilt("tanh", "leaky_relu"), {"teacher.activation: ", "takes 1 parameter"}},
      {spoilt("relu", ""), {"student.activation: "}},
  });
}

TEST_CASE("shapes that do not fit are refused with both sizes") {
  check_refused({
      {spoilt("[[1, 0], [0, 1]]", "[[1, 0, 0, 0, 0], [0, 1, 0, 0]]"),
       {"teacher.B[1]: the row has 4 entries; expected 5"}},
      {spoilt("[[1, 0], [0, 1]]", "[]"), {"teacher.B: 0 by 0; expected at least one row"}},
      {spoilt("[[1, 0], [0, 1]]", "[[], []]"), {"teacher.B: 2 by 0; expected at least one row"}},
      {spoilt("[1, 2]", "[1]"), {"teacher.a: 1 entries; expected 2, one for each row of B"}},
      {spoilt("[1, 2]", "[1, 2, 3]"), {"teacher.a: 3 entries; expected 2"}},
      {spoilt("[1, 2]", "[]"), {"teacher.a: 0 entries; expected 2"}},
      {spoilt("\"cols\": 2", "\"cols\": 3"),
       {"student.B: the rows have 3 entries; expected 2, as in teacher.B"}},
      {spoilt("gaussian", "orthogonal"), {"student.B: 4 orthonormal rows of 2 entries"}},
      {spoilt("\"rows\": 4", "\"rows\": 0"),
       {"student.B.gaussian.rows: 0; expected a whole number from 1 to 1000000"}},
      {spoilt("\"rows\": 4", "\"rows\": -4"), {"student.B.gaussian.rows: -4; expected a whole"}},
      {spoilt("\"rows\": 4", "\"rows\": 2.5"), {"student.B.gaussian.rows: 5/2; expected a whole"}},
      {spoilt("\"rows\": 4", "\"rows\": 1e18"), {"student.B.gaussian.rows: ", "expected a whole"}},
      {spoilt("\"rows\": 4, \"cols\": 2", "\"rows\": 1000000, \"cols\": 1000000"),
       {"student.B: 1000000 by 1000000; expected at most 1000000 rows and 100000000 entries"}},
      {spoilt("[1, 2], \"B\": [[1, 0], [0, 1]]", "1, \"B\": {\"identity\": 100000}"),
       {"teacher.B: 100000 by 100000; expected at most"}},
      {spoilt("[[1, 0], [0, 1]]", "{\"identity\": 0}"),
       {"teacher.B.identity: 0; expected a whole"}},
      {spoilt("\"seed\": 5", "\"seed\": -1"), {"student.B.gaussian.seed: -1; expected a whole"}},
      {spoilt("\"seed\": 5", "\"seed\": 18446744073709551616"),
       {"seed: 18446744073709551616; expected a whole number from 0 to 18446744073709551615"}},
  });
}

TEST_CASE("numbers that make no problem are refused with their place") {
  check_refused({
      {spoilt("\"noise_variance\": 0", "\"noise_variance\": -0.25"),
       {"teacher.noise_variance: -1/4; expected a number >= 0"}},
      {spoilt("[0, 1]]", "[0, 0]]"), {"teacher.B[1]: the row is zero"}},
      {spoilt("[[1, 0], [0, 1]]", "{\"float64\": [[1, 0], [\"1e400\", 1]]}"),
       {"teacher.B[1][0]: inf; expected a finite number"}},
  });
}
