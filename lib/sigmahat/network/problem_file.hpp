#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <sigmahat/network/problem.hpp>

namespace sigmahat {

/// Reads and validates a problem file (docs/problem-files.md). Numbers keep every digit that is
/// written.
///
/// Throws IoError where the file, or an array that it names, cannot be read; ParseError with line
/// and column for malformed JSON; InputError for the rest: one line, the file, the field, what was
/// wrong and what was expected, as in
///     talk.json: teacher.B[3]: the row has 4 entries; expected 5
Problem read_problem(const std::filesystem::path& file);

/// The same for text; `origin` stands for the file in messages and locates a relative "npy" path.
Problem parse_problem(std::string_view text, const std::filesystem::path& origin);

/// The JSON text that parse_problem reads back as the same problem: rationals as exact strings,
/// generated weights as what generates them, floating-point weights in full, so that the text needs
/// no other file.
std::string to_json(const Problem& problem);

}  // namespace sigmahat
