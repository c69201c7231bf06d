#pragma once

#include <functional>
#include <vector>

#include <sigmahat/numeric/normal.hpp>
#include <sigmahat/sampling/sampled_loss.hpp>

namespace sigmahat {

/// The samples of a block, as one thread keeps them from block to block; N is the block's size.
struct LabelledBlock {
  std::size_t index = 0;
  Matrix<double> inputs;          ///< N×d, a sample is a row
  Matrix<double> preactivations;  ///< N×(m*+n), the teacher's neurons first
  Vector<double> labels;          ///< N
  Vector<double> noise;

  /// N×n, the inner products with the rows asked for besides the teacher's.
  auto projections(Eigen::Index n) { return preactivations.rightCols(n); }
};

/// Samples that are worked on at a time where each takes so many doubles: 256 to 4096 of them, a
/// power of two.
std::size_t block_size_for(std::size_t doubles_per_sample);

/// Draws inputs and labels block by block. Internal: not installed.
///
/// Sample i is a function of (seed, i) alone: of the NormalStream number `first_stream` its x, of
/// the next ξ, of the one after that the noise of the label at -x.
class LabelSampler {
 public:
  static constexpr std::uint32_t streams = 3;

  /// @param rows  n×d: their inner products with the inputs come with the labels
  LabelSampler(const NetworkValues<double>& teacher, double noise_variance,
               const Matrix<double>& rows, std::uint64_t seed, std::uint32_t first_stream = 0);

  std::size_t block_size() const { return block_size_; }
  void draw(std::size_t block, LabelledBlock& samples) const;
  /// The block that was drawn, at -x: labels with noise of their own.
  void mirror(LabelledBlock& samples) const;

 private:
  void label(const NormalStream& noise, LabelledBlock& samples) const;

  const NetworkValues<double>& teacher_;
  double noise_deviation_;
  NormalStream inputs_, noise_, mirrored_noise_;
  Matrix<double> B_;  ///< (m*+n)×d
  std::size_t block_size_;
};

/// Takes one value for each sample of a block.
using AddValues = std::function<void(const Vector<double>& values)>;

/// Means of `quantities` quantities at every count; [quantity][count].
///
/// Blocks are drawn in parallel and combined in order of their index; the mean at a count depends
/// on no other count. Throws as sample_theorem does.
/// @param visit  called with a block; hands the values of each quantity to the other argument, in
///               the same order every time
std::vector<std::vector<SampledMean>> sample_means(
    const LabelSampler& sampler, std::size_t quantities, const SampleOptions& options,
    const std::function<void(LabelledBlock&, const AddValues&)>& visit);

/// Throws InputError where the teacher, the noise or the counts are none.
void check_sampling(const NetworkValues<double>& teacher, double noise_variance,
                    const SampleOptions& options);
/// Throws InputError unless `rows` has the shape expected, called `shape` in the message.
void check_shape(const char* name, const char* shape, const Matrix<double>& rows,
                 Eigen::Index expected_rows, Eigen::Index expected_columns);

}  // namespace sigmahat
