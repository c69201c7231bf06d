#pragma once

#include <string>

namespace sigmahat::cli {

/// Throws IoError where there is no gnuplot to run.
void require_gnuplot();

/// What gnuplot writes to its standard output for `script`: a picture, or text.
///
/// Throws IoError where gnuplot is missing, or with the first line of its complaint.
std::string run_gnuplot(const std::string& script);

}  // namespace sigmahat::cli
