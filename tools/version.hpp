#pragma once

#include <string>

namespace sigmahat::cli {

/// "0.1.0".
std::string program_version();
/// The program and the libraries it runs with, a line each.
std::string version_text();

}  // namespace sigmahat::cli
