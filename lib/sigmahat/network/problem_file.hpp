#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <sigmahat/network/problem.hpp>

namespace sigmahat {

/// Reads and validates a problem file (CLI.md). Numbers keep every digit that is written.
///
/// Throws IoError where the file cannot be read; ParseError with line and column for malformed
/// JSON; InputError naming the field and what was expected for the rest.
Problem read_problem(const std::filesystem::path& file);

/// The same for text; `origin` stands for the file in messages and locates a relative "npy" path.
Problem parse_problem(std::string_view text, const std::filesystem::path& origin);

/// The JSON text that parse_problem reads back as the same problem.
std::string to_json(const Problem& problem);

}  // namespace sigmahat
