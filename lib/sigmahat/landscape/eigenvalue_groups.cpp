#include <algorithm>

#include <sigmahat/landscape/eigenvalue_groups.hpp>

namespace sigmahat {

std::vector<EigenvalueGroup> eigenvalue_groups(const std::vector<Enclosure>& eigenvalues,
                                               double within) {
  Real largest(0);
  for (const Enclosure& x : eigenvalues)
    largest = std::max(largest, Real(abs(x.value) + x.error_bound));
  const Real reach = largest * within;
  std::vector<EigenvalueGroup> groups;
  Interval hull;
  const auto close_group = [&] {
    if (!groups.empty() && groups.back().multiplicity > 1)
      groups.back().value = to_enclosure(hull, groups.back().value.status);
  };
  for (const Enclosure& x : eigenvalues) {
    const Interval here = to_interval(x);
    if (!groups.empty() && Real(lower(here) - upper(hull)) <= reach) {
      const Interval both(std::min(Real(lower(hull)), Real(lower(here))),
                          std::max(Real(upper(hull)), Real(upper(here))));
      hull = both;
      ++groups.back().multiplicity;
    } else {
      close_group();
      hull = here;
      groups.push_back({x, 1});
    }
  }
  close_group();
  return groups;
}

}  // namespace sigmahat
