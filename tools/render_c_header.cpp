#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include <sigmahat/numeric/number_text.hpp>

#include "report.hpp"
#include "version.hpp"

namespace sigmahat::cli {
namespace {

/// For the inside of a comment.
std::string harmless(std::string text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    if ((text[i] == '*' && text[i + 1] == '/') || (text[i] == '/' && text[i + 1] == '*'))
      text.insert(i + 1, " ");
  return text;
}

/// "max(2*x, 0)" as max_2_x_0.
std::string identifier(const std::string& text) {
  constexpr std::size_t longest = 40;
  std::string result;
  for (const char c : text) {
    const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (word || (!result.empty() && result.back() != '_')) result += word ? c : '_';
  }
  result = result.substr(0, longest);
  while (!result.empty() && result.back() == '_') result.pop_back();
  return "sigmahat_" + result;
}

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// The shortest decimal of the double, which is no integer to a compiler.
std::string literal(double value) {
  const std::string text = to_text(value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

template <class Entry, class Write>
std::string initializer(const std::vector<Entry>& entries, const std::string& indent, Write write) {
  std::string text = "{\n";
  for (std::size_t k = 0; k < entries.size(); ++k)
    text += fmt::format("{}  {}{}\n", indent, write(entries[k]), k + 1 < entries.size() ? "," : "");
  return text + indent + "}";
}

/// `type name[m][n] = {...};`, of one dimension where the rows have no heads.
template <class Entry, class Write>
std::string definition(const std::string& type, const std::string& name, bool two_dimensions,
                       const std::vector<std::vector<Entry>>& rows, Write write) {
  const std::size_t columns = rows.front().size();
  if (!two_dimensions)
    return fmt::format("\n{} {}[{}] = {};\n", type, name, columns,
                       initializer(rows.front(), "", write));
  return fmt::format(
      "\n{} {}[{}][{}] = {};\n", type, name, rows.size(), columns,
      initializer(rows, "", [&](const auto& row) { return initializer(row, "  ", write); }));
}

}  // namespace

std::string render_c_header(const Report& report) {
  const NumberArray& array = report.array.value();
  const std::string name = identifier(array.name);
  const bool two_dimensions = !array.row_heads.empty();
  std::string text = fmt::format("/* {}\n *\n", harmless(array.title));
  for (const std::string& line : array.remarks) text += " * " + harmless(line) + "\n";
  text += fmt::format(" *\n * sigmahat {}: {}\n */\n", program_version(), harmless(array.call));
  const std::string guard = upper_case(name) + "_H";
  text += fmt::format("#ifndef {0}\n#define {0}\n", guard);
  if (two_dimensions)
    text += definition<double>("static const double", name + "_" + array.row_heads_name, false,
                               {array.row_heads}, literal);
  text += definition("static const double", name, two_dimensions, array.rows, literal);
  if (!array.digits.empty())
    text += definition("static const char *const", name + "_digits", two_dimensions, array.digits,
                       [](const std::string& digits) { return "\"" + digits + "\""; });
  return text + fmt::format("\n#endif /* {} */\n", guard);
}

}  // namespace sigmahat::cli
