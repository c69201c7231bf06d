#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include <sigmahat/numeric/arcsine.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/parallel.hpp>
#include <sigmahat/objective/piecewise_linear_loss.hpp>

namespace sigmahat {
namespace {

using Eigen::Index;

constexpr double quarter_turn = std::numbers::pi / 2;  // asin 1 = q(1)

// Doubles of the widest SIMD register: columns of angles are padded to a multiple of it, so that no
// loop over them ends in single steps.
constexpr Index simd_width = 8;
// A tile is a block of the matrix of angles: the unit of parallel work. Its height is a multiple of
// simd_width and divides its width, so a panel of rows meets the diagonal in one tile.
constexpr Index highest_tile = 256;
constexpr Index tile_width = 512;
// Columns whose cosines are kept at a time: with a tile's height, they stay in the first caches.
constexpr Index strip_width = 32;
// Fewer multiplications than these are done before a second thread has started.
constexpr double worth_a_thread = 1e6;

constexpr double least_length = 1e-100, largest_length = 1e100;

constexpr Index padded(Index n) {
  return (n + simd_width - 1) / simd_width * simd_width;
}

/// Small problems are cut finer, so that there is work for every thread.
constexpr Index tile_height(Index rows) {
  return rows < 1024 ? highest_tile / 2 : highest_tile;
}

Vector<double> padded_zeros(Index n) {
  return Vector<double>::Zero(padded(n));
}

int threads_for(double multiplications, int threads) {
  return multiplications < worth_a_thread ? 1 : threads;
}

/// Makes room, zeros in all of it, unless the shape is the same as before.
void shape(Matrix<double>& matrix, Index rows, Index cols) {
  if (matrix.rows() != rows || matrix.cols() != cols) matrix.setZero(rows, cols);
}

}  // namespace

/// The pairs of rows b of one matrix and c of another, or of one matrix with itself (each pair of
/// different rows once then), tile by tile.
class PiecewiseLinearLoss::Pairs {
 public:
  struct Tile {
    Index row, rows, column, columns;
    Index number_in_row;  ///< of the tiles of the same rows
    Index number_of_row;  ///< of the panel of rows
    Index
        triangular_columns;  ///< the last columns, where only what is below the diagonal is a pair
  };

  Pairs(const Matrix<double>& B, const Scales& b, const Matrix<double>& C, const Scales& c)
      : B_(B), b_(b), C_(C), c_(c) {
    const bool itself = &B == &C;
    const Index height = tile_height(B.rows());
    for (Index row = 0; row < B.rows(); row += height) {
      const Index rows = std::min(height, B.rows() - row);
      const Index end = itself ? row + rows : C.rows();
      for (Index column = 0; column < end; column += tile_width)
        tiles_.push_back({row, rows, column, std::min(tile_width, end - column),
                          column / tile_width, row / height,
                          itself && column + tile_width > row ? rows : 0});
    }
  }

  std::size_t count() const { return tiles_.size(); }
  const Tile& operator[](std::size_t i) const { return tiles_[i]; }

  /// ⟨b_i, c_j⟩ for the pairs of a tile, nothing else.
  template <class Block>
  void inner_products(const Tile& tile, Block&& result) const {
    const auto rows = B_.middleRows(tile.row, tile.rows);
    const Index full = tile.columns - tile.triangular_columns;
    if (full > 0)
      result.leftCols(full).noalias() = rows * C_.middleRows(tile.column, full).transpose();
    if (tile.triangular_columns > 0)
      result.rightCols(tile.triangular_columns).template triangularView<Eigen::Lower>() =
          rows * rows.transpose();
  }

  /// Column j of a tile, padded(tile.rows) long: ⟨b_i, c_j⟩ becomes ρ, and beside it stand asin ρ
  /// (which may be written over ρ) and √(1-ρ²). What is no pair gets cosine 0; from the returned
  /// position on all of ρ is finite, and 0 where it is no pair.
  Index angles(const Tile& tile, Index j, double* rho, double* arcs, double* cosines) const {
    Index diagonal = -1, begin = 0;
    if (j >= tile.columns - tile.triangular_columns) {
      diagonal = j - (tile.columns - tile.triangular_columns);
      begin = diagonal / simd_width * simd_width;
      std::fill(rho + begin, rho + diagonal + 1, 0.0);
    }
    const Index length = padded(tile.rows) - begin;
    Eigen::Map<Eigen::ArrayXd>(rho + begin, length) *=
        b_.inverse_lengths.segment(tile.row + begin, length).array() *
        c_.inverse_lengths[tile.column + j];
    arcsines_and_cosines(static_cast<std::size_t>(length), rho + begin, arcs + begin,
                         cosines + begin);
    std::fill(cosines, cosines + diagonal + 1, 0.0);
    return begin;
  }

  /// Σ p_i p'_j q(ρ_ij), over all of the matrix.
  double quadratic_form(int threads) const {
    std::vector<double> parts(count());
    for_each_block(count(), threads, [&](std::size_t i) { parts[i] = tile_form(tiles_[i]); });
    const double pairs = std::accumulate(parts.begin(), parts.end(), 0.0);
    return &B_ == &C_ ? 2 * pairs + quarter_turn * b_.weights.squaredNorm() : pairs;
  }

 private:
  double tile_form(const Tile& tile) const {
    const Index rows = padded(tile.rows);
    Matrix<double> rho = Matrix<double>::Zero(rows, tile.columns);
    inner_products(tile, rho.topRows(tile.rows));
    Eigen::Array<double, Eigen::Dynamic, 1, 0, highest_tile, 1> arcs(rows), cosines(rows);
    double sum = 0;
    for (Index j = 0; j < tile.columns; ++j) {
      const Index begin = angles(tile, j, rho.col(j).data(), arcs.data(), cosines.data());
      const Index length = rows - begin;
      const auto q = cosines.tail(length) + rho.col(j).tail(length).array() * arcs.tail(length);
      sum += c_.weights[tile.column + j] *
             (b_.weights.segment(tile.row + begin, length).array() * q).sum();
    }
    return sum;
  }

  const Matrix<double>& B_;
  const Scales& b_;
  const Matrix<double>& C_;
  const Scales& c_;
  std::vector<Tile> tiles_;
};

PiecewiseLinearLoss::PiecewiseLinearLoss(NetworkValues<double> teacher, const Activation& student,
                                         double noise_variance, int threads)
    : teacher_(std::move(teacher)),
      teacher_slopes_(slopes(teacher_.activation)),
      student_slopes_(slopes(student)),
      teacher_scales_(scales(teacher_.a, teacher_.B, "teacher")),
      teacher_linear_(teacher_slopes_.linear * (teacher_.B.transpose() * teacher_.a)),
      constant_(noise_variance) {
  if (!(noise_variance >= 0))
    throw InputError(fmt::format("the noise variance must be at least 0, not {}", noise_variance));
  const double even = teacher_slopes_.even;
  if (even != 0)
    constant_ +=
        1 / quarter_turn * even * even *
        Pairs(teacher_.B, teacher_scales_, teacher_.B, teacher_scales_).quadratic_form(threads);
}

PiecewiseLinearLoss::Slopes PiecewiseLinearLoss::slopes(const Activation& activation) {
  const auto* pieces = std::get_if<PiecewisePolynomial>(&activation.structure());
  const auto is_linear = [](const Polynomial& p) {
    return p.empty() || (p.size() == 2 && p[0] == 0);
  };
  if (!pieces || !std::all_of(pieces->pieces.begin(), pieces->pieces.end(), is_linear) ||
      !std::all_of(pieces->breakpoints.begin(), pieces->breakpoints.end(),
                   [](const Rational& x) { return x == 0; }))
    throw DomainError(
        "the fast loss is for activations that are linear on either side of zero, not " +
        activation.name());
  const auto slope = [](const Polynomial& p) { return p.empty() ? Rational(0) : p[1]; };
  const Rational left = slope(pieces->pieces.front()), right = slope(pieces->pieces.back());
  return {from_rational<double>((right + left) / 2), from_rational<double>((right - left) / 2)};
}

PiecewiseLinearLoss::Scales PiecewiseLinearLoss::scales(const Vector<double>& a,
                                                        const Matrix<double>& B, const char* role) {
  const Index rows = B.rows();
  if (a.size() != rows)
    throw InputError(
        fmt::format("the {} has {} entries in a and {} rows in B", role, a.size(), rows));
  if (!a.allFinite()) throw InputError(fmt::format("the {}'s a is not finite", role));
  Scales s{padded_zeros(rows), padded_zeros(rows), padded_zeros(rows)};
  // Column by column, as B is stored.
  for (Index k = 0; k < B.cols(); ++k) s.lengths.head(rows) += B.col(k).cwiseAbs2();
  s.lengths = s.lengths.cwiseSqrt();
  for (Index i = 0; i < rows; ++i) {
    const double length = s.lengths[i];
    // The square of a tiny row has vanished: look at the row itself.
    if (!(length <= largest_length) || (length < least_length && !B.row(i).isZero(0)))
      throw InputError(
          fmt::format("row {} of the {} has length {}: expected 0, or a length between {} and {}",
                      i, role, B.row(i).stableNorm(), least_length, largest_length));
    if (length > 0) s.inverse_lengths[i] = 1 / length;
  }
  s.weights.head(rows) = a.cwiseProduct(s.lengths.head(rows));
  return s;
}

PiecewiseLinearLoss::Scales PiecewiseLinearLoss::student_scales(const Vector<double>& a,
                                                                const Matrix<double>& B) const {
  if (B.cols() != teacher_.B.cols())
    throw InputError(fmt::format("the student's B has {} columns, the teacher's {}", B.cols(),
                                 teacher_.B.cols()));
  return scales(a, B, "student");
}

/// α Σ a_i b_i - α* Σ a*_i b*_i: its square is the loss of the linear parts.
Vector<double> PiecewiseLinearLoss::linear_residual(const Vector<double>& a,
                                                    const Matrix<double>& B) const {
  return student_slopes_.linear * (B.transpose() * a) - teacher_linear_;
}

namespace {

double finite(double value) {
  if (!std::isfinite(value)) throw NumericalError("the loss is out of the range of double");
  return value;
}

}  // namespace

double PiecewiseLinearLoss::value(const Vector<double>& a, const Matrix<double>& B,
                                  int threads) const {
  const Scales student = student_scales(a, B);
  const double even = student_slopes_.even, teacher_even = teacher_slopes_.even;
  const auto form = [&](const Matrix<double>& C, const Scales& c) {
    const Pairs pairs(B, student, C, c);
    const double work = static_cast<double>(B.size()) * static_cast<double>(C.rows());
    return pairs.quadratic_form(threads_for(work, threads));
  };
  double value = constant_ + linear_residual(a, B).squaredNorm();
  if (even != 0) value += 1 / quarter_turn * even * even * form(B, student);
  if (even * teacher_even != 0)
    value -= 2 / quarter_turn * even * teacher_even * form(teacher_.B, teacher_scales_);
  return finite(value);
}

void PiecewiseLinearLoss::gradient(const Vector<double>& a, const Matrix<double>& B,
                                   Workspace& work, LossGradient& result, int threads) const {
  const Scales student = student_scales(a, B);
  for (Index i = 0; i < B.rows(); ++i)
    if (student.lengths[i] == 0)
      throw DomainError(
          fmt::format("row {} of the student is zero: the loss has no gradient there", i));
  const Index width = B.rows(), height = tile_height(width);
  const double within = student_slopes_.even * student_slopes_.even;
  const double between = -student_slopes_.even * teacher_slopes_.even;
  const Pairs own(B, student, B, student), mixed(B, student, teacher_.B, teacher_scales_);
  const std::size_t panels = static_cast<std::size_t>((width + height - 1) / height);
  const Index own_tiles_a_row = (width + tile_width - 1) / tile_width;
  const Index mixed_tiles_a_row = (teacher_.B.rows() + tile_width - 1) / tile_width;
  shape(work.within, padded(width), width);
  shape(work.between, padded(width), teacher_.B.rows());
  shape(work.within_sums, padded(width), own_tiles_a_row + static_cast<Index>(panels));
  shape(work.between_sums, padded(width), mixed_tiles_a_row);
  const int used_threads = threads_for(
      static_cast<double>(B.size()) * static_cast<double>(width + teacher_.B.rows()), threads);

  using Strip = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, highest_tile, strip_width>;
  // Angles of a tile, asin ρ written over the inner products; visits (first column, cosines) of one
  // strip after the other.
  const auto visit_strips = [](const Pairs& pairs, const Pairs::Tile& tile, Matrix<double>& angles,
                               auto visit) {
    pairs.inner_products(tile, angles.block(tile.row, tile.column, tile.rows, tile.columns));
    for (Index first = 0; first < tile.columns; first += strip_width) {
      Strip cosines(padded(tile.rows), std::min(strip_width, tile.columns - first));
      for (Index j = 0; j < cosines.cols(); ++j) {
        double* const column = &angles(tile.row, tile.column + first + j);
        pairs.angles(tile, first + j, column, column, cosines.col(j).data());
      }
      visit(tile.column + first, cosines);
    }
  };

  // asin ρ_ij times the weight a_j of row j, in both halves.
  const auto own_tile = [&](const Pairs::Tile& tile) {
    const Index rows = padded(tile.rows);
    auto row_sums = work.within_sums.col(tile.number_in_row).segment(tile.row, rows);
    row_sums.setZero();
    auto column_sums = work.within_sums.col(own_tiles_a_row + tile.number_of_row);
    const Index diagonal = tile.column + tile.columns - tile.triangular_columns;
    visit_strips(own, tile, work.within, [&](Index first, const Strip& cosines) {
      row_sums.noalias() += cosines * student.weights.segment(first, cosines.cols());
      column_sums.segment(first, cosines.cols()).noalias() =
          cosines.transpose() * student.weights.segment(tile.row, rows);
      for (Index j = first; j < first + cosines.cols(); ++j)
        for (Index i = j < diagonal ? tile.row : j + 1; i < tile.row + tile.rows; ++i) {
          work.within(j, i) = work.within(i, j) * a[i];
          work.within(i, j) *= a[j];
        }
    });
    for (Index i = diagonal; i < tile.column + tile.columns; ++i)
      work.within(i, i) = quarter_turn * a[i];
  };
  const auto mixed_tile = [&](const Pairs::Tile& tile) {
    auto row_sums = work.between_sums.col(tile.number_in_row).segment(tile.row, padded(tile.rows));
    row_sums.setZero();
    visit_strips(mixed, tile, work.between, [&](Index first, const Strip& cosines) {
      row_sums.noalias() += cosines * teacher_scales_.weights.segment(first, cosines.cols());
      work.between.block(tile.row, first, tile.rows, cosines.cols()) *=
          teacher_.a.segment(first, cosines.cols()).asDiagonal();
    });
  };
  const std::size_t own_count = within != 0 ? own.count() : 0;
  const std::size_t mixed_count = between != 0 ? mixed.count() : 0;
  for_each_block(own_count + mixed_count, used_threads, [&](std::size_t i) {
    i < own_count ? own_tile(own[i]) : mixed_tile(mixed[i - own_count]);
  });

  const Vector<double> residual = linear_residual(a, B);
  result.a.resize(width);
  result.B.resize(width, B.cols());
  std::vector<double> parts(panels);
  for_each_block(panels, used_threads, [&](std::size_t panel) {
    const Index row = static_cast<Index>(panel) * height;
    const Index rows = std::min(height, width - row);
    const auto b = B.middleRows(row, rows);
    const auto lengths = student.lengths.segment(row, rows).array();
    const auto inverse_lengths = student.inverse_lengths.segment(row, rows).array();
    const auto weights = a.segment(row, rows).array();
    auto sums = result.B.middleRows(row, rows);
    Eigen::ArrayXd cosines = Eigen::ArrayXd::Zero(rows);
    // Σ_j p_j q(ρ_ij) over the pairs so far, by Euler's identity.
    const auto forms = [&]() -> Eigen::ArrayXd {
      Eigen::ArrayXd dots = Eigen::ArrayXd::Zero(rows);
      for (Index k = 0; k < B.cols(); ++k) dots += sums.col(k).array() * b.col(k).array();
      return dots * inverse_lengths + cosines;
    };
    sums.setZero();
    if (between != 0) {
      sums.noalias() = between * work.between.middleRows(row, rows) * teacher_.B;
      for (Index tile = 0; tile < mixed_tiles_a_row; ++tile)
        cosines += between * work.between_sums.col(tile).segment(row, rows).array();
    }
    const Eigen::ArrayXd mixed_forms = forms();
    if (within != 0) {
      sums.noalias() += within * work.within.middleRows(row, rows) * B;
      for (Index tile = 0; tile < work.within_sums.cols(); ++tile)
        cosines += within * work.within_sums.col(tile).segment(row, rows).array();
    }
    const Eigen::ArrayXd all_forms = forms();
    parts[panel] = (weights * lengths * (all_forms + mixed_forms)).sum();
    result.a.segment(row, rows) = 2 / quarter_turn * lengths * all_forms +
                                  2 * student_slopes_.linear * (b * residual).array();
    const Eigen::ArrayXd pair_factor = 2 / quarter_turn * weights;
    const Eigen::ArrayXd own_factor = pair_factor * cosines * inverse_lengths;
    for (Index k = 0; k < B.cols(); ++k)
      sums.col(k).array() = pair_factor * sums.col(k).array() + own_factor * b.col(k).array() +
                            2 * student_slopes_.linear * residual[k] * weights;
  });
  result.value = finite(constant_ + residual.squaredNorm() +
                        1 / quarter_turn * std::accumulate(parts.begin(), parts.end(), 0.0));
}

LossGradient PiecewiseLinearLoss::gradient(const Vector<double>& a, const Matrix<double>& B,
                                           int threads) const {
  Workspace work;
  LossGradient result;
  gradient(a, B, work, result, threads);
  return result;
}

void project_to_tangent(const Matrix<double>& B, Matrix<double>& gradient) {
  const Eigen::ArrayXd along =
      (gradient.array() * B.array()).rowwise().sum() / B.array().square().rowwise().sum();
  gradient -= along.matrix().asDiagonal() * B;
}

}  // namespace sigmahat
