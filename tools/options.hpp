#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>

#include <sigmahat/activation/activation.hpp>

#include "progress.hpp"
#include "report.hpp"

namespace sigmahat::cli {

/// The options that every command takes (CLI.md).
struct CommonOptions {
  Format format = Format::text;
  std::optional<std::filesystem::path> output;
  int digits = 17;
  int threads = 0;  ///< all cores
  std::uint64_t seed = 1;
  bool quiet = false;
  ProgressMode progress = ProgressMode::automatic;
  std::optional<std::string> plot;
};

/// Working precision beyond the digits asked for, where a command combines certified numbers.
inline constexpr int guard_digits = 8;

enum class Plots { none, some };
/// Whether the formats c and npy are offered: for reports with an array.
enum class Arrays { none, some };
void add_common_options(CLI::App& command, CommonOptions& options, Plots plots,
                        Arrays arrays = Arrays::none);

/// The common options as they stand in a report's inputs.
void describe(const CommonOptions& options, Json& inputs);
/// "17 digits, seed 1".
std::string describe_numerics(const CommonOptions& options);

/// The bar that the options ask for.
ProgressMode progress_mode(const CommonOptions& options);

/// An option whose text `parse` turns into a value; bad text is an InputError that names the
/// option.
CLI::Option* add_parsed_option(CLI::App& command, const std::string& name, const std::string& type,
                               const std::string& description,
                               std::function<void(const std::string&)> parse);

/// A whole number from `lowest` to `highest`, also as "1e6".
std::uint64_t parse_whole_number(const std::string& text, std::uint64_t lowest,
                                 std::uint64_t highest);
CLI::Option* add_whole_number(CLI::App& command, const std::string& name, int& target, int lowest,
                              int highest, const std::string& description);

/// A number from `lowest` to `highest`, written as a rational or a decimal.
double parse_number(const std::string& text, double lowest, double highest);
/// A number above 0, written as a rational or a decimal.
double positive(const std::string& text);
CLI::Option* add_number(CLI::App& command, const std::string& name, const std::string& type,
                        double& target, double lowest, double highest,
                        const std::string& description);

/// "-1,1": two numbers, the first below the second.
std::pair<double, double> parse_range(const std::string& text);

CLI::Option* add_file(CLI::App& command, const std::string& name,
                      std::optional<std::filesystem::path>& target, const std::string& description);

/// Words between commas, none of them empty.
std::vector<std::string> parse_words(const std::string& text);
/// Whole numbers between commas.
std::vector<int> parse_whole_numbers(const std::string& text, int lowest, int highest);

/// Rationals between commas.
std::vector<Rational> parse_rational_list(const std::string& text);

/// Throws InputError, with what is another, unless the settings of a checkpoint have all of `now`.
/// @param then     as the checkpoint has them, JSON
/// @param subject  whose they were: "run"
void require_same_settings(const std::string& then, const Json& now, std::string_view subject);

/// A number that every JSON reader holds exactly, as text where it does not.
Json json_integer(std::uint64_t number);

}  // namespace sigmahat::cli
