#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>

#include <fmt/format.h>

#include "support.hpp"

using namespace sigmahat;
using namespace sigmahat::test;

namespace {

/// The bytes of a NumPy file around `data`, as NEP 1 lays them out.
std::string npy(int version, const std::string& header, const std::string& data) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  std::string padded = header;
  while ((bytes.size() + length_bytes + padded.size() + 1) % 64 != 0) padded += ' ';
  padded += '\n';
  for (std::size_t byte = 0; byte < length_bytes; ++byte)
    bytes += static_cast<char>((padded.size() >> (8 * byte)) & 0xff);
  return bytes + padded + data;
}

std::string header(const std::string& descr, bool fortran, const std::string& shape) {
  return fmt::format("{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}", descr,
                     fortran ? "True" : "False", shape);
}

template <class Stored>
std::string stored(const Matrix<double>& values, bool fortran, bool big_endian) {
  std::string data;
  const auto put = [&](double x) {
    const auto entry = static_cast<Stored>(x);
    char bytes[sizeof entry];
    std::memcpy(bytes, &entry, sizeof entry);
    if (big_endian) std::reverse(std::begin(bytes), std::end(bytes));
    data.append(bytes, sizeof entry);
  };
  if (fortran)
    for (const double x : values.reshaped()) put(x);
  else
    for (const double x : values.transpose().reshaped()) put(x);
  return data;
}

/// A problem whose teacher's rows are in rows.npy.
constexpr std::string_view problem_text =
    R"({"teacher": {"activation": "relu", "a": 1, "B": {"npy": "rows.npy"}},
        "student": {"activation": "relu", "a": 1, "B": [[1, 0, 0]]}})";

class NpyFolder {
 public:
  NpyFolder(const std::string& bytes) {
    std::ofstream(folder_ / "rows.npy", std::ios::binary) << bytes;
  }
  std::filesystem::path problem() const { return folder_ / "problem.json"; }
  WeightMatrix::Doubles rows() const {
    return std::get<WeightMatrix::Doubles>(parse_problem(problem_text, problem()).teacher.B.source);
  }

 private:
  TemporaryFolder folder_;
};

const Matrix<double> two_by_three{{0.1, -2.5, 3e-300}, {4, 5, -0.6}};

}  // namespace

TEST_CASE("float64 arrays of every version, order of entries and order of bytes read alike") {
  for (const int version : {1, 2, 3})
    for (const bool fortran : {false, true})
      for (const bool big_endian : {false, true}) {
        CAPTURE(version);
        CAPTURE(fortran);
        CAPTURE(big_endian);
        const NpyFolder folder(npy(version,
                                   header(big_endian ? "'>f8'" : "'<f8'", fortran, "(2, 3)"),
                                   stored<double>(two_by_three, fortran, big_endian)));
        CHECK(folder.rows().values == two_by_three);
        CHECK(folder.rows().format == FloatFormat::float64);
      }
}

TEST_CASE("float32 arrays read as exactly the numbers that they hold") {
  const NpyFolder folder(
      npy(1, header("'<f4'", false, "(2, 3)"), stored<float>(two_by_three, false, false)));
  CHECK(folder.rows().values == two_by_three.cast<float>().cast<double>());
  CHECK(folder.rows().format == FloatFormat::float32);
}

TEST_CASE("an array's name counts from the folder of the problem file, unless it is absolute") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "arrays");
  std::ofstream(folder / "arrays/rows.npy", std::ios::binary)
      << npy(1, header("'<f8'", false, "(2, 3)"), stored<double>(two_by_three, false, false));
  const auto with_name = [&](const std::string& name) {
    std::string text(problem_text);
    text.replace(text.find("rows.npy"), 8, name);
    return parse_problem(text, folder / "problem.json");
  };
  CHECK(with_name("arrays/rows.npy").teacher.width() == 2);
  CHECK(with_name((folder / "arrays/rows.npy").string()).teacher.width() == 2);
}

TEST_CASE("a problem read from arrays is written without them") {
  const NpyFolder folder(
      npy(1, header("'<f4'", true, "(2, 3)"), stored<float>(two_by_three, true, false)));
  const Problem problem = parse_problem(problem_text, folder.problem());
  CHECK(same(parse_problem(to_json(problem), "elsewhere.json"), problem));
}

TEST_CASE("whatever is not a two-dimensional float array is refused") {
  const std::string data = stored<double>(two_by_three, false, false);
  const std::string good = npy(1, header("'<f8'", false, "(2, 3)"), data);
  const struct {
    std::string bytes, expected;
  } cases[] = {
      {"", "not a NumPy file"},
      {"PK\3\4 a zip archive", "not a NumPy file"},
      {good.substr(0, 9), "ends too early"},
      {good.substr(0, 40), "ends too early"},
      {good.substr(0, good.size() - 1), "expected 1 more bytes"},
      {good + "x", "bytes follow the array"},
      {npy(9, header("'<f8'", false, "(2, 3)"), data), "version 1 to 3"},
      {npy(2, header("'<f8'", false, "(2, 3)") + std::string(20'000, ' '), data),
       "expected at most 10000"},
      {npy(1, header("'<i8'", false, "(2, 3)"), data), "type '<i8'; expected float64"},
      {npy(1, header("'<f2'", false, "(2, 3)"), data), "type '<f2'; expected float64"},
      {npy(1, header("'<c16'", false, "(2, 3)"), data), "type '<c16'"},
      {npy(1, header("[('x', '<f8')]", false, "(2, 3)"), data), "type [('x', '<f8')]"},
      {npy(1, header("'<f8'", false, "(6,)"), data), "shape (6,); expected two dimensions"},
      {npy(1, header("'<f8'", false, "(1, 2, 3)"), data), "expected two dimensions"},
      {npy(1, header("'<f8'", false, "()"), data), "expected two dimensions"},
      {npy(1, header("'<f8'", false, "(-2, 3)"), data), "expected two dimensions"},
      {npy(1, header("'<f8'", false, "(0, 3)"), ""), "a dimension is 0"},
      {npy(1, header("'<f8'", false, "(99999999999999999999, 3)"), data), "a dimension is 9999"},
      {npy(1, header("'<f8'", false, "(4294967296, 4294967296)"), data), "expected at most"},
      {npy(1, header("'<f8'", false, "(1000000, 1000000)"), data), "expected at most"},
      {npy(1, header("'<f8'", false, "(1000, 1000)"), data), "ends too early"},
      {npy(1, "{'fortran_order': False, 'shape': (2, 3)}", data), "lacks a plain 'descr'"},
      {npy(1, "{'descr': '<f8', 'shape': (2, 3)}", data), "lacks 'fortran_order'"},
      {npy(1, "{'descr': '<f8', 'fortran_order': False}", data), "lacks 'shape'"},
  };
  for (const auto& [bytes, expected] : cases) {
    const NpyFolder folder(bytes);
    const std::string message = refusal(problem_text, folder.problem());
    CAPTURE(expected);
    CAPTURE(message);
    CHECK(message.find("teacher.B.npy: ") != message.npos);
    CHECK(message.find("rows.npy") != message.npos);
    CHECK(message.find(expected) != message.npos);
  }
}

TEST_CASE("entries that are not finite are refused with their place") {
  Matrix<double> values = two_by_three;
  const auto message = [&] {
    const NpyFolder folder(
        npy(1, header("'<f8'", false, "(2, 3)"), stored<double>(values, false, false)));
    return refusal(problem_text, folder.problem());
  };
  values(1, 2) = std::numeric_limits<double>::quiet_NaN();
  CHECK(message().find("teacher.B[1][2]: nan; expected a finite number") != std::string::npos);
  values(0, 1) = -std::numeric_limits<double>::infinity();
  CHECK(message().find("teacher.B[0][1]: -inf; expected a finite number") != std::string::npos);
}

TEST_CASE("a damaged array is either read or refused in one line") {
  std::mt19937_64 random(20240103);
  const std::string valid =
      npy(1, header("'<f8'", false, "(2, 3)"), stored<double>(two_by_three, false, false));
  for (int round = 0; round < 500; ++round) {
    std::string bytes = valid;
    for (std::uint64_t edits = 1 + random() % 3; edits > 0; --edits)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    CAPTURE(round);
    const NpyFolder folder(bytes);
    CHECK(refusal(problem_text, folder.problem()).find('\n') == std::string::npos);
  }
}
