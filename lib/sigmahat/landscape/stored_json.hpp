#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <sigmahat/landscape/counted_runs.hpp>
#include <sigmahat/landscape/critical_point.hpp>

namespace sigmahat {

// Checkpoints of the probes: one object on one line, every number as it is. Internal: not
// installed.

nlohmann::ordered_json json_of(const Weights<double>& x);
/// Throws ParseError for shapes that are none, nlohmann::json::exception for other content.
Weights<double> weights_of(const nlohmann::ordered_json& json);

/// Those of its weights and "value", "gradient_norm".
nlohmann::ordered_json json_of(const CriticalPoint& point);
CriticalPoint critical_point_of(const nlohmann::ordered_json& json);

/// The line of a checkpoint of `sigmahat probe NAME`.
std::string stored_text(const std::string& name, const std::string& settings,
                        const nlohmann::ordered_json& state);

/// What stored_text was given. Throws ParseError for text that is no checkpoint of that probe.
Stored<nlohmann::ordered_json> parse_stored(std::string_view text, const std::string& name);

[[noreturn]] void refuse_stored(const std::string& name);

/// A state that `read` makes of the object, any misfit of which is a ParseError.
template <class Read>
auto read_stored(std::string_view text, const std::string& name, const Read& read) {
  using State = decltype(read(nlohmann::ordered_json()));
  const auto [json, settings] = parse_stored(text, name);
  try {
    return Stored<State>{read(json), settings};
  } catch (const nlohmann::json::exception&) {
    refuse_stored(name);
  }
}

}  // namespace sigmahat
