#pragma once

#include <vector>

#include <sigmahat/numeric/enclosure.hpp>

namespace sigmahat {

/// Eigenvalues that lie together.
struct EigenvalueGroup {
  Enclosure value;   ///< encloses every one of them
  int multiplicity;  ///< how many they are
};

/// Neighbours whose bounds come nearer to each other than `within` times the largest absolute value
/// are one group; between groups there is a proven gap.
///
/// @param eigenvalues  increasing
std::vector<EigenvalueGroup> eigenvalue_groups(const std::vector<Enclosure>& eigenvalues,
                                               double within);

}  // namespace sigmahat
