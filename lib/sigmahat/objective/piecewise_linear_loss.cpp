#include <algorithm>
#include <array>
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
constexpr Index highest_tile = 512;
constexpr Index tile_width = 512;
// Columns whose cosines are kept at a time: with a tile's height, they stay in the first caches.
constexpr Index strip_width = 16;
// Students of up to two registers of neurons, with their teachers, fit on the stack.
constexpr int most_small = 32;
// Fewer multiplications than these are done before a second thread has started.
constexpr double worth_a_thread = 1e6;

constexpr double least_length = 1e-100, largest_length = 1e100;

constexpr Index tiles(Index n, Index size) {
  return (n + size - 1) / size;
}

constexpr Index padded(Index n) {
  return tiles(n, simd_width) * simd_width;
}

/// Small problems are cut finer, so that there is work for every thread.
constexpr Index tile_height(Index rows) {
  return rows < 1024 ? highest_tile / 4 : highest_tile;
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
    Index number_in_row;       ///< of the tiles of the same rows
    Index number_of_row;       ///< of the panel of rows
    Index triangular_columns;  ///< the last ones: only what is below the diagonal is a pair there
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
  if (teacher_.c.size() > 0) throw DomainError("the teacher has biases; expected none");
  if (!(noise_variance >= 0))
    throw InputError(fmt::format("the noise variance must be at least 0, not {}", noise_variance));
  const double even = teacher_slopes_.even;
  if (even != 0)
    constant_ +=
        1 / quarter_turn * even * even *
        Pairs(teacher_.B, teacher_scales_, teacher_.B, teacher_scales_).quadratic_form(threads);
}

bool PiecewiseLinearLoss::takes(const Activation& activation) {
  const auto* pieces = std::get_if<PiecewisePolynomial>(&activation.structure());
  const auto is_linear = [](const Polynomial& p) {
    return p.empty() || (p.size() == 2 && p[0] == 0);
  };
  return pieces && std::all_of(pieces->pieces.begin(), pieces->pieces.end(), is_linear) &&
         std::all_of(pieces->breakpoints.begin(), pieces->breakpoints.end(),
                     [](const Rational& x) { return x == 0; });
}

PiecewiseLinearLoss::Slopes PiecewiseLinearLoss::slopes(const Activation& activation) {
  if (!takes(activation))
    throw DomainError(
        "the fast loss is for activations that are linear on either side of zero, not " +
        activation.name());
  const auto* pieces = std::get_if<PiecewisePolynomial>(&activation.structure());
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

void PiecewiseLinearLoss::require_gradient(const Scales& student, Index rows) {
  for (Index i = 0; i < rows; ++i)
    if (student.lengths[i] == 0)
      throw DomainError(
          fmt::format("row {} of the student is zero: the loss has no gradient there", i));
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

/// One evaluation of the gradient. First the angles of all pairs, tile by tile; then, block by
/// block, what they do to the rows.
class PiecewiseLinearLoss::Sweep {
 public:
  Sweep(const PiecewiseLinearLoss& loss, const Vector<double>& a, const Matrix<double>& B,
        const Scales& student, Workspace& work, LossGradient& result)
      : a_(a),
        B_(B),
        student_(student),
        teacher_(loss.teacher_),
        teacher_scales_(loss.teacher_scales_),
        work_(work),
        result_(result),
        linear_(loss.student_slopes_.linear),
        within_(loss.student_slopes_.even * loss.student_slopes_.even),
        between_(-loss.student_slopes_.even * loss.teacher_slopes_.even),
        residual_(loss.linear_residual(a, B)),
        own_(B, student, B, student),
        mixed_(B, student, teacher_.B, teacher_scales_) {
    const Index rows = padded(B.rows()), height = tile_height(B.rows());
    shape(work.within, rows, B.rows());
    shape(work.between, rows, teacher_.B.rows());
    shape(work.within_sums, rows, tiles(B.rows(), tile_width) + tiles(B.rows(), height));
    shape(work.between_sums, rows, tiles(teacher_.B.rows(), tile_width));
    result.a.resize(B.rows());
    result.B.resize(B.rows(), B.cols());
    const Index blocks = tiles(B.cols(), tile_width);
    shape(work.dots, rows, blocks);
    shape(work.mixed_dots, rows, blocks);
    shape(work.residual_dots, rows, blocks);
  }

  /// Value and gradient, but for the constant of the value.
  void run(int threads) {
    const std::size_t own = within_ != 0 ? own_.count() : 0;
    const std::size_t mixed = between_ != 0 ? mixed_.count() : 0;
    for_each_block(own + mixed, threads, [&](std::size_t i) {
      i < own ? own_tile(own_[i]) : mixed_tile(mixed_[i - own]);
    });

    const Index rows = B_.rows();
    const auto padded_sum = [&](const Matrix<double>& parts) -> Eigen::ArrayXd {
      return parts.topRows(rows).rowwise().sum();
    };
    const Eigen::ArrayXd mixed_cosines = between_ * padded_sum(work_.between_sums);
    cosines_ = mixed_cosines + within_ * padded_sum(work_.within_sums);
    const Index height = tile_height(rows), blocks = tiles(B_.cols(), tile_width);
    for_each_block(static_cast<std::size_t>(tiles(rows, height) * blocks), threads,
                   [&](std::size_t i) {
                     const auto number = static_cast<Index>(i);
                     gradient_block(number / blocks * height, number % blocks);
                   });

    // Σ_j p_j q(ρ_ij) with its signs, by Euler's identity from the gradient of the pairs.
    const auto lengths = student_.lengths.head(rows).array();
    const auto inverse_lengths = student_.inverse_lengths.head(rows).array();
    const Eigen::ArrayXd forms = padded_sum(work_.dots) * inverse_lengths + cosines_;
    const Eigen::ArrayXd mixed_forms =
        padded_sum(work_.mixed_dots) * inverse_lengths + mixed_cosines;
    result_.a = 2 / quarter_turn * lengths * forms + 2 * linear_ * padded_sum(work_.residual_dots);
    result_.value = residual_.squaredNorm() +
                    1 / quarter_turn * (a_.array() * lengths * (forms + mixed_forms)).sum();
  }

 private:
  using Strip = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, highest_tile, strip_width>;

  /// asin ρ of a tile, written where they belong; visits (first column, cosines) of one strip after
  /// the other.
  template <class Visit>
  static void visit_strips(const Pairs& pairs, const Pairs::Tile& tile, Matrix<double>& angles,
                           Visit visit) {
    pairs.inner_products(tile, angles.block(tile.row, tile.column, tile.rows, tile.columns));
    for (Index first = 0; first < tile.columns; first += strip_width) {
      Strip cosines(padded(tile.rows), std::min(strip_width, tile.columns - first));
      for (Index j = 0; j < cosines.cols(); ++j) {
        double* const column = &angles(tile.row, tile.column + first + j);
        pairs.angles(tile, first + j, column, column, cosines.col(j).data());
      }
      visit(tile.column + first, cosines);
    }
  }

  /// asin ρ_ij a_j, in both halves.
  void own_tile(const Pairs::Tile& tile) {
    const Index rows = padded(tile.rows), end = tile.row + tile.rows;
    const Index diagonal = tile.column + tile.columns - tile.triangular_columns;
    auto row_sums = work_.within_sums.col(tile.number_in_row).segment(tile.row, rows);
    auto column_sums = work_.within_sums.col(tiles(B_.rows(), tile_width) + tile.number_of_row);
    row_sums.setZero();
    visit_strips(own_, tile, work_.within, [&](Index first, const Strip& cosines) {
      const Index columns = cosines.cols();
      row_sums.noalias() += cosines * student_.weights.segment(first, columns);
      column_sums.segment(first, columns).noalias() =
          cosines.transpose() * student_.weights.segment(tile.row, rows);
      for (Index i = std::max(tile.row, first < diagonal ? 0 : first + 1); i < end; ++i) {
        const Index width = first < diagonal ? columns : std::min(columns, i - first);
        work_.within.col(i).segment(first, width) =
            a_[i] * work_.within.row(i).segment(first, width).transpose();
      }
      for (Index j = first; j < first + columns; ++j) {
        const Index begin = j < diagonal ? tile.row : j + 1;
        work_.within.col(j).segment(begin, end - begin) *= a_[j];
      }
    });
    for (Index i = diagonal; i < tile.column + tile.columns; ++i)
      work_.within(i, i) = quarter_turn * a_[i];
  }

  /// asin ρ_ij a*_j.
  void mixed_tile(const Pairs::Tile& tile) {
    auto row_sums = work_.between_sums.col(tile.number_in_row).segment(tile.row, padded(tile.rows));
    row_sums.setZero();
    visit_strips(mixed_, tile, work_.between, [&](Index first, const Strip& cosines) {
      row_sums.noalias() += cosines * teacher_scales_.weights.segment(first, cosines.cols());
      work_.between.block(tile.row, first, tile.rows, cosines.cols()) *=
          teacher_.a.segment(first, cosines.cols()).asDiagonal();
    });
  }

  /// Rows from `row` on of the gradient, in one block of coordinates.
  void gradient_block(Index row, Index block) {
    const Index rows = std::min(tile_height(B_.rows()), B_.rows() - row);
    const Index column = block * tile_width, columns = std::min(tile_width, B_.cols() - column);
    const auto b = B_.block(row, column, rows, columns);
    auto sums = result_.B.block(row, column, rows, columns);
    const auto add_dots = [&](Matrix<double>& dots) {
      auto target = dots.col(block).segment(row, rows);
      target.setZero();
      for (Index k = 0; k < columns; ++k) target += sums.col(k).cwiseProduct(b.col(k));
    };
    if (between_ != 0)
      sums.noalias() =
          between_ * work_.between.middleRows(row, rows) * teacher_.B.middleCols(column, columns);
    else
      sums.setZero();
    add_dots(work_.mixed_dots);
    if (within_ != 0)
      sums.noalias() +=
          within_ * work_.within.middleRows(row, rows) * B_.middleCols(column, columns);
    add_dots(work_.dots);

    const auto a = a_.segment(row, rows).array();
    const Eigen::ArrayXd pair_factor = 2 / quarter_turn * a;
    const Eigen::ArrayXd own_factor = pair_factor * cosines_.segment(row, rows) *
                                      student_.inverse_lengths.segment(row, rows).array();
    auto residual_dots = work_.residual_dots.col(block).segment(row, rows);
    residual_dots.noalias() = b * residual_.segment(column, columns);
    for (Index k = 0; k < columns; ++k)
      sums.col(k).array() = pair_factor * sums.col(k).array() + own_factor * b.col(k).array() +
                            2 * linear_ * residual_[column + k] * a;
  }

  const Vector<double>& a_;
  const Matrix<double>& B_;
  const Scales& student_;
  const NetworkValues<double>& teacher_;
  const Scales& teacher_scales_;
  Workspace& work_;
  LossGradient& result_;
  double linear_;            ///< α
  double within_, between_;  ///< β², -ββ*
  Vector<double> residual_;
  Pairs own_, mixed_;
  Eigen::ArrayXd cosines_;  ///< Σ_j p_j √(1-ρ_ij²) with its signs
};

/// The gradient of few neurons, a register or two of student rows at a time, on the stack: the
/// tiles of larger problems cost several times as much as the arithmetic here. The formulas are the
/// same. False, and nothing done, where a row's length is for the general way to judge.
///
/// The angles of all pairs stand one behind the other, each pair of student rows once. A register
/// is stored there whole, from its first pair on: the next one begins where its pairs end and
/// writes over the rest. Lanes that belong to no row hold numbers of others, or zeros; no weight
/// takes part in them.
/// @tparam rows  at least m, a multiple of simd_width
template <int rows>
bool PiecewiseLinearLoss::small_gradient(const Vector<double>& a, const Matrix<double>& B,
                                         LossGradient& result) const {
  using Column = Eigen::Array<double, rows, 1>;
  using Lanes = Eigen::Map<Column, Eigen::Unaligned>;
  const Index m = B.rows(), d = B.cols(), teachers = teacher_.B.rows();
  const auto at = [](auto& array, Index i) { return Lanes(array.data() + i); };

  alignas(64) std::array<double, (most_small + 1) * rows> b;  // column by column
  Column squares = Column::Zero();
  for (Index k = 0; k < d; ++k) {
    for (Index i = 0; i < rows; ++i)
      b[static_cast<std::size_t>(k * rows + i)] = i < m ? B(i, k) : 0;
    squares += at(b, k * rows).square();
  }
  at(b, d * rows).setZero();
  alignas(64) std::array<double, 2 * rows> lengths, inverse;
  at(lengths, 0) = squares.sqrt();
  const auto own_lengths = at(lengths, 0).head(m);
  if (!(own_lengths.minCoeff() >= least_length && own_lengths.maxCoeff() <= largest_length) ||
      !a.allFinite())
    return false;
  Column weights;
  for (Index i = 0; i < rows; ++i) {
    const auto lane = static_cast<std::size_t>(i);
    inverse[lane] = i < m ? 1 / lengths[lane] : 0;
    inverse[lane + rows] = 0;
    weights[i] = i < m ? a[i] : 0;
  }

  constexpr Index most_pairs = rows * (rows - 1) / 2 + most_small * rows;
  alignas(64) std::array<double, padded(most_pairs) + rows> rho, arcs, cosines;
  Index pairs = 0;
  for (Index j = 0; j + 1 < m; ++j) {
    Column products = Column::Zero();
    for (Index k = 0; k < d; ++k) products += B(j, k) * at(b, k * rows + j + 1);
    at(rho, pairs) = products * at(inverse, j + 1) * inverse[static_cast<std::size_t>(j)];
    pairs += m - 1 - j;
  }
  const Index own_pairs = pairs;
  for (Index j = 0; j < teachers; ++j) {
    Column products = Column::Zero();
    for (Index k = 0; k < d; ++k) products += teacher_.B(j, k) * at(b, k * rows);
    at(rho, pairs) = products * at(inverse, 0) * teacher_scales_.inverse_lengths[j];
    pairs += m;
  }
  at(rho, pairs).setZero();
  arcsines_and_cosines(static_cast<std::size_t>(padded(pairs)), rho.data(), arcs.data(),
                       cosines.data());
  at(arcs, pairs).setZero();
  at(cosines, pairs).setZero();

  // Both halves of the student's pairs.
  alignas(64) std::array<double, (rows + 1) * rows> own_arcs, own_cosines;
  for (Index j = 0, pair = 0; j < m; pair += m - 1 - j, ++j) {
    const auto diagonal = static_cast<std::size_t>(j * rows + j);
    own_arcs[diagonal] = quarter_turn;
    own_cosines[diagonal] = 0;
    at(own_arcs, j * rows + j + 1) = at(arcs, pair);
    at(own_cosines, j * rows + j + 1) = at(cosines, pair);
    for (Index i = 0; i < j; ++i) {
      const auto here = static_cast<std::size_t>(j * rows + i);
      const auto there = static_cast<std::size_t>(i * rows + j);
      own_arcs[here] = own_arcs[there];
      own_cosines[here] = own_cosines[there];
    }
  }

  // Σ_J of factor ‖c_J‖ cos, and of factor asin ρ, which is left in place of the angle.
  const double own = student_slopes_.even * student_slopes_.even;
  const double mixed = -student_slopes_.even * teacher_slopes_.even;
  Column own_cosine_sums = Column::Zero(), mixed_cosine_sums = own_cosine_sums;
  for (Index j = 0; j < m; ++j) {
    const double factor = own * a[j];
    own_cosine_sums += (factor * lengths[static_cast<std::size_t>(j)]) * at(own_cosines, j * rows);
    at(own_arcs, j * rows) *= factor;
  }
  for (Index j = 0; j < teachers; ++j) {
    const double factor = mixed * teacher_.a[j];
    mixed_cosine_sums += (factor * teacher_scales_.lengths[j]) * at(cosines, own_pairs + j * m);
  }
  const Column per_length = (own_cosine_sums + mixed_cosine_sums) * at(inverse, 0);

  const double linear = student_slopes_.linear;
  double residual_square = 0;
  Column own_dots = Column::Zero(), mixed_dots = own_dots, residual_dots = own_dots;
  result.a.resize(m);
  result.B.resize(m, d);
  for (Index k = 0; k < d; ++k) {
    const auto column = at(b, k * rows);
    Column own_sums = Column::Zero(), mixed_sums = own_sums;
    for (Index j = 0; j < m; ++j) own_sums += at(own_arcs, j * rows) * B(j, k);
    for (Index j = 0; j < teachers; ++j)
      mixed_sums += at(arcs, own_pairs + j * m) * (mixed * teacher_.a[j] * teacher_.B(j, k));
    own_dots += own_sums * column;
    mixed_dots += mixed_sums * column;
    const double residual = linear * (weights * column).sum() - teacher_linear_[k];
    residual_square += residual * residual;
    residual_dots += column * residual;
    const Column slope =
        weights *
        (2 / quarter_turn * (own_sums + mixed_sums + per_length * column) + 2 * linear * residual);
    for (Index i = 0; i < m; ++i) result.B(i, k) = slope[i];
  }
  // Σ_J p_J q(ρ_iJ), by Euler's identity from the gradient of the pairs.
  const Column own_forms = own_dots * at(inverse, 0) + own_cosine_sums;
  const Column mixed_forms = mixed_dots * at(inverse, 0) + mixed_cosine_sums;
  const Column slopes =
      2 / quarter_turn * at(lengths, 0) * (own_forms + mixed_forms) + 2 * linear * residual_dots;
  for (Index i = 0; i < m; ++i) result.a[i] = slopes[i];
  result.value =
      constant_ + residual_square +
      1 / quarter_turn * (weights * at(lengths, 0) * (own_forms + 2 * mixed_forms)).sum();
  return true;
}

void PiecewiseLinearLoss::gradient(const Vector<double>& a, const Matrix<double>& B,
                                   Workspace& work, LossGradient& result, int threads) const {
  if (a.size() == B.rows() && B.cols() == teacher_.B.cols() && B.cols() <= most_small &&
      B.rows() + teacher_.B.rows() <= most_small && B.rows() <= 2 * simd_width &&
      (B.rows() <= simd_width ? small_gradient<simd_width>(a, B, result)
                              : small_gradient<2 * simd_width>(a, B, result))) {
    finite(result.value);
    return;
  }
  const Scales student = student_scales(a, B);
  require_gradient(student, B.rows());
  const double pairs =
      static_cast<double>(B.rows()) * static_cast<double>(B.rows() + teacher_.B.rows());
  Sweep(*this, a, B, student, work, result)
      .run(threads_for(pairs * static_cast<double>(B.cols()), threads));
  result.value = finite(result.value + constant_);
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
