#pragma once

#include <string>
#include <vector>

#include <sigmahat/landscape/symmetric_families.hpp>

#include "plot.hpp"
#include "report.hpp"

namespace sigmahat::cli {

/// "ΔS_d; Δ(S_{d-1} × S_1)"
std::string words_of(const std::vector<Isotropy>& groups);

/// Every member of every family.
Table points_table(const std::vector<SymmetricFamily>& families, int digits);
/// @param followed  whether there is more than one dimension
Section families_section(const std::vector<SymmetricFamily>& families, bool followed);
/// The entries of one point's matrix, by orbit.
Section entries_section(const SymmetricCriticalPoint& point, int number, int digits);
/// Its eigenvalues.
Section spectrum_section(const SymmetricCriticalPoint& point, int number, int digits);

/// The loss against d, or against the Morse index where there is one dimension.
Plot families_plot(const std::vector<SymmetricFamily>& families, bool followed,
                   const std::string& title);

}  // namespace sigmahat::cli
