#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sigmahat {

/// What a misspelt `word` may have meant: the candidate at the least Levenshtein distance, nothing
/// where more than half of the letters would have to change. Capital letters count as small ones.
/// Internal: not installed.
std::optional<std::string_view> nearest_word(std::string_view word,
                                             std::span<const std::string_view> candidates);

/// The text in quotation marks and on one line, for a message: control characters as \x0a.
std::string in_quotes(std::string_view text);

}  // namespace sigmahat
