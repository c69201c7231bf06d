#include <algorithm>
#include <functional>

#include <Eigen/Eigenvalues>
#include <fmt/format.h>

#include <sigmahat/landscape/isotypic_spectrum.hpp>
#include <sigmahat/numeric/eigenvalues.hpp>
#include <sigmahat/numeric/errors.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// The orbits of a subgroup that splits blocks into parts.
struct Refinement {
  MatrixOrbits orbits;
  std::vector<int> block, part;   ///< of each of its blocks: the block it is of, and its number
  std::vector<int> parent_entry;  ///< of each of its orbits of entries
  std::vector<int> parent_row, parent_column;  ///< of its row and column types
};

/// @param parts  of the blocks that are split, their sizes but for the last part's
Refinement refine(const MatrixOrbits& orbits, const std::vector<std::vector<double>>& parts) {
  std::vector<IsotropyBlock> shapes;
  std::vector<double> sizes;
  std::vector<int> block, part;
  for (std::size_t b = 0; b < parts.size(); ++b) {
    double rest = orbits.block_sizes()[b];
    int number = 0;
    const auto add = [&](double size) {
      if (size > 0) {
        shapes.push_back(orbits.shapes()[b]);
        sizes.push_back(size);
        block.push_back(static_cast<int>(b));
        part.push_back(number);
      }
      ++number;
    };
    for (const double size : parts[b]) {
      add(size);
      rest -= size;
    }
    add(rest);
  }
  Refinement fine{MatrixOrbits(std::move(shapes), std::move(sizes)),
                  std::move(block),
                  std::move(part),
                  {},
                  {},
                  {}};

  // The copies of a block's rows are numbered alike in the block and in its parts.
  const auto parents = [&](const std::vector<LineType>& lines,
                           const std::vector<LineType>& parent_lines) {
    std::vector<int> result;
    int copy = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      copy = i > 0 && lines[i].block == lines[i - 1].block ? copy + 1 : 0;
      const int parent = fine.block[at(lines[i].block)];
      const auto first = std::find_if(parent_lines.begin(), parent_lines.end(),
                                      [&](const LineType& line) { return line.block == parent; });
      result.push_back(static_cast<int>(first - parent_lines.begin()) + copy);
    }
    return result;
  };
  fine.parent_row = parents(fine.orbits.rows(), orbits.rows());
  fine.parent_column = parents(fine.orbits.columns(), orbits.columns());
  for (const EntryOrbit& entry : fine.orbits.entries())
    fine.parent_entry.push_back(orbits.entry(fine.parent_row[at(entry.row)],
                                             fine.parent_column[at(entry.column)], entry.diagonal));
  return fine;
}

/// A direction in the subgroup's fixed space: an entry of each orbit, from the numbers of the parts
/// that its row and column are in and whether it is on the diagonal.
struct Place {
  int row_part, column_part;
  bool diagonal;
};
using Pattern = std::function<int(const Place&)>;

/// One copy of a representation in R^{k×d}: the types of rows and columns that it is on.
struct Copy {
  int row, column;
  Pattern pattern;
};

/// e_0 - e_1, a vector of the standard representation.
int difference(int part) {
  return part == 0 ? 1 : part == 1 ? -1 : 0;
}

template <Scalar T>
class Component {
 public:
  Component(const SymmetricObjective<T>& objective, const Vector<T>& entries, Refinement refinement)
      : fine_(std::move(refinement)) {
    Vector<T> fine_entries(static_cast<Index>(fine_.parent_entry.size()));
    for (Index i = 0; i < fine_entries.size(); ++i)
      fine_entries[i] = entries[fine_.parent_entry[at(i)]];
    const SymmetricObjective<T> fine_objective(objective, fine_.orbits);
    hessian_ = fine_objective.evaluate(fine_entries, true).hessian;
    scales_ = fine_objective.scales();
    entries_ = fine_objective.on_manifold(fine_entries);
  }

  /// The Hessian between the directions of these copies, which are orthogonal.
  IsotypicBlock<T> block(Irreducible irreducible, const std::vector<Copy>& copies) const {
    std::vector<Vector<T>> directions;
    for (const Copy& copy : copies) directions.push_back(direction(copy));
    const Index n = static_cast<Index>(copies.size());
    IsotypicBlock<T> result{irreducible, Matrix<T>(n, n)};
    for (Index j = 0; j < n; ++j) {
      const Vector<T> image = product(directions[at(j)]);
      for (Index i = 0; i < n; ++i) result.hessian(i, j) = dot(directions[at(i)], image);
    }
    return result;
  }

  /// The same of a block's standard representation; on the sphere with what is along its rows.
  IsotypicBlock<T> standard_block(Irreducible irreducible, const std::vector<Copy>& copies,
                                  const MatrixOrbits& orbits, bool on_sphere) const {
    IsotypicBlock<T> result = block(irreducible, copies);
    for (int r = 0; on_sphere && r < static_cast<int>(orbits.rows().size()); ++r) {
      if (orbits.rows()[at(r)].block != irreducible.block) continue;
      // Row 0 longer, row 1 shorter.
      Vector<T> along = Vector<T>::Constant(scales_.size(), T(0));
      for (Index i = 0; i < along.size(); ++i) {
        const EntryOrbit& entry = fine_.orbits.entries()[at(i)];
        if (fine_.parent_row[at(entry.row)] == r)
          along[i] = difference(fine_.part[at(fine_.orbits.rows()[at(entry.row)].block)]) *
                     T(entries_[i] * scales_[i]);
      }
      Vector<T> radial(static_cast<Index>(copies.size()));
      for (Index i = 0; i < radial.size(); ++i) radial[i] = dot(direction(copies[at(i)]), along);
      result.radial.push_back(std::move(radial));
    }
    return result;
  }

 private:
  /// A unit vector.
  Vector<T> direction(const Copy& copy) const {
    using std::sqrt;
    Vector<T> result = Vector<T>::Constant(scales_.size(), T(0));
    double squared = 0;
    for (Index i = 0; i < scales_.size(); ++i) {
      const EntryOrbit& entry = fine_.orbits.entries()[at(i)];
      if (fine_.parent_row[at(entry.row)] != copy.row ||
          fine_.parent_column[at(entry.column)] != copy.column)
        continue;
      const int value = copy.pattern(
          {fine_.part[at(fine_.orbits.rows()[at(entry.row)].block)],
           fine_.part[at(fine_.orbits.columns()[at(entry.column)].block)], entry.diagonal});
      result[i] = value * scales_[i];
      squared += value * value * entry.size;
    }
    const T norm = sqrt(T(squared));
    for (T& x : result) x /= norm;
    return result;
  }
  // Most coordinates are zero.
  T dot(const Vector<T>& x, const Vector<T>& y) const {
    T sum(0);
    for (Index i = 0; i < x.size(); ++i)
      if (!certainly_zero(x[i])) sum += x[i] * y[i];
    return sum;
  }
  Vector<T> product(const Vector<T>& x) const {
    Vector<T> result(x.size());
    for (Index i = 0; i < x.size(); ++i) result[i] = dot(x, hessian_.row(i).transpose());
    return result;
  }

  Refinement fine_;
  Matrix<T> hessian_;
  Vector<T> scales_, entries_;
};

/// The copies of a block's standard representation: on rows or columns of other blocks once; on its
/// own as c_i at (i,i), c_i + c_j and c_i - c_j at (i,j).
std::vector<Copy> standard_copies(const MatrixOrbits& orbits, int block) {
  std::vector<Copy> copies;
  const double size = orbits.block_sizes()[at(block)];
  for (int r = 0; r < static_cast<int>(orbits.rows().size()); ++r)
    for (int c = 0; c < static_cast<int>(orbits.columns().size()); ++c) {
      const bool row = orbits.rows()[at(r)].block == block,
                 column = orbits.columns()[at(c)].block == block;
      if (row && column) {
        copies.push_back(
            {r, c, [](const Place& p) { return p.diagonal ? difference(p.row_part) : 0; }});
        if (size > 2)
          copies.push_back({r, c, [](const Place& p) {
                              return p.diagonal
                                         ? 0
                                         : difference(p.row_part) + difference(p.column_part);
                            }});
        copies.push_back({r, c, [](const Place& p) {
                            return p.diagonal ? 0
                                              : difference(p.row_part) - difference(p.column_part);
                          }});
      } else if (row) {
        copies.push_back({r, c, [](const Place& p) { return difference(p.row_part); }});
      } else if (column) {
        copies.push_back({r, c, [](const Place& p) { return difference(p.column_part); }});
      }
    }
  return copies;
}

/// The copies of a representation that a block's rows and columns have in common.
std::vector<Copy> own_copies(const MatrixOrbits& orbits, int block, const Pattern& pattern) {
  std::vector<Copy> copies;
  for (int r = 0; r < static_cast<int>(orbits.rows().size()); ++r)
    for (int c = 0; c < static_cast<int>(orbits.columns().size()); ++c)
      if (orbits.rows()[at(r)].block == block && orbits.columns()[at(c)].block == block)
        copies.push_back({r, c, pattern});
  return copies;
}

/// (e_0 - e_1)(e_2 - e_3)ᵀ and its transpose: symmetric, with a zero diagonal and zero sums.
int symmetric_pattern(const Place& place) {
  const auto [low, high] = std::minmax(place.row_part, place.column_part);
  if (low > 1 || high < 2 || high > 3) return 0;
  return (low == 0) == (high == 2) ? 1 : -1;
}

/// The cycle 0 → 1 → 2 → 0 minus its reverse: antisymmetric, with zero sums.
int antisymmetric_pattern(const Place& place) {
  if (place.row_part > 2 || place.column_part > 2 || place.row_part == place.column_part) return 0;
  return (place.column_part - place.row_part + 3) % 3 == 1 ? 1 : -1;
}

int product_pattern(const Place& place) {
  return difference(place.row_part) * difference(place.column_part);
}

}  // namespace

std::string to_text(const Irreducible& irreducible, const MatrixOrbits& orbits) {
  const auto partition = [&](int block, int removed, const char* rest) {
    BlockSize size = orbits.shapes()[at(block)].size;
    size.constant -= removed;
    return fmt::format("({},{})", to_text(size), rest);
  };
  switch (irreducible.kind) {
    case Irreducible::Kind::trivial:
      return "trivial";
    case Irreducible::Kind::standard:
      return partition(irreducible.block, 1, "1");
    case Irreducible::Kind::standards:
      return partition(irreducible.block, 1, "1") + " x " +
             partition(irreducible.other_block, 1, "1");
    case Irreducible::Kind::symmetric:
      return partition(irreducible.block, 2, "2");
    case Irreducible::Kind::antisymmetric:
      return partition(irreducible.block, 2, "1,1");
  }
  return {};
}

template <Scalar T>
std::vector<IsotypicBlock<T>> isotypic_blocks(const SymmetricObjective<T>& objective,
                                              const Vector<T>& entries) {
  const MatrixOrbits& orbits = objective.orbits();
  if (!orbits.whole())
    throw InputError("blocks of no whole size; expected a dimension at which all are");
  using Kind = Irreducible::Kind;
  const bool on_sphere = objective.constraint() == Constraint::sphere;
  std::vector<IsotypicBlock<T>> blocks{
      {{Kind::trivial}, objective.evaluate(entries, true).hessian}};
  if (on_sphere) {
    const Vector<T> point = objective.on_manifold(entries);
    for (int r = 0; r < static_cast<int>(orbits.rows().size()); ++r) {
      Vector<T> along = Vector<T>::Constant(point.size(), T(0));
      for (Index i = 0; i < along.size(); ++i)
        if (orbits.entries()[at(i)].row == r) along[i] = point[i] * objective.scales()[i];
      blocks.front().radial.push_back(std::move(along));
    }
  }
  const int count = static_cast<int>(orbits.shapes().size());
  const auto size = [&](int b) { return orbits.block_sizes()[at(b)]; };
  const auto split = [&](std::initializer_list<int> which, int singles) {
    std::vector<std::vector<double>> parts(at(count));
    for (const int b : which)
      parts[at(b)].assign(at(std::min<Index>(singles, static_cast<Index>(size(b)))), 1.0);
    return refine(orbits, parts);
  };
  for (int b = 0; b < count; ++b) {
    const double s = size(b);
    if (s < 2) continue;
    const bool both = orbits.shapes()[at(b)].rows > 0 && orbits.shapes()[at(b)].columns > 0;
    const Component<T> component(objective, entries, split({b}, both ? 4 : 2));
    blocks.push_back(component.standard_block({Kind::standard, b, -1, s - 1},
                                              standard_copies(orbits, b), orbits, on_sphere));
    if (both && s >= 4)
      blocks.push_back(component.block({Kind::symmetric, b, -1, s * (s - 3) / 2},
                                       own_copies(orbits, b, symmetric_pattern)));
    if (both && s >= 3)
      blocks.push_back(component.block({Kind::antisymmetric, b, -1, (s - 1) * (s - 2) / 2},
                                       own_copies(orbits, b, antisymmetric_pattern)));
  }
  for (int b = 0; b < count; ++b)
    for (int e = b + 1; e < count; ++e) {
      if (size(b) < 2 || size(e) < 2) continue;
      std::vector<Copy> copies;
      for (int r = 0; r < static_cast<int>(orbits.rows().size()); ++r)
        for (int c = 0; c < static_cast<int>(orbits.columns().size()); ++c) {
          const int row = orbits.rows()[at(r)].block, column = orbits.columns()[at(c)].block;
          if ((row == b && column == e) || (row == e && column == b))
            copies.push_back({r, c, product_pattern});
        }
      if (copies.empty()) continue;
      const Component<T> component(objective, entries, split({b, e}, 2));
      blocks.push_back(
          component.block({Kind::standards, b, e, (size(b) - 1) * (size(e) - 1)}, copies));
    }
  return blocks;
}

namespace {

template <Scalar T>
T above_eigenvalues(const IsotypicBlock<T>& block) {
  T sum(1);
  for (Index i = 0; i < block.hessian.rows(); ++i)
    for (Index j = 0; j < block.hessian.cols(); ++j) sum += T(abs(block.hessian(i, j)));
  return sum;
}

/// With an eigenvalue of its own, above twice all others, for each direction that is none.
template <Scalar T>
Matrix<T> with_stiff_rows(const IsotypicBlock<T>& block) {
  Matrix<T> result = block.hessian;
  if (block.radial.empty()) return result;
  const T stiff = 4 * above_eigenvalues(block);
  for (const Vector<T>& b : block.radial) {
    T squared(0);
    for (const T& x : b) squared += square(x);
    for (Index i = 0; i < b.size(); ++i)
      for (Index j = 0; j < b.size(); ++j) result(i, j) += stiff * T(b[i] * b[j]) / squared;
  }
  return result;
}

}  // namespace

template std::vector<IsotypicBlock<double>> isotypic_blocks(const SymmetricObjective<double>&,
                                                            const Vector<double>&);
template std::vector<IsotypicBlock<Interval>> isotypic_blocks(const SymmetricObjective<Interval>&,
                                                              const Vector<Interval>&);

std::vector<IsotypicEigenvalue> isotypic_spectrum(const SymmetricObjective<Interval>& objective,
                                                  const Vector<Interval>& entries) {
  std::vector<IsotypicEigenvalue> spectrum;
  for (const IsotypicBlock<Interval>& block : isotypic_blocks(objective, entries))
    for (const Interval& eigenvalue : symmetric_eigenvalues(with_stiff_rows(block), 1))
      if (block.radial.empty() || !certainly_less(above_eigenvalues(block), eigenvalue))
        spectrum.push_back({block.irreducible, to_enclosure(eigenvalue, Status::certified),
                            block.irreducible.dimension});
  std::stable_sort(spectrum.begin(), spectrum.end(),
                   [](const IsotypicEigenvalue& x, const IsotypicEigenvalue& y) {
                     return x.value.value < y.value.value;
                   });
  return spectrum;
}

std::vector<PlainEigenvalue> isotypic_spectrum(const SymmetricObjective<double>& objective,
                                               const Vector<double>& entries) {
  std::vector<PlainEigenvalue> spectrum;
  for (const IsotypicBlock<double>& block : isotypic_blocks(objective, entries)) {
    const Eigen::SelfAdjointEigenSolver<Matrix<double>> solver(with_stiff_rows(block),
                                                               Eigen::EigenvaluesOnly);
    const Index count = block.hessian.rows() - static_cast<Index>(block.radial.size());
    for (const double eigenvalue : solver.eigenvalues().head(count))
      spectrum.push_back({eigenvalue, block.irreducible.dimension});
  }
  std::sort(spectrum.begin(), spectrum.end(),
            [](const PlainEigenvalue& x, const PlainEigenvalue& y) { return x.value < y.value; });
  return spectrum;
}

}  // namespace sigmahat
