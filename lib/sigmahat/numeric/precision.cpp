#include <sigmahat/numeric/errors.hpp>
#include <sigmahat/numeric/precision.hpp>
#include <sigmahat/numeric/scalar.hpp>

namespace sigmahat {

PrecisionScope::PrecisionScope(int digits, int guard_digits)
    : previous_real_(Real::default_precision()), previous_interval_(Interval::default_precision()) {
  if (digits < 1 || digits > 1'000'000)
    throw DomainError("precision must be between 1 and 1000000 decimal digits, not " +
                      std::to_string(digits));
  Real::default_precision(static_cast<unsigned>(digits + guard_digits));
  Interval::default_precision(static_cast<unsigned>(digits + guard_digits));
}

PrecisionScope::~PrecisionScope() {
  Real::default_precision(previous_real_);
  Interval::default_precision(previous_interval_);
}

int PrecisionScope::digits() {
  return static_cast<int>(Real::default_precision());
}

int PrecisionScope::bits() {
  return static_cast<int>(mpfr_get_prec(Real().backend().data()));
}

}  // namespace sigmahat
