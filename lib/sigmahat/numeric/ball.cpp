#include <sigmahat/numeric/ball.hpp>
#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>

namespace sigmahat {

Interval to_interval(const Ball& ball) {
  Interval result;
  mpfi_ptr ends = result.backend().data();
  arb_get_interval_mpfr(&ends->left, &ends->right, ball.get());
  if (mpfi_nan_p(ends)) throw DomainError("a ball that is not a number has no interval around it");
  return result;
}

Enclosure to_enclosure(const Ball& ball, Status status) {
  // Rounding first means that an exactly representable value keeps a bound of exactly zero.
  Ball rounded;
  arb_set_round(rounded.get(), ball.get(), PrecisionScope::bits());
  Enclosure result;
  arf_get_mpfr(result.value.backend().data(), arb_midref(rounded.get()), MPFR_RNDN);
  arf_t radius;
  arf_init_set_mag_shallow(radius, arb_radref(rounded.get()));
  arf_get_mpfr(result.error_bound.backend().data(), radius, MPFR_RNDU);
  result.status = status;
  return result;
}

}  // namespace sigmahat
