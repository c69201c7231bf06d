#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <sigmahat/landscape/reduced_problem.hpp>
#include <sigmahat/landscape/symmetric_search.hpp>
#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/numeric/parallel.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

constexpr std::uint32_t start_stream = 0xb0000010;
/// Of rows, in the teacher's: a function that is not homogeneous has become, to a hundredth, one
/// with a kink, and pulls no more. What is homogeneous may have longer ones, where a is small.
constexpr double longest_row = 20;
/// Entries further apart are different, and so are values, relatively.
constexpr double same_tolerance = 1e-7;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// Entries of which a row's orbit has a part in its length of order one; every other start with
/// orbits whose sum is of order one.
Vector<double> random_entries(const MatrixOrbits& orbits, const NormalStream& normals,
                              std::uint64_t start) {
  Vector<double> entries(orbits.dimension_of_fixed_space());
  normals.fill(start, 1, at(entries.size()), entries.data(), 1);
  for (Index i = 0; i < entries.size(); ++i) {
    const EntryOrbit& orbit = orbits.entries()[at(i)];
    const double in_row = orbit.size / orbits.rows()[at(orbit.row)].size;
    entries[i] /= start % 2 == 0 ? std::sqrt(in_row) : in_row;
  }
  return entries;
}

/// The same function where the activation is even: each row turned so that its entries, with their
/// multiplicities, have a positive sum.
void turn_rows(const MatrixOrbits& orbits, Vector<double>& entries) {
  std::vector<double> sums(orbits.rows().size(), 0);
  for (Index i = 0; i < entries.size(); ++i)
    sums[at(orbits.entries()[at(i)].row)] += orbits.entries()[at(i)].size * entries[i];
  for (Index i = 0; i < entries.size(); ++i)
    if (sums[at(orbits.entries()[at(i)].row)] < 0) entries[i] = -entries[i];
}

/// Entries with their multiplicities, by value: what permutations leave alone.
std::vector<std::pair<double, double>> sorted_entries(const Isotropy& isotropy, double d,
                                                      const Vector<double>& entries) {
  const MatrixOrbits orbits(isotropy, d);
  std::vector<std::pair<double, double>> sorted;
  for (Index i = 0; i < entries.size(); ++i)
    sorted.emplace_back(entries[i], orbits.entries()[at(i)].size);
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

/// A found point in the form in which points are compared.
struct Signature {
  double value;
  Isotropy isotropy;
  std::vector<std::pair<double, double>> entries;
  bool isolated;

  bool matches(const Signature& other) const {
    if (isotropy != other.isotropy ||
        std::abs(value - other.value) > same_tolerance * (1 + std::abs(value)))
      return false;
    // Of a manifold of critical points every start finds another one.
    if (!isolated || !other.isolated) return isolated == other.isolated;
    // Orbits whose values agree may be sorted either way: compare how much lies below each value.
    const auto multiset = [](const std::vector<std::pair<double, double>>& list) {
      std::vector<std::pair<double, double>> merged;
      for (const auto& [x, size] : list)
        if (!merged.empty() && x - merged.back().first < same_tolerance)
          merged.back().second += size;
        else
          merged.emplace_back(x, size);
      return merged;
    };
    const auto x = multiset(entries), y = multiset(other.entries);
    return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin(), [](auto p, auto q) {
             return std::abs(p.first - q.first) < same_tolerance && p.second == q.second;
           });
  }
};

BlockSize sum(const BlockSize& x, const BlockSize& y) {
  BlockSize size{x.numerator * y.denominator + y.numerator * x.denominator,
                 x.denominator * y.denominator, x.constant + y.constant};
  const int common = std::gcd(size.numerator, size.denominator);
  size.numerator /= common;
  size.denominator /= common;
  return size;
}

/// The group that the orbits are of.
RecognisedIsotropy whole_group(const MatrixOrbits& orbits, const Vector<double>& entries) {
  RecognisedIsotropy group{{orbits.shapes()}, entries, {}, {}};
  group.row_order.resize(at(static_cast<Index>(orbits.row_count())));
  group.column_order.resize(at(static_cast<Index>(orbits.column_count())));
  std::iota(group.row_order.begin(), group.row_order.end(), Index{0});
  std::iota(group.column_order.begin(), group.column_order.end(), Index{0});
  return group;
}

}  // namespace

RecognisedIsotropy recognise_isotropy(const MatrixOrbits& orbits, const Vector<double>& entries,
                                      double tolerance) {
  // Three indices of a block behave as all of them do.
  constexpr double enough = 3;
  std::vector<double> sizes = orbits.block_sizes();
  for (double& size : sizes) size = std::min(size, enough);
  const MatrixOrbits small(orbits.shapes(), sizes);
  RecognisedIsotropy found = recognise_isotropy(small.embed(entries), tolerance);

  const auto blocks_of = [&](const std::vector<LineType>& lines) {
    std::vector<int> blocks;
    for (const LineType& line : lines)
      blocks.insert(blocks.end(), static_cast<std::size_t>(line.size), line.block);
    return blocks;
  };
  const std::vector<int> row_blocks = blocks_of(small.rows()),
                         column_blocks = blocks_of(small.columns());
  std::size_t row = 0, column = 0;
  for (IsotropyBlock& block : found.isotropy.blocks) {
    const auto count = static_cast<std::size_t>(block.size.constant);
    std::vector<double> kept(sizes.size(), 0);
    for (std::size_t i = 0; i < count; ++i)
      ++kept[at(block.rows > 0 ? row_blocks[at(found.row_order[row + i])]
                               : column_blocks[at(found.column_order[column + i])])];
    BlockSize size{0, 1, 0};
    for (std::size_t b = 0; b < kept.size(); ++b) {
      if (kept[b] == 0) continue;
      // Copies of one block's rows: a symmetry that exchanges of two rows do not generate.
      if (kept[b] != sizes[b]) return whole_group(orbits, entries);
      size = sum(size, orbits.shapes()[b].size);
    }
    if (block.rows > 0) row += count;
    if (block.columns > 0) column += count;
    block.size = size;
  }
  return found;
}

std::vector<SymmetricClass> critical_points(const OrthonormalTask& task,
                                            const std::vector<Isotropy>& groups, double d,
                                            const SymmetricSearch& search) {
  std::vector<SymmetricClass> classes;
  std::vector<Signature> signatures;
  const NormalStream normals(search.seed, start_stream);
  for (const Isotropy& group : groups) {
    const MatrixOrbits orbits(group, d);
    const SymmetricObjective<double> objective(task, orbits, 17);
    const ReducedProblem reduced(objective);
    const double longest = task.student.homogeneity() || task.student.polynomial_degree()
                               ? std::numeric_limits<double>::infinity()
                               : longest_row;
    std::vector<std::optional<Vector<double>>> ends(at(search.starts));
    for_each_block(ends.size(), search.threads, [&](std::size_t start) {
      const Vector<double> entries = random_entries(orbits, normals, start);
      if (const auto z = reduced.root(reduced.coordinates(entries), longest))
        ends[start] = reduced.entries(*z);
    });
    for (std::optional<Vector<double>>& entries : ends) {
      if (!entries) continue;
      if (signs_are_free(task)) turn_rows(orbits, *entries);
      RecognisedIsotropy own = recognise_isotropy(orbits, *entries, same_tolerance);
      const bool isolated = reduced.at_point(reduced.coordinates(*entries)).value().isolated();
      Signature signature{objective.value(*entries), own.isotropy,
                          sorted_entries(own.isotropy, d, own.entries), isolated};
      const auto known =
          std::find_if(signatures.begin(), signatures.end(),
                       [&](const Signature& other) { return signature.matches(other); });
      if (known != signatures.end()) {
        ++classes[static_cast<std::size_t>(known - signatures.begin())].count;
        continue;
      }
      classes.push_back({{own.isotropy, d, own.entries}, signature.value, 1, isolated});
      signatures.push_back(std::move(signature));
    }
  }
  std::stable_sort(
      classes.begin(), classes.end(),
      [](const SymmetricClass& x, const SymmetricClass& y) { return x.value < y.value; });
  return classes;
}

}  // namespace sigmahat
