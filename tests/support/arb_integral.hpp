#pragma once

#include <functional>

#include <doctest/doctest.h>

#include <sigmahat/numeric/ball.hpp>
#include <sigmahat/numeric/complex_ball.hpp>

namespace sigmahat::test {

/// The values of a function on all of z; with `analytic` set, of infinite radius unless it is
/// analytic there.
using ArbIntegrand =
    std::function<void(acb_ptr value, acb_srcptr z, bool analytic, slong precision)>;

/// The integral of a real function over [from, to], by Arb's rigorous integrator, which is told of
/// no kink.
/// @param bits  asked for, absolutely and relatively; `precision` of them are worked with
inline Ball arb_integral(const ArbIntegrand& integrand, double from, double to, slong bits,
                         slong precision) {
  ComplexBall left, right, result;
  acb_set_d(left.get(), from);
  acb_set_d(right.get(), to);
  mag_t tolerance;
  mag_init(tolerance);
  mag_set_ui_2exp_si(tolerance, 1, -bits);
  const auto evaluate = [](acb_ptr out, const acb_t z, void* self, slong order, slong b) {
    REQUIRE(order <= 1);
    (*static_cast<const ArbIntegrand*>(self))(out, z, order != 0, b);
    return 0;
  };
  ArbIntegrand function = integrand;
  acb_calc_integrate(result.get(), evaluate, &function, left.get(), right.get(), bits, tolerance,
                     nullptr, precision);
  mag_clear(tolerance);
  Ball value;
  arb_set(value.get(), acb_realref(result.get()));
  return value;
}

}  // namespace sigmahat::test
