#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include <sigmahat/landscape/isotropy.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/spelling.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

constexpr const char* expected =
    "expected block sizes as in \"d-1,1\", \"d-2,2\", \"d,r:1\" or \"r:2,c:2,d-2\"";

[[noreturn]] void refuse(std::string_view text) {
  throw ParseError(fmt::format("{}: {}", in_quotes(text), expected));
}

/// Takes characters from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  char next() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (next() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<int> number() {
    std::size_t digits = 0;
    while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') ++digits;
    if (digits == 0 || digits > 6) return std::nullopt;
    const int value = std::stoi(std::string(rest_.substr(0, digits)));
    rest_.remove_prefix(digits);
    return value;
  }

 private:
  std::string_view rest_;
};

/// "3", "d", "2d", "d/2", "d-1", "d/2+1"
std::optional<BlockSize> parse_size(Reader& reader) {
  const std::optional<int> leading = reader.number();
  if (!reader.take('d')) {
    if (!leading || *leading == 0) return std::nullopt;
    return BlockSize{0, 1, *leading};
  }
  BlockSize size{leading.value_or(1), 1, 0};
  if (reader.take('/')) {
    const std::optional<int> denominator = reader.number();
    if (!denominator || *denominator == 0) return std::nullopt;
    const int common = std::gcd(size.numerator, *denominator);
    size.numerator /= common;
    size.denominator = *denominator / common;
  }
  const bool minus = reader.next() == '-';
  if (reader.take('-') || reader.take('+')) {
    const std::optional<int> constant = reader.number();
    if (!constant) return std::nullopt;
    size.constant = minus ? -*constant : *constant;
  }
  return size.numerator > 0 ? std::optional(size) : std::nullopt;
}

std::optional<IsotropyBlock> parse_block(std::string_view item) {
  IsotropyBlock block;
  if (const std::size_t colon = item.find(':'); colon != std::string_view::npos) {
    const std::string_view kinds = item.substr(0, colon);
    if (kinds.empty() || kinds.find_first_not_of("rc") != std::string_view::npos)
      return std::nullopt;
    block.rows = static_cast<int>(std::count(kinds.begin(), kinds.end(), 'r'));
    block.columns = static_cast<int>(std::count(kinds.begin(), kinds.end(), 'c'));
    item.remove_prefix(colon + 1);
  }
  Reader reader(item);
  const std::optional<BlockSize> size = parse_size(reader);
  if (!size || !reader.done()) return std::nullopt;
  block.size = *size;
  return block;
}

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

bool is_whole(double x) {
  return x == std::floor(x);
}

}  // namespace

Isotropy parse_isotropy(std::string_view text) {
  std::string compact;
  for (const char c : text)
    if (c != ' ') compact += c;
  Isotropy isotropy;
  std::string_view rest = compact;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::optional<IsotropyBlock> block = parse_block(rest.substr(0, comma));
    if (!block) refuse(text);
    isotropy.blocks.push_back(*block);
    if (comma == std::string_view::npos) return isotropy;
    rest.remove_prefix(comma + 1);
  }
}

std::string to_text(const BlockSize& size) {
  if (size.numerator == 0) return fmt::format("{}", size.constant);
  std::string text = size.numerator == 1 ? "d" : fmt::format("{}d", size.numerator);
  if (size.denominator != 1) text += fmt::format("/{}", size.denominator);
  if (size.constant != 0) text += fmt::format("{:+}", size.constant);
  return text;
}

std::string to_text(const Isotropy& isotropy) {
  std::string text;
  for (const IsotropyBlock& block : isotropy.blocks) {
    if (!text.empty()) text += ',';
    if (block.rows != 1 || block.columns != 1)
      text += std::string(static_cast<std::size_t>(block.rows), 'r') +
              std::string(static_cast<std::size_t>(block.columns), 'c') + ':';
    text += to_text(block.size);
  }
  return text;
}

std::string notation(const Isotropy& isotropy, bool latex) {
  const std::string times = latex ? " \\times " : " × ";
  const auto group = [&](const BlockSize& size) {
    const std::string text = to_text(size);
    return latex || text.size() > 1 ? fmt::format("S_{{{}}}", text) : "S_" + text;
  };
  const auto add = [&](std::string& product, const std::string& factor) {
    product += (product.empty() ? "" : times) + factor;
  };
  std::string matched, others;
  int count = 0;
  for (const IsotropyBlock& block : isotropy.blocks) {
    if (block.rows == 1 && block.columns == 1) {
      add(matched, group(block.size));
      ++count;
      continue;
    }
    // One index alone is permuted with none.
    if (block.rows + block.columns == 1 && block.size == BlockSize{0, 1, 1}) continue;
    const std::string kinds = std::string(static_cast<std::size_t>(block.rows), 'r') +
                              std::string(static_cast<std::size_t>(block.columns), 'c');
    add(others, group(block.size) + (latex ? fmt::format("^{{\\mathrm{{{}}}}}", kinds)
                                           : fmt::format("({})", kinds)));
  }
  std::string text;
  if (count == 1) text = (latex ? "\\Delta " : "Δ") + matched;
  if (count > 1) text = (latex ? "\\Delta(" : "Δ(") + matched + ")";
  if (!others.empty()) add(text, others);
  return text.empty() ? "trivial" : text;
}

Isotropy in_terms_of_dimension(Isotropy isotropy, int d) {
  for (IsotropyBlock& block : isotropy.blocks)
    if (block.size.numerator == 0 && 2 * block.size.constant > d)
      block.size = {1, 1, block.size.constant - d};
  return isotropy;
}

MatrixOrbits::MatrixOrbits(std::vector<IsotropyBlock> shapes, std::vector<double> sizes)
    : shapes_(std::move(shapes)), sizes_(std::move(sizes)) {
  for (std::size_t b = 0; b < shapes_.size(); ++b) {
    const LineType line{static_cast<int>(b), sizes_[b]};
    rows_.insert(rows_.end(), static_cast<std::size_t>(shapes_[b].rows), line);
    columns_.insert(columns_.end(), static_cast<std::size_t>(shapes_[b].columns), line);
  }
  for (int r = 0; r < static_cast<int>(rows_.size()); ++r)
    for (int c = 0; c < static_cast<int>(columns_.size()); ++c) {
      const double s = rows_[at(r)].size, t = columns_[at(c)].size;
      const auto add = [&](bool diagonal, double size) {
        places_.push_back(size > 0 ? static_cast<int>(entries_.size()) : -1);
        if (size > 0) entries_.push_back({r, c, diagonal, size});
      };
      if (share_block(r, c)) {
        add(true, s);
        add(false, s * (s - 1));
      } else {
        places_.push_back(-1);
        add(false, s * t);
      }
    }
}

namespace {

std::vector<double> sizes_at(const Isotropy& isotropy, double d) {
  std::vector<double> sizes;
  double columns = 0, rows = 0;
  for (const IsotropyBlock& block : isotropy.blocks) {
    const double size = block.size.at(d);
    if (size < 1)
      throw InputError(
          fmt::format("isotropy \"{}\": the block \"{}\" has size {} at d = {}; "
                      "expected one or more",
                      to_text(isotropy), to_text(block.size), size, d));
    sizes.push_back(size);
    columns += block.columns * size;
    rows += block.rows * size;
  }
  if (std::abs(columns - d) > 1e-9 * d)
    throw InputError(
        fmt::format("isotropy \"{}\": its blocks have {} columns at d = {}; expected "
                    "{}",
                    to_text(isotropy), columns, d, d));
  if (rows == 0)
    throw InputError(fmt::format("isotropy \"{}\": expected a block with rows", to_text(isotropy)));
  return sizes;
}

}  // namespace

MatrixOrbits::MatrixOrbits(const Isotropy& isotropy, double d)
    : MatrixOrbits(isotropy.blocks, sizes_at(isotropy, d)) {}

double MatrixOrbits::row_count() const {
  double count = 0;
  for (const LineType& row : rows_) count += row.size;
  return count;
}
double MatrixOrbits::column_count() const {
  double count = 0;
  for (const LineType& column : columns_) count += column.size;
  return count;
}
bool MatrixOrbits::whole() const {
  return std::all_of(sizes_.begin(), sizes_.end(), is_whole);
}

bool MatrixOrbits::share_block(int row, int column) const {
  return rows_[at(row)].block == columns_[at(column)].block;
}
int MatrixOrbits::entry(int row, int column, bool diagonal) const {
  return places_[2 * (at(row) * columns_.size() + at(column)) + (diagonal ? 0 : 1)];
}

/// visit(row, column, orbit)
template <class Visit>
void MatrixOrbits::for_each_entry(Visit visit) const {
  if (!whole()) throw InputError("blocks of no whole size; expected a dimension at which all are");
  Index row = 0;
  for (std::size_t r = 0; r < rows_.size(); ++r)
    for (Index i = 0; i < static_cast<Index>(rows_[r].size); ++i, ++row) {
      Index column = 0;
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        const bool shared = rows_[r].block == columns_[c].block;
        for (Index j = 0; j < static_cast<Index>(columns_[c].size); ++j, ++column)
          visit(row, column, entry(static_cast<int>(r), static_cast<int>(c), shared && i == j));
      }
    }
}

template <class T>
Matrix<T> MatrixOrbits::embed(const Vector<T>& entries) const {
  Matrix<T> matrix(static_cast<Index>(row_count()), static_cast<Index>(column_count()));
  for_each_entry([&](Index i, Index j, int orbit) { matrix(i, j) = entries[orbit]; });
  return matrix;
}

Vector<double> MatrixOrbits::restrict(const Matrix<double>& matrix) const {
  if (static_cast<double>(matrix.rows()) != row_count() ||
      static_cast<double>(matrix.cols()) != column_count())
    throw InputError(fmt::format("a matrix of {} by {}; expected {} by {}", matrix.rows(),
                                 matrix.cols(), row_count(), column_count()));
  Vector<double> means = Vector<double>::Zero(dimension_of_fixed_space());
  for_each_entry([&](Index i, Index j, int orbit) { means[orbit] += matrix(i, j); });
  for (Index k = 0; k < means.size(); ++k) means[k] /= entries_[at(k)].size;
  return means;
}

template Matrix<double> MatrixOrbits::embed(const Vector<double>&) const;
template Matrix<Real> MatrixOrbits::embed(const Vector<Real>&) const;
template Matrix<Interval> MatrixOrbits::embed(const Vector<Interval>&) const;

namespace {

/// Exchanges of two rows and, at the same time, of two columns that leave a matrix as it is.
class Exchanges {
 public:
  Exchanges(const Matrix<double>& B, double tolerance) : B_(B), tolerance_(tolerance) {}

  bool equal_rows(Index i, Index j) const {
    return (B_.row(i) - B_.row(j)).lpNorm<Eigen::Infinity>() <= tolerance_;
  }
  bool equal_columns(Index p, Index q) const {
    return (B_.col(p) - B_.col(q)).lpNorm<Eigen::Infinity>() <= tolerance_;
  }

  /// The columns that go with the rows i and j: p with i and q with j, where there are such.
  std::optional<std::pair<Index, Index>> columns_of(Index i, Index j) const {
    std::vector<Index> differing;
    for (Index c = 0; c < B_.cols(); ++c)
      if (!equal(B_(i, c), B_(j, c))) {
        if (differing.size() == 2) return std::nullopt;
        differing.push_back(c);
      }
    if (differing.size() != 2) return std::nullopt;
    const Index p = differing[0], q = differing[1];
    if (!equal(B_(i, p), B_(j, q)) || !equal(B_(i, q), B_(j, p))) return std::nullopt;
    for (Index r = 0; r < B_.rows(); ++r)
      if (r != i && r != j && !equal(B_(r, p), B_(r, q))) return std::nullopt;
    return std::pair(p, q);
  }

 private:
  bool equal(double x, double y) const { return std::abs(x - y) <= tolerance_; }

  const Matrix<double>& B_;
  double tolerance_;
};

/// Numbered blocks of rows and columns in matching order.
struct FoundBlock {
  std::vector<Index> rows, columns;
};

/// Rows (or columns) grouped by an equivalence; groups of one are left out.
template <class Equal>
std::vector<std::vector<Index>> groups_of(Index count, Equal equal) {
  std::vector<std::vector<Index>> groups;
  std::vector<bool> taken(at(count), false);
  for (Index i = 0; i < count; ++i) {
    if (taken[at(i)]) continue;
    std::vector<Index> group{i};
    for (Index j = i + 1; j < count; ++j)
      if (!taken[at(j)] && equal(i, j)) {
        group.push_back(j);
        taken[at(j)] = true;
      }
    if (group.size() > 1) groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace

RecognisedIsotropy recognise_isotropy(const Matrix<double>& B, double tolerance) {
  const Exchanges exchanges(B, tolerance);
  const Index k = B.rows(), d = B.cols();
  std::vector<bool> row_taken(at(k), false), column_taken(at(d), false);
  std::vector<FoundBlock> matched, alone;
  for (std::vector<Index>&rows :
       groups_of(k, [&](Index i, Index j) { return exchanges.equal_rows(i, j); })) {
    for (const Index i : rows) row_taken[at(i)] = true;
    alone.push_back({std::move(rows), {}});
  }
  for (std::vector<Index>&columns :
       groups_of(d, [&](Index p, Index q) { return exchanges.equal_columns(p, q); })) {
    for (const Index p : columns) column_taken[at(p)] = true;
    alone.push_back({{}, std::move(columns)});
  }
  for (Index i = 0; i < k; ++i) {
    if (row_taken[at(i)]) continue;
    FoundBlock block;
    for (Index j = i + 1; j < k; ++j) {
      if (row_taken[at(j)]) continue;
      const auto columns = exchanges.columns_of(i, j);
      if (!columns || column_taken[at(columns->second)]) continue;
      // Of two rows, which column goes with which is for a third to say; of no more, it is the
      // larger entries'.
      if (block.rows.empty()) {
        block.rows = {i, j};
        const bool straight = std::abs(B(i, columns->first)) >= std::abs(B(i, columns->second));
        block.columns = straight ? std::vector{columns->first, columns->second}
                                 : std::vector{columns->second, columns->first};
        continue;
      }
      const bool first = columns->first == block.columns[0] || columns->second == block.columns[0];
      if (block.rows.size() == 2 && !first) std::swap(block.columns[0], block.columns[1]);
      const Index own = block.columns[0];
      if (columns->first != own && columns->second != own) continue;
      block.rows.push_back(j);
      block.columns.push_back(columns->first == own ? columns->second : columns->first);
    }
    if (block.rows.empty()) continue;
    for (const Index j : block.rows) row_taken[at(j)] = true;
    for (const Index p : block.columns) column_taken[at(p)] = true;
    matched.push_back(std::move(block));
  }

  std::vector<Index> lone_rows, lone_columns;
  for (Index i = 0; i < k; ++i)
    if (!row_taken[at(i)]) lone_rows.push_back(i);
  for (Index p = 0; p < d; ++p)
    if (!column_taken[at(p)]) lone_columns.push_back(p);
  std::vector<FoundBlock> singles;
  while (!lone_rows.empty() && !lone_columns.empty()) {
    auto row = lone_rows.begin();
    auto column = lone_columns.begin();
    for (auto i = lone_rows.begin(); i != lone_rows.end(); ++i)
      for (auto p = lone_columns.begin(); p != lone_columns.end(); ++p)
        if (std::abs(B(*i, *p)) > std::abs(B(*row, *column))) {
          row = i;
          column = p;
        }
    singles.push_back({{*row}, {*column}});
    lone_rows.erase(row);
    lone_columns.erase(column);
  }
  for (const Index i : lone_rows) alone.push_back({{i}, {}});
  for (const Index p : lone_columns) alone.push_back({{}, {p}});

  std::stable_sort(matched.begin(), matched.end(), [](const FoundBlock& x, const FoundBlock& y) {
    return x.rows.size() > y.rows.size();
  });
  RecognisedIsotropy result;
  for (const std::vector<FoundBlock>* blocks : {&matched, &singles, &alone})
    for (const FoundBlock& block : *blocks) {
      const std::size_t size = std::max(block.rows.size(), block.columns.size());
      result.isotropy.blocks.push_back({{0, 1, static_cast<int>(size)},
                                        block.rows.empty() ? 0 : 1,
                                        block.columns.empty() ? 0 : 1});
      result.row_order.insert(result.row_order.end(), block.rows.begin(), block.rows.end());
      result.column_order.insert(result.column_order.end(), block.columns.begin(),
                                 block.columns.end());
    }
  Matrix<double> ordered(k, d);
  for (Index i = 0; i < k; ++i)
    for (Index p = 0; p < d; ++p)
      ordered(i, p) = B(result.row_order[at(i)], result.column_order[at(p)]);
  result.entries = MatrixOrbits(result.isotropy, static_cast<double>(d)).restrict(ordered);
  return result;
}

}  // namespace sigmahat
