#include "options.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <thread>

#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/number_text.hpp>

namespace sigmahat::cli {
namespace {

template <class T>
struct Choice {
  std::string_view name;
  T value;
};
constexpr std::array formats{
    Choice<Format>{"text", Format::text}, Choice<Format>{"json", Format::json},
    Choice<Format>{"csv", Format::csv}, Choice<Format>{"latex", Format::latex},
    Choice<Format>{"markdown", Format::markdown},
    // The last two hold one array of numbers.
    Choice<Format>{"c", Format::c_header}, Choice<Format>{"npy", Format::npy}};
constexpr std::span<const Choice<Format>> formats_without_array(formats.data(), formats.size() - 2);
constexpr std::array progress_modes{Choice<ProgressMode>{"auto", ProgressMode::automatic},
                                    Choice<ProgressMode>{"always", ProgressMode::always},
                                    Choice<ProgressMode>{"never", ProgressMode::never}};

template <class T>
std::string names_of(std::span<const Choice<T>> choices, std::string_view between) {
  std::string names;
  for (const Choice<T>& choice : choices)
    names += (names.empty() ? "" : std::string(between)) + std::string(choice.name);
  return names;
}

template <class T>
void add_choice(CLI::App& command, const std::string& name, std::span<const Choice<T>> choices,
                T& target, const std::string& description) {
  add_parsed_option(command, name, names_of(choices, "|"), description,
                    [choices, &target](const std::string& text) {
                      const auto chosen =
                          std::find_if(choices.begin(), choices.end(),
                                       [&](const Choice<T>& c) { return c.name == text; });
                      if (chosen == choices.end())
                        throw ParseError(fmt::format("expected one of {}, not \"{}\"",
                                                     names_of(choices, ", "), text));
                      target = chosen->value;
                    });
}

template <class T>
std::string_view name_of(std::span<const Choice<T>> choices, T value) {
  return std::find_if(choices.begin(), choices.end(),
                      [&](const Choice<T>& c) { return c.value == value; })
      ->name;
}

int all_cores() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

CLI::Option* add_parsed_option(CLI::App& command, const std::string& name, const std::string& type,
                               const std::string& description,
                               std::function<void(const std::string&)> parse) {
  const std::string shown = name.substr(0, name.find(','));
  return command
      .add_option_function<std::string>(
          name,
          [shown, parse = std::move(parse)](const std::string& text) {
            try {
              parse(text);
            } catch (const InputError& error) {
              throw InputError(shown + ": " + error.what());
            }
          },
          description)
      ->type_name(type)
      ->take_last();
}

std::uint64_t parse_whole_number(const std::string& text, std::uint64_t lowest,
                                 std::uint64_t highest) {
  Rational number;
  bool good = true;
  try {
    number = parse_rational(text);
  } catch (const ParseError&) {
    good = false;
  }
  if (!good || denominator(number) != 1 || number < lowest || number > highest)
    throw ParseError(
        fmt::format("expected a whole number from {} to {}, not \"{}\"", lowest, highest, text));
  return numerator(number).convert_to<std::uint64_t>();
}

CLI::Option* add_whole_number(CLI::App& command, const std::string& name, int& target, int lowest,
                              int highest, const std::string& description) {
  return add_parsed_option(
      command, name, "N", description, [&target, lowest, highest](const std::string& text) {
        target = static_cast<int>(parse_whole_number(text, static_cast<std::uint64_t>(lowest),
                                                     static_cast<std::uint64_t>(highest)));
      });
}

double parse_number(const std::string& text, double lowest, double highest) {
  const double number = from_rational<double>(parse_rational(text));
  if (!(number >= lowest && number <= highest))
    throw ParseError(
        fmt::format("expected a number from {} to {}, not \"{}\"", lowest, highest, text));
  return number;
}

double positive(const std::string& text) {
  const double number = from_rational<double>(parse_rational(text));
  if (!(number > 0)) throw ParseError(fmt::format("expected a number above 0, not \"{}\"", text));
  return number;
}

CLI::Option* add_number(CLI::App& command, const std::string& name, const std::string& type,
                        double& target, double lowest, double highest,
                        const std::string& description) {
  return add_parsed_option(command, name, type, description,
                           [&target, lowest, highest](const std::string& text) {
                             target = parse_number(text, lowest, highest);
                           });
}

std::pair<double, double> parse_range(const std::string& text) {
  constexpr double largest = 1e100;
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos)
    throw ParseError(fmt::format("expected two numbers, as in -1,1, not \"{}\"", text));
  const double first = parse_number(text.substr(0, comma), -largest, largest);
  const double last = parse_number(text.substr(comma + 1), -largest, largest);
  if (!(first < last))
    throw ParseError(fmt::format("expected the second number to be larger, not {}", text));
  return {first, last};
}

CLI::Option* add_file(CLI::App& command, const std::string& name,
                      std::optional<std::filesystem::path>& target,
                      const std::string& description) {
  return add_parsed_option(command, name, "FILE", description, [&target](const std::string& text) {
    if (text.empty()) throw ParseError("expected a file name");
    target = text;
  });
}

std::vector<std::string> parse_words(const std::string& text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    words.push_back(text.substr(begin, comma - begin));
    if (words.back().empty())
      throw ParseError(fmt::format("expected words between commas, not \"{}\"", text));
    begin = comma + 1;
  }
  return words;
}

std::vector<int> parse_whole_numbers(const std::string& text, int lowest, int highest) {
  std::vector<int> numbers;
  for (const std::string& word : parse_words(text))
    numbers.push_back(static_cast<int>(parse_whole_number(word, static_cast<std::uint64_t>(lowest),
                                                          static_cast<std::uint64_t>(highest))));
  return numbers;
}

void require_same_settings(const std::string& then, const Json& now, std::string_view subject) {
  const Json stored = Json::parse(then, nullptr, false);
  for (const auto& [key, value] : now.items())
    if (!stored.is_object() || !stored.contains(key) || stored[key] != value)
      throw InputError(
          fmt::format("the {} had another {}{}", subject, key,
                      key == "problem" || !stored.contains(key)
                          ? std::string()
                          : fmt::format(": {}, not {}", stored[key].dump(), value.dump())));
}

std::vector<Rational> parse_rational_list(const std::string& text) {
  std::vector<Rational> numbers;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    std::string entry = text.substr(begin, comma - begin);
    entry.erase(0, std::min(entry.find_first_not_of(' '), entry.size()));
    entry.erase(entry.find_last_not_of(' ') + 1);
    numbers.push_back(parse_rational(entry));
    begin = comma + 1;
  }
  return numbers;
}

void add_common_options(CLI::App& command, CommonOptions& options, Plots plots, Arrays arrays) {
  const std::string group = "Common options";
  add_choice<Format>(command, "--format",
                     arrays == Arrays::some ? std::span(formats) : formats_without_array,
                     options.format, "how results are written (text)");
  add_parsed_option(command, "--output", "FILE", "write the results there, all or nothing",
                    [&options](const std::string& text) {
                      if (text.empty()) throw ParseError("expected a file name");
                      options.output = text;
                    });
  add_whole_number(command, "--digits", options.digits, 1, 1'000'000,
                   "decimal digits (17: double); beyond, MPFR");
  add_whole_number(command, "--threads", options.threads, 1, 4096,
                   "threads (all cores); the result is the same");
  add_parsed_option(
      command, "--seed", "N", "seed of everything random (1)", [&options](const std::string& text) {
        options.seed = parse_whole_number(text, 0, std::numeric_limits<std::uint64_t>::max());
      });
  command.add_flag("--quiet", options.quiet, "nothing but results and errors");
  add_choice<ProgressMode>(command, "--progress", progress_modes, options.progress,
                           "progress bar on stderr (auto: on a terminal)");
  if (plots == Plots::some)
    add_parsed_option(command, "--plot", "FILE", "draw to FILE.svg, .png or .pdf; -: terminal",
                      [&options](const std::string& text) { options.plot = text; });
  for (const char* name : {"--format", "--output", "--digits", "--threads", "--seed", "--quiet",
                           "--progress", "--plot"})
    if (CLI::Option* option = command.get_option_no_throw(name)) option->group(group);
}

void describe(const CommonOptions& options, Json& inputs) {
  inputs["digits"] = options.digits;
  inputs["seed"] = json_integer(options.seed);
  inputs["threads"] = options.threads == 0 ? all_cores() : options.threads;
  inputs["format"] = name_of<Format>(formats, options.format);
  inputs["output"] = options.output ? Json(options.output->string()) : Json(nullptr);
  inputs["plot"] = options.plot ? Json(*options.plot) : Json(nullptr);
  inputs["quiet"] = options.quiet;
  inputs["progress"] = name_of<ProgressMode>(progress_modes, options.progress);
}

std::string describe_numerics(const CommonOptions& options) {
  return fmt::format("{} digits, seed {}", options.digits, options.seed);
}

ProgressMode progress_mode(const CommonOptions& options) {
  return options.quiet ? ProgressMode::never : options.progress;
}

Json json_integer(std::uint64_t number) {
  constexpr std::uint64_t exact_in_double = std::uint64_t{1} << 53;
  return number <= exact_in_double ? Json(number) : Json(std::to_string(number));
}

}  // namespace sigmahat::cli
