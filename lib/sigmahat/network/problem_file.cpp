#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <sigmahat/network/exact_json.hpp>
#include <sigmahat/network/npy_file.hpp>
#include <sigmahat/network/problem_file.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>
#include <sigmahat/numeric/overloaded.hpp>
#include <sigmahat/numeric/spelling.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

// ---- What may stand in the file ---------------------------------------------------------------

struct KnownField {
  std::string_view name;
  std::string_view expected;
  bool required = true;
};
using KnownFields = std::span<const KnownField>;

constexpr std::string_view a_number = "a number or an exact string such as \"1/3\"";
constexpr std::string_view a_row = "a row: a list of numbers";
constexpr std::string_view a_network = R"(an object with "activation", "a" and "B")";
constexpr std::string_view numbers_for_rows =
    "a list of numbers, one for each row of B, or one number for all";
constexpr std::string_view a_generator = R"(an object with "rows", "cols" and "seed")";

constexpr KnownField problem_fields[] = {
    {"teacher", a_network},
    {"student", a_network},
    {"normalize", "true or false", false},
};
constexpr KnownField teacher_fields[] = {
    {"activation", "a name such as \"relu\""},
    {"a", numbers_for_rows},
    {"B", R"(a list of rows, {"identity": d}, {"orthogonal": {"rows", "cols", "seed"}}, )"
          R"({"gaussian": {"rows", "cols", "seed"}} or {"npy": "file.npy"})"},
    {"c", numbers_for_rows, false},
    {"noise_variance", a_number, false},
};
/// The student's are the teacher's without the noise.
constexpr KnownFields student_fields = KnownFields(teacher_fields).first(4);
constexpr KnownField weight_fields[] = {
    {"identity", a_number, false},        {"orthogonal", a_generator, false},
    {"gaussian", a_generator, false},     {"npy", "the name of a NumPy file", false},
    {"float64", "a list of rows", false}, {"float32", "a list of rows", false},
};
constexpr KnownField generator_fields[] = {
    {"rows", a_number},
    {"cols", a_number},
    {"seed", a_number},
};

// ---- A place in the file ----------------------------------------------------------------------

std::string_view kind(const JsonValue& value) {
  return std::visit(Overloaded{
                        [](std::nullptr_t) { return "null"; },
                        [](bool) { return "a boolean"; },
                        [](const JsonNumber&) { return "a number"; },
                        [](const std::string&) { return "a string"; },
                        [](const JsonArray&) { return "a list"; },
                        [](const JsonObject&) { return "an object"; },
                    },
                    value.content);
}

/// A value, the way to it and what it ought to be. A place points to the one that it lies in, which
/// must outlive it: the way is spelt out only when something is refused.
class Place {
 public:
  Place(const JsonValue& root, std::string_view expected) : value_(root), expected_(expected) {}

  [[noreturn]] void refuse(std::string_view what) const {
    const std::string where = path();
    throw InputError(fmt::format("{}{}{}", where, where.empty() ? "" : ": ", what));
  }
  [[noreturn]] void refuse_kind() const {
    refuse(fmt::format("{}; expected {}", kind(value_), expected_));
  }

  template <class Content>
  const Content* as() const {
    return std::get_if<Content>(&value_.content);
  }
  template <class Content>
  const Content& require() const {
    if (const Content* content = as<Content>()) return *content;
    refuse_kind();
  }

  /// The member `name`, one of the `known`, if it is there; refuses unless it is there or optional.
  std::optional<Place> find(KnownFields known, std::string_view name) const {
    const auto field = std::find_if(known.begin(), known.end(),
                                    [&](const KnownField& f) { return f.name == name; });
    const JsonObject& members = require<JsonObject>();
    if (const auto member = members.find(name); member != members.end())
      return Place(member->second, this, name, field->expected);
    if (field->required)
      Place(value_, this, name, "").refuse(fmt::format("missing; expected {}", field->expected));
    return {};
  }
  /// A member that must be there.
  Place member(KnownFields known, std::string_view name) const { return *find(known, name); }
  Place item(std::size_t index, std::string_view expected) const {
    return Place(require<JsonArray>()[index], this, index, expected);
  }

  void refuse_unknown(KnownFields known) const {
    std::vector<std::string_view> names;
    for (const KnownField& field : known) names.push_back(field.name);
    for (const auto& [name, value] : require<JsonObject>()) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      std::string expected = fmt::format("one of \"{}\"", fmt::join(names, "\", \""));
      if (const auto nearest = nearest_word(name, names))
        expected = fmt::format("\"{}\"", *nearest);
      Place(value, this, name, "").refuse("unknown field; expected " + expected);
    }
  }

 private:
  using Step = std::variant<std::string_view, std::size_t>;
  Place(const JsonValue& value, const Place* parent, Step step, std::string_view expected)
      : value_(value), parent_(parent), step_(step), expected_(expected) {}

  std::string path() const {
    if (!parent_) return {};
    const std::string before = parent_->path();
    if (const auto* index = std::get_if<std::size_t>(&step_))
      return fmt::format("{}[{}]", before, *index);
    return fmt::format("{}{}{}", before, before.empty() ? "" : ".",
                       std::get<std::string_view>(step_));
  }

  const JsonValue& value_;
  const Place* parent_ = nullptr;
  Step step_;
  std::string_view expected_;
};

// ---- Reading ----------------------------------------------------------------------------------

/// What another parser of the library says of the text at `place`, with the place.
template <class Parse>
auto parsed(const Place& place, Parse parse) {
  try {
    return parse();
  } catch (const InputError& error) {
    place.refuse(error.what());
  }
}

Rational read_number(const Place& place) {
  const auto* number = place.as<JsonNumber>();
  const auto* text = place.as<std::string>();
  if (!number && !text) place.refuse_kind();
  return parsed(place, [&] { return parse_rational(number ? number->text : *text); });
}

template <class Whole>
Whole read_whole(const Place& place, Whole lowest, Whole highest) {
  const Rational value = read_number(place);
  if (denominator(value) != 1 || value < lowest || value > highest)
    place.refuse(
        fmt::format("{}; expected a whole number from {} to {}", to_text(value), lowest, highest));
  return numerator(value).template convert_to<Whole>();
}

/// @param entry  makes a T of the Rational that stands in the file
template <class T, class Entry>
Matrix<T> read_rows(const Place& place, Entry entry) {
  const JsonArray& rows = place.require<JsonArray>();
  Matrix<T> result;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Place row = place.item(i, a_row);
    const auto cols = static_cast<Index>(row.require<JsonArray>().size());
    if (i == 0)
      result.resize(static_cast<Index>(rows.size()), cols);
    else if (cols != result.cols())
      row.refuse(fmt::format("the row has {} entries; expected {}", cols, result.cols()));
    for (Index j = 0; j < cols; ++j)
      result(static_cast<Index>(i), j) =
          entry(read_number(row.item(static_cast<std::size_t>(j), a_number)));
  }
  return result;
}

template <class Generator>
Generator read_generator(const Place& place) {
  place.refuse_unknown(generator_fields);
  const auto member = [&](std::string_view name) { return place.member(generator_fields, name); };
  return {read_whole(member("rows"), 1, static_cast<int>(max_width)),
          read_whole(member("cols"), 1, static_cast<int>(max_weights)),
          read_whole(member("seed"), std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max())};
}

/// @param folder  that a relative name of a NumPy file starts from
WeightMatrix read_weights(const Place& place, const std::filesystem::path& folder) {
  if (place.as<JsonArray>())
    return {WeightMatrix::Entries{read_rows<Rational>(place, [](Rational x) { return x; })}};
  const auto* members = place.as<JsonObject>();
  if (!members || members->empty()) place.refuse_kind();
  place.refuse_unknown(weight_fields);
  if (members->size() > 1)
    place.refuse(fmt::format("both \"{}\" and \"{}\"; expected one of them",
                             members->begin()->first, std::next(members->begin())->first));
  const std::string_view name = members->begin()->first;
  const Place source = place.member(weight_fields, name);
  if (name == "identity")
    return {WeightMatrix::Identity{read_whole(source, 1, static_cast<int>(max_width))}};
  if (name == "orthogonal") return {read_generator<WeightMatrix::Orthogonal>(source)};
  if (name == "gaussian") return {read_generator<WeightMatrix::Gaussian>(source)};
  if (name == "npy")
    return {parsed(source, [&] { return read_npy(folder / source.require<std::string>()); })};
  if (name == "float64")
    return {WeightMatrix::Doubles{read_rows<double>(source, from_rational<double>),
                                  FloatFormat::float64}};
  const auto nearest_float = [](const Rational& x) -> double {
    return static_cast<float>(from_rational<double>(x));
  };
  return {WeightMatrix::Doubles{read_rows<double>(source, nearest_float), FloatFormat::float32}};
}

/// @param rows  how often a single number counts
std::vector<Rational> read_numbers_for_rows(const Place& place, Index rows) {
  const auto* list = place.as<JsonArray>();
  if (!list && !place.as<JsonNumber>() && !place.as<std::string>()) place.refuse_kind();
  if (!list) return std::vector<Rational>(static_cast<std::size_t>(rows), read_number(place));
  std::vector<Rational> result;
  for (std::size_t i = 0; i < list->size(); ++i)
    result.push_back(read_number(place.item(i, a_number)));
  return result;
}

Network read_network(const Place& place, KnownFields known, const std::filesystem::path& folder) {
  place.refuse_unknown(known);
  const Place activation = place.member(known, "activation"), a = place.member(known, "a");
  const std::string& name = activation.require<std::string>();
  Network network{parsed(activation, [&] { return parse_activation(name); }),
                  {},
                  read_weights(place.member(known, "B"), folder)};
  network.a = read_numbers_for_rows(a, network.width());
  if (const auto c = place.find(known, "c")) network.c = read_numbers_for_rows(*c, network.width());
  return network;
}

Problem read_problem(const Place& place, const std::filesystem::path& folder) {
  place.refuse_unknown(problem_fields);
  const Place teacher = place.member(problem_fields, "teacher");
  const Place student = place.member(problem_fields, "student");
  Problem problem{read_network(teacher, teacher_fields, folder),
                  read_network(student, student_fields, folder), 0, false};
  if (const auto noise = teacher.find(teacher_fields, "noise_variance"))
    problem.noise_variance = read_number(*noise);
  if (const auto normalize = place.find(problem_fields, "normalize"))
    problem.normalize = normalize->require<bool>();
  return problem;
}

/// One line of bounded length, whatever was quoted in it: the middle goes, so that both what was
/// wrong and what was expected stay.
std::string one_line(std::string text) {
  constexpr std::size_t head = 300, tail = 200;
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  if (text.size() <= head + tail) return text;
  const auto start_of_character = [&](std::size_t i) {
    while (i > 0 && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) --i;
    return i;
  };
  return text.substr(0, start_of_character(head)) + " ... " +
         text.substr(start_of_character(text.size() - tail));
}

// ---- Writing ----------------------------------------------------------------------------------

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}
std::string quoted(const Rational& value) {
  return quoted(to_text(value));
}

template <class T, class ToText>
std::string rows_text(const Matrix<T>& rows, ToText text, std::string_view indent) {
  std::string result = "[";
  for (Index i = 0; i < rows.rows(); ++i) {
    result += fmt::format("{}\n{}  [", i == 0 ? "" : ",", indent);
    for (Index j = 0; j < rows.cols(); ++j) result += (j == 0 ? "" : ", ") + text(rows(i, j));
    result += "]";
  }
  return fmt::format("{}\n{}]", result, indent);
}

template <class Generator>
std::string generator_text(std::string_view name, const Generator& g) {
  return fmt::format(R"({{"{}": {{"rows": {}, "cols": {}, "seed": {}}}}})", name, g.rows, g.cols,
                     g.seed);
}

std::string weights_text(const WeightMatrix& B, std::string_view indent) {
  return std::visit(
      Overloaded{
          [&](const WeightMatrix::Entries& e) {
            return rows_text(
                e.values, [](const Rational& x) { return quoted(x); }, indent);
          },
          [&](const WeightMatrix::Doubles& x) {
            return fmt::format(R"({{"{}": {}}})", to_string(x.format),
                               rows_text(
                                   x.values, [](double entry) { return to_text(entry); }, indent));
          },
          [](const WeightMatrix::Identity& x) {
            return fmt::format(R"({{"identity": {}}})", x.dimension);
          },
          [](const WeightMatrix::Gaussian& g) { return generator_text("gaussian", g); },
          [](const WeightMatrix::Orthogonal& o) { return generator_text("orthogonal", o); },
      },
      B.source);
}

std::string numbers_for_rows_text(const std::vector<Rational>& a) {
  if (!a.empty() && std::equal(a.begin() + 1, a.end(), a.begin())) return quoted(a[0]);
  std::vector<std::string> entries;
  for (const Rational& x : a) entries.push_back(quoted(x));
  return fmt::format("[{}]", fmt::join(entries, ", "));
}

/// The fields that teacher and student share, without the braces around them.
std::string network_text(const Network& network) {
  std::string text = fmt::format("    \"activation\": {},\n    \"a\": {},\n    \"B\": {}",
                                 quoted(network.activation.name()),
                                 numbers_for_rows_text(network.a), weights_text(network.B, "    "));
  if (!network.c.empty()) text += ",\n    \"c\": " + numbers_for_rows_text(network.c);
  return text;
}

}  // namespace

Problem parse_problem(std::string_view text, const std::filesystem::path& origin) {
  const auto located = [&](const Error& error) {
    return one_line(fmt::format("{}: {}", origin.string(), error.what()));
  };
  try {
    const JsonValue tree = parse_exact_json(text);
    const Problem problem = read_problem(Place(tree, R"(an object with "teacher" and "student")"),
                                         origin.parent_path());
    validate(problem);
    return problem;
  } catch (const ParseError& error) {
    throw ParseError(located(error));
  } catch (const InputError& error) {
    throw InputError(located(error));
  } catch (const IoError& error) {
    throw IoError(located(error));
  }
}

Problem read_problem(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::error_code unknown;
  if (!stream || std::filesystem::is_directory(file, unknown))
    throw IoError(
        one_line(fmt::format("{}: cannot be read; expected a problem file", file.string())));
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  return parse_problem(text, file);
}

std::string to_json(const Problem& problem) {
  return fmt::format(
      "{{\n  \"teacher\": {{\n{},\n    \"noise_variance\": {}\n  }},\n"
      "  \"student\": {{\n{}\n  }},\n  \"normalize\": {}\n}}\n",
      network_text(problem.teacher), quoted(problem.noise_variance), network_text(problem.student),
      problem.normalize);
}

}  // namespace sigmahat
