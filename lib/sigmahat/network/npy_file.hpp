#pragma once

#include <filesystem>

#include <sigmahat/network/problem.hpp>

namespace sigmahat {

/// Reads a two-dimensional float64 or float32 array, in C or Fortran order and either byte order,
/// from a NumPy file (format versions 1 to 3; NEP 1).
///
/// Throws IoError where the file cannot be read, InputError where it holds anything else (the
/// message begins with the file's name). Entries that are not finite are left to validate().
/// Internal: not installed.
WeightMatrix::Doubles read_npy(const std::filesystem::path& file);

}  // namespace sigmahat
