#pragma once

namespace sigmahat {

/// Sets the precision at which new Real and Interval values are made, for the scope's lifetime.
///
/// Boost.Multiprecision keeps this default once per process, so scopes of different precision must
/// not be open in two threads at once; values themselves carry their precision wherever they go.
class PrecisionScope {
 public:
  /// @param digits        decimal digits, 1 <= digits <= 1'000'000; throws DomainError otherwise
  /// @param guard_digits  carried beyond those, for what a computation loses
  explicit PrecisionScope(int digits, int guard_digits = 0);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

  /// Decimal digits in force now.
  static int digits();
  /// Bits of the significand in force now.
  static int bits();

 private:
  unsigned previous_real_;
  unsigned previous_interval_;
};

}  // namespace sigmahat
