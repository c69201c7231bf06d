#include "train_sweep.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sigmahat/numeric/errors.hpp>

#include "options.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "1..20" as its whole numbers, anything else as it is.
void append_values(std::vector<std::string>& values, const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos || !is_digits(std::string_view(text).substr(0, dots)) ||
      !is_digits(std::string_view(text).substr(dots + 2))) {
    values.push_back(text);
    return;
  }
  const std::uint64_t first = parse_whole_number(text.substr(0, dots), 0, largest);
  const std::uint64_t last = parse_whole_number(text.substr(dots + 2), first, largest);
  if (last - first >= most_runs)
    throw ParseError(fmt::format("{}: expected at most {} runs", text, most_runs));
  for (std::uint64_t value = first; value != last; ++value) values.push_back(std::to_string(value));
  values.push_back(std::to_string(last));
}

}  // namespace

Sweep parse_sweep(std::string_view text, const std::set<std::string>& options) {
  Sweep sweep;
  std::string values;
  const auto end_axis = [&] {
    if (sweep.empty()) return;
    for (const std::string& value : split(values, '|')) append_values(sweep.back().values, value);
  };
  for (const std::string& piece : split(text, ',')) {
    const std::size_t equals = piece.find('=');
    const std::string name = piece.substr(0, equals);
    if (equals != std::string::npos && options.contains(name)) {
      end_axis();
      sweep.push_back({name, {}});
      values = piece.substr(equals + 1);
    } else if (sweep.empty()) {
      throw ParseError(fmt::format("expected OPTION=VALUE|VALUE, OPTION one of {}; not \"{}\"",
                                   fmt::join(options, ", "), piece));
    } else {
      values += "," + piece;
    }
  }
  end_axis();
  return sweep;
}

SweepAxis parse_seeds(std::string_view text) {
  SweepAxis axis{"seed", {}};
  for (const std::string& piece : split(text, ',')) append_values(axis.values, piece);
  for (std::string& seed : axis.values) seed = std::to_string(parse_whole_number(seed, 0, largest));
  return axis;
}

void check_sweep(const Sweep& sweep) {
  for (std::size_t i = 0; i < sweep.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (sweep[i].option == sweep[j].option)
        throw InputError(fmt::format("--sweep: {} is there twice", sweep[i].option));
  std::size_t runs = 1;
  for (const SweepAxis& axis : sweep) {
    runs *= axis.values.size();
    if (runs > most_runs)
      throw InputError(fmt::format("--sweep: expected at most {} runs", most_runs));
  }
}

std::string values_in_words(const SweepAxis& axis) {
  const std::vector<std::string>& values = axis.values;
  if (values.size() > 2 && is_digits(values.front()) && is_digits(values.back())) {
    const std::string range = values.front() + ".." + values.back();
    std::vector<std::string> all;
    for (std::uint64_t value = parse_whole_number(values.front(), 0, largest);
         all.size() < values.size(); ++value)
      all.push_back(std::to_string(value));
    if (all == values) return range;
  }
  return fmt::format("{}", fmt::join(values, " | "));
}

std::size_t run_count(const Sweep& sweep) {
  std::size_t runs = 1;
  for (const SweepAxis& axis : sweep) runs *= axis.values.size();
  return runs;
}

std::vector<std::size_t> combination(const Sweep& sweep, std::size_t run) {
  std::vector<std::size_t> places(sweep.size());
  for (std::size_t i = sweep.size(); i-- > 0;) {
    places[i] = run % sweep[i].values.size();
    run /= sweep[i].values.size();
  }
  return places;
}

}  // namespace sigmahat::cli
