#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <sigmahat/coefficients/exact_value.hpp>
#include <sigmahat/numeric/enclosure.hpp>

namespace sigmahat::cli {

using Json = nlohmann::ordered_json;

/// One number or word, as each format shows it.
struct Value {
  std::string text;   ///< for people
  std::string latex;  ///< the same in LaTeX, math mode included
  Json json;          ///< null: there is no such number
  /// |number shown - true number| at most this, the rounding to the digits shown included.
  std::optional<std::string> error_bound = std::nullopt;
};

Value word(std::string text);
Value whole(std::uint64_t number);
Value yes_no(bool truth);
/// The digits of `number` that its bound supports, at most `digits`.
Value certified(const Enclosure& number, int digits);
/// A bound by itself, rounded up.
Value bound(const Real& number);
/// An exact number in symbols.
Value symbol(const ExactValue& number, Radicals radicals = Radicals::entire);
Value rational(const Rational& number);
/// A Monte-Carlo mean: shown to the second digit of its standard error.
Value measured(double mean, double standard_error);
/// `significant` digits for people, every digit for programs.
Value rounded(double number, int significant);
/// The same of a number known to `rounding` alone: for people 0 where that hides it.
Value rounded(double number, int significant, double rounding);
/// The same of a norm: where rounding hides it, people see "<1e-12", the power of ten above.
Value rounded_norm(double number, int significant, double rounding);
/// `decimals` digits after the point for people, every digit for programs.
Value fixed(double number, int decimals);
/// Nothing to give; `reason` is what people see in its place: "infinite", "".
Value absent(std::string reason);

/// Who is shown a column or field: some say to programs what another says to people.
enum class Audience { everyone, people, programs, json_only };

struct Column {
  enum class Align { left, right, point };

  std::string key;         ///< in JSON and CSV
  std::string label;       ///< for people
  std::string latex = {};  ///< LaTeX column head; empty: the label
  Align align = Align::left;
  Audience audience = Audience::everyone;
  /// The cells carry bounds: beside this column stands one for them.
  bool certified = false;
  /// Show people the bounds as well: otherwise the digits shown say enough.
  bool show_bound = false;
};

struct Row {
  std::vector<Value> cells;  ///< one for each column
  /// Says for readers of the table what JSON says in fields of its own ("total"): not in JSON.
  bool summary = false;
};

struct Table {
  std::string key;  ///< path in JSON's results, dots between the levels
  std::vector<Column> columns;
  std::vector<Row> rows;
};

struct Field {
  std::string key;  ///< path in JSON's results, dots between the levels
  std::string label;
  Value value;
  std::string note = {};  ///< for people: how the number came about
  Audience audience = Audience::everyone;
};

struct Section {
  std::string title;
  std::vector<Field> fields = {};
  std::optional<Table> table = std::nullopt;
};

struct Verdict {
  bool holds;
  std::string reason;
};

/// The numbers that the formats c and npy hold, and nothing else.
struct NumberArray {
  std::string name;                  ///< the array's in C follows from it
  std::string title;                 ///< what the numbers are, in ASCII, as the rest
  std::vector<std::string> remarks;  ///< lines
  std::string call;                  ///< the command line that makes it
  /// Two dimensions in C and NumPy where `row_heads` says what tells the rows apart, otherwise one.
  std::vector<std::vector<double>> rows = {};
  std::vector<double> row_heads = {};
  std::string row_heads_name = {};
  /// Decimals of more digits than a double has, entry by entry; may be empty.
  std::vector<std::vector<std::string>> digits = {};
};

/// What a command found; every format is rendered from this.
struct Report {
  std::string command;
  std::string title;  ///< a line for people
  Json inputs = {};   ///< every option in force
  /// The inputs in words, label and text.
  std::vector<std::pair<std::string, std::string>> heading = {};
  std::vector<Section> sections = {};
  std::optional<Verdict> verdict = {};
  std::optional<NumberArray> array = {};
};

/// The key of the bound that stands beside `key`: error_bound beside value, K_error_bound beside K.
std::string bound_key(std::string_view key);

bool shown_to_people(Audience audience);

enum class Format { text, json, csv, latex, markdown, c_header, npy };

std::string render(const Report& report, Format format);
/// For an 80-column terminal.
std::string render_text(const Report& report);
/// {"command", "version", "inputs", "results"}.
std::string render_json(const Report& report);
/// The report's first table under one header line, quoted as RFC 4180 says, lines ended as Unix
/// does; a list in one cell has semicolons between its entries.
std::string render_csv(const Report& report);
/// Quoted where it has to be.
std::string csv_cell(const std::string& text);
/// booktabs tables, to \input into a paper.
std::string render_latex(const Report& report);
std::string render_markdown(const Report& report);
/// The report's array as a header that C99 and C++ read.
std::string render_c_header(const Report& report);
/// The report's array in NumPy's format, float64.
std::string render_npy(const Report& report);

std::string escape_latex(std::string_view text);
/// "-1.2e-5" as "-1.2 \\times 10^{-5}".
std::string latex_digits(std::string_view number);

}  // namespace sigmahat::cli
