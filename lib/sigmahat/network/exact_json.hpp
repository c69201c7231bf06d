#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sigmahat {

struct JsonValue;
using JsonArray = std::vector<JsonValue>;
using JsonObject = std::map<std::string, JsonValue, std::less<>>;
/// A JSON number as the text that stands in the file, to be read exactly (parse_rational).
struct JsonNumber {
  std::string text;
};

/// JSON whose numbers keep every digit: the usual trees round them to double on the way.
///
/// Internal: not installed.
struct JsonValue {
  std::variant<std::nullptr_t, bool, JsonNumber, std::string, JsonArray, JsonObject> content;
};

/// Parses JSON with comments (// and /* */).
///
/// Throws ParseError with line and column (both from 1, columns in bytes) for malformed JSON and
/// for a number above the range of double, which the tokenizer cannot pass on; InputError naming
/// the field where a key stands twice in an object or where more than `max_depth` levels are
/// nested.
JsonValue parse_exact_json(std::string_view text, std::size_t max_depth = 16);

}  // namespace sigmahat
