#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include <sigmahat/gadget/gadget.hpp>
#include <sigmahat/numeric/matrix.hpp>
#include <sigmahat/objective/polynomial_objective.hpp>

namespace sigmahat {

/// Σ_{j≠k} P(b_j,b_k) + Σ_j q(b_j) as an expectation E[y φ(B,x)], φ written in Wick polynomials
/// W_p(b,x) of single rows:
///
///     W_ab(b,c,x) = Σ_r (-1)^r r! C(a,r) C(b,r) ⟨b,c⟩^r W_{a-r}(b,x) W_{b-r}(c,x)
///
/// (the generating function of MATH.md 6 is the product of those of b and c and of exp(-st⟨b,c⟩)),
/// and W_ab(b,b,x) = W_{a+b}(b,x) takes the pairs j = k away from the sum over all j and k. That
/// sum is, with W_p the matrix of W_p(b_j, x_n) and Γ_pq entrywise a polynomial of the Gram matrix,
///
///     Σ_n y_n φ(x_n) = Σ_{p<=q} ⟨Γ_pq, W_pᵀ diag(y) W_q⟩ + Σ_p D_p Σ_nj y_n W_p(b_j, x_n).
///
/// Internal: not installed.
struct WickPairTerms {
  /// The coefficients of ⟨b_j,b_k⟩^r in Γ_pq, r = 0, 1, ...
  struct Pair {
    int p, q;  ///< p <= q
    std::vector<double> gram;
  };
  std::vector<Pair> pairs;
  std::vector<double> singles;  ///< D_p
  /// What multiplies the labels themselves, for each pair j ≠ k and for each row.
  double constant_of_pairs = 0, constant_of_rows = 0;

  /// Throws as Gadget does where a degree cannot be estimated.
  WickPairTerms(const PolynomialTerms<double>& terms, const Activation& activation, int digits);
};

/// What one block of samples, or many, add up to. Sizes are those of the point.
struct PairSumTotals {
  double labels = 0;    ///< Σ y
  double value = 0;     ///< what no matrix below holds
  Matrix<double> wick;  ///< m×(P+1): Σ_n y_n W_p(b_j, x_n)
  /// One product with the inputs: m rows Σ_n x_n ∂/∂u_nj, and below them what is kept of
  /// S = Σ y x xᵀ: its last rows, or, where rows of B are few, B S.
  Matrix<double> products;
  Matrix<double> corner;                ///< S without those rows and columns
  std::vector<Matrix<double>> moments;  ///< m×m: W_pᵀ diag(y) W_q for pairs of higher degrees
  Vector<double> norm_slopes;           ///< m: ∂/∂‖b_j‖², the part through the pair sums

  void add(const PairSumTotals& other);
};

/// A set of degrees, in a register.
class DegreeSet {
 public:
  void insert(int p) { bits_ |= std::uint64_t{1} << p; }
  bool contains(int p) const { return (bits_ >> p & 1) != 0; }
  /// 0 for none.
  int highest() const { return bits_ == 0 ? 0 : static_cast<int>(std::bit_width(bits_)) - 1; }
  friend DegreeSet operator|(DegreeSet x, DegreeSet y) {
    x.bits_ |= y.bits_;
    return x;
  }

 private:
  std::uint64_t bits_ = 0;
};
static_assert(max_gadget_degree < 64);

/// What has to be done for each degree p.
struct PairSumPlan {
  DegreeSet sum;     ///< Σ_j W_p(b_j, x_n) is a factor of a pair sum
  DegreeSet single;  ///< D_p does not vanish
  DegreeSet total;   ///< Σ_n y_n W_p(b_j, x_n) is needed
};

/// The terms at one B: what does not depend on the samples. Sums over a block of samples are in T,
/// sums of blocks and everything else in double.
template <class T>
class PairSums {
 public:
  /// Memory that one thread keeps from block to block.
  struct Scratch {
    Matrix<T> factors, sums, sum_slopes, weighted, product, block;
    std::vector<Matrix<T>> wick;
  };
  struct Wanted {
    bool gradient;
    bool samples;  ///< y φ of each sample
  };

  explicit PairSums(WickPairTerms terms);
  /// Allocates where the shape is another than before.
  void move_to(const Matrix<double>& B);
  Eigen::Index rows() const { return B_.rows(); }
  Eigen::Index dimension() const { return B_.cols(); }
  /// Doubles that totals hold.
  std::size_t size_of_totals() const;
  void clear(PairSumTotals& totals) const;

  /// Rows of samples come in these multiples: fill up with labels 0.
  static constexpr Eigen::Index lane = 16;
  /// @param inputs       N×d
  /// @param projections  N×m: inputs times Bᵀ
  /// @param labels       N, the offset subtracted
  /// @param values       N, what each sample adds; where wanted
  void add_block(const Eigen::Ref<const Matrix<T>>& inputs,
                 const Eigen::Ref<const Matrix<T>>& projections, const Vector<T>& labels,
                 Wanted wanted, Scratch& scratch, PairSumTotals& totals, Vector<T>& values) const;

  /// Σ y φ but for the constant terms.
  double value(const PairSumTotals& totals) const;
  /// Its gradient, m×d.
  void gradient(const PairSumTotals& totals, Matrix<double>& result) const;
  /// The factor of the labels themselves.
  double constant() const;

 private:
  /// Γ_pq with its entrywise derivative.
  struct GramPolynomial {
    int p, q;
    std::vector<double> coefficients;
    Matrix<double> value, derivative;

    void move_to(const Matrix<double>& gram);
  };
  /// factor · Σ_j W_p(b_j) Σ_k W_q(b_k): the part of Γ_pq that is constant.
  struct ProductOfSums {
    int p, q;
    double factor;
  };

  void add_sums(const Eigen::Ref<const Matrix<T>>& projections, const Vector<T>& labels,
                Wanted wanted, Scratch& scratch, PairSumTotals& totals, Vector<T>& values) const;
  void add_gram_products(const Eigen::Ref<const Matrix<T>>& projections, const Vector<T>& labels,
                         Wanted wanted, Scratch& scratch, PairSumTotals& totals,
                         Vector<T>& values) const;
  void add_products_with_inputs(const Eigen::Ref<const Matrix<T>>& inputs,
                                const Eigen::Ref<const Matrix<T>>& projections,
                                const Vector<T>& labels, Wanted wanted, Scratch& scratch,
                                PairSumTotals& totals, Vector<T>& values) const;
  /// Where rows are few, B S costs less than half of S.
  bool projects_second_moment() const { return dimension() > 2 * rows(); }
  /// Columns and rows of the corner of S.
  Eigen::Index corner() const;
  /// Rows of the totals' products below the first m.
  Eigen::Index rows_of_second_moment() const;
  /// B S, m×d.
  Matrix<double> rows_times_second_moment(const PairSumTotals& totals) const;

  WickPairTerms terms_;
  PairSumPlan plan_;
  Matrix<double> B_, gram_;
  Vector<double> norms_;  ///< squared
  std::vector<ProductOfSums> sums_;
  /// p = 0: single rows, weighted by the sums of Γ's rows; they are in row_factors_ as well.
  std::vector<GramPolynomial> rows_weighted_;
  /// p = q = 1: a quadratic form of S = Σ y x xᵀ.
  std::optional<GramPolynomial> quadratic_;
  /// The others, by increasing q: a product of N×m and m×m.
  std::vector<GramPolynomial> matrices_;
  Matrix<double> row_factors_;  ///< m×(P+1): D_p[j]
};

}  // namespace sigmahat
