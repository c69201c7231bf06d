#include <fstream>
#include <random>
#include <sstream>

#include <fmt/format.h>

#include "support.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

const std::filesystem::path problems =
    std::filesystem::path(SIGMAHAT_SOURCE_ROOT) / "data" / "problems";

std::vector<std::filesystem::path> problem_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(problems))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string contents(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// A ReLU problem in one dimension whose teacher has the outer weight written as `number`.
Rational read_back(const std::string& number) {
  const std::string text = fmt::format(
      R"({{"teacher": {{"activation": "relu", "a": {}, "B": [[1]]}},
          "student": {{"activation": "relu", "a": 1, "B": [[1]]}}}})",
      number);
  return parse_problem(text, "number.json").teacher.a.at(0);
}

const Matrix<Rational>& entries(const Network& network) {
  return std::get<WeightMatrix::Entries>(network.B.source).values;
}

Rational random_rational(std::mt19937_64& random) {
  std::uniform_int_distribution<long> digits(-1'000'000'000, 1'000'000'000);
  return Rational(digits(random), 1 + std::abs(digits(random)));
}

Network random_network(std::mt19937_64& random, const std::string& activation, int cols) {
  const int rows = std::uniform_int_distribution<int>(1, 5)(random);
  const std::uint64_t seed = random();
  WeightMatrix B;
  switch (random() % 5) {
    case 0: {
      Matrix<Rational> values(rows, cols);
      for (Rational& x : values.reshaped()) x = random_rational(random);
      B.source = WeightMatrix::Entries{values};
      break;
    }
    case 1: {
      Matrix<double> values(rows, cols);
      for (double& x : values.reshaped()) x = std::normal_distribution<double>()(random);
      B.source = WeightMatrix::Doubles{values, FloatFormat::float64};
      break;
    }
    case 2: {
      Matrix<double> values(rows, cols);
      for (double& x : values.reshaped()) x = std::normal_distribution<float>()(random);
      B.source = WeightMatrix::Doubles{values, FloatFormat::float32};
      break;
    }
    case 3:
      B.source = WeightMatrix::Gaussian{rows, cols, seed};
      break;
    case 4:
      B.source = WeightMatrix::Orthogonal{std::min(rows, cols), cols, seed};
      break;
  }
  std::vector<Rational> a(static_cast<std::size_t>(B.rows()));
  for (Rational& x : a) x = random_rational(random);
  return {parse_activation(activation), a, B};
}

}  // namespace

TEST_CASE("the documented example reads as the exact numbers that it shows") {
  const Problem problem = parse_problem(
      R"({"teacher": {"activation": "relu", "a": ["1", "1/2"], "B": [["3/5", "4/5"], ["0", "1"]],
                      "noise_variance": "1/4"},
          "student": {"activation": "relu", "a": ["1", "1"], "B": [["1", "0"], ["0", "1"]]},
          "normalize": true})",
      "example.json");
  CHECK(problem.teacher.activation == parse_activation("relu"));
  CHECK(problem.teacher.a == std::vector<Rational>{1, Rational(1, 2)});
  CHECK(entries(problem.teacher)(0, 0) == Rational(3, 5));
  CHECK(entries(problem.teacher)(0, 1) == Rational(4, 5));
  CHECK(entries(problem.teacher)(1, 0) == 0);
  CHECK(entries(problem.teacher)(1, 1) == 1);
  CHECK(problem.student.a == std::vector<Rational>{1, 1});
  CHECK(problem.noise_variance == Rational(1, 4));
  CHECK(problem.normalize);
  CHECK(same(problem, read_problem(problems / "small_relu.json")));
}

TEST_CASE("JSON numbers keep every digit that is written") {
  CHECK(read_back("0.1") == Rational(1, 10));
  CHECK(read_back("-0.1") == Rational(-1, 10));
  CHECK(read_back("1e-3") == Rational(1, 1000));
  CHECK(read_back("2.5E+2") == 250);
  CHECK(read_back("-0") == 0);
  CHECK(read_back("-9223372036854775808") == Rational(Integer("-9223372036854775808")));
  CHECK(read_back("18446744073709551615") == Rational(Integer("18446744073709551615")));
  // One digit more than 64 bits, and fifty digits on either side of the point.
  CHECK(read_back("18446744073709551617") == Rational(Integer("18446744073709551617")));
  const std::string fifty = "12345678901234567890123456789012345678901234567890";
  CHECK(read_back(fifty) == Rational(Integer(fifty)));
  CHECK(read_back("0." + fifty) == Rational(Integer(fifty), pow(Integer(10), 50)));
  // Far below the least double.
  CHECK(read_back("1e-400") == Rational(Integer(1), pow(Integer(10), 400)));
}

TEST_CASE("exact strings say what JSON numbers say, and fractions besides") {
  CHECK(read_back("\"1/3\"") == Rational(1, 3));
  CHECK(read_back("\"0.1\"") == read_back("0.1"));
  CHECK(read_back("\"1e-3\"") == read_back("1e-3"));
  CHECK(read_back("\"1e400\"") == Rational(pow(Integer(10), 400)));
}

TEST_CASE("comments, blank space and a byte order mark change nothing") {
  const Problem plain = read_problem(problems / "small_relu.json");
  std::string text = contents(problems / "small_relu.json");
  for (std::size_t comma = 0; (comma = text.find(",\n", comma)) != text.npos; comma += 2)
    text.replace(comma, 2, "/* , \" [ */,\r\n\t// }\n");
  CHECK(same(parse_problem("\xef\xbb\xbf" + text + "// the end", "x.json"), plain));
}

TEST_CASE("one number for a stands for every row, and defaults are no noise, no scaling") {
  const Problem problem = read_problem(problems / "talk_d50.json");
  CHECK(problem.teacher.a == std::vector<Rational>(50, 1));
  CHECK(problem.student.a == std::vector<Rational>(50, 1));
  CHECK(problem.noise_variance == 0);
  CHECK_FALSE(problem.normalize);
}

TEST_CASE("biases are read where there are any, one for each row or one for all") {
  const auto biases = [](const char* c) {
    const std::string text =
        std::string(R"({"teacher": {"activation": "tanh", "a": 1, "B": [[1, 2], [3, 4]], "c": )") +
        c + R"(}, "student": {"activation": "relu", "a": 1, "B": [[1, 0]]}})";
    const Problem problem = parse_problem(text, "talk.json");
    CHECK(problem.student.c.empty());
    CHECK(to_json(parse_problem(to_json(problem), "again.json")) == to_json(problem));
    return problem.teacher.c;
  };
  CHECK(biases("[\"1/3\", -2]") == std::vector<Rational>{Rational(1, 3), -2});
  CHECK(biases("0.5") == std::vector<Rational>{Rational(1, 2), Rational(1, 2)});
}

TEST_CASE("generators are kept as what was asked for") {
  const Problem talk = read_problem(problems / "talk_d50.json");
  CHECK(std::get<WeightMatrix::Identity>(talk.teacher.B.source).dimension == 50);
  const auto& gaussian = std::get<WeightMatrix::Gaussian>(talk.student.B.source);
  CHECK(gaussian.rows == 50);
  CHECK(gaussian.cols == 50);
  CHECK(gaussian.seed == 1);
  const Problem erf = read_problem(problems / "orthogonal_erf.json");
  const auto& orthogonal = std::get<WeightMatrix::Orthogonal>(erf.teacher.B.source);
  CHECK(orthogonal.rows == 5);
  CHECK(orthogonal.cols == 8);
  CHECK(orthogonal.seed == 21);

  const Problem largest_seed = parse_problem(
      R"({"teacher": {"activation": "erf", "a": 1,
                      "B": {"gaussian": {"rows": 1, "cols": 2, "seed": 18446744073709551615}}},
          "student": {"activation": "erf", "a": 1, "B": [[1, 0]]}})",
      "seed.json");
  CHECK(std::get<WeightMatrix::Gaussian>(largest_seed.teacher.B.source).seed == ~std::uint64_t{0});
}

TEST_CASE("float64 and float32 rows are the floats nearest to what is written") {
  const Problem problem = parse_problem(
      R"({"teacher": {"activation": "relu", "a": 1, "B": {"float64": [[0.1, "1/3"]]}},
          "student": {"activation": "relu", "a": 1, "B": {"float32": [[0.1, "1/3"]]}}})",
      "floats.json");
  const auto& teacher = std::get<WeightMatrix::Doubles>(problem.teacher.B.source);
  const auto& student = std::get<WeightMatrix::Doubles>(problem.student.B.source);
  CHECK(teacher.format == FloatFormat::float64);
  CHECK(teacher.values == Matrix<double>{{0.1, 1.0 / 3}});
  CHECK(student.format == FloatFormat::float32);
  CHECK(student.values == Matrix<double>{{double{0.1f}, double{1.0f / 3}}});
}

TEST_CASE("what to_json writes reads back as the same problem") {
  std::mt19937_64 random(20240101);
  for (int round = 0; round < 200; ++round) {
    const int cols = std::uniform_int_distribution<int>(1, 6)(random);
    const Problem problem{random_network(random, "relu", cols),
                          random_network(random, "leaky_relu(1/3)", cols),
                          abs(random_rational(random)), random() % 2 == 0};
    const std::string text = to_json(problem);
    CAPTURE(round);
    CAPTURE(text);
    CHECK(same(parse_problem(text, "again.json"), problem));
  }
}

TEST_CASE("every problem in data/problems says what it is, reads, and survives a round trip") {
  CHECK(problem_files().size() >= 5);
  for (const std::filesystem::path& file : problem_files()) {
    CAPTURE(file.string());
    CHECK(contents(file).substr(0, 3) == "// ");
    const Problem problem = read_problem(file);
    CHECK(same(parse_problem(to_json(problem), file), problem));
    const ProblemValues<double> values = at_precision<double>(problem);
    CHECK(values.teacher.B.rowwise().norm().isOnes(1e-15 * double(problem.dimension())));
    CHECK(values.student.B.rowwise().norm().isOnes(1e-15 * double(problem.dimension())));
  }
}

TEST_CASE("a file that cannot be read is an input/output error that names it") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(read_problem(folder / "missing.json"), doctest::Contains("missing.json"),
                       IoError);
  CHECK_THROWS_AS(read_problem(problems), IoError);
  CHECK_THROWS_WITH_AS(
      parse_problem(R"({"teacher": {"activation": "relu", "a": 1, "B": {"npy": "absent.npy"}},
                        "student": {"activation": "relu", "a": 1, "B": [[1]]}})",
                    folder / "problem.json"),
      doctest::Contains("problem.json: cannot read"), IoError);
}

TEST_CASE("a damaged file is either a problem or refused in one line, never anything else") {
  std::mt19937_64 random(20240102);
  const std::string tokens[] = {
      "{",       "}",    "[",        "]",        ",",   ":",    "\"",
      "\\",      "/*",   "*/",       "//",       "\n",  "null", "true",
      "NaN",     "-",    "1e9999",   "1e-99999", "0",   "\xff", std::string(1, '\0'),
      "\"1/0\"", "[[[[", "identity", "\\u0000",  "1e+", "\"\"", "\xe2\x82"};
  int read = 0, refused = 0;
  for (const std::filesystem::path& file : problem_files()) {
    const std::string valid = contents(file);
    for (int round = 0; round < 400; ++round) {
      std::string text = valid;
      const auto position = [&] { return random() % (text.size() + 1); };
      if (random() % 4 == 0) text.resize(position());
      for (std::uint64_t edits = 1 + random() % 4; edits > 0; --edits) {
        const std::size_t at = position(), length = random() % 6;
        switch (random() % 4) {
          case 0:
            text.erase(at, length);
            break;
          case 1:
            text.insert(at, tokens[random() % std::size(tokens)]);
            break;
          case 2:
            if (at < text.size()) text[at] = static_cast<char>(random());
            break;
          case 3:
            text.insert(at, text.substr(position(), 4 * length));
            break;
        }
      }
      CAPTURE(file.string());
      CAPTURE(text);
      try {
        const Problem problem = parse_problem(text, "damaged.json");
        ++read;
        CHECK(same(parse_problem(to_json(problem), "again.json"), problem));
      } catch (const InputError& error) {
        const std::string message = error.what();
        ++refused;
        CHECK(message.substr(0, 14) == "damaged.json: ");
        CHECK(message.find('\n') == message.npos);
      }
    }
  }
  // The damage is neither harmless nor always fatal.
  CHECK(read > 100);
  CHECK(refused > 100);
}
