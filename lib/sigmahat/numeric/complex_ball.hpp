#pragma once

#include <sigmahat/numeric/flint.hpp>

namespace sigmahat {

/// Owns one rectangle of Arb in the complex plane, as Ball owns one on the real line. Internal: not
/// installed.
class ComplexBall {
 public:
  ComplexBall() { acb_init(ball_); }
  explicit ComplexBall(acb_srcptr value) : ComplexBall() { acb_set(ball_, value); }
  ComplexBall(const ComplexBall& other) : ComplexBall(other.ball_) {}
  ComplexBall(ComplexBall&& other) noexcept : ComplexBall() { acb_swap(ball_, other.ball_); }
  ComplexBall& operator=(ComplexBall other) noexcept {
    acb_swap(ball_, other.ball_);
    return *this;
  }
  ~ComplexBall() { acb_clear(ball_); }

  acb_ptr get() { return ball_; }
  acb_srcptr get() const { return ball_; }

 private:
  acb_t ball_;
};

}  // namespace sigmahat
