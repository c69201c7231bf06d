#include <cmath>

#include <sigmahat/numeric/ball.hpp>
#include <sigmahat/numeric/elementary.hpp>

namespace sigmahat {
namespace {

/// An increasing function by Arb, and by MPFR for the arguments that Arb is not asked about.
struct Increasing {
  void (*arb)(arb_t, const arb_t, slong);
  int (*mpfr)(mpfr_t, mpfr_srcptr, mpfr_rnd_t);
};

/// Arb's exponents have no limits, MPFR's have: e^x for |x| < 2^30 is far within them.
constexpr mpfr_exp_t largest_exponent = 30;

/// f(x) to a relative error of 2^-(bits + 6), in `image`; false where MPFR is to say what it is.
bool precise_image(const Increasing& f, mpfr_srcptr x, slong bits, Ball& argument, Ball& image) {
  if (!mpfr_regular_p(x) || mpfr_get_exp(x) > largest_exponent) return false;
  arf_set_mpfr(arb_midref(argument.get()), x);
  for (slong extra = 10;; extra *= 2) {
    f.arb(image.get(), argument.get(), bits + extra);
    if (!arb_is_finite(image.get())) return false;
    if (arb_rel_accuracy_bits(image.get()) >= bits + 6) return true;
  }
}

Real nearest(const Increasing& f, const Real& x) {
  Real result;
  Ball argument, image;
  if (precise_image(f, x.backend().data(), mpfr_get_prec(result.backend().data()), argument, image))
    arf_get_mpfr(result.backend().data(), arb_midref(image.get()), MPFR_RNDN);
  else
    f.mpfr(result.backend().data(), x.backend().data(), MPFR_RNDN);
  return result;
}

/// A bound of f(x): from below with MPFR_RNDD, from above with MPFR_RNDU.
void bound(const Increasing& f, mpfr_srcptr x, mpfr_rnd_t direction, Ball& argument, Ball& image,
           mpfr_ptr result) {
  if (!precise_image(f, x, mpfr_get_prec(result), argument, image)) {
    f.mpfr(result, x, direction);
    return;
  }
  // The radius first, with bits to spare, and then one rounding.
  arb_ptr y = image.get();
  const slong bits = mpfr_get_prec(result) + 10;
  if (direction == MPFR_RNDD)
    arb_get_lbound_arf(arb_midref(y), y, bits);
  else
    arb_get_ubound_arf(arb_midref(y), y, bits);
  arf_get_mpfr(result, arb_midref(y), direction);
}

Interval enclosure(const Increasing& f, const Interval& x) {
  Interval result;
  Ball argument, image;
  mpfi_ptr ends = result.backend().data();
  bound(f, x.backend().left_data(), MPFR_RNDD, argument, image, &ends->left);
  bound(f, x.backend().right_data(), MPFR_RNDU, argument, image, &ends->right);
  return result;
}

constexpr Increasing arctangent_function{arb_atan, mpfr_atan};
constexpr Increasing arcsine_function{arb_asin, mpfr_asin};
constexpr Increasing exponential_function{arb_exp, mpfr_exp};

}  // namespace

#define SIGMAHAT_FUNCTION(name, standard) \
  template <>                             \
  double name(const double& x) {          \
    return standard(x);                   \
  }                                       \
  template <>                             \
  Real name(const Real& x) {              \
    return nearest(name##_function, x);   \
  }                                       \
  template <>                             \
  Interval name(const Interval& x) {      \
    return enclosure(name##_function, x); \
  }
SIGMAHAT_FUNCTION(arctangent, std::atan)
SIGMAHAT_FUNCTION(arcsine, std::asin)
SIGMAHAT_FUNCTION(exponential, std::exp)
#undef SIGMAHAT_FUNCTION

}  // namespace sigmahat
