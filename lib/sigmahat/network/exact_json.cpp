#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sigmahat/network/exact_json.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

/// @param characters_read  by the tokenizer; the last one is the one that it could not accept
std::string line_and_column(std::string_view text, std::size_t characters_read) {
  const std::string_view before =
      text.substr(0, std::min(characters_read, text.size() + 1) - (characters_read > 0));
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 = 0 on the first line
  return fmt::format("line {}, column {}", lines + 1, before.size() - line_start + 1);
}

/// The part of nlohmann's message that says what is wrong, without its own error code and position.
std::string reason(std::string_view message) {
  constexpr std::string_view code_end = "] ", position = "parse error at ", position_end = ": ";
  if (const auto end = message.find(code_end); end != message.npos)
    message.remove_prefix(end + code_end.size());
  if (const auto end = message.find(position_end);
      message.substr(0, position.size()) == position && end != message.npos)
    message.remove_prefix(end + position_end.size());
  return std::string(message);
}

/// Receives the tokenizer's events and grows the tree; the stack of open containers stands in for
/// recursion, so that no nesting can exhaust the call stack.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  TreeBuilder(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(max_depth) {}

  JsonValue take() { return std::move(root_); }

  bool null() override { return add({nullptr}); }
  bool boolean(bool value) override { return add({value}); }
  bool number_integer(number_integer_t value) override {
    return add({JsonNumber{std::to_string(value)}});
  }
  bool number_unsigned(number_unsigned_t value) override {
    return add({JsonNumber{std::to_string(value)}});
  }
  bool number_float(number_float_t, const string_t& token) override {
    return add({JsonNumber{token}});
  }
  bool string(string_t& value) override { return add({std::move(value)}); }
  bool binary(binary_t&) override { return false; }  // JSON text has none
  bool start_array(std::size_t) override { return open({JsonArray{}}); }
  bool start_object(std::size_t) override { return open({JsonObject{}}); }
  bool end_array() override { return close(); }
  bool end_object() override { return close(); }

  bool key(string_t& name) override {
    Level& level = open_.back();
    level.key = name;
    if (std::get<JsonObject>(level.container->content).contains(name))
      throw InputError(fmt::format("{}: given twice; expected once", path(open_.size())));
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::json::exception& error) override {
    constexpr int number_overflow = 406;
    throw ParseError(fmt::format(
        "{}: {}", line_and_column(text_, position),
        error.id == number_overflow
            ? fmt::format("{0} is above the range of a JSON number; expected the string \"{0}\"",
                          token)
            : reason(error.what())));
  }

 private:
  struct Level {
    JsonValue* container;
    std::string key;  ///< of the member being read, where the container is an object
  };

  JsonValue* place(JsonValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    const Level& level = open_.back();
    if (auto* array = std::get_if<JsonArray>(&level.container->content))
      return &array->emplace_back(std::move(value));
    return &(std::get<JsonObject>(level.container->content)[level.key] = std::move(value));
  }
  bool add(JsonValue value) {
    place(std::move(value));
    return true;
  }
  bool open(JsonValue container) {
    if (open_.size() == max_depth_)
      throw InputError(fmt::format("{}: nested too deep; expected at most {} levels of brackets",
                                   path(open_.size() - 1), max_depth_));
    open_.push_back({place(std::move(container)), {}});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  /// "teacher.B[3]": the way through the first `levels` open containers.
  std::string path(std::size_t levels) const {
    std::string result;
    for (const Level& level : std::span(open_).first(levels)) {
      if (const auto* array = std::get_if<JsonArray>(&level.container->content))
        result += fmt::format("[{}]", array->size() - 1);
      else
        result += (result.empty() ? "" : ".") + level.key;
    }
    return result;
  }

  std::string_view text_;
  std::size_t max_depth_;
  JsonValue root_;
  std::vector<Level> open_;
};

}  // namespace

JsonValue parse_exact_json(std::string_view text, std::size_t max_depth) {
  TreeBuilder tree(text, max_depth);
  nlohmann::json::sax_parse(text.begin(), text.end(), &tree, nlohmann::json::input_format_t::json,
                            /*strict=*/true, /*ignore_comments=*/true);
  return tree.take();
}

}  // namespace sigmahat
