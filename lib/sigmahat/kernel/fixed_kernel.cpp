#include <algorithm>
#include <cmath>
#include <numbers>

#include <sigmahat/kernel/fixed_kernel.hpp>

namespace sigmahat {
namespace {

/// Errors are sums and products of a few doubles.
constexpr double upwards = 1 + 0x1p-40;
constexpr double turn = 1 / (2 * std::numbers::pi);

double largest(const Ball& x) {
  mag_t size;
  mag_init(size);
  arb_get_mag(size, x.get());
  const double result = mag_get_d(size);
  mag_clear(size);
  return result;
}

/// Σ |p_i|, which bounds |p| on [-1,1], and Σ i |p_i|, which bounds |p'|.
double sum_of_sizes(const Polynomial& p) {
  double sum = 0;
  for (const Rational& c : p) sum += std::abs(static_cast<double>(c));
  return sum * upwards;
}
double slope_of_sizes(const Polynomial& p) {
  double sum = 0;
  for (std::size_t i = 1; i < p.size(); ++i)
    sum += static_cast<double>(i) * std::abs(static_cast<double>(p[i]));
  return sum * upwards;
}

bool is_zero(const Polynomial& p) {
  return std::all_of(p.begin(), p.end(), [](const Rational& c) { return c == 0; });
}

/// Of ⟨û,v̂⟩, rounded: |û - u| |v̂| + |u| |v̂ - v|, and 1.
double rho_error(const FixedFormat& format, const FixedRows& rows) {
  return (rows.error + rows.error * format.unit() * rows.error + 1) * upwards;
}

/// ρ and the root and angle that belong to it.
struct FixedAngle {
  explicit FixedAngle(FixedRef place) : rho(place) {}

  FixedRef rho;
  FixedNumber root;            ///< √(1-ρ²)
  FixedNumber turn, opposite;  ///< τ(ρ) and τ(-ρ)
  double rho_error = 0, root_error = 0, turn_error = 0;
};

class AngleOfRows {
 public:
  explicit AngleOfRows(const FixedFormat& format)
      : format_(format), angles_(FixedAngles::shared(format)) {
    format_.set_zero(half_);
    FixedRef(half_).limbs[format_.limbs - 1] = mp_limb_t{1} << 62;
    format_.copy(quarter_, half_);
    format_.shift_right(quarter_, 1);
  }

  void find(const FixedRows& rows, FixedAngle& angle) const {
    rows.product.round(angle.rho);
    angle.rho_error = rho_error(format_, rows);
    const bool opposite = *angle.rho.negative;
    const FixedView size{angle.rho.limbs, 0};
    // The angle to the nearer of ±1 is τ(-|ρ|), and 1/2 less that is τ(|ρ|).
    const FixedRef near = opposite ? angle.turn : angle.opposite;
    const FixedRef far = opposite ? angle.opposite : angle.turn;
    const double cosine = format_.to_double(size);
    angle.turn_error = (cosine < farthest ? far_angle(angle, size, cosine, near)
                                          : near_angle(rows, opposite, angle, near)) *
                       upwards;
    format_.add(far, half_, FixedView{near.limbs, 1});
  }

 private:
  /// From here on the rounded ρ has lost bits of the angle.
  static constexpr double farthest = 0.9;

  /// From ρ alone; dθ = dρ/sin θ.
  double far_angle(FixedAngle& angle, FixedView size, double cosine, FixedRef result) const {
    FixedSum square(format_);
    square.add_one();
    square.subtract(size, size);
    square.root(angle.root);
    // At the end of what ρ may be.
    cosine = cosine * upwards + angle.rho_error * format_.unit();
    const double sine = std::sqrt(1 - cosine * cosine) * (1 - 0x1p-40);
    angle.root_error = angle.rho_error * cosine / sine * upwards + 1;
    double error = angle.rho_error * turn / sine;
    if (sine <= cosine) return error + angles_->turn(size, angle.root, 1, result);
    FixedNumber rest;
    error += angles_->turn(angle.root, size, 1, rest);
    format_.add(result, quarter_, FixedView{FixedView(rest).limbs, 1});
    return error;
  }

  /// From h = |û ∓ v̂|/2 = sin(θ/2), the distance to the nearer of ±v: at most 0.23.
  double near_angle(const FixedRows& rows, bool opposite, FixedAngle& angle,
                    FixedRef result) const {
    FixedSum gap = rows.square, twice = rows.product;
    gap.add(rows.other_square);
    twice.multiply_by(2);
    if (opposite)
      gap.add(twice);
    else
      gap.subtract(twice);
    FixedNumber sine, cosine;
    gap.root(sine);
    format_.shift_right(sine, 1);
    const double sine_error = rows.error / 2 * upwards + 2;
    FixedSum square(format_);
    square.add_one();
    square.subtract(sine, sine);
    square.root(cosine);
    const double error = angles_->turn(cosine, sine, 1, result);
    format_.multiply(angle.root, sine, cosine, 1);
    // d sin θ = 2 cos θ/cos(θ/2) dh, cos(θ/2) > 0.97; the rounding of the cosine and of the
    // product.
    angle.root_error = 2.1 * sine_error + 3;
    format_.add(result, result, result);
    return 2 * error + 2.1 * turn * sine_error;
  }

  FixedFormat format_;
  std::shared_ptr<const FixedAngles> angles_;
  FixedNumber half_, quarter_;
};

/// scale·p(ρ) 2^-exponent
class FixedPolynomial {
 public:
  FixedPolynomial(const FixedFormat& format, const Polynomial& p, const Ball& scale, long exponent)
      : format_(format), coefficients_(format, is_zero(p) ? 0 : p.size()) {
    const slong bits = format.fraction_bits() + 30;
    const double size = std::ldexp(largest(scale), static_cast<int>(-exponent)) * upwards;
    for (std::size_t i = 0; i < coefficients_.size(); ++i) {
      Ball c(p[i], bits);
      arb_mul(c.get(), c.get(), scale.get(), bits);
      format.set(coefficients_[i], c, exponent);
      is_one_ = p.size() == 1 && exponent == 0 && arb_is_one(c.get());
      leads_with_one_ = exponent == 0 && arb_is_one(c.get());
    }
    size_ = sum_of_sizes(p) * size;
    slope_ = slope_of_sizes(p) * size;
  }

  bool empty() const { return coefficients_.size() == 0; }
  /// Bounds of |p| and |p'| on [-1,1], the scale included.
  double size() const { return size_; }
  double slope() const { return slope_; }

  /// Not of the empty one; off by `error` units for the ρ given.
  FixedView value(FixedView rho, FixedNumber& room) const {
    std::size_t i = coefficients_.size() - 1;
    if (i == 0) return coefficients_[0];
    if (i == 1 && leads_with_one_ && zero(0)) return rho;
    format_.copy(room, coefficients_[i]);
    bool one = leads_with_one_;
    while (i-- > 0) {
      if (one)
        format_.copy(room, rho);
      else
        format_.multiply(room, room, rho);
      one = false;
      if (!zero(i)) format_.add(room, room, coefficients_[i]);
    }
    return room;
  }
  /// Coefficients and products are off by 1 unit and a little.
  double error() const { return 2.1 * static_cast<double>(coefficients_.size()); }

  /// sum += p(ρ)·factor, the factor off by `factor_error` and at most 1; returns by how many units
  /// what is added may be off.
  double add_to(FixedSum& sum, FixedView rho, double rho_error, FixedView factor,
                double factor_error) const {
    if (empty()) return 0;
    if (is_one_) {
      sum.add(factor);
      return factor_error;
    }
    FixedNumber room;
    sum.add(value(rho, room), factor);
    return (size_ * factor_error + slope_ * rho_error + error()) * upwards;
  }

 private:
  bool zero(std::size_t i) const {
    const FixedView c = coefficients_[i];
    return mpn_zero_p(c.limbs, static_cast<mp_size_t>(format_.limbs)) != 0;
  }

  FixedFormat format_;
  FixedArray coefficients_;
  bool is_one_ = false, leads_with_one_ = false;
  double size_, slope_;
};

/// What an AngularForm without S and C is.
struct FixedForm {
  FixedPolynomial turn, opposite_turn, root, plain;

  FixedForm(const FixedFormat& format, const AngularForm& form, long exponent)
      : turn(format, form.turn, one(), exponent),
        opposite_turn(format, form.opposite_turn, one(), exponent),
        root(format, form.root, half_turn(format, 1), exponent),
        plain(format, form.plain, half_turn(format, 2), exponent) {}

  /// A bound on [-1,1]; τ <= 1/2.
  static double bound(const AngularForm& form) {
    return ((sum_of_sizes(form.turn) + sum_of_sizes(form.opposite_turn)) / 2 +
            sum_of_sizes(form.root) * turn_ + sum_of_sizes(form.plain) * 0.4) *
           upwards;
  }

  /// @return by how many units the result may be off
  double value(const FixedFormat& format, const FixedAngle& at, FixedView one,
               FixedRef result) const {
    FixedSum sum(format);
    double error = turn.add_to(sum, at.rho, at.rho_error, at.turn, at.turn_error);
    error += opposite_turn.add_to(sum, at.rho, at.rho_error, at.opposite, at.turn_error);
    error += root.add_to(sum, at.rho, at.rho_error, at.root, at.root_error);
    error += plain.add_to(sum, at.rho, at.rho_error, one, 0);
    sum.round(result);
    return (error + 1) * upwards;
  }

 private:
  static constexpr double turn_ = 0.16;  // above 1/2π; 0.4 is above 1/√2π
  static Ball one() {
    Ball x;
    arb_one(x.get());
    return x;
  }
  /// (2π)^(-1/root)
  static Ball half_turn(const FixedFormat& format, ulong root) {
    const slong bits = format.fraction_bits() + 40;
    Ball x;
    arb_const_pi(x.get(), bits);
    arb_mul_2exp_si(x.get(), x.get(), 1);
    arb_root_ui(x.get(), x.get(), root, bits);
    arb_inv(x.get(), x.get(), bits);
    return x;
  }
};

class FixedAngularKernel final : public FixedKernel {
 public:
  FixedAngularKernel(const FixedFormat& format, const AngularForm& value, const AngularForm& first)
      : format_(format),
        exponent_(exponent_for(std::max(FixedForm::bound(value), FixedForm::bound(first)))),
        value_(format, value, exponent_),
        slope_(format, first, exponent_),
        angles_(format) {
    format.set_one(one_);
  }

  long exponent() const override { return exponent_; }

  bool jet(const FixedRows& rows, FixedJet& jet) const override {
    FixedAngle at(jet.rho);
    angles_.find(rows, at);
    jet.rho_error = at.rho_error;
    jet.value_error = value_.value(format_, at, one_, jet.value);
    if (jet.slope.limbs != nullptr) jet.slope_error = slope_.value(format_, at, one_, jet.slope);
    return true;
  }

  /// Sizes of polynomials are below 2 where this is below 1.
  static long exponent_for(double bound) {
    return std::max(0L, static_cast<long>(std::ceil(std::log2(bound))));
  }

 private:
  FixedFormat format_;
  long exponent_;
  FixedForm value_, slope_;
  AngleOfRows angles_;
  FixedNumber one_;
};

class FixedSeriesKernel final : public FixedKernel {
 public:
  FixedSeriesKernel(const FixedFormat& format, const std::vector<Ball>& coefficients,
                    std::optional<FixedTail> tail)
      : format_(format),
        degree_(static_cast<double>(coefficients.size()) - 1),
        step_(step_of(coefficients)),
        lowest_(step_ == 2 ? parity_of(coefficients) : 0),
        exponent_(exponent_for(coefficients)),
        value_(format, scaled(coefficients, false)),
        slope_(format, scaled(coefficients, true)),
        tail_(tail) {
    if (tail_) {
      tail_->value -= static_cast<double>(exponent_);
      tail_->slope -= static_cast<double>(exponent_);
    }
    for (std::size_t k = lowest_; k < coefficients.size(); k += step_) {
      const double size =
          std::ldexp(largest(coefficients[k]), static_cast<int>(-exponent_)) * upwards;
      const auto degree = static_cast<double>(k);
      slopes_.push_back(degree * size);
      bends_.push_back(degree * (degree - 1) * size);
    }
  }

  long exponent() const override { return exponent_; }

  bool jet(const FixedRows& rows, FixedJet& jet) const override {
    rows.product.round(jet.rho);
    jet.rho_error = rho_error(format_, rows);
    const bool negative = *jet.rho.negative;
    FixedNumber size, y;
    format_.copy(size, jet.rho);
    *FixedRef(size).negative = 0;
    const double rho =
        std::min(1.0, format_.to_double(size) * upwards + jet.rho_error * format_.unit() + 0x1p-60);
    const auto beyond = left_out(rho);
    if (!beyond) return false;
    if (step_ == 2)
      format_.multiply(y, size, size);
    else
      format_.copy(y, size);
    const double shrinkage = FixedPowers::shrinkage_of(format_, y);
    const std::size_t length = std::max(value_.length(shrinkage), slope_.length(shrinkage));
    const FixedPowers powers(format_, y, FixedSeries::row(length, 2));
    const bool alternating = step_ == 1 && negative;
    jet.value_error = value_.value(powers, alternating, jet.value);
    const bool slope = jet.slope.limbs != nullptr;
    if (slope) jet.slope_error = slope_.value(powers, alternating, jet.slope);
    // One of the two is odd.
    if (step_ == 2 && lowest_ == 1) format_.multiply(jet.value, jet.value, jet.rho);
    if (step_ == 2 && lowest_ == 0 && slope) format_.multiply(jet.slope, jet.slope, jet.rho);
    // What ρ's error does; y is off by 1 unit, too, where it is a square, which does half as much
    // as 1 unit of ρ does to the derivative.
    const Bounds bounds = derivative_bounds(rho, length);
    const double rounding = step_ == 2 ? 1.5 : 0;
    jet.value_error = (jet.value_error + bounds.slope * jet.rho_error +
                       rounding * (bounds.bend + 1) + beyond->value) *
                      upwards;
    jet.slope_error =
        (jet.slope_error + bounds.bend * (jet.rho_error + rounding) + 1 + beyond->slope) * upwards;
    return true;
  }

 private:
  /// Terms that are left out must not show.
  static constexpr double negligible = 0x1p10;

  static std::size_t parity_of(const std::vector<Ball>& c) {
    for (std::size_t k = 0; k < c.size(); ++k)
      if (!arb_is_zero(c[k].get())) return k % 2;
    return 0;
  }
  static std::size_t step_of(const std::vector<Ball>& c) {
    const std::size_t parity = parity_of(c);
    for (std::size_t k = 1 - parity; k < c.size(); k += 2)
      if (!arb_is_zero(c[k].get())) return 1;
    return 2;
  }
  /// Σ |c_k| max(1, k) <= 2^exponent
  static long exponent_for(const std::vector<Ball>& c) {
    double sum = 0;
    for (std::size_t k = 0; k < c.size(); ++k)
      sum += largest(c[k]) * static_cast<double>(std::max<std::size_t>(k, 1));
    return std::max(0L, static_cast<long>(std::ceil(std::log2(sum * upwards))));
  }
  /// Of Σ_j c_(lowest + step·j) y^j, or of κ' = Σ k c_k ρ^(k-1) in the same powers.
  std::vector<Ball> scaled(const std::vector<Ball>& c, bool derivative) const {
    std::vector<Ball> list;
    for (std::size_t k = lowest_; k < c.size(); k += step_) {
      if (derivative && k == 0) continue;
      Ball x(c[k]);
      if (derivative) arb_mul_ui(x.get(), x.get(), k, ARF_PREC_EXACT);
      arb_mul_2exp_si(x.get(), x.get(), -exponent_);
      list.push_back(std::move(x));
    }
    return list;
  }

  /// In units, what the terms beyond the last may add to value and slope.
  std::optional<FixedTail> left_out(double rho) const {
    if (!tail_) return FixedTail{0, 0};
    const double shrinkage = std::log2(rho), bits = static_cast<double>(format_.fraction_bits());
    const FixedTail units{std::exp2(tail_->value + (degree_ + 1) * shrinkage + bits),
                          std::exp2(tail_->slope + degree_ * shrinkage + bits)};
    if (!(units.value < negligible && units.slope < negligible)) return {};
    return units;
  }

  struct Bounds {
    double slope, bend;
  };
  /// Of Σ k|c_k| r^(k-1) and of Σ k(k-1)|c_k| r^(k-3), where a power below zero counts as zero.
  ///
  /// The terms from the length on count for nothing against 1: their coefficients' sum, times y to
  /// the length, is below 2^-F, and their factors k² below 2^22, for y > 2^-20; for smaller y, y^5
  /// alone is below 2^-100.
  Bounds derivative_bounds(double rho, std::size_t length) const {
    const double y = step_ == 2 ? rho * rho * upwards : rho;
    const std::size_t count = std::min(std::max<std::size_t>(length, 8), slopes_.size());
    const std::size_t slope_shift = lowest_ == 1 ? 0 : 1, bend_shift = step_ == 1     ? 3
                                                                       : lowest_ == 1 ? 1
                                                                                      : 2;
    return {sum(slopes_, count, slope_shift, y) + 1e-9, sum(bends_, count, bend_shift, y) + 1e-9};
  }
  /// Σ_j terms[j] y^max(j - shift, 0)
  static double sum(const std::vector<double>& terms, std::size_t count, std::size_t shift,
                    double y) {
    double total = 0;
    std::size_t j = count;
    for (; j > shift + 1; --j) total = (total + terms[j - 1]) * y;
    for (; j > 0; --j) total += terms[j - 1];
    return total * upwards;
  }

  FixedFormat format_;
  double degree_;
  std::size_t step_, lowest_;
  long exponent_;
  FixedSeries value_, slope_;
  std::optional<FixedTail> tail_;
  std::vector<double> slopes_, bends_;  ///< k |c_k| and k (k-1) |c_k|
};

}  // namespace

std::shared_ptr<const FixedKernel> make_fixed_angular_kernel(const FixedFormat& format,
                                                             const AngularForm& value,
                                                             const AngularForm& first) {
  if (!is_zero(first.inverse_root)) return nullptr;
  return std::make_shared<FixedAngularKernel>(format, value, first);
}

std::shared_ptr<const FixedKernel> make_fixed_series_kernel(const FixedFormat& format,
                                                            const std::vector<Ball>& coefficients,
                                                            std::optional<FixedTail> tail) {
  return std::make_shared<FixedSeriesKernel>(format, coefficients, tail);
}

}  // namespace sigmahat
