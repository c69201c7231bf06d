#include <algorithm>
#include <cmath>

#include <sigmahat/kernel/series_sum.hpp>

namespace sigmahat {
namespace {

// Neighbouring balls are what Arb calls a vector.
static_assert(sizeof(Ball) == sizeof(arb_struct));

/// Bits beyond the argument's: the rounding of a few hundred operations, and what is left out.
constexpr slong guard_bits = 10;
/// The sum of no terms is 2^none.
constexpr slong none = -(slong{1} << 50);

/// e such that x < 2^e.
slong exponent_above(const mag_t x) {
  if (mag_is_zero(x)) return none;
  return fmpz_fits_si(MAG_EXPREF(x)) ? std::max(fmpz_get_si(MAG_EXPREF(x)), none) : none;
}

/// -log2 |x|, rounded down, of the largest number in the ball; 0 where that is above 1.
double shrinkage_of(const Ball& x) {
  constexpr double most = 1e12;
  mag_t size;
  mag_init(size);
  arb_get_mag(size, x.get());
  double result = 0;
  if (mag_is_zero(size)) {
    result = most;
  } else if (mag_cmp_2exp_si(size, 0) < 0) {
    // Scaled into [1/2, 1), where it is a double without rounding.
    const slong exponent = exponent_above(size);
    mag_mul_2exp_si(size, size, -exponent);
    const double bits = -static_cast<double>(exponent) - std::log2(mag_get_d(size));
    result = std::clamp(bits * (1 - 1e-12), 0.0, most);
  }
  mag_clear(size);
  return result;
}

}  // namespace

SeriesSum::SeriesSum(const std::vector<Ball>& coefficients) {
  const std::size_t count = coefficients.size();
  std::array<bool, 2> some{};  // a nonzero coefficient of even, of odd degree
  std::size_t first = count;
  for (std::size_t k = count; k-- > 0;)
    if (!arb_is_zero(coefficients[k].get())) {
      some[k % 2] = true;
      first = k;
    }
  step_ = some[0] && some[1] ? 1 : 2;

  for (std::size_t order = 0; order < derivatives_.size(); ++order) {
    Derivative& d = derivatives_[order];
    for (std::size_t k = first; k < count; k += step_) {
      if (k < order) continue;
      if (d.coefficients.empty()) d.lowest = k - order;
      Ball term(coefficients[k]);
      for (std::size_t i = 0; i < order; ++i)
        arb_mul_ui(term.get(), term.get(), k - i, ARF_PREC_EXACT);
      d.coefficients.push_back(std::move(term));
    }
    if (d.coefficients.empty()) continue;
    d.rest.resize(d.coefficients.size() + 1, none);
    mag_t sum, size;
    mag_init(sum);
    mag_init(size);
    for (std::size_t j = d.coefficients.size(); j-- > 0;) {
      arb_get_mag(size, d.coefficients[j].get());
      mag_add(sum, sum, size);
      d.rest[j] = exponent_above(sum);
    }
    arb_get_mag_lower(size, d.coefficients.front().get());
    d.lead = mag_is_zero(size) ? d.rest.front() : exponent_above(size) - 1;
    mag_clear(size);
    mag_clear(sum);
  }
}

std::vector<Ball> SeriesSum::coefficients() const {
  const Derivative& d = derivatives_[0];
  std::vector<Ball> list;
  for (std::size_t j = 0; j < d.coefficients.size(); ++j) {
    list.resize(d.lowest + step_ * j);
    list.push_back(d.coefficients[j]);
  }
  return list;
}

std::size_t SeriesSum::Derivative::length(double shrinkage, slong bits) const {
  const double enough = static_cast<double>(lead - bits - guard_bits);
  std::size_t below = 0, above = coefficients.size();
  while (below < above) {  // the remainder falls with j
    const std::size_t middle = (below + above) / 2;
    if (remainder(middle, shrinkage) > enough)
      below = middle + 1;
    else
      above = middle;
  }
  return above;
}

SeriesSum::Argument::Argument(const SeriesSum& sum, const Ball& rho, slong bits)
    : rho_(rho), bits_(bits) {
  const slong working = bits + guard_bits;
  Ball x(rho);
  if (sum.step_ == 2) arb_sqr(x.get(), x.get(), working);
  shrinkage_ = shrinkage_of(x);
  std::size_t longest = 1;
  for (const Derivative& d : sum.derivatives_)
    longest = std::max(longest, d.length(shrinkage_, bits));
  // A power costs one multiplication, a row one for each of the sums.
  const auto row = static_cast<std::size_t>(std::sqrt(2.0 * static_cast<double>(longest)));
  powers_.resize(row + 1);
  arb_one(powers_[0].get());
  arb_set(powers_[1].get(), x.get());
  for (std::size_t j = 2; j <= row; ++j)
    if (j % 2 == 0)
      arb_sqr(powers_[j].get(), powers_[j / 2].get(), working);
    else
      arb_mul(powers_[j].get(), powers_[j - 1].get(), x.get(), working);
}

Ball SeriesSum::value(int order, const Argument& at) const {
  const Derivative& d = derivatives_[static_cast<std::size_t>(order)];
  Ball sum;
  if (d.coefficients.empty()) return sum;
  const std::size_t length = d.length(at.shrinkage_, at.bits_), row = at.powers_.size() - 1;
  for (std::size_t start = (length + row - 1) / row * row; start > 0;) {
    start -= row;
    const double size = d.remainder(start, at.shrinkage_) - static_cast<double>(d.lead);
    const slong working =
        at.bits_ + guard_bits + static_cast<slong>(std::max(std::ceil(size), -1e9));
    const slong bits = std::max(working, guard_bits);
    arb_mul(sum.get(), sum.get(), at.powers_[row].get(), bits);
    arb_dot(sum.get(), sum.get(), 0, d.coefficients[start].get(), 1, at.powers_[0].get(), 1,
            static_cast<slong>(std::min(row, length - start)), bits);
  }
  if (length < d.coefficients.size())
    arb_add_error_2exp_si(sum.get(),
                          static_cast<slong>(std::ceil(d.remainder(length, at.shrinkage_))));
  if (d.lowest > 0) {
    Ball power;
    arb_pow_ui(power.get(), at.rho_.get(), d.lowest, at.bits_ + guard_bits);
    arb_mul(sum.get(), sum.get(), power.get(), at.bits_ + guard_bits);
  }
  return sum;
}

}  // namespace sigmahat
