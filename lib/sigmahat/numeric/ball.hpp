#pragma once

#include <utility>

#include <sigmahat/numeric/enclosure.hpp>
#include <sigmahat/numeric/flint.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

/// Owns one Arb ball (midpoint ± radius). Arithmetic stays in Arb's own functions, where the
/// precision of every operation is written out; this type only makes values of them.
///
/// Internal: not installed. Balls cost little more than plain MPFR numbers, directed intervals two
/// to three times as much, so the long loops of `coefficients` run in balls.
class Ball {
 public:
  Ball() { arb_init(ball_); }
  explicit Ball(const Rational& value, slong bits) : Ball() {
    fmpq_t fraction;
    fmpq_init(fraction);
    fmpq_set_mpq(fraction, value.backend().data());
    arb_set_fmpq(ball_, fraction, bits);
    fmpq_clear(fraction);
  }
  explicit Ball(const Interval& value) : Ball() {
    arb_set_interval_mpfr(ball_, value.backend().left_data(), value.backend().right_data(),
                          mpfr_get_prec(value.backend().left_data()) + 30);
  }
  Ball(const Ball& other) : Ball() { arb_set(ball_, other.ball_); }
  Ball(Ball&& other) noexcept : Ball() { arb_swap(ball_, other.ball_); }
  Ball& operator=(Ball other) noexcept {
    arb_swap(ball_, other.ball_);
    return *this;
  }
  ~Ball() { arb_clear(ball_); }

  arb_ptr get() { return ball_; }
  arb_srcptr get() const { return ball_; }

 private:
  arb_t ball_;
};

/// The tightest interval around the ball at the precision in force; throws DomainError where the
/// ball is not a number.
Interval to_interval(const Ball& ball);
/// Midpoint and radius, rounded to the precision in force, the rounding in the bound.
Enclosure to_enclosure(const Ball& ball, Status status);

}  // namespace sigmahat
