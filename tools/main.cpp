#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/spelling.hpp>

#include "command.hpp"
#include "output.hpp"
#include "version.hpp"

namespace sigmahat::cli {
namespace {

const std::array commands{
    CommandEntry{"verify", "check Theorem 1 on a problem: series, dual kernels, samples",
                 add_verify},
    CommandEntry{"loss", "closed-form population loss of a problem, degree by degree", add_loss},
    CommandEntry{"train", "optimizers on exact objectives and on samples, with trajectories",
                 add_train},
    CommandEntry{"probe", "the landscape of an objective: lines, slices, paths, saddles", nullptr,
                 probe_commands()},
    CommandEntry{"coefficients", "Hermite coefficients of an activation", add_coefficients},
    CommandEntry{"gadget", "estimator of a polynomial of inner products from labels", add_gadget},
    CommandEntry{"kernel", "dual activation of one or two activations", add_kernel},
    CommandEntry{"activations", "what is known of each activation", add_activations},
};

/// CLI11 says "a subcommand is required" of a misspelt one: too little to go on.
/// @param group  "sigmahat", "sigmahat probe"
void require_known_command(std::span<const CommandEntry> entries, const std::string& group,
                           const char* word) {
  std::vector<std::string_view> names;
  for (const CommandEntry& entry : entries) names.emplace_back(entry.name);
  const std::string list = fmt::format("{}", fmt::join(names, ", "));
  if (!word)
    throw InputError(fmt::format("expected a command: {}; {} --help tells more", list, group));
  const std::string given = word;
  if (given.rfind('-', 0) == 0 || std::find(names.begin(), names.end(), given) != names.end())
    return;
  const auto nearest = nearest_word(given, names);
  throw InputError(
      nearest ? fmt::format("unknown command \"{}\"; did you mean \"{}\"?", given, *nearest)
              : fmt::format("unknown command \"{}\"; expected one of {}", given, list));
}

/// The arguments, with a blank before an expression that begins with a minus sign: CLI11 would take
/// "-softplus(-x)" for many options of one letter. Such have one letter here, and what follows an
/// option that takes a value is the value.
std::vector<std::string> with_expressions_marked(char** words, const CLI::App& command) {
  std::vector<std::string> arguments;
  for (; *words; ++words) arguments.emplace_back(*words);
  const auto takes_value = [&](const std::string& argument) {
    const CLI::Option* option = command.get_option_no_throw(argument);
    return option && option->get_items_expected_max() > 0;
  };
  for (std::size_t i = 1; i < arguments.size() && arguments[i] != "--"; ++i) {
    std::string& argument = arguments[i];
    const bool one_dash = argument.size() > 1 && argument[0] == '-' && argument[1] != '-';
    const bool expression = argument == "-x" || argument.size() > 2;
    if (one_dash && expression && !takes_value(arguments[i - 1])) argument.insert(0, " ");
  }
  return arguments;
}

/// What CLI11 could not place, with the option that may have been meant.
std::string describe_extra(const CLI::App& app) {
  std::vector<std::string> extras = app.remaining(true);
  std::erase(extras, "--");
  if (extras.empty()) return "unexpected arguments";
  std::string extra = extras.front();
  extra.erase(0, extra.find_first_not_of(' '));
  if (extra.rfind('-', 0) != 0 || extra != extras.front())
    return fmt::format("unexpected argument \"{}\"", extra);
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const std::string name = extra.substr(0, extra.find('='));
  const auto nearest = nearest_word(name, candidates);
  return fmt::format(
      "unknown option {}{}", name,
      nearest ? fmt::format("; did you mean {}?", *nearest) : "; --help lists the options");
}

/// CLI11's help with the usage line in the manner of man pages.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(30); }
  std::string make_usage(const CLI::App* app, std::string /*name*/) const override {
    std::string words = app->get_name();
    for (const CLI::App* group = app->get_parent(); group; group = group->get_parent())
      words = group->get_name() + " " + words;
    std::string usage = "Usage: " + words;
    if (!app->get_subcommands({}).empty()) return usage + " COMMAND [OPTIONS]\n";
    for (const CLI::Option* positional :
         app->get_options([](const CLI::Option* option) { return option->get_positional(); }))
      usage +=
          fmt::format(" {}", positional->get_required() ? positional->get_type_name()
                                                        : "[" + positional->get_type_name() + "]");
    return usage + " [OPTIONS]\n";
  }
};

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

void complain(const std::string& command, const std::string& message) {
  const std::string prefix = command.empty() ? "sigmahat" : "sigmahat " + command;
  std::fputs((prefix + ": " + one_line(message) + "\n").c_str(), stderr);
}

/// The command that the arguments name.
struct ChosenCommand {
  CLI::App* app;  ///< the program or a group, where help is asked of it
  Run action;
};
/// @param running  the words so far: "probe line"
ChosenCommand choose(std::span<const CommandEntry> entries, CLI::App& group, char** words,
                     std::string& running) {
  const std::string name = running.empty() ? "sigmahat" : "sigmahat " + running;
  require_known_command(entries, name, *words);
  group.require_subcommand(1);
  group.footer(name + " COMMAND --help explains a command and shows examples.\n");
  ChosenCommand chosen{&group, {}};
  for (const CommandEntry& entry : entries) {
    CLI::App* app = group.add_subcommand(entry.name, entry.summary);
    // Only the command in use is given its options: the process is to start in milliseconds.
    if (entry.name != std::string_view(*words)) continue;
    running += (running.empty() ? "" : " ") + std::string(entry.name);
    chosen = entry.add ? ChosenCommand{app, entry.add(*app)}
                       : choose(entry.members, *app, words + 1, running);
  }
  return chosen;
}

/// @param words  what follows the program's name, ended by a null pointer
ExitCode run(char** words, std::string& running) {
  CLI::App program(
      "Landscape analysis of one-hidden-layer networks: Hermite coefficients, dual\n"
      "activations, the closed-form loss, and its check against samples.");
  program.name("sigmahat");
  program.formatter(std::make_shared<HelpFormatter>());
  program.set_version_flag("--version", version_text(),
                           "versions of the program and its libraries");
  const auto [chosen, action] = choose(commands, program, words, running);

  try {
    std::vector<std::string> arguments = with_expressions_marked(words, *chosen);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
    program.parse(std::move(arguments));
  } catch (const CLI::ExtrasError&) {
    throw InputError(describe_extra(*chosen));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) throw InputError(error.what());
    // --help and --version: CLI11 knows their text.
    std::ostringstream text;
    program.exit(error, text, text);
    write_stdout(text.str());
    return ExitCode::done;
  }
  return action();
}

}  // namespace
}  // namespace sigmahat::cli

int main(int argc, char** argv) {
  using namespace sigmahat;
  using cli::ExitCode;
  cli::handle_signals();
  std::string command;
  ExitCode code = ExitCode::done;
  try {
    code = cli::run(argc > 0 ? argv + 1 : argv, command);
  } catch (const InputError& error) {
    cli::complain(command, error.what());
    code = ExitCode::bad_input;
  } catch (const IoError& error) {
    cli::complain(command, error.what());
    code = ExitCode::io_failure;
  } catch (const NumericalError& error) {
    cli::complain(command, error.what());
    code = ExitCode::numerical_failure;
  } catch (const std::bad_alloc&) {
    cli::complain(command, "out of memory");
    code = ExitCode::numerical_failure;
  } catch (const std::exception& error) {
    cli::complain(command, fmt::format("unexpected failure: {}", error.what()));
    code = ExitCode::numerical_failure;
  }
  return static_cast<int>(code);
}
