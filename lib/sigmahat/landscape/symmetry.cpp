#include <algorithm>
#include <cmath>

#include <Eigen/QR>

#include <sigmahat/landscape/symmetry.hpp>
#include <sigmahat/numeric/overloaded.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

/// Rows this close to orthonormal are orthonormal: the rounding of unit rows, amplified little.
constexpr double orthonormal = 1e-12;

bool has_even_powers_alone(const ObjectiveChoice& choice, const Activation& student) {
  const auto is_even = [](int k) { return k % 2 == 0; };
  return std::visit(
      Overloaded{[&](const FullLoss&) { return student.parity() == Parity::even; },
                 [&](const DesignedLoss& f) {
                   return std::all_of(f.degrees.begin(), f.degrees.end(), is_even) ||
                          student.parity() == Parity::even;
                 },
                 [&](const DegreeLoss& f) {
                   return std::all_of(f.weights.begin(), f.weights.end(),
                                      [&](const auto& term) { return is_even(term.first); });
                 },
                 [&](const GadgetObjective& f) {
                   return std::all_of(
                       f.pairs.terms().begin(), f.pairs.terms().end(), [&](const auto& term) {
                         return std::all_of(term.first.begin(), term.first.end(), is_even);
                       });
                 },
                 [](const GuaranteedObjective&) { return true; },
                 [](const PenalisedObjective&) { return true; }},
      choice);
}

/// Integers in the place of numbers: equal ones for numbers that `tolerance` does not tell apart,
/// opposite ones for opposite numbers.
class Labels {
 public:
  Labels(std::vector<double> sizes, double tolerance) {
    for (double& size : sizes) size = std::abs(size);
    std::sort(sizes.begin(), sizes.end());
    double last = 0;
    for (const double size : sizes) {
      if (size > last + tolerance) bounds_.push_back(last + (size - last) / 2);
      last = size;
    }
  }
  int operator()(double x) const {
    const auto above = std::upper_bound(bounds_.begin(), bounds_.end(), std::abs(x));
    const auto label = static_cast<int>(above - bounds_.begin());
    return x < 0 ? -label : label;
  }

 private:
  std::vector<double> bounds_;  ///< between two labels
};

using LabelMatrix = Eigen::MatrixXi;

/// Vertices are the student's rows and the teacher's, each with both signs where signs are a
/// symmetry; every two of them stand in a relation.
struct Relations {
  LabelMatrix relation;
  std::vector<int> colours;
};

void add_entries(const Matrix<double>& matrix, std::vector<double>& list) {
  list.insert(list.end(), matrix.reshaped().begin(), matrix.reshaped().end());
}

Relations relations_of(const SymmetryPattern& x, const Symmetry& symmetry, const Labels& products,
                       const Labels& neurons) {
  const Index m = x.with_teacher.rows(), teachers = x.with_teacher.cols();
  const Index copies = symmetry.signs ? 2 : 1, teacher_copies = symmetry.teacher_signs ? 2 : 1;
  const Index rows = copies * m, all = rows + teacher_copies * teachers;
  // No label of products is as large: of a vertex with itself, with its opposite, and of pairs that
  // the student is fixed by without them.
  constexpr int itself = 1 << 28, opposite = itself + 1, unknown = itself + 2;
  Relations s{LabelMatrix::Constant(all, all, unknown), std::vector<int>()};
  const auto sign = [](Index copy) { return copy == 0 ? 1 : -1; };
  for (Index p = 0; p < copies; ++p)
    for (Index i = 0; i < m; ++i) {
      for (Index q = 0; q < teacher_copies; ++q)
        for (Index j = 0; j < teachers; ++j) {
          const Index row = p * m + i, other = rows + q * teachers + j;
          s.relation(row, other) = s.relation(other, row) =
              sign(p) * sign(q) * products(x.with_teacher(i, j));
        }
      for (Index q = 0; q < copies; ++q) {
        if (x.gram.size() > 0)
          for (Index j = 0; j < m; ++j)
            s.relation(p * m + i, q * m + j) = sign(p) * sign(q) * products(x.gram(i, j));
        s.relation(p * m + i, q * m + i) = p == q ? itself : opposite;
      }
    }
  for (Index p = 0; p < teacher_copies; ++p)
    for (Index q = 0; q < teacher_copies; ++q)
      for (Index j = 0; j < teachers; ++j)
        s.relation(rows + p * teachers + j, rows + q * teachers + j) = p == q ? itself : opposite;
  // Colours of rows from their weights, of teacher rows from their classes: numbers that differ.
  for (Index p = 0; p < copies; ++p)
    for (Index i = 0; i < m; ++i) {
      const int a = neurons(x.neurons(i, 0)), c = neurons(x.neurons(i, 1));
      s.colours.push_back(((a + (1 << 14)) << 15) + c + (1 << 14));
    }
  for (Index p = 0; p < teacher_copies; ++p)
    for (Index j = 0; j < teachers; ++j)
      s.colours.push_back(-1 - symmetry.teacher_classes[static_cast<std::size_t>(j)]);
  return s;
}

/// Colours are hashes of all that has been seen of a vertex: equal structures have equal ones, and
/// what a search finds in the end is compared relation by relation.
using Colour = std::uint64_t;
using Colouring = std::vector<Colour>;

/// Steele, Lea and Flood's mixing (OOPSLA 2014).
Colour mixed(Colour x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// The search for a map from one structure to another that keeps colours and relations.
class MapSearch {
 public:
  MapSearch(const Relations& from, const Relations& to) : from_(from), to_(to) {}

  bool exists() const {
    return exists({from_.colours.begin(), from_.colours.end()},
                  {to_.colours.begin(), to_.colours.end()});
  }

 private:
  /// Each vertex's colour with those of all others and their relations to it.
  static Colouring refined(const Relations& s, const Colouring& colours) {
    Colouring next(colours.size());
    for (std::size_t v = 0; v < colours.size(); ++v) {
      const int* relation = &s.relation(0, static_cast<Index>(v));
      Colour sum = 0;
      for (std::size_t w = 0; w < colours.size(); ++w)
        sum += mixed(colours[w] ^ mixed(static_cast<Colour>(relation[w])));
      next[v] = mixed(colours[v]) + sum;
    }
    return next;
  }

  static std::size_t number_of_colours(const Colouring& sorted) {
    std::size_t number = 1;
    for (std::size_t i = 1; i < sorted.size(); ++i) number += sorted[i] != sorted[i - 1];
    return number;
  }

  /// Refines both colourings alike until they have no more colours than before; their number, or 0
  /// where they come to differ.
  std::size_t refine(Colouring& first, Colouring& second) const {
    for (std::size_t colours = 0;;) {
      first = refined(from_, first);
      second = refined(to_, second);
      Colouring one = first, two = second;
      std::sort(one.begin(), one.end());
      std::sort(two.begin(), two.end());
      if (one != two) return 0;
      const std::size_t next = number_of_colours(one);
      if (next == colours) return colours;
      colours = next;
    }
  }

  /// Whether the only map that keeps colours, all of them different, keeps relations.
  bool keeps_relations(const Colouring& first, const Colouring& second) const {
    std::vector<Index> image;
    for (const Colour colour : first)
      image.push_back(std::find(second.begin(), second.end(), colour) - second.begin());
    for (std::size_t v = 0; v < first.size(); ++v) {
      const auto at = static_cast<Index>(v);
      if (from_.colours[v] != to_.colours[static_cast<std::size_t>(image[v])]) return false;
      for (std::size_t w = 0; w < first.size(); ++w)
        if (from_.relation(static_cast<Index>(w), at) != to_.relation(image[w], image[v]))
          return false;
    }
    return true;
  }

  bool exists(Colouring first, Colouring second) const {
    const std::size_t colours = refine(first, second);
    if (colours == 0) return false;
    if (colours == first.size()) return keeps_relations(first, second);
    // One of several that look alike, in turn mapped to each that it may go to.
    const auto chosen = std::find_if(first.begin(), first.end(), [&](Colour colour) {
      return std::count(first.begin(), first.end(), colour) > 1;
    });
    const Colour colour = *chosen, marked = mixed(~colour);
    *chosen = marked;
    for (std::size_t w = 0; w < second.size(); ++w) {
      if (second[w] != colour) continue;
      Colouring with_choice = second;
      with_choice[w] = marked;
      if (exists(first, std::move(with_choice))) return true;
    }
    return false;
  }

  const Relations& from_;
  const Relations& to_;
};

}  // namespace

Symmetry symmetry_of(const ObjectiveChoice& choice, const ProblemValues<double>& problem) {
  const NetworkValues<double>& teacher = problem.teacher;
  const Index teachers = teacher.B.rows();
  Symmetry symmetry;
  symmetry.signs =
      problem.student.c.size() == 0 && has_even_powers_alone(choice, problem.student.activation);
  const Matrix<double> gram = teacher.B * teacher.B.transpose();
  const bool exchangeable =
      teacher.r.size() == 0 && teacher.c.size() == 0 &&
      (gram - Matrix<double>::Identity(teachers, teachers)).cwiseAbs().maxCoeff() <= orthonormal;
  for (Index i = 0; i < teachers; ++i) {
    int number = static_cast<int>(i);
    for (Index j = 0; exchangeable && j < i; ++j)
      if (teacher.a[j] == teacher.a[i]) {
        number = symmetry.teacher_classes[static_cast<std::size_t>(j)];
        break;
      }
    symmetry.teacher_classes.push_back(number);
  }
  // Reflections that change the sign of one teacher row and of no other.
  symmetry.teacher_signs = symmetry.signs && exchangeable;
  const Eigen::ColPivHouseholderQR<Matrix<double>> factors(teacher.B);
  symmetry.beyond_teacher = factors.rank() < teacher.B.cols();
  return symmetry;
}

SymmetryPattern pattern_of(const Weights<double>& x, const Matrix<double>& teacher,
                           const Symmetry& symmetry) {
  SymmetryPattern pattern{x.B * teacher.transpose(), {}, Matrix<double>::Zero(x.B.rows(), 2)};
  if (symmetry.beyond_teacher) pattern.gram = x.B * x.B.transpose();
  pattern.neurons.col(0) = x.a;
  if (x.c.size() > 0) pattern.neurons.col(1) = x.c;
  return pattern;
}

bool are_equivalent(const SymmetryPattern& x, const SymmetryPattern& y, const Symmetry& symmetry,
                    double tolerance) {
  if (x.with_teacher.rows() != y.with_teacher.rows() ||
      x.with_teacher.cols() != y.with_teacher.cols())
    return false;
  std::vector<double> products, neurons;
  for (const SymmetryPattern* pattern : {&x, &y}) {
    add_entries(pattern->with_teacher, products);
    add_entries(pattern->gram, products);
    add_entries(pattern->neurons, neurons);
  }
  const Labels product_labels(std::move(products), tolerance);
  const Labels neuron_labels(std::move(neurons), tolerance);
  const Relations first = relations_of(x, symmetry, product_labels, neuron_labels);
  const Relations second = relations_of(y, symmetry, product_labels, neuron_labels);
  return MapSearch(first, second).exists();
}

}  // namespace sigmahat
